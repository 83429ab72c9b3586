"""Cohorts: what became of the ARR and the accounts that first brought revenue in the same month or quarter."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Literal

from django.conf import settings

from common.charts import Chart, Series
from common.export import Table, table_of
from common.formatting import format_count, format_percent
from common.periods import add_months, month_label
from finance.retention.asking import Asked
from finance.revenue.charts import money
from finance.revenue.movements import MEMBERS, placed_over
from finance.revenue.windows import Window, times_of_publication, windows_of
from metrics.statements import Statement, load

Each = Literal["quarter", "month"]
SPANS: dict[Each, tuple[int, int]] = {"quarter": (3, 12), "month": (1, 24)}
ENOUGH = 3


@dataclass(frozen=True, kw_only=True)
class Cohort:
    """Who first had revenue at the end of one window, with ARR and paying accounts at the end of each since."""

    label: str
    month: date
    arr: Sequence[Decimal]
    accounts: Sequence[int]

    @property
    def key(self) -> str:
        """The cohort as an address has it."""
        return f"{self.month:%Y-%m}"

    @property
    def last_share(self) -> Decimal:
        """What is left at the end of the last window."""
        return self.arr[-1] / self.arr[0]

    def share(self, kind: str, age: int) -> Decimal | None:
        """Return what is left after so many windows; None where that lies ahead."""
        values = self.arr if kind == "arr" else self.accounts
        return Decimal(values[age]) / Decimal(values[0]) if age < len(values) else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """One account of a cohort: its ARR when it began, and on the day looked at."""

    account_id: int
    name: str
    begun: Decimal
    held: Decimal


@dataclass(frozen=True, kw_only=True)
class Members:
    """The accounts of a cohort after ``age`` of at most ``oldest`` windows, the largest at its beginning first."""

    label: str
    begun_on: date
    day: date
    age: int
    oldest: int
    rows: Sequence[Member]

    @property
    def begun(self) -> Decimal:
        """What they began with, as the cohort's row says."""
        return sum((row.begun for row in self.rows), Decimal(0))

    @property
    def held(self) -> Decimal:
        """What they have on the day, as the cell of the age says."""
        return sum((row.held for row in self.rows), Decimal(0))

    @property
    def paying(self) -> int:
        """How many of them pay on the day."""
        return sum(row.held > 0 for row in self.rows)

    @property
    def share(self) -> Decimal:
        """What is left of what they began with."""
        return self.held / self.begun


def read_cohorts(asked: Asked, each: Each) -> list[Cohort]:
    """Return the cohorts up to the last month asked for, oldest first; one query over the ledger."""
    windows = _windows(asked, each)
    found: dict[date, list[tuple[Decimal, int]]] = defaultdict(list)
    for cohort, _, arr, accounts in load("finance", "cohorts", rows=_rows(asked, windows)).fetch():
        found[cohort].append((arr, accounts))
    return [
        Cohort(
            label=_label(end, each),
            month=end.replace(day=1),
            arr=[arr for arr, _ in ends],
            accounts=[accounts for _, accounts in ends],
        )
        for end, ends in found.items()
    ]


def read_members(asked: Asked, each: Each, month: date, age: int | None) -> Members | None:
    """Return the accounts of the cohort that begins in a window with ``month``; None where there is none.

    After ``age`` windows, by default and at most as many as have passed. One query over the ledger.
    """
    windows = _windows(asked, each)
    place = next((at for at, window in enumerate(windows) if window.start < month <= window.end), None)
    if place is None:
        return None
    since = windows[place:]
    oldest = len(since) - 1
    shown = oldest if age is None else min(age, oldest)
    rows = load(
        "finance",
        "cohort_accounts",
        rows=_rows(asked, windows),
        cohort=since[0].end,
        day=since[shown].end,
    ).fetch_dicts()
    if not rows:
        return None
    return Members(
        label=_label(since[0].end, each),
        begun_on=since[0].end,
        day=since[shown].end,
        age=shown,
        oldest=oldest,
        rows=[Member(**row) for row in rows],
    )


