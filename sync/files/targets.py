"""Where a column of a file can go, read from a resource's declaration."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from msgspec import UnsetType

from sync.declarations import Field, Resource
from sync.registry import resources

# Fields that mostly tell records of one kind apart, best first.
KEY_NAMES = ("domain", "number", "email", "slug", "key", "code", "name", "subject")
CUSTOM = "custom."
LONGEST_CUSTOM = 100

TEXT, NUMBER, WHOLE, FLAG, DATE, MOMENT = "text", "number", "whole number", "yes or no", "date", "time"
CHOICE, WORD, LIST, DOCUMENT, REFERENCE = "choice", "word", "list", "document", "reference"
KINDS = {str: TEXT, Decimal: NUMBER, float: NUMBER, int: WHOLE, bool: FLAG, date: DATE, datetime: MOMENT}
DATED = (DATE, MOMENT)
NUMERIC = (NUMBER, WHOLE)


@dataclass(frozen=True)
class Target:
    """One field of a record that a column can fill, and what its cells must be read as."""

    name: str
    label: str
    kind: str
    required: bool
    hint: Any
    field: Field | None = None
    choices: tuple[tuple[str, str], ...] = ()
    base: Any = None

    @property
    def reads(self) -> str:
        """The form its cells need: ``dates``, ``numbers`` or none."""
        return "dates" if self.kind in DATED else "numbers" if self.kind in NUMERIC else ""


@cache
def targets(resource: Resource) -> dict[str, Target]:
    """Return the fields of a resource that a column can fill, its external id first."""
    hints = get_type_hints(resource.record, include_extras=True)
    found = {
        "external_id": Target("external_id", "External id", TEXT, required=True, hint=hints["external_id"])
    }
    for item in resource.fields:
        if target := _target(item, hints[item.name]):
            found[item.name] = target
    found["source_updated_at"] = Target(
        "source_updated_at",
        "Last changed at the source",
        MOMENT,
        required=False,
        hint=hints["source_updated_at"],
    )
    return found


def _target(item: Field, hint: Any) -> Target | None:
    label = item.name.replace("_", " ").capitalize().replace(" ids", " ids")
    if item.reference:
        return Target(item.name, label, REFERENCE, item.required, hint, item)
    if item.vocabulary:
        return Target(item.name, label, WORD, item.required, hint, item)
    for base in _bases(hint):
        if base in KINDS:
            return Target(item.name, label, KINDS[base], item.required, hint, item, base=base)
        if isinstance(base, type) and issubclass(base, Enum):
            words = tuple((str(member.value), str(getattr(member, "label", member.value))) for member in base)
            return Target(item.name, label, CHOICE, item.required, hint, item, words)
        if item.many or (get_origin(base) is list and _bases_are(get_args(base)[0], str)):
            return Target(item.name, label, LIST, item.required, hint, item)
        if base is not NoneType and base is not UnsetType:
            return Target(item.name, label, DOCUMENT, item.required, hint, item)
    return None


def _bases_are(hint: Any, base: type) -> bool:
    return all(one is base for one in _bases(hint))


def _bases(hint: Any) -> Iterator[Any]:
    """Yield the alternatives of a type without their annotations, those that mean nothing last."""
    origin = get_origin(hint)
    if origin is Annotated:
        yield from _bases(get_args(hint)[0])
    elif origin in (Union, UnionType):
        parts = [base for part in get_args(hint) for base in _bases(part)]
        yield from (part for part in parts if part not in (NoneType, UnsetType))
    elif origin is not None or isinstance(hint, type):
        yield hint


@cache
def natural_keys(resource: Resource) -> dict[str, tuple[str, ...]]:
    """Return the sets of fields that can stand for an external id, by the key that names the set.

    A set is the required references with one telling field, or else everything required that isn't an amount or a
    choice: those are what changes.
    """
    known = targets(resource)
    parents = tuple(name for name in resource.required if known[name].kind == REFERENCE)
    sets = [(*parents, name) for name in KEY_NAMES if name in known and known[name].kind == TEXT]
    if resource.required:
        changing = (*NUMERIC, CHOICE, FLAG)
        sets.append(
            tuple(name for name in resource.required if name in known and known[name].kind not in changing)
        )
    return {"+".join(names): names for names in dict.fromkeys(sets) if names}


def reference_ways(resource: Resource, name: str) -> dict[str, str]:
    """Return how a cell may name the record that a reference field points to, with words for each way."""
    pointed = resources[resource.references[name]]
    ways = {"id": f"{pointed.singular.capitalize()} by external id"}
    known = targets(pointed)
    for key in KEY_NAMES:
        if key in known and known[key].kind == TEXT:
            ways[key] = f"{pointed.singular.capitalize()} by {known[key].label.lower()}"
    return ways
