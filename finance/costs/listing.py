"""What serving accounts cost, by tier and one by one, from the numbers of a night."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.urls import reverse

from accounts.lenses.doubts import doubt_of, doubts_on
from common.export import Table, table_of
from finance.costs.costing import DAYS
from finance.costs.metrics import SUPPORT_COST, UNRATED
from metrics.models import MetricValue
from metrics.statements import Statement, load
from people.access import Access
from people.models import Category, Level

ARR = "finance.arr"
SHOWN = 100
EVERY = 2**31 - 1
DAYS_A_YEAR = 365
NO_TIER = "No tier"


@dataclass(frozen=True, slots=True)
class Served:
    """What serving somebody cost in 90 days: an account, a tier, or all.

    ``cost`` is None where none of the time had a rate. ``revenue`` is what the ARR of the day brings in 90 days, None
    where there is none; it and ``share`` are redacted for who may not read totals of revenue.
    """

    name: str
    tier: dict[str, str] | None
    cost: Decimal | None
    unrated: int
    revenue: Any
    share: Any
    explain_url: str = ""
    account_id: int = 0
    accounts: int = 0
    is_whole: bool = False


def stored_day(until: date) -> date | None:
    """Return the newest day up to ``until`` of which costs are stored; one query."""
    stored = MetricValue.objects.filter(key=UNRATED, as_of__lte=until)
    return stored.order_by("-as_of").values_list("as_of", flat=True).first()


def tiers_on(day: date, access: Access) -> list[Served]:
    """Return what serving each tier cost as of a stored day, the whole last; one query."""
    rows = load("finance", "costs/tiers", accounts=_accounts(day)).fetch_dicts()
    return [
        _served(row, "All accounts" if row["is_whole"] else row["tier_label"] or NO_TIER, access)
        for row in rows
    ]


def accounts_on(day: date, access: Access, *, most: int = SHOWN) -> list[Served]:
    """Return the accounts that somebody worked for in 90 days until a stored day, what cost most first; one query."""
    rows = load("finance", "costs/worked_accounts", accounts=_accounts(day), most=most).fetch_dicts()
    explain = reverse("metrics:explain", args=[SUPPORT_COST])
    return [
        replace(
            _served(row, row["name"], access),
            account_id=row["account_id"],
            explain_url=f"{explain}?account={row['account_id']}&as_of={day}",
        )
        for row in rows
    ]


def share_of(cost: Decimal | None, revenue: Decimal | None) -> Decimal | None:
    """Return a cost as a share of revenue, None where either is missing or there is no revenue."""
    return cost / revenue if cost is not None and revenue else None


def revenue_in(days: int, arr: Decimal | None) -> Decimal | None:
    """Return what ARR brings in so many days, of a year of 365."""
    return None if arr is None else arr * days / DAYS_A_YEAR


def doubts_of(day: date, access: Access) -> str:
    """Return why the figures are provisional, nothing where they aren't; two queries."""
    return doubt_of((SUPPORT_COST, UNRATED), doubts_on(day), access)


def tiers_table(rows: Iterable[Served]) -> Table:
    """Return the tiers for a file."""
    return table_of(
        "cost-to-serve-by-tier",
        rows,
        [
            ("tier", "Tier", lambda row: row.name),
            ("accounts", "Accounts with cost", lambda row: row.accounts),
            *_figures(),
        ],
    )


def accounts_table(rows: Iterable[Served]) -> Table:
    """Return the accounts for a file."""
    return table_of(
        "cost-to-serve",
        rows,
        [
            ("account_id", "Id", lambda row: row.account_id),
            ("account", "Account", lambda row: row.name),
            ("tier", "Tier", lambda row: row.tier["label"] if row.tier else ""),
            *_figures(),
        ],
    )


def _figures() -> list[tuple[str, str, Any]]:
    return [
        ("cost", "Support cost in 90 days", lambda row: _cents(row.cost)),
        ("revenue", "Revenue in 90 days", lambda row: _cents(row.revenue)),
        ("share", "Share of revenue", lambda row: _rounded(row.share)),
        ("currency", "Currency", lambda _: settings.REPORTING_CURRENCY),
        ("unrated", "Minutes without a rate", lambda row: row.unrated),
    ]


def _cents(value: Any) -> Any:
    return round(value, 2) if isinstance(value, Decimal) else value


def _rounded(value: Any) -> Any:
    return round(value, 6) if isinstance(value, Decimal) else value


def _served(row: dict[str, Any], name: str, access: Access) -> Served:
    revenue = revenue_in(DAYS, row["arr"])
    return Served(
        name=name,
        tier={"slug": row["tier"], "label": row["tier_label"]} if row["tier"] else None,
        cost=row["cost"],
        unrated=int(row["unrated"] or 0),
        revenue=access.redact(revenue, Category.REVENUE, Level.TOTALS),
        share=access.redact(share_of(row["cost"], revenue), Category.REVENUE, Level.TOTALS),
        accounts=row.get("accounts", 0),
        is_whole=bool(row.get("is_whole")),
    )


def _accounts(day: date) -> Statement:
    return load("finance", "costs/accounts", cost_key=SUPPORT_COST, arr_key=ARR, unrated_key=UNRATED, day=day)
