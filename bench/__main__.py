"""``python -m bench [NAME …]``: run the named benchmarks, by default all; exit 1 where a target is missed."""

from __future__ import annotations

import os
import pkgutil
import sys
from importlib import import_module
from pathlib import Path

HERE = Path(__file__).parent
NAMES = sorted(
    module.name
    for module in pkgutil.iter_modules([str(HERE)])
    if module.name not in ("__main__", "companies", "harness", "worker")
)


def main(asked: list[str]) -> int:
    """Run each benchmark in the services of this state, printing a line per figure as it is known."""
    unknown = [name for name in asked if name not in NAMES]
    if unknown:
        print(f"Unknown benchmark: {', '.join(unknown)}. There are: {', '.join(NAMES)}.", file=sys.stderr)
        return 2
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "abe.settings")
    from abe.runtime.services import ensure_running

    missed = 0
    with ensure_running():
        import django

        django.setup()
        for name in asked or NAMES:
            for figure in import_module(f"bench.{name}").run():
                print(figure, flush=True)
                missed += not figure.holds
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
