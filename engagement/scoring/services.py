"""Writes about point models: drafts, publication, rollback."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts.conditions.expression import ConditionError, parse_condition, stored_condition
from accounts.conditions.query import numbers_read
from common.versions.cycle import Lifecycle, authored
from engagement.models import ScoreKind, ScoreModel, ScoreRule
from engagement.scoring.models import LONGEST_HALF_LIFE, MOST_POINTS
from engagement.scoring.signals import SIGNALS
from metrics.engine.waves import find_cycle
from metrics.registry import all_items, dependencies_of
from people.models import User

MOST_RULES = 50
ROLLUP = "engagement.scores"


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleDraft:
    """A rule as somebody wrote it, unchecked."""

    name: str
    points: Decimal | None
    condition: Any = None
    signal: str = ""
    at_most: Decimal | None = None


def _check(held: ScoreModel) -> None:
    check_rules(held.kind, draft_rules(held), held.half_life_days)


def _differences(before: ScoreModel, after: ScoreModel) -> list[str]:
    from engagement.scoring.words import model_differences

    half_lives = (before.half_life_days, after.half_life_days)
    return model_differences(draft_rules(before), draft_rules(after), half_lives)


cycle = Lifecycle(
    model=ScoreModel,
    series=("kind",),
    mark=lambda held: held.saved_at.isoformat(),
    check=_check,
    differences=_differences,
)


@transaction.atomic
def create_score_draft(*, kind: str, by: User | None, based_on: ScoreModel | None = None) -> ScoreModel:
    """Start a draft of the next version with the rules of ``based_on``, else of the version in force."""
    cycle.lock(ScoreModel(kind=ScoreKind(kind)))
    source = based_on or ScoreModel.objects.of_kind(kind).published().first()
    half_life_days = source.half_life_days if source else None
    draft = cycle.begin(by=by, based_on=source, kind=ScoreKind(kind), half_life_days=half_life_days)
    if source:
        _write_rules(draft, draft_rules(source))
    return draft


@transaction.atomic
def save_score_draft(
    *,
    model: ScoreModel,
    by: User | None,
    rules: Sequence[RuleDraft],
    half_life_days: int | None,
    note: str = "",
    expected: str | None = None,
    untouched: Collection[int] = (),
) -> ScoreModel:
    """Replace what a draft says.

    ``expected`` is the mark (``cycle.mark``) that the editor read, ``untouched`` the places of rules that are as they
    were: what has come to be wrong with those is refused at publication, so that one can be mended after the other.
    Raises ValidationError by field (``rules.0.points``), and VersionChangedError where somebody else saved in between
    or it is no draft any more.
    """
    held = cycle.hold(model, expected=expected)
    check_rules(held.kind, rules, half_life_days, untouched)
    held.half_life_days, held.note, held.saved_at = half_life_days, note.strip(), timezone.now()
    with authored(by):
        held.save(update_fields=("half_life_days", "note", "saved_at"))
    held.rules.all().delete()
    _write_rules(held, rules)
    return held


@transaction.atomic
def discard_score_draft(*, model: ScoreModel, by: User | None) -> None:
    """Throw a draft away. Raises VersionChangedError where it is none any more."""
    cycle.discard(model, by=by)


@transaction.atomic
def publish_score_model(*, model: ScoreModel, by: User | None, expected: str | None = None) -> ScoreModel:
    """Put a draft in force from the next refresh on, in place of the version published until now.

    Scores that were stored stay as they are. ``expected`` is what ``cycle.seen`` gave when the publisher looked; None
    is for whoever began the draft in the same go. Raises ValidationError where the draft can't be published, and
    VersionChangedError with the differences where it was saved, or another version published, meanwhile.
    """
    return cycle.publish(model, by=by, expected=expected)


@transaction.atomic
def restore_score_model(*, model: ScoreModel, by: User | None) -> ScoreModel:
    """Put the content of an earlier version in force again, as a version of its own."""
    draft = create_score_draft(kind=model.kind, by=by, based_on=model)
    save_score_draft(
        model=draft,
        by=by,
        rules=draft_rules(model),
        half_life_days=model.half_life_days,
        note=f"Back to version {model.version}.",
    )
    return cycle.publish(draft, by=by)


def check_rules(
    kind: str, rules: Sequence[RuleDraft], half_life_days: int | None, untouched: Collection[int] = ()
) -> None:
    """Raise ValidationError with what is wrong, by field: ``rules``, ``half_life_days``, ``rules.2.condition``…"""
    problems: dict[str, list[str]] = {}
    if not rules:
        problems["rules"] = ["Add at least one rule: a model without rules gives everybody 0."]
    elif len(rules) > MOST_RULES:
        problems["rules"] = [f"Use at most {MOST_RULES} rules."]
    names: dict[str, int] = {}
    for place, rule in enumerate(rules[:MOST_RULES]):
        if place not in untouched:
            problems |= {f"rules.{place}.{field}": told for field, told in _rule_problems(rule).items()}
        name = rule.name.strip().casefold()
        if name and name in names:
            written = names[name] if place in untouched else place
            problems[f"rules.{written}.name"] = ["Another rule has this name. Give each its own."]
        names.setdefault(name, place)
    decays = any(rule.signal for rule in rules)
    if decays and half_life_days is None:
        problems["half_life_days"] = ["Say after how many days what happened counts half, such as 30."]
    elif half_life_days is not None and not 1 <= half_life_days <= LONGEST_HALF_LIFE:
        problems["half_life_days"] = [f"Use 1 to {LONGEST_HALF_LIFE} days."]
    if kind == ScoreKind.FIT and decays:
        problems.setdefault("rules", []).append(
            "Fit says what an account is: count what happens in the engagement or the intent model."
        )
    if problems:
        raise ValidationError(problems)
    if circle := _circle(rules):
        raise ValidationError(
            {"rules": [f"The scores would depend on themselves: {' → '.join(circle)}. Use another field."]}
        )


def _rule_problems(rule: RuleDraft) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    if not rule.name.strip():
        found["name"] = ["Name the rule as people should read it in an explanation."]
    elif len(rule.name) > 128:
        found["name"] = ["Use at most 128 letters."]
    if rule.points is None or rule.points == 0 or abs(rule.points) > MOST_POINTS:
        found["points"] = [f"Give points from −{MOST_POINTS} to {MOST_POINTS}, but not 0."]
    elif rule.points != round(rule.points, 2):
        found["points"] = ["Use at most two decimals."]
    if (rule.condition is None) == (not rule.signal):
        found["condition"] = ["Say what the account must be, or what must have happened: one of the two."]
    elif rule.condition is not None:
        try:
            parse_condition(rule.condition)
        except ConditionError as error:
            found["condition"] = [str(problem) for problem in error.problems]
    elif rule.signal not in SIGNALS:
        found["signal"] = [f"“{rule.signal[:40]}” is nothing that is counted. Choose from the list."]
    if rule.at_most is not None and not 0 < rule.at_most <= MOST_POINTS:
        found["at_most"] = [f"Use a limit above 0 and up to {MOST_POINTS} points, or none."]
    return found


def fields_used(rules: Iterable[RuleDraft | ScoreRule]) -> set[str]:
    """Return the fields that the conditions of rules read, with the numbers behind them."""
    conditions = [stored_condition(rule.condition) for rule in rules if rule.condition is not None]
    return {key for condition in conditions for key in numbers_read(condition)}


def _circle(rules: Sequence[RuleDraft]) -> list[str]:
    items = all_items()
    edges = {key: dependencies_of(item) for key, item in items.items()}
    edges[ROLLUP] = tuple(sorted({*edges[ROLLUP], *(fields_used(rules) & items.keys())}))
    return find_cycle(edges)


def draft_rules(model: ScoreModel) -> list[RuleDraft]:
    """Return the rules of a version as they would be written."""
    return [_copy(rule) for rule in model.rules.all()]


def _copy(rule: ScoreRule) -> RuleDraft:
    return RuleDraft(
        name=rule.name,
        points=rule.points,
        condition=rule.condition,
        signal=rule.signal,
        at_most=rule.at_most,
    )


def _write_rules(model: ScoreModel, rules: Sequence[RuleDraft]) -> None:
    ScoreRule.objects.bulk_create(
        ScoreRule(
            model=model,
            position=place,
            name=rule.name.strip(),
            points=rule.points or 0,
            condition=rule.condition,
            signal=rule.signal,
            at_most=rule.at_most,
        )
        for place, rule in enumerate(rules, start=1)
    )
