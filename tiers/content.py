"""The content of a rule set as data: read from its rows, checked, written back, digested."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import Struct

from accounts.conditions.expression import (
    AllOf,
    Condition,
    ConditionError,
    Problem,
    condition_data,
    leaves,
    parse_condition,
    stored_condition,
)
from accounts.conditions.values import is_storable
from accounts.lists.access import IN_LIST
from accounts.lists.graph import asks_about
from accounts.models import Tier
from tiers.models import RuleSet, ScorePoint, ScoreThreshold, TierRule
from tiers.models.rules import DWELL_DAYS, GRACE_DAYS, LONGEST_WAIT
from tiers.parts import rule_set_parts

MOST_RULES = 100
MOST_POINTS = Decimal(10000)
HOW_MANY = f"Use up to {MOST_POINTS:,}, with two decimals at most."
NAME_LENGTH = 128
EVERYONE: dict[str, Any] = {"all": []}
# A rule over the tier that it gives would chase itself; what the CRM says is another field.
OWN_FIELD = "accounts.tier"


class Rule(Struct, frozen=True, kw_only=True):
    """One rule: who meets ``condition`` gets ``tier`` (a slug)."""

    name: str
    tier: str
    condition: Any


class Points(Struct, frozen=True, kw_only=True):
    """Points where ``condition`` holds."""

    name: str
    points: Decimal
    condition: Any


class Threshold(Struct, frozen=True, kw_only=True):
    """Points from which ``tier`` is entered and kept; both null for the tier that takes everyone else."""

    tier: str
    enter: Decimal | None = None
    stay: Decimal | None = None


class Content(Struct, frozen=True, kw_only=True):
    """All that a version says, without its number, state and parts of others."""

    kind: str = "conditions"
    note: str = ""
    minimum_dwell_days: int = DWELL_DAYS
    demotion_grace_days: int = GRACE_DAYS
    demotions_need_approval: bool = False
    rules: tuple[Rule, ...] = ()
    points: tuple[Points, ...] = ()
    thresholds: tuple[Threshold, ...] = ()


class RuleSetError(ValueError):
    """A rule set that can't be kept; ``problems`` name each place by its JSON pointer, such as /rules/0/name."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(" ".join(str(problem) for problem in problems))
        self.problems = problems


def decode_content(data: Any) -> Content:
    """Return the content that decoded JSON stands for; raises RuleSetError naming the place."""
    try:
        return msgspec.convert(data, Content, strict=False)
    except msgspec.ValidationError as error:
        message, _, where = str(error).partition(" - at `$")
        path = where.rstrip("`").replace("[", "/").replace("]", "").replace(".", "/")
        raise RuleSetError([Problem(path, f"{message}.", "Mend it as the format says.")]) from None


def content_data(content: Content) -> dict[str, Any]:
    """Return the content as plain JSON data."""
    data: dict[str, Any] = json.loads(msgspec.json.encode(content))
    return data


def read_content(rule_set: RuleSet) -> Content:
    """Return the content of a rule set from its rows; four queries."""
    return Content(
        kind=rule_set.kind,
        note=rule_set.note,
        minimum_dwell_days=rule_set.minimum_dwell_days,
        demotion_grace_days=rule_set.demotion_grace_days,
        demotions_need_approval=rule_set.demotions_need_approval,
        rules=tuple(
            Rule(name=name, tier=tier, condition=condition)
            for name, tier, condition in rule_set.rules.order_by("position").values_list(
                "name", "tier__slug", "condition"
            )
        ),
        points=tuple(
            Points(name=name, points=points, condition=condition)
            for name, points, condition in rule_set.points.order_by("position").values_list(
                "name", "points", "condition"
            )
        ),
        thresholds=tuple(
            Threshold(tier=tier, enter=enter, stay=stay)
            for tier, enter, stay in rule_set.thresholds.order_by("tier__rank").values_list(
                "tier__slug", "enter", "stay"
            )
        ),
    )


def read_whole(rule_set: RuleSet) -> dict[str, Any]:
    """Return the content with the parts that others keep, as JSON data."""
    parts = {part.key: part.read(rule_set) for part in rule_set_parts}
    return {**content_data(read_content(rule_set)), "parts": parts}


