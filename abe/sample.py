"""The sample company in an installation: its logins, its data through the public API, its rules and first refresh.

How far that has come is noted in the state folder, so that a load that was cut short is taken up again and a
finished one is not repeated.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable
from pathlib import Path

from abe.runtime.errors import ServicesError
from abe.runtime.paths import StatePaths
from abe.runtime.supervisor import Supervisor, say
from demo.team import COMPANY, LOGINS, PASSWORD

MANAGE = (sys.executable, "manage.py")

# Enough for every trend on the pages, and for health to be tested against a year of losses.
HISTORY_MONTHS = "18"

EMPTY, LOADING, LOADED, READY = "started empty", "loading", "loaded", "ready"


def start_empty(supervisor: Supervisor) -> Callable[[], str]:
    """Note that this installation is for somebody's own data; return what tells them how to begin."""
    note = Note(supervisor.paths)
    if note.read() is None:
        note.write(EMPTY)
    return lambda: (
        "First administrator:  ./manage.py create_admin --email you@company.com\n"
        "First API token:      ./manage.py issue_token --source salesforce --scope '*:write' --scope '*:read'"
    )


def prepare_sample(supervisor: Supervisor) -> Callable[[], str]:
    """Create the sample company's logins; return what lists them."""
    if Note(supervisor.paths).read() not in {LOADED, READY}:
        supervisor.run([*MANAGE, "create_sample_users"])
    return logins


def load_sample(supervisor: Supervisor, address: str) -> bool:
    """Load the sample company over HTTP and refresh its numbers on the workers, unless that is done.

    Return whether anything was done. Raises ServicesError where a step fails.
    """
    note = Note(supervisor.paths)
    reached = note.read()
    if reached == READY:
        return False
    if reached == EMPTY:
        say("This state was started empty by `make run`, so the sample company is not loaded into it.")
        return False
    if reached != LOADED:
        note.write(LOADING)
        folder = supervisor.paths.state / "sample"
        tokens = folder / "tokens.json"
        folder.mkdir(mode=0o700, exist_ok=True)
        supervisor.run(
            [sys.executable, "-m", "demo.exports", "--out", str(folder / "exports"), "--if-missing"]
        )
        supervisor.run([*MANAGE, "issue_sample_tokens", "--out", str(tokens)])
        files = ["--tokens", str(tokens), "--exports", str(folder / "exports")]
        supervisor.run([sys.executable, "-m", "demo.load", "--url", address, *files])
        note.write(LOADED)
    supervisor.run([*MANAGE, "prepare_sample_tiers", "--rules", "--months", HISTORY_MONTHS])
    supervisor.run([*MANAGE, "prepare_sample_scores"])
    supervisor.run([*MANAGE, "prepare_sample_calendars"])
    supervisor.run([*MANAGE, "prepare_sample_policies"])
    supervisor.run([*MANAGE, "prepare_sample_desk"])
    supervisor.run([*MANAGE, "prepare_sample_invoices"])
    supervisor.run([*MANAGE, "prepare_sample_collections"])
    refresh = [*MANAGE, "refresh", "--on-workers", "--wait", "--history", HISTORY_MONTHS]
    try:
        supervisor.run(refresh)
    except (
        ServicesError
    ) as error:  # a number that fails is named on the operations page; the others are there
        say(str(error))
    supervisor.run([*MANAGE, "prepare_sample_tiers", "--decisions"])
    supervisor.run([*MANAGE, "prepare_sample_sentiments"])
    supervisor.run([*MANAGE, "prepare_sample_contracts"])
    supervisor.run([*MANAGE, "prepare_sample_clocks"])
    supervisor.run([*MANAGE, "prepare_sample_nights"])
    supervisor.run([*MANAGE, "prepare_sample_surveys"])
    supervisor.run([*MANAGE, "prepare_sample_checks"])
    note.write(READY)
    return True


def logins() -> str:
    """One line for each login of the sample company."""
    width = max(len(person.email) for person in LOGINS)
    lines = [f"  {person.email:<{width}}  {person.title}" for person in LOGINS]
    return "\n".join([f"Log in to {COMPANY} with the password {PASSWORD} as", *lines])


class Note:
    """How far the sample company has come in one database, kept in the state folder."""

    def __init__(self, paths: StatePaths) -> None:
        self._file: Path = paths.state / "sample.json"
        self._database = hashlib.sha256(paths.database_url.encode()).hexdigest()

    def read(self) -> str | None:
        """What was reached in this database, if anything."""
        try:
            held = json.loads(self._file.read_text())
        except (FileNotFoundError, ValueError):
            return None
        return str(held["reached"]) if held.get("database") == self._database else None

    def write(self, reached: str) -> None:
        """Remember what was reached."""
        written = self._file.with_suffix(".new")
        written.write_text(json.dumps({"database": self._database, "reached": reached}) + "\n")
        written.replace(self._file)
