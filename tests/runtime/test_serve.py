"""The whole of ``make run``: real web, worker and beat on real servers, killed and started again."""

import os
import signal
import socket
import time
from urllib.request import urlopen

import pytest

from abe.runtime.processes import is_running, wait_until
from tests.runtime.conftest import said

START_SECONDS = 180
RECOVERY_SECONDS = 20


def free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def read_until(process, text: str) -> list[str]:
    read: list[str] = []
    deadline = time.monotonic() + START_SECONDS
    while not read or text not in read[-1]:
        assert process.poll() is None, "\n".join(read)
        assert time.monotonic() < deadline, "\n".join(read)
        read.append(said(process))
    return read


def is_healthy(port: str) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/health/", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def test_an_installation_serves_survives_a_kill_and_stops_whole(installation):
    port = free_port()
    began = time.monotonic()
    process = installation.spawn("-m", "abe.serve", PORT=port)
    lines = read_until(process, "Ctrl-C stops everything")
    first_start = time.monotonic() - began
    assert any("create_admin" in line for line in lines)
    assert any("issue_token" in line for line in lines)
    assert is_healthy(port)

    created = installation.spawn("manage.py", "create_admin", "--email", "ada@example.com")
    assert created.wait(120) == 0, created.stdout.read()

    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    again = installation.spawn("-m", "abe.serve", PORT=port)
    # Where the machine is too busy for that, less than the first start, which made and migrated the database.
    assert wait_until(lambda: is_healthy(port), max(RECOVERY_SECONDS, first_start))
    read_until(again, "Ctrl-C stops everything")
    with installation.connect() as connection:
        assert connection.execute("SELECT email FROM people_user").fetchall() == [("ada@example.com",)]

    pids = [int(line) for line in (installation.paths.state / "supervisor.pids").read_text().split()]
    pids.append(installation.postmaster())
    again.send_signal(signal.SIGINT)
    assert again.wait(120) == 0
    assert not any(map(is_running, pids))


def test_a_taken_port_is_said_at_once(installation):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        process = installation.spawn("-m", "abe.serve", PORT=port)
        assert process.wait(120) == 1
        assert f"PORT={int(port) + 1}" in process.stdout.read()


@pytest.mark.parametrize("port", ["http", "70000", "-1"])
def test_a_port_that_is_none_is_named(installation, port):
    process = installation.spawn("-m", "abe.serve", PORT=port)
    assert process.wait(120) == 1
    output = process.stdout.read()
    assert "PORT" in output
    assert "Traceback" not in output


def test_with_given_servers_a_command_starts_none(new_installation):
    given, other = new_installation("given"), new_installation("other")
    holder = given.hold()
    assert said(holder) == "owner"
    process = other.spawn(
        "manage.py",
        "migrate",
        "contenttypes",
        "--verbosity",
        "0",
        DATABASE_URL=given.paths.database_url,
        REDIS_URL=given.paths.cache_url,
        ABE_SECRET_KEY="only for this test " * 4,
    )
    assert process.wait(60) == 0, process.stdout.read()
    assert not other.paths.state.exists()
    with given.connect() as connection:
        assert connection.execute("SELECT to_regclass('django_content_type')").fetchone() == (
            "django_content_type",
        )
