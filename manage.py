#!/usr/bin/env python3
"""Django's command line; commands that need PostgreSQL or Valkey find them running.

Where no server is given by ``DATABASE_URL`` or ``REDIS_URL``, the embedded ones of the state folder are used:
those of a running ``make demo`` or ``make run``, else they start with the command and stop with it.
"""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path

# What `make` installed; a newcomer who types ./manage.py has activated nothing.
INSTALLED = Path(__file__).resolve().parent / ".venv" / "bin" / "python"

# Every other command may read or write data, so a newly added one works without being listed.
WITHOUT_SERVERS = frozenset(
    {
        "check",
        "collectstatic",
        "diffsettings",
        "findstatic",
        "help",
        "spectacular",
        "startapp",
        "startproject",
        "version",
    }
)


def needs_servers(arguments: list[str]) -> bool:
    """Whether the command that ``arguments`` name may talk to PostgreSQL or Valkey."""
    if not arguments or arguments[0].startswith("-") or {"--help", "-h"} & set(arguments):
        return False
    if arguments[0] == "check":
        return any(argument.startswith("--database") for argument in arguments)
    return arguments[0] not in WITHOUT_SERVERS


def main() -> int:
    """Run the command line; return the exit code where servers can't be had."""
    if find_spec("django") is None and INSTALLED.exists() and Path(sys.prefix) != INSTALLED.parents[1]:
        os.execv(INSTALLED, [str(INSTALLED), *sys.argv])  # noqa: S606 - the same command, same arguments
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "abe.settings")
    from django.core.management import execute_from_command_line

    if not needs_servers(sys.argv[1:]):
        execute_from_command_line(sys.argv)
        return 0

    from abe.runtime.errors import ServicesError
    from abe.runtime.paths import load_env_file
    from abe.runtime.services import ensure_running

    load_env_file()
    try:
        with ensure_running():
            execute_from_command_line(sys.argv)
    except ServicesError as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
