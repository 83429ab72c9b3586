"""The charts that an account's page and the home page share."""

from __future__ import annotations

from decimal import Decimal

from django.conf import settings

from common.charts import Chart, Series
from common.formatting import format_money, format_percent
from common.periods import month_label
from finance.series import Bridge

UNCHANGED = Decimal("0.005")  # would be shown as 0%


def money(value: Decimal) -> str:
    """Return an amount in the reporting currency, short."""
    return format_money(value, settings.REPORTING_CURRENCY, short=True)


def arr_title(before: Decimal, now: Decimal) -> str:
    """Say what became of ARR within a year."""
    if not now:
        return (
            f"ARR fell to nothing from {money(before)} a year ago" if before else "No recurring revenue today"
        )
    if not before:
        return f"ARR is {money(now)}; there was none a year ago"
    change = now / before - 1
    if abs(change) < UNCHANGED:
        return f"ARR is {money(now)}, as a year ago"
    return (
        f"ARR {'grew' if change > 0 else 'fell'} {format_percent(abs(change), 0)} in a year, to {money(now)}"
    )


def movement_chart(key: str, moved: Bridge) -> Chart:
    """Return the waterfall from start to end; its title names what weighed most."""
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
    if changes:
        name, value = max(changes, key=lambda pair: abs(pair[1]))
        title = f"{name} weighed most: {'+' if value > 0 else ''}{money(value)}"
    else:
        title = "Nothing moved ARR in twelve months"
    return Chart(
        key=key,
        kind="waterfall",
        title=title,
        categories=[name for name, _ in bars],
        series=[Series(name="ARR", values=[value for _, value in bars])] if moved.start or changes else [],
        totals=[0, len(bars) - 1],
        unit="money",
        currency=settings.REPORTING_CURRENCY,
        decimals=0,
        category_label="Step",
    )
