"""Servers for the tests, and a fresh migrated database for each worker in a tenth of a second.

Migrations run once into a template database named after their content; each worker copies it. A test that
commits (``transaction=True``, ``live_server``) leaves its worker a new copy, so that rows made by migrations
are there for the next one.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

# Playwright's sync API runs an event loop, which Django would take for an async view.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

CHECKOUT = Path(__file__).resolve().parent.parent
TEMPLATE_LOCK = 2_026_112_200  # any number that nobody else locks

_servers = ExitStack()


def pytest_configure(config: pytest.Config) -> None:
    """Start the servers in the main process; xdist's workers attach to them."""
    from abe.runtime.errors import ServicesError
    from abe.runtime.services import ensure_running

    if config.option.collectonly:
        return
    try:
        _servers.enter_context(ensure_running(durable=False))
    except ServicesError as error:
        pytest.exit(str(error), returncode=2)


def pytest_unconfigure() -> None:
    """Stop what was started."""
    _servers.close()


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: pytest.FixtureDef[object]) -> Iterator[None]:
    """Give this worker its own copy of the migrated template."""
    from django.conf import settings
    from django.db import connections
    from django.test import TransactionTestCase

    name = settings.TEST_DATABASE

    def refresh(_: TransactionTestCase | None = None) -> None:
        connections.close_all()
        copy_database(template, name)

    with django_db_blocker.unblock():
        template = migrated_template()
        refresh()
        connections["default"].settings_dict["NAME"] = name
        settings.DATABASES["default"]["NAME"] = name
        os.environ["ABE_TEST_DATABASE"] = name
        with pytest.MonkeyPatch.context() as patch:
            # Django would truncate every table, and with them what the migrations put there.
            patch.setattr(TransactionTestCase, "_fixture_teardown", refresh)
            yield
        connections.close_all()


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    """Let no test see what another one cached or counted."""
    from django.core.cache import cache

    cache.clear()


def migrated_template() -> str:
    """The name of the database with today's migrations applied; made where missing, older ones dropped."""
    from django.core.management import call_command
    from django.db import connections

    name = f"test_abe_template_{migrations_digest()}"
    with maintenance() as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [TEMPLATE_LOCK])
        names = [row[0] for row in connection.execute("SELECT datname FROM pg_database").fetchall()]
        if name in names:
            return name
        for old in names:
            if old.startswith("test_abe_template_"):
                drop_database(connection, old)
        building = f"{name}_building"
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(building)))
        default = connections["default"]
        was = default.settings_dict["NAME"]
        default.close()
        default.settings_dict["NAME"] = building
        try:
            call_command("migrate", verbosity=0, interactive=False)
        finally:
            connections.close_all()
            default.settings_dict["NAME"] = was
        connection.execute(
            sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(building), sql.Identifier(name))
        )
    return name


def migrations_digest() -> str:
    """A short digest of everything that decides what the migrations leave behind."""
    digest = hashlib.sha256()
    files = [
        *CHECKOUT.glob("*/migrations/*.py"),
        *CHECKOUT.glob("*/sql/*.sql"),
        *CHECKOUT.glob("requirements*.txt"),
    ]
    for file in sorted(files):
        digest.update(file.relative_to(CHECKOUT).as_posix().encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:16]


def copy_database(template: str, name: str) -> None:
    """Replace database ``name`` by a copy of ``template``, whoever is still connected."""
    with maintenance() as connection:
        drop_database(connection, name)
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        )


def drop_database(connection: psycopg.Connection, name: str) -> None:
    """Drop a database, cutting the sessions in it."""
    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def maintenance() -> psycopg.Connection:
    """A session in the database ``postgres``, outside every database under test."""
    from django.db import connections

    parameters = connections["default"].get_connection_params()
    kept = {
        key: parameters[key] for key in ("host", "port", "user", "password", "sslmode") if key in parameters
    }
    return psycopg.connect(**kept, dbname="postgres", autocommit=True)
