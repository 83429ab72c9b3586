"""Take batches back, through the pipeline itself: its change rows are kept, and the feed tells of it."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import msgspec
from django.db import connection, transaction
from psycopg import sql

from common.sql import load_sql
from sync.declarations import Resource
from sync.models import Batch, PendingRecord, Undoing
from sync.pipeline.batch import PENDING, REJECTED
from sync.pipeline.decode import Decoded
from sync.pipeline.locks import lock_resource
from sync.pipeline.merge import prepare_effects, run_effects
from sync.pipeline.run import run_batch
from sync.registry import resources
from sync.undoing.before import forget_words, give_words_back, noted_objects
from sync.undoing.plan import Conflict, UndoPlan, plan_undo, records_of
from sync.undoing.shared import decide_anew, keep_what_others_hold, living, withdraw_claims

KEPT_CONFLICTS = 200


class CannotUndoError(Exception):
    """The batch can't be taken back; the text says why."""


def why_not(batch: Batch) -> str:
    """Return why a batch can't be taken back, or nothing where it can."""
    if batch.resource not in resources:
        return f"There are no {batch.resource} any more."
    if batch.source.is_own:
        return "It was made here, not sent. Take it back where it was made."
    if batch.mode == Batch.Mode.UNDO:
        return "It took another batch back itself. Send the records again to have them once more."
    if resources[batch.resource].stream:
        return "These are facts of a stream, which keep no earlier state. Delete single ones through the API."
    if Undoing.objects.filter(batch=batch).exists():
        return "It was taken back already."
    return ""


@transaction.atomic
def undo_batch(
    *, batch: Batch, by: Any = None, applied_later: Mapping[int, Iterable[int]] | None = None
) -> Undoing:
    """Give every field that ``batch`` changed what it held before, and take away what the batch created.

    A field that a later batch has changed, and a created record that one has, stay as they are and are listed as
    conflicts. Records of the batch that still wait are forgotten; ``applied_later`` names by batch the objects of
    those that had waited and were applied since, to be taken back too. Raises CannotUndoError. Locks the resource.
    """
    held = Batch.objects.select_for_update(of=("self",)).select_related("source").get(pk=batch.pk)
    if reason := why_not(held):
        raise CannotUndoError(reason)
    resource = resources[held.resource]
    lock_resource(resource, held.source)
    forgotten, _ = PendingRecord.objects.filter(batch=held).delete()
    plans: list[UndoPlan] = []
    batches: list[int] = []
    for number, objects in sorted((applied_later or {}).items(), reverse=True):
        later = Batch.objects.select_related("source").get(pk=number)
        plans.append(_take_back(resource, later, list(objects), batches))
    plans.append(_take_back(resource, held, None, batches))
    conflicts = [conflict for plan in plans for conflict in plan.conflicts]
    forget_words([held.pk])
    return Undoing.objects.create(
        batch=held,
        undone_by=by,
        restored=sum(len(plan.restored) for plan in plans),
        removed=sum(len(plan.remove) for plan in plans),
        forgotten=forgotten,
        conflicts=msgspec.to_builtins(conflicts[:KEPT_CONFLICTS]),
        conflict_count=len(conflicts),
        batches=batches,
    )


def _take_back(
    resource: Resource, batch: Batch, only: Collection[int] | None, batches: list[int]
) -> UndoPlan:
    plan = plan_undo(batch, only=only)
    noted = noted_objects(resource, batch, only)
    alive = living(resource, noted)
    batches += decide_anew(resource, batch, lambda: give_words_back(resource, batch, plan, alive))
    keep_what_others_hold(resource, batch, plan)
    batches += decide_anew(resource, batch, lambda: withdraw_claims(resource, batch, plan, only))
    restored = _restore(resource, batch, plan)
    _set_times_back(batch, [*plan.restore, *plan.revive])
    # Those that were deleted had to come back to life first.
    revived = [number for number in noted if number not in alive]
    batches += decide_anew(resource, batch, lambda: give_words_back(resource, batch, plan, revived))
    batches += [number for number in (restored, _remove(resource, batch, plan)) if number]
    return plan


def preview_undo(*, batch: Batch) -> Undoing:
    """Return what ``undo_batch`` would write, having done and undone it. Locks the resource meanwhile."""
    with transaction.atomic():
        undoing = undo_batch(batch=batch)
        transaction.set_rollback(True)
    return undoing


def _restore(resource: Resource, batch: Batch, plan: UndoPlan) -> int | None:
    wanted = {number: fields for number, fields in plan.restore.items() if fields}
    wanted |= {number: {} for number in plan.revive}
    if not wanted:
        return None
    external_ids = _external_ids(resource, batch, list(wanted))
    records, conflicts = records_of(resource, external_ids, wanted)
    plan.conflicts += conflicts
    for conflict in conflicts:
        _drop(plan, int(conflict.object_id))
    if not records:
        return None
    outcome = run_batch(
        resource=resource,
        source=batch.source,
        decoded=Decoded(list(records.values())),
        mode=Batch.Mode.UNDO,
    )
    for number, result in zip(records, outcome.results, strict=True):
        if result.status in (REJECTED, PENDING):
            detail = " ".join(error.detail for error in result.errors)
            plan.conflicts.append(Conflict(str(number), "", f"What it held can't be given back: {detail}"))
            _drop(plan, number)
    return outcome.batch_id


def _drop(plan: UndoPlan, number: int) -> None:
    plan.restore.pop(number, None)
    plan.revive = [held for held in plan.revive if held != number]


def _remove(resource: Resource, batch: Batch, plan: UndoPlan) -> int | None:
    if not plan.remove:
        return None
    started = time.perf_counter()
    batch_id, xid = lock_resource(resource, batch.source)
    params: dict[str, Any] = {
        "objects": plan.remove,
        "resource": resource.key,
        "source": batch.source_id,
        "batch": batch_id,
        "xid": xid,
    }
    target = sql.Identifier(resource.table)
    with connection.cursor() as cursor:
        if resource.effects:
            cursor.execute(load_sql("sync", "undo_touched"), params)
            prepare_effects(resource)
        cursor.execute(load_sql("sync", "undo_bury_links"), params)
        cursor.execute(load_sql("sync", "undo_bury", target=target), params)
        cursor.execute(load_sql("sync", "undo_change"), params)
    if resource.effects:
        run_effects(resource)
    Batch(
        pk=batch_id,
        source=batch.source,
        resource=resource.key,
        mode=Batch.Mode.UNDO,
        seconds=time.perf_counter() - started,
        deleted=len(plan.remove),
    ).save(force_insert=True)
    return batch_id


def _external_ids(resource: Resource, batch: Batch, numbers: list[int]) -> dict[int, str]:
    params: dict[str, Any] = {
        "batch": batch.pk,
        "resource": resource.key,
        "source": batch.source_id,
        "objects": numbers,
    }
    with connection.cursor() as cursor:
        cursor.execute(load_sql("sync", "undo_links"), params)
        return dict(cursor.fetchall())


def _set_times_back(batch: Batch, numbers: list[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(load_sql("sync", "undo_times"), {"batch": batch.pk, "objects": numbers})
