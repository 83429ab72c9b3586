"""Routing as a section of the configuration: the rules in force."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError

from metrics.engine.plan import today
from people.configuration.registry import ConfigError, ConfigFile, ConfigSection, Problem, Tracked, sections
from people.configuration.shapes import ANYTHING, Boolean, ListOf, Record, Text
from people.models import User
from support.models import AccountEngineer, Priority, RoutingRules
from support.routing.facts import rules_on
from support.routing.rules import MOST_RULES, RuleDraft, checked, drafts_of, newest, write_rules

NOTE = "Imported from a file."


def export_routing() -> dict[str, Any]:
    """Return the rules that count today, in order."""
    held = rules_on(today())
    return {"rules": [_data(one) for one in drafts_of(held)] if held else []}


def _data(one: RuleDraft) -> dict[str, Any]:
    return {
        "name": one.name,
        "condition": dict(one.condition),
        "areas": list(one.areas),
        "priorities": list(one.priorities),
        "team": one.team,
        "skills": list(one.skills),
        "is_named_first": one.is_named_first,
    }


def plan_routing(section: Mapping[str, Any], is_published: bool) -> list[str]:
    """Say whether a version would be written. Raises ConfigError for what can't be."""
    wanted = _read(section)
    try:
        checked(wanted)
    except ValidationError as error:
        raise ConfigError([Problem("rules", said) for said in error.messages]) from error
    if export_routing()["rules"] == [_data(one) for one in wanted]:
        return []
    return [f"Routing rules: a new version of {len(wanted)} counts from today on"]


def apply_routing(section: Mapping[str, Any], by: User | None, is_published: bool) -> None:
    """Write a version where the rules differ from those that count."""
    if plan_routing(section, is_published):
        before = newest()
        starts_on = max(today(), before.starts_on) if before and before.starts_on else today()
        write_rules(rules=_read(section), starts_on=starts_on, by=by, note=NOTE)


def _read(section: Mapping[str, Any]) -> Sequence[RuleDraft]:
    return [RuleDraft(**data) for data in section["rules"]]


_RULE = Record(
    {
        "name": Text(),
        "condition": ANYTHING,
        "areas": ListOf(Text()),
        "priorities": ListOf(Text(choices=Priority.values)),
        "team": Text(may_be_empty=True),
        "skills": ListOf(Text()),
        "is_named_first": Boolean(),
    }
)

sections.register(
    ConfigSection(
        key="support_routing",
        label="Routing rules",
        url_name="support:routing",
        tracks=(
            Tracked(
                model=RoutingRules,
                noun="",
                name=lambda event: f"Routing rules, version {event.version}",
                labels={"state": "state", "starts_on": "from", "note": "note"},
                show={"state": lambda value: str(RoutingRules.State(value).label).lower()},
            ),
            Tracked(
                model=AccountEngineer,
                noun="",
                name=lambda event: f"{event.person or 'Somebody'} for {event.account or 'an account'}",
                labels={"is_named": "named"},
            ),
        ),
        no_undo="Tickets were routed by them: write the earlier rules again, from a day on.",
        file=ConfigFile(
            shape=Record({"rules": ListOf(_RULE, least=1, most=MOST_RULES)}),
            export=export_routing,
            plan=plan_routing,
            apply=apply_routing,
        ),
    )
)
