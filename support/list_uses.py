"""Policies that ask about target lists: who is on one is then promised something else, so its page says so."""

from __future__ import annotations

from django.urls import reverse

from accounts.conditions.expression import Condition, ConditionError, stored_condition
from accounts.lists.access import lists_in
from accounts.lists.graph import lists_behind
from accounts.lists.models import TargetList
from accounts.lists.uses import ListUse, Use, list_uses
from support.models import PolicySet


def _uses(target: TargetList) -> list[Use]:
    live = PolicySet.objects.filter(state__in=(PolicySet.State.PUBLISHED, PolicySet.State.SCHEDULED))
    return [
        Use(
            f"Policies of support, {str(held).lower()} ({held.get_state_display().lower()})",
            reverse("support:policy_version", args=[held.version]),
        )
        for held in live.order_by("version").prefetch_related("policies")
        if target.pk in lists_behind(_asked(held))
    ]


def _asked(held: PolicySet) -> list[int]:
    """Return the lists that a version's own conditions ask about."""
    found: dict[int, None] = {}
    for policy in held.policies.all():
        try:
            found |= dict.fromkeys(lists_in(stored_condition(policy.condition)))
        except ConditionError:
            continue  # the page of the policies says what is wrong with it
    return list(found)


def _refuses(target: TargetList, condition: Condition) -> str:
    return ""


list_uses.register(ListUse(key="support.policies", uses=_uses, refuses=_refuses))
