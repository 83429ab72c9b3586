"""Tier rules that ask about target lists: who is on one then moves accounts, so its page says so."""

from __future__ import annotations

from django.urls import reverse

from accounts.conditions.expression import Condition, ConditionError, stored_condition
from accounts.lists.access import lists_in
from accounts.lists.graph import asks_about, lists_behind
from accounts.lists.models import TargetList
from accounts.lists.uses import ListUse, Use, list_uses
from tiers.content import OWN_FIELD
from tiers.models import RuleSet


def _uses(target: TargetList) -> list[Use]:
    return [
        Use(
            f"Tier rules, {str(held).lower()} ({held.get_state_display().lower()})",
            reverse("tiers:version", args=[held.version]),
        )
        for held in _resting_on(target)
    ]


def _refuses(target: TargetList, condition: Condition) -> str:
    resting = _resting_on(target)
    if not resting or not asks_about(condition, OWN_FIELD):
        return ""
    return (
        f"{resting[0]} of the tier rules asks about this list, so its condition can't ask for the tier: an account "
        "would keep its tier for having it. Use the tier in the CRM, or another field."
    )


def _resting_on(target: TargetList) -> list[RuleSet]:
    """Return the versions that are or will be in force and ask about a list, also by way of others."""
    live = RuleSet.objects.filter(state__in=(RuleSet.State.PUBLISHED, RuleSet.State.SCHEDULED))
    return [
        held
        for held in live.order_by("version").prefetch_related("rules", "points")
        if target.pk in lists_behind(_asked(held))
    ]


def _asked(held: RuleSet) -> list[int]:
    """Return the lists that a version's own conditions ask about."""
    found: dict[int, None] = {}
    for condition in [
        *(rule.condition for rule in held.rules.all()),
        *(one.condition for one in held.points.all()),
    ]:
        try:
            found |= dict.fromkeys(lists_in(stored_condition(condition)))
        except ConditionError:
            continue  # the rule's own page says what is wrong with it
    return list(found)


list_uses.register(ListUse(key="tiers.rules", uses=_uses, refuses=_refuses))
