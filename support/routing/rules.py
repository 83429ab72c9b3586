"""Writes of routing rules: a version is written whole and counts from its day on; none is edited."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from hashlib import sha256
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from accounts.conditions.expression import ConditionError, condition_data, parse_condition, stored_condition
from accounts.conditions.words import words
from common.formatting import format_date
from common.versions.cycle import DatedLifecycle
from common.versions.errors import VersionChangedError
from metrics.engine.plan import today
from metrics.health.redaction import closed
from people.access import Access
from people.models import Skill, User
from support.models import Priority, RoutingRule, RoutingRules, SupportTeam
from support.routing.services import EDITORS

REFUSED = "Routing rules are for support and RevOps to write. Ask a colleague there."
MOST_RULES = 50
LONGEST_NAME = 80
MOST_AREAS, LONGEST_AREA = 100, 128


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleDraft:
    """One rule as it is written: ``team`` and ``skills`` by name, no team is whoever covers what is needed."""

    name: str
    condition: Mapping[str, Any]
    areas: Sequence[str] = ()
    priorities: Sequence[str] = ()
    team: str = ""
    skills: Sequence[str] = ()
    is_named_first: bool = False


def _check(version: RoutingRules) -> None:
    """Refuse nothing: what it says was checked as it was written."""


def differences(before: RoutingRules | None, after: RoutingRules) -> list[str]:
    """Return what another version says otherwise, a sentence for each rule that came, went, moved or changed."""
    if before is None:
        return []
    said = drafts_by_version([before.pk, after.pk])
    return differ(said[before.pk], said[after.pk])


def differ(
    before: Sequence[RuleDraft], after: Sequence[RuleDraft], access: Access | None = None
) -> list[str]:
    """Return what other rules say otherwise, a sentence for each that came, went, moved or changed."""
    old = {one.name: (place, one) for place, one in enumerate(before, 1)}
    new = {one.name: (place, one) for place, one in enumerate(after, 1)}
    found = [f"“{name}” came as rule {new[name][0]}" for name in new if name not in old]
    found += [f"“{name}” is gone" for name in old if name not in new]
    for name, (now, rule) in new.items():
        if name in old:
            was, earlier = old[name]
            if told(earlier) != told(rule):
                found.append(f"“{name}”: {told_to(earlier, access)} became {told_to(rule, access)}")
            found += [f"“{name}” moved from {was} to {now}"] if was != now else []
    return found


def mark(version: RoutingRules) -> str:
    """Return what stands for all that a version says."""
    said = [version.note, *(asdict(one) for one in drafts_of(version))]
    return sha256(json.dumps(said, default=list, sort_keys=True).encode()).hexdigest()[:32]


cycle: DatedLifecycle[RoutingRules] = DatedLifecycle(
    model=RoutingRules, mark=mark, check=_check, differences=differences
)


def newest() -> RoutingRules | None:
    """Return the newest version that counts, has counted or will."""
    return RoutingRules.objects.agreed().select_related("published_by").first()


def expected() -> str:
    """Return what stands for the version that an editor began from."""
    held = newest()
    return str(held.pk if held else 0)


@transaction.atomic
def write_rules(
    *, rules: Sequence[RuleDraft], starts_on: date, by: User | None, seen: str | None = None, note: str = ""
) -> RoutingRules:
    """Let tickets be routed by these rules from a day on; return the version, scheduled where the day lies ahead.

    ``seen`` is what ``expected`` gave when the editor looked: of two at once one wins, and the other gets
    VersionChangedError with the differences. Raises ValidationError by field (``rules`` names the rule),
    PermissionDenied for others than support and RevOps.
    """
    if by is not None and by.function not in EDITORS:
        raise PermissionDenied(REFUSED)
    rows = checked(rules)
    cycle.lock(RoutingRules())
    before = newest()
    if seen is not None and seen != str(before.pk if before else 0):
        key = int(seen) if seen.isdecimal() and len(seen) < 19 else 0
        old = RoutingRules.objects.filter(pk=key).first()
        who = f" by {before.published_by}" if before and before.published_by else ""
        raise VersionChangedError(
            f"{before} was written{who} meanwhile.", differences(old, before) if old and before else []
        )
    draft = cycle.begin(by=by, based_on=before, note=note.strip())
    _put(draft, rows)
    return _count_from(draft, starts_on=starts_on, by=by, expected=cycle.seen(draft))


@transaction.atomic
def create_rules_draft(*, by: User, based_on: RoutingRules | None = None) -> RoutingRules:
    """Begin a draft that says what another version does, or what counts; nothing is routed by it."""
    _refuse_others(by)
    before = based_on or newest()
    draft = cycle.begin(by=by, based_on=before)
    if before is not None:
        _put(draft, checked(kept := drafts_of(before), kept=kept))
    return draft


@transaction.atomic
def save_rules_draft(
    *, draft: RoutingRules, rules: Sequence[RuleDraft], by: User, expected: str
) -> RoutingRules:
    """Let a draft say this; raises as ``write_rules`` does, VersionChangedError where somebody saved it since.

    A condition of the draft that speaks of something that is gone since may stay until the draft is published.
    """
    _refuse_others(by)
    rows = checked(rules, kept=drafts_of(draft))
    held = cycle.hold(draft, expected=expected)
    RoutingRule.objects.filter(rules=held).delete()
    _put(held, rows)
    return held


@transaction.atomic
def discard_rules_draft(*, draft: RoutingRules, by: User) -> None:
    """Throw a draft away."""
    _refuse_others(by)
    cycle.discard(draft, by=by)


@transaction.atomic
def publish_rules(
    *, draft: RoutingRules, starts_on: date, by: User, expected: str, note: str
) -> RoutingRules:
    """Let a draft count from a day on, scheduled where that lies ahead; raises as ``write_rules`` does.

    ``expected`` is what ``cycle.seen`` gave when its effect was looked at.
    """
    _refuse_others(by)
    if starts_on < today():
        raise ValidationError({"starts_on": "Choose today or a day ahead."})
    # What it speaks of may be gone since it was written.
    checked(drafts_of(draft))
    cycle.lock(draft)
    return _count_from(draft, starts_on=starts_on, by=by, expected=expected, note=note.strip())


@transaction.atomic
def unschedule_rules(*, version: RoutingRules, by: User) -> RoutingRules:
    """Make a scheduled version a draft again."""
    _refuse_others(by)
    return cycle.unschedule(version, by=by)


def _refuse_others(by: User) -> None:
    if by.function not in EDITORS:
        raise PermissionDenied(REFUSED)


def _put(draft: RoutingRules, rows: Sequence[RoutingRule]) -> None:
    for place, row in enumerate(rows, 1):
        row.rules, row.position = draft, place
    RoutingRule.objects.bulk_create(rows)


def _count_from(
    draft: RoutingRules, *, starts_on: date, by: User | None, expected: str, **columns: Any
) -> RoutingRules:
    before = newest()
    if before is not None and before.starts_on is not None and starts_on < before.starts_on:
        said = f"{before} begins on {format_date(before.starts_on)}; choose that day or a later one."
        raise ValidationError({"starts_on": said})
    if starts_on > today():
        return cycle.schedule(draft, by=by, expected=expected, starts_on=starts_on, today=today(), **columns)
    return cycle.publish(draft, by=by, expected=expected, starts_on=starts_on, **columns)


def publish_due_rules() -> int:
    """Put every version in force whose day has come; return how many. Each in a transaction of its own."""
    return cycle.publish_due(today())


def checked(rules: Sequence[RuleDraft], *, kept: Sequence[RuleDraft] = ()) -> list[RoutingRule]:
    """Return the rules as rows that aren't saved; raises ValidationError at ``rules``: which one, and what to do.

    Conditions of ``kept`` were checked when they were stored.
    """
    if not 1 <= len(rules) <= MOST_RULES:
        raise ValidationError({"rules": f"Write from 1 to {MOST_RULES} rules."})
    teams = {team.name: team for team in SupportTeam.objects.all()}
    skills = {skill.name: skill.pk for skill in Skill.objects.all()}
    wrong: list[str] = []
    rows, names = [], set()
    for place, one in enumerate(rules, 1):
        name = " ".join(one.name.split())
        where = f"Rule {place}"
        if not name or len(name) > LONGEST_NAME or not name.isprintable():
            wrong.append(f"{where}: name it in {LONGEST_NAME} letters at most.")
        if name in names:
            wrong.append(f"{where}: there is a rule “{name}” already. Choose another name.")
        names.add(name)
        wrong += [
            f"{where}: there is no skill “{skill[:80]}”." for skill in one.skills if skill not in skills
        ]
        if one.team and one.team not in teams:
            wrong.append(f"{where}: there is no team “{one.team[:80]}”.")
        unknown = set(one.priorities) - set(Priority.values)
        if unknown:
            wrong.append(f"{where}: priorities are {', '.join(Priority.values)}.")
        areas = [" ".join(area.split()) for area in one.areas]
        if len(areas) > MOST_AREAS or any(not 0 < len(area) <= LONGEST_AREA for area in areas):
            wrong.append(f"{where}: name {MOST_AREAS} product areas at most, {LONGEST_AREA} letters each.")
        try:
            is_kept = any(one.condition == held.condition for held in kept)
            read = stored_condition if is_kept else parse_condition
            condition = condition_data(read(one.condition))
        except ConditionError as error:
            wrong += [f"{where}, condition: {problem.message} {problem.remedy}" for problem in error.problems]
            continue
        rows.append(
            RoutingRule(
                name=name,
                condition=condition,
                areas=sorted(set(areas)),
                priorities=[priority for priority in Priority.values if priority in one.priorities],
                team=teams.get(one.team),
                skills=sorted({skills[skill] for skill in one.skills if skill in skills}),
                is_named_first=one.is_named_first,
            )
        )
    if wrong:
        raise ValidationError({"rules": wrong})
    return rows


def drafts_of(version: RoutingRules) -> list[RuleDraft]:
    """Return the rules of a version as they are written; two queries."""
    return drafts_by_version([version.pk])[version.pk]


def drafts_by_version(versions: Collection[int]) -> dict[int, list[RuleDraft]]:
    """Return the rules of versions, by key, as they are written; two queries, however many they are."""
    names = dict(Skill.objects.values_list("pk", "name"))
    found: dict[int, list[RuleDraft]] = {key: [] for key in versions}
    rows = RoutingRule.objects.filter(rules__in=versions).select_related("team")
    for row in rows.order_by("rules_id", "position"):
        found[row.rules_id].append(
            RuleDraft(
                name=row.name,
                condition=row.condition,
                areas=row.areas,
                priorities=row.priorities,
                team=row.team.name if row.team else "",
                skills=sorted(names[key] for key in row.skills if key in names),
                is_named_first=row.is_named_first,
            )
        )
    return found


def told_to(rule: RuleDraft, access: Access | None) -> str:
    """Return a rule in words, or why its reader may not know what it asks of accounts; None is who may know all."""
    return (closed(rule.condition, access) if access else "") or told(rule)


def told(rule: RuleDraft) -> str:
    """Return a rule in words."""
    parts = [words(stored_condition(rule.condition))]
    if rule.areas:
        parts.append(f"product area {' or '.join(rule.areas)}")
    if rule.priorities:
        parts.append(f"priority {' or '.join(rule.priorities)}")
    goes = rule.team or "whoever covers it"
    if rule.is_named_first:
        goes = f"the named engineer, then the pod, then {goes}"
    with_ = f" with {' and '.join(rule.skills)}" if rule.skills else ""
    return f"{', '.join(parts)} → {goes}{with_}"
