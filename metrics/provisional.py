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
    how long it holds (``fresh_days``) is marked only once the silence is longer, and so is what is made of it.
    """
    moment = min(timezone.now(), end_of(as_of))
    stale = stale_categories(moment)
    return replace_provisional(as_of=as_of, reasons=_reasons(stale) if stale else {})


def _reasons(stale: Mapping[str, Stale]) -> dict[str, str]:
    keys = [item.key for item in metrics]
    keys += [definition.key for item in segment_metrics for definition in item.definitions]
    reasons = {}
    for key in keys:
        held = held_for(key)
        told = [stale[category].beyond(held[category]) for category in sorted(held.keys() & stale.keys())]
        if reason := " ".join(filter(None, told)):
            reasons[key] = reason
    return reasons


def categories_of(key: str) -> set[str]:
    """Return the kinds of data that a number is made of: its own category, and those of all that it reads.

    Followed through the numbers and roll-ups between, down to the records.
    """
    return set(held_for(key))


def held_for(key: str) -> dict[str, timedelta]:
    """Return for how long a number holds though sources are silent, by the kind of data.

    What is made of several holds as long as the one that holds shortest; what is made of a component of health holds
    as long as that, at the least.
    """
    found: dict[str, timedelta] = {}
    for name, held in _followed(key).items():
        for declared in (resources.get(name), definition_of(name)):
            if declared is not None and declared.category is not None:
                category = str(declared.category)
                found[category] = min(held, found.get(category, held))
    return found


def resources_of(key: str) -> set[str]:
    """Return the records that a number is made of, followed through the numbers and roll-ups between."""
    return {name for name in _followed(key) if name in resources}


def _followed(key: str) -> dict[str, timedelta]:
    """Return all that a number is made of, itself too, each with how long it holds on the way that holds shortest."""
    found: dict[str, timedelta] = {}
    waiting = [(key, timedelta())]
    while waiting:
        name, held = waiting.pop()
        metric, definition, item = metrics.get(name), definition_of(name), all_items().get(name)
        if metric is not None and metric.component is not None:
            held = max(held, timedelta(days=metric.component.fresh_days))
        if name in found and found[name] <= held:
            continue
        found[name] = held
        inner = (
            *(definition.inputs if definition is not None else ()),
            *(dependencies_of(item) if item else ()),
        )
        waiting += [(each, held) for each in inner]
    return found
