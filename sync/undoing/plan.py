"""What taking a batch back would do, read from its change rows."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec
from django.db import connection
from msgspec import UNSET
from psycopg import sql

from common.sql import load_sql
from sync.declarations import Field, Record, Reference, Resource
from sync.models import Batch, Change, Link
from sync.redirects import target_of

WHOLE = ("merged", "unmerged")
GONE = "deleted"


class Conflict(msgspec.Struct, frozen=True):
    """What is left as it is: a field of an object, or all of it where ``field`` is empty."""

    object_id: str
    field: str
    detail: str


class Newer(NamedTuple):
    """What has changed an object since: the fields, the kinds of change and the newest batch."""

    fields: frozenset[str]
    kinds: frozenset[str]
    batch_id: int | None


@dataclass
class UndoPlan:
    """The objects of one batch: fields to give back, objects to take away, and what is left alone.

    ``restore`` holds the values before by field name; ``revive`` the objects that the batch had deleted;
    ``given_back`` the shared objects whose records say by now what they said before.
    """

    restore: dict[int, dict[str, Any]] = field(default_factory=dict)
    remove: list[int] = field(default_factory=list)
    revive: list[int] = field(default_factory=list)
    given_back: set[int] = field(default_factory=set)
    conflicts: list[Conflict] = field(default_factory=list)

    @property
    def restored(self) -> set[int]:
        """The objects that get back what they held."""
        return {*self.restore, *self.revive, *self.given_back}.difference(self.remove)


def plan_undo(batch: Batch, *, only: Iterable[int] | None = None) -> UndoPlan:
    """Return what taking ``batch`` back would do; ``only`` narrows it to some objects."""
    which = sql.SQL("c.batch_id = %s")
    params: list[Any] = [batch.pk]
    if only is not None:
        which = sql.SQL("c.batch_id = %s AND c.object_id = ANY(%s)")
        params.append(list(only))
    with connection.cursor() as cursor:
        cursor.execute(load_sql("sync", "undo_plan", which=which), params)
        rows = cursor.fetchall()
    plan = UndoPlan()
    earlier = _before_undone([row[0] for row in rows])
    for change_id, object_id, kind, before, after, fields, kinds, newer in rows:
        since = Newer(frozenset(fields or ()), frozenset(kinds or ()), newer)
        _add(plan, object_id, kind, _json(before) | earlier.get(change_id, {}), _json(after), since)
        if batch.mode == Batch.Mode.DELETE and kind == Change.Kind.UPDATED:
            plan.revive.append(object_id)  # other records stand for it, so that it lived on
    if plan.revive:
        dead = Link.objects.filter(source=batch.source_id, resource=batch.resource, object_id__in=plan.revive)
        still = set(dead.exclude(deleted_at=None).values_list("object_id", flat=True))
        plan.revive = [number for number in plan.revive if number in still]
    return plan


def _before_undone(changes: list[int]) -> dict[int, dict[str, Any]]:
    """Return by change what its fields held before batches that were taken back and couldn't give it back."""
    found: dict[int, dict[str, Any]] = defaultdict(dict)
    with connection.cursor() as cursor:
        cursor.execute(load_sql("sync", "undo_earlier"), {"changes": changes})
        for change_id, name, held in cursor.fetchall():
            found[change_id][name] = json.loads(held, parse_float=Decimal) if held else None
    return found


def _add(
    plan: UndoPlan,
    object_id: int,
    kind: str,
    before: dict[str, Any],
    after: dict[str, Any],
    newer: Newer,
) -> None:
    if reason := _why_left(kind, newer):
        plan.conflicts.append(Conflict(str(object_id), "", reason))
    elif kind == Change.Kind.CREATED:
        if GONE not in newer.kinds:
            plan.remove.append(object_id)
    elif kind == Change.Kind.DELETED:
        plan.revive.append(object_id)
    else:
        _give_back(plan, object_id, before, after, newer)
        if kind == Change.Kind.RESTORED:
            plan.remove.append(object_id)


def _why_left(kind: str, newer: Newer) -> str:
    """Return why an object is left as it is, or nothing."""
    if kind in WHOLE:
        return "A merge is taken back where it was made."
    if newer.kinds.intersection(WHOLE):
        return "It was merged since."
    if kind == Change.Kind.CREATED and newer.fields:
        return f"{_by(newer)} has changed it since ({', '.join(sorted(newer.fields))}), so it stays."
    if kind == Change.Kind.DELETED and newer.kinds:
        return f"{_by(newer)} has changed it since."
    if kind not in (Change.Kind.CREATED, Change.Kind.DELETED) and GONE in newer.kinds:
        return f"{_by(newer)} has deleted it since."
    return ""


def _by(newer: Newer) -> str:
    """Name the newest batch that changed an object since; what was decided between sources is no batch's."""
    return f"Batch {newer.batch_id}" if newer.batch_id else "Something newer"


