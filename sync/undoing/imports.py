"""Take a whole import back, batch by batch, the last one first."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.db import transaction
from django.utils import timezone

from sync.files.services import WrongStateError
from sync.files.steps.lock import locked, mark
from sync.files.storage import report_of
from sync.models import Batch, Change, Import, ImportBlock, Link, Undoing
from sync.pipeline.batch import PENDING
from sync.undoing.services import CannotUndoError, undo_batch, why_not

UNDOABLE = (Import.State.DONE, Import.State.STOPPED)


def blocks_to_undo(imported: Import) -> Any:
    """Return the blocks whose batches are still to be taken back, the last first."""
    undone = Undoing.objects.filter(batch__in=imported.blocks.exclude(batch=None).values("batch"))
    return imported.blocks.exclude(batch=None).exclude(batch__in=undone.values("batch")).order_by("-position")


@transaction.atomic
def begin_undo(*, imported: Import, by: Any = None) -> None:
    """Start taking an import back. Raises WrongStateError, and CannotUndoError for records that keep no history."""
    held = Import.objects.select_for_update().get(pk=imported.pk)
    if held.state not in UNDOABLE:
        raise WrongStateError(f"This can't be done now: the import is at “{held.get_state_display()}”.")
    block = blocks_to_undo(held).select_related("batch").first()
    if block is None or block.batch is None:
        raise CannotUndoError("Nothing of it came in, or all of it was taken back already.")
    if reason := why_not(block.batch):
        raise CannotUndoError(reason)
    undone = held.rows - sum(each.rows for each in blocks_to_undo(held))
    mark(held, state=Import.State.UNDOING, undone_by=by, rows_done=undone, error="")
    imported.refresh_from_db()


@transaction.atomic
def undo_next_batch(pk: int) -> bool:
    """Take the next batch of an import back; False where nothing is left to do."""
    imported = locked(pk, Import.State.UNDOING)
    if imported is None:
        return False
    block = blocks_to_undo(imported).select_related("batch").first()
    if block is None or block.batch is None:
        mark(imported, state=Import.State.UNDONE, rows_done=imported.rows, finished_at=timezone.now())
        return False
    undo_batch(batch=block.batch, by=imported.undone_by, applied_later=_applied_later(imported, block))
    mark(imported, rows_done=imported.rows_done + block.rows)
    return True


def _applied_later(imported: Import, block: ImportBlock) -> dict[int, list[int]]:
    """Return by batch the objects of a block's records that had waited and were applied since."""
    waited = [row.external_id for row in report_of(block) if row.status == PENDING]
    if not waited:
        return {}
    objects = Link.objects.filter(
        source=imported.source, resource=imported.resource, external_id__in=waited, deleted_at=None
    )
    changes = Change.objects.filter(
        resource=imported.resource,
        object_id__in=objects.values("object_id"),
        batch__mode=Batch.Mode.PENDING,
        batch__source=imported.source,
        batch_id__gt=block.batch_id,
    )
    found: dict[int, list[int]] = defaultdict(list)
    for batch_id, object_id in changes.values_list("batch_id", "object_id"):
        found[batch_id].append(object_id)
    return found
