"""One batch from decoded records to its answer, in one transaction."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

import msgspec
from django.db import transaction

from sync.declarations import Resource
from sync.models import Batch, Link, PendingRecord, Source
from sync.pipeline.batch import CREATED, REJECTED, STATUSES, UNCHANGED, UPDATED, Outcome, Result, Row, Run
from sync.pipeline.decode import NUL_ESCAPE, Decoded
from sync.pipeline.identity import attach_rows
from sync.pipeline.locks import lock_resource
from sync.pipeline.merge import merge_rows
from sync.pipeline.resolve import match_rows, resolve_rows
from sync.pipeline.settle import settle_staged
from sync.pipeline.stage import stage_rows
from sync.pipeline.validate import drop_repeats, validate_rows
from sync.pipeline.waiting import store_waiting
from sync.webhooks.wake import wake_relay_on_commit

KEPT_ERRORS = 100


@transaction.atomic
def run_batch(
    *,
    resource: Resource,
    source: Source,
    decoded: Decoded,
    client_id: int | None = None,
    by_id: int | None = None,
    mode: str = Batch.Mode.UPSERT,
    dry_run: bool = False,
    atomic: bool = False,
) -> Outcome:
    """Apply decoded records in one transaction and say what became of each.

    A bad record never stops the others, except with ``atomic``: then one refused record undoes all, and
    the outcome is not ``committed``. ``dry_run`` undoes everything in any case. Locks the resource.
    """
    started = time.perf_counter()
    results, rows = _take_up(decoded)
    run = Run(resource, source, str(mode), rows, results, client_id, by_id)
    validate_rows(run, may_hold_nul=decoded.may_hold_nul)
    everyone = run.rows
    written: list[Row] = []
    if everyone:
        drop_repeats(run)
        run.batch_id, run.xid = lock_resource(resource, source)
        match_rows(run)
        resolve_rows(run)
        written = run.rows
        if written:
            attach_rows(run)
            merge_rows(run, settle_staged(run, stage_rows(run)))
            for twin, leader in run.twins.items():
                results[twin].status = results[leader].status
        _keep_waiting(run, everyone)
        _name_repeats(results)
    counts = dict.fromkeys(STATUSES, 0)
    for result in results:
        counts[result.status] += 1
    undone = dry_run or (atomic and counts[REJECTED] > 0)
    if undone:
        transaction.set_rollback(True)
        for row in written:
            if row.is_new:
                results[row.index].id = None
    else:
        times = [*(row.time for row in everyone), *(repeat.time for repeat in decoded.repeats.values())]
        newest = max((moment for moment in times if moment is not None), default=None)
        _log_batch(run, counts, time.perf_counter() - started, newest)
        wake_relay_on_commit()
    outcome = Outcome(resource.key, source.pk, None if undone else run.batch_id, results, counts, not undone)
    if not undone and (counts[CREATED] or run.attached):
        outcome.brought = _brought(run)
    return outcome


def _brought(run: Run) -> list[str]:
    """Return the external ids that have become somebody's by this batch."""
    return [
        result.external_id
        for result in run.results
        if result.external_id
        and (
            result.status == CREATED
            or (result.index in run.attached and result.status in (UPDATED, UNCHANGED))
        )
    ]


def _take_up(decoded: Decoded) -> tuple[list[Result], list[Row]]:
    """Return a result for each record, final for repeats and what couldn't be read, and rows for the others."""
    digests = decoded.digests
    results: list[Result] = []
    rows: list[Row] = []
    for index, record in enumerate(decoded.records):
        if record is not None:
            results.append(Result(index, record.external_id, None))
            row = Row(index, record, record.source_updated_at or None)
            if digests is not None:
                row.digest = digests[index].hex()
            rows.append(row)
        elif (repeat := decoded.repeats.get(index)) is not None:
            results.append(Result(index, repeat.external_id, str(repeat.object_id), UNCHANGED))
        else:
            errors = tuple(decoded.errors.get(index, ()))
            results.append(Result(index, decoded.external_ids.get(index), None, REJECTED, errors))
    return results, rows


def _keep_waiting(run: Run, everyone: list[Row]) -> None:
    """Store the records that wait, and forget those that waited and needn't any more."""
    done = [
        row.record.external_id
        for row in everyone
        if row.record.external_id in run.held_pending
        and row.index not in run.waiting
        and run.results[row.index].status != REJECTED
    ]
    if done:
        held = PendingRecord.objects.filter(source=run.source, resource=run.resource.key)
        held.filter(external_id__in=done).delete()
    if not run.waiting:
        return
    waiting = [row for row in everyone if row.index in run.waiting]
    # The state applied last is no longer the last one sent, so sending it again is no mere repeat.
    overtaken = [row.link_id for row in waiting if row.link_id]
    if overtaken and not run.resource.stream:
        Link.objects.filter(pk__in=overtaken).update(digest=None)
    store_waiting(run, waiting)


def _name_repeats(results: list[Result]) -> None:
    """Give the older of two records with one external id the id of the newer."""
    nameless = [result for result in results if result.status == "stale" and result.id is None]
    if nameless:
        known = {result.external_id: result.id for result in results if result.id}
        for result in nameless:
            result.id = known.get(result.external_id)


def _log_batch(run: Run, counts: dict[str, int], seconds: float, newest: datetime | None) -> None:
    refused = [result for result in run.results if result.status == REJECTED]
    batch = Batch(
        pk=run.batch_id or None,
        source=run.source,
        client_id=run.client_id,
        by_id=run.by_id,
        resource=run.resource.key,
        mode=run.mode,
        seconds=seconds,
        source_time=newest,
        errors=_storable(refused[:KEPT_ERRORS]),
        **counts,
    )
    batch.save(force_insert=True)
    run.batch_id = batch.pk


def _storable(refused: list[Result]) -> list[dict[str, Any]]:
    # What was sent stands in there, and PostgreSQL takes no U+0000 in JSON.
    text = msgspec.json.encode(refused).replace(NUL_ESCAPE, b"\\ufffd")
    return msgspec.json.decode(text, type=list[dict[str, Any]])
