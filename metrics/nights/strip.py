"""The last 30 nights at a glance: which were made, how long workers were at them, and what failed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, Q, Sum

from common.formatting import format_count, format_date
from common.periods import days_until
from metrics.engine.plan import today
from metrics.models import RefreshRun, RefreshStep

NIGHTS = 30
LEVELS = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Night:
    """One day and the newest refresh of it; ``run`` is None where nobody made it.

    ``seconds`` is what workers needed for its steps together, ``level`` how much that is among the nights shown, from 1
    to 4.
    """

    day: date
    run: RefreshRun | None
    failed: int = 0
    steps: int = 0
    rows: int = 0
    seconds: float = 0.0
    level: int = 0

    @property
    def tone(self) -> str:
        """``gap``, ``running``, ``failed`` or ``done``."""
        if self.run is None:
            return "gap"
        if self.run.state == RefreshRun.State.RUNNING:
            return "running"
        return "failed" if self.failed else "done"

    @property
    def state(self) -> str:
        """What became of it, in words."""
        if self.run is None:
            return "No refresh"
        if self.run.state == RefreshRun.State.RUNNING:
            return "Running"
        return f"{format_count(self.failed, 'step')} failed" if self.failed else "Done"

    @property
    def words(self) -> str:
        """What its cell says to who can't see it."""
        if self.run is None:
            return f"{format_date(self.day)}: no refresh"
        return f"{format_date(self.day)}: {self.state.lower()}, {self.seconds:,.1f} s of work"


def nights_until(last: date, count: int = NIGHTS) -> list[Night]:
    """Return the ``count`` days that end with ``last``, oldest first, with the newest refresh of each; two queries."""
    days = days_until(last, count)
    listed = RefreshRun.objects.filter(as_of__range=(days[0], days[-1])).order_by("pk")
    newest = {run.as_of: run for run in listed}
    sums: dict[int, dict[str, Any]] = {
        row["run"]: dict(row)
        for row in RefreshStep.objects.filter(run__in=newest.values())
        .order_by()
        .values("run")
        .annotate(
            steps=Count("pk"),
            failed=Count("pk", filter=Q(state=RefreshStep.State.FAILED)),
            written=Sum("rows"),
            took=Sum("seconds"),
        )
    }
    longest = max((row["took"] or 0.0 for row in sums.values()), default=0.0)
    found = []
    for day in days:
        run = newest.get(day)
        row: dict[str, Any] = sums.get(run.pk, {}) if run is not None else {}
        seconds = row.get("took") or 0.0
        found.append(
            Night(
                day=day,
                run=run,
                failed=row.get("failed", 0),
                steps=row.get("steps", 0),
                rows=row.get("written") or 0,
                seconds=seconds,
                level=max(1, min(LEVELS, -int(-seconds * LEVELS // longest))) if longest else 1,
            )
        )
    return found


def newest_nights() -> list[Night]:
    """Return the 30 nights up to the day that has just ended."""
    return nights_until(today() - timedelta(days=1))


def finding(nights: Sequence[Night]) -> str:
    """Return in a sentence what the nights show."""
    made = [night for night in nights if night.run is not None]
    if not made:
        return f"None of the last {len(nights)} nights was made"
    failed = sum(1 for night in made if night.failed)
    gaps = len(nights) - len(made)
    said = [
        f"{failed} of {format_count(len(made), 'night')} had failures" if failed else "No night had a failure"
    ]
    if gaps:
        said.append(f"{format_count(gaps, 'day')} of {len(nights)} without a refresh")
    return ", ".join(said)
