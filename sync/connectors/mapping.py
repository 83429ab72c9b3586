"""From their fields to ours: what RevOps chose, turned into records of our resources."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sync.connectors.convert import UnfitError, convert
from sync.connectors.declarations import Item, Part, SourceField, Stream
from sync.connectors.text import whole
from sync.declarations import Resource
from sync.registry import resources

CUSTOM = "custom."
# Of the numbers that JSON can carry everywhere.
LARGEST = 2**53
OWN_KEY = re.compile(r"[^a-z0-9]+")

# {resource: [{"source": …, "target": …, "values": {…}}]}, as ConnectedObject keeps it.
MappingByResource = dict[str, list[dict[str, Any]]]


@dataclass(slots=True)
class MappedPage:
    """The records that a page becomes, by resource, with what was left out and why."""

    records: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    deletions: dict[str, list[Item]] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)
    skipped: int = 0


def parts_here(stream: Stream) -> list[tuple[Part, Resource]]:
    """Return the parts of ``stream`` whose resource this installation has."""
    return [(part, held) for part in stream.parts if (held := resources.get(part.resource)) is not None]


def usual_mapping(stream: Stream) -> MappingByResource:
    """Return the mapping that ``stream`` starts with: the declared one, as far as our fields exist."""
    return {
        part.resource: [
            entry(mapped.source, mapped.target, mapped.values)
            for mapped in part.mapped
            if mapped.target in resource.fields_by_name
        ]
        for part, resource in parts_here(stream)
    }


def entry(source: str, target: str, values: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return one line of a mapping as it is stored."""
    return {"source": source, "target": target, **({"values": dict(values)} if values else {})}


def usual_values(part: Part, source: str, target: str) -> Mapping[str, str]:
    """Return how the connector translates the words of ``source`` for ``target``."""
    return next(
        (mapped.values for mapped in part.mapped if (mapped.source, mapped.target) == (source, target)), {}
    )


def needed_fields(stream: Stream, mapping: MappingByResource) -> set[str]:
    """Return the names of their fields that the mapping reads."""
    return {line["source"] for part in stream.parts for line in mapping.get(part.resource, [])}


def missing_required(stream: Stream, mapping: MappingByResource) -> dict[str, list[str]]:
    """Return by resource our required fields that nothing fills."""
    missing = {
        part.resource: [
            name
            for name in resource.required
            if name not in {line["target"] for line in mapping.get(part.resource, [])}
        ]
        for part, resource in parts_here(stream)
    }
    return {key: names for key, names in missing.items() if names}


def custom_key(name: str) -> str:
    """Return the key under which a field of theirs is kept by default: ``Region__c`` becomes ``region``."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.removesuffix("__c").rpartition(".")[2] or name)
    return OWN_KEY.sub("_", words.lower()).strip("_")[:100] or "field"


def known_fields(stream: Stream, schema: Iterable[Mapping[str, Any]]) -> list[SourceField]:
    """Return the fields of ``stream``: the declared ones, then those its schema names."""
    found = {item.name: item for item in stream.fields}
    for raw in schema:
        found.setdefault(
            raw["name"],
            SourceField(raw["name"], raw["label"], raw.get("kind", ""), raw.get("is_custom", False)),
        )
    for part in stream.parts:
        for mapped in part.mapped:
            found.setdefault(mapped.source, SourceField(mapped.source, mapped.source))
    return list(found.values())


def map_items(stream: Stream, mapping: MappingByResource, items: Sequence[Item]) -> MappedPage:
    """Turn what a page brought into records; what can't be one is counted with its reason."""
    result = MappedPage()
    labels = {item.name: item.label for item in stream.fields}
    for part, resource in parts_here(stream):
        lines = mapping.get(part.resource, [])
        records = result.records.setdefault(part.resource, [])
        deletions = result.deletions.setdefault(part.resource, [])
        for item in items:
            if item.resource != part.resource:
                continue
            if item.is_deleted:
                deletions.append(item)
                continue
            record = _record(resource, lines, item, labels, result.left_out)
            if record is None:
                result.skipped += 1
            else:
                records.append(record)
    return result


def _record(
    resource: Resource,
    lines: Sequence[Mapping[str, Any]],
    item: Item,
    labels: Mapping[str, str],
    left_out: Counter[str],
) -> dict[str, Any] | None:
    record: dict[str, Any] = {"external_id": item.external_id}
    if item.changed_at is not None:
        record["source_updated_at"] = item.changed_at
    custom: dict[str, Any] = {}
    for line in lines:
        source, target = line["source"], line["target"]
        if source not in item.values:
            continue
        value = item.values[source]
        if target.startswith(CUSTOM):
            custom[target.removeprefix(CUSTOM)] = _scalar(value)
            continue
        held = resource.fields_by_name.get(target)
        if held is None:  # the declaration has changed since
            continue
        if held.reference and held.required and value in (None, ""):
            left_out[f"{resource.singular} without {labels.get(source, source)}"] += 1
            return None
        try:
            record[target] = _clean(convert(held, value, line.get("values") or {}))
        except UnfitError as unfit:
            left_out[f"{resource.singular}, {target}: {unfit}"] += 1
    if custom:
        record["custom"] = custom
    return record


def _scalar(value: Any) -> Any:
    if value is None or value in ("", []):
        return None
    if isinstance(value, list):
        return whole("; ".join(str(part) for part in value))
    if isinstance(value, bool | float) or (isinstance(value, int) and abs(value) <= LARGEST):
        return value
    return whole(str(value))


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return whole(value)
    if isinstance(value, list):
        return [_clean(part) for part in value]
    return value
