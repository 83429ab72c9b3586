"""Which bill charges which days of a contract line, and what earlier bills charged too much or too little: pure.

A line is charged from where its bills ended, stretch by stretch. Once a bill was issued it stays, so what the contract
meanwhile says otherwise of the days that it charged comes as a correction on the next one. What a line's bills come to
is therefore always what its contract says, to the cent, however often that changes on the way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from finance.billing.cycles import Cycle
from finance.billing.proration import Price

Span = tuple[date, date]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Days on which bills are made here, and the bill day by which months are counted then."""

    start: date
    end: date
    bill_day: int


@dataclass(frozen=True, slots=True)
class Line:
    """A contract line as its source tells it now; ``end`` is the first day after it, null where it runs on.

    ``price`` is none where nothing is to be paid: a trial, or a line that was deleted.
    """

    start: date
    end: date | None
    price: Price | None

    def value(self, start: date, end: date, stretches: Sequence[Stretch]) -> Decimal:
        """Return what the days from ``start`` to before ``end`` cost where bills are made here."""
        total = Decimal(0)
        if self.price is None:
            return total
        for stretch in stretches:
            first = max(start, self.start, stretch.start)
            last = min(end, self.end or date.max, stretch.end)
            if first < last:
                total += self.price.between(first, last, stretch.bill_day)
        return total


@dataclass(frozen=True, slots=True)
class Billed:
    """What issued bills charged for a line: net amounts by span, and the spans that another payer was charged for."""

    amounts: Mapping[Span, Decimal] = field(default_factory=dict)
    others: Sequence[Span] = ()

    @property
    def spans(self) -> list[Span]:
        """All that was charged, the earliest first."""
        return sorted({*self.amounts, *self.others})


@dataclass(frozen=True, slots=True)
class Piece:
    """One line of a bill: days of a contract line, and what they come to or, as a correction, what was missing."""

    cycle: Cycle
    start: date
    end: date
    net: Decimal
    is_correction: bool = False


def pieces(
    line: Line, stretches: Sequence[Stretch], cycles: Sequence[Cycle], billed: Billed
) -> Iterator[Piece]:
    """Yield what the bills of ``cycles`` charge for a line; corrections come with the first of them.

    ``cycles`` are those whose bill isn't issued yet, the earliest first.
    """
    if not cycles or not stretches:
        return
    spans = billed.spans
    begins = max(line.start, stretches[0].start)
    for span in [*billed.amounts, *_gaps(spans, begins)]:
        missing = line.value(*span, stretches) - billed.amounts.get(span, Decimal(0))
        if missing:
            yield Piece(cycles[0], *span, missing, is_correction=span in billed.amounts)
    place = max([begins, *(end for _, end in spans)])
    for cycle in cycles:
        for start, end in ((place, cycle.start), (max(place, cycle.start), cycle.end)):
            first, last = max(start, line.start), min(end, line.end or date.max)
            if first < last and (net := line.value(first, last, stretches)):
                yield Piece(cycle, first, last, net)
        place = max(place, cycle.end)


def _gaps(spans: Sequence[Span], begins: date) -> Iterator[Span]:
    """Yield the days between ``begins`` and the last of the spans that none of them covers."""
    for start, end in spans:
        if begins < start:
            yield begins, start
        begins = max(begins, end)
