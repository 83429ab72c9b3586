"""Processes that a test kills in the middle of what they do, and what is left in the database."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

from django.conf import settings
from django.db import connection


def until(condition: Callable[[], bool]) -> None:
    """Wait for something that another connection or process does."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.02)


def start(code: str, *arguments: str, stdin: int | None = None) -> subprocess.Popen[bytes]:
    """Run Python code in a process of its own, with the database of this test."""
    env = os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "ABE_TEST_DATABASE": connection.settings_dict["NAME"],
        "PYTHONPATH": str(settings.BASE_DIR),
    }
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments], stdin=stdin, env=env, cwd=settings.BASE_DIR
    )


def kill(child: subprocess.Popen[bytes]) -> None:
    """Kill a process as the system does that has no memory left; nothing of it runs any more."""
    child.send_signal(signal.SIGKILL)
    assert child.wait(30) == -signal.SIGKILL


def others() -> int:
    """Return how many other sessions this database has; that of a killed process takes a moment to end."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        return int(cursor.fetchone()[0])
