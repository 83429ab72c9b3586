"""Where each value of a record comes from, and what else is said of it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, models
from psycopg import sql

from common.sql import load_sql
from people.access import Access, Redacted
from sync.declarations import Resource
from sync.models import Batch, Change, FieldClaim, Link, Pin, Source
from sync.pipeline.claims import winners_params
from sync.provenance.deciders import Deciders
from sync.registry import resources

CUSTOM = "custom."
AS_JSON = "as JSON"  # no column is called so
HISTORY = 50


@dataclass(frozen=True, slots=True)
class Said:
    """What one source says: the value as people read it, the record it stands in, and when it was said.

    Where no source said it, ``by`` tells who decided it, in words; of what was made here, who made it.
    """

    value: Any
    source: str
    external_id: str
    source_time: datetime | None
    arrived_at: datetime | None
    batch_id: int | None
    by: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """One field: its value, where that comes from, and what others say instead.

    ``said`` is None where no change row tells of it, such as a value by default; ``pin`` is set where a person
    holds the value. ``joined`` are the parts of a list that stands in several records of one source, ``conflicts``
    the words of others that differ and don't count.
    """

    field: str
    label: str
    value: Any
    said: Said | None
    pin: Pin | None
    joined: tuple[Said, ...]
    conflicts: tuple[Said, ...]
    category: str | None

    @property
    def is_redacted(self) -> bool:
        """Whether the reader may not see the value."""
        return isinstance(self.value, Redacted)


@dataclass(frozen=True, slots=True)
class Turn:
    """One change of a field: when, by which source or else (``by``) by whom, from what to what.

    Of what was made here ``by`` tells who made it.
    """

    changed_at: datetime
    kind: str
    source: str
    source_time: datetime | None
    batch_id: int | None
    before: Any
    after: Any
    by: str = ""


def read_origins(resource: Resource, object_id: int, access: Access) -> list[Origin]:
    """Return every field of a record that is there, own fields last; six queries and one for each reference.

    Returns nothing where there is no such record.
    """
    row = _held(resource, object_id)
    if row is None:
        return []
    sources = dict(Source.objects.values_list("pk", "slug"))
    links = list(Link.objects.filter(resource=resource.key, object_id=object_id).order_by("pk"))
    pins = {
        pin.field: pin
        for pin in Pin.objects.filter(
            resource=resource.key, object_id=object_id, ended_at=None
        ).select_related("pinned_by")
    }
    shown = Shown(resource)
    said = _from_changes(resource, object_id, shown, sources, links)
    claims = _claims(resource, object_id) if any(link.is_shared for link in links) else {}
    winners = _winners(resource, object_id) if claims or pins else {}
    names = [item.name for item in resource.fields]
    names += sorted(f"{CUSTOM}{key}" for key in row["custom"])
    origins = []
    for name in names:
        item = resource.fields_by_name.get(name)
        category = item.category if item else None
        value = row["custom"].get(name.removeprefix(CUSTOM)) if item is None else row[item.column]
        as_json = value if item is None else row[AS_JSON][item.column]
        of_field = claims.get(name, [])
        counting, records = winners.get(name, (None, ()))
        winner = next((claim for claim in of_field if claim.pk == counting), None)
        origin = Origin(
            field=name,
            label=label_of(name),
            value=access.redact(shown.of(name, value), category),
            said=_of_claim(winner, shown, sources) if winner else said.get(name),
            pin=pins.get(name),
            joined=tuple(
                _of_claim(claim, shown, sources)
                for claim in of_field
                if len(records) > 1 and claim.link_id in records
            ),
            conflicts=tuple(
                _of_claim(claim, shown, sources)
                for claim in of_field
                if claim.link_id not in records and not claim.is_empty and claim.value != as_json
            ),
            category=category,
        )
        origins.append(origin if not origin.is_redacted else _closed(origin))
    return origins


def read_history(resource: Resource, object_id: int, field: str, *, limit: int = HISTORY) -> list[Turn]:
    """Return the changes of one field, newest first."""
    path = ["custom", field.removeprefix(CUSTOM)] if field.startswith(CUSTOM) else [field]
    sources = dict(Source.objects.values_list("pk", "slug"))
    shown, deciders = Shown(resource), Deciders(resource, object_id)
    with connection.cursor() as cursor:
        cursor.execute(
            load_sql("sync", "provenance/history"),
            {"object": object_id, "resource": resource.key, "path": path, "limit": limit},
        )
        rows = cursor.fetchall()
    makers = _makers(row[4] for row in rows)
    return [
        Turn(
            changed_at=changed_at,
            kind=Change.Kind(kind).label,
            source=sources.get(source_id, ""),
            source_time=source_time,
            batch_id=batch_id,
            before=shown.of(field, _from_json(before)),
            after=shown.of(field, _from_json(after)),
            by=makers.get(batch_id, "") if source_id else deciders.words(field, changed_at),
        )
        for changed_at, kind, source_id, source_time, batch_id, before, after in rows
    ]


def conflicting_fields(resource: Resource, object_id: int) -> set[str]:
    """Return the fields of a record of which several sources say different things; one query.

    Lists of one source are parts of one list, so of those only what several sources say is compared.
    """
    claims = FieldClaim.objects.filter(
        resource=resource.key, object_id=object_id, is_empty=False, link__deleted_at=None
    )
    said: dict[str, dict[tuple[int, int], set[str]]] = defaultdict(lambda: defaultdict(set))
    for field, source, link, value in claims.values_list("field", "source_id", "link_id", "value"):
        item = resource.fields_by_name.get(field)
        if item is not None and item.is_array:
            said[field][source, 0].update(value or ())
        else:
            said[field][source, link].add(json.dumps(value, sort_keys=True))
    return {field for field, words in said.items() if len({frozenset(word) for word in words.values()}) > 1}


def label_of(field: str) -> str:
    """Return a field's name as people read it."""
    return field.removeprefix(CUSTOM).replace("_", " ").strip().capitalize()


