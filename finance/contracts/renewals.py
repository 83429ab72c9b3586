"""The calendar of renewals: which terms end and which notice falls due, month by month."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet

from common.export import Table, table_of
from common.periods import add_months, month_label, month_start
from common.rounding import to_cents
from finance.contracts.calendar import Calendar
from finance.contracts.listing import arr_of
from finance.models import Contract
from finance.revenue.positions import read_rates
from people.access import Access
from people.models import Category

MONTHS = 12


@dataclass(frozen=True, slots=True)
class Happening:
    """One day of one contract: its notice falls due, or its term ends; ``arr`` is in the reporting currency.

    ``arr`` is null where its currency has no rate, and the mark of redaction for who may not read revenue.
    """

    on: date
    kind: str
    contract: Any
    act_by: date | None
    arr: Any

    @property
    def label(self) -> str:
        """What happens, in words."""
        if self.kind == "notice":
            return "Notice by"
        return "Renews by itself" if self.contract.auto_renew else "Ends"


@dataclass(frozen=True, slots=True)
class Month:
    """A month with what falls into it; ``arr`` is of the terms that end in it."""

    month: date
    happenings: Sequence[Happening]
    ends: int
    notices: int
    arr: Any
    lacks_rate: int

    @property
    def label(self) -> str:
        """The month in words."""
        return month_label(self.month)


def calendar_of(first: date, day: date, access: Access) -> list[Month]:
    """Return the twelve months from ``first`` on, as the contracts that run on ``day`` stand; three queries.

    Each contract is there with the term that runs: what renews after that is not known yet. Trials don't count.
    """
    until = add_months(first, MONTHS)
    happenings = _happenings(first, until, day, access)
    by_month: dict[date, list[Happening]] = {add_months(first, count): [] for count in range(MONTHS)}
    for each in sorted(happenings, key=lambda found: (found.on, found.contract.account.name, found.kind)):
        by_month[month_start(each.on)].append(each)
    return [_month(month, found, access) for month, found in by_month.items()]


def calendar_table(months: Iterable[Month]) -> Table:
    """Return what the calendar shows, as a file."""
    return table_of(
        "renewals",
        [each for month in months for each in month.happenings],
        (
            ("on", "Day", lambda each: each.on),
            ("kind", "What", lambda each: each.label),
            ("act_by", "Last working day for notice", lambda each: each.act_by),
            ("account_id", "Account id", lambda each: each.contract.account_id),
            ("account", "Account", lambda each: each.contract.account.name),
            ("contract_id", "Contract id", lambda each: each.contract.pk),
            ("number", "Contract", lambda each: each.contract.number),
            ("auto_renew", "Renews by itself", lambda each: each.contract.auto_renew),
            ("arr", f"ARR ({settings.REPORTING_CURRENCY})", lambda each: each.arr),
        ),
    )


def months_table(months: Iterable[Month]) -> Table:
    """Return the months with what falls into each, as a file."""
    return table_of(
        "renewals-by-month",
        months,
        (
            ("month", "Month", lambda month: month.month),
            ("ends", "Terms that end", lambda month: month.ends),
            ("notices", "Notices due", lambda month: month.notices),
            ("arr", f"ARR of terms that end ({settings.REPORTING_CURRENCY})", lambda month: month.arr),
            ("lacks_rate", "Without an exchange rate", lambda month: month.lacks_rate),
        ),
    )


def _happenings(first: date, until: date, day: date, access: Access) -> list[Happening]:
    running: QuerySet[Any, Any] = Contract.objects.running_on(day).with_trial_on(day).with_next_end(day)
    falls = Q(next_end__gte=first, next_end__lt=until) | Q(notice_on__gte=first, notice_on__lt=until)
    found = list(running.filter(falls, is_trial=False, account__deleted_at=None).select_related("account"))
    arr = arr_of([contract.pk for contract in found], day)
    rates = read_rates(day)
    happenings = []
    for contract in found:
        own, rate = arr.get(contract.pk, Decimal(0)), rates.get(contract.currency)
        worth = access.redact(None if rate is None else to_cents(own * rate), Category.REVENUE)
        if first <= contract.next_end < until:
            happenings.append(Happening(contract.next_end, "end", contract, None, worth))
        if contract.notice_on and first <= contract.notice_on < until:
            act_by = Calendar(contract.account.country).last_working_day(contract.notice_on)
            happenings.append(Happening(contract.notice_on, "notice", contract, act_by, worth))
    return happenings


def _month(month: date, found: Sequence[Happening], access: Access) -> Month:
    ends = [each for each in found if each.kind == "end"]
    known = [each.arr for each in ends if isinstance(each.arr, Decimal)]
    return Month(
        month=month,
        happenings=found,
        ends=len(ends),
        notices=len(found) - len(ends),
        arr=access.redact(sum(known, Decimal(0)), Category.REVENUE),
        lacks_rate=sum(each.arr is None for each in ends),
    )
