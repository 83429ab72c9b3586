"""Tombstones: a record that its source has deleted."""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.utils import timezone
from psycopg import sql

from common.sql import load_sql
from sync.declarations import Resource
from sync.models import OWN_SLUG, Batch, Change, PendingRecord, Source
from sync.pipeline.claims import note_records
from sync.pipeline.locks import lock_resource
from sync.pipeline.merge import prepare_effects, run_effects
from sync.pipeline.resolve import held_links
from sync.pipeline.settle import UnsettledError, settle_objects

logger = logging.getLogger(__name__)

DELETED = "deleted"


class Deletion(NamedTuple):
    """What a deletion did: ``deleted``, ``unchanged`` (it was already) or ``stale`` (older than what is held).

    ``object_id`` is None where nothing of the record had been applied.
    """

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
) -> Deletion:
    """Put a tombstone on a record, be it held, waiting or not yet seen.

    Without ``source_updated_at`` the deletion counts as of now, so that an older state that arrives late
    doesn't bring the record back; a newer one does. Locks the resource.
    """
    started = time.perf_counter()
    deleted_at = source_updated_at or timezone.now()
    batch_id, xid = lock_resource(resource, source)
    waiting = PendingRecord.objects.filter(source=source, resource=resource.key, external_id=external_id)
    object_id: int | None = None
    link = held_links(resource, source, [external_id]).get(external_id)
    if link is None:
        status = _keep_deletion(
            waiting.first(), resource, source, external_id, deleted_at=deleted_at, batch_id=batch_id
        )
    else:
        # A newer state that waits outlives the deletion, as it would if it had been applied.
        waiting.exclude(source_updated_at__gt=deleted_at).delete()
        object_id = link.object_id
        if link.deleted_at:
            status = "unchanged"
        elif source_updated_at and link.source_updated_at and source_updated_at < link.source_updated_at:
            status = "stale"
        else:
            status = DELETED
            if link.is_shared:
                note_records(batch_id=batch_id, links=[link.id], was_there=True)
            lives_on = _bury(
                resource,
                source,
                link_id=link.id,
                object_id=link.object_id,
                deleted_at=deleted_at,
                batch_id=batch_id,
                xid=xid,
            )
            if link.is_shared and lives_on:
                _let_others_decide(resource, link.object_id)
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


def _let_others_decide(resource: Resource, object_id: int) -> None:
    """Let the remaining sources' word count; where it would break a rule the object stays as it is."""
    try:
        settle_objects(resource=resource, object_ids=[object_id])
    except UnsettledError as error:
        logger.warning("%s %s keeps what a deleted record said: %s", resource.key, object_id, error.detail)


def _keep_deletion(
    waiting: PendingRecord | None,
    resource: Resource,
    source: Source,
    external_id: str,
    *,
    deleted_at: datetime,
    batch_id: int,
) -> str:
    """Keep a deletion that came before its record, in the place of an older state that waits; return its status.

    It holds its place in time as a waiting state does: an older state that comes late is stale.
    """
    # A state of the very moment of the deletion is stale too, so the place kept is just behind it.
    place = deleted_at + timedelta(microseconds=1)
    status = DELETED
    if waiting is not None and waiting.code == PendingRecord.DELETED:
        status = "unchanged"
    if waiting is not None and waiting.source_updated_at and waiting.source_updated_at > deleted_at:
        return status if status == "unchanged" else "stale"
    PendingRecord.objects.update_or_create(
        source=source,
        resource=resource.key,
        external_id=external_id,
        defaults={
            "payload": {"external_id": external_id},
            "source_updated_at": place,
            "code": PendingRecord.DELETED,
            "field": "",
            "detail": "Deleted before it came; an older state that comes late is stale.",
            "candidates": None,
            "is_new": False,
            "waits_for_resource": resource.key,
            "waits_for_source": source,
            "waits_for_external_id": external_id,
            "batch_id": batch_id,
        },
    )
    return status


def _bury(
    resource: Resource,
    source: Source,
    *,
    link_id: int,
    object_id: int,
    deleted_at: datetime,
    batch_id: int,
    xid: int,
) -> bool:
    """Write the tombstone; return whether the object lives on, held by others."""
    lives_on = False
    params = {"link": link_id, "object": object_id, "time": deleted_at, "batch": batch_id, "xid": xid}
    if resource.effects:
        _execute("touched_one", params)
        prepare_effects(resource)
    target = sql.Identifier(resource.table)
    if resource.stream:
        _execute("bury_stream", params, target=target)
    else:
        _execute("bury_link", params)
        _execute("bury", {**params, "resource": resource.key, "own_source": OWN_SLUG}, target=target)
        # An object that another source still holds lives on; it only loses an external id.
        living = resource.model._base_manager.filter(pk=object_id, deleted_at=None)  # noqa: SLF001 - Django documents it
        lives_on = living.exists()
        Change.objects.create(
            batch_id=batch_id,
            source=source,
            resource=resource.key,
            object_id=object_id,
            kind=Change.Kind.UPDATED if lives_on else Change.Kind.DELETED,
            before={} if lives_on else None,
            after={} if lives_on else None,
            source_updated_at=deleted_at,
            xid=xid,
        )
    if resource.effects:
        run_effects(resource)
    return lives_on


def _execute(name: str, params: dict[str, Any], **parts: sql.Composable) -> None:
    with connection.cursor() as cursor:
        cursor.execute(load_sql("sync", name, **parts), params)
