"""Find records that wait and those that were discarded, as one list in the order of their ids."""

from __future__ import annotations

from collections.abc import Collection
from heapq import merge
from typing import Any

from django.db.models import Q, QuerySet

from sync.models import DiscardedRecord, PendingRecord

Kept = PendingRecord | DiscardedRecord

WAITING = "waiting"
AMBIGUOUS = "ambiguous"
REFUSED = "refused"
DISCARDED = "discarded"
STATES = (WAITING, AMBIGUOUS, REFUSED, DISCARDED)

OF_STATE = {
    WAITING: Q(code=PendingRecord.WAITING),
    AMBIGUOUS: Q(code=PendingRecord.AMBIGUOUS),
    REFUSED: ~Q(code__in=(PendingRecord.WAITING, PendingRecord.AMBIGUOUS)),
}


def state_of(record: Kept) -> str:
    """Return whether a record waits for another, for a person to say which object it is, for a correction, or not."""
    if isinstance(record, DiscardedRecord):
        return DISCARDED
    known = {PendingRecord.WAITING: WAITING, PendingRecord.AMBIGUOUS: AMBIGUOUS}
    return known.get(record.code, REFUSED)


def list_kept(
    *,
    resources: Collection[str],
    source: str = "",
    code: str = "",
    state: str = "",
    after: int = 0,
    size: int,
) -> list[Kept]:
    """Return up to ``size`` records with ids above ``after``, in the order of their ids.

    ``resources`` are the keys that may be shown; ``state`` is one of ``STATES``, or empty for all.
    """
    pending: QuerySet[PendingRecord] = PendingRecord.objects.waiting()
    if state in OF_STATE:
        pending = pending.filter(OF_STATE[state])
    found: list[QuerySet[Any]] = []
    rows: QuerySet[Any]
    for rows, is_asked in (
        (pending, state != DISCARDED),
        (DiscardedRecord.objects.all(), state in ("", DISCARDED)),
    ):
        if not is_asked:
            continue
        chosen = rows.filter(pk__gt=after, resource__in=resources)
        if source:
            chosen = chosen.filter(source__slug=source)
        if code:
            chosen = chosen.filter(code=code)
        found.append(_with_names(chosen).order_by("pk")[:size])
    return list(merge(*found, key=lambda record: record.pk))[:size]


def find_kept(pk: int) -> Kept | None:
    """Return the waiting or discarded record of an id."""
    pending = _with_names(PendingRecord.objects.waiting()).filter(pk=pk).first()
    return pending or _with_names(DiscardedRecord.objects.all()).filter(pk=pk).first()


def _with_names(rows: QuerySet[Any]) -> QuerySet[Any]:
    rows = rows.select_related("source", "waits_for_source")
    if rows.model is DiscardedRecord:
        return rows.select_related("discarded_by", "discarded_by_client")
    return rows
