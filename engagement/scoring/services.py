"""Writes about point models: drafts, publication, rollback."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import pghistory
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from accounts.conditions.expression import ConditionError, parse_condition, stored_condition
from accounts.conditions.query import numbers_read
from engagement.models import ScoreKind, ScoreModel, ScoreRule
from engagement.scoring.models import LONGEST_HALF_LIFE, MOST_POINTS
from engagement.scoring.signals import SIGNALS
from metrics.engine.waves import find_cycle
from metrics.registry import all_items, dependencies_of
from people.models import User

MOST_RULES = 50
ROLLUP = "engagement.scores"


class ScoreModelChangedError(Exception):
    """Somebody else saved or published since the editor read the model; the message says who and when."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleDraft:
    """A rule as somebody wrote it, unchecked."""

    name: str
    points: Decimal | None
    condition: Any = None
    signal: str = ""
    at_most: Decimal | None = None


@transaction.atomic
def create_score_draft(*, kind: str, by: User | None, based_on: ScoreModel | None = None) -> ScoreModel:
    """Start a draft of the next version with the rules of ``based_on``, else of the version in force."""
    held = list(ScoreModel.objects.filter(kind=kind).select_for_update().order_by("pk"))
    source = based_on or next((one for one in held if one.state == ScoreModel.State.PUBLISHED), None)
    newest = ScoreModel.objects.filter(kind=kind).aggregate(newest=Max("version"))["newest"] or 0
    with pghistory.context(user=by.pk if by else None):
        draft = ScoreModel.objects.create(
            kind=ScoreKind(kind),
            version=newest + 1,
            half_life_days=source.half_life_days if source else None,
            author=by,
            based_on=source,
        )
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
    seen: datetime | None = None,
    untouched: Collection[int] = (),
) -> ScoreModel:
    """Replace what a draft says.

    ``seen`` is the ``saved_at`` that the editor read, ``untouched`` the places of rules that are as they were: what
    has come to be wrong with those is refused at publication, so that one can be mended after the other. Raises
    ValidationError by field (``rules.0.points``), and ScoreModelChangedError where somebody else saved in between or
    it is no draft any more.
    """
    held = _locked(model, seen)
    check_rules(held.kind, rules, half_life_days, untouched)
    held.half_life_days, held.note, held.saved_at = half_life_days, note.strip(), timezone.now()
    with pghistory.context(user=by.pk if by else None):
        held.save(update_fields=("half_life_days", "note", "saved_at"))
    held.rules.all().delete()
    _write_rules(held, rules)
    return held


@transaction.atomic
def discard_score_draft(*, model: ScoreModel, by: User | None) -> None:
    """Delete a draft. Raises ScoreModelChangedError where it is none any more."""
    held = _locked(model, None)
    with pghistory.context(user=by.pk if by else None):
        held.delete()


@transaction.atomic
def publish_score_model(*, model: ScoreModel, by: User | None, seen: datetime | None = None) -> ScoreModel:
    """Put a draft in force from the next refresh on, in place of the version published until now.

    Scores that were stored stay as they are. Raises ValidationError where the draft can't be published, and
    ScoreModelChangedError as ``save_score_draft`` does, or where a newer version was published meanwhile.
    """
    # In one order: every version of the kind, then the draft among them.
    versions = list(ScoreModel.objects.filter(kind=model.kind).select_for_update().order_by("pk"))
    held = _locked(model, seen)
    published = next((one for one in versions if one.state == ScoreModel.State.PUBLISHED), None)
    if published and published.pk != held.based_on_id and published.version > _origin(held):
        raise ScoreModelChangedError(
            f"{published.published_by or 'Somebody'} published version {published.version} since this draft was "
            "begun. Compare the two, then start a draft from that version."
        )
    rules = draft_rules(held)
    check_rules(held.kind, rules, held.half_life_days)
    now = timezone.now()
    with pghistory.context(user=by.pk if by else None):
        if published:
            published.state, published.retired_at = ScoreModel.State.RETIRED, now
            published.save(update_fields=("state", "retired_at"))
        held.state, held.published_at, held.published_by = ScoreModel.State.PUBLISHED, now, by
        held.save(update_fields=("state", "published_at", "published_by"))
    return held


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
    return publish_score_model(model=draft, by=by)


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


def _locked(model: ScoreModel, seen: datetime | None) -> ScoreModel:
    held = ScoreModel.objects.select_for_update().filter(pk=model.pk).first()
    if held is None:
        raise ScoreModelChangedError("Somebody discarded this draft.")
    if held.state != ScoreModel.State.DRAFT:
        who = held.published_by or "Somebody"
        raise ScoreModelChangedError(f"{who} published this version; start a new draft to change it.")
    if seen is not None and held.saved_at != seen:
        raise ScoreModelChangedError("Somebody saved this draft since you opened it. Load it again.")
    return held


def _origin(draft: ScoreModel) -> int:
    """Return the version that was in force when a draft was begun, or 0."""
    before = ScoreModel.objects.filter(kind=draft.kind, published_at__lte=draft.created_at)
    return before.aggregate(newest=Max("version"))["newest"] or 0


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
