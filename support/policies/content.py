"""What a version of the policies says, as somebody writes it: read, checked, and told as plain data."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError

from accounts.conditions.expression import (
    ConditionError,
    condition_data,
    parse_condition,
    stored_condition,
)
from accounts.models import Tier
from support.models import BusinessCalendar, Policy, PolicySet, PolicyTarget, Priority, SlaMetric
from support.models.policies import LONGEST_TARGET
from tiers.entitlements.values import minutes_in_words, parse_minutes

MOST_POLICIES = 30
ENTITLED = "entitled"
ANY_TIER = "any"
PRIORITIES = tuple(Priority.values)
WHAT_A_TARGET_IS = "Write a span such as 30 min, 2 h or 3 days, the word entitled, or nothing."
WHAT_A_SOLUTION_IS = (
    "Write a span such as 30 min, 2 h or 3 days, or nothing: tiers and contracts don’t say it."
)
# By metric, priority and the slug of a tier (empty for any): minutes, None for what the account is entitled to.
Cells = Mapping[tuple[str, str, str], int | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicyDraft:
    """A policy as somebody wrote it, unchecked; ``calendar`` is the name of one, empty where the clock needs none."""

    name: str
    condition: Any
    clock: str = Policy.ClockKind.ENTITLED
    calendar: str = ""
    cells: Cells = field(default_factory=dict)


# All that a version says: its policies in the order in which they are asked.
Content = Sequence[PolicyDraft]


def content_of(held: PolicySet) -> Content:
    """Return what a version says; two queries."""
    cells: dict[int, dict[tuple[str, str, str], int | None]] = {}
    for policy, metric, priority, tier, minutes in PolicyTarget.objects.filter(policy_set=held).values_list(
        "policy_id", "metric", "priority", "tier__slug", "minutes"
    ):
        cells.setdefault(policy, {})[metric, priority, tier or ""] = minutes
    rows = Policy.objects.filter(policy_set=held).select_related("calendar").order_by("position")
    return tuple(
        PolicyDraft(
            name=row.name,
            condition=row.condition,
            clock=row.clock,
            calendar=row.calendar.name if row.calendar else "",
            cells=cells.get(row.pk, {}),
        )
        for row in rows
    )


def check_content(content: Content, *, as_drafts: bool = False) -> None:
    """Raise ValidationError with what is wrong, by field: ``policies``, ``policies.0.name``, ``policies.2.targets``…

    ``as_drafts`` leaves for publication what may still come or be mended: that there is a policy at all, and
    conditions that speak of something that is gone.
    """
    problems: dict[str, list[str]] = {}
    if not content and not as_drafts:
        problems["policies"] = ["Add at least one policy: without any nothing is promised to anybody."]
    if len(content) > MOST_POLICIES:
        problems["policies"] = [f"Use at most {MOST_POLICIES} policies."]
    tiers = {"", *Tier.objects.values_list("slug", flat=True)}
    calendars = set(BusinessCalendar.objects.values_list("name", flat=True))
    names: set[str] = set()
    for place, one in enumerate(content[:MOST_POLICIES]):
        found = {**_name_problems(one.name, names), **_clock_problems(one, calendars)}
        found |= _condition_problems(one.condition, as_drafts=as_drafts)
        if told := _target_problems(one.cells, tiers):
            found["targets"] = told
        problems |= {f"policies.{place}.{name}": told for name, told in found.items()}
        names.add(one.name.strip().casefold())
    if problems:
        raise ValidationError(problems)


def _name_problems(name: str, taken: Iterable[str]) -> dict[str, list[str]]:
    longest = Policy._meta.get_field("name").max_length or 0
    kept = name.strip()
    if not kept or len(kept) > longest or not kept.isprintable():
        return {"name": [f"Name the policy in {longest} letters at most, such as Strategic accounts."]}
    if kept.casefold() in taken:
        return {"name": [f"“{kept}” stands twice. Name one of them otherwise."]}
    return {}


def _clock_problems(one: PolicyDraft, calendars: Iterable[str]) -> dict[str, list[str]]:
    if one.clock not in Policy.ClockKind.values:
        return {"clock": [f"Use {', '.join(Policy.ClockKind.values)}."]}
    if one.clock == Policy.ClockKind.CALENDAR and one.calendar not in calendars:
        told = f"There is no calendar “{one.calendar[:80]}”. " if one.calendar else ""
        return {"calendar": [f"{told}Choose the calendar by which time runs."]}
    if one.clock != Policy.ClockKind.CALENDAR and one.calendar:
        return {"calendar": ["A calendar counts only where the clock runs by a calendar. Leave it out."]}
    return {}


def _condition_problems(data: Any, *, as_drafts: bool) -> dict[str, list[str]]:
    try:
        parse_condition(data)
    except ConditionError as error:
        if not as_drafts or not is_condition(data):
            return {"condition": [str(problem) for problem in error.problems]}
    return {}


def is_condition(data: Any) -> bool:
    """Return whether data is a condition, even one that speaks of something that is gone."""
    try:
        stored_condition(data)
    except ConditionError:
        return False
    return True


def _target_problems(cells: Cells, tiers: Iterable[str]) -> list[str]:
    found = []
    for (metric, priority, tier), minutes in cells.items():
        where = f"{metric}, {priority}, {tier or ANY_TIER}"
        if metric not in SlaMetric.values or priority not in Priority.values or tier not in tiers:
            found.append(f"There is no target for {where[:100]}.")
        elif minutes is None and metric == SlaMetric.RESOLUTION:
            found.append("Tiers and contracts don't say how long a resolution takes: write a span there.")
        elif minutes is not None and not 1 <= minutes <= LONGEST_TARGET:
            found.append(f"Promise from 1 min to {minutes_in_words(LONGEST_TARGET)}, not {minutes} minutes.")
    return list(dict.fromkeys(found))


def read_target(text: str, metric: str) -> int | None:
    """Return the minutes that somebody typed, None for what the account is entitled to; resolutions know none such.

    Raises ValidationError with the remedy.
    """
    kept, is_solution = text.strip(), metric == SlaMetric.RESOLUTION
    if kept.casefold() == ENTITLED and not is_solution:
        return None
    try:
        minutes = parse_minutes(kept[:40])
    except ValidationError as error:
        raise ValidationError(WHAT_A_SOLUTION_IS if is_solution else WHAT_A_TARGET_IS) from error
    if not 1 <= minutes <= LONGEST_TARGET:
        raise ValidationError(f"Promise from 1 min to {minutes_in_words(LONGEST_TARGET)}.")
    return minutes


def target_text(minutes: int | None) -> str:
    """Return a target as somebody would type it."""
    return ENTITLED if minutes is None else minutes_in_words(minutes)


def plain_data(content: Content) -> list[dict[str, Any]]:
    """Return what a version says as data of a file, in an order of its own."""
    return [
        {
            "name": one.name.strip(),
            "condition": condition_data(stored_condition(one.condition)),
            "clock": str(one.clock),
            "calendar": one.calendar,
            "targets": _plain_targets(one.cells),
        }
        for one in content
    ]


def _plain_targets(cells: Cells) -> dict[str, dict[str, dict[str, str]]]:
    told: dict[str, dict[str, dict[str, str]]] = {}
    for metric in SlaMetric.values:
        for priority in PRIORITIES:
            tiers = sorted(tier for at, each, tier in cells if (at, each) == (metric, priority))
            if tiers:
                told.setdefault(metric, {})[priority] = {
                    tier or ANY_TIER: target_text(cells[metric, priority, tier]) for tier in tiers
                }
    return told


def content_from(data: Iterable[Mapping[str, Any]]) -> Content:
    """Return what data of a file say; raises ValidationError by field for targets that can't be read."""
    problems: dict[str, list[str]] = {}
    found = []
    for place, one in enumerate(data):
        cells: dict[tuple[str, str, str], int | None] = {}
        for metric, by_priority in one["targets"].items():
            for priority, by_tier in by_priority.items():
                for tier, text in by_tier.items():
                    slug = "" if tier == ANY_TIER else tier
                    try:
                        cells[metric, priority, slug] = read_target(text, metric)
                    except ValidationError as error:
                        path = f"policies.{place}.targets.{metric}.{priority}.{tier}"
                        problems[path] = error.messages
        found.append(
            PolicyDraft(
                name=one["name"],
                condition=one["condition"],
                clock=one["clock"],
                calendar=one["calendar"],
                cells=cells,
            )
        )
    if problems:
        raise ValidationError(problems)
    return tuple(found)


def digest_of(content: Content) -> str:
    """Return what stands for all that a version says."""
    said = json.dumps(plain_data(content), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(said.encode()).hexdigest()
