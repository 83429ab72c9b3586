"""How a value went through the published versions."""

from __future__ import annotations

from typing import Any

from accounts.models import Tier
from tiers.entitlements.registry import EntitlementKind
from tiers.models import EntitlementValue, RuleSet

SHOWN_AT_MOST = 10


def value_history(kind: EntitlementKind, tier: Tier | None) -> list[dict[str, Any]]:
    """Return the values that a tier had of one kind, newest first: one entry where it changed; one query.

    Each has the words, and the version that brought it with who published it when.
    """
    rows = (
        EntitlementValue.objects.filter(
            key=kind.key,
            tier=tier,
            rule_set__state__in=(RuleSet.State.PUBLISHED, RuleSet.State.RETIRED),
        )
        .select_related("rule_set__published_by")
        .order_by("rule_set__published_at", "rule_set_id")
    )
    turns: list[dict[str, Any]] = []
    before: Any = None
    for row in rows:
        if row.value != before:
            turns.append({"words": kind.words(row.value), "rule_set": row.rule_set})
        before = row.value
    return turns[::-1][:SHOWN_AT_MOST]
