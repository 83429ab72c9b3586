"""A worker killed with SIGKILL in the middle of writing a page."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
from django.conf import settings

from sync.connectors.lease import LEASE
from sync.models import ConnectorRun
from tests.sync_connectors.connecting import connect, held, only, pull
from tests.sync_connectors.fakes.clock import FakeClock
from tests.sync_connectors.fakes.salesforce import FakeSalesforce

WORKER = """
import os, signal
import django
django.setup()
from sync.connectors import engine, write
from tests.sync_connectors.fakes.clock import FakeClock

count, pages = write._count, iter(range(100))

def die_at_the_second_page(*args):
    count(*args)
    if next(pages) == 1:
        os.kill(os.getpid(), signal.SIGKILL)

write._count = die_at_the_second_page
engine.run_connection({pk}, clock=FakeClock())
"""


@pytest.mark.django_db(transaction=True)
def test_a_killed_worker_costs_a_page_that_comes_again(salesforce: FakeSalesforce, clock: FakeClock) -> None:
    for number in range(6):
        salesforce.add(
            "Account", f"001{number}", f"2026-05-01T10:00:0{number}.000+0000", Name=f"Company {number}"
        )
    connection = connect(salesforce)
    only(connection, "Account")
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "ABE_TEST_DATABASE": settings.DATABASES["default"]["NAME"],
        "ABE_CONNECTORS_ALLOW_HOSTS": salesforce.host,
        "PYTHONPATH": str(settings.BASE_DIR),
    }
    worker = subprocess.run(
        [sys.executable, "-c", WORKER.format(pk=connection.pk)],
        env=environment,
        cwd=settings.BASE_DIR,
        timeout=60,
        check=False,
    )
    assert worker.returncode == -signal.SIGKILL
    # The page under way left nothing behind, the one before it everything.
    assert sorted(held("accounts", "salesforce")) == ["0010", "0011"]
    run = connection.runs.get()
    assert (run.state, run.rows) == (ConnectorRun.State.RUNNING, 2)
    asked = len(salesforce.asked("queryAll"))
    clock.pass_by(seconds=LEASE.total_seconds() + 1)
    run = pull(connection, clock)
    assert (run.state, run.rows, run.created, run.unchanged) == (ConnectorRun.State.DONE, 6, 6, 0)
    # The page that was lost and the one after it.
    assert len(salesforce.asked("queryAll")) - asked == 2
