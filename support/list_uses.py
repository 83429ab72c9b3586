"""Policies and routing rules that ask about target lists: each list's page says what rests on it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.urls import reverse

from accounts.conditions.expression import Condition, ConditionError, stored_condition
from accounts.lists.access import lists_in
from accounts.lists.graph import lists_behind
from accounts.lists.models import TargetList
from accounts.lists.uses import ListUse, Use, list_uses
from support.models import PolicySet, RoutingRule, RoutingRules


def _uses(target: TargetList) -> list[Use]:
    live = PolicySet.objects.filter(state__in=(PolicySet.State.PUBLISHED, PolicySet.State.SCHEDULED))
    return [
        Use(
            f"Policies of support, {str(held).lower()} ({held.get_state_display().lower()})",
            reverse("support:policy_version", args=[held.version]),
        )
        for held in live.order_by("version").prefetch_related("policies")
        if target.pk in lists_behind(_asked(policy.condition for policy in held.policies.all()))
    ]


def _uses_by_routing(target: TargetList) -> list[Use]:
    live = RoutingRules.objects.filter(state__in=(PolicySet.State.PUBLISHED, PolicySet.State.SCHEDULED))
    rows = RoutingRule.objects.filter(rules__in=live).select_related("rules")
    return [
        Use(
            f"Routing rule “{row.name}”, {str(row.rules).lower()} ({row.rules.get_state_display().lower()})",
            reverse("support:routing"),
        )
        for row in rows.order_by("rules__version", "position")
        if target.pk in lists_behind(_asked([row.condition]))
    ]


def _asked(conditions: Iterable[Any]) -> list[int]:
    """Return the lists that conditions ask about themselves."""
    found: dict[int, None] = {}
    for condition in conditions:
        try:
            found |= dict.fromkeys(lists_in(stored_condition(condition)))
        except ConditionError:
            continue  # their own page says what is wrong with it
    return list(found)


def _refuses(target: TargetList, condition: Condition) -> str:
    return ""


list_uses.register(ListUse(key="support.policies", uses=_uses, refuses=_refuses))
list_uses.register(ListUse(key="support.routing", uses=_uses_by_routing, refuses=_refuses))
