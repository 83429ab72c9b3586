"""Web, worker and beat as children of one process, stopped together whatever ends it."""

from __future__ import annotations

import os
import shlex
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from signal import SIGHUP, SIGINT, SIGKILL, SIGTERM, signal
from typing import IO
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from abe.runtime.errors import ServicesError
from abe.runtime.files import FileLock
from abe.runtime.paths import CHECKOUT, StatePaths
from abe.runtime.processes import BackOff, kill_group, running_in, start_child, stop_child, wait_until
from abe.runtime.services import Services

STOP_SECONDS = 10.0
HEALTH_SECONDS = 120.0
WATCH_SECONDS = 0.5
MOST_RESTARTS = 5  # in a row, each within a minute of the last


class Stopped(BaseException):
    """Ctrl-C or a signal asked for an end; no ``except Exception`` may swallow it."""


@dataclass(frozen=True, slots=True)
class Program:
    """A process to keep running."""

    name: str
    command: tuple[str, ...]


@dataclass(slots=True)
class _Child:
    program: Program
    process: subprocess.Popen[bytes]
    back_off: BackOff = field(default_factory=BackOff)
    restarts: int = 0
    restart_at: float | None = None


class Supervisor:
    """Keeps programs running until it is told to stop.

    Use it as a context manager, inside that of ``ensure_running`` and in the main thread. It holds a lock of its
    own, since two schedulers on one state would do everything twice. Raises ServicesError where another runs.
    """

    def __init__(self, paths: StatePaths, environ: Mapping[str, str], services: Services) -> None:
        self.paths = paths
        self.environ = dict(environ) | {"PYTHONUNBUFFERED": "1"}
        self.services = services
        self._lock = FileLock(paths.state / "supervisor.lock")
        self._pids = paths.state / "supervisor.pids"
        self._children: list[_Child] = []
        self._server_back_off = BackOff()
        self._server_restarts = 0

    def __enter__(self) -> Supervisor:
        self.paths.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self._lock.acquire():
            raise ServicesError(
                f"{self.paths.state} is being served already, by process {self._lock.holder()}. "
                "Stop that one, or choose another folder with ABE_STATE."
            )
        self._lock.sign()
        self._end_leftovers()
        return self

    def __exit__(self, *_: object) -> None:
        for child in self._children:
            stop_child(child.process, SIGTERM, seconds=STOP_SECONDS)
        self._pids.unlink(missing_ok=True)
        self._lock.release()

    def start(self, program: Program) -> None:
        """Start a program; programs are stopped in the order in which they were started."""
        self._children.append(_Child(program, self._spawn(program)))
        self._note_pids()

    def run(self, command: Sequence[str], *, environ: Mapping[str, str] | None = None) -> None:
        """Run a command to its end, watching the programs meanwhile. Raises ServicesError where it fails."""
        process = start_child(
            command, on_parent_death=SIGTERM, environ=self.environ | dict(environ or {}), cwd=CHECKOUT
        )
        try:
            while process.poll() is None:
                self._watch_once()
                with suppress(subprocess.TimeoutExpired):
                    process.wait(WATCH_SECONDS)
        finally:
            stop_child(process, SIGTERM, seconds=STOP_SECONDS)
        if process.returncode != 0:
            raise ServicesError(f"`{shlex.join(command)}` ended with {_reason(process.returncode)}.")

    def wait_for(self, url: str) -> None:
        """Wait until ``url`` is answered. Raises ServicesError where its program ends or stays silent."""
        answered = wait_until(lambda: self._any_dead() is not None or _answers(url), HEALTH_SECONDS)
        if (child := self._any_dead()) is not None:
            code = _reason(child.process.returncode)
            raise ServicesError(
                f"{child.program.name} ended with {code} while starting; its lines are above."
            )
        if not answered:
            raise ServicesError(f"Nothing answers at {url} after {HEALTH_SECONDS:.0f} seconds.")

    def watch(self) -> None:
        """Restart what ends, until ``Stopped`` is raised or something ends again and again."""
        while True:
            self._watch_once()
            time.sleep(WATCH_SECONDS)

    def _any_dead(self) -> _Child | None:
        return next((child for child in self._children if child.process.poll() is not None), None)

    def _watch_once(self) -> None:
        now = time.monotonic()
        self._watch_servers(now)
        for child in self._children:
            if child.process.poll() is None:
                continue
            if child.restart_at is None:
                wait = child.back_off.next(now)
                child.restarts = 1 if wait == child.back_off.first else child.restarts + 1
                reason = _reason(child.process.returncode)
                if child.restarts > MOST_RESTARTS:
                    raise ServicesError(f"{child.program.name} ended again and again, last with {reason}.")
                say(f"{child.program.name} ended with {reason}: starting it again in {wait:.1f} s.")
                kill_group(child.process.pid)
                child.restart_at = now + wait
            elif now >= child.restart_at:
                child.restart_at = None
                child.process = self._spawn(child.program)
                self._note_pids()

    def _watch_servers(self, now: float) -> None:
        server = self.services.dead()
        if server is None:
            return
        wait = self._server_back_off.next(now)
        self._server_restarts = 1 if wait == self._server_back_off.first else self._server_restarts + 1
        if self._server_restarts > MOST_RESTARTS:
            raise ServicesError(f"{server.name} ended again and again; its log is {server.log}.")
        say(f"{server.name} ended with {_reason(server.process.returncode)}: starting it again.")
        time.sleep(wait)
        self.services.restart(server)

    def _spawn(self, program: Program) -> subprocess.Popen[bytes]:
        process = start_child(
            program.command,
            on_parent_death=SIGTERM,
            environ=self.environ,
            output=subprocess.PIPE,
            cwd=CHECKOUT,
        )
        assert process.stdout is not None
        threading.Thread(target=_relay, args=(program.name, process.stdout), daemon=True).start()
        return process

    def _note_pids(self) -> None:
        self._pids.write_text("".join(f"{child.process.pid}\n" for child in self._children))

    def _end_leftovers(self) -> None:
        """End the programs of a supervisor that was killed, so that their port and schedule are free."""
        if not self._pids.exists():
            return
        groups = {int(line) for line in self._pids.read_text().split()}
        for how, seconds in ((SIGTERM, STOP_SECONDS), (SIGKILL, 2.0)):
            for pid in running_in(groups, sys.executable):
                with suppress(ProcessLookupError):
                    os.kill(pid, how)
            if wait_until(lambda: not running_in(groups, sys.executable), seconds):
                break
        self._pids.unlink()


