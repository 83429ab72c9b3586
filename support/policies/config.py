"""Policies of support as a section of the configuration: those in force, in the order in which they are asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError

from accounts.conditions.shape import ConditionShape
from people.configuration.history import Line, Step
from people.configuration.registry import ConfigError, ConfigFile, ConfigSection, Problem, Tracked, sections
from people.configuration.shapes import ListOf, MapOf, Record, Text
from people.models import User
from support.models import Policy, PolicySet, PolicyTarget, Priority, SlaMetric
from support.policies.content import (
    MOST_POLICIES,
    Content,
    check_content,
    content_from,
    content_of,
    digest_of,
    plain_data,
)
from support.policies.services import create_policy_draft, cycle, in_force, publish_policies
from support.policies.words import differences

NOTE = "Imported from a file."
State = PolicySet.State
Section = Mapping[str, Sequence[Mapping[str, Any]]]
IN_ORDER = "in_order"


def export_policies() -> dict[str, Any]:
    """Return the policies in force."""
    held = in_force()
    return {IN_ORDER: plain_data(content_of(held)) if held is not None else []}


def plan_policies(section: Section, is_published: bool) -> list[str]:
    """Say what would change. Raises ConfigError for targets, tiers, calendars and conditions that can't be."""
    wanted = _read(section)
    held = in_force()
    present = content_of(held) if held is not None else ()
    if plain_data(present) == plain_data(wanted):
        return []
    same = _drafted(wanted)
    if same is not None and not is_published:
        return []
    said = "; ".join(differences(present, wanted))
    if not is_published:
        return [f"Policies: a new draft ({said})"]
    return [f"Policies: {same or 'a new version'} is published ({said})"]


def apply_policies(section: Section, by: User | None, is_published: bool) -> None:
    """Draft what is new; publish it only where ``is_published``."""
    if not plan_policies(section, is_published):
        return
    wanted = _read(section)
    draft = _drafted(wanted) or create_policy_draft(by=by, content=wanted, note=NOTE)
    if is_published:
        publish_policies(draft=draft, by=by, expected=cycle.seen(draft))


def _drafted(wanted: Content) -> PolicySet | None:
    """Return a draft that says the same."""
    return PolicySet.objects.drafts().filter(digest=digest_of(wanted)).order_by("-version").first()


def _read(section: Section) -> Content:
    try:
        wanted = content_from(section[IN_ORDER])
        check_content(wanted)
    except ValidationError as error:
        raise ConfigError(
            [Problem(_place(field), told) for field, all_ in error.message_dict.items() for told in all_]
        ) from error
    return wanted


def _place(field: str) -> str:
    """Return ``in_order[2].targets`` for ``policies.2.targets``."""
    _, *rest = field.split(".")
    return IN_ORDER + "".join(f"[{part}]" if part.isdigit() else f".{part}" for part in rest)


def tell_policies(steps: Sequence[Step]) -> list[Line]:
    """Say which versions were drafted, scheduled, published or retired; their parts follow them."""
    lines = []
    for step in steps:
        if step.tracked is not VERSIONS:
            continue
        was, now = (
            str(State(side.state).label) if side is not None else "nothing"
            for side in (step.before, step.after)
        )
        lines.append(Line(f"Policies, {step.name}", "", was, "saved" if was == now else now))
    if count := sum(step.tracked is not VERSIONS for step in steps):
        lines.append(Line("Parts of policies", "", "", f"{count} written"))
    return lines


VERSIONS = Tracked(
    model=PolicySet,
    noun="Policies,",
    name=lambda event: f"version {event.version}",
    labels={"state": "state", "starts_on": "from", "note": "note"},
    show={"state": lambda value: str(State(value).label).lower()},
)
POLICIES = Tracked(
    model=Policy,
    noun="Policy",
    name=lambda event: str(event.name),
    labels={"position": "place", "name": "name", "condition": "condition", "clock": "clock"},
)
TARGETS = Tracked(
    model=PolicyTarget,
    noun="Target",
    name=lambda event: (
        f"{SlaMetric(event.metric).label}, {Priority(event.priority).label}"
        if event.metric in SlaMetric.values and event.priority in Priority.values
        else "of a policy"
    ),
    labels={"minutes": "minutes"},
)
_TARGETS = MapOf(MapOf(MapOf(Text()), choices=Priority.values), choices=SlaMetric.values)
_POLICY = Record(
    {
        "name": Text(),
        "condition": ConditionShape(),
        "clock": Text(choices=Policy.ClockKind.values),
        "calendar": Text(may_be_empty=True),
        "targets": _TARGETS,
    }
)

sections.register(
    ConfigSection(
        key="policies",
        label="Policies of support",
        url_name="support:policies",
        tracks=(VERSIONS, POLICIES, TARGETS),
        no_undo="What was promised is never edited: begin a draft from the earlier version, and publish it.",
        tell=tell_policies,
        file=ConfigFile(
            shape=Record({IN_ORDER: ListOf(_POLICY, most=MOST_POLICIES)}),
            export=export_policies,
            plan=plan_policies,
            apply=apply_policies,
        ),
    )
)
