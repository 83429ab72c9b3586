"""SQL kept in files: what the ORM cannot say, with identifiers composed and never pasted."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
from django.apps import apps
from django.db import connection
from psycopg import sql


@cache
def sql_text(app: str, name: str) -> str:
    """Return the text of ``<app>/sql/<name>.sql``, read once."""
    return (Path(apps.get_app_config(app).path) / "sql" / f"{name}.sql").read_text()


def load_sql(app: str, name: str, **parts: sql.Composable) -> str:
    """Return ``<app>/sql/<name>.sql`` with each ``{part}`` filled in by a composed piece of SQL.

    Values stay parameters (``%s`` or ``%(name)s``); only identifiers and lists of them are parts.
    """
    connection.ensure_connection()
    # The file is ours, so its text is as trusted as a literal.
    template = sql.SQL(sql_text(app, name))
    return template.format(**parts).as_string(connection.connection)


def fetch_typed(query: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Return all rows of a query in PostgreSQL's binary form, times in UTC.

    Some times as quick as Django's cursor where thousands of times are read, since psycopg's own loaders
    do it in C. Parameters are bound by the server.
    """
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        return cursor.execute(query, params, binary=True).fetchall()


def column_list(columns: list[str], alias: str = "") -> sql.Composed:
    """Return ``"a", "b"`` or, with an alias, ``t."a", t."b"``."""
    names = [sql.Identifier(alias, column) if alias else sql.Identifier(column) for column in columns]
    return sql.SQL(", ").join(names)
