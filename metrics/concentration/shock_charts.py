"""The charts of the shock simulator."""

from __future__ import annotations

from decimal import Decimal

from django.conf import settings

from common.charts import Chart, Series
from common.formatting import format_money, format_percent
from metrics.concentration.shock import QUARTER, Shock

MOST_BARS = 8


def waterfall(shock: Shock, *, names: bool) -> Chart:
    """Return what leads from ARR before to after: the largest lost one by one, if they may be named, and the others."""
    total, lost = shock.total, shock.lost
    named = list(lost[:MOST_BARS]) if names else []
    bars = [(each.name, -each.arr) for each in named]
    rest = total.arr_lost - sum((each.arr for each in named), Decimal(0))
    if len(lost) > len(named):
        count = len(lost) - len(named)
        bars.append((f"{count} {'other ' if named else ''}{'account' if count == 1 else 'accounts'}", -rest))
    count = total.accounts_lost
    share = total.share_lost
    title = (
        f"Without {count} {'account' if count == 1 else 'accounts'}, {format_percent(share, 0)} of ARR is gone"
        if share is not None
        else "There is no ARR to lose"
    )
    return Chart(
        key="shock-arr",
        kind="waterfall",
        title=title,
        categories=["Before", *(name for name, _ in bars), "After"],
        series=[Series(name="ARR", values=[total.arr, *(amount for _, amount in bars), total.arr_left])],
        totals=[0, len(bars) + 1],
        unit="money",
        currency=settings.REPORTING_CURRENCY,
        decimals=0,
        category_label="Step",
    )


def renewals_chart(shock: Shock) -> Chart:
    """Return the calendar of renewals: what of each quarter is left, and what is gone."""
    lines = shock.lines.get(QUARTER, ())
    most = max(lines, key=lambda line: line.arr_lost, default=None)
    currency = settings.REPORTING_CURRENCY
    return Chart(
        key="shock-renewals",
        kind="stacked",
        title=f"{most.label} loses most: {format_money(most.arr_lost, currency, short=True)} that was to renew"
        if most is not None and most.arr_lost
        else "No renewal is lost",
        categories=[line.label for line in lines],
        series=[
            Series(name="Left", values=[line.arr_left for line in lines], tone="accent"),
            Series(name="Lost", values=[line.arr_lost for line in lines], tone="red"),
        ],
        unit="money",
        currency=currency,
        decimals=0,
        category_label="Renewal quarter",
    )
