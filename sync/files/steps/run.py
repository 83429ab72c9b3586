"""Try out and bring in the blocks of an import, one transaction each."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from typing import Any

import msgspec
from django.db import connection, transaction
from django.utils import timezone

from common.sql import load_sql
from sync.declarations import Resource
from sync.files.convert import Converter
from sync.files.plan import Plan, plan_of
from sync.files.references import normalised
from sync.files.steps.lock import locked, mark
from sync.files.storage import RowReport, cells_of, pack_report, report_of
from sync.files.targets import REFERENCE, targets
from sync.models import Import, ImportBlock, PendingRecord
from sync.pipeline.batch import CREATED, PENDING, REJECTED, STATUSES, UPDATED, Outcome, Result
from sync.pipeline.decode import Decoded
from sync.pipeline.pending import apply_ready
from sync.pipeline.run import run_batch
from sync.registry import resources

# A value in a report is there to be recognised; the change rows hold it whole.
LONGEST_VALUE = 200


@transaction.atomic
def check_next_block(pk: int) -> bool:
    """Try the next block of an import and keep what would happen; False where nothing is left to do."""
    imported = locked(pk, Import.State.CHECKING)
    if imported is None:
        return False
    block = imported.blocks.filter(report=None).order_by("position").first()
    if block is None:
        _finish_check(imported)
        return False
    converter = converter_of(imported)
    with transaction.atomic():
        outcome = _run(imported, converter, converter.decode(cells_of(block)))
        changes, waits = _changes(outcome), _waits(imported, outcome)
        transaction.set_rollback(True)
    _keep(block, [_report(result, changes, waits) for result in outcome.results])
    block.save(update_fields=["report", "counts"])
    mark(imported, rows_done=imported.rows_done + block.rows)
    return True


@transaction.atomic
def import_next_block(pk: int) -> bool:
    """Bring in the next block of an import; False where nothing is left to do.

    The block's batch, its report and its mark commit together: a worker that is lost costs this block, and none
    comes in twice.
    """
    imported = locked(pk, Import.State.IMPORTING)
    if imported is None:
        return False
    block = imported.blocks.filter(batch=None).order_by("position").first()
    if block is None:
        _finish_import(imported)
        return False
    converter = converter_of(imported)
    outcome = _run(imported, converter, converter.decode(cells_of(block)))
    _keep(block, [_report(result) for result in outcome.results])
    block.batch_id = outcome.batch_id
    block.save(update_fields=["report", "counts", "batch"])
    counts = Counter(imported.counts)
    counts.update(block.counts)
    mark(imported, rows_done=imported.rows_done + block.rows, counts=dict(counts))
    return True


def follow_up_import(imported: Import) -> None:
    """Apply what had waited for the records of an import, its own rows in another order included."""
    if imported.counts.get(CREATED) or imported.counts.get(UPDATED) or imported.counts.get(PENDING):
        apply_ready()


def converter_of(imported: Import) -> Converter:
    """Return what turns the blocks of an import into records."""
    resource = resources[imported.resource]
    plan = plan_of(imported.plan)
    ids = cache(lambda way: _ids_in_file(imported, resource, plan, way))
    return Converter(resource, imported.source, plan, in_file=ids)


def _ids_in_file(imported: Import, resource: Resource, plan: Plan, way: str) -> Mapping[str, list[str]]:
    """Return the external ids of the file's own rows by the value of field ``way``."""
    if way not in plan.by_target():
        return {}
    known = targets(resource)
    wanted = {way, "external_id", *Converter(resource, imported.source, plan).key}
    columns = [
        column
        if column.to in wanted and known[column.to].kind != REFERENCE
        else msgspec.structs.replace(column, to="")
        for column in plan.columns
    ]
    converter = Converter(resource, imported.source, msgspec.structs.replace(plan, columns=columns))
    found: dict[str, list[str]] = defaultdict(list)
    for block in imported.blocks.order_by("position").iterator(chunk_size=1):
        for record in converter.decode(cells_of(block)).records:
            value = getattr(record, way) if record is not None else None
            if isinstance(value, str) and record is not None:
                ids = found[normalised(resource, way, value)]
                if record.external_id not in ids:
                    ids.append(record.external_id)
    return found


