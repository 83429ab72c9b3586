"""The fields of conditions about tiers, which are words with a history of their own."""

from __future__ import annotations

from django.db.models import F, FilteredRelation, Q

from accounts.conditions.profile import tier_choices
from accounts.conditions.registry import ConditionField, Moment, Reading, register_field
from people.models import Category


def _tier(moment: Moment) -> Reading:
    if moment.as_of is None:
        return Reading(expression=F("standing__tier__slug"))
    then = FilteredRelation("tier_tenures", condition=Q(tier_tenures__during__contains=moment.as_of))
    return Reading(expression=F("condition_tenure__tier__slug"), relations={"condition_tenure": then})


register_field(
    ConditionField(
        key="accounts.tier",
        label="Tier",
        kind="choice",
        category=Category.ACCOUNT_PROFILE,
        read=_tier,
        choices=tier_choices,
        help="The tier in force, whatever gave it.",
    )
)