def _closed(origin: Origin) -> Origin:
    return Origin(origin.field, origin.label, origin.value, None, None, (), (), origin.category)


def _held(resource: Resource, object_id: int) -> dict[str, Any] | None:
    columns = sql.SQL(", ").join(sql.Identifier(column) for column in resource.columns)
    query = load_sql("sync", "provenance/held", columns=columns, target=sql.Identifier(resource.table))
    with connection.cursor() as cursor:
        cursor.execute(query, [object_id])
        row = cursor.fetchone()
    if row is None:
        return None
    return dict(
        zip([*resource.columns, AS_JSON], [*row[:-2], _from_json(row[-2]), _from_json(row[-1])], strict=True)
    )


def _from_changes(
    resource: Resource, object_id: int, shown: Shown, sources: dict[int, str], links: list[Link]
) -> dict[str, Said]:
    external_ids = {link.source_id: link.external_id for link in links}
    deciders = Deciders(resource, object_id)
    with connection.cursor() as cursor:
        cursor.execute(
            load_sql("sync", "provenance/origins"), {"object": object_id, "resource": resource.key}
        )
        rows = cursor.fetchall()
    makers = _makers(row[5] for row in rows)
    return {
        field: Said(
            value=shown.of(field, _from_json(value)),
            source=sources.get(source_id, ""),
            external_id=external_ids.get(source_id, ""),
            source_time=source_time,
            arrived_at=changed_at,
            batch_id=batch_id,
            by=makers.get(batch_id, "") if source_id else deciders.words(field, changed_at),
        )
        for field, value, source_id, source_time, changed_at, batch_id in rows
    }


def _makers(batches: Iterable[int | None]) -> dict[int, str]:
    """Return who made what batches brought, where that was made here."""
    known = {number for number in batches if number is not None}
    made = Batch.objects.filter(pk__in=known, by__isnull=False).select_related("by")
    return {batch.pk: str(batch.by) for batch in made}


def _claims(resource: Resource, object_id: int) -> dict[str, list[FieldClaim]]:
    claims: dict[str, list[FieldClaim]] = defaultdict(list)
    held = FieldClaim.objects.filter(
        resource=resource.key, object_id=object_id, link__deleted_at=None
    ).select_related("link")
    for claim in held.order_by("field", "pk"):
        claims[claim.field].append(claim)
    return claims


def _winners(resource: Resource, object_id: int) -> dict[str, tuple[int | None, Sequence[int]]]:
    """Return the claim that counts for each field and the records its value stands in; neither where a pin does."""
    with connection.cursor() as cursor:
        cursor.execute(load_sql("sync", "claims/winners"), winners_params(resource, [object_id]))
        return {field: (claim_id, links or ()) for _, field, _, claim_id, _, links in cursor.fetchall()}


def _of_claim(claim: FieldClaim, shown: Shown, sources: dict[int, str]) -> Said:
    return Said(
        value=shown.of(claim.field, claim.value),
        source=sources.get(claim.source_id, ""),
        external_id=claim.link.external_id,
        source_time=claim.source_updated_at,
        arrived_at=claim.received_at,
        batch_id=claim.batch_id,
    )


class Shown:
    """Values as people read them: names instead of ids, words instead of numbers."""

    def __init__(self, resource: Resource) -> None:
        self.resource = resource
        self.words: dict[str, dict[int, str]] = {}
        self.names: dict[tuple[str, int], str] = {}

    def of(self, field: str, value: Any) -> Any:
        item = self.resource.fields_by_name.get(field)
        if value is None or value in ("", [], {}) or item is None:
            return None if value in ("", [], {}) else value
        if item.reference:
            return self._name(item.reference, int(value))
        if item.many:
            return ", ".join(str(self._name(item.many, int(number))) for number in value)
        if item.vocabulary:
            if field not in self.words:
                self.words[field] = {number: word for word, number in item.vocabulary.load().items()}
            return self.words[field].get(value, value)
        if isinstance(value, list):
            return ", ".join(str(part) for part in value)
        if isinstance(value, str) and isinstance(item.model_field, models.DateField):
            return item.model_field.to_python(value)
        choices = dict(item.model_field.flatchoices)
        return choices.get(value, value)

    def _name(self, resource: str, object_id: int) -> str:
        key = (resource, object_id)
        if key not in self.names:
            model: type[models.Model] = resources[resource].model
            found = model._base_manager.filter(pk=object_id).first()  # noqa: SLF001 - Django documents it
            self.names[key] = str(found) if found else f"{resource} {object_id}"
        return self.names[key]


def _from_json(value: Any) -> Any:
    # Django's cursor leaves JSON as text, so that its own fields may decode it.
    return json.loads(value) if isinstance(value, str) else value
