import os
import signal
import socket
import sys
from pathlib import Path

import pytest

from abe.runtime.errors import ServicesError
from abe.runtime.processes import is_running, wait_until
from abe.runtime.services import Services
from abe.runtime.supervisor import Program, Supervisor, check_port
from tests.runtime.conftest import said

# Appends its name and "up" to a file, stays, and appends "down" when asked to end.
MEMBER = """
import signal, sys, time
name, file = sys.argv[1:]
def note(what):
    with open(file, "a") as log:
        log.write(f"{name} {what}\\n")
def end(*_):
    note("down")
    sys.exit()
signal.signal(signal.SIGTERM, end)
note("up")
time.sleep(60)
"""
SUPERVISE = """
import os, sys
from abe.runtime.paths import StatePaths
from abe.runtime.services import Services
from abe.runtime.supervisor import Program, Stopped, Supervisor, raise_on_signals
raise_on_signals()
paths = StatePaths.from_env()
try:
    with Supervisor(paths, os.environ, Services(paths, os.environ)) as supervisor:
        for name in ("web", "beat", "worker"):
            supervisor.start(Program(name, (sys.executable, "-c", sys.argv[1], name, sys.argv[2])))
        print("watching", flush=True)
        supervisor.watch()
except Stopped:
    print("stopped", flush=True)
"""


@pytest.fixture
def log(tmp_path):
    return tmp_path / "log"


@pytest.fixture
def supervisor(installation):
    with Supervisor(installation.paths, installation.environ, Services(installation.paths, {})) as made:
        yield made


def lines(log: Path) -> list[str]:
    return log.read_text().splitlines() if log.exists() else []


def pids(installation) -> list[int]:
    return [int(line) for line in (installation.paths.state / "supervisor.pids").read_text().split()]


def watch_until(supervisor: Supervisor, done) -> bool:
    def step() -> bool:
        supervisor._watch_once()
        return done()

    return wait_until(step, 60)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_web_then_beat_then_worker(installation, log, how):
    process = installation.spawn("-c", SUPERVISE, MEMBER, str(log))
    assert said(process) == "watching"
    assert wait_until(lambda: len(lines(log)) == 3, 30)
    process.send_signal(how)
    assert said(process) == "stopped"
    assert lines(log)[3:] == ["web down", "beat down", "worker down"]


def test_killing_the_supervisor_ends_its_programs(installation, log):
    process = installation.spawn("-c", SUPERVISE, MEMBER, str(log))
    said(process)
    assert wait_until(lambda: len(lines(log)) == 3, 30)
    children = pids(installation)
    process.kill()
    assert wait_until(lambda: not any(map(is_running, children)), 30)


def test_what_a_killed_supervisor_left_is_ended_by_the_next(installation, log):
    orphan = installation.spawn("-c", MEMBER, "orphan", str(log))
    assert wait_until(lambda: lines(log) == ["orphan up"], 30)
    installation.paths.state.mkdir()
    (installation.paths.state / "supervisor.pids").write_text(f"{orphan.pid}\n")
    with Supervisor(installation.paths, installation.environ, Services(installation.paths, {})):
        assert lines(log) == ["orphan up", "orphan down"]


def test_a_number_that_now_belongs_to_somebody_else_is_left_alone(installation):
    stranger = installation.spawn("-c", "input()")
    installation.paths.state.mkdir()
    (installation.paths.state / "supervisor.pids").write_text("1\n")
    with Supervisor(installation.paths, installation.environ, Services(installation.paths, {})):
        assert stranger.poll() is None
    assert is_running(1)


def test_a_second_supervisor_of_one_state_is_refused(installation, supervisor):
    with (
        pytest.raises(ServicesError, match=f"served already, by process {os.getpid()}"),
        Supervisor(installation.paths, installation.environ, Services(installation.paths, {})),
    ):
        pass


def test_a_program_that_ends_is_started_again(installation, supervisor, log, capsys):
    supervisor.start(Program("web", (sys.executable, "-c", MEMBER, "web", str(log))))
    assert wait_until(lambda: lines(log) == ["web up"], 30)
    os.kill(pids(installation)[0], signal.SIGKILL)
    assert watch_until(supervisor, lambda: lines(log) == ["web up", "web up"])
    assert "web ended with signal 9: starting it again" in capsys.readouterr().out


def test_a_program_that_ends_again_and_again_stops_everything(supervisor, monkeypatch):
    monkeypatch.setattr("abe.runtime.supervisor.MOST_RESTARTS", 2)
    supervisor.start(Program("worker", (sys.executable, "-c", "raise SystemExit(3)")))
    with pytest.raises(ServicesError, match="worker ended again and again, last with code 3"):
        watch_until(supervisor, lambda: False)


def test_lines_of_a_program_carry_its_name(supervisor, capfd):
    supervisor.start(
        Program("web", (sys.executable, "-c", "import time; print('listening'); time.sleep(60)"))
    )
    seen = []
    assert wait_until(
        lambda: seen.append(capfd.readouterr().out) or "   web | listening\n" in "".join(seen), 10
    )


def test_a_command_that_fails_is_named(supervisor):
    with pytest.raises(ServicesError, match="ended with code 4"):
        supervisor.run([sys.executable, "-c", "raise SystemExit(4)"])


def test_a_web_server_that_ends_while_starting_is_named(supervisor):
    supervisor.start(Program("web", (sys.executable, "-c", "raise SystemExit(5)")))
    with pytest.raises(ServicesError, match="web ended with code 5 while starting"):
        supervisor.wait_for("http://127.0.0.1:9/")


def test_a_port_in_use_is_named_with_the_variable_that_changes_it():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ServicesError, match=rf"(?s)Port {port} .*PORT={port + 1}"):
            check_port("127.0.0.1", port)
    check_port("127.0.0.1", port)


def test_a_dead_server_of_ours_is_started_again(installation):
    from abe.runtime import valkey
    from abe.runtime.services import ensure_running

    with (
        ensure_running(installation.environ, durable=False) as services,
        Supervisor(installation.paths, installation.environ, services) as supervisor,
    ):
        for server in list(services.servers):
            os.kill(server.process.pid, signal.SIGKILL)
            server.process.wait()
        assert watch_until(supervisor, lambda: services.dead() is None)
        assert valkey.is_ready(installation.paths)
        with installation.connect() as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
