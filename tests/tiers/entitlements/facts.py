"""Rule sets with entitlements of their own, with as few words as a test needs."""

from __future__ import annotations

from datetime import date
from typing import Any

from accounts.models import Tier
from people.models import User
from tests.tiers.facts import make_draft
from tests.users import make_user
from tiers.content import Content
from tiers.entitlements.services import set_entitlements
from tiers.models import RuleSet
from tiers.services import publish_rule_set, seen_of

TIERS = ("strategic", "enterprise", "growth", "standard")


def set_values(draft: RuleSet, by: User, values: dict[str, dict[str, Any]]) -> None:
    """Set values of a draft by tier and kind."""
    for slug, of_tier in values.items():
        draft.refresh_from_db()
        set_entitlements(
            rule_set=draft,
            tier=Tier.objects.get(slug=slug),
            values=of_tier,
            by=by,
            expected=draft.digest,
        )
    draft.refresh_from_db()


def publish_values(
    values: dict[str, dict[str, Any]], content: Content | None = None, starts_on: date | None = None
) -> RuleSet:
    """Put a version with values of its own in force."""
    by = make_user("revops")
    draft = make_draft(content, by)
    set_values(draft, by, values)
    return publish_rule_set(rule_set=draft, by=by, expected=seen_of(draft), starts_on=starts_on)
