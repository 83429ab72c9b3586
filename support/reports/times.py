"""How long answers and solutions took, in the time that counts: the open hours of each clock's calendar."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Case, Count, F, FloatField, IntegerField, Value, When
from django.db.models.expressions import ExpressionWrapper

from common.charts import Chart, Series
from common.export import Table, table_of
from common.formatting import format_count
from common.periods import end_of
from metrics.expressions import Percentile
from support.models import SlaMetric
from support.reports.attainment import Search
from tiers.entitlements.values import minutes_in_words

# Upper edges in minutes, the last one takes the rest.
EDGES = {
    SlaMetric.FIRST_RESPONSE: (15, 30, 60, 120, 240, 480, 1440),
    SlaMetric.NEXT_RESPONSE: (15, 30, 60, 120, 240, 480, 1440),
    SlaMetric.RESOLUTION: (60, 240, 480, 960, 1920, 2880, 5760),
}
SHOWN = (SlaMetric.FIRST_RESPONSE, SlaMetric.RESOLUTION)
NOUNS = {
    SlaMetric.FIRST_RESPONSE: "first response",
    SlaMetric.NEXT_RESPONSE: "next response",
    SlaMetric.RESOLUTION: "resolution",
}


@dataclass(frozen=True, slots=True)
class Times:
    """The times of one metric: how many clocks took how long; ``median`` and ``p90`` are minutes, None without any."""

    metric: SlaMetric
    counts: tuple[int, ...]
    median: float | None
    p90: float | None

    @property
    def n(self) -> int:
        """How many clocks have ended."""
        return sum(self.counts)

    @property
    def labels(self) -> list[str]:
        """What the steps are called."""
        words = [minutes_in_words(edge) for edge in EDGES[self.metric]]
        return [f"to {word}" for word in words] + [f"over {words[-1]}"]

    @property
    def told(self) -> str:
        """Median and 90th percentile in words."""
        if self.median is None or self.p90 is None:
            return f"No {NOUNS[self.metric]} ended"
        return f"Half within {_words(self.median)}, 90% within {_words(self.p90)}"


def read_times(search: Search) -> list[Times]:
    """Return the times of the metrics that the report shows, or of the one that is asked for; two queries each."""
    asked = (SlaMetric(search.metric),) if search.metric else SHOWN
    return [_times(search, metric) for metric in asked]


def _times(search: Search, metric: SlaMetric) -> Times:
    spent = ExpressionWrapper(F("spent_seconds") / Value(60.0), output_field=FloatField())
    ended = (
        search.listed()
        .select_related(None)
        .filter(metric=metric, spent_seconds__isnull=False, ended_at__lt=end_of(search.as_of))
        .annotate(took=spent)
    )
    edges = EDGES[metric]
    step = Case(
        *(When(took__lte=edge, then=Value(place)) for place, edge in enumerate(edges)),
        default=Value(len(edges)),
        output_field=IntegerField(),
    )
    counts = dict(ended.annotate(step=step).values_list("step").annotate(n=Count("*")).order_by())
    shares: dict[str, Any] = ended.aggregate(median=Percentile("took"), p90=Percentile("took", share=0.9))
    return Times(
        metric,
        tuple(counts.get(place, 0) for place in range(len(edges) + 1)),
        shares["median"],
        shares["p90"],
    )


def times_chart(times: Times) -> Chart:
    """Return how long clocks took as a histogram."""
    return Chart(
        key=f"support-times-{times.metric}",
        kind="bar",
        title=times.told,
        categories=times.labels,
        series=[Series(name="Clocks", values=times.counts, tone="accent")] if times.n else [],
        unit="clocks",
        category_label=str(times.metric.label),
        note=f"{format_count(times.n, 'clock')}, in the hours that count for each." if times.n else "",
    )


def times_table(found: list[Times]) -> Table:
    """Return all steps for a file."""
    rows = [
        (times, label, count)
        for times in found
        for label, count in zip(times.labels, times.counts, strict=True)
    ]
    return table_of(
        "sla-times",
        rows,
        (
            ("metric", "Metric", lambda row: str(row[0].metric.label)),
            ("step", "Took", lambda row: row[1]),
            ("clocks", "Clocks", lambda row: row[2]),
            ("median", "Median (minutes)", lambda row: row[0].median),
            ("p90", "90th percentile (minutes)", lambda row: row[0].p90),
        ),
    )


def _words(minutes: float) -> str:
    return minutes_in_words(max(1, round(minutes)))
