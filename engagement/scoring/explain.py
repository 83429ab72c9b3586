"""A score taken apart: what each rule gave, in words, as far as the reader may know."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
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
from engagement.scoring.score import NO_DECAY, reach_of
from engagement.scoring.services import RuleDraft
from engagement.scoring.signals import SIGNALS
from engagement.scoring.words import rule_words
from people.access import Access
from people.models import Category

# So many of the newest happenings of a rule are told one by one.
MOST_DATES = 5
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Counted:
    """One thing that happened, with the points that it counted for on the day of the score."""

    on: date
    points: Decimal


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleTold:
    """One rule of the version that made a score: what it asks, what it gave, and the newest that it counted."""

    name: str
    what: str
    each: Decimal
    at_most: Decimal | None
    points: Decimal
    times: int
    happens: bool
    newest: Sequence[Counted] = ()

    @property
    def is_limited(self) -> bool:
        """Whether more happened than the rule gives points for."""
        return self.at_most is not None and abs(self.points) >= self.at_most


@dataclass(frozen=True, kw_only=True, slots=True)
class ScoreHow:
    """A score rule by rule, for the page that explains it."""

    kind: ScoreKind
    version: int
    half_life_days: int | None
    rules: Sequence[RuleTold]
    closed: Decimal
    reasons: Sequence[str]


def how(kind: ScoreKind, account: Account, as_of: date, access: Access) -> ScoreHow | None:
    """Return what each rule gave an account's newest score up to a day, the largest first, None without a score.

    Takes a query for each rule about what happened that gave something. Rules that tell of closed categories come
    as one sum.
    """
    row = (
        AccountScore.objects.filter(account=account, kind=kind, as_of__lte=as_of)
        .select_related("model")
        .order_by("-as_of")
        .first()
    )
    if row is None:
        return None
    given = {part["rule"]: part for part in row.parts}
    rules: list[RuleTold] = []
    closed, reasons = Decimal(0), set()
    for rule in row.model.rules.all():
        part = given.get(rule.position, {"points": 0, "count": 0})
        points = Decimal(str(part["points"]))
        asked = categories_of(rule)
        if shut := asked - access.readable(asked):
            closed += points
            reasons |= {access.why_not(category) for category in shut}
            continue
        rules.append(
            RuleTold(
                name=rule.name,
                what=rule_words(rule),
                each=rule.points,
                at_most=rule.at_most,
                points=points,
                times=int(part["count"]) if rule.signal else 0,
                happens=bool(rule.signal),
                newest=_newest(row, rule) if rule.signal in SIGNALS and part["count"] else (),
            )
        )
    return ScoreHow(
        kind=kind,
        version=row.model.version,
        half_life_days=row.model.half_life_days,
        rules=sorted(rules, key=lambda told: (-abs(told.points), told.name)),
        closed=closed,
        reasons=sorted(reasons),
    )


def _newest(row: AccountScore, rule: ScoreRule) -> list[Counted]:
    half_life = row.model.half_life_days or NO_DECAY
    since = row.as_of - timedelta(days=reach_of(row.model))
    happened = SIGNALS[rule.signal].query(since, row.as_of).filter(account_id=row.account_id)
    days = happened.order_by("-on").values_list("on", flat=True)[:MOST_DATES]
    return [
        Counted(on=day, points=rule.points * Decimal(0.5 ** ((row.as_of - day).days / half_life)))
        for day in days
    ]


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