def _run(imported: Import, converter: Converter, decoded: Decoded) -> Outcome:
    return run_batch(
        resource=converter.resource, source=imported.source, decoded=decoded, mode=converter.plan.mode
    )


def _report(
    result: Result,
    changes: Mapping[str, list[tuple[str, Any, Any]]] | None = None,
    waits: Mapping[str, str] | None = None,
) -> RowReport:
    is_trial = changes is not None
    if not is_trial and not result.errors:
        return RowReport(result.status, result.external_id, result.id)
    return RowReport(
        result.status,
        result.external_id,
        # What a dry run creates is gone again.
        None if is_trial and result.status == CREATED else result.id,
        [(error.field, error.code, error.detail) for error in result.errors],
        changes.get(result.id or "", []) if changes and result.status == UPDATED else [],
        waits.get(result.external_id or "") if waits and result.status == PENDING else None,
    )


def _keep(block: ImportBlock, rows: list[RowReport]) -> None:
    counts = Counter(row.status for row in rows)
    block.report = pack_report(rows)
    block.counts = {status: counts[status] for status in STATUSES if counts[status]}


def _changes(outcome: Outcome) -> dict[str, list[tuple[str, Any, Any]]]:
    """Return (field, before, after) by object id, as the batch has just written them down."""
    with connection.cursor() as cursor:
        cursor.execute(load_sql("sync", "file_changes"), [outcome.batch_id])
        rows = cursor.fetchall()
    return {str(number): _differences(_json(before), _json(after)) for number, before, after in rows}


def _waits(imported: Import, outcome: Outcome) -> dict[str, str]:
    """Return the external ids of the same kind and source that records wait for, by their own."""
    if outcome.batch_id is None or not outcome.counts[PENDING]:
        return {}
    waiting = PendingRecord.objects.filter(
        batch_id=outcome.batch_id, waits_for_resource=imported.resource, waits_for_source=imported.source_id
    )
    return dict(waiting.values_list("external_id", "waits_for_external_id"))


def _json(text: str | None) -> dict[str, Any]:
    return dict(json.loads(text, parse_float=Decimal)) if text else {}


def _differences(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    return [(name, _short(before.get(name)), _short(value)) for name, value in after.items()]


def _short(value: Any) -> Any:
    if value is None or isinstance(value, bool | int):
        return value
    text = value if isinstance(value, str) else str(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"


def _finish_check(imported: Import) -> None:
    """Sum up; rows that only wait for another row of the file are told apart from those that wait for good."""
    waiting = [block for block in imported.blocks.order_by("position") if block.counts.get(PENDING)]
    if waiting:
        _say_what_follows(imported, waiting)
    counts: Counter[str] = Counter()
    for held in imported.blocks.values_list("counts", flat=True):
        counts.update(held)
    mark(imported, state=Import.State.CHECKED, expected=dict(counts), rows_done=imported.rows)


def _say_what_follows(imported: Import, waiting: list[ImportBlock]) -> None:
    resource = resources[imported.resource]
    if resource.key not in resource.references.values():
        return
    coming = {
        row.external_id
        for block in imported.blocks.order_by("position").iterator(chunk_size=1)
        for row in report_of(block)
        if row.status != REJECTED
    }
    for block in waiting:
        rows = report_of(block)
        for row in rows:
            if row.waits_for is not None and row.waits_for in coming:
                row.errors = [
                    (
                        field,
                        "follows",
                        "It names another row of this file and is applied right after that one.",
                    )
                    for field, _, _ in row.errors
                ]
        _keep(block, rows)
        block.save(update_fields=["report"])


def _finish_import(imported: Import) -> None:
    imported.parts.all().delete()
    mark(imported, state=Import.State.DONE, rows_done=imported.rows, finished_at=timezone.now(), error="")
