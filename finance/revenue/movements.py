"""What led from one ARR to the next, by segment and by account, for charts, tables and the proof that it adds up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Literal

from dateutil.relativedelta import relativedelta

from finance.models import ContractLine, RevenueEntry
from finance.revenue.positions import month_end, place, rates_at, recorded_by
from finance.revenue.windows import Window, as_published, monthly_windows, positions_over
from metrics.engine.plan import today
from metrics.models import RefreshRun
from metrics.statements import Statement, load

Dimension = Literal["all", "tier", "industry", "country", "size", "owner"]
KINDS = ("new", "expansion", "reactivation", "contraction", "churn")
DOWNWARD = frozenset({"contraction", "churn"})

MEMBERS = {
    "all": Statement("''"),
    "tier": Statement("placed.tier"),
    "industry": Statement("placed.industry"),
    "country": Statement("placed.country"),
    "size": Statement("placed.size"),
    "owner": Statement("placed.owner"),
}
DIMENSIONS: tuple[Dimension, ...] = ("tier", "industry", "country", "size", "owner")


@dataclass(frozen=True, kw_only=True, slots=True)
class Movement:
    """The movements of one period in one segment, or of one account, in the reporting currency.

    From the end of ``start_day`` to the end of ``end_day``, which lies in ``month`` (its first day). ``member`` as in
    ``metrics.SegmentValue``. ``fx`` is what exchange rates alone did, zero in constant currency. ``accounts`` had
    ARR at the start and ``lost`` of them none at the end; ``kept`` is what they have at the end, ``least`` the sum of
    the lesser of both ends.
    """

    month: date
    start_day: date
    end_day: date
    member: str
    start: Decimal
    fx: Decimal
    new: Decimal
    expansion: Decimal
    reactivation: Decimal
    contraction: Decimal
    churn: Decimal
    end: Decimal
    kept: Decimal
    least: Decimal
    accounts: int
    lost: int
    account_id: int | None = None

    @property
    def gap(self) -> Decimal:
        """What is missing for the identity; always zero."""
        up = self.start + self.fx + self.new + self.expansion + self.reactivation
        return self.end - (up - self.contraction - self.churn)

    @property
    def nrr(self) -> Decimal | None:
        """ARR at the end of those who had some at the start, as a share of it; None where there was none."""
        return self.kept / self.start if self.start else None

    @property
    def grr(self) -> Decimal | None:
        """The lesser of both ends of each account, as a share of the start; never above 1."""
        return self.least / self.start if self.start else None

    @property
    def logo_churn(self) -> Decimal | None:
        """The share of paying accounts that pay nothing at the end."""
        return Decimal(self.lost) / self.accounts if self.accounts else None

    @property
    def expansion_rate(self) -> Decimal | None:
        """What those who had ARR at the start pay more, as a share of it."""
        return self.expansion / self.start if self.start else None


@dataclass(frozen=True, kw_only=True, slots=True)
class LineMovement:
    """One line of an account on two days; ``start`` and ``end`` are None for want of a rate.

    ``…_own`` are in the line's currency. Lines are rounded one by one, so they may differ by a cent from their account.
    """

    line_id: int
    product: str
    contract_id: int
    contract_number: str
    currency: str
    start_own: Decimal
    end_own: Decimal
    start: Decimal | None
    base: Decimal | None
    end: Decimal | None

    @property
    def is_between(self) -> bool:
        """Whether it began after the start and ended before the end."""
        return not self.start_own and not self.end_own

    @property
    def change(self) -> Decimal | None:
        """What it moved, but for exchange rates."""
        return None if self.end is None or self.base is None else self.end - self.base


def movements(
    first: date,
    last: date,
    dimension: Dimension = "all",
    *,
    account_id: int | None = None,
    rates_day: date | None = None,
    until: date | None = None,
    constant_currency: bool = True,
    known_at: datetime | None = None,
    published: bool = False,
) -> list[Movement]:
    """Return the movements of the months ``first`` to ``last`` by segment, oldest month first.

    The running month ends on the day that was refreshed last, or on ``until``.

    In constant currency all months are counted at the rates of one day, by default the end of the last month, else
    each end at its own. Either way each month begins where the one before ended. Accounts stand in the segment they
    belonged to when the month began; those with money in a currency without a rate are left out. ``known_at`` gives
    what was known at a time, ``published`` each month as it was published. Two
    queries, three where published.
    """
    windows = [
        Window(item.start, item.end, known_at)
        for item in monthly_windows(first, last, until=until or newest_day())
    ]
    return movements_over(
        as_published(windows) if published else windows,
        dimension,
        account_id=account_id,
        rates_day=rates_day or month_end(last),
        constant_currency=constant_currency,
    )


def movements_over(
    windows: Sequence[Window],
    dimension: Dimension = "all",
    *,
    account_id: int | None = None,
    rates_day: date | None = None,
    constant_currency: bool = True,
) -> list[Movement]:
    """Return the movements of each window by segment: the base of every retention, whatever its period.

    Windows and rates as in ``positions_over``. One query.
    """
    if not windows:
        return []
    accounts = None if account_id is None else [account_id]
    placed = placed_over(windows, accounts=accounts, rates_day=rates_day, constant_currency=constant_currency)
    return sum_by_member(placed, dimension)


def sum_by_member(placed: Statement, dimension: Dimension) -> list[Movement]:
    """Return placed movements summed by window and member."""
    rows = load("finance", "movement_months", placed=placed, member=MEMBERS[dimension]).fetch_dicts()
    return [Movement(**row) for row in rows]


def movements_by_dimension(
    windows: Sequence[Window], *, rates_day: date | None = None, constant_currency: bool = True
) -> dict[str, list[Movement]]:
    """Return what ``movements_over`` does of the whole and of every dimension, by dimension; one query."""
    found: dict[str, list[Movement]] = {"all": [], **{dimension: [] for dimension in DIMENSIONS}}
    if windows:
        placed = placed_over(windows, rates_day=rates_day, constant_currency=constant_currency)
        for row in load("finance", "movement_dimensions", placed=placed).fetch_dicts():
            found[row.pop("dimension")].append(Movement(**row))
    return found


def account_movements(
    first: date,
    last: date,
    dimension: Dimension = "all",
    member: str = "",
    *,
    rates_day: date | None = None,
    constant_currency: bool = True,
    known_at: datetime | None = None,
) -> list[Movement]:
    """Return what ``movements`` adds up for one member, account by account, a month's largest loss first."""
    windows = [
        Window(item.start, item.end, known_at) for item in monthly_windows(first, last, until=newest_day())
    ]
    return account_movements_over(
        windows, dimension, member, rates_day=rates_day, constant_currency=constant_currency
    )


