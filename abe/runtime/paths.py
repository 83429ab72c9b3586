"""Where everything of one installation lives, computed from the environment without touching the disk.

``settings.py`` and every command share these answers, so two processes of one state folder always meet
at the same sockets, and two checkouts never do.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

import environ

CHECKOUT = Path(__file__).resolve().parents[2]

DATABASE = "abe"
USER = "app"
PORT = 5432  # part of the socket's file name; nothing listens on TCP

BROKER_DATABASE = 0
CACHE_DATABASE = 1  # apart from the broker, since clearing the cache flushes a whole Redis database


@dataclass(frozen=True, slots=True)
class StatePaths:
    """The folders and addresses of one installation.

    With ``DATABASE_URL`` (or ``REDIS_URL``) set, that server is used and ``embedded_postgres``
    (or ``embedded_valkey``) is False: nothing of the kind may be started.
    """

    state: Path
    sockets: Path
    database_url: str
    broker_url: str
    cache_url: str
    embedded_postgres: bool
    embedded_valkey: bool

    @classmethod
    def from_env(cls, environment: Mapping[str, str] | None = None) -> StatePaths:
        """Compute the paths from ``environment``, by default the process's own."""
        environment = os.environ if environment is None else environment
        state = state_folder(environment)
        sockets = socket_folder(state)
        database_url = environment.get("DATABASE_URL", "").strip()
        redis_url = environment.get("REDIS_URL", "").strip()
        valkey = sockets / "valkey.sock"
        return cls(
            state=state,
            sockets=sockets,
            database_url=database_url
            or f"postgresql://{USER}@/{DATABASE}?host={quote(str(sockets), safe='/')}&port={PORT}",
            broker_url=broker_url(redis_url or f"unix://{valkey}?db={BROKER_DATABASE}"),
            cache_url=environment.get("CACHE_URL", "").strip()
            or cache_url(redis_url or f"unix://{valkey}?db={BROKER_DATABASE}"),
            embedded_postgres=not database_url,
            embedded_valkey=not redis_url,
        )

    @property
    def secret_key_file(self) -> Path:
        """Where the random key of an installation on the own machine is kept."""
        return self.state / "secret_key"

    @property
    def lock(self) -> Path:
        """The file whose flock says who runs the servers of this state."""
        return self.state / "services.lock"

    @property
    def users(self) -> Path:
        """The file that every process using another's servers holds a shared flock on."""
        return self.state / "services.users"

    @property
    def logs(self) -> Path:
        """Where the embedded servers write their logs."""
        return self.state / "logs"

    @property
    def valkey_data(self) -> Path:
        """Where Valkey keeps its append-only file."""
        return self.state / "valkey"

    @property
    def valkey_socket(self) -> Path:
        """Valkey's Unix socket."""
        return self.sockets / "valkey.sock"

    @property
    def postgres_socket(self) -> Path:
        """PostgreSQL's Unix socket."""
        return self.sockets / f".s.PGSQL.{PORT}"

    def postgres_data(self, major: int) -> Path:
        """The data folder for PostgreSQL ``major``: one never opens another version's files."""
        return self.state / f"pg{major}"

    def django_database(self) -> dict[str, Any]:
        """The value of ``DATABASES["default"]``."""
        return django_database(self.database_url)


def database_config(environment: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The value of ``DATABASES["default"]`` for an environment, by default the process's own."""
    return StatePaths.from_env(environment).django_database()


def load_env_file(file: Path = CHECKOUT / ".env") -> None:
    """Take over what ``.env`` says and the environment doesn't, as the settings do."""
    if file.is_file():
        environ.Env.read_env(file)


def state_folder(environment: Mapping[str, str]) -> Path:
    """The folder that ``ABE_STATE`` names, else ``.abe`` in the checkout; absolute, without links."""
    named = environment.get("ABE_STATE", "").strip()
    return Path(os.path.realpath(Path(named).expanduser() if named else CHECKOUT / ".abe"))


def socket_folder(state: Path) -> Path:
    """A short folder of its own for each state, since a socket's path may hold no more than 107 bytes.

    ``TMPDIR`` counts only where ``/tmp`` is closed: a shell with another one must find the same servers.
    """
    digest = hashlib.sha256(os.fsencode(state)).hexdigest()[:12]
    shared = Path("/tmp")  # noqa: S108 - the folder inside it is private, and checked at each start
    parent = shared if os.access(shared, os.W_OK | os.X_OK) else Path(tempfile.gettempdir())
    return parent / f"abe-{digest}"


def django_database(url: str) -> dict[str, Any]:
    """Turn ``postgresql://user:password@host:port/name?option=value`` into Django's dictionary.

    ``host=/folder`` in the query names a folder of Unix sockets, as libpq has it. ``conn_max_age`` and
    ``pool`` are Django's own; every other option goes to psycopg. Raises ValueError for another scheme
    or a missing database name.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"postgresql", "postgres"}:
        raise ValueError(f"DATABASE_URL must start with postgresql://, not {parts.scheme or 'nothing'}://")
    name = unquote(parts.path.lstrip("/"))
    if not name:
        raise ValueError("DATABASE_URL names no database: postgresql://user:password@host:5432/NAME")
    options: dict[str, Any] = dict(parse_qsl(parts.query))
    host = unquote(parts.hostname or "") or options.pop("host", "")
    pooled = options.pop("pool", "").lower() in {"1", "true", "yes"}
    max_age = int(options.pop("conn_max_age", 0 if pooled else 60))
    if pooled:
        options["pool"] = True
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(parts.port or options.pop("port", "")),
        "CONN_MAX_AGE": max_age,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
    }


def broker_url(url: str) -> str:
    """Celery's spelling of a Redis address: to it a database on a Unix socket is a virtual host."""
    parts = urlsplit(url)
    if parts.scheme != "unix":
        return url
    query = dict(parse_qsl(parts.query))
    query["virtual_host"] = query.pop("db", str(BROKER_DATABASE))
    return f"redis+socket://{parts.path}?{urlencode(query)}"


def cache_url(url: str) -> str:
    """The address of the next Redis database after the broker's, in the redis client's spelling."""
    parts = urlsplit(url)
    if parts.scheme in {"unix", "redis+socket"}:
        query = dict(parse_qsl(parts.query))
        number = int(query.pop("virtual_host", "") or query.pop("db", "") or BROKER_DATABASE)
        query["db"] = str(number + CACHE_DATABASE)
        return f"unix://{parts.path}?{urlencode(query)}"
    number = int(parts.path.strip("/") or BROKER_DATABASE)
    return urlunsplit((parts.scheme, parts.netloc, f"/{number + CACHE_DATABASE}", parts.query, ""))
