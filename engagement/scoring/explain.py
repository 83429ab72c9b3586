"""A score taken apart: what each rule gave, in words, as far as the reader may know."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.db.models.functions import JSONObject

from accounts.conditions.expression import (
    BrokenConditionError,
    ConditionError,
    leaves,
    resolve,
    stored_condition,
)
from accounts.models import Account
from engagement.models import AccountScore, ScoreKind, ScoreRule
from engagement.scoring.services import RuleDraft
from engagement.scoring.signals import SIGNALS
from people.access import Access
from people.models import Category

METRICS = {kind: f"engagement.{kind}_score" for kind in ScoreKind}
CATEGORIES = {
    ScoreKind.FIT: Category.ACCOUNT_PROFILE,
    ScoreKind.ENGAGEMENT: Category.ENGAGEMENT,
    ScoreKind.INTENT: Category.ENGAGEMENT,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class PartTold:
    """What one rule gave; ``times`` is how often what it counts happened, 0 for what an account is."""

    name: str
    points: Decimal
    times: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ScoreTold:
    """A score with its parts, the largest first, and what closed categories gave together."""

    kind: ScoreKind
    score: Decimal
    as_of: date
    version: int
    half_life_days: int | None
    parts: Sequence[PartTold]
    closed: Decimal
    reasons: Sequence[str]

    @property
    def label(self) -> str:
        """The kind in words."""
        return self.kind.label

    @property
    def metric(self) -> str:
        """The key of the number behind it."""
        return METRICS[self.kind]


def scores_of(account: Account, as_of: date, access: Access) -> list[ScoreTold]:
    """Return the newest scores of an account up to a day that ``access`` may read; one query."""
    readable = [kind for kind in ScoreKind if access.allows(CATEGORIES[kind])]
    rules = ScoreRule.objects.filter(model=OuterRef("model")).values(
        told=JSONObject(position="position", name="name", signal="signal", condition="condition")
    )
    rows = (
        AccountScore.objects.filter(account=account, kind__in=readable, as_of__lte=as_of)
        .order_by("kind", "-as_of")
        .distinct("kind")
        .select_related("model")
        .annotate(rules=ArraySubquery(rules))
    )
    told = {row.kind: _told(row, [ScoreRule(**rule) for rule in row.rules], access) for row in rows}
    return [told[kind] for kind in readable if kind in told]


def _told(row: AccountScore, written: Sequence[ScoreRule], access: Access) -> ScoreTold:
    rules = {rule.position: rule for rule in written}
    parts: list[PartTold] = []
    closed, reasons = Decimal(0), set()
    for part in row.parts:
        points, rule = Decimal(str(part["points"])), rules.get(part["rule"])
        # What a rule is called tells of what it asks.
        shut = categories_of(rule) - access.readable(categories_of(rule)) if rule else set()
        if shut:
            closed += points
            reasons |= {access.why_not(category) for category in shut}
            continue
        parts.append(
            PartTold(
                name=rule.name if rule else "A rule that is gone",
                points=points,
                times=int(part["count"]) if rule and rule.signal else 0,
            )
        )
    return ScoreTold(
        kind=ScoreKind(row.kind),
        score=row.score,
        as_of=row.as_of,
        version=row.model.version,
        half_life_days=row.model.half_life_days,
        parts=sorted(parts, key=lambda part: (-abs(part.points), part.name)),
        closed=closed,
        reasons=sorted(reasons),
    )


def categories_of(rule: ScoreRule | RuleDraft) -> set[str]:
    """Return the data categories that a rule tells of."""
    if rule.signal in SIGNALS:
        return {Category.ENGAGEMENT.value}
    found: set[str] = set()
    with suppress(ConditionError):
        for _, leaf in leaves(stored_condition(rule.condition)):
            with suppress(BrokenConditionError):
                field, _ = resolve(leaf)
                found.add(str(field.category))
    return found
