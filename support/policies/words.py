"""Policies in words: what differs between two versions, and what of one can't be asked any more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from accounts.conditions.expression import ConditionError, Problem, problems_of, stored_condition
from accounts.conditions.words import EVERY_ACCOUNT
from accounts.models import Tier
from metrics.health.redaction import closed
from metrics.health.shown import condition_words
from people.access import Access
from support.models import Policy, PolicySet, Priority, SlaMetric
from support.policies.content import PRIORITIES, Cells, Content, PolicyDraft, plain_data
from tiers.entitlements.values import minutes_in_words

AS_ENTITLED = "as entitled"
NOTHING = "nothing"
HIDDEN = "other accounts than before"


def differences(before: Content, after: Content, access: Access | None = None) -> list[str]:
    """Say in sentences what changed; none where nothing did. ``access`` leaves out conditions that it closes."""
    labels = {slug: f"{label} tier" for slug, label in Tier.objects.values_list("slug", "label")}
    held, wanted = ({one.name.strip(): one for one in content} for content in (before, after))
    found = [f"“{name}” left out" for name in held if name not in wanted]
    for name, one in wanted.items():
        if name in held:
            found += [f"“{name}”: {told}" for told in _changes(held[name], one, labels, access)]
        else:
            found.append(f"“{name}” added, for {_whom(one, access)}")
    kept = [name for name in held if name in wanted]
    if kept != [name for name in wanted if name in held]:
        found.append(f"asked in another order: {', '.join(f'“{name}”' for name in wanted)}")
    return found


def _whom(one: PolicyDraft, access: Access | None) -> str:
    if access is not None and closed(one.condition, access):
        return "accounts that you may not be told"
    return _lower(condition_words(one.condition))


def _lower(told: str) -> str:
    """Let what holds for everybody stand within a sentence."""
    return told.lower() if told == EVERY_ACCOUNT else told


def _changes(
    before: PolicyDraft, after: PolicyDraft, labels: Mapping[str, str], access: Access | None
) -> Iterator[str]:
    [old], [new] = plain_data([before]), plain_data([after])
    if old["condition"] != new["condition"]:
        is_closed = access is not None and any(closed(one.condition, access) for one in (before, after))
        yield f"for {HIDDEN if is_closed else _lower(condition_words(after.condition))}"
    if (before.clock, before.calendar) != (after.clock, after.calendar):
        was, now = (clock_words(one.clock, one.calendar) for one in (before, after))
        yield f"time runs {now}, until now {was}"
    yield from _target_changes(before.cells, after.cells, labels)


def _target_changes(before: Cells, after: Cells, labels: Mapping[str, str]) -> Iterator[str]:
    slugs = ["", *labels]
    for metric in SlaMetric:
        for priority in PRIORITIES:
            for slug in slugs:
                key = (metric.value, priority, slug)
                old, new = (_said(cells, key) for cells in (before, after))
                if old != new:
                    whom = labels.get(slug, "any tier")
                    level = Priority(priority).label.lower()
                    yield f"{metric.label.lower()}, {level}, {whom}: {new} instead of {old}"


def _said(cells: Cells, key: tuple[str, str, str]) -> str:
    if key not in cells:
        return NOTHING
    minutes = cells[key]
    return AS_ENTITLED if minutes is None else minutes_in_words(minutes)


def clock_words(clock: str, calendar: str = "") -> str:
    """Say by what time runs."""
    if clock == Policy.ClockKind.CALENDAR:
        return f"by the calendar {calendar}"
    return "around the clock" if clock == Policy.ClockKind.ALWAYS else "as the tier or contract says"


def broken_policies(held: PolicySet) -> list[tuple[Policy, list[str]]]:
    """Return the policies of a version whose conditions speak of something that is gone, with what to do."""
    policies = Policy.objects.filter(policy_set=held).order_by("position")
    told = [(one, [_problem_words(each) for each in problems_with(one.condition)]) for one in policies]
    return [(one, problems) for one, problems in told if problems]


def problems_with(condition: Any) -> list[Problem]:
    """Return what of a stored condition is gone."""
    try:
        return problems_of(stored_condition(condition))
    except ConditionError as error:
        return error.problems


def _problem_words(problem: Problem) -> str:
    return f"{problem.message} {problem.remedy}".strip()
