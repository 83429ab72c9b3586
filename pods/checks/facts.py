"""The numbers beside a check's items: as of the newest refresh while it is open, as they were when it was closed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from metrics.explanation import explain_url
from metrics.models import MetricValue, RefreshRun
from metrics.nights.telling import figure_text
from metrics.registry import metrics
from people.access import Access
from pods.checks.models import HealthCheck


@dataclass(frozen=True, slots=True)
class Line:
    """An item of a check as one reader sees it; ``value`` is text, a mark of redaction, or empty for no number."""

    place: int
    text: str
    is_done: bool
    label: str
    value: Any
    url: str


def read_facts(account_id: int, keys: Collection[str]) -> tuple[dict[str, Decimal], date | None]:
    """Return an account's numbers of the newest refreshed day, and that day; two queries."""
    day = RefreshRun.objects.finished().newest_day()
    if day is None or not keys:
        return {}, day
    rows = MetricValue.objects.filter(account_id=account_id, as_of=day, key__in=keys)
    return dict(rows.values_list("key", "value")), day


def lines_of(check: HealthCheck, access: Access) -> tuple[list[Line], date | None]:
    """Return a check's items with their numbers, and the day of these."""
    if check.task.is_open:
        facts, day = read_facts(check.task.account_id, {item["number"] for item in check.items} - {""})
    else:
        facts = {key: Decimal(value) for key, value in check.facts.items()}
        day = check.facts_on
    as_of = None if check.task.is_open else day
    return [
        _line(place, item, facts, access, check.task.account_id, as_of)
        for place, item in enumerate(check.items)
    ], day


def _line(
    place: int,
    item: Mapping[str, Any],
    facts: Mapping[str, Decimal],
    access: Access,
    account_id: int,
    as_of: date | None,
) -> Line:
    number = metrics.get(item["number"])
    if number is None:
        return Line(place, item["text"], item["is_done"], "", "", "")
    held = facts.get(number.key)
    text = "no value" if held is None else figure_text(held, number.unit)
    return Line(
        place,
        item["text"],
        item["is_done"],
        number.label,
        access.redact(text, number.category, number.level),
        explain_url(number.key, account=account_id, as_of=as_of),
    )
