"""Keep the past of a parent's positions: one that changes or goes ends, and what follows is a position of its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from django.db.models import Q

from sync.connectors.declarations import Family, Item
from sync.declarations import Resource
from sync.models import LIVE, Link, Source

# An external id is ``position:version``, and ``position:version@day`` where a version came back on that day.
VERSION = ":"
AGAIN = "@"

Span = tuple[date, date | None]


def end_others(
    resource: Resource, source: Source, records: Sequence[dict[str, Any]], families: Sequence[Family]
) -> tuple[list[dict[str, Any]], list[Item]]:
    """Return ``records`` beside what we hold of the same parents, and what is to be buried.

    What a parent no longer has ends on the day of the look, or is buried where it would have begun later. A new
    version of a position that we hold begins on that day, so that what was earned before stays as it was.
    Records need ``start_on`` and ``end_on``.
    """
    result = {record["external_id"]: record for record in records}
    gone: list[Item] = []
    for family in families:
        held = _held(resource, source, family)
        day = family.ended_at.astimezone(UTC).date()
        current = {_settle(result, external_id, held, day) for external_id in family.kept}
        for external_id in held.keys() - current:
            start_on, end_on = held[external_id]
            if end_on is not None and end_on <= day:
                continue
            if start_on < day:
                result[external_id] = _ending(external_id, day, family.ended_at)
            else:
                gone.append(Item(resource.key, external_id, family.ended_at, is_deleted=True))
    return list(result.values()), gone


def _settle(result: dict[str, dict[str, Any]], external_id: str, held: dict[str, Span], day: date) -> str:
    """Give the record of a version its place beside those held; return the id under which it stands."""
    record = result.get(external_id)
    if record is None:
        return external_id
    same = [key for key in held if key == external_id or key.startswith(f"{external_id}{AGAIN}")]
    siblings = [key for key in held if _position(key) == _position(external_id)]
    going_on = _day(record, "end_on", date.max) > day
    open_now = [key for key in same if (held[key][1] or date.max) > day]
    place = max(open_now or same, default=external_id)
    if same and not open_now and going_on:
        place = f"{external_id}{AGAIN}{day.isoformat()}"
    del result[external_id]
    if place not in held and siblings and _day(record, "start_on", day) < day:
        record["start_on"] = day
    elif place in held and len(siblings) > 1:
        # Where it began was decided when it came.
        record.pop("start_on", None)
    record["external_id"] = place
    start_on = _day(record, "start_on", held[place][0] if place in held else day)
    if _day(record, "end_on", date.max) > start_on:
        result[place] = record
    return place


def _day(record: dict[str, Any], name: str, otherwise: date) -> date:
    value = record.get(name)
    return value if isinstance(value, date) else otherwise


def _position(external_id: str) -> str:
    return external_id.partition(VERSION)[0]


def _ending(external_id: str, day: date, at: datetime) -> dict[str, Any]:
    return {"external_id": external_id, "end_on": day, "source_updated_at": at}


def _held(resource: Resource, source: Source, family: Family) -> dict[str, Span]:
    """Return first day and day after the last of each record that we hold of the parent, by external id."""
    parents = Link.objects.filter(
        source=source, resource=resource.references[family.reference], external_id=family.parent_id
    ).values("object_id")
    rows = resource.model._meta.base_manager.filter(LIVE, Q(**{f"{family.reference}__in": parents}))
    dates = {pk: (start_on, end_on) for pk, start_on, end_on in rows.values_list("pk", "start_on", "end_on")}
    links = Link.objects.filter(
        source=source, resource=resource.key, object_id__in=list(dates), deleted_at=None
    )
    return {external_id: dates[pk] for external_id, pk in links.values_list("external_id", "object_id")}
