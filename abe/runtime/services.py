"""One PostgreSQL and one Valkey for each state folder, shared by all processes that use it.

Whoever comes first starts them under the state's lock and stops them when it ends; the others attach. The
starter waits with stopping until the others are through, so that a short command never pulls the servers away
from a long one.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field

from abe.runtime import postgres, valkey
from abe.runtime.errors import ServicesError
from abe.runtime.files import FileLock, check_socket_length
from abe.runtime.paths import StatePaths
from abe.runtime.postgres import PostgresServer
from abe.runtime.processes import POLL_SECONDS
from abe.runtime.valkey import ValkeyServer

ATTACH_SECONDS = 120.0  # the starter may be making its data folder on a busy machine


Server = PostgresServer | ValkeyServer


@dataclass(slots=True)
class Services:
    """What this process started: nothing where it attached or where servers are given."""

    paths: StatePaths
    environ: Mapping[str, str]
    durable: bool = True
    servers: list[Server] = field(default_factory=list)

    @property
    def owned(self) -> bool:
        """Whether this process will stop them."""
        return bool(self.servers)

    def start(self) -> None:
        """Start whatever this state needs, PostgreSQL first."""
        if self.paths.embedded_postgres:
            self.servers.append(postgres.start(self.paths, self.environ, durable=self.durable))
        if self.paths.embedded_valkey:
            self.servers.append(valkey.start(self.paths, self.environ, durable=self.durable))

    def stop(self) -> None:
        """Stop what was started, Valkey first, and leave nothing in the temporary folder."""
        while self.servers:
            self.servers.pop().stop()
        with suppress(OSError):  # something of somebody's is in it
            self.paths.sockets.rmdir()

    def dead(self) -> Server | None:
        """A server of ours that ended by itself, if any."""
        return next((server for server in self.servers if server.process.poll() is not None), None)

    def restart(self, server: Server) -> None:
        """Start a server of ours again after it ended by itself."""
        module = postgres if isinstance(server, PostgresServer) else valkey
        self.servers[self.servers.index(server)] = module.start(
            self.paths, self.environ, durable=self.durable
        )


@contextmanager
def ensure_running(
    environ: Mapping[str, str] | None = None, *, durable: bool = True, wait_for_others: bool = True
) -> Iterator[Services]:
    """Have PostgreSQL and Valkey of this state answer while the block runs.

    With ``DATABASE_URL`` and ``REDIS_URL`` both set it does nothing. ``durable=False`` is for data nobody
    would miss. Enter it from the main thread, since servers end with the thread that started them. Raises
    ServicesError.
    """
    environ = os.environ if environ is None else environ
    paths = StatePaths.from_env(environ)
    services = Services(paths, environ, durable)
    if not paths.embedded_postgres and not paths.embedded_valkey:
        yield services
        return
    _prepare(paths)
    with (
        FileLock(paths.lock) as owner,
        FileLock(paths.users) as users,
        ExitStack() as stops,
    ):
        if _own_or_attach(paths, owner, users):
            owner.sign()
            stops.callback(services.stop)
            services.start()
            if wait_for_others:
                stops.callback(_wait_for, users, owner)
        yield services


def _prepare(paths: StatePaths) -> None:
    for socket in (paths.postgres_socket, paths.valkey_socket):
        check_socket_length(socket)
    try:
        paths.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ServicesError(f"The state folder {paths.state} can't be made: {error.strerror}.") from error
    if not os.access(paths.state, os.W_OK | os.X_OK):
        raise ServicesError(
            f"The state folder {paths.state} belongs to another user. Choose another ABE_STATE."
        )


def _own_or_attach(paths: StatePaths, owner: FileLock, users: FileLock) -> bool:
    """Return True once we hold the state's lock, False once the servers of its holder answer.

    A holder that is stopping keeps ``users`` to itself, so we wait for its lock and start anew; one that ends
    while we wait leaves its lock to us.
    """
    deadline = time.monotonic() + ATTACH_SECONDS
    while not owner.acquire():
        if users.acquire(shared=True):
            if _all_ready(paths):
                return False
            users.release()
        if time.monotonic() > deadline:
            raise ServicesError(
                f"Process {owner.holder()} runs the servers of {paths.state}, but they don't answer. "
                f"Stop it, or read the logs in {paths.logs}."
            )
        time.sleep(POLL_SECONDS)
    return True


def _all_ready(paths: StatePaths) -> bool:
    return (not paths.embedded_postgres or postgres.is_ready(paths)) and (
        not paths.embedded_valkey or valkey.is_ready(paths)
    )


def _wait_for(users: FileLock, owner: FileLock) -> None:
    """Wait until nobody else uses our servers; Ctrl-C stops waiting."""
    if users.acquire():
        return
    print(
        f"Other commands still use the servers that this one started (process {owner.holder()}): "
        "waiting for them to end. Ctrl-C stops the servers now.",
        file=sys.stderr,
    )
    try:
        users.acquire(wait=True)
    except KeyboardInterrupt:
        return