def _give_back(
    plan: UndoPlan, object_id: int, before: dict[str, Any], after: dict[str, Any], newer: Newer
) -> None:
    given_back = {name: before.get(name) for name in after if name not in newer.fields}
    if "custom" in given_back:
        # Own fields are merged by key, so added ones must be taken out by name.
        given_back["custom"] = {**dict.fromkeys(after["custom"] or {}), **(given_back["custom"] or {})}
    plan.conflicts += [
        Conflict(str(object_id), name, f"{_by(newer)} has changed it since.")
        for name in sorted(newer.fields.intersection(after))
    ]
    if given_back:
        # Of two changes of one batch the first holds what was there before both.
        plan.restore[object_id] = {**given_back, **plan.restore.get(object_id, {})}


def _json(text: str | None) -> dict[str, Any]:
    return dict(json.loads(text, parse_float=Decimal)) if text else {}


def records_of(
    resource: Resource, external_ids: Mapping[int, str], values: Mapping[int, Mapping[str, Any]]
) -> tuple[dict[int, Record], list[Conflict]]:
    """Return the records that give objects back their values, in the sender's own form."""
    pointed = _references(resource, values.values())
    words = {
        item.name: {number: word for word, number in item.vocabulary.load().items()}
        for item in resource.fields
        if item.vocabulary and any(item.name in fields for fields in values.values())
    }
    records: dict[int, Record] = {}
    conflicts = []
    for object_id, fields in values.items():
        external_id = external_ids.get(object_id)
        if external_id is None:
            conflicts.append(Conflict(str(object_id), "", "Its record isn't this source's any more."))
            continue
        wanted: dict[str, Any] = {"external_id": external_id}
        for name, value in fields.items():
            if name == "custom":
                wanted["custom"] = _plain(value)
            elif (item := resource.fields_by_name.get(name)) is not None:
                wanted[name] = _sent(item, value, pointed, words)
                if lost := _lost(item, value, pointed):
                    del wanted[name]
                    what = f"No source knows {lost} any more, so it can't be given back."
                    conflicts.append(Conflict(str(object_id), name, what))
        own = wanted.pop("custom", UNSET)
        try:
            record = msgspec.convert(wanted, resource.record, strict=False)
            record.custom = own
            records[object_id] = record
        except msgspec.ValidationError as error:
            conflicts.append(Conflict(str(object_id), "", f"What it held can't be given back: {error}."))
    return records, conflicts


def _sent(
    item: Field,
    value: Any,
    pointed: Mapping[tuple[str, int], Reference],
    words: Mapping[str, Mapping[int, str]],
) -> Any:
    """Return a column's value as a sender would say it."""
    if value is None or (value == item.cleared and not item.required):
        return None
    if item.reference:
        return pointed.get((item.reference, value))
    if item.many:
        return [pointed.get((item.many, number)) for number in value]
    if item.vocabulary:
        return words[item.name].get(value)
    return _plain(value) if item.is_json else value


def _lost(item: Field, value: Any, pointed: Mapping[tuple[str, int], Reference]) -> str:
    """Return which record a value names that no source knows any more, or nothing."""
    if value is None or not (item.reference or item.many):
        return ""
    target, numbers = (item.many, value) if item.many else (item.reference, [value])
    return next((f"{target} {number}" for number in numbers if (target, number) not in pointed), "")


def _plain(value: Any) -> Any:
    """Return a document with its numbers as JSON has them."""
    return json.loads(json.dumps(value, default=float))


def _references(resource: Resource, values: Iterable[Mapping[str, Any]]) -> dict[tuple[str, int], Reference]:
    found: dict[tuple[str, int], Reference] = {}
    names = {
        item.name: item.many or item.reference for item in resource.fields if item.many or item.reference
    }
    wanted: dict[str, set[int]] = {}
    for fields in values:
        for name, pointed in names.items():
            if fields.get(name) is not None:
                held = fields[name]
                wanted.setdefault(pointed, set()).update(held if isinstance(held, list) else [held])
    for pointed, numbers in wanted.items():
        links = _links(pointed, numbers)
        # Records of what was merged since stand for the other one, as its id does.
        merged = {
            number: target
            for number in numbers - links.keys()
            if (target := target_of(pointed, number)) is not None
        }
        links_after = _links(pointed, set(merged.values())) if merged else {}
        links |= {number: links_after[target] for number, target in merged.items() if target in links_after}
        found |= {(pointed, number): reference for number, reference in links.items()}
    return found


def _links(resource: str, numbers: set[int]) -> dict[int, Reference]:
    links = Link.objects.filter(resource=resource, object_id__in=numbers).order_by("-deleted_at", "-pk")
    named = links.values_list("object_id", "source__slug", "external_id")
    return {number: Reference(slug, external_id) for number, slug, external_id in named}
