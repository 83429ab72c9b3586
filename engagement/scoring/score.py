"""Count the points of accounts, set-based, with what each rule gave beside the sum."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import date, timedelta

from django.db import transaction

from accounts.conditions.expression import ConditionError, parse_condition
from accounts.conditions.query import matching, numbers_read
from engagement.models import AccountScore, ScoreModel, ScoreRule
from engagement.scoring.signals import SIGNALS
from metrics.registry import all_items
from metrics.statements import Statement, load

# After so many half-lives a thing counts less than a thousandth; it is not looked for any further back.
HALF_LIVES = 10
# Holds where a rule has no limit of its own.
NO_LIMIT = 1_000_000
NO_DECAY = 36_500


def points_of(model: ScoreModel, rules: Sequence[ScoreRule], as_of: date, first: int, last: int) -> Statement:
    """Return ``(account_id, rule, points, count)`` for what each rule gives accounts of a slice on a day."""
    statements = [_points(model, rule, as_of, first, last) for rule in rules]
    sql = "\nUNION ALL\n".join(statement.sql for statement in statements)
    return Statement(sql, tuple(param for statement in statements for param in statement.params))


def _points(model: ScoreModel, rule: ScoreRule, as_of: date, first: int, last: int) -> Statement:
    if rule.condition is not None:
        matched = (
            matching(parse_condition(rule.condition), as_of=as_of, numbers_on=as_of).order_by().values("id")
        )
        return load(
            "engagement",
            "score_is",
            matched=matched,
            position=rule.position,
            points=rule.points,
            first=first,
            last=last,
        )
    half_life = model.half_life_days or NO_DECAY
    since = as_of - timedelta(days=reach_of(model))
    return load(
        "engagement",
        "score_happened",
        happened=SIGNALS[rule.signal].query(since, as_of),
        position=rule.position,
        points=rule.points,
        at_most=NO_LIMIT if rule.at_most is None else rule.at_most,
        half_life=half_life,
        as_of=as_of,
        first=first,
        last=last,
    )


def reach_of(model: ScoreModel) -> int:
    """Return how many days back a model looks."""
    return min((model.half_life_days or NO_DECAY) * HALF_LIVES, NO_DECAY)


@transaction.atomic
def store_scores(as_of: date, first: int, last: int) -> int:
    """Replace the scores of a slice of accounts by the published models; return how many were written."""
    AccountScore.objects.filter(as_of=as_of, account_id__gte=first, account_id__lte=last).delete()
    published = ScoreModel.objects.filter(state=ScoreModel.State.PUBLISHED).order_by("kind")
    return sum(_store(model, as_of, first, last) for model in published.prefetch_related("rules"))


def _store(model: ScoreModel, as_of: date, first: int, last: int) -> int:
    return load(
        "engagement",
        "score_store",
        parts=points_of(model, list(model.rules.all()), as_of, first, last),
        kind=model.kind,
        model=model.pk,
        as_of=as_of,
        first=first,
        last=last,
    ).execute()


def fields_read() -> set[str]:
    """Return the numbers that the conditions of the published models read.

    A condition that speaks of something that is gone adds nothing here; it fails the step, which says so.
    """
    rules = ScoreRule.objects.filter(model__state=ScoreModel.State.PUBLISHED).exclude(condition=None)
    found: set[str] = set()
    for rule in rules:
        with suppress(ConditionError):
            found |= numbers_read(parse_condition(rule.condition))
    return found & set(all_items())
