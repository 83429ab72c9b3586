"""Which invoice charges which days of a contract line, and what earlier invoices charged too much or too little: pure.

A line is charged from where its invoices ended, stretch by stretch. Once an invoice was issued it stays, so what the
contract meanwhile says otherwise of the days that it charged comes as a correction on the next one. What a line's
invoices come to is therefore always what its contract says, to the cent, however often that changes on the way.
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
    """Days on which invoices are made here, and the bill day by which months are counted then."""

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

    def runs_on(self, day: date) -> bool:
        """Return whether the line is active on a day."""
        return self.start <= day and (self.end is None or day < self.end)

    def parts(self, start: date, end: date, stretches: Sequence[Stretch]) -> Iterator[Span]:
        """Yield the days from ``start`` to before ``end`` on which the line runs, stretch by stretch."""
        for stretch in stretches:
            first = max(start, self.start, stretch.start)
            last = min(end, self.end or date.max, stretch.end)
            if first < last:
                yield first, last

    def value(self, start: date, end: date, stretches: Sequence[Stretch]) -> Decimal:
        """Return what the days from ``start`` to before ``end`` cost where invoices are made here."""
        total = Decimal(0)
        if self.price is None:
            return total
        for stretch in stretches:
            for first, last in self.parts(start, end, [stretch]):
                total += self.price.between(first, last, stretch.bill_day)
        return total


@dataclass(frozen=True, slots=True)
class Billed:
    """What issued invoices charged for a line: net amounts by span, and the spans that another payer was charged for.

    ``rates`` are the per cent of tax at which each span was charged.
    """

    amounts: Mapping[Span, Decimal] = field(default_factory=dict)
    others: Sequence[Span] = ()
    rates: Mapping[Span, Decimal] = field(default_factory=dict)

    @property
    def spans(self) -> list[Span]:
        """All that was charged, the earliest first."""
        return sorted({*self.amounts, *self.others})


@dataclass(frozen=True, slots=True)
class Charged:
    """Days on which a line is charged here: to the ``payer`` who is invoiced, and to ``anybody`` (null: the same).

    What an invoice charged is given back only for days that nobody is charged for, so that a year which was paid stays
    paid where another payer's invoices begin within it.
    """

    payer: Sequence[Stretch]
    anybody: Sequence[Stretch] | None = None

    @property
    def by_anybody(self) -> Sequence[Stretch]:
        """The days on which somebody is charged."""
        return self.payer if self.anybody is None else self.anybody


@dataclass(frozen=True, slots=True)
class Missing:
    """What issued invoices charged too little of some days or, below zero, too much."""

    span: Span
    net: Decimal
    is_correction: bool


@dataclass(frozen=True, slots=True)
class Piece:
    """One line of an invoice: days of a contract line, and what they come to or, as a correction, what was missing."""

    cycle: Cycle
    start: date
    end: date
    net: Decimal
    is_correction: bool = False


def missing_of(line: Line, charged: Charged, billed: Billed) -> Iterator[Missing]:
    """Yield what the next invoice has to put right: of days that were billed, and of days before that weren't."""
    for span, amount in billed.amounts.items():
        if net := line.value(*span, charged.by_anybody) - amount:
            yield Missing(span, net, is_correction=True)
    for gap in _gaps(billed.spans, line.start):
        for span in line.parts(*gap, charged.payer):
            if net := line.value(*span, charged.payer):
                yield Missing(span, net, is_correction=False)


def pieces(line: Line, charged: Charged, cycles: Sequence[Cycle], billed: Billed) -> Iterator[Piece]:
    """Yield what the invoices of ``cycles`` charge for a line; corrections come with the first of them.

    ``cycles`` are those whose invoice isn't issued yet, the earliest first.
    """
    if not cycles:
        return
    for missing in missing_of(line, charged, billed):
        yield Piece(cycles[0], *missing.span, missing.net, missing.is_correction)
    place = max([line.start, *(end for _, end in billed.spans)])
    for cycle in cycles:
        for days in ((place, cycle.start), (max(place, cycle.start), cycle.end)):
            for span in line.parts(*days, charged.payer):
                if net := line.value(*span, charged.payer):
                    yield Piece(cycle, *span, net)
        place = max(place, cycle.end)


def _gaps(spans: Sequence[Span], begins: date) -> Iterator[Span]:
    """Yield the days between ``begins`` and the last of the spans that none of them covers."""
    for start, end in spans:
        if begins < start:
            yield begins, start
        begins = max(begins, end)
