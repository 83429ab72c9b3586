"""The calendar of renewals: which terms end and which notice falls due, month by month."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet

from common.export import Table, table_of
from common.periods import add_months, month_label, month_start
from common.rounding import to_cents
from finance.contracts.calendar import USUAL_MONTHS, Calendar, months_of_renewal, notice_on, terms_in_sight
from finance.contracts.listing import arr_of
from finance.models import Contract
from finance.revenue.positions import read_rates
from people.access import Access
from people.models import Category

MONTHS = 12
CHUNK = 2_000


@dataclass(frozen=True, slots=True)
class Day:
    """One day of one contract: its notice falls due, or a term of it ends; ``arr`` is in the reporting currency.

    ``arr`` is null where its currency has no rate, and the mark of redaction for who may not read revenue.
    ``is_later`` tells of a term after the one that runs.
    """

    on: date
    kind: str
    contract: int
    account: str
    arr: Any
    is_later: bool


@dataclass(frozen=True, slots=True)
class Happening:
    """A day with the contract that it is of, as pages and files show it."""

    on: date
    kind: str
    contract: Any
    act_by: date | None
    arr: Any
    is_later: bool

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
    days: Sequence[Day]
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

    Each contract is there with the term that runs, and where it renews more than once a year with those that end
    within a year of ``day``: what renews after that is not known yet. Trials don't count.
    """
    by_month: dict[date, list[Day]] = {add_months(first, count): [] for count in range(MONTHS)}
    found = _days(first, add_months(first, MONTHS), day, access)
    for each in sorted(found, key=lambda one: (one.on, one.account, one.contract, one.kind)):
        by_month[month_start(each.on)].append(each)
    return [_month(month, days, access) for month, days in by_month.items()]


def happenings_of(days: Iterable[Day]) -> Iterator[Happening]:
    """Yield days with their contracts; a query for each few thousand."""
    waiting = iter(days)
    while some := list(islice(waiting, CHUNK)):
        wanted = {each.contract for each in some}
        contracts = Contract.objects.select_related("account").in_bulk(wanted)
        for each in some:
            contract = contracts.get(each.contract)
            if contract is None:
                continue  # gone since it was listed
            is_notice = each.kind == "notice"
            yield Happening(
                on=each.on,
                kind=each.kind,
                contract=contract,
                act_by=Calendar(contract.account.country).last_working_day(each.on) if is_notice else None,
                arr=each.arr,
                is_later=each.is_later,
            )


def calendar_table(months: Iterable[Month]) -> Table:
    """Return what the calendar shows, as a file."""
    return table_of(
        "renewals",
        happenings_of(each for month in months for each in month.days),
        (
            ("on", "Day", lambda each: each.on),
            ("kind", "What", lambda each: each.label),
            ("act_by", "Last working day for notice", lambda each: each.act_by),
            ("account_id", "Account id", lambda each: each.contract.account_id),
            ("account", "Account", lambda each: each.contract.account.name),
            ("contract_id", "Contract id", lambda each: each.contract.pk),
            ("number", "Contract", lambda each: each.contract.number),
            ("auto_renew", "Renews by itself", lambda each: each.contract.auto_renew),
            ("is_later", "Of a later term", lambda each: each.is_later),
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


def _days(first: date, until: date, day: date, access: Access) -> Iterator[Day]:
    running: QuerySet[Any, Any] = Contract.objects.running_on(day).with_trial_on(day).with_next_end(day)
    falls = Q(next_end__gte=first, next_end__lt=until) | Q(notice_on__gte=first, notice_on__lt=until)
    often = Q(auto_renew=True, renewal_months__lt=USUAL_MONTHS, next_end__lt=until)
    running = running.filter(falls | often, is_trial=False, account__deleted_at=None)
    found = list(
        running.values_list(
            "pk",
            "account__name",
            "currency",
            "start_on",
            "end_on",
            "auto_renew",
            "renewal_months",
            "notice_days",
            "next_end",
            "notice_on",
        )
    )
    may_read = access.allows(Category.REVENUE)
    arr = arr_of([row[0] for row in found], day) if may_read else {}
    rates = read_rates(day)
    for pk, account, currency, start_on, end_on, auto_renew, renewal, notice_days, next_end, notice in found:
        worth = access.redact(_worth(arr.get(pk), rates.get(currency)), Category.REVENUE)
        sight = [(next_end, notice)]
        if auto_renew and renewal is not None and renewal < USUAL_MONTHS:
            terms = terms_in_sight(start_on, end_on, months_of_renewal(auto_renew, renewal), day)
            sight = [(term.ends_on, notice_on(term.ends_on, notice_days)) for term in terms if term.ends_on]
        for place, (ends_on, by) in enumerate(sight):
            if first <= ends_on < until:
                yield Day(ends_on, "end", pk, account, worth, place > 0)
            if by is not None and first <= by < until:
                yield Day(by, "notice", pk, account, worth, place > 0)


def _worth(arr: Decimal | None, rate: Decimal | None) -> Decimal | None:
    return None if rate is None else to_cents((arr or Decimal(0)) * rate)


def _month(month: date, found: Sequence[Day], access: Access) -> Month:
    ends = [each for each in found if each.kind == "end"]
    known = [each.arr for each in ends if isinstance(each.arr, Decimal)]
    return Month(
        month=month,
        days=found,
        ends=len(ends),
        notices=len(found) - len(ends),
        arr=access.redact(sum(known, Decimal(0)), Category.REVENUE),
        lacks_rate=sum(each.arr is None for each in ends),
    )