def account_movements_over(
    windows: Sequence[Window],
    dimension: Dimension = "all",
    member: str = "",
    *,
    accounts: Sequence[int] | None = None,
    rates_day: date | None = None,
    constant_currency: bool = True,
) -> list[Movement]:
    """Return what ``movements_over`` adds up for one member, account by account, of all or of ``accounts``."""
    if not windows:
        return []
    placed = placed_over(windows, accounts=accounts, rates_day=rates_day, constant_currency=constant_currency)
    return list_accounts(placed, dimension, member)


def list_accounts(placed: Statement, dimension: Dimension, member: str) -> list[Movement]:
    """Return placed movements of one member as they are, a row for each account and window."""
    rows = load(
        "finance", "movement_accounts", placed=placed, member=MEMBERS[dimension], wanted=member
    ).fetch_dicts()
    return [Movement(**row) for row in rows]


def placed_over(
    windows: Sequence[Window],
    *,
    accounts: Sequence[int] | None = None,
    rates_day: date | None = None,
    constant_currency: bool = True,
) -> Statement:
    """Return the movements of each account and window with where it stood when the window began."""
    positions = positions_over(
        windows, rates_day=rates_day, constant_currency=constant_currency, accounts=accounts
    )
    return place(load("finance", "movements", positions=positions))


