"""Two nights beside each other: what each number was over all accounts, and which accounts moved most."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from metrics.models import NightFigure
from metrics.nights.telling import adds_up
from metrics.registry import Metric, metrics
from metrics.statements import load
from people.access import Access, Redacted

MOVERS = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Compared:
    """One number on two days; a side is None where that day has no sums of it.

    ``closed`` stands in the place of all figures for who may not read them.
    """

    metric: Metric
    before: NightFigure | None
    after: NightFigure | None
    closed: Redacted | None = None

    @property
    def accounts_change(self) -> int | None:
        """How many more accounts have a value."""
        return (
            None if self.before is None or self.after is None else self.after.accounts - self.before.accounts
        )

    @property
    def total_change(self) -> Decimal | None:
        """What was added; None for numbers whose sum says nothing."""
        if self.before is None or self.after is None or not self.adds_up:
            return None
        return self.after.total - self.before.total

    @property
    def mean_change(self) -> Decimal | None:
        """How much further the mean lies."""
        if self.before is None or self.after is None or self.before.mean is None or self.after.mean is None:
            return None
        return self.after.mean - self.before.mean

    @property
    def mean_moved(self) -> Decimal | None:
        """How far the mean moved, in ``moved_unit``: in per cent of what it was, that of dates in days."""
        change = self.mean_change
        if change is None or self.metric.unit == "date":
            return change
        assert self.before is not None
        return change / abs(self.before.mean) * 100 if self.before.mean else None

    @property
    def moved_unit(self) -> str:
        """The unit of ``mean_moved``."""
        return "days" if self.metric.unit == "date" else "%"

    @property
    def share(self) -> Decimal:
        """How far the mean, or the number of accounts, moved, as a share of what it was; to sort by."""
        if self.closed is not None or self.before is None or self.after is None:
            return Decimal(-1)
        moves = [_share(Decimal(self.before.accounts), Decimal(self.after.accounts))]
        if self.metric.unit != "date" and self.before.mean is not None and self.after.mean is not None:
            moves.append(_share(self.before.mean, self.after.mean))
        return max(moves)

    @property
    def adds_up(self) -> bool:
        """Whether the sum over accounts says something."""
        return adds_up(self.metric.unit)


@dataclass(frozen=True, kw_only=True, slots=True)
class Mover:
    """One account whose number differs between two days; a side is None where it had no value."""

    account_id: int
    name: str
    before: Decimal | None
    after: Decimal | None
    change: Decimal


def compare_nights(before: date, after: date, access: Access) -> list[Compared]:
    """Return every number on two days, what moved most first; one query.

    A sum over accounts takes the access that reading totals of the number takes.
    """
    held: dict[tuple[date, str], NightFigure] = {
        (figure.as_of, figure.key): figure for figure in NightFigure.objects.filter(as_of__in=(before, after))
    }
    found = []
    for metric in metrics:
        closed = _closed(metric, access, "totals")
        one, other = held.get((before, metric.key)), held.get((after, metric.key))
        if one is None and other is None:
            continue
        found.append(
            Compared(
                metric=metric,
                before=one if closed is None else None,
                after=other if closed is None else None,
                closed=closed,
            )
        )
    return sorted(found, key=lambda row: (-row.share, row.metric.label))


def compared_days(limit: int = 400) -> list[date]:
    """Return the days that have sums, newest first."""
    days = NightFigure.objects.order_by("-as_of").values_list("as_of", flat=True).distinct()
    return list(days[:limit])


def movers_of(metric: Metric, before: date, after: date, *, limit: int = MOVERS) -> list[Mover]:
    """Return the accounts whose number moved most between two days; who has a value on one day only moved by all of it.

    One query. Ask only for who may read the number of an account.
    """
    rows: list[dict[str, Any]] = load(
        "metrics", "night_movers", key=metric.key, before=before, after=after, count=limit
    ).fetch_dicts()
    return [Mover(**row) for row in rows]


def _closed(metric: Metric, access: Access, level: str) -> Redacted | None:
    if access.allows(metric.category, level):
        return None
    return Redacted(metric.category, access.why_not(metric.category))


def _share(before: Decimal, after: Decimal) -> Decimal:
    return abs(after - before) / abs(before) if before else Decimal(1 if after else 0)
