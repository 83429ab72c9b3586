"""Objects in which several sources or a person have a say: who said what.

An object of a single source needs none of this: what its source says stands in the object and in its change
rows. Once a second source's record is attached, or a value is pinned, the object is shared: each source's
word on each field becomes a ``FieldClaim``, and what counts is decided field by field (``settle``).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import msgspec
from django.db import connection
from django.db.models import Count
from psycopg import sql

from common.sql import load_sql
from sync.declarations import Resource
from sync.models import OWN_SLUG, ClaimBefore, FieldClaim, Link, Pin
from sync.pipeline.batch import Row, Run


def share_objects(*, resource: Resource, object_ids: Sequence[int]) -> None:
    """Begin to keep what each source says of the objects; those already shared stay as they are.

    Until now one record alone had a say, so its words are what the object holds. Call it before links move from
    one object to another: afterwards two records could no longer be told apart.
    """
    params: dict[str, Any] = {"resource": resource.key, "objects": list(object_ids)}
    with connection.cursor() as cursor:
        cursor.execute(load_sql("sync", "claims/mark_shared"), params)
        params["links"] = [row[0] for row in cursor.fetchall()]
        if params["links"]:
            parts = {"target": sql.Identifier(resource.table), "fields": _held_fields(resource)}
            cursor.execute(load_sql("sync", "claims/seed", **parts), params)


def note_records(*, batch_id: int, links: Sequence[int], was_there: bool) -> None:
    """Keep what shared records are before ``batch_id`` changes them, or that it brought them to their objects.

    Call it before their time or tombstone is written.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            load_sql("sync", "claims/note_records"),
            {"batch": batch_id, "links": list(links), "was_there": was_there},
        )


def winners_params(
    resource: Resource, objects: Sequence[int], restored: Sequence[int] = ()
) -> dict[str, Any]:
    """Return what ``claims/winners.sql`` takes; ``restored`` links count although they have a tombstone still."""
    return {
        "resource": resource.key,
        "objects": list(objects),
        "restored": list(restored),
        "own": own_references(resource),
        "lists": [item.name for item in resource.fields if item.is_array],
        "own_source": OWN_SLUG,
    }


def own_references(resource: Resource) -> list[str]:
    """Return the fields that refer to another record of the same resource."""
    return [item.name for item in resource.fields if item.reference == resource.key]


@cache
def _held_fields(resource: Resource) -> sql.Composable:
    """Return each field with its held value and what stands there when it is cleared, as JSON."""
    return sql.SQL(", ").join(
        sql.SQL("({}, to_jsonb(t.{}), {}::jsonb)").format(
            sql.Literal(item.name),
            sql.Identifier(item.column),
            sql.Literal(msgspec.json.encode(item.cleared).decode()),
        )
        for item in resource.fields
    )


def unshare_objects(*, resource: Resource, object_ids: Sequence[int]) -> None:
    """Stop keeping who says what of objects that have one record left and no pin: it says what they hold."""
    pinned = Pin.objects.filter(resource=resource.key, object_id__in=object_ids, ended_at=None)
    links = Link.objects.filter(resource=resource.key, object_id__in=object_ids)
    alone = (
        links.exclude(object_id__in=pinned.values("object_id"))
        .values("object_id")
        .annotate(records=Count("pk"))
        .filter(records=1)
        .values_list("object_id", flat=True)
    )
    ids = list(alone)
    ClaimBefore.objects.filter(link__in=links.filter(object_id__in=ids)).delete()
    FieldClaim.objects.filter(resource=resource.key, object_id__in=ids).delete()
    links.filter(object_id__in=ids, is_shared=True).update(is_shared=False, digest=None)


def detach_rows(run: Run, rows: Sequence[Row]) -> None:
    """Take back the links that were made for rows which have been refused since."""
    links = [row.link_id for row in rows if row.link_id and row.index in run.attached]
    if links:
        FieldClaim.objects.filter(link__in=links).delete()
        Link.objects.filter(pk__in=links).delete()
