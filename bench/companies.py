"""Companies that benchmarks seed by SQL into databases of their own, once for each state and schema."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import psycopg
from django.core.management import call_command
from django.db import connection, connections
from psycopg import sql

CHECKOUT = Path(__file__).parent.parent


@contextmanager
def databases_apart() -> Iterator[None]:
    """Go back to the database of before at the end."""
    was = connections["default"].settings_dict["NAME"]
    try:
        yield
    finally:
        use(was)


def use(name: str) -> None:
    """Let Django work in another database of the same server."""
    connections.close_all()
    connections["default"].settings_dict["NAME"] = name


def seeded(kind: str, *, told: str, fill: Callable[[], None], files: list[Path], also: object = "") -> str:
    """Return the name of the database of a kind of company, migrated and filled where this state has none yet.

    It is seeded anew, and the old one dropped, where a migration, one of ``files`` or ``also`` changed. ``told`` is
    printed ahead, since seeding takes minutes.
    """
    name = f"bench_{kind}_{_digest(files, also)}"
    building = f"{name}_building"
    with maintenance() as server:
        held = {row[0] for row in server.execute("SELECT datname FROM pg_database").fetchall()}
        for old in held:
            if re.fullmatch(rf"bench_{kind}_[0-9a-f]{{12}}(_building)?", old) and old != name:
                server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(old)))
        if name not in held:
            print(f"Seeding {told}, once for this state.", flush=True)
            server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(building)))
            use(building)
            call_command("migrate", verbosity=0, interactive=False)
            fill()
            execute("VACUUM ANALYZE")
            connections.close_all()
            server.execute(
                sql.SQL("ALTER DATABASE {} RENAME TO {}").format(
                    sql.Identifier(building), sql.Identifier(name)
                )
            )
    return name


def statements(file: Path, **values: date | int) -> list[str]:
    """Return the statements of a file, its ``:name`` places filled with dates and whole numbers."""
    text = re.sub(r"^--.*$", "", file.read_text(encoding="utf-8"), flags=re.MULTILINE)

    def put(place: re.Match[str]) -> str:
        value = values[place[1]]
        return f"'{value}'" if isinstance(value, date) else str(value)

    filled = re.sub(r"(?<!:):([a-z]+)", put, text)
    return [part.strip() for part in filled.split(";") if part.strip()]


def execute(statement: str) -> None:
    """Run a statement without parameters."""
    with connection.cursor() as cursor:
        cursor.execute(statement)


def run_file(file: Path, **values: date | int) -> None:
    """Run the statements of a file, each by itself."""
    for statement in statements(file, **values):
        execute(statement)


def maintenance() -> psycopg.Connection:
    """Return a session in the database ``postgres``."""
    parameters = connections["default"].get_connection_params()
    kept = {
        key: parameters[key] for key in ("host", "port", "user", "password", "sslmode") if key in parameters
    }
    return psycopg.connect(**kept, dbname="postgres", autocommit=True)


@contextmanager
def without_indexes(table: str) -> Iterator[None]:
    """Fill a table without its indexes and foreign keys, which are quicker to build at the end."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint "
            "WHERE conrelid = %s::regclass AND contype IN ('f', 'u')",
            [table],
        )
        constraints = cursor.fetchall()
        for name, _ in constraints:
            cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
        cursor.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = %s AND indexname NOT LIKE '%%pkey'",
            [table],
        )
        indexes = cursor.fetchall()
        for name, _ in indexes:
            cursor.execute(f'DROP INDEX "{name}"')
        yield
        for _, definition in indexes:
            cursor.execute(definition.replace(" ON ONLY ", " ON "))  # of the partitions too
        for name, definition in constraints:
            cursor.execute(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')


def _digest(files: list[Path], also: object) -> str:
    found = hashlib.sha256(str(also).encode())
    for file in sorted([*CHECKOUT.glob("*/migrations/*.py"), *files]):
        found.update(file.read_bytes())
    return found.hexdigest()[:12]
