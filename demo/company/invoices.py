"""What was billed of the contracts lately, what was paid of it, and what went wrong: so that both sides agree.

Recurring lines are billed ahead for each of their periods, by days where the line ends within one; days, weeks and
usage at the end of each month; one-off lines at their start. An account pays as it always does: in time, late or badly;
one that things go badly for pays later than it always does.
"""

from __future__ import annotations

import random
from calendar import monthrange
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from demo.company.chance import base62, pick, rng_for
from demo.company.invoicing import left_on
from demo.company.records import Account, Bill, BillLine, Contract, CreditNote, Line, Paid

BILLED_DAYS = 460
MONTHS = {"month": 1, "quarter": 3, "half_year": 6, "year": 12}
TAX = {"DE": Decimal(19)}
CENT = Decimal("0.01")

_HABITS = {"early": 4.0, "in_time": 9.0, "late": 4.0, "bad": 1.0}
# Their paperwork is the longest.
_STRATEGIC_HABITS = {"early": 2.0, "in_time": 6.0, "late": 6.0, "bad": 3.0}
_IN_DOUBT = {"early": "in_time", "in_time": "late", "late": "bad", "bad": "bad"}
_DAYS_AFTER_DUE = {"early": (-20, -4), "in_time": (-6, 1), "late": (4, 34), "bad": (20, 110)}
_CAUSES = {
    "wrong_price": 4.0,
    "wrong_quantity": 5.0,
    "wrong_period": 2.0,
    "wrong_recipient": 1.0,
    "missing_reference": 3.0,
    "contract_late": 3.0,
    "duplicate": 1.0,
    "goodwill": 3.0,
    "": 2.0,
}
_DISPUTES = (
    "We have fewer seats than were billed.",
    "Our purchase order names a lower price.",
    "This period was on an earlier invoice.",
    "We gave notice of this part.",
)


def build_bills(
    seed: int, today: date, accounts: list[Account], contracts: list[Contract]
) -> tuple[list[Bill], list[CreditNote], list[Paid]]:
    """Return invoices, credit notes and payments of the last ``BILLED_DAYS`` days, the oldest first."""
    by_id = {account.id: account for account in accounts}
    left = left_on(accounts)
    bills: list[Bill] = []
    for contract in contracts:
        until = min(left.get(contract.account, today), today)
        bills += _bills_of(seed, today, by_id[contract.account], contract, until)
    bills.sort(key=lambda bill: (bill.issued_on, bill.id))
    notes: list[CreditNote] = []
    payments: list[Paid] = []
    for number, bill in enumerate(bills, start=1):
        bill.number = f"FI-{bill.issued_on:%Y}-{number:05d}"
        rng = rng_for(seed, "bill", bill.id)
        credited = Decimal(0)
        if rng.random() < 0.035 and (note := _note(rng, today, bill, len(notes) + 1)):
            notes.append(note)
            credited = note.lines[0].total
        habits = _STRATEGIC_HABITS if by_id[bill.account].tier == "strategic" else _HABITS
        habit = pick(rng_for(seed, "habit", bill.account), habits)
        if rng_for(seed, "doubt", bill.id).random() < by_id[bill.account].life.distress(bill.due_on):
            habit = _IN_DOUBT[habit]
        payments += _payments(habit, rng, today, bill, credited)
    return bills, notes, payments


def _bills_of(seed: int, today: date, account: Account, contract: Contract, until: date) -> Iterator[Bill]:
    """Yield an invoice for each day before ``until`` on which something of a contract is billed."""
    by_day: dict[date, list[BillLine]] = defaultdict(list)
    for line in contract.lines:
        for day, billed in _billed(line, today, TAX.get(account.country, Decimal(0))):
            if today - timedelta(days=BILLED_DAYS) <= day < until:
                by_day[day].append(billed)
    for day, lines in sorted(by_day.items()):
        rng = rng_for(seed, "invoice", contract.id, day)
        yield Bill(
            id=f"in_1{base62(rng, 23)}",
            account=contract.account,
            number="",
            currency=contract.currency,
            issued_on=day,
            due_on=day + timedelta(days=contract.payment_terms_days),
            purchase_order=f"PO-{rng.randrange(10_000, 99_999)}" if rng.random() < 0.3 else "",
            lines=lines,
        )


