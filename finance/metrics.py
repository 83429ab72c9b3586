"""Recurring revenue, its retention and its movements; the numbers of invoices come from ``finance.invoices``."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from finance.clauses import metrics as _clauses  # noqa: F401 - declares the numbers of clauses
from finance.collections import metrics as _collections  # noqa: F401 - declares the numbers of collections
from finance.contracts import metrics as _contracts  # noqa: F401 - declares the numbers of terms and seats
from finance.contracts.metrics import CONTRACTS
from finance.costs import metrics as _costs  # noqa: F401 - declares what accounts cost
from finance.invoices import metrics as _invoices  # noqa: F401 - declares the numbers of invoices
from finance.revenue.ledger import LEDGER, RATES, follow_lines, follow_rates
from finance.revenue.positions import (
    CHANGE_DAYS,
    MRR,
    days_before,
    missing_rates,
    missing_since_month,
    missing_since_quarter,
    missing_since_year,
    month_start,
    placed_between,
    positions_between,
    revenue_on,
    year_before,
)
from finance.revenue.publication import CLOSING, close_months
from metrics.engine.plan import today
from metrics.registry import (
    EVERYTHING,
    AccountParts,
    Definition,
    account_parts,
    metric,
    rollup,
    segment_metric,
)
from metrics.statements import Statement, load
from people.models import Category, Level

REVENUE = (*CONTRACTS, "exchange-rates")
AT_END_RATES = "Both ends are counted at the exchange rates of the end"
TIERS = "tiers.tenures"


@rollup(RATES, label="Exchange rates known", is_sliced=False)
def known_rates(as_of: date, first: int, last: int) -> int:
    """Note the exchange rates that changed, so that published figures can be told at the rates of then."""
    return follow_rates()


@rollup(LEDGER, label="Revenue ledger", depends_on=(RATES,))
def ledger(as_of: date, first: int, last: int) -> int:
    """Enter into the ledger what changed of contract lines, and keep what accounts were like."""
    return follow_lines(as_of=as_of, first=first, last=last)


@metric(
    "finance.mrr",
    label="MRR",
    unit="money",
    category=Category.REVENUE,
    level=Level.TOTALS,
    formula="The recurring amounts of the lines running on the day, net of discounts, brought to a month "
    "(annual ÷ 12, quarterly ÷ 3, weekly × 52 ÷ 12, daily × 365.25 ÷ 12), in the reporting currency at the "
    "latest rate. Trials, one-off and usage fees don't count.",
    inputs=REVENUE,
    direction="up",
    standing="mrr",
    note=missing_rates,
    depends_on=(LEDGER,),
)
def mrr(as_of: date) -> Statement:
    return revenue_on(as_of, MRR)


@metric(
    "finance.arr",
    label="ARR",
    unit="money",
    category=Category.REVENUE,
    level=Level.TOTALS,
    formula="Twelve times the unrounded MRR of the day.",
    inputs=("finance.mrr", *REVENUE),
    direction="up",
    standing="arr",
    note=missing_rates,
    depends_on=(LEDGER,),
)
def arr(as_of: date) -> Statement:
    return revenue_on(as_of)


@metric(
    "finance.nrr",
    label="NRR",
    unit="ratio",
    category=Category.REVENUE,
    level=Level.TOTALS,
    formula=f"ARR on the day divided by ARR twelve months before. {AT_END_RATES}. "
    "Not defined without ARR at the start.",
    inputs=("finance.arr", *REVENUE),
    direction="up",
    standing="nrr",
    note=missing_since_year,
    depends_on=(LEDGER,),
)
def nrr(as_of: date) -> Statement:
    return load(
        "finance",
        "retention",
        positions=positions_between(year_before(as_of), as_of),
        numerator=Statement("position.end_arr"),
    )


@metric(
    "finance.arr_year_before",
    label="ARR a year before",
    unit="money",
    category=Category.REVENUE,
    level=Level.TOTALS,
    formula="ARR twelve months before the day, at the exchange rates of the day, above zero: what retention of the "
    "year starts from.",
    inputs=REVENUE,
    note=missing_since_year,
    depends_on=(LEDGER,),
)
def arr_year_before(as_of: date) -> Statement:
    return load("finance", "arr_before", positions=positions_between(year_before(as_of), as_of))


@metric(
    "finance.grr",
    label="GRR",
    unit="ratio",
    category=Category.REVENUE,
    level=Level.TOTALS,
    formula="The lesser of ARR on the day and twelve months before, divided by the latter; never above 100%. "
    f"{AT_END_RATES}. Not defined without ARR at the start.",
    inputs=("finance.arr", *REVENUE),
    direction="up",
    note=missing_since_year,
    depends_on=(LEDGER,),
)
def grr(as_of: date) -> Statement:
    return load(
        "finance",
        "retention",
        positions=positions_between(year_before(as_of), as_of),
        numerator=Statement("least(position.start_arr, position.end_arr)"),
    )


@metric(
    "finance.arr_change_90d",
    label="ARR change in 90 days",
    unit="ratio",
    category=Category.REVENUE,
    level=Level.TOTALS,
    formula="ARR on the day against ARR 90 days before, as a share of the latter, above zero on both days. "
    f"{AT_END_RATES}.",
    inputs=("finance.arr", *REVENUE),
    direction="up",
    note=missing_since_quarter,
    depends_on=(LEDGER,),
)
def arr_change_90d(as_of: date) -> Statement:
    return load("finance", "arr_change", positions=positions_between(days_before(as_of, CHANGE_DAYS), as_of))


def _segment(
    key: str, label: str, unit: str, formula: str, direction: str | None = "up", parts: str = "money"
) -> Definition:
    return Definition(
        key=key,
        label=label,
        unit=unit,
        category=Category.REVENUE,
        level=Level.TOTALS,
        formula=formula,
        inputs=("finance.arr", *REVENUE),
        direction=direction,  # type: ignore[arg-type]
        parts=parts,
    )


AT_START_TIER = "Accounts count in the tier they had at the start"


@segment_metric(
    "finance.retention",
    _segment(
        "finance.nrr",
        "NRR",
        "ratio",
        "ARR on the day of the accounts that had ARR twelve months before, divided by their ARR then. "
        f"New and returned accounts are left out. {AT_START_TIER}. {AT_END_RATES}.",
    ),
    _segment(
        "finance.grr",
        "GRR",
        "ratio",
        "The lesser of each account's ARR on the day and twelve months before, divided by their ARR then; "
        f"never above 100%. {AT_START_TIER}. {AT_END_RATES}.",
    ),
    _segment(
        "finance.logo_churn",
        "Logo churn",
        "ratio",
        "Accounts that had ARR twelve months before and have none on the day, divided by all that had. "
        f"{AT_START_TIER}.",
        "down",
        parts="accounts",
    ),
    _segment(
        "finance.expansion_rate",
        "Expansion rate",
        "ratio",
        "What the accounts with ARR twelve months before pay more than then, divided by their ARR then. "
        f"{AT_START_TIER}. {AT_END_RATES}.",
    ),
    label="Retention over twelve months, by segment",
    depends_on=(TIERS, LEDGER),
    note=missing_since_year,
)
def retention(as_of: date) -> Statement:
    return load("finance", "retention_segments", placed=placed_between(year_before(as_of), as_of))


def _retained(numerator: str) -> Callable[[date], Statement]:
    def parts(as_of: date) -> Statement:
        placed = placed_between(year_before(as_of), as_of)
        return load("finance", "retention_parts", placed=placed, numerator=Statement(numerator))

    return parts


for _key, _numerator in (
    ("finance.nrr", "placed.end_arr"),
    ("finance.grr", "least(placed.start_arr, placed.end_arr)"),
    ("finance.expansion_rate", "placed.expansion_arr"),
):
    account_parts.register(AccountParts(key=_key, query=_retained(_numerator)))

MONTH = f"in the month of the day, from the end of the month before. {AT_START_TIER}. {AT_END_RATES}."


@segment_metric(
    "finance.movements",
    _segment(
        "finance.arr_start",
        "ARR at the start",
        "money",
        f"ARR at the end of the month before. {AT_END_RATES}.",
    ),
    _segment("finance.arr_new", "New ARR", "money", f"ARR of accounts that never had any before, {MONTH}"),
    _segment(
        "finance.arr_expansion",
        "Expansion",
        "money",
        f"What accounts with ARR at the start pay more, {MONTH}",
    ),
    _segment(
        "finance.arr_reactivation",
        "Reactivation",
        "money",
        f"ARR of accounts that had none at the start but some before, {MONTH}",
    ),
    _segment(
        "finance.arr_contraction",
        "Contraction",
        "money",
        f"What accounts pay less and go on paying, {MONTH}",
        "down",
    ),
    _segment(
        "finance.arr_churn",
        "Churn",
        "money",
        f"ARR at the start of accounts that have none at the end, {MONTH} "
        "Churn is dated at the end of the paid period.",
        "down",
    ),
    _segment("finance.arr_end", "ARR at the end", "money", "ARR on the day, of all accounts."),
    label="Movements of the month, by segment",
    depends_on=(TIERS, LEDGER),
    note=missing_since_month,
)
def movements(as_of: date) -> Statement:
    return load("finance", "movement_segments", placed=placed_between(month_start(as_of), as_of))


@rollup(
    CLOSING,
    label="Months closed",
    depends_on=(LEDGER, "finance.retention:segments", "finance.movements:segments"),
    after=(EVERYTHING,),
    is_sliced=False,
)
def close(as_of: date, first: int, last: int) -> int:
    """Publish the months that have ended by the day, once their numbers are made."""
    return len(close_months(until=as_of)) if as_of < today() else 0
