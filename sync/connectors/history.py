"""Who decided what about a connection, from the history that the database keeps."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from people.models import User
from sync.connectors.forms import INTERVALS
from sync.connectors.registry import connectors
from sync.models import ConnectedObject, Connection

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
    """Return the newest decisions about a connection and its objects, newest first; three queries."""
    # The models of events are made while Django starts, out of the type checker's sight.
    events_of: Any = connection
    event_model: Any = ConnectedObject._meta.get_field("events").related_model
    own = events_of.events.select_related("pgh_context").order_by("-pgh_id")[:READ]
    found = [(event, ", ".join(_about_connection(before, event))) for before, event in _steps(own)]
    of_objects = event_model.objects.filter(pgh_obj__connection=connection).select_related(
        "pgh_context", "pgh_obj"
    )
    by_object: dict[int, list[Any]] = defaultdict(list)
    for event in of_objects.order_by("-pgh_id")[:READ]:
        by_object[event.pgh_obj_id].append(event)
    connector = connectors.get(connection.kind)
    labels = {stream.key: stream.label for stream in connector.streams} if connector else {}
    for events in by_object.values():
        for before, event in _steps(events):
            if before is not None:
                label = labels.get(event.pgh_obj.key, event.pgh_obj.key)
                found.append((event, ", ".join(_about_object(before, event, label))))
    found = sorted((pair for pair in found if pair[1]), key=lambda pair: -pair[0].pgh_created_at.timestamp())
    names = _names(event for event, _ in found[:SHOWN])
    return [
        Decision(event.pgh_created_at, names.get(_author(event), ""), what) for event, what in found[:SHOWN]
    ]


def _steps(newest_first: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
    """Yield each event with the one before it; None before the first of all."""
    events: Sequence[Any] = list(newest_first)[::-1]
    if events and len(events) < READ:
        yield None, events[0]
    yield from pairwise(events)


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


def _author(event: Any) -> Any:
    return (event.pgh_context.metadata or {}).get("user") if event.pgh_context else None


def _names(events: Iterable[Any]) -> dict[Any, str]:
    authors = {_author(event) for event in events} - {None}
    return {user.pk: str(user) for user in User.objects.filter(pk__in=authors)}