def _billed(line: Line, today: date, tax_percent: Decimal) -> Iterator[tuple[date, BillLine]]:
    """Yield what a line is billed, each with its day."""
    amount = line.unit_price * line.quantity * (1 - line.discount_percent / 100)
    if line.is_trial or not amount:
        return
    if line.billing_period == "one_off":
        yield line.start, _line(line, (line.start, line.end), amount, tax_percent)
        return
    months = MONTHS.get(line.billing_period)
    start = line.start
    # Periods are counted from the first day, so that months of 30 days don't shift them.
    for number in range(1, 10_000):
        after = (
            _months_later(line.start, months * number) if months else _months_later(start.replace(day=1), 1)
        )
        end = min(after, line.end) if line.end else after
        if (start if months else after) >= today or (line.end and start >= line.end):
            return
        share = Decimal((end - start).days)
        if months:
            share /= (after - start).days
        elif line.billing_period == "week":
            share /= 7
        elif line.billing_period == "usage":
            share = Decimal(1)
        yield (start if months else end), _line(line, (start, end), amount * share, tax_percent)
        start = after


def _line(line: Line, span: tuple[date, date | None], amount: Decimal, tax_percent: Decimal) -> BillLine:
    net = amount.quantize(CENT, ROUND_HALF_UP)
    return BillLine(
        item=line.id,
        description=line.product,
        start=span[0],
        end=span[1],
        quantity=line.quantity,
        net=net,
        tax_percent=tax_percent,
        tax=(net * tax_percent / 100).quantize(CENT, ROUND_HALF_UP),
    )


def _note(rng: random.Random, today: date, bill: Bill, number: int) -> CreditNote | None:
    """Return the credit note of a line that was wrong, unless that is still to be found out."""
    issued_on = bill.issued_on + timedelta(days=rng.randint(3, 25))
    if issued_on >= today:
        return None
    cause = pick(rng, _CAUSES)
    wrong = rng.choice(bill.lines)
    share = Decimal(1) if cause in ("duplicate", "wrong_recipient") else Decimal(rng.randint(5, 40)) / 100
    net = (wrong.net * share).quantize(CENT, ROUND_HALF_UP)
    tax = (wrong.tax * share).quantize(CENT, ROUND_HALF_UP)
    if not net:
        return None
    line = BillLine(
        item=wrong.item,
        description=f"{wrong.description}: {bill.number} corrected",
        start=wrong.start,
        end=wrong.end,
        quantity=1,
        net=net,
        tax_percent=wrong.tax_percent,
        tax=tax,
    )
    return CreditNote(
        id=f"cn_1{base62(rng, 23)}",
        number=f"FC-{issued_on:%Y}-{number:04d}",
        invoice=bill,
        issued_on=issued_on,
        root_cause=cause,
        lines=[line],
    )


def _payments(habit: str, rng: random.Random, today: date, bill: Bill, credited: Decimal) -> Iterator[Paid]:
    """Yield what came for an invoice by now; where it is late, a few say why."""
    first, last = _DAYS_AFTER_DUE[habit]
    paid_on = max(bill.due_on + timedelta(days=rng.randint(first, last)), bill.issued_on)
    owed = bill.total - credited
    if paid_on >= today:
        is_late = bill.due_on < today
        if rng.random() < (0.2 if is_late else 0.02):
            bill.dispute = rng.choice(_DISPUTES)
        elif is_late and rng.random() < 0.25:
            part = (owed * Decimal(rng.randint(3, 7)) / 10).quantize(CENT)
            yield _paid(rng, bill, today - timedelta(days=rng.randint(1, 5)), part, names=True)
        return
    if owed > 0:
        # A few transfers name no invoice, and wait for somebody who knows what they are for.
        is_recent = (today - paid_on).days < 45
        yield _paid(rng, bill, paid_on, owed, names=not is_recent or rng.random() > 0.12)


def _paid(rng: random.Random, bill: Bill, day: date, amount: Decimal, *, names: bool) -> Paid:
    return Paid(
        id=f"py_1{base62(rng, 23)}",
        account=bill.account,
        invoice=bill.id if names else None,
        paid_on=day,
        amount=amount,
        currency=bill.currency,
        reference=f"Transfer {rng.randrange(10**7, 10**8)}",
    )


def _months_later(day: date, months: int) -> date:
    index = day.year * 12 + day.month - 1 + months
    year, month = index // 12, index % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))
