"""Escalation ladders as a section of the configuration: the one in force."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from django.core.exceptions import ValidationError

from people.configuration.registry import ConfigError, ConfigFile, ConfigSection, Problem, Tracked, sections
from people.configuration.shapes import ListOf, MapOf, Number, Record, Text
from people.models import User
from support.escalations.ladders import (
    MOST_RUNGS,
    Drafts,
    RungDraft,
    checked,
    differ,
    drafts_of,
    write_ladder,
)
from support.models import Ladder, Rung
from support.models.escalations import LONGEST_WAIT

NOTE = "Imported from a file."


def export_ladder() -> dict[str, Any]:
    """Return the steps of each path that count today."""
    held = drafts_of(Ladder.objects.published().first())
    return {path: [asdict(one) for one in rungs] for path, rungs in held.items()}


def plan_ladder(section: Mapping[str, Any], is_published: bool) -> list[str]:
    """Say whether a version would be written. Raises ConfigError for what can't be."""
    wanted = _read(section)
    try:
        checked(wanted)
    except ValidationError as error:
        raise ConfigError([Problem("", told) for told in error.messages]) from error
    held = drafts_of(Ladder.objects.published().first())
    return [f"Escalations: {told}" for told in differ(held, {**held, **wanted})]


def apply_ladder(section: Mapping[str, Any], by: User | None, is_published: bool) -> None:
    """Write a version where the steps differ from those that count; a path that isn't named stays."""
    if plan_ladder(section, is_published):
        held = drafts_of(Ladder.objects.published().first())
        write_ladder(rungs={**held, **_read(section)}, by=by, note=NOTE)


def _read(section: Mapping[str, Any]) -> Drafts:
    return {path: [RungDraft(**data) for data in rungs] for path, rungs in section.items()}


_RUNG = Record(
    {
        "wait_minutes": Number(least=0, most=LONGEST_WAIT, is_whole=True),
        "who": Text(choices=Rung.Who.values),
        "function": Text(may_be_empty=True),
        "person": Text(may_be_empty=True),
    }
)

sections.register(
    ConfigSection(
        key="support_escalations",
        label="Escalation ladders",
        url_name="support:ladder",
        tracks=(
            Tracked(
                model=Ladder,
                noun="",
                name=lambda event: f"Escalation ladders, version {event.version}",
                labels={"state": "state", "note": "note"},
                show={"state": lambda value: str(Ladder.State(value).label).lower()},
            ),
        ),
        no_undo="People were told by it: write the earlier steps again.",
        file=ConfigFile(
            shape=MapOf(ListOf(_RUNG, most=MOST_RUNGS)),
            export=export_ladder,
            plan=plan_ladder,
            apply=apply_ladder,
        ),
    )
)
