"""Who decided what about a connection, from the history that the database keeps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from people.configuration.history import Step, grouped, steps_among
from people.configuration.registry import Tracked, sections
from sync.configuration.programs import CONNECTED_OBJECT, CONNECTION
from sync.connectors.forms import INTERVALS
from sync.connectors.registry import connectors
from sync.models import Connection

SHOWN = 20
READ = 200
STATES = {"active": "Started", "paused": "Paused", "stopped": "Stopped", "draft": "Back to not started"}


@dataclass(frozen=True, slots=True)
class Decision:
    """One change: when, by whom (empty: by itself) and what, in a few words."""

    at: datetime
    who: str
    what: str


def decisions_about(connection: Connection) -> list[Decision]:
    """Return the newest decisions about a connection and its objects, newest first."""
    connector = connectors.get(connection.kind)
    labels = {stream.key: stream.label for stream in connector.streams} if connector else {}
    told: dict[tuple[str, int], str] = {}
    steps: list[Step] = []

    def tell(step: Step, what: str) -> None:
        if what:
            told[step.tracked.noun, step.event.pgh_id] = what
            steps.append(step)

    for step in _newest(CONNECTION, pgh_obj=connection):
        tell(step, ", ".join(_about_connection(step.before, step.event)))
    keys = dict(connection.objects_pulled.values_list("pk", "key"))
    for step in _newest(CONNECTED_OBJECT, pgh_obj__in=keys):
        if step.before is not None:
            key = keys[step.object_id]
            tell(step, ", ".join(_about_object(step.before, step.event, labels.get(key, key))))
    return [
        Decision(
            save.at,
            "" if save.author_id is None else save.author,
            told[step.tracked.noun, step.event.pgh_id],
        )
        for save in grouped(sections["connections"], steps)[:SHOWN]
        for step in reversed(save.steps)
    ][:SHOWN]


def _newest(tracked: Tracked, **of: Any) -> list[Step]:
    events = tracked.events.filter(**of).order_by("-pgh_id")
    newest = list(events.values_list("pgh_id", flat=True)[:READ])
    return steps_among(tracked, tracked.events.filter(pgh_id__in=newest))


def _about_connection(before: Any, after: Any) -> Iterator[str]:
    if before is None:
        yield "Added"
        return
    if before.name != after.name:
        yield f"Renamed from {before.name}"
    if before.state != after.state:
        yield STATES.get(after.state, after.state)
    if before.interval_minutes != after.interval_minutes:
        yield dict(INTERVALS).get(after.interval_minutes, f"Every {after.interval_minutes} minutes")
    if changed := _differing(before.settings, after.settings):
        yield f"Settings: {', '.join(changed)}"
    if changed := _differing(before.secrets_set_at, after.secrets_set_at):
        yield f"Typed in anew: {', '.join(changed)}"


def _about_object(before: Any, after: Any, label: str) -> Iterator[str]:
    if before.is_enabled != after.is_enabled:
        yield f"{label} switched {'on' if after.is_enabled else 'off'}"
    if changed := _differing(_lines(before.mapping), _lines(after.mapping)):
        yield f"Mapping of {label.lower()}: {', '.join(changed)}"


def _lines(mapping: Mapping[str, Any]) -> dict[str, Any]:
    return {line["target"]: line for lines in mapping.values() for line in lines}


def _differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    return [key for key in dict.fromkeys([*before, *after]) if before.get(key) != after.get(key)]
