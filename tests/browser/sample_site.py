"""An installation with the sample company, for as long as a test run: its own database, server and numbers."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.conftest import copy_database, drop_database, maintenance, migrated_template

CHECKOUT = Path(__file__).resolve().parents[2]
# A thirtieth of the events: everything else is whole, and the numbers are there within seconds.
EVENTS = "0.03"
START_SECONDS = 60
# Connections and webhooks may be set up to this place, where nobody listens; none goes further than this machine.
NOWHERE = "127.0.0.1:9"
# What workers would do by now, in the order in which one thing leads to another.
WORK = """
from django.utils import timezone
from accounts.tasks import search_duplicates
from sync.connectors.engine import run_connection
from sync.connectors.lease import due_connections
from sync.files.tasks import work_off
from sync.models import Import
from metrics.runs.registry import run_kinds
from metrics.runs.work import work_off as work_off_run
for pk in due_connections(timezone.now()):
    while run_connection(pk): pass
for pk in Import.objects.filter(state__in=Import.BUSY).values_list("pk", flat=True):
    work_off(pk, seconds=60)
search_duplicates(everything=True)
for kind in run_kinds:
    for run in kind.model.objects.open():
        while work_off_run(kind.key, run.pk): pass
"""


class Site(str):
    """The address of an installation without workers; ``environ`` is empty where somebody else runs it with some."""

    __slots__ = ("environ",)
    environ: Mapping[str, str]

    def __new__(cls, url: str, environ: Mapping[str, str] | None = None) -> Site:
        site = super().__new__(cls, url)
        site.environ = environ or {}
        return site

    def work(self) -> None:
        """Do what pages have asked workers for; a page that waits for it finds it done when it asks again."""
        if self.environ:
            run(self.environ, "manage.py", "shell", "--no-imports", "-c", WORK)


@contextmanager
def sample_site(folder: Path) -> Iterator[Site]:
    """Load the sample company over the API into a new installation and yield its address."""
    database = f"test_abe_sample_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    copy_database(migrated_template(), database)
    environ = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "ABE_TEST_DATABASE": database,
        "ABE_CONNECTORS_ALLOW_HOSTS": NOWHERE,
        "ABE_WEBHOOKS_ALLOW_PRIVATE": "True",
    }
    tokens, exports = folder / "tokens.json", folder / "exports"
    run(environ, "manage.py", "create_sample_users")
    run(environ, "manage.py", "prepare_sample_scores")
    run(environ, "manage.py", "prepare_sample_collections")
    run(environ, "manage.py", "prepare_sample_calendars")
    run(environ, "manage.py", "prepare_sample_policies")
    run(environ, "manage.py", "prepare_sample_desk")
    run(environ, "manage.py", "issue_sample_tokens", "--out", str(tokens))
    run(environ, "-m", "demo.exports", "--out", str(exports), "--events", EVENTS)
    with serving(environ, folder / "server.log") as url:
        run(environ, "-m", "demo.load", "--url", url, "--tokens", str(tokens), "--exports", str(exports))
        today = datetime.now(UTC).date()
        for day in (today - timedelta(days=30), today):
            run(environ, "manage.py", "refresh", "--as-of", day.isoformat())
        yield Site(url, environ)
    with maintenance() as connection:
        drop_database(connection, database)


@contextmanager
def serving(environ: Mapping[str, str], log: Path) -> Iterator[str]:
    """Serve the installation on a free port of this machine."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    with log.open("wb") as output:
        # --insecure serves static files as they lie in the checkout, without collecting them first.
        command = [sys.executable, "manage.py", "runserver", "--insecure", "--noreload", address]
        server = subprocess.Popen(command, cwd=CHECKOUT, env=environ, stdout=output, stderr=output)
    try:
        wait_for(f"http://{address}/health/", server, log)
        yield f"http://{address}"
    finally:
        server.terminate()
        server.wait(timeout=20)


def wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=5).close()  # noqa: S310 - our own server
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"The server did not answer:\n{log.read_text()[-4000:]}")


def run(environ: Mapping[str, str], *command: str) -> None:
    """Run a command of the installation; its output is shown where it fails."""
    done = subprocess.run(
        [sys.executable, *command], cwd=CHECKOUT, env=environ, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
