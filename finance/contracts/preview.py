"""What an amendment comes to: what it changes in words, what is paid, and the dates before and after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from finance.contracts.calendar import Calendar
from finance.contracts.changes import Outlook, outlook
from finance.contracts.judging import findings_of, mid_term_refusal, steps_for
from finance.contracts.reading import shown_differences
from finance.contracts.statements import Difference, Statement
from finance.models import Amendment, Contract
from people.access import Access
from people.functions import Function
from people.models import Category


@dataclass(frozen=True, slots=True)
class Row:
    """One figure before and after; money of the contract's currency, or a day."""

    label: str
    before: Any
    after: Any
    kind: str
    change: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """What an amendment comes to on the day from which it counts.

    ``warning`` is why it can't be proposed for that day; ``asks`` whose word it needs.
    """

    day: date
    differences: Sequence[Difference]
    rows: Sequence[Row]
    warning: str
    asks: Sequence[str]
    findings: Sequence[Any]


def preview_of(held: Amendment, after: Statement, access: Access) -> Preview | None:
    """Return what comes of an amendment with the statement ``after``; None while it has no day or no base."""
    base, day = held.version.base, held.effective_on
    if base is None or day is None:
        return None
    contract = held.version.contract
    was, now = outlook(base.statement, day), outlook(after, day)
    return Preview(
        day=day,
        differences=shown_differences(base.statement, after, access),
        rows=[*_money(was, now, access), *_days(was, now, contract)],
        warning=mid_term_refusal(contract, base.statement, day),
        asks=[f"{Function(step.function).label} within {step.hours} h" for step in steps_for(held.version)],
        findings=findings_of(held.version),
    )


def _money(was: Outlook, now: Outlook, access: Access) -> list[Row]:
    may_read = access.allows(Category.REVENUE)
    return [
        Row(
            label,
            access.redact(before, Category.REVENUE),
            access.redact(after, Category.REVENUE),
            "money",
            after - before if may_read else None,
        )
        for label, before, after in (("ARR", was.arr, now.arr), ("MRR", was.mrr, now.mrr))
    ]


def _days(was: Outlook, now: Outlook, contract: Contract) -> list[Row]:
    calendar = Calendar(contract.account.country)

    def act_by(day: date | None) -> date | None:
        return calendar.last_working_day(day) if day else None

    return [
        Row("Term ends", was.term_ends_on, now.term_ends_on, "day"),
        Row("Notice by", act_by(was.notice_on), act_by(now.notice_on), "day"),
    ]
