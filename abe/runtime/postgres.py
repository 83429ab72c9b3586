"""PostgreSQL under the state folder: made once, started in the foreground, stopped with its parent."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from abe.runtime import identity
from abe.runtime.binaries import Postgres, find_postgres
from abe.runtime.errors import ServicesError
from abe.runtime.files import open_log, private_folder, tail
from abe.runtime.identity import Identity
from abe.runtime.paths import DATABASE, PORT, USER, StatePaths
from abe.runtime.processes import is_running, start_child, stop_child, wait_until

RETRY_SECONDS = 20.0  # what is left of a killed server may hold its shared memory for some of these
REPLAY_SECONDS = 120.0  # after a crash the log is replayed first; a process that ends is noticed at once
STOP_SECONDS = 20.0
LASTING_MARK = "nobody"

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "maintenance_work_mem": "128MB",
    "work_mem": "16MB",
    "random_page_cost": "1.1",  # the disk of any machine of today seeks for free
    "jit": "off",  # compiling a plan costs more than the short statements of a page
    # A night touches most pages of the values' history, each of which is logged whole once a checkpoint. 50,000
    # accounts wrote 1 GB of log every 12 s, and two workers waited for its buffers: 1.54 times as fast as one.
    "max_wal_size": "8GB",
    "wal_buffers": "64MB",
    "checkpoint_timeout": "15min",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    "log_min_duration_statement": "5s",
}
# For data that nobody will miss: the tests'.
FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(slots=True)
class PostgresServer:
    """A running PostgreSQL that this process started."""

    process: subprocess.Popen[bytes]
    log: Path

    name = "PostgreSQL"

    def stop(self) -> None:
        """Shut down at once but cleanly: sessions are cut, and what was committed is on the disk."""
        stop_child(self.process, signal.SIGINT, seconds=STOP_SECONDS)


def is_ready(paths: StatePaths, *, database: str = DATABASE) -> bool:
    """Whether the server of this state answers."""
    if not paths.postgres_socket.exists():
        return False
    try:
        with _connect(paths, database) as connection:
            connection.execute("SELECT 1")
    except psycopg.Error:
        return False
    return True


def start(paths: StatePaths, environ: Mapping[str, str], *, durable: bool = True) -> PostgresServer:
    """Start the server of this state, making its data folder first; return once it answers.

    The caller holds the state's lock. Raises ServicesError with the end of the log where it won't start.
    """
    postgres = find_postgres(environ, paths.state)
    who = identity.choose(postgres.bin / "postgres", paths.state)
    if not identity.is_reachable(who, postgres.bin / "postgres"):
        postgres = Postgres(identity.copy_programs(postgres.bin), postgres.major)
    data = _settle(paths, postgres.major, who)
    private_folder(paths.sockets, owner=who.owner, group=who.group)
    who.own(paths.sockets)
    _clear_remains(data, paths)
    if not (data / "PG_VERSION").exists():
        _make(data, postgres, who, environ)
    settings = SETTINGS | {"unix_socket_directories": str(paths.sockets), "port": str(PORT)}
    if (postgres.libraries / "pg_stat_statements.so").exists():
        settings["shared_preload_libraries"] = "pg_stat_statements"
    if not durable:
        settings |= FORGETFUL
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    server = _run([postgres.bin / "postgres", "-D", data, *options], paths, data, who, environ)
    _create_database(paths)
    return server


def _settle(paths: StatePaths, major: int, who: Identity) -> Path:
    """Put the data where ``who`` can reach it, and return that place; it moves only when the user changed."""
    home = paths.postgres_data(major)
    if identity.is_reachable(who, paths.state):
        data, other = home, None
        if os.geteuid() == 0 and (paths.state / LASTING_MARK).exists():
            other = identity.lasting_folder(paths.state) / home.name
    else:
        data, other = identity.lasting_folder(paths.state) / home.name, home
        (paths.state / LASTING_MARK).touch()
    if other is not None and (other / "PG_VERSION").exists() and not (data / "PG_VERSION").exists():
        shutil.rmtree(data, ignore_errors=True)
        shutil.move(other, data)
    data.mkdir(mode=0o700, exist_ok=True)
    who.own(data)
    data.chmod(0o700)
    return data


def _make(data: Path, postgres: Postgres, who: Identity, environ: Mapping[str, str]) -> None:
    """Run initdb, independent of the languages that this machine happens to have."""
    locale = (
        ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        if postgres.major >= 17
        else ["--locale=C.UTF-8"]
    )
    for leftover in data.iterdir():  # of an initdb that was killed
        shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
    command: list[str | Path] = [postgres.bin / "initdb", "-D", data, "-U", USER, "--auth=trust"]
    made = subprocess.run(
        [*command, "-E", "UTF8", *locale],
        env=_clean(environ),
        capture_output=True,
        text=True,
        cwd=data,
        preexec_fn=who.become,
        check=False,
    )
    if made.returncode != 0:
        raise ServicesError(f"initdb could not make {data}:\n{made.stdout}{made.stderr}")


def _run(
    command: Sequence[str | Path], paths: StatePaths, data: Path, who: Identity, environ: Mapping[str, str]
) -> PostgresServer:
    log = paths.logs / "postgres.log"
    deadline = time.monotonic() + RETRY_SECONDS
    while True:
        with open_log(log) as output:
            process = start_child(
                command,
                on_parent_death=signal.SIGINT,
                environ=_clean(environ),
                output=output,
                become=who.become,
                cwd=data,
            )
        if _answers(process, paths):
            return PostgresServer(process, log)
        stop_child(process, signal.SIGINT, seconds=STOP_SECONDS)
        if time.monotonic() >= deadline:
            raise ServicesError(f"PostgreSQL does not start. The end of {log}:\n{tail(log)}")
        time.sleep(0.5)
        _clear_remains(data, paths)


def _answers(process: subprocess.Popen[bytes], paths: StatePaths) -> bool:
    wait_until(lambda: process.poll() is not None or is_ready(paths, database="postgres"), REPLAY_SECONDS)
    return process.poll() is None and is_ready(paths, database="postgres")


def _clear_remains(data: Path, paths: StatePaths) -> None:
    """End what an earlier server of this very folder left behind, and remove the lock files of the dead.

    A server whose parent was killed is still shutting down; it gets time, then less and less kind signals.
    Another server's process is never touched: the command line must name our data folder.
    """
    pid_file = data / "postmaster.pid"
    pid = _pid_in(pid_file)
    if pid is not None:
        for how, seconds in ((signal.SIGINT, 10.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 2.0)):
            if not is_running(pid, "postgres", str(data)):
                break
            os.kill(pid, how)
            wait_until(lambda: not is_running(pid, "postgres", str(data)), seconds)
    pid_file.unlink(missing_ok=True)
    if paths.sockets.is_dir():
        for leftover in paths.sockets.glob(".s.PGSQL.*"):
            leftover.unlink(missing_ok=True)


def _pid_in(file: Path) -> int | None:
    try:
        return int(file.read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None


def _create_database(paths: StatePaths) -> None:
    with _connect(paths, "postgres") as connection:
        exists = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
        if exists is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))


def _connect(paths: StatePaths, database: str) -> psycopg.Connection:
    return psycopg.connect(
        host=str(paths.sockets), port=PORT, user=USER, dbname=database, connect_timeout=5, autocommit=True
    )


def _clean(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment for the server, free of languages not installed here and of other servers' PG…."""
    kept = {name: value for name, value in environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    return kept | {"LC_ALL": "C", "TZ": "UTC"}
