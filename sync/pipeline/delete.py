"""Tombstones: a record that its source has deleted."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.utils import timezone
from psycopg import sql

from common.sql import load_sql
from sync.declarations import Resource
from sync.models import Batch, Change, PendingRecord, Source
from sync.pipeline.merge import prepare_effects, run_effects
from sync.pipeline.resolve import held_links
from sync.pipeline.run import lock_resource

DELETED = "deleted"


class Deletion(NamedTuple):
    """What a deletion did: ``deleted``, ``unchanged`` (it was already) or ``stale`` (older than what is held)."""

    status: str
    batch_id: int
    object_id: int | None


@transaction.atomic
def delete_record(
    *,
    resource: Resource,
    source: Source,
    external_id: str,
    source_updated_at: datetime | None = None,
    client_id: int | None = None,
) -> Deletion | None:
    """Put a tombstone on a record; None where the source has no such record, waiting ones included.

    Without ``source_updated_at`` the deletion counts as of now, so that an older state that arrives late
    doesn't bring the record back; a newer one does. Locks the resource.
    """
    started = time.perf_counter()
    deleted_at = source_updated_at or timezone.now()
    batch_id, xid = lock_resource(resource, source)
    waiting = PendingRecord.objects.filter(source=source, resource=resource.key, external_id=external_id)
    # A newer state that waits outlives the deletion, as it would if it had been applied.
    dropped, _ = waiting.exclude(source_updated_at__gt=deleted_at).delete()
    object_id: int | None = None
    link = held_links(resource, source, [external_id]).get(external_id)
    if link is None:
        if not dropped and not waiting.exists():
            return None
        status = DELETED if dropped else "stale"
    else:
        object_id = link.object_id
        if link.deleted_at:
            status = "unchanged"
        elif source_updated_at and link.source_updated_at and source_updated_at < link.source_updated_at:
            status = "stale"
        else:
            status = DELETED
            _bury(
                resource,
                source,
                link_id=link.id,
                object_id=link.object_id,
                deleted_at=deleted_at,
                batch_id=batch_id,
                xid=xid,
            )
    Batch(
        pk=batch_id,
        source=source,
        client_id=client_id,
        resource=resource.key,
        mode=Batch.Mode.DELETE,
        seconds=time.perf_counter() - started,
        **{status: 1},
    ).save(force_insert=True)
    return Deletion(status, batch_id, object_id)


def _bury(
    resource: Resource,
    source: Source,
    *,
    link_id: int,
    object_id: int,
    deleted_at: datetime,
    batch_id: int,
    xid: int,
) -> None:
    params = {"link": link_id, "object": object_id, "time": deleted_at, "batch": batch_id, "xid": xid}
    if resource.effects:
        _execute("touched_one", params)
        prepare_effects(resource)
    target = sql.Identifier(resource.table)
    if resource.stream:
        _execute("bury_stream", params, target=target)
    else:
        _execute("bury_link", params)
        _execute("bury", {**params, "resource": resource.key}, target=target)
        Change.objects.create(
            batch_id=batch_id,
            source=source,
            resource=resource.key,
            object_id=object_id,
            kind=Change.Kind.DELETED,
            source_updated_at=deleted_at,
            xid=xid,
        )
    if resource.effects:
        run_effects(resource)


def _execute(name: str, params: dict[str, Any], **parts: sql.Composable) -> None:
    with connection.cursor() as cursor:
        cursor.execute(load_sql("sync", name, **parts), params)
