"""Imports on workers. A task may run twice, late or not at all: the next one goes on from the blocks."""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from uuid import uuid4

from celery import shared_task
from django.db import OperationalError
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerError

from sync.files.services import drop_old_cells
from sync.files.steps.lock import give_up
from sync.files.steps.read import read_import
from sync.files.steps.run import check_next_block, follow_up_import, import_next_block
from sync.models import Import
from sync.undoing.imports import undo_next_batch

logger = logging.getLogger(__name__)

# Short enough that a message is acknowledged long before the broker would deliver it again.
WORK_SECONDS = 120.0
# A block takes a second or two; an import that hasn't moved for so long has lost its worker.
LOST_AFTER = timedelta(seconds=45)


@shared_task
def work_on_import(pk: int) -> None:
    """Do what is next for an import for a while, then hand on to the next message, until it waits for a person."""
    if not work_off(pk, seconds=WORK_SECONDS):
        work_on_import.delay(pk)


def work_off(pk: int, *, seconds: float) -> bool:
    """Work on an import for up to ``seconds``; return whether there is nothing left for workers to do.

    An error that would come again stops the import and is told on its page; a database that is away is not one.
    """
    try:
        return _work_off(pk, seconds)
    except OperationalError:
        raise
    except Exception:
        error_id = uuid4().hex[:12]
        logger.exception("Import %s failed, error %s", pk, error_id)
        give_up(pk, error_id)
        return True


@shared_task
def go_on_with_imports() -> None:
    """Go on with imports whose worker or message was lost."""
    lost = Import.objects.filter(state__in=Import.BUSY, step_at__lt=timezone.now() - LOST_AFTER)
    for pk in lost.values_list("pk", flat=True):
        work_on_import.delay(pk)


@shared_task
def drop_old_imports() -> int:
    """Throw away the cells of imports that are long done."""
    return drop_old_cells()


def _work_off(pk: int, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        state = Import.objects.filter(pk=pk).values_list("state", flat=True).first()
        if state == Import.State.READING:
            read_import(pk)
            return True
        if state == Import.State.CHECKING:
            went_on = check_next_block(pk)
        elif state == Import.State.IMPORTING:
            went_on = import_next_block(pk)
            if not went_on:
                _follow_up(pk)
        elif state == Import.State.UNDOING:
            went_on = undo_next_batch(pk)
        else:
            return True
        if not went_on:
            return True
    return False


def call_worker(pk: int) -> bool:
    """Ask a worker to go on with an import; False where none can be reached, and the schedule will do it later."""
    try:
        work_on_import.delay(pk)
    except BrokerError:
        return False
    return True


def _follow_up(pk: int) -> None:
    imported = Import.objects.filter(pk=pk, state=Import.State.DONE).first()
    if imported is not None:
        follow_up_import(imported)
