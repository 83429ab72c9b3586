"""Entitlements as a part of the rule set: copied into drafts, digested and compared with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from accounts.models import Tier
from common.formatting import format_key
from tiers.entitlements.registry import kinds
from tiers.entitlements.services import fill_draft
from tiers.models import EntitlementValue, RuleSet
from tiers.parts import RuleSetPart

Values = Mapping[str, Mapping[str, Any]]


def read_values(rule_set: RuleSet) -> dict[str, dict[str, Any]]:
    """Return the values of a version by the slug of the tier and the kind, in a fixed order."""
    rows = EntitlementValue.objects.filter(rule_set=rule_set).order_by("tier__rank", "key")
    found: dict[str, dict[str, Any]] = {}
    for tier, key, value in rows.values_list("tier__slug", "key", "value"):
        found.setdefault(tier, {})[key] = value
    return found


def write_values(rule_set: RuleSet, data: Values) -> None:
    """Give a new draft values that were read once; tiers that are gone since are left out."""
    tiers = {tier.slug: tier for tier in Tier.objects.all()}
    EntitlementValue.objects.bulk_create(
        EntitlementValue(rule_set=rule_set, tier=tiers[slug], key=key, value=value)
        for slug, values in data.items()
        if slug in tiers
        for key, value in values.items()
    )


def differences_of(before: Values | None, after: Values | None) -> list[str]:
    """Return in words what changed between two readings; what has no value has the default of its kind."""
    labels = dict(Tier.objects.values_list("slug", "label"))
    was, now = before or {}, after or {}
    return [
        f"{labels.get(tier, format_key(tier))}, {change}"
        for tier in dict.fromkeys([*labels, *was, *now])
        for change in _changes(tier, was.get(tier, {}), now.get(tier, {}))
    ]


def _changes(tier: str, was: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    found = []
    for key in dict.fromkeys([*was, *now]):
        kind = kinds.get(key)
        if kind is None:  # nobody grants it any longer, so it means nothing
            continue
        old, new = was.get(key, kind.default_for(tier)), now.get(key, kind.default_for(tier))
        if old != new:
            found.append(f"{kind.label.lower()}: {kind.words(old)}, now {kind.words(new)}")
    return found


ENTITLEMENTS = RuleSetPart(
    key="entitlements",
    label="Entitlements",
    fill=lambda rule_set: fill_draft(rule_set=rule_set),
    read=read_values,
    write=write_values,
    differences=differences_of,
)
