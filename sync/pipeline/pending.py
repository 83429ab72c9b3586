"""Apply records that had waited, as soon as what they waited for is there."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from django.db import DatabaseError, connection, transaction
from psycopg import sql

from common.sql import load_sql, sql_text
from sync.declarations import FieldError, Record
from sync.models import Batch, PendingRecord, Source
from sync.pipeline.batch import CREATED, PENDING, REJECTED, UNCHANGED, UPDATED, Outcome
from sync.pipeline.decode import MAX_RECORDS, Decoded
from sync.pipeline.locks import lock_resource
from sync.pipeline.run import run_batch
from sync.registry import resources

logger = logging.getLogger(__name__)

Groups = dict[tuple[str, int], list[str]]


def apply_ready() -> int:
    """Apply every waiting record whose reference has arrived; return how many were applied.

    Goes on until nothing is ready, since an applied record may be what others wait for. Each round of a
    resource and source is a transaction of its own. One that turns out to break a rule stays listed under the
    error's code and isn't tried again by itself.
    """
    applied = 0
    while ready := _ready("pending_anywhere", {}, MAX_RECORDS):
        applied += sum(map(_count_applied, _apply(ready)))
    return applied


def apply_followers(outcomes: Iterable[Outcome], *, limit: int = MAX_RECORDS) -> int:
    """Apply what waited for the records that batches have just brought; return how many were applied.

    Looks at those only, however many wait for others, and at those of the batches' own that wait: what these
    wait for may have come meanwhile. Goes on with what waits for what it applies, until ``limit`` were taken
    up; the beat takes the rest. Transactions and refusals are as in ``apply_ready``.
    """
    applied = taken = 0
    came = [outcome for outcome in outcomes if outcome.committed]
    while came and taken < limit:
        ready = _waiting_for(came, limit - taken)
        taken += sum(map(len, ready.values()))
        came = _apply(ready)
        applied += sum(map(_count_applied, came))
    return applied


def follow_up_batches(outcomes: Iterable[Outcome]) -> None:
    """Do the same after a write, up to a batch, leaving what fails to the beat: what was asked for is in."""
    try:
        apply_followers(outcomes)
    except DatabaseError:
        logger.exception("Could not apply waiting records after a write")


def _apply(ready: Groups) -> list[Outcome]:
    outcomes = [apply_records(key, source_id, names) for (key, source_id), names in ready.items()]
    return [outcome for outcome in outcomes if outcome is not None]


def _count_applied(outcome: Outcome) -> int:
    return sum(outcome.counts[status] for status in (CREATED, UPDATED, UNCHANGED))


def _waiting_for(outcomes: Sequence[Outcome], limit: int) -> Groups:
    batches = [outcome.batch_id for outcome in outcomes if outcome.counts[PENDING]]
    pairs = [
        (outcome.source_id, outcome.resource, name)
        for outcome in outcomes
        if outcome.brought and _is_awaited(outcome)
        for name in outcome.brought
    ]
    if not batches and not pairs:
        return {}
    sources, keys, names = ([pair[place] for pair in pairs] for place in range(3))
    brought: dict[str, Any] = {"sources": sources, "keys": keys, "names": names, "batches": batches}
    return _ready("pending_brought", brought, limit)


def _is_awaited(outcome: Outcome) -> bool:
    """Return whether any record waits for one of this resource and source."""
    waiting = PendingRecord.objects.filter(
        waits_for_source=outcome.source_id, waits_for_resource=outcome.resource
    )
    return waiting.exists()


def _ready(first: str, params: dict[str, Any], limit: int) -> Groups:
    groups: Groups = defaultdict(list)
    query = load_sql("sync", "pending_ready", first=sql.SQL(sql_text("sync", first)))
    known = [resource.key for resource in resources]
    with connection.cursor() as cursor:
        cursor.execute(query, {**params, "resources": known, "limit": limit})
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
