"""The forecast as a chart and as files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.conf import settings

from common.charts import Chart, Series, Tone
from common.export import Table, table_of
from common.formatting import format_date
from common.periods import month_label
from finance.retention.assumptions import Assumption
from finance.retention.forecast import SCENARIOS, Ahead, Forecast
from finance.revenue.charts import NO_REVENUE, money

TONES: dict[str, Tone] = {"low": "4", "base": "accent", "high": "2"}


def forecast_chart(forecast: Forecast) -> Chart:
    """Return ARR at the end of each quarter ahead, low, base and high."""
    last = forecast.quarters[-1]
    low, base, high = last.shown
    has_any = bool(forecast.start or last.rows)
    return Chart(
        key="finance.forecast",
        kind="line",
        title=f"Without new business ARR is {money(base)} in four quarters, between {money(low)} and {money(high)}"
        if has_any
        else "No recurring revenue to look ahead from",
        categories=[
            month_label(forecast.base),
            *(month_label(quarter.last) for quarter in forecast.quarters),
        ],
        series=[
            Series(
                name=name.title(),
                values=[forecast.start, *(quarter.end(name) for quarter in forecast.quarters)],
                tone=TONES[name],
            )
            for name in SCENARIOS
        ]
        if has_any
        else [],
        unit="money",
        currency=settings.REPORTING_CURRENCY,
        decimals=0,
        category_label="End of",
        note=f"At the exchange rates of {format_date(forecast.base)}.",
        empty=NO_REVENUE,
    )


def quarters_table(forecast: Forecast) -> Table:
    """Return the quarters, as a file."""
    return table_of(
        "retention-forecast",
        forecast.quarters,
        (
            ("first", "From", lambda row: row.first),
            ("last", "To", lambda row: row.last),
            ("agreed", "Agreed changes", lambda row: row.agreed),
            ("ends", "Terms that end", lambda row: row.ends),
            ("at_risk", "ARR of terms that end", lambda row: row.at_risk),
            *(
                (name, f"ARR at the end, {name} ({settings.REPORTING_CURRENCY})", _end(name))
                for name in SCENARIOS
            ),
        ),
    )


def ahead_table(rows: Iterable[Ahead]) -> Table:
    """Return what falls into quarters ahead by contract, as a file."""
    return table_of(
        "retention-forecast-contracts",
        rows,
        (
            ("on", "Day", lambda row: row.on),
            ("account_id", "Account id", lambda row: row.account_id),
            ("account", "Account", lambda row: row.account_name),
            ("contract_id", "Contract id", lambda row: row.contract_id),
            ("number", "Contract", lambda row: row.number),
            ("what", "What", lambda row: row.what),
            ("notice_on", "Notice by", lambda row: row.notice_on),
            ("tier", "Tier", lambda row: row.assumption.tier if row.assumption else None),
            ("rate", "Renewal rate assumed", lambda row: row.assumed),
            ("at_risk", f"ARR of the term ({settings.REPORTING_CURRENCY})", lambda row: row.at_risk),
            *((name, f"Change, {name}", _change(name)) for name in SCENARIOS),
        ),
    )


def assumptions_table(assumptions: Sequence[Assumption]) -> Table:
    """Return what is assumed of each tier and from how many cases, as a file."""
    return table_of(
        "retention-assumptions",
        assumptions,
        (
            ("tier", "Tier", lambda row: row.tier),
            ("cases", "Terms that ended", lambda row: row.case.cases if row.case else 0),
            ("renewed", "Of them renewed", lambda row: row.case.renewed if row.case else 0),
            ("rate", "Renewal rate", lambda row: row.rate),
            ("low", "Low", lambda row: row.low),
            ("high", "High", lambda row: row.high),
            ("uplift", "Uplift", lambda row: row.uplift),
            ("told", "From", lambda row: row.told),
        ),
    )


def _end(name: str) -> Any:
    return lambda quarter: quarter.end(name)


def _change(name: str) -> Any:
    return lambda row: getattr(row, name)
