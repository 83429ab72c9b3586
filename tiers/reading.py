"""Versions of the rules as pages show them: in words, with who did what when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, Sum

from accounts.conditions import words
from accounts.conditions.expression import ConditionError, problems_of, stored_condition
from accounts.models import Account, Tier
from common.formatting import format_number
from people.models import User
from tiers.content import Content, Points, read_whole
from tiers.drafting import items_of
from tiers.models import RuleSet, TierOverride
from tiers.words import differences

SHOWN_SAVES = 30


@dataclass(frozen=True, kw_only=True, slots=True)
class ItemLine:
    """One rule or line of points in words; ``trouble`` says what of it no longer holds."""

    place: int
    name: str
    slug: str
    label: str
    points: str
    words: str
    trouble: str
    is_first: bool
    is_last: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Save:
    """One save of a version: by whom, when, and what it changed."""

    saved_by: User | None
    saved_at: datetime
    changes: Sequence[str]
    is_first: bool


def lines_of(content: Content) -> list[ItemLine]:
    """Return the rules, or points, of a version in words and in order."""
    labels = dict(Tier.objects.values_list("slug", "label"))
    items = items_of(content)
    found = []
    for place, item in enumerate(items):
        said, trouble = _said(item.condition)
        slug = "" if isinstance(item, Points) else item.tier
        found.append(
            ItemLine(
                place=place + 1,
                name=item.name,
                slug=slug,
                label=labels.get(slug, slug),
                points=f"{item.points:+f}" if isinstance(item, Points) else "",
                words=said,
                trouble=trouble,
                is_first=place == 0,
                is_last=place == len(items) - 1,
            )
        )
    return found


def thresholds_of(content: Content) -> list[dict[str, Any]]:
    """Return the thresholds of a set that scores, the highest tier first."""
    labels = dict(Tier.objects.values_list("slug", "label"))
    return [
        {
            "slug": one.tier,
            "label": labels.get(one.tier, one.tier),
            "enter": None if one.enter is None else format_number(Decimal(one.enter)),
            "stay": None if one.stay is None else format_number(Decimal(one.stay)),
        }
        for one in content.thresholds
    ]


def changes_to(rule_set: RuleSet, in_force: RuleSet | None) -> list[str]:
    """Return in words how a version differs from the one in force; none without one."""
    if in_force is None or in_force == rule_set:
        return []
    return differences(read_whole(in_force), read_whole(rule_set))


def saves_of(rule_set: RuleSet) -> list[Save]:
    """Return the newest saves of a version, each with what it changed."""
    kept = list(rule_set.revisions.select_related("saved_by")[: SHOWN_SAVES + 1])
    found = []
    for one, before in zip(kept, [*kept[1:], None], strict=True):
        held: Mapping[str, Any] | None = before.content if before else None
        found.append(
            Save(
                saved_by=one.saved_by,
                saved_at=one.saved_at,
                changes=differences(held, one.content) if held is not None else [],
                is_first=before is None,
            )
        )
    return found[:SHOWN_SAVES]


def _said(data: Any) -> tuple[str, str]:
    try:
        condition = stored_condition(data)
    except ConditionError:
        return "a condition that can no longer be read", "It can no longer be read."
    trouble = " ".join(f"{problem.message} {problem.remedy}" for problem in problems_of(condition))
    return words.words(condition), trouble


def moves_to_crm(day: date) -> list[dict[str, Any]]:
    """Return how many accounts, with how much ARR, the CRM has in another tier, by both tiers; one query.

    Accounts that an override holds on the day stay where they are, and so do those without a tier in the CRM.
    """
    held = TierOverride.objects.open_on(day).values("account_id")
    moves = (
        Account.objects.live()
        .exclude(tier=None)
        .exclude(pk__in=held)
        .exclude(standing__tier=F("tier"))
        .order_by("standing__tier__rank", "tier__rank")
        .values(
            from_slug=F("standing__tier__slug"),
            from_label=F("standing__tier__label"),
            to_slug=F("tier__slug"),
            to_label=F("tier__label"),
        )
        .annotate(accounts=Count("pk"), arr=Sum("standing__arr"))
    )
    return [dict(one) for one in moves]
