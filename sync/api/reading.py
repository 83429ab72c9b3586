"""Records as JSON, made by the database: one statement for one record or a page of the feed.

Fields that the reader's function may not see are never selected.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec
from django.db import connection, models
from django.http import HttpResponse
from psycopg import sql

from common.sql import load_sql, sql_text
from people.access import Access
from sync.api.filters import Condition
from sync.declarations import Field, Resource
from sync.models import Link, Source
from sync.problems import Problem

MAX_PAGE = 1000
DEFAULT_PAGE = 100


class Position(NamedTuple):
    """A place in the feed: everything up to and including it has been read."""

    xid: int = 0
    id: int = 0

    def encode(self) -> str:
        """Return the opaque form that clients hand back."""
        return urlsafe_b64encode(f"{self.xid}.{self.id}".encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str) -> Position:
        """Return the place that a client hands back. Raises Problem (400) for anything else."""
        try:
            padded = text.encode("ascii") + b"=" * (-len(text) % 4)
            xid, _, number = urlsafe_b64decode(padded).decode("ascii").partition(".")
            position = cls(int(xid), int(number))
        except ValueError:
            position = cls(-1, -1)
        if not (0 <= position.xid < 2**63 and 0 <= position.id < 2**63):
            raise Problem(400, "bad_cursor", "The cursor is none that was given out here.")
        return position


class Page(NamedTuple):
    """Records of the feed as JSON texts, the place after the last, and whether more follow now."""

    records: list[str]
    position: Position
    more: bool


def check_readable(resource: Resource, access: Access) -> None:
    """Raise Problem (403), with the reason, where the reader's function sees nothing of the resource."""
    if resource.category is not None and not access.allows(resource.category):
        raise Problem(403, "redacted", access.why_not(resource.category))


def redacted_fields(resource: Resource, access: Access) -> tuple[str, ...]:
    """Return the fields that must be left out for this reader."""
    return tuple(item.name for item in resource.fields if item.category and not access.allows(item.category))


def read_one(resource: Resource, access: Access, pk: int) -> str | None:
    """Return one record as JSON text, or None where there is none."""
    query = _read_one_sql(resource, redacted_fields(resource, access))
    with connection.cursor() as cursor:
        cursor.execute(query, {"pk": pk})
        row = cursor.fetchone()
    return None if row is None else str(row[0])


def read_page(
    resource: Resource, access: Access, *, after: Position, size: int, conditions: Sequence[Condition]
) -> Page:
    """Return up to ``size`` records that changed after a place in the feed, in the order of their changes."""
    query = _feed_sql(
        resource, redacted_fields(resource, access), tuple(condition.text for condition in conditions)
    )
    params: dict[str, Any] = {
        "resource": resource.key,
        "after_xid": after.xid,
        "after_id": after.id,
        "limit": size + 1,
    }
    for number, condition in enumerate(conditions):
        params |= {f"value_{number}_{index}": value for index, value in enumerate(condition.values)}
    with connection.cursor() as cursor:
        cursor.execute(query, params)
        rows = cursor.fetchall()
    page = rows[:size]
    position = Position(page[-1][0], page[-1][1]) if page else after
    return Page([row[2] for row in page], position, len(rows) > size)


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
    record = _record(resource, redacted, changed_at)
    return load_sql("sync", "read_one", record=record, target=sql.Identifier(resource.table))


@lru_cache(maxsize=512)
def _feed_sql(resource: Resource, redacted: tuple[str, ...], conditions: tuple[str, ...]) -> str:
    target = sql.Identifier(resource.table)
    wheres = sql.SQL(" ").join(
        # The texts are the filters' own; what the client sent is in the parameters.
        sql.SQL("AND " + text.format(n=number))
        for number, text in enumerate(conditions)
    )
    record = _record(resource, redacted, sql.SQL("page.feed_at"))
    if resource.stream:
        return load_sql("sync", "read_stream", record=record, target=target, conditions=wheres)
    about_object = any("t." in text for text in conditions)
    joined = sql.SQL("JOIN {} AS t ON t.id = c.object_id").format(target) if about_object else sql.SQL("")
    return load_sql("sync", "read_feed", record=record, target=target, conditions=wheres, joined=joined)


def _record(resource: Resource, redacted: tuple[str, ...], changed_at: sql.Composable) -> sql.Composed:
    identity = (
        _part("read_identity_stream")
        if resource.stream
        else _part("read_identity", resource=sql.Literal(resource.key))
    )
    members: list[tuple[str, sql.Composable]] = [
        ("id", sql.SQL("t.id::text")),
        ("external_ids", identity),
        *((item.name, _value(item)) for item in resource.fields if item.name not in redacted),
        ("custom", sql.SQL("t.custom")),
        ("updated_at", changed_at),
        ("deleted", sql.SQL("t.deleted_at IS NOT NULL")),
        ("redacted", sql.SQL("{}::json").format(sql.Literal(_json_names(redacted)))),
    ]
    pieces = [sql.SQL("{}, {}").format(sql.Literal(name), value) for name, value in members]
    return sql.SQL("json_build_object({})::text").format(sql.SQL(", ").join(pieces))


def _value(item: Field) -> sql.Composable:
    column = sql.Identifier("t", item.column)
    if item.reference:
        return _part("read_reference", value=column, resource=sql.Literal(item.reference))
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