def digest_of(whole: Mapping[str, Any]) -> str:
    """Return a digest by which two contents are known as the same."""
    text = json.dumps(whole, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def write_content(rule_set: RuleSet, content: Content) -> None:
    """Replace the rows of a draft; call in a transaction, with the rule set locked and the content checked."""
    tiers = {tier.slug: tier for tier in Tier.objects.all()}
    rule_set.rules.all().delete()
    rule_set.points.all().delete()
    rule_set.thresholds.all().delete()
    TierRule.objects.bulk_create(
        TierRule(
            rule_set=rule_set,
            position=place,
            tier=tiers[rule.tier],
            name=rule.name.strip(),
            condition=condition_data(stored_condition(rule.condition)),
        )
        for place, rule in enumerate(content.rules, start=1)
    )
    ScorePoint.objects.bulk_create(
        ScorePoint(
            rule_set=rule_set,
            position=place,
            name=one.name.strip(),
            points=one.points,
            condition=condition_data(stored_condition(one.condition)),
        )
        for place, one in enumerate(content.points, start=1)
    )
    ScoreThreshold.objects.bulk_create(
        ScoreThreshold(rule_set=rule_set, tier=tiers[one.tier], enter=one.enter, stay=one.stay)
        for one in content.thresholds
    )


def problems_of(content: Content, before: Content | None = None) -> list[Problem]:
    """Return everything that keeps a content from being saved, each with the place and what to do.

    Conditions that stood in ``before`` may speak of what has gone since, so that one can be mended after the other;
    without it all must be sound, as for publication.
    """
    held: list[Any] = []
    if before is not None:
        held = [*(one.condition for one in before.rules), *(one.condition for one in before.points)]
    return [
        *_problems_of_terms(content),
        *(
            _problems_of_scores(content, held)
            if content.kind == RuleSet.Kind.SCORE
            else _problems_of_rules(content, held)
        ),
    ]


def _problems_of_terms(content: Content) -> Iterator[Problem]:
    if content.kind not in RuleSet.Kind.values:
        yield Problem("/kind", f"There is no kind “{content.kind[:40]}”.", "Choose conditions or score.")
    if not is_storable(content.note):
        yield Problem("/note", "The note holds a character that can't be kept.", "Remove it.")
    for name in ("minimum_dwell_days", "demotion_grace_days"):
        days = getattr(content, name)
        if not 0 <= days <= LONGEST_WAIT:
            yield Problem(f"/{name}", f"{days} days can't be kept.", f"Use 0 to {LONGEST_WAIT:,} days.")


def _problems_of_rules(content: Content, held: Sequence[Any]) -> Iterator[Problem]:
    if content.points or content.thresholds:
        yield Problem(
            "/points", "Points belong to sets of the kind score.", "Remove them, or change the kind."
        )
    if not content.rules:
        yield Problem("/rules", "There are no rules.", "Add one for each tier, the last for everyone else.")
        return
    if len(content.rules) > MOST_RULES:
        yield Problem("/rules", f"There are more than {MOST_RULES} rules.", "Join rules of one tier.")
        return
    yield from _problems_of_names("rules", [rule.name for rule in content.rules])
    yield from _problems_of_tiers("rules", [rule.tier for rule in content.rules])
    for place, rule in enumerate(content.rules):
        path = f"/rules/{place}/condition"
        condition, found = _parsed(rule.condition, path, is_held=rule.condition in held)
        yield from found
        if condition is None:
            continue
        is_last, is_everyone = place == len(content.rules) - 1, condition == AllOf(())
        if is_everyone and not is_last:
            yield Problem(
                path, "Everyone meets this, so no rule below it is ever asked.", "Move it to the end."
            )
        elif is_last and not is_everyone:
            yield Problem(
                path,
                "The last rule must take everyone else, or some accounts would have no tier.",
                "Add a last rule without a condition.",
            )


def _problems_of_scores(content: Content, held: Sequence[Any]) -> Iterator[Problem]:
    if content.rules:
        yield Problem(
            "/rules", "Rules belong to sets of the kind conditions.", "Remove them, or change the kind."
        )
    if not content.points:
        yield Problem("/points", "There are no points.", "Add a condition with its points.")
    if len(content.points) > MOST_RULES:
        yield Problem("/points", f"There are more than {MOST_RULES} conditions.", "Leave some out.")
        return
    yield from _problems_of_names("points", [one.name for one in content.points])
    for place, one in enumerate(content.points):
        path = f"/points/{place}"
        if not _is_fit(one.points):
            yield Problem(f"{path}/points", "That is no number of points.", HOW_MANY)
        condition, found = _parsed(one.condition, f"{path}/condition", is_held=one.condition in held)
        yield from found
        if condition is not None:
            for inner, leaf in leaves(condition):
                if leaf.stay is not None:
                    yield Problem(
                        f"{path}/condition{inner}/stay",
                        "Points have no threshold to stay.",
                        "Set it at the tier's threshold instead.",
                    )
    yield from _problems_of_thresholds(content)


def _problems_of_thresholds(content: Content) -> Iterator[Problem]:
    yield from _problems_of_tiers("thresholds", [one.tier for one in content.thresholds])
    for place, count in enumerate(Counter(one.tier for one in content.thresholds).values()):
        if count > 1:
            yield Problem(f"/thresholds/{place}/tier", "This tier stands twice.", "Remove one of them.")
    catch_all = [place for place, one in enumerate(content.thresholds) if one.enter is None]
    if not catch_all:
        yield Problem(
            "/thresholds",
            "No tier takes everyone else, so some accounts would have no tier.",
            "Leave the points of the lowest tier empty.",
        )
    ranks = dict(Tier.objects.values_list("slug", "rank"))
    ordered = sorted(enumerate(content.thresholds), key=lambda pair: ranks.get(pair[1].tier, 0))
    above: Threshold | None = None
    for place, one in ordered:
        path = f"/thresholds/{place}"
        unfit = [
            name
            for name in ("enter", "stay")
            if (held := getattr(one, name)) is not None and not _is_fit(held)
        ]
        if unfit:
            yield Problem(f"{path}/{unfit[0]}", "That is no number of points.", HOW_MANY)
            continue
        if one.enter is None:
            if one.stay is not None:
                yield Problem(f"{path}/stay", "Everyone else needs no points to stay.", "Leave it empty.")
            if one is not ordered[-1][1]:
                yield Problem(f"{path}/enter", "Only the lowest tier takes everyone else.", "Set the points.")
            continue
        if one.stay is None or one.stay > one.enter:
            yield Problem(
                f"{path}/stay",
                "The points to stay must be given, and not exceed those to enter.",
                "Whoever has just come in would fall out again: set them to those to enter, or fewer.",
            )
        if above is not None and above.enter is not None and one.enter >= above.enter:
            yield Problem(
                f"{path}/enter", "A lower tier must take fewer points than the one above it.", "Lower them."
            )
        above = one


def _is_fit(points: Decimal) -> bool:
    number = Decimal(points)
    return number.is_finite() and abs(number) <= MOST_POINTS and number == round(number, 2)


def _problems_of_names(part: str, names: list[str]) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for place, name in enumerate(names):
        path, folded = f"/{part}/{place}/name", name.strip().casefold()
        if not folded:
            yield Problem(path, "The name is missing.", "Name it so that people see why an account moved.")
        elif len(name.strip()) > NAME_LENGTH:
            yield Problem(path, "The name is too long.", f"Use at most {NAME_LENGTH} letters.")
        elif not is_storable(name):
            yield Problem(path, "The name holds a character that can't be kept.", "Remove it.")
        elif folded in seen:
            yield Problem(
                path, f"“{name.strip()}” is also number {seen[folded] + 1}.", "Give it another name."
            )
        seen.setdefault(folded, place)


def _problems_of_tiers(part: str, slugs: list[str]) -> Iterator[Problem]:
    known = list(Tier.objects.values_list("slug", flat=True))
    for place, slug in enumerate(slugs):
        if slug not in known:
            yield Problem(
                f"/{part}/{place}/tier",
                f"There is no tier “{slug[:40]}”.",
                f"Choose from {', '.join(known)}.",
            )


def _parsed(data: Any, path: str, *, is_held: bool) -> tuple[Condition | None, list[Problem]]:
    try:
        condition = stored_condition(data) if is_held else parse_condition(data)
    except ConditionError as error:
        return None, [
            Problem(f"{path}{problem.path}", problem.message, problem.remedy) for problem in error.problems
        ]
    return condition, [
        Problem(
            f"{path}{inner}/field",
            "A rule can't ask for the tier that it gives."
            if leaf.field == OWN_FIELD
            else "The list's own condition asks for the tier, which the rule gives.",
            "Use the tier in the CRM, or another field.",
        )
        for inner, leaf in leaves(condition)
        if leaf.field == OWN_FIELD or (leaf.field == IN_LIST and asks_about(leaf, OWN_FIELD))
    ]
