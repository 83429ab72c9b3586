"""Every stored number as a field of conditions, and the health band beside them."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial
from typing import Any

from django.db.models import DateField, DecimalField, ExpressionWrapper, F, FilteredRelation, Func, Q, Value
from django.db.models.functions import Coalesce

from accounts.conditions.registry import Choice, ConditionField, Kind, Moment, Reading, register_field
from accounts.models import HealthBand
from common.formatting import format_date
from metrics.health.fields import declare_fields
from metrics.lens import OLDEST_KEPT
from metrics.models import RefreshRun
from metrics.registry import Metric, metrics
from people.models import RESERVED, Category, Level

KINDS: dict[str, Kind] = {"money": "money", "ratio": "ratio", "days": "days", "date": "date"}
DAY = "metrics.day"


class DayOfNumber(Func):
    """The date that is stored as days since 1970-01-01."""

    template = "(date '1970-01-01' + (%(expressions)s)::integer)"
    arity = 1
    output_field = DateField()


def day_of_numbers(moment: Moment) -> date | None:
    """Return the day whose numbers a moment reads: of the newest finished refresh, for a past day within 45 days.

    None where there is none; what was found is noted for the reader.
    """
    if DAY not in moment.memo:
        day = moment.numbers_on or RefreshRun.objects.finished().newest_day(until=moment.as_of)
        if day is not None and moment.as_of is not None and day < moment.as_of - timedelta(days=OLDEST_KEPT):
            day = None
        moment.memo[DAY] = day
        if day is not None and day != moment.as_of:
            moment.notes[DAY] = f"Numbers are those of {format_date(day)}."
        elif day is None:
            moment.notes[DAY] = "No numbers had been stored by then."
    found: date | None = moment.memo[DAY]
    return found


def _read(metric: Metric, moment: Moment) -> Reading:
    if moment.as_of is None and metric.standing:
        return Reading(expression=_shown(F(f"standing__{metric.standing}"), metric))
    day = day_of_numbers(moment)
    if day is None:
        return Reading(
            expression=Value(None, output_field=DateField() if metric.unit == "date" else DecimalField())
        )
    relation = f"condition_{metric.key.replace('.', '_')}"
    stored = FilteredRelation(
        "metric_values", condition=Q(metric_values__key=metric.key, metric_values__as_of=day)
    )
    value = F(f"{relation}__value")
    return Reading(
        expression=DayOfNumber(value) if metric.unit == "date" else value, relations={relation: stored}
    )


def _shown(column: F, metric: Metric) -> Any:
    if metric.unit == "date":
        return column
    # As a decimal, since Django would cut the decimals off what an integer is compared with.
    return ExpressionWrapper(column, output_field=DecimalField())


def _band(moment: Moment) -> Reading:
    unknown = Value(HealthBand.UNKNOWN.value)
    if moment.as_of is None:
        return Reading(expression=Coalesce(F("standing__health_band"), unknown))
    day = day_of_numbers(moment)
    if day is None:
        return Reading(expression=Coalesce(Value(None), unknown))
    scored = FilteredRelation("health_scores", condition=Q(health_scores__as_of=day))
    return Reading(
        expression=Coalesce(F("condition_health__band"), unknown), relations={"condition_health": scored}
    )


def declare_metrics() -> None:
    """Declare a field for each stored number that any app declares.

    But for those of reserved categories: lists and tiers made by them would tell everybody what only some may know.
    """
    metrics.discover()
    for metric in metrics:
        if metric.category in RESERVED:
            continue
        register_field(
            ConditionField(
                key=metric.key,
                label=metric.label,
                kind=KINDS.get(metric.unit, "number"),
                unit="" if metric.unit in KINDS else metric.unit,
                category=metric.category,
                level=metric.level,
                read=partial(_read, metric),
                help=metric.formula,
                explain=metric.key,
            )
        )


declare_metrics()
declare_fields()
register_field(
    ConditionField(
        key="metrics.health_band",
        label="Health band",
        kind="choice",
        category=Category.ACCOUNT_PROFILE,
        level=Level.TOTALS,
        read=_band,
        explain="metrics.health_score",
        choices=lambda: [Choice(value, str(label)) for value, label in HealthBand.choices],
        help="Red below 50, green from 75; insufficient data where too little of the model is present.",
    )
)
