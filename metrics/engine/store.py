"""Write numbers: each call replaces one item's rows, all inside the database."""

from __future__ import annotations

from datetime import date

from django.db import transaction

from metrics.models import MetricValue, SegmentValue
from metrics.registry import Metric, Rollup, SegmentMetric
from metrics.statements import compile_query, load


def run_item(item: Metric | Rollup | SegmentMetric, as_of: date, first: int, last: int) -> int:
    """Do one item for the accounts ``first`` to ``last``; return the rows written."""
    if isinstance(item, Metric):
        return store_metric(item, as_of, first, last)
    if isinstance(item, SegmentMetric):
        return store_segments(item, as_of)
    return item.query(as_of, first, last)


@transaction.atomic
def store_metric(metric: Metric, as_of: date, first: int, last: int) -> int:
    """Replace one metric of one day for a slice of accounts.

    The slice is put on the outside of the metric's query, from where PostgreSQL pushes it down through
    groups, and wherever the query asks for it.
    """
    MetricValue.objects.filter(
        key=metric.key, as_of=as_of, account_id__gte=first, account_id__lte=last
    ).delete()
    source = compile_query(metric.query(as_of)).within(first, last)
    return load(
        "metrics", "store_metric", key=metric.key, as_of=as_of, source=source, first=first, last=last
    ).execute()


@transaction.atomic
def store_segments(segments: SegmentMetric, as_of: date) -> int:
    """Replace the segment numbers of one declaration for one day."""
    keys = [definition.key for definition in segments.definitions]
    SegmentValue.objects.filter(key__in=keys, as_of=as_of).delete()
    return load("metrics", "store_segments", as_of=as_of, source=segments.query(as_of)).execute()
