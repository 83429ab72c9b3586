"""Writes of signals."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime, time

from django.db.models.functions import Now
from django.db.transaction import atomic

from metrics.models import RefreshRun
from metrics.registry import Source
from metrics.statements import compile_query, load
from pods.models import Signal


@atomic
def follow_trigger(
    *,
    key: str,
    severity: str,
    category: str,
    reason: str,
    reason_one: str,
    source: Source,
    as_of: date,
    first: int,
    last: int,
) -> int:
    """Open, update and close the signals of one trigger for accounts ``first`` to ``last``.

    ``source`` gives ``(account_id, value)`` of the accounts where the trigger holds on ``as_of``. What is
    newly open is told on the account's timeline. An earlier day than the newest changes nothing. Returns
    the rows changed.
    """
    if not RefreshRun.objects.is_newest(as_of):
        return 0
    rows = load(
        "pods",
        "signals",
        source=compile_query(source),
        key=key,
        severity=severity,
        category=category,
        reason=reason,
        reason_one=reason_one,
        place="{date}" if "{date}" in reason else "{value}",
        is_date="{date}" in reason,
        as_of=as_of,
        happened_at=datetime.combine(as_of, time.min, UTC),
        first=first,
        last=last,
    ).fetch()
    return int(rows[0][0])


def close_undeclared_signals(*, declared: Collection[str], as_of: date, first: int, last: int) -> int:
    """Close the open signals of triggers that no app declares any more; return how many."""
    if not RefreshRun.objects.is_newest(as_of):
        return 0
    open_signals = Signal.objects.filter(closed_on=None, account_id__gte=first, account_id__lte=last)
    return open_signals.exclude(trigger__in=declared).update(closed_on=as_of, updated_at=Now())
