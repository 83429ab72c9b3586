"""What led from one month's ARR to the next, for charts, tables and the proof that it adds up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Literal

from dateutil.relativedelta import relativedelta

from finance.models import ContractLine, MonthlyRevenue
from finance.revenue.positions import positions_between, rates_on
from metrics.statements import Statement, load

Dimension = Literal["all", "tier", "industry"]
KINDS = ("new", "expansion", "reactivation", "contraction", "churn")
DOWNWARD = frozenset({"contraction", "churn"})

_MEMBERS = {
    "all": Statement("''"),
    "tier": Statement("placed.tier"),
    "industry": Statement("placed.industry"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Movement:
    """The movements of one month in one segment, or of one account, in the reporting currency.

    ``month`` is its first day; ``member`` as in ``metrics.SegmentValue``; ``accounts`` had ARR at the start.
    """

    month: date
    member: str
    start: Decimal
    new: Decimal
    expansion: Decimal
    reactivation: Decimal
    contraction: Decimal
    churn: Decimal
    end: Decimal
    accounts: int
    account_id: int | None = None

    @property
    def gap(self) -> Decimal:
        """What is missing for the identity; always zero."""
        up = self.start + self.new + self.expansion + self.reactivation
        return self.end - (up - self.contraction - self.churn)


def movements(
    first: date,
    last: date,
    dimension: Dimension = "all",
    *,
    account_id: int | None = None,
    rates_day: date | None = None,
    until: date | None = None,
) -> list[Movement]:
    """Return the movements of the months ``first`` to ``last`` by segment, oldest month first.

    With ``until``, a day of the last month, that month ends on the day, as if nothing later were known.

    All months are counted at the rates of one day, by default the end of the last month, so that each month
    begins where the one before ended. Accounts stand in the segment they belonged to when the month began;
    those with money in a currency without a rate are left out. One query.
    """
    placed = _placed(first, last, account_id, rates_day, until)
    rows = load("finance", "movement_months", placed=placed, member=_MEMBERS[dimension]).fetch_dicts()
    return [Movement(**row) for row in rows]


def account_movements(
    first: date, last: date, dimension: Dimension = "all", member: str = "", *, rates_day: date | None = None
) -> list[Movement]:
    """Return what ``movements`` adds up for one member, account by account, a month's largest loss first."""
    placed = _placed(first, last, None, rates_day)
    rows = load(
        "finance", "movement_accounts", placed=placed, member=_MEMBERS[dimension], wanted=member
    ).fetch_dicts()
    return [Movement(**row) for row in rows]


def find_gaps(first: date, last: date) -> list[str]:
    """Return a sentence for each month and segment whose movements don't add up; none is what is right.

    Checks the identity, that segments add up to the whole, that a month begins where the last one ended, and
    that the roll-up says the same as the contract lines themselves.
    """
    rates_day = month_end(last)
    whole = movements(first, last, rates_day=rates_day)
    found = [_told(movement, "all", "is off by", movement.gap) for movement in whole if movement.gap]
    by_month = {movement.month: movement for movement in whole}
    for dimension in ("tier", "industry"):
        parts = movements(first, last, dimension, rates_day=rates_day)
        found += [_told(part, dimension, "is off by", part.gap) for part in parts if part.gap]
        for month, total in by_month.items():
            for kind in ("start", *KINDS, "end"):
                summed = sum((getattr(part, kind) for part in parts if part.month == month), Decimal(0))
                wanted = getattr(total, kind)
                if summed != wanted:
                    found.append(f"{month:%Y-%m}: {kind} by {dimension} adds up to {summed}, not {wanted}.")
    for before, after in pairwise(whole):
        if before.month + relativedelta(months=1) == after.month and before.end != after.start:
            found.append(
                f"{after.month:%Y-%m} starts with {after.start}, the month before ends with {before.end}."
            )
    return found + _compare_with_lines(by_month, rates_day)


def month_end(month: date) -> date:
    """Return the last day of the month of ``month``."""
    return month + relativedelta(day=31)


def newest_month() -> date | None:
    """Return the first day of the newest month in the roll-up."""
    return MonthlyRevenue.objects.order_by("-month").values_list("month", flat=True).first()


def _compare_with_lines(by_month: dict[date, Movement], rates_day: date) -> list[str]:
    found = []
    running = newest_month()
    for month, movement in by_month.items():
        if month == running:
            continue  # the running month is rolled up as of the newest refresh, not as of its end
        start = month - relativedelta(days=1)
        positions = positions_between(start, month_end(month), rates_day=rates_day)
        start_arr, end_arr = load("finance", "position_totals", positions=positions).fetch()[0]
        if (start_arr, end_arr) != (movement.start, movement.end):
            found.append(
                f"{month:%Y-%m}: contract lines say {start_arr} to {end_arr}, "
                f"the roll-up {movement.start} to {movement.end}."
            )
    return found


def _placed(
    first: date, last: date, account_id: int | None, rates_day: date | None, until: date | None = None
) -> Statement:
    positions = load(
        "finance",
        "monthly_positions",
        rates=rates_on(rates_day or month_end(last)),
        lines=ContractLine.objects.revenue_rows(),
        first_month=first.replace(day=1),
        last_month=last.replace(day=1),
        account=account_id,
        until=until,
    )
    moved = load("finance", "movements", positions=positions, start_day=Statement("position.month - 1"))
    return load("finance", "placed", movements=moved, start_day=Statement("(movement.month - 1)"))


def _told(movement: Movement, dimension: str, what: str, amount: Decimal) -> str:
    return f"{movement.month:%Y-%m}, {dimension} {movement.member or 'accounts'}: {what} {amount}."