def raise_on_signals() -> None:
    """Turn the first SIGINT, SIGTERM or SIGHUP into ``Stopped``; later ones don't disturb the stopping."""

    def stop(*_: object) -> None:
        for number in (SIGINT, SIGTERM, SIGHUP):
            signal(number, lambda *_: say("Still stopping."))
        raise Stopped

    for number in (SIGINT, SIGTERM, SIGHUP):
        signal(number, stop)


def check_port(host: str, port: int) -> None:
    """Raise ServicesError where something else listens on the port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ServicesError(
                f"Port {port} on {host} can't be used: {error.strerror}. Choose another one, such as PORT={port + 1}."
            ) from error


def say(line: str) -> None:
    """Print a line at once, whole, even where children print too."""
    print(line, flush=True)


def _relay(name: str, lines: IO[bytes]) -> None:
    for line in lines:
        if line.strip():
            say(f"{name:>6} | {line.decode(errors='replace').rstrip()}")


def _answers(url: str) -> bool:
    """Whether a web server answers, be it with a complaint about the host name."""
    try:
        with urlopen(Request(url, headers={"Accept": "application/json"}), timeout=5):  # noqa: S310 - http only
            return True
    except HTTPError as error:
        return error.code < 500
    except (URLError, OSError):
        return False


def _reason(code: int | None) -> str:
    return f"signal {-code}" if code is not None and code < 0 else f"code {code}"
