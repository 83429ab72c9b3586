"""Installations of their own for the tests of the servers, far from those that the test run uses."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from abe.runtime import identity
from abe.runtime.paths import CHECKOUT, StatePaths
from abe.runtime.postgres import LASTING_MARK

# Starts the servers of $ABE_STATE, says so with its role, and stays until its input ends.
HOLD = """
import sys
from abe.runtime.services import ensure_running
with ensure_running(durable=False) as services:
    print("owner" if services.owned else "guest", flush=True)
    sys.stdin.read()
print("done", flush=True)
"""


class Installation:
    """A state folder with helpers to run processes on it."""

    def __init__(self, state: Path) -> None:
        self.environ = {
            name: value
            for name, value in os.environ.items()
            if name
            not in {"DATABASE_URL", "REDIS_URL", "CACHE_URL", "DJANGO_SETTINGS_MODULE", "ABE_TEST_DATABASE"}
            and not name.startswith("PYTEST_")
        } | {"ABE_STATE": str(state), "PYTHONUNBUFFERED": "1"}
        self.paths = StatePaths.from_env(self.environ)
        self.started: list[subprocess.Popen[str]] = []

    def spawn(self, *arguments: str, **environ: str) -> subprocess.Popen[str]:
        """Start Python with these arguments on this state, in a process group of its own."""
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=CHECKOUT,
            env=self.environ | environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            process_group=0,
        )
        self.started.append(process)
        return process

    def hold(self) -> subprocess.Popen[str]:
        """Start a process that uses the servers until its input is closed."""
        return self.spawn("-c", HOLD)

    def connect(self, database: str = "abe") -> psycopg.Connection:
        """Open a session."""
        return psycopg.connect(
            host=str(self.paths.sockets),
            port=5432,
            user="app",
            dbname=database,
            autocommit=True,
            connect_timeout=5,
        )

    def postmaster(self) -> int:
        """The process number in PostgreSQL's lock file."""
        (pid_file,) = self.paths.state.glob("pg*/postmaster.pid")
        return int(pid_file.read_text().split()[0])

    def clean_up(self) -> None:
        """End what a failed test left."""
        for process in self.started:
            process.kill()
            process.wait(10)
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()
        time.sleep(0.2 if self.started else 0)
        shutil.rmtree(self.paths.sockets, ignore_errors=True)
        if (self.paths.state / LASTING_MARK).exists():
            shutil.rmtree(identity.lasting_folder(self.paths.state))


def said(process: subprocess.Popen[str]) -> str:
    """The next line of a process."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.fixture
def new_installation(tmp_path: Path) -> Iterator[Callable[[str], Installation]]:
    made: list[Installation] = []

    def make(name: str) -> Installation:
        made.append(Installation(tmp_path / name))
        return made[-1]

    yield make
    for installation in made:
        installation.clean_up()


@pytest.fixture
def installation(new_installation: Callable[[str], Installation]) -> Installation:
    return new_installation("state")


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    """The servers of the test run play no part here."""
