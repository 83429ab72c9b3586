"""What of a health score is closed to a reader: whatever a closed number, or field of a condition, stands behind."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from accounts.conditions.expression import (
    BrokenConditionError,
    ConditionError,
    leaves,
    resolve,
    stored_condition,
)
from metrics.models import HealthLimit, HealthScore
from metrics.registry import metrics
from people.access import Access

# What a limit is called tells of its category.
CLOSED_LIMIT = "A limit"


def is_open(key: str, access: Access) -> bool:
    """Return whether the reader may see a component's number; one that nobody declares any more tells nothing."""
    declared = metrics.get(key)
    return declared is None or access.allows(declared.category, declared.level)


def closed(data: Any, access: Access) -> str:
    """Return why a condition isn't shown, empty where it is: what it asks tells of the fields that it reads."""
    told: set[str] = set()
    with suppress(ConditionError):
        for _, leaf in leaves(stored_condition(data)):
            with suppress(BrokenConditionError):
                told.add(resolve(leaf)[0].why_not(access, leaf.value))
    return " ".join(sorted(told - {""}))


def limit_name(score: HealthScore, access: Access) -> str:
    """Return what the limit that held a score is called, or only that one did; empty where none did.

    It is named to whoever may read all that its condition asks. No query for scores ``with_parts()``.
    """
    if not score.limit:
        return ""
    held: list[dict[str, Any]] | None = getattr(score, "held_by", None)
    if held is None:
        limits = HealthLimit.objects.filter(model=score.model_id, label=score.limit)
        held = [{"condition": limit.condition} for limit in limits]
    is_told = held and not any(closed(one["condition"], access) for one in held)
    return score.limit if is_told else CLOSED_LIMIT