def members_table(members: Members) -> Table:
    """Return the accounts of a cohort, as a file."""
    currency = settings.REPORTING_CURRENCY
    return table_of(
        "retention-cohort",
        members.rows,
        (
            ("cohort", "Cohort", lambda _: members.label),
            ("account_id", "Account id", lambda row: row.account_id),
            ("account", "Account", lambda row: row.name),
            ("begun", f"ARR when it began ({currency})", lambda row: row.begun),
            ("day", "On", lambda _: members.day),
            ("held", f"ARR then ({currency})", lambda row: row.held),
        ),
    )


def _windows(asked: Asked, each: Each) -> list[Window]:
    """Return the windows of cohorts, quarters as in the calendar.

    As published, all is told as it was known when the last month was published.
    """
    months, count = SPANS[each]
    last = add_months(asked.last, -(asked.last.month % 3)) if each == "quarter" else asked.last
    windows = windows_of(
        add_months(last, -(count - 1) * months), last, months=months, step=months, until=asked.until
    )
    if asked.choice.is_published:
        known = times_of_publication([windows[-1].end]).get(last)
        windows = [replace(window, known_at=known) for window in windows]
    return windows


def _rows(asked: Asked, windows: Sequence[Window]) -> Statement:
    """Return the accounts of all cohorts with their ARR at the end of each window."""
    placed = placed_over(windows, rates_day=windows[-1].end, constant_currency=asked.choice.constant_currency)
    return load(
        "finance",
        "cohort_rows",
        placed=placed,
        member=MEMBERS[asked.dimension],
        wanted=asked.member,
        first_start=windows[0].start,
    )


def cohort_chart(cohorts: Sequence[Cohort], each: Each, kind: Literal["arr", "accounts"]) -> Chart:
    """Return the heat map of ARR or of accounts kept; a row for each cohort, a column for each age."""
    ages = max((len(cohort.arr) for cohort in cohorts), default=0)
    noun = "ARR" if kind == "arr" else "accounts"
    return Chart(
        key=f"finance.cohorts_{kind}",
        kind="heatmap",
        title=_title(cohorts, each, kind),
        categories=[str(age) for age in range(ages)],
        series=[
            Series(
                name=f"{cohort.label}, {money(cohort.arr[0]) if kind == 'arr' else cohort.accounts[0]}",
                values=[cohort.share(kind, age) for age in range(ages)],
            )
            for cohort in cohorts
        ],
        unit="ratio",
        decimals=0,
        height="lg",
        category_label=f"First {each} with revenue, {noun} then",
        note=f"Columns are {each}s since; each row is a share of what it began with. "
        "The stronger the colour, the more is left.",
        empty="Cohorts show here from the second window with new accounts on.",
    )


def cohorts_table(cohorts: Sequence[Cohort]) -> Table:
    """Return a row for each cohort and age, as a file."""
    currency = settings.REPORTING_CURRENCY
    return table_of(
        "retention-cohorts",
        [(cohort, age) for cohort in cohorts for age in range(len(cohort.arr))],
        (
            ("cohort", "Cohort", lambda row: row[0].label),
            ("age", "Windows since", lambda row: row[1]),
            ("arr", f"ARR ({currency})", lambda row: row[0].arr[row[1]]),
            ("arr_share", "ARR kept", lambda row: row[0].share("arr", row[1])),
            ("accounts", "Accounts", lambda row: row[0].accounts[row[1]]),
            ("accounts_share", "Accounts kept", lambda row: row[0].share("accounts", row[1])),
        ),
    )


def _title(cohorts: Sequence[Cohort], each: Each, kind: Literal["arr", "accounts"]) -> str:
    """Say what is left at the highest age that enough cohorts have reached, a year at most."""
    for age in range(12 if each == "month" else 4, 0, -1):
        old = [cohort for cohort in cohorts if len(cohort.arr) > age]
        if len(old) >= ENOUGH:
            values = [cohort.arr if kind == "arr" else cohort.accounts for cohort in old]
            begun = sum((Decimal(each[0]) for each in values), Decimal(0))
            left = sum((Decimal(each[age]) for each in values), Decimal(0))
            noun = "of their first ARR" if kind == "arr" else "of their accounts"
            return f"After {format_count(age, each)} cohorts hold {format_percent(left / begun, 0)} {noun}"
    return "Too few cohorts yet to say what stays"


def _label(end: date, each: Each) -> str:
    return month_label(end) if each == "month" else f"Q{(end.month - 1) // 3 + 1} {end.year}"
