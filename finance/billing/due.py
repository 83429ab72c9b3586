"""What invoices are due by a day: computed anew each time from contracts, arrangements and what was issued."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

from accounts.models import Account
from common.formatting import format_date, format_money
from finance.billing.charging import Billed, Piece, missing_of, pieces
from finance.billing.cycles import Cycle
from finance.billing.facts import Facts, Told, milestone_id, read_facts
from finance.billing.paying import Payer, payer_on
from finance.billing.proration import decimals_of, round_money
from finance.models import BillingArrangement, BillingMilestone

MOST_POSITIONS = 1_000
Schedule = BillingArrangement.Schedule


@dataclass(frozen=True, slots=True)
class Position:
    """One line of an invoice, for a division; what is given back is negative."""

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
class DueInvoice:
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
    """The invoices due by a day, and what is left out."""

    invoices: list[DueInvoice] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)


def invoices_due(payers: Collection[int], until: date) -> Due:
    """Return what these payers are to be billed by a day; some ten queries, however many they are."""
    facts = read_facts(payers, until)
    due = Due()
    for payer_id in sorted(facts.asked):
        payer = facts.payers[payer_id]
        _of_lines(payer, facts, until, due)
        _of_milestones(payer, facts, until, due)
    return due


def due_id(payer: int, currency: str, start: date) -> str:
    """Return the external id of the invoice of a stretch: the same whenever and by whomever it is made."""
    return f"bill-{payer}-{currency}-{start.isoformat()}"


def _of_lines(payer: Payer, facts: Facts, until: date, due: Due) -> None:
    cycles, lines = payer.cycles(until), facts.lines.get(payer.account.pk, [])
    for currency in sorted({told.currency for told in lines}):
        open_ = _open_cycles(payer, cycles, currency, facts, due)
        found: dict[Cycle, list[tuple[Told, Piece, Decimal]]] = defaultdict(list)
        waiting = Decimal(0)
        for told in (one for one in lines if one.currency == currency):
            charged, billed = facts.of(payer.account.pk, told)
            for piece in pieces(told.line, charged, list(open_), billed):
                rate = _rate(payer, piece, billed, open_[piece.cycle])
                found[piece.cycle].append((told, piece, rate))
            if not open_:
                waiting += sum((one.net for one in missing_of(told.line, charged, billed)), Decimal(0))
        if waiting:
            due.left_out.append(_waits(payer, currency, waiting, until))
        for cycle, held in sorted(found.items(), key=lambda one: one[0]):
            positions = (
                _position(told, piece, currency, rate) for told, piece, rate in sorted(held, key=_place)
            )
            bill = DueInvoice(
                external_id=due_id(payer.account.pk, currency, cycle.start),
                payer=payer.account,
                currency=currency,
                bill_on=cycle.bill_on,
                start=cycle.start,
                end=cycle.end,
                version=open_[cycle],
                positions=tuple(positions),
            )
            _add(due, bill)
    for told in lines:
        if told.line.runs_on(until) and (why := _why_not(payer, facts, told, until)):
            due.left_out.append(LeftOut(payer.account, told.product, why))


def _open_cycles(
    payer: Payer, cycles: list[tuple[Cycle, BillingArrangement]], currency: str, facts: Facts, due: Due
) -> dict[Cycle, BillingArrangement]:
    """Return the stretches whose invoice isn't issued or thrown away yet, with the version of each."""
    found: dict[Cycle, BillingArrangement] = {}
    for cycle, version in cycles:
        if due_id(payer.account.pk, currency, cycle.start) in facts.issued:
            continue
        if (payer.account.pk, currency, cycle.start) in facts.passed:
            what = f"{currency}, {format_date(cycle.start)} to {format_date(cycle.last_day)}"
            why = "Thrown away; what it held comes with the next one"
            due.left_out.append(LeftOut(payer.account, what, why))
        else:
            found[cycle] = version
    return found


def _rate(payer: Payer, piece: Piece, billed: Billed, version: BillingArrangement) -> Decimal:
    """Return the tax of a piece: a correction's is that of what it corrects, late days' what was agreed for them."""
    if piece.is_correction and (piece.start, piece.end) in billed.rates:
        return billed.rates[piece.start, piece.end]
    return (payer.version_on(piece.start) or version).tax_percent


def _waits(payer: Payer, currency: str, net: Decimal, until: date) -> LeftOut:
    amount = format_money(net, currency, decimals=decimals_of(currency))
    if payer.invoices_after(until):
        return LeftOut(
            payer.account, f"{amount} before tax", "Corrects earlier invoices; comes with the next one"
        )
    why = "Corrects earlier invoices, and no invoice follows; credit it, or invoice it in the other system"
    return LeftOut(payer.account, f"{amount} before tax", why)


def _why_not(payer: Payer, facts: Facts, told: Told, until: date) -> str:
    """Return why a line that runs isn't on the payer's invoices, though these are made here; else nothing."""
    charged, _ = facts.of(payer.account.pk, told)
    if not any(stretch.start <= until < stretch.end for stretch in charged.payer):
        return ""
    if told.is_usage:
        return "Billed by use; the system that counts the use invoices it"
    version = payer.version_on(until)
    if told.line.price is not None and version is not None and version.schedule == Schedule.CUSTOM:
        last = max(version.dates)
        if last <= until:
            return f"The agreed days ended on {format_date(last)}; nothing after is billed"
    return ""


def _of_milestones(payer: Payer, facts: Facts, until: date, due: Due) -> None:
    for milestone in facts.milestones.get(payer.account.pk, []):
        name = milestone_id(milestone.pk)
        if name in facts.issued:
            continue
        on = min(day for day in (milestone.due_on, milestone.reached_on) if day is not None)
        account = facts.accounts[milestone.account_id]
        billed_by, version = _who_is_billed(account, on, facts)
        if version is None:
            billed_by, version = _who_is_billed(account, until, facts)
        if billed_by is not None and billed_by is not payer:
            continue
        if version is None:
            due.left_out.append(
                LeftOut(payer.account, milestone.label, "Its invoices are made in another system")
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
        _add(due, DueInvoice(name, payer.account, milestone.currency, on, None, None, version, (position,)))


def _who_is_billed(
    account: Account, day: date, facts: Facts
) -> tuple[Payer | None, BillingArrangement | None]:
    """Return who is billed for an account on a day, with the version by which that is done here, if one does."""
    payer = payer_on(account, day, facts.payers)
    version = payer.version_on(day) if payer is not None else None
    return payer, version if version is not None and version.schedule != Schedule.ELSEWHERE else None


def _add(due: Due, bill: DueInvoice) -> None:
    if len(bill.positions) > MOST_POSITIONS:
        what = f"{bill.currency}, {format_date(bill.bill_on)}"
        why = f"More than {MOST_POSITIONS:,} lines; invoice it more often, or divisions apart"
        due.left_out.append(LeftOut(bill.payer, what, why))
    else:
        due.invoices.append(bill)


def _place(entry: tuple[Told, Piece, Decimal]) -> tuple[Any, ...]:
    told, piece, _ = entry
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
