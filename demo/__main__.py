"""Fill a running platform with the sample company: ``python -m demo --url http://127.0.0.1:8000``.

Creates the people, issues a token for each source, writes the exports where they are missing and loads them
over the public API. A marker in the state folder says that it was done, so a repeat only prints the logins; a
load that was cut is repeated with the same exports, and what had arrived changes nothing.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from demo import team
from demo.client import ApiError
from demo.company import build_company
from demo.exports import SEED, read_manifest, write_exports
from demo.load import SOURCES, LoadError, load_exports

_MARKER = "sample_company.loaded"
_EXPORTS = "sample_company"
_TOKEN_DAYS = 1  # should a run be killed before it takes them back


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line, do what is still to be done, and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m demo", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--url", help="address of the running platform")
    parser.add_argument(
        "--events", type=float, default=1.0, metavar="SHARE", help="share of a million usage events"
    )
    parser.add_argument("--exports-only", action="store_true", help="only write the exports; needs no server")
    parser.add_argument("--logins-only", action="store_true", help="only print the logins")
    options = parser.parse_args(arguments)
    if not (options.url or options.exports_only):
        parser.error("--url is missing")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "abe.settings")
    console = Console(stderr=True)
    state = _state_folder()
    if not (options.logins_only or _is_loaded(state)):
        try:
            ensure_exports(state / _EXPORTS, options.events, console)
            if not options.exports_only:
                _fill(options.url, state, console)
        except (LoadError, ApiError) as error:
            console.print(str(error), style="red", markup=False, highlight=False)
            return 1
    if not options.exports_only:
        print_logins(options.url)
    return 0


def ensure_exports(folder: Path, scale: float, console: Console) -> None:
    """Write the exports as of today, unless a whole set is there already."""
    if read_manifest(folder) is not None:
        return
    console.print("Making up the sample company and writing its source systems' exports")
    company = build_company(seed=SEED, today=datetime.now(UTC).date(), scale=scale)
    manifest = write_exports(company, folder)
    console.print(f"{sum(manifest.counts.values()):,} records in {len(manifest.counts)} files: {folder}")


def print_logins(url: str) -> None:
    """Print the address and one login for each function."""
    table = Table(
        title=f"{url}   password for all: {team.PASSWORD}", title_justify="left", title_style="bold"
    )
    for heading in ("Function", "E-mail", "Name", "Title"):
        table.add_column(heading)
    for person in team.LOGINS:
        table.add_row(person.function.replace("_", " "), person.email, person.name, person.title)
    # Wide enough for every address, also where the output is a log and no terminal.
    Console(width=110).print(table)


def _fill(url: str, state: Path, console: Console) -> None:
    import django

    django.setup()
    from django.core.management import call_command

    call_command("create_sample_users", stdout=sys.stderr)
    with _tokens() as tokens:
        loaded = load_exports(url, tokens, state / _EXPORTS, console=console)
    console.print(f"{loaded.records:,} records loaded over the API in {loaded.seconds:.0f} s")
    if loaded.pending:
        console.print(f"{loaded.pending:,} of them waited for a record that had not arrived", style="yellow")
    _marker(state).write_text(_database_digest())


@contextmanager
def _tokens() -> Iterator[dict[str, str]]:
    """Issue a token for each source, and take them back at the end."""
    from sync.services import issue_token, revoke_token

    issued = {
        source: issue_token(source=source, scopes=["*:write"], name="Sample company", days=_TOKEN_DAYS)
        for source in SOURCES
    }
    try:
        yield {source: token.secret for source, token in issued.items()}
    finally:
        for token in issued.values():
            revoke_token(token=token.token)


def _state_folder() -> Path:
    from django.conf import settings

    return Path(settings.PATHS.state)


def _marker(state: Path) -> Path:
    return state / _MARKER


def _is_loaded(state: Path) -> bool:
    """Tell whether this database was filled: one state folder can be used with several."""
    try:
        return _marker(state).read_text() == _database_digest()
    except FileNotFoundError:
        return False


def _database_digest() -> str:
    """Return what tells databases apart without writing down a password."""
    from django.conf import settings

    return hashlib.sha256(settings.PATHS.database_url.encode()).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
