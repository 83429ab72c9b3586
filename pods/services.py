"""Writes of signals."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime, time

from django.db.transaction import atomic

from metrics.models import RefreshRun
from metrics.registry import Source
from metrics.statements import compile_query, load


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
    event: str = "",
) -> int:
    """Open, update and close the signals of one trigger for accounts ``first`` to ``last``.

    ``source`` gives ``(account_id, value)`` of the accounts where the trigger holds on ``as_of``. What is
    newly open is told on the account's timeline, and to other systems with what closes; where the value is a
    date, it is sent as ``event`` too. An earlier day than the newest changes nothing. Returns the rows changed.
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
        event=event,
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
    rows = load(
        "pods", "signals_undeclared", declared=list(declared), as_of=as_of, first=first, last=last
    ).fetch()
    return int(rows[0][0])
