"""Fit against intent, as the page of scores and the home page show it."""

from __future__ import annotations

from collections.abc import Sequence

from django.urls import reverse

from accounts.models import Lifecycle
from common.charts import Chart, Point
from common.export import Table, table_of
from common.formatting import format_number
from engagement.scoring.analysis import MOST_MARKS, Mark

POPULATIONS = {
    "new": ("Targets and prospects", (Lifecycle.TARGET, Lifecycle.PROSPECT)),
    "customers": ("Customers", (Lifecycle.CUSTOMER,)),
    "former": ("Former customers", (Lifecycle.CHURNED,)),
}
SPLIT = 50


def scatter(marks: Sequence[Mark], total: int, whom: str) -> Chart:
    """Draw fit against intent; ``total`` is how many there are beside the marks."""
    both = sum(mark.fit >= SPLIT and mark.intent >= SPLIT for mark in marks)
    shown = f", the {MOST_MARKS} highest of {format_number(total)} shown" if total > len(marks) else ""
    return Chart(
        key="engagement.fit_intent",
        kind="scatter",
        title=f"{format_number(both)} of {format_number(total)} {whom} fit and show intent{shown}"
        if marks
        else f"No scores of {whom} yet",
        points=[
            Point(
                name=mark.name,
                x=mark.fit,
                y=mark.intent,
                tone="accent" if mark.fit >= SPLIT and mark.intent >= SPLIT else "muted",
                url=reverse("accounts:detail", args=[mark.account_id]) + "?lens=marketing",
            )
            for mark in marks
        ],
        x_label="Fit",
        y_label="Intent",
        x_unit="points",
        unit="points",
        decimals=0,
        height="lg",
        extra={"splits": {"x": SPLIT, "y": SPLIT}},
        empty="Scores appear after the next nightly refresh.",
    )


def marks_table(name: str, marks: Sequence[Mark]) -> Table:
    """Return marks as rows of a file."""
    return table_of(
        name,
        marks,
        [
            ("account", "Account", lambda mark: mark.name),
            ("fit", "Fit", lambda mark: mark.fit),
            ("intent", "Intent", lambda mark: mark.intent),
        ],
    )
