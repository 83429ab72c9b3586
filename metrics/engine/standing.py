"""Show the newest numbers as each account's standing."""

from __future__ import annotations

from collections.abc import Set
from datetime import date

from django.db import models

from accounts.models import Standing
from metrics.registry import Metric, metrics
from metrics.statements import Statement, compose, load

HEALTH = "metrics.health"


def shown_metrics(failed: Set[str] = frozenset()) -> list[Metric]:
    """Return the metrics that have a column of the standing, without those that failed."""
    return [metric for metric in metrics if metric.standing and metric.key not in failed]


def store_standing(as_of: date, first: int, last: int, failed: Set[str] = frozenset()) -> int:
    """Bring the standing of a slice of accounts up to the numbers of ``as_of``; return the changed rows.

    Rows that already say the same stay untouched. The column of a failed metric keeps what it held, and the tier
    is that of whoever writes tenures. A change of the health band is told to other systems. Call only for the
    newest day, in a transaction.
    """
    if HEALTH not in failed:
        load("metrics", "health_changed", as_of=as_of, first=first, last=last).execute()
    shown = shown_metrics(failed)
    columns: list[str] = []
    values: list[str] = []
    if HEALTH not in failed:
        columns.append("health_band")
        values.append("coalesce(health.band, 'unknown')")
    for metric in shown:
        columns.append(str(metric.standing))
        values.append(f"figure.{metric.standing}")
    # An insert needs the band even where health failed: the table has no default of its own.
    if HEALTH in failed:
        insert_columns, insert_values = [*columns, "health_band"], [*values, "'unknown'"]
    else:
        insert_columns, insert_values = columns, values
    return load(
        "metrics",
        "standing",
        columns=Statement(", ".join(insert_columns)),
        values=Statement(", ".join(insert_values)),
        updated=Statement(", ".join(columns)),
        incoming=Statement(", ".join(f"excluded.{column}" for column in columns)),
        current=Statement(", ".join(f"held.{column}" for column in columns)),
        pivot=_pivot(shown),
        keys=[metric.key for metric in shown],
        as_of=as_of,
        first=first,
        last=last,
    ).execute()


def _pivot(shown: list[Metric]) -> Statement:
    parts = [compose(f"{_typed(metric)} AS {metric.standing}", key=metric.key) for metric in shown]
    if not parts:
        return Statement("count(*) AS figures")
    return Statement(
        ", ".join(part.sql for part in parts), tuple(param for part in parts for param in part.params)
    )


def _typed(metric: Metric) -> str:
    """Return SQL for the metric's value as its column holds it; a value too large shows as the largest."""
    value = "max(value.value) FILTER (WHERE value.key = {key})"
    column = Standing._meta.get_field(str(metric.standing))
    if isinstance(column, models.DateField):
        return f"date '1970-01-01' + {value}::integer"
    if isinstance(column, models.DecimalField):
        largest = "9" * (column.max_digits - column.decimal_places) + "." + "9" * column.decimal_places
        # PostgreSQL's least() passes over a null, which must stay one here.
        return (
            f"CASE WHEN {value} < -{largest} THEN -{largest} WHEN {value} > {largest} THEN {largest} "
            f"ELSE {value} END"
        )
    return value
