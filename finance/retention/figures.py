"""The figures of the retention page: headline, bridge, series by month and segments, from one reading."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Any

from finance.retention.asking import Asked, member_labels, ordered
from finance.retention.definitions import MEASURES, Choice, Measure, add_up, to_decimal
from finance.retention.reading import read_left_out, read_segments
from finance.revenue.movements import Movement
from finance.revenue.windows import Window
from metrics.statements import load

Values = Mapping[Measure, Fraction | None]


@dataclass(frozen=True, kw_only=True)
class Figures:
    """One row: the terms of a definition for a month and a segment, with its four figures.

    ``moved`` is the last term: what the bridge shows.
    """

    label: str
    key: str
    month: date
    moved: Movement
    values: Values

    @property
    def shown(self) -> dict[str, Decimal | None]:
        """The figures as decimals."""
        return {measure: to_decimal(value) for measure, value in self.values.items()}


@dataclass(frozen=True, kw_only=True)
class Change:
    """What was entered of a closed month since it was published."""

    month: date
    closed_at: datetime
    entries: int
    rates: int

    @property
    def is_restated(self) -> bool:
        """Whether anything was."""
        return bool(self.entries or self.rates)


@dataclass(frozen=True, kw_only=True)
class Retention:
    """Everything the page shows: ``series`` by month for what is chosen.

    ``terms`` are the windows of each month, ``held`` the movements of each by the day it ends and by member,
    ``order`` the members as they are listed.
    """

    asked: Asked
    series: Sequence[Figures]
    members: Mapping[str, str]
    closed: Mapping[date, Change]
    left_out: Sequence[tuple[str, int]]
    terms: Mapping[date, Sequence[Window]]
    held: Mapping[date, Mapping[str, Movement]]
    order: Sequence[str]

    @property
    def checked(self) -> list[Movement]:
        """Every segment in every window that a figure here is made of."""
        return [row for found in self.held.values() for row in found.values()]

    @property
    def gaps(self) -> list[Movement]:
        """Those whose end isn't what led to it, to the cent; none is what is right."""
        return [row for row in self.checked if row.gap]

    def segments_of(self, month: date) -> list[Figures]:
        """Return the figures of each segment in a month."""
        told = (
            figures(
                self.asked.choice,
                month,
                _summed(self.terms[month], self.held, [member]),
                key=member,
                label=self.members.get(member, member),
            )
            for member in self.order
        )
        return [row for row in told if _is_told(row)]

    @cached_property
    def segments(self) -> list[Figures]:
        """The figures of each segment in the last month."""
        return self.segments_of(self.asked.last)

    @property
    def headline(self) -> Figures:
        """The figures of the last month."""
        return self.series[-1]

    @property
    def restated(self) -> list[Change]:
        """The closed months that the terms of the headline end with and of which something was entered since.

        A term was published as its last month was, its start included, so what came since then is all that restates it.
        """
        ends = self.asked.choice.definition.ends(self.asked.last)
        return [change for month, change in self.closed.items() if month in ends and change.is_restated]


def read_retention(asked: Asked) -> Retention:
    """Read what the page shows; one query over the ledger, and five small ones."""
    definition = asked.choice.definition
    terms = {month: definition.terms(month, until=asked.until) for month in asked.months}
    windows = sorted(
        {each for found in terms.values() for each in found}, key=lambda each: (each.start, each.end)
    )
    rows = read_segments(asked.choice, windows, asked.dimension, rates_day=asked.rates_day)
    held: dict[date, dict[str, Movement]] = defaultdict(dict)
    for row in rows:
        held[row.end_day][row.member] = row
    members = ordered(asked.dimension, sorted({row.member for row in rows}))
    labels = member_labels(asked.dimension, members)
    wanted = members if asked.member is None else [asked.member]
    series = [
        figures(asked.choice, month, _summed(terms[month], held, wanted), key="", label="All")
        for month in asked.months
    ]
    return Retention(
        asked=asked,
        series=series,
        terms=terms,
        held=held,
        order=members,
        members=labels,
        closed=closed_months(min(each.start for each in windows), asked.last),
        left_out=read_left_out(asked.choice, terms[asked.last], rates_day=asked.rates_day),
    )


def figures(choice: Choice, month: date, terms: Sequence[Movement], *, key: str, label: str) -> Figures:
    """Return the figures of a definition's terms."""
    return Figures(
        key=key,
        label=label,
        month=month,
        moved=terms[-1],
        values={measure: choice.value(measure, terms) for measure in MEASURES},
    )


def closed_months(first: date, last: date) -> dict[date, Change]:
    """Return the closed months of a span, with how much was entered of each since; one query."""
    rows = load("finance", "restated_months", first=first.replace(day=1), last=last).fetch_dicts()
    return {row["month"]: Change(**row) for row in rows}


def totals(rows: Sequence[Figures]) -> dict[str, Any]:
    """Return the sums of money and accounts over segments, which the whole equals to the cent."""
    names = (
        "start",
        "fx",
        "new",
        "expansion",
        "reactivation",
        "contraction",
        "churn",
        "end",
        "accounts",
        "lost",
    )
    return {name: sum(getattr(row.moved, name) for row in rows) for name in names}


def _summed(
    terms: Sequence[Window], held: Mapping[date, Mapping[str, Movement]], members: Sequence[str]
) -> list[Movement]:
    return [
        add_up([held[term.end][each] for each in members if each in held.get(term.end, {})], term)
        for term in terms
    ]


def _is_told(row: Figures) -> bool:
    moved = row.moved
    return bool(moved.start or moved.end or moved.churn or moved.expansion or moved.new or moved.reactivation)
