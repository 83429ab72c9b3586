"""Apply records that had waited, as soon as what they waited for is there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import msgspec
from django.db import connection, transaction

from common.sql import load_sql
from sync.declarations import FieldError, Record
from sync.models import Batch, PendingRecord, Source
from sync.pipeline.batch import CREATED, REJECTED, UNCHANGED, UPDATED, Outcome
from sync.pipeline.decode import MAX_RECORDS, Decoded
from sync.pipeline.locks import lock_resource
from sync.pipeline.run import run_batch
from sync.registry import resources


def apply_ready(*, limit: int | None = None) -> int:
    """Apply every waiting record whose reference has arrived; return how many were applied.

    Goes on until nothing is ready, since an applied record may be what others wait for; with ``limit``
    until so many were taken up. Each round of a resource and source is a transaction of its own. One that
    turns out to break a rule stays listed under the error's code and isn't tried again by itself.
    """
    applied = taken = 0
    while limit is None or taken < limit:
        ready = _ready(MAX_RECORDS if limit is None else min(MAX_RECORDS, limit - taken))
        if not ready:
            break
        for (resource, source_id), external_ids in ready.items():
            taken += len(external_ids)
            outcome = apply_records(resource, source_id, external_ids)
            counts = outcome.counts if outcome else {}
            applied += sum(counts.get(status, 0) for status in (CREATED, UPDATED, UNCHANGED))
    return applied


def _ready(limit: int) -> dict[tuple[str, int], list[str]]:
    groups: dict[tuple[str, int], list[str]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(load_sql("sync", "pending_ready"), [[resource.key for resource in resources], limit])
        for resource, source_id, external_id in cursor.fetchall():
            groups[resource, source_id].append(external_id)
    return groups


@transaction.atomic
def apply_records(key: str, source_id: int, external_ids: Sequence[str]) -> Outcome | None:
    """Apply those of a source's records that wait, ready or not; None where none of them waits.

    One that still misses its reference waits on. Locks the resource.
    """
    resource = resources[key]
    source = Source.objects.get(pk=source_id)
    # Taken before reading, so that a newer state laid over a waiting record meanwhile is the one applied.
    lock_resource(resource, source)
    waiting = PendingRecord.objects.filter(
        source=source,
        resource=key,
        external_id__in=external_ids,
        code__in=(PendingRecord.WAITING, PendingRecord.AMBIGUOUS),
    )
    decoded = Decoded([])
    for pending in waiting.order_by("pk"):
        index = len(decoded.records)
        decoded.external_ids[index] = pending.external_id
        record: Record | None = None
        try:
            record = msgspec.convert(pending.payload, resource.record)
        except msgspec.ValidationError as error:  # the declaration has become narrower since
            decoded.errors[index] = [FieldError("", "invalid", str(error))]
        decoded.records.append(record)
    if not decoded.records:
        return None
    outcome = run_batch(resource=resource, source=source, decoded=decoded, mode=Batch.Mode.PENDING)
    _keep_refused(source, key, outcome)
    return outcome


def _keep_refused(source: Source, key: str, outcome: Outcome) -> None:
    for result in outcome.results:
        if result.status == REJECTED:
            first = result.errors[0]
            PendingRecord.objects.filter(source=source, resource=key, external_id=result.external_id).update(
                code=first.code, field=first.field[:64], detail=first.detail
            )
