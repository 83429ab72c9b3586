"""Start-up checks of the declared resources."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.apps import AppConfig
from django.contrib.postgres.fields import ArrayField
from django.core.checks import Error, register
from django.core.exceptions import FieldDoesNotExist
from django.db import models

from sync.declarations import RESERVED, Resource
from sync.pipeline.rules import constraint_of
from sync.registry import resources


@register("sync")
def check_resources(app_configs: Sequence[AppConfig] | None, **options: Any) -> list[Error]:
    """Report what would only show when a record comes in: unknown names, fields without a column."""
    errors = resources.check_duplicates()
    errors += resources.check_known(
        (f"Resource {resource.key!r}", target) for resource in resources for target in _targets(resource)
    )
    return errors + [
        Error(f"Resource {resource.key!r}: {text}", id=code)
        for resource in resources
        for code, text in _wrong(resource)
    ]


def _wrong(resource: Resource) -> Iterator[tuple[str, str]]:
    names = [name for name in resource.record.__struct_fields__ if name not in RESERVED]
    for name in names:
        try:
            field = resource.model._meta.get_field(name)
        except FieldDoesNotExist:
            yield "sync.E001", f"no column of {resource.model.__name__} takes the field {name!r}."
        else:
            if isinstance(field, models.ForeignKey) != (
                name in {*resource.references, *resource.vocabularies}
            ):
                yield (
                    "sync.E002",
                    f"{name!r} must be in references or vocabularies if, and only if, it is a foreign key.",
                )
            if name in resource.references_many and not _holds_ids(field):
                yield (
                    "sync.E007",
                    f"{name!r} is in references_many, so its column must be an array of bigint.",
                )
    in_parts = {target for parts in resource.parts.values() for target in parts.values()}
    if resource.key in {*resource.references_many.values(), *in_parts}:
        # Records of one batch that name each other in lists would need an order among them.
        yield "sync.E008", "a list can't point to records of its own resource."
    yield from _unknown_fields(resource, names)
    for rule in resource.rules:
        if constraint_of(resource.model, rule.constraint) is None:
            yield (
                "sync.E004",
                f"there is no CHECK constraint {rule.constraint!r}, nor a UNIQUE one over live rows.",
            )
    for target in _targets(resource):
        if (held := resources.get(target)) is not None and held.stream:
            yield "sync.E005", f"{target!r} is a stream, and records can't point to those."
    if len(names) >= 62:
        yield "sync.E006", "a record takes up to 62 fields, one for each bit of the presence mask."


def _targets(resource: Resource) -> Iterator[str]:
    """Yield every resource that records of another one point to."""
    yield from resource.references.values()
    yield from resource.references_many.values()
    for parts in resource.parts.values():
        yield from parts.values()


def _holds_ids(field: Any) -> bool:
    return isinstance(field, ArrayField) and isinstance(field.base_field, models.BigIntegerField)


def _unknown_fields(resource: Resource, names: list[str]) -> Iterator[tuple[str, str]]:
    about_fields: dict[str, Iterable[str]] = {
        "references": resource.references,
        "references_many": resource.references_many,
        "parts": resource.parts,
        "vocabularies": resource.vocabularies,
        "normalise": resource.normalise,
        "guarded": resource.guarded,
        "filters": resource.filters,
        "rules": [rule.field for rule in resource.rules],
        "yields": [*resource.yields, *(one.field for each in resource.yields.values() for one in each)],
    }
    for part, mentioned in about_fields.items():
        for name in mentioned:
            if name not in names:
                yield "sync.E003", f"{part} names the field {name!r}, which the record doesn't have."
