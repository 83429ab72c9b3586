"""The calendar of renewals: which terms end and which notice falls due, month by month."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import Any

from django.conf import settings

from common.export import Table, table_of
from common.periods import add_months, month_label
from common.rounding import to_cents
from finance.contracts.calendar import LONGEST_NOTICE, USUAL_MONTHS, Calendar, day_after
from finance.contracts.listing import arr_of
from finance.models import Contract, ContractLine
from finance.querysets import month_number
from finance.revenue.positions import rates_on, read_rates
from metrics.statements import Statement, load
from people.access import Access
from people.models import Category

MONTHS = 12
CHUNK = 2_000
NOTHING: dict[str, Any] = {"ends": 0, "notices": 0, "arr": Decimal(0), "lacks_rate": 0, "has_later": False}


@dataclass(frozen=True, slots=True)
class Day:
    """One day of one contract: its notice falls due, or a term of it ends.

    ``is_later`` tells of a term after the one that runs.
    """

    on: date
    kind: str
    contract: int
    is_later: bool


@dataclass(frozen=True, slots=True)
class Happening:
    """A day with the contract that it is of, as pages and files show it; ``arr`` is in the reporting currency.

    ``arr`` is null where its currency has no rate, and the mark of redaction for who may not read revenue.
    """

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
    """A month with how much falls into it; ``arr`` is of the terms that end in it."""

    month: date
    ends: int
    notices: int
    arr: Any
    lacks_rate: int
    has_later: bool

    @property
    def count(self) -> int:
        """How many days of contracts fall into it."""
        return self.ends + self.notices

    @property
    def label(self) -> str:
        """The month in words."""
        return month_label(self.month)


def calendar_of(first: date, day: date, access: Access) -> list[Month]:
    """Return the twelve months from ``first`` on, as the contracts that run on ``day`` stand; one query.

    Each contract is there with the term that runs, and where it renews more than once a year with those that end
    within a year of ``day``: what renews after that is not known yet. Trials don't count.
    """
    may_read = access.allows(Category.REVENUE)
    lines: Any = ContractLine.objects.recurring().running_on(day).with_revenue()
    statement = load(
        "finance",
        "contracts/months",
        days=_days(first, add_months(first, MONTHS), day),
        lines=lines.values("contract_id", "arr"),
        rates=rates_on(day),
        may_read=may_read,
    )
    found = {row["month"]: row for row in statement.fetch_dicts()}
    return [_month(add_months(first, count), found, access) for count in range(MONTHS)]


def days_between(first: date, until: date, day: date, *, most: int | None = None) -> list[Day]:
    """Return what falls on the days from ``first`` to before ``until``, the soonest first; one query."""
    statement = load("finance", "contracts/listed", days=_days(first, until, day), most=most)
    return [Day(*row) for row in statement.fetch()]


def happenings_of(days: Iterable[Day], day: date, access: Access) -> Iterator[Happening]:
    """Yield days with their contracts and what these are worth on ``day``; two queries for each few thousand."""
    may_read = access.allows(Category.REVENUE)
    rates = read_rates(day) if may_read else {}
    waiting = iter(days)
    while some := list(islice(waiting, CHUNK)):
        wanted = {each.contract for each in some}
        contracts = Contract.objects.select_related("account").in_bulk(wanted)
        arr = arr_of(sorted(wanted), day) if may_read else {}
        for each in some:
            contract = contracts.get(each.contract)
            if contract is None:
                continue  # gone since it was listed
            is_notice = each.kind == "notice"
            worth = _worth(arr.get(each.contract), rates.get(contract.currency))
            yield Happening(
                on=each.on,
                kind=each.kind,
                contract=contract,
                act_by=Calendar(contract.account.country).last_working_day(each.on) if is_notice else None,
                arr=access.redact(worth, Category.REVENUE),
                is_later=each.is_later,
            )


def calendar_table(first: date, day: date, access: Access) -> Table:
    """Return all days of the twelve months from ``first`` on, as a file."""
    return table_of(
        "renewals",
        happenings_of(days_between(first, add_months(first, MONTHS), day), day, access),
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


def _days(first: date, until: date, day: date) -> Statement:
    running: Any = Contract.objects.running_on(day).with_trial_on(day).with_next_end(day)
    running = running.filter(is_trial=False, end_on__isnull=False, account__deleted_at=None)
    return load(
        "finance",
        "contracts/days",
        running=running.values("id", "currency", "end_on", "notice_days", "renews_for", "next_end"),
        month=month_number(day),
        usual=USUAL_MONTHS,
        year_on=day_after(day, USUAL_MONTHS) or date.max,
        longest=LONGEST_NOTICE,
        day=day,
        first=first,
        until=until,
    )


def _worth(arr: Decimal | None, rate: Decimal | None) -> Decimal | None:
    return None if rate is None else to_cents((arr or Decimal(0)) * rate)


def _month(month: date, found: Mapping[date, dict[str, Any]], access: Access) -> Month:
    row = found.get(month, NOTHING)
    return Month(
        month=month,
        ends=row["ends"],
        notices=row["notices"],
        arr=access.redact(row["arr"], Category.REVENUE),
        lacks_rate=row["lacks_rate"],
        has_later=row["has_later"],
    )
