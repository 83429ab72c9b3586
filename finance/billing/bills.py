"""What bills are due by a day: computed anew each time from contracts, arrangements and what was issued."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

from accounts.models import Account
from common.formatting import format_date
from finance.billing.charging import Billed, Piece, Stretch, pieces
from finance.billing.cycles import SCHEDULE_MONTHS, Cycle, Plan
from finance.billing.facts import Facts, Told, read_facts
from finance.billing.proration import round_money
from finance.models import BillingArrangement, BillingMilestone

MOST_POSITIONS = 1_000
Schedule = BillingArrangement.Schedule
CHARGING = frozenset({*SCHEDULE_MONTHS, Schedule.CUSTOM})


@dataclass(frozen=True, slots=True)
class Position:
    """One line of a bill, for a division; what is given back is negative."""

    account_id: int
    contract_line_id: int | None
    description: str
    start: date | None
    end: date | None
    quantity: Decimal
    net: Decimal
    tax_percent: Decimal
    tax: Decimal


@dataclass(frozen=True)
class Bill:
    """What a payer is to be billed in one currency, for one stretch of time or one milestone."""

    external_id: str
    payer: Account
    currency: str
    bill_on: date
    start: date | None
    end: date | None
    version: BillingArrangement
    positions: tuple[Position, ...]

    @cached_property
    def net(self) -> Decimal:
        """All positions before tax."""
        return sum((position.net for position in self.positions), Decimal(0))

    @cached_property
    def total(self) -> Decimal:
        """All positions with tax; below zero where more is given back than charged."""
        return self.net + sum((position.tax for position in self.positions), Decimal(0))

    @property
    def is_credit(self) -> bool:
        """Whether it comes as a credit note."""
        return self.total < 0


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something that isn't billed by the day asked for, and why."""

    account: Account
    what: str
    why: str


@dataclass(slots=True)
class Due:
    """The bills due by a day, and what is left out."""

    bills: list[Bill] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Payer:
    """A payer's arrangement through time."""

    account: Account
    versions: Sequence[BillingArrangement]

    def spans(self) -> Iterable[tuple[BillingArrangement, date, date | None]]:
        """Yield each version with its first day and the first day after it, but for those replaced at once."""
        for place, version in enumerate(self.versions):
            start = version.starts_on
            following = self.versions[place + 1 :]
            end = following[0].starts_on if following else None
            if start is not None and (end is None or start < end):
                yield version, start, end

    @property
    def stretches(self) -> list[Stretch]:
        """When lines are charged."""
        return [
            Stretch(start, end or date.max, version.bill_day)
            for version, start, end in self.spans()
            if version.schedule in CHARGING
        ]

    def cycles(self, until: date) -> list[tuple[Cycle, BillingArrangement]]:
        """Return the stretches whose bills are due by a day, with the version that says so."""
        return [
            (cycle, version)
            for version, start, end in self.spans()
            for cycle in Plan(
                version.schedule,
                start,
                end,
                version.bill_day,
                version.bill_month,
                version.timing,
                version.dates,
            ).cycles(until)
        ]

    def version_on(self, day: date) -> BillingArrangement | None:
        """Return the version that counts on a day."""
        return next(
            (version for version, start, end in self.spans() if start <= day and (end is None or day < end)),
            None,
        )


def bills_due(payers: Collection[int], until: date) -> Due:
    """Return what these payers are to be billed by a day; some ten queries, however many they are."""
    facts = read_facts(payers, until)
    due = Due()
    for payer_id in sorted(facts.versions.keys() & facts.payers.keys()):
        payer = _Payer(facts.payers[payer_id], facts.versions[payer_id])
        _of_lines(payer, facts, until, due)
        _of_milestones(payer, facts, until, due)
    return due


def bill_id(payer: int, currency: str, start: date) -> str:
    """Return the external id of the bill of a stretch: the same whenever and by whomever it is made."""
    return f"bill-{payer}-{currency}-{start.isoformat()}"


def milestone_id(milestone: int) -> str:
    """Return the external id of a milestone's bill."""
    return f"milestone-{milestone}"


