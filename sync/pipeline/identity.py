"""Recognise a new record as an object that another source brought, by a key such as the web domain.

The pair of source and external id always comes first. A source's own second record is never matched: it
says itself that the two differ. One object that fits is taken; what may be several waits for a person, or is
refused where nothing may be created.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.db import connection, transaction
from psycopg import sql

from common.sql import load_sql
from sync.declarations import Resource
from sync.models import Batch, Link, PendingRecord
from sync.pipeline.batch import UPDATED, Missing, Row, Run
from sync.pipeline.claims import note_records, share_objects
from sync.pipeline.locks import lock_resource
from sync.registry import resources


def match_by_key(run: Run) -> None:
    """Give new records the one object that their key names; let those that may be several wait."""
    key = run.resource.match_on
    new = [row for row in run.rows if row.link_id is None and row.record.external_id not in run.known_new]
    if key is None or not new or not _others_exist(run):
        return
    by_value: dict[str, list[Row]] = defaultdict(list)
    for row in new:
        value = getattr(row.record, key.field)
        if isinstance(value, str) and value:
            by_value[value].append(row)
    usable = key.usable(set(by_value))
    for value, objects in _candidates(run, list(usable)).items():
        rows = by_value[value]
        if len(objects) == len(rows) == 1:
            _take(run, rows[0], objects[0])
            continue
        for row in rows:
            _let_decide(run, row, key.field, value, objects)
    run.drop_settled()


def attach_rows(run: Run) -> None:
    """Write the links of matched records that are still in play, and begin to keep who says what."""
    rows = [row for row in run.rows if row.index in run.attached]
    if not rows:
        return
    share_objects(resource=run.resource, object_ids=[row.object_id for row in rows])
    params: dict[str, Any] = {
        "resource": run.resource.key,
        "source": run.source.pk,
        "external_ids": [row.record.external_id for row in rows],
        "objects": [row.object_id for row in rows],
        "times": [row.time for row in rows],
    }
    with connection.cursor() as cursor:
        cursor.execute(load_sql("sync", "claims/link_attach"), params)
        made = dict(cursor.fetchall())
    for row in rows:
        row.link_id = made[row.record.external_id]
    if run.mode != Batch.Mode.UNDO:
        note_records(batch_id=run.batch_id, links=list(made.values()), was_there=False)
    run.touches_links = True


@transaction.atomic
def decide_match(*, pending: PendingRecord, object_id: int | None) -> None:
    """Say which object a waiting record stands for, or with None that it is a new one.

    The record stays listed until ``sync.pipeline.pending.apply_ready`` has applied it. Locks the resource.
    Raises ValueError where the record is no longer waiting for this, or the object is not among its candidates
    or was deleted meanwhile.
    """
    resource = resources[pending.resource]
    lock_resource(resource, pending.source)
    held = PendingRecord.objects.select_for_update().filter(pk=pending.pk).first()
    if held is None or held.code != PendingRecord.AMBIGUOUS:
        raise ValueError("The record isn't waiting for this decision any more.")
    if object_id is None:
        held.is_new = True
        held.save(update_fields=["is_new"])
        return
    if object_id not in (held.candidates or []):
        raise ValueError(f"{resource.singular.capitalize()} {object_id} is none of the candidates.")
    there = resource.model._base_manager.filter(pk=object_id, deleted_at=None)  # noqa: SLF001 - Django documents it
    if not there.exists():
        raise ValueError(
            f"{resource.singular.capitalize()} {object_id} was deleted meanwhile. Choose another, or a new one."
        )
    share_objects(resource=resource, object_ids=[object_id])
    Link.objects.create(
        resource=held.resource,
        source_id=held.source_id,
        external_id=held.external_id,
        object_id=object_id,
        is_shared=True,
    )


def _take(run: Run, row: Row, object_id: int) -> None:
    row.object_id = object_id
    row.kind = UPDATED
    row.is_shared = True
    run.attached.add(row.index)
    run.results[row.index].id = str(object_id)


def _let_decide(run: Run, row: Row, field: str, value: str, objects: list[int]) -> None:
    noun = run.resource.singular
    ids = ", ".join(str(item) for item in objects)
    few = f"several {noun} records of this call" if len(objects) == 1 else f"each {noun} of {ids}"
    decides = "which one is meant can't be told, and nothing new may be made"
    if run.mode != Batch.Mode.UPDATE_ONLY:
        decides = "a person decides in the review queue which one is meant"
    detail = f"{field} {value!r} fits {few}; {decides}."
    missing = Missing(
        field,
        run.resource.key,
        run.source.pk,
        row.record.external_id,
        detail,
        code=PendingRecord.AMBIGUOUS,
        candidates=objects,
    )
    run.wait(row, missing)


def _others_exist(run: Run) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            load_sql("sync", "claims/others_exist"),
            {"source": run.source.pk, "resource": run.resource.key},
        )
        return bool(cursor.fetchone()[0])


def _candidates(run: Run, values: list[str]) -> dict[str, list[int]]:
    resource: Resource = run.resource
    if not values or resource.match_on is None:
        return {}
    query = load_sql(
        "sync",
        "claims/candidates",
        target=sql.Identifier(resource.table),
        column=sql.Identifier(resource.fields_by_name[resource.match_on.field].column),
    )
    params: dict[str, Any] = {"values": values, "source": run.source.pk, "resource": resource.key}
    with connection.cursor() as cursor:
        cursor.execute(query, params)
        return dict(cursor.fetchall())
