"""Valkey under the state folder: Celery's broker and the cache, on a Unix socket only."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from abe.runtime.binaries import find_valkey
from abe.runtime.errors import ServicesError
from abe.runtime.files import open_log, private_folder, tail
from abe.runtime.paths import StatePaths
from abe.runtime.processes import is_running, start_child, stop_child, wait_until

START_SECONDS = 20.0
STOP_SECONDS = 10.0
DATABASES = 64  # broker and cache; in tests a pair for each worker


@dataclass(slots=True)
class ValkeyServer:
    """A running Valkey that this process started."""

    process: subprocess.Popen[bytes]
    log: Path

    name = "Valkey"

    def stop(self) -> None:
        """Shut down; what is queued is in the append-only file."""
        stop_child(self.process, signal.SIGTERM, seconds=STOP_SECONDS)


def is_ready(paths: StatePaths) -> bool:
    """Whether the server of this state answers."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(2)
            connection.connect(str(paths.valkey_socket))
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith(b"+PONG")
    except OSError:
        return False


def start(paths: StatePaths, environ: Mapping[str, str], *, durable: bool = True) -> ValkeyServer:
    """Start the server of this state; return once it answers.

    The caller holds the state's lock. Raises ServicesError with the end of the log where it won't start.
    """
    program = find_valkey(environ)
    private_folder(paths.valkey_data)
    private_folder(paths.sockets)
    pid_file = paths.valkey_data / "valkey.pid"
    _clear_remains(pid_file, paths)
    log = paths.logs / "valkey.log"
    settings = {
        "port": "0",
        "unixsocket": str(paths.valkey_socket),
        "unixsocketperm": "700",
        "dir": str(paths.valkey_data),
        "pidfile": str(pid_file),
        "databases": str(DATABASES),
        "appendonly": "yes" if durable else "no",
        "appendfsync": "everysec",
        "save": "",
        "set-proc-title": "no",  # so that the command line keeps naming our socket
    }
    options = [part for name, value in settings.items() for part in (f"--{name}", value)]
    with open_log(log) as output:
        process = start_child(
            [program, *options],
            on_parent_death=signal.SIGTERM,
            environ=environ,
            output=output,
            cwd=paths.valkey_data,
        )
    wait_until(lambda: process.poll() is not None or is_ready(paths), START_SECONDS)
    if process.poll() is not None or not is_ready(paths):
        stop_child(process, signal.SIGTERM, seconds=STOP_SECONDS)
        raise ServicesError(f"Valkey does not start. The end of {log}:\n{tail(log)}")
    pid_file.write_text(f"{process.pid}\n")
    return ValkeyServer(process, log)


def _clear_remains(pid_file: Path, paths: StatePaths) -> None:
    """End an earlier server of this very folder, which nothing else keeps from writing to the same file."""
    try:
        pid = int(pid_file.read_text())
    except (FileNotFoundError, ValueError):
        pid = 0
    if pid:
        for how, seconds in ((signal.SIGTERM, STOP_SECONDS), (signal.SIGKILL, 2.0)):
            if not is_running(pid, str(paths.valkey_socket)):
                break
            os.kill(pid, how)
            wait_until(lambda: not is_running(pid, str(paths.valkey_socket)), seconds)
    pid_file.unlink(missing_ok=True)
    paths.valkey_socket.unlink(missing_ok=True)
