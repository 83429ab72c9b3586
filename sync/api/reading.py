"""Records as JSON, made by the database.

Fields that the reader's function may not see are never selected.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec
from django.db import connection, models
from django.http import HttpResponse
from psycopg import sql

from common.sql import load_sql, sql_text
from people.access import Access
from sync.declarations import Field, Resource
from sync.models import Link, Source
from sync.problems import Problem
from sync.provenance.as_of import as_of_sql

MAX_PAGE = 1000
DEFAULT_PAGE = 100


def check_readable(resource: Resource, access: Access) -> None:
    """Raise Problem (403), with the reason, where the reader's function sees nothing of the resource."""
    if resource.category is not None and not access.allows(resource.category):
        raise Problem(403, "redacted", access.why_not(resource.category))


def redacted_fields(resource: Resource, access: Access) -> tuple[str, ...]:
    """Return the fields that must be left out for this reader."""
    return tuple(item.name for item in resource.fields if item.category and not access.allows(item.category))


class Found(NamedTuple):
    """One record as JSON text, and the id of the one that it was merged into."""

    text: str
    merged_into: str | None


def read_one(resource: Resource, access: Access, pk: int) -> Found | None:
    """Return one record, or None where there is none.

    An id that was merged into another is answered with the record that it stands for now, which then names
    itself as ``merged_into``.
    """
    found = _read(resource, access, pk, asked_for=None)
    if found is None or found.merged_into is None:
        return found
    target = _read(resource, access, int(found.merged_into), asked_for=found.merged_into)
    return Found(target.text, found.merged_into) if target else None


def read_as_of(resource: Resource, access: Access, pk: int, moment: datetime) -> str | None:
    """Return one record as it was at a moment, from its change rows; None where it wasn't there yet."""
    record = record_sql(
        resource,
        redacted_fields(resource, access),
        sql.Identifier("held", "changed_at"),
        _part("read_merged_then", resource=sql.Literal(resource.key)),
    )
    params: dict[str, Any] = {"object": pk, "resource": resource.key, "moment": moment, "or_first": False}
    with connection.cursor() as cursor:
        cursor.execute(as_of_sql(resource, record), params)
        row = cursor.fetchone()
    return None if row is None else str(row[0])


def _read(resource: Resource, access: Access, pk: int, *, asked_for: str | None) -> Found | None:
    query = _read_one_sql(resource, redacted_fields(resource, access))
    with connection.cursor() as cursor:
        cursor.execute(query, {"pk": pk, "asked_for": asked_for})
        row = cursor.fetchone()
    return None if row is None else Found(*row)


def paging_size(text: str | None) -> int:
    """Return how many records a page shall hold. Raises Problem (400) for what is no number in the limits."""
    if text is None:
        return DEFAULT_PAGE
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= MAX_PAGE):
        raise Problem(400, "bad_parameter", f"page_size takes a number from 1 to {MAX_PAGE}.")
    return int(text)


def json_answer(body: Any) -> HttpResponse:
    """Return an answer that only its reader may keep."""
    return private(HttpResponse(msgspec.json.encode(body), content_type="application/json"))


def private(response: HttpResponse) -> HttpResponse:
    """Let nobody but the reader keep an answer, and ask again before using it."""
    response["Cache-Control"] = "private, no-cache"
    response["Vary"] = "Authorization, Cookie"
    return response


def find_object(resource: Resource, source_slug: str, external_id: str) -> int | None:
    """Return the id of the object that a source's external id stands for."""
    if resource.stream:
        rows: models.QuerySet[Any, Any] = resource.model._base_manager.filter(  # noqa: SLF001 - Django documents it
            source__slug=source_slug, external_id=external_id
        )
        return rows.values_list("pk", flat=True).first()
    links = Link.objects.filter(resource=resource.key, source__slug=source_slug, external_id=external_id)
    return links.values_list("object_id", flat=True).first()


def etag_of(record: str) -> str:
    """Return the strong ETag of one representation."""
    return f'"{hashlib.sha256(record.encode()).hexdigest()[:32]}"'


def names_tag(header: str, tag: str | None, *, weak: bool) -> bool:
    """Return whether a list of ETags names ``tag``, or is ``*`` and there is one; ``weak`` ones count if asked."""
    if tag is None:
        return False
    named = [item.strip() for item in header.split(",")]
    return "*" in named or tag in named or (weak and f"W/{tag}" in named)


def known_source(slug: str) -> bool:
    """Return whether a source of this name exists."""
    return Source.objects.filter(slug=slug).exists()


@lru_cache(maxsize=256)
def _read_one_sql(resource: Resource, redacted: tuple[str, ...]) -> str:
    changed_at = (
        sql.SQL("t.received_at")
        if resource.stream
        else _part("read_changed_at", resource=sql.Literal(resource.key))
    )
    merged_into = merged_into_sql(resource)
    asked = sql.SQL("coalesce(%(asked_for)s::text, {})").format(merged_into)
    return load_sql(
        "sync",
        "read_one",
        record=record_sql(resource, redacted, changed_at, asked),
        merged_into=merged_into,
        target=sql.Identifier(resource.table),
    )


def merged_into_sql(resource: Resource) -> sql.Composable:
    """Return what names the record that a merged one, ``t``, stands for now; null of any other."""
    if resource.stream:
        return sql.SQL("NULL")
    return _part("read_merged_into", resource=sql.Literal(resource.key))


def record_sql(
    resource: Resource, redacted: tuple[str, ...], changed_at: sql.Composable, merged_into: sql.Composable
) -> sql.Composed:
    """Return what makes the JSON text of the record ``t``, without the ``redacted`` fields."""
    key = sql.Literal(resource.key)
    identity = _part("read_identity_stream") if resource.stream else _part("read_identity", resource=key)
    members: list[tuple[str, sql.Composable]] = [
        ("id", sql.SQL("t.id::text")),
        ("external_ids", identity),
        *((item.name, _value(item)) for item in resource.fields if item.name not in redacted),
        ("custom", sql.SQL("t.custom")),
        ("updated_at", changed_at),
        ("deleted", sql.SQL("t.deleted_at IS NOT NULL")),
        ("merged_into", merged_into),
        ("redacted", sql.SQL("{}::json").format(sql.Literal(_json_names(redacted)))),
    ]
    pieces = [sql.SQL("{}, {}").format(sql.Literal(name), value) for name, value in members]
    return sql.SQL("json_build_object({})::text").format(sql.SQL(", ").join(pieces))


def _value(item: Field) -> sql.Composable:
    column = sql.Identifier("t", item.column)
    if item.reference:
        return _part("read_reference", value=column, resource=sql.Literal(item.reference))
    if item.many:
        return _part(
            "read_references",
            values=column,
            value=_part("read_reference", value=sql.SQL("named.id"), resource=sql.Literal(item.many)),
        )
    if item.vocabulary:
        table = item.model_field.related_model
        assert isinstance(table, type)
        return sql.SQL("(SELECT word.{} FROM {} AS word WHERE word.id = {})").format(
            sql.Identifier(item.vocabulary.column), sql.Identifier(table._meta.db_table), column
        )
    if isinstance(item.model_field, models.DecimalField):
        return sql.SQL("{}::text").format(column)
    if isinstance(item.model_field, models.CharField):
        return sql.SQL("nullif({}, '')").format(column)
    return column


def _part(name: str, **parts: sql.Composable) -> sql.Composed:
    return sql.SQL(sql_text("sync", name)).format(**parts)


def _json_names(names: tuple[str, ...]) -> str:
    return "[" + ", ".join(f'"{name}"' for name in names) + "]"