def line_movements(
    account_id: int, window: Window, *, rates_day: date | None = None, constant_currency: bool = True
) -> list[LineMovement]:
    """Return the lines of an account that had ARR at an end of a window or in between, the largest loss first.

    One query.
    """
    day = rates_day or window.end
    start_rates, end_rates = (day, day) if constant_currency else (window.start, window.end)
    rows = load(
        "finance",
        "line_positions",
        account=account_id,
        start_day=window.start,
        end_day=window.end,
        known=recorded_by(window.known_at),
        rates=rates_at([start_rates], [end_rates], [window.known_at]),
    ).fetch_dicts()
    return [LineMovement(**row) for row in rows]


def find_gaps(first: date, last: date) -> list[str]:
    """Return a sentence for each month and segment whose movements don't add up; none is what is right.

    Checks the identity in constant currency and at dated rates, that segments add up to the whole, that a month
    begins where the last one ended, and that the ledger says the same as the contract lines themselves.
    """
    found: list[str] = []
    windows = monthly_windows(first, last, until=newest_day())
    for constant in (True, False):
        told = movements_by_dimension(windows, rates_day=month_end(last), constant_currency=constant)
        whole = told["all"]
        found += [
            _told(part, dimension, "is off by", part.gap)
            for dimension, parts in told.items()
            for part in parts
            if part.gap
        ]
        for dimension in DIMENSIONS:
            for total in whole:
                parts = [part for part in told[dimension] if part.month == total.month]
                for kind in _SUMMED:
                    summed = sum((getattr(part, kind) for part in parts), Decimal(0))
                    wanted = getattr(total, kind)
                    if summed != wanted:
                        found.append(
                            f"{total.month:%Y-%m}: {kind} by {dimension} adds up to {summed}, not {wanted}."
                        )
        for before, after in pairwise(whole):
            if before.month + relativedelta(months=1) != after.month or before.end == after.start:
                continue
            end, start = _joined(before, after, rates_day=month_end(last), constant_currency=constant)
            if start != end:
                found.append(f"{after.month:%Y-%m} starts with {start}, the month before ends with {end}.")
    return found + _compare_with_lines()


def newest_month() -> date | None:
    """Return the first day of the month that was refreshed last; None while the ledger is empty."""
    if not RevenueEntry.objects.exists():
        return None
    return newest_day().replace(day=1)


def newest_day() -> date:
    """Return the day that was refreshed last, today where none was."""
    return RefreshRun.objects.finished().newest_day() or today()


_SUMMED = tuple(
    field.name
    for field in fields(Movement)
    if field.name not in {"month", "start_day", "end_day", "member", "account_id"}
)


def _compare_with_lines() -> list[str]:
    """Say of which accounts the ledger differs from their lines, unless they are marked to be followed."""
    rows = load("finance", "ledger_differs", lines=ContractLine.objects.revenue_rows()).fetch()
    return [
        f"Account {account}, line {line}: the contract line says {said} {currency} from {on}, the ledger {held}."
        for account, line, currency, on, said, held in rows
    ]


def _joined(
    before: Movement, after: Movement, *, rates_day: date, constant_currency: bool
) -> tuple[Decimal, Decimal]:
    """Return where one month ends and the next begins, of the accounts that have a value in both.

    Those without one in either are left out of it for want of a rate.
    """
    windows = [Window(item.start_day, item.end_day) for item in (before, after)]
    rows = account_movements_over(windows, rates_day=rates_day, constant_currency=constant_currency)
    ends = {row.account_id: row.end for row in rows if row.month == before.month}
    starts = {row.account_id: row.start for row in rows if row.month == after.month}
    both = ends.keys() & starts.keys()
    return sum((ends[key] for key in both), Decimal(0)), sum((starts[key] for key in both), Decimal(0))


def _told(movement: Movement, dimension: str, what: str, amount: Decimal) -> str:
    return f"{movement.month:%Y-%m}, {dimension} {movement.member or 'accounts'}: {what} {amount}."
