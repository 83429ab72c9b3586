"""What changed between two contents of a rule set, in plain sentences."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from accounts.conditions import words
from accounts.conditions.expression import ConditionError, parse_condition
from accounts.models import Tier
from common.formatting import format_number
from tiers.models import RuleSet
from tiers.parts import rule_set_parts

Item = Mapping[str, Any]


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return what changed from one whole content to another (``tiers.content.read_whole``); none where equal."""
    labels = dict(Tier.objects.values_list("slug", "label"))
    found = [
        *_terms(before, after),
        *_named("Rule", before.get("rules", []), after.get("rules", []), lambda a, b: _rule(a, b, labels)),
        *_named("Points", before.get("points", []), after.get("points", []), _points),
        *_thresholds(before.get("thresholds", []), after.get("thresholds", []), labels),
    ]
    for part in rule_set_parts:
        held, wanted = (one.get("parts", {}).get(part.key) for one in (before, after))
        if held != wanted:
            found += part.differences(held, wanted)
    return found


def _terms(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    found = []
    if before.get("kind") != after.get("kind"):
        kinds = [str(RuleSet.Kind(one["kind"]).label).lower() for one in (before, after)]
        found.append(f"Kind: {kinds[0]}, now {kinds[1]}")
    for name, label in (("minimum_dwell_days", "Minimum dwell"), ("demotion_grace_days", "Demotion grace")):
        if before.get(name) != after.get(name):
            found.append(f"{label}: {before.get(name)} days, now {after.get(name)}")
    if before.get("demotions_need_approval") != after.get("demotions_need_approval"):
        needs = "now need" if after.get("demotions_need_approval") else "no longer need"
        found.append(f"Demotions {needs} approval")
    if before.get("note", "") != after.get("note", ""):
        found.append(f"Note: “{before.get('note', '')}”, now “{after.get('note', '')}”")
    return found


def _named(
    noun: str,
    before: Sequence[Item],
    after: Sequence[Item],
    compare: Callable[[Item, Item], list[str]],
) -> list[str]:
    """Compare items by name; a new order is told once."""
    held = {str(item["name"]).casefold(): item for item in before}
    wanted = {str(item["name"]).casefold(): item for item in after}
    found = [f"{noun} “{item['name']}” removed" for key, item in held.items() if key not in wanted]
    for key, item in wanted.items():
        if key not in held:
            found.append(f"{noun} “{item['name']}” added: {_said(item['condition'])}")
        else:
            found += [f"{noun} “{item['name']}”: {change}" for change in compare(held[key], item)]
    kept = [key for key in held if key in wanted]
    if kept != [key for key in wanted if key in held]:
        found.append(f"Order of the {noun.lower()}{'s' if noun == 'Rule' else ''} changed")
    return found


def _rule(before: Item, after: Item, labels: Mapping[str, str]) -> list[str]:
    found = []
    if before["tier"] != after["tier"]:
        tiers = [labels.get(one["tier"], one["tier"]) for one in (before, after)]
        found.append(f"gave {tiers[0]}, now {tiers[1]}")
    return found + _conditions(before, after)


def _points(before: Item, after: Item) -> list[str]:
    found = []
    if Decimal(str(before["points"])) != Decimal(str(after["points"])):
        found.append(f"{before['points']} points, now {after['points']}")
    return found + _conditions(before, after)


def _conditions(before: Item, after: Item) -> list[str]:
    if before["condition"] == after["condition"]:
        return []
    try:
        return words.differences(parse_condition(before["condition"]), parse_condition(after["condition"]))
    except ConditionError:
        return ["the condition changed"]


def _thresholds(before: Sequence[Item], after: Sequence[Item], labels: Mapping[str, str]) -> list[str]:
    held = {item["tier"]: item for item in before}
    wanted = {item["tier"]: item for item in after}
    found = []
    for slug in labels:
        was, now = held.get(slug), wanted.get(slug)
        if was != now:
            found.append(f"{labels[slug]}: {_reached(was)}, now {_reached(now)}")
    return found


def _reached(item: Item | None) -> str:
    if item is None:
        return "not given"
    if item.get("enter") is None:
        return "everyone else"
    enter, stay = (format_number(Decimal(str(item[name]))) for name in ("enter", "stay"))
    return f"from {enter} points (to stay: {stay})"


def _said(condition: Any) -> str:
    try:
        return words.words(parse_condition(condition))
    except ConditionError:
        return "a condition that can no longer be read"