def _of_lines(payer: _Payer, facts: Facts, until: date, due: Due) -> None:
    stretches, cycles = payer.stretches, payer.cycles(until)
    lines = facts.lines.get(payer.account.pk, [])
    for currency in sorted({told.currency for told in lines}):
        open_: dict[Cycle, tuple[str, BillingArrangement]] = {}
        for cycle, version in cycles:
            name = bill_id(payer.account.pk, currency, cycle.start)
            if (payer.account.pk, currency, cycle.start) in facts.passed:
                if name not in facts.issued:
                    what = f"{currency}, {format_date(cycle.start)} to {format_date(cycle.last_day)}"
                    due.left_out.append(
                        LeftOut(payer.account, what, "Thrown away; what it held comes with the next one")
                    )
            elif name not in facts.issued:
                open_[cycle] = (name, version)
        found: dict[Cycle, list[tuple[Told, Piece]]] = defaultdict(list)
        for told in lines:
            if told.currency == currency:
                billed = facts.billed.get((payer.account.pk, told.line_id), Billed())
                for piece in pieces(told.line, stretches, list(open_), billed):
                    found[piece.cycle].append((told, piece))
        for cycle, charged in sorted(found.items()):
            name, version = open_[cycle]
            _add(
                due,
                Bill(
                    external_id=name,
                    payer=payer.account,
                    currency=currency,
                    bill_on=cycle.bill_on,
                    start=cycle.start,
                    end=cycle.end,
                    version=version,
                    positions=tuple(
                        _position(told, piece, currency, version.tax_percent)
                        for told, piece in sorted(charged, key=_place)
                    ),
                ),
            )
    due.left_out += [
        LeftOut(payer.account, told.product, "Billed by use; the system that counts the use bills it")
        for told in lines
        if told.is_usage and told.line.start <= until and (told.line.end or date.max) > until
    ]


def _of_milestones(payer: _Payer, facts: Facts, until: date, due: Due) -> None:
    for milestone in facts.milestones.get(payer.account.pk, []):
        name = milestone_id(milestone.pk)
        if name in facts.issued:
            continue
        on = min(day for day in (milestone.due_on, milestone.reached_on) if day is not None)
        version = payer.version_on(on)
        if version is None or version.schedule == Schedule.ELSEWHERE:
            version = payer.version_on(until)
        if version is None or version.schedule == Schedule.ELSEWHERE:
            due.left_out.append(
                LeftOut(payer.account, milestone.label, "Its bills are made in another system")
            )
            continue
        tax = round_money(milestone.amount * version.tax_percent / 100, milestone.currency)
        position = Position(
            account_id=milestone.account_id,
            contract_line_id=None,
            description=_milestone_words(milestone),
            start=None,
            end=None,
            quantity=Decimal(1),
            net=milestone.amount,
            tax_percent=version.tax_percent,
            tax=tax,
        )
        _add(due, Bill(name, payer.account, milestone.currency, on, None, None, version, (position,)))


def _add(due: Due, bill: Bill) -> None:
    if len(bill.positions) > MOST_POSITIONS:
        what = f"{bill.currency}, {format_date(bill.bill_on)}"
        why = f"More than {MOST_POSITIONS:,} lines; bill it more often, or divisions apart"
        due.left_out.append(LeftOut(bill.payer, what, why))
    else:
        due.bills.append(bill)


def _place(entry: tuple[Told, Piece]) -> tuple[Any, ...]:
    told, piece = entry
    return (told.account_name, told.account_id, told.contract, told.product, told.line_id, piece.start)


def _position(told: Told, piece: Piece, currency: str, tax_percent: Decimal) -> Position:
    name = f"{told.product}, contract {told.contract}" if told.contract else told.product
    return Position(
        account_id=told.account_id,
        contract_line_id=told.line_id,
        description=(f"Correction: {name}" if piece.is_correction else name)[:500],
        start=piece.start,
        end=piece.end,
        quantity=Decimal(1) if piece.is_correction else told.quantity,
        net=piece.net,
        tax_percent=tax_percent,
        tax=round_money(piece.net * tax_percent / 100, currency),
    )


def _milestone_words(milestone: BillingMilestone) -> str:
    if milestone.reached_on is None:
        return milestone.label
    return f"{milestone.label}, reached on {format_date(milestone.reached_on)}"[:500]
