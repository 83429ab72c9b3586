"""The mapping on a page: for each of our fields a choice of theirs, and a list of their own ones to keep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from sync.connectors.declarations import Part, SourceField, Stream
from sync.connectors.mapping import (
    CUSTOM,
    MappingByResource,
    custom_key,
    entry,
    known_fields,
    missing_required,
    parts_here,
    usual_values,
)
from sync.declarations import Field, Resource
from sync.models import ConnectedObject

MAX_KEY = 100
MAX_WORDS = 200


@dataclass(slots=True)
class TargetRow:
    """One of our fields: what fills it, and how words are translated where it takes only some."""

    name: str
    is_required: bool
    control: str
    source: str
    words: str = ""
    takes: list[str] = field(default_factory=list)
    error: str = ""

    @property
    def words_control(self) -> str:
        """The name of the control for the words."""
        return f"words:{self.control}"

    @property
    def words_height(self) -> int:
        """How many lines show without scrolling."""
        return min(max(len(self.words.splitlines()), 2), 7)


@dataclass(slots=True)
class OwnRow:
    """One of their fields that may be kept as a field of its own."""

    field: SourceField
    control: str
    is_kept: bool
    key: str
    error: str = ""


@dataclass(slots=True)
class PartRows:
    """The mapping into one of our resources."""

    resource: str
    singular: str
    targets: list[TargetRow]
    own: list[OwnRow]
    others: list[OwnRow]

    @property
    def has_words(self) -> bool:
        """Whether one of our fields takes only some words."""
        return any(row.takes for row in self.targets)


@dataclass(slots=True)
class MappingForm:
    """What the page shows of an object's mapping, and what was sent back."""

    stream: Stream
    parts: list[PartRows]
    sources: list[SourceField]
    is_enabled: bool
    errors: list[str] = field(default_factory=list)
    mapping: MappingByResource = field(default_factory=dict)
    missing: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, target: ConnectedObject, stream: Stream, data: QueryDict | None = None) -> MappingForm:
        """Return the form of an object, filled in by ``data`` where it was sent."""
        sources = known_fields(stream, target.schema)
        form = cls(stream, [], sources, target.is_enabled if data is None else data.get("is_enabled") == "on")
        known = {item.name for item in sources}
        for part, resource in parts_here(stream):
            lines = target.mapping.get(part.resource, [])
            rows = (
                _rows(part, resource, lines, sources)
                if data is None
                else _sent(part, resource, data, sources)
            )
            form.parts.append(rows)
            form.mapping[part.resource] = form._lines(part, resource, rows, known)
        form.missing = missing_required(stream, form.mapping)
        return form

    @property
    def custom_sources(self) -> list[SourceField]:
        """Their fields that the customer added."""
        return [item for item in self.sources if item.is_custom]

    @property
    def standard_sources(self) -> list[SourceField]:
        """Their other fields."""
        return [item for item in self.sources if not item.is_custom]

    def _lines(self, part: Part, resource: Resource, rows: PartRows, known: set[str]) -> list[dict[str, Any]]:
        """Return the mapping that the rows stand for, with errors noted where they arise."""
        lines: list[dict[str, Any]] = []
        for row in rows.targets:
            if not row.source:
                continue
            if row.source not in known:
                row.error = "There is no such field."
                self.errors.append(f"{row.name}: {row.error}")
                continue
            values = _read_words(row, resource.fields_by_name[row.name])
            if row.error:
                self.errors.append(f"{row.name}: {row.error}")
            lines.append(entry(row.source, row.name, values))
        taken: set[str] = set()
        for kept in (*rows.own, *rows.others):
            if not kept.is_kept:
                continue
            kept.error = _wrong_key(kept.key, taken)
            if kept.error:
                self.errors.append(f"{kept.field.label}: {kept.error}")
            taken.add(kept.key)
            lines.append(entry(kept.field.name, f"{CUSTOM}{kept.key}"))
        return lines


def _rows(
    part: Part, resource: Resource, lines: list[dict[str, Any]], sources: list[SourceField]
) -> PartRows:
    by_target = {line["target"]: line for line in lines}
    own = {
        line["source"]: line["target"].removeprefix(CUSTOM)
        for line in lines
        if line["target"].startswith(CUSTOM)
    }

    def words(item: Field) -> str:
        line = by_target.get(item.name)
        values = line.get("values", {}) if line else {}
        return _spelled(values)

    return _part_rows(
        part,
        resource,
        sources,
        source_of=lambda item: str(by_target.get(item.name, {}).get("source", "")),
        words_of=words,
        own=own,
    )


def _sent(part: Part, resource: Resource, data: QueryDict, sources: list[SourceField]) -> PartRows:
    chosen = set(data.getlist(f"own:{part.resource}"))
    own = {
        item.name: data.get(f"key:{part.resource}:{item.name}", "").strip()
        for item in sources
        if item.name in chosen
    }

    def words(item: Field) -> str:
        sent = data.get(f"words:{part.resource}:{item.name}")
        if sent is not None:
            return sent
        values = usual_values(part, data.get(f"{part.resource}:{item.name}", ""), item.name)
        return _spelled(values)

    return _part_rows(
        part,
        resource,
        sources,
        source_of=lambda item: data.get(f"{part.resource}:{item.name}", "")[:255],
        words_of=words,
        own=own,
    )


def _part_rows(
    part: Part,
    resource: Resource,
    sources: list[SourceField],
    *,
    source_of: Any,
    words_of: Any,
    own: Mapping[str, str],
) -> PartRows:
    rows = PartRows(part.resource, resource.singular, [], [], [])
    for item in resource.fields:
        choices = [str(key) for key, _ in item.model_field.flatchoices] if item.model_field.choices else []
        rows.targets.append(
            TargetRow(
                item.name,
                item.required,
                f"{part.resource}:{item.name}",
                source_of(item),
                words_of(item) if choices else "",
                choices,
            )
        )
    for candidate in sources:
        row = OwnRow(
            candidate,
            f"key:{part.resource}:{candidate.name}",
            candidate.name in own,
            own.get(candidate.name, custom_key(candidate.name)),
        )
        (rows.own if candidate.is_custom or row.is_kept else rows.others).append(row)
    return rows


def _spelled(values: Mapping[str, str]) -> str:
    """Return a translation as it is typed, in an order of its own: the database keeps none."""
    return "\n".join(f"{theirs} = {ours}" for theirs, ours in sorted(values.items()))


def _read_words(row: TargetRow, held: Field) -> dict[str, str]:
    """Return the translation typed as ``theirs = ours``, a line each."""
    values: dict[str, str] = {}
    if not row.takes:
        return values
    for line in row.words.splitlines()[:MAX_WORDS]:
        if not line.strip():
            continue
        theirs, sign, ours = (part.strip() for part in line.rpartition("="))
        if not sign or not theirs or not theirs.isprintable() or ours not in row.takes:
            row.error = f"Write a line each as “their word = ours”; ours are {', '.join(row.takes)}."
            continue
        values[theirs] = ours
    return values


def _wrong_key(key: str, taken: set[str]) -> str:
    if not key or len(key) > MAX_KEY or not key.isprintable():
        return f"Give it a name of 1 to {MAX_KEY} characters."
    if key in taken:
        return "Another field is kept under this name."
    return ""
