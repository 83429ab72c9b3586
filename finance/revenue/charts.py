"""The charts that an account's page and the home page share."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.conf import settings

from common.charts import Chart
from common.charts import Series as Line
from common.formatting import format_date, format_money, format_percent
from common.periods import month_label
from finance.revenue.positions import tell_left_out
from finance.revenue.series import Series

NO_REVENUE = "Contract lines that charge by the period make it; trials, one-off and usage fees don't."
UNCHANGED = Decimal("0.005")  # would be shown as 0%


def money(value: Decimal) -> str:
    """Return an amount in the reporting currency, short."""
    return format_money(value, settings.REPORTING_CURRENCY, short=True)


def exact_money(value: Decimal) -> str:
    """Return an amount in the reporting currency, to the cent."""
    return format_money(value, settings.REPORTING_CURRENCY, decimals=2)


def arr_chart(key: str, series: Series, as_of: date) -> Chart:
    """Return ARR by month as a line, at the exchange rates of ``as_of``."""
    left_out = tell_left_out(series.left_out, as_of)
    return Chart(
        key=key,
        kind="line",
        title=_arr_title(series.values[-13], series.values[-1], has_gap=bool(left_out)),
        categories=[month_label(month) for month in series.months],
        series=[Line(name="ARR", values=series.values, tone="accent")] if any(series.values) else [],
        unit="money",
        currency=settings.REPORTING_CURRENCY,
        decimals=0,
        note=f"At the exchange rates of {format_date(as_of)}. {left_out}".strip(),
        empty=left_out or NO_REVENUE,
        extra={"zero": True},
    )


def _arr_title(before: Decimal, now: Decimal, *, has_gap: bool) -> str:
    """Say what became of ARR within a year."""
    if not now and has_gap:
        return "ARR has no value in the reporting currency"
    if not now:
        return (
            f"ARR fell to nothing from {money(before)} a year ago" if before else "No recurring revenue today"
        )
    if not before:
        return f"ARR is {money(now)}; there was none a year ago"
    change = now / before - 1
    if abs(change) < UNCHANGED:
        return f"ARR is {money(now)}, the same as a year ago"
    return (
        f"ARR {'grew' if change > 0 else 'fell'} {format_percent(abs(change), 0)} in a year, to {money(now)}"
    )


def movement_chart(key: str, series: Series, as_of: date) -> Chart:
    """Return the waterfall of the last twelve months; its title names what weighed most."""
    moved = series.bridge(12)
    bars = [
        (month_label(moved.first), moved.start),
        ("New", moved.new),
        ("Expansion", moved.expansion),
        ("Reactivation", moved.reactivation),
        ("Contraction", -moved.contraction),
        ("Churn", -moved.churn),
        (month_label(moved.last), moved.end),
    ]
    changes = [(name, value) for name, value in bars[1:-1] if value]
    left_out = tell_left_out(series.left_out, as_of)
    if changes:
        name, value = max(changes, key=lambda pair: abs(pair[1]))
        title = f"{name} weighed most: {'+' if value > 0 else ''}{money(value)}"
    elif left_out and not moved.start:
        title = "ARR has no value in the reporting currency"
    elif moved.start:
        title = f"ARR stayed at {money(moved.end)} for twelve months"
    else:
        title = "No recurring revenue in twelve months"
    return Chart(
        key=key,
        kind="waterfall",
        title=title,
        categories=[name for name, _ in bars],
        series=[Line(name="ARR", values=[value for _, value in bars])] if moved.start or changes else [],
        totals=[0, len(bars) - 1],
        unit="money",
        currency=settings.REPORTING_CURRENCY,
        decimals=0,
        category_label="Step",
        note=left_out,
        empty=left_out or NO_REVENUE,
    )
