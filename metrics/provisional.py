"""Which numbers rest on which kinds of data, so that a stale source marks what depends on it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from django.utils import timezone

from common.periods import end_of
from metrics.registry import all_items, definition_of, dependencies_of, metrics, segment_metrics
from sync.freshness.judging import Stale, stale_categories
from sync.freshness.marks import replace_provisional
from sync.registry import resources


def note_provisional(as_of: date) -> int:
    """Mark the numbers of a day that were made from stale data; return how many.

    A source is stale if, when the day ended (or now, on the day itself), it had been silent for longer than is
    expected of it. What has arrived since counts: a refresh after it clears the mark. A component of health that says
    how long it holds (``fresh_days``) is marked only once the silence is longer than that.
    """
    moment = min(timezone.now(), end_of(as_of))
    stale = stale_categories(moment)
    return replace_provisional(as_of=as_of, reasons=_reasons(stale) if stale else {})


def _reasons(stale: Mapping[str, Stale]) -> dict[str, str]:
    keys = [item.key for item in metrics]
    keys += [definition.key for item in segment_metrics for definition in item.definitions]
    reasons = {}
    for key in keys:
        held_for = _held_for(key)
        touched = sorted(
            category
            for category in categories_of(key) & stale.keys()
            if (age := stale[category].age) is None or age > held_for
        )
        if touched:
            reasons[key] = " ".join(stale[category].reason for category in touched)
    return reasons


def _held_for(key: str) -> timedelta:
    """Return for how long a number holds though its sources are silent."""
    metric = metrics.get(key)
    return timedelta(days=metric.component.fresh_days if metric is not None and metric.component else 0)


def categories_of(key: str) -> set[str]:
    """Return the kinds of data that a number is made of: its own category, and those of all that it reads.

    Followed through the numbers and roll-ups between, down to the records.
    """
    found: set[str] = set()
    _gather(key, found, set())
    return found


def _gather(name: str, found: set[str], seen: set[str]) -> None:
    if name in seen:
        return
    seen.add(name)
    resource, definition, item = resources.get(name), definition_of(name), all_items().get(name)
    for declared in (resource, definition):
        if declared is not None and declared.category is not None:
            found.add(str(declared.category))
    inputs = definition.inputs if definition is not None else ()
    for inner in (*inputs, *(dependencies_of(item) if item is not None else ())):
        _gather(inner, found, seen)
