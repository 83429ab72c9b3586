"""What an app says about a resource: its typed record, where it is stored and who may read it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from types import NoneType, UnionType
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin, get_type_hints

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.backends.utils import CursorWrapper
from msgspec import UNSET, Meta, Struct, UnsetType

ExternalId = Annotated[str, Meta(min_length=1, max_length=255, description="The record's id in its source.")]
Instant = Annotated[datetime, Meta(tz=True)]
CustomKey = Annotated[str, Meta(min_length=1, max_length=100)]
CustomText = Annotated[str, Meta(max_length=4000)]
CustomValue = CustomText | int | float | bool | None

RESERVED = ("external_id", "source_updated_at", "custom")


class Reference(Struct, forbid_unknown_fields=True, frozen=True, gc=False):
    """Another record, by the id it has in a source."""

    source: Annotated[str, Meta(min_length=1, max_length=64, description="Slug of the source.")]
    external_id: ExternalId


Ref = ExternalId | Reference


class Record(Struct, kw_only=True, forbid_unknown_fields=True, gc=False):
    """What every record carries. A field left out is unchanged; null clears it.

    A subclass lists its fields with ``= UNSET``; one whose type has no ``None`` is required when the
    record is new and can't be cleared.
    """

    external_id: ExternalId
    source_updated_at: (
        Annotated[
            Instant | None,
            Meta(description="When the source last changed it; an older state than the one held is stale."),
        ]
        | UnsetType
    ) = UNSET
    custom: (
        Annotated[
            Annotated[dict[CustomKey, CustomValue], Meta(max_length=200)] | None,
            Meta(description="Own fields with scalar values. A key left out is unchanged, null removes it."),
        ]
        | UnsetType
    ) = UNSET


class FieldError(Struct, frozen=True, gc=False, omit_defaults=True):
    """What is wrong with one field; ``field`` is empty where it is the record as a whole.

    ``candidates`` are the ids of the objects that an ambiguous record may be.
    """

    field: str
    code: str
    detail: str
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """A field sent as a word of a short list that is kept in a table.

    ``load`` returns the id of each word, ``column`` of the table that the field points to holds the words.
    """

    load: Callable[[], Mapping[str, int]]
    column: str
    noun: str


@dataclass(frozen=True, slots=True)
class Rule:
    """How to tell a sender that the constraint named ``constraint`` refuses a record: a CHECK, or a UNIQUE one
    over plain fields with the condition ``LIVE``.
    """

    constraint: str
    field: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Effect:
    """Set-based work in the batch's transaction over ``sync_touched(object_id, kind)``.

    ``kind`` is one of ``sync.models.Change.Kind``. ``prepare`` runs ahead of the write, for work that also
    concerns the place a record is moved away from: it notes that place in a temporary table of its own, and
    ``run``, after the write, takes all its row locks at once and in key order, so that batches can't deadlock.
    Where rows were created, ``run`` finds them in ``sync_stage`` too, with all their columns.
    """

    run: Callable[[CursorWrapper], None]
    prepare: Callable[[CursorWrapper], None] | None = None


@dataclass(frozen=True, slots=True)
class MatchKey:
    """A field by which a new record is recognised as an object that another source brought.

    ``usable`` returns those of the values that tell objects apart; a domain that many share does not.
    """

    field: str
    usable: Callable[[set[str]], set[str]]


class Ending(NamedTuple):
    """What ends a decision made here: another source's new word on ``field``, not ours and none of ``unless``."""

    field: str
    unless: tuple[str, ...] = ()


class Field(NamedTuple):
    """One field of a record and the column that takes it.

    ``reference`` is the resource it points to, ``many`` the one that each entry of a list points to, ``parts`` those
    that its entries point to by their keys, where they are objects.
    """

    name: str
    column: str
    required: bool
    cleared: Any
    model_field: models.Field[Any, Any]
    reference: str
    vocabulary: Vocabulary | None
    normalise: Callable[[Any], Any] | None
    category: str | None
    many: str = ""
    parts: Mapping[str, str] | None = None

    @property
    def is_json(self) -> bool:
        return isinstance(self.model_field, models.JSONField)

    @property
    def is_array(self) -> bool:
        return isinstance(self.model_field, ArrayField)


@dataclass(frozen=True, eq=False)
class Resource:
    """One kind of record that sources send and readers get.

    ``references`` names the resource that each reference field points to, ``references_many`` the one that each
    entry of a list points to (kept as an array of ids, replaced as a whole), ``parts`` those that the entries of a
    list of objects point to, by the entry's key (kept as they were sent). ``category`` guards reading all of it and
    ``guarded`` single fields, each needing the full level. ``normalise`` brings values into the form that is kept,
    raising ValueError with a sentence for the sender. ``stream`` is for facts that are hardly ever corrected: their
    row holds its own identity, and no change rows are written.
    ``match_on`` recognises records of other sources. ``revision`` is raised when ``normalise`` comes to keep values
    in another form, so that records sent again are read again.
    ``partitioned_by`` names the time by whose ranges a stream's table is partitioned. ``yields`` names fields in which
    what is decided here (the source ``abe``) counts only until the object's own source says something new: for each
    one the fields in which a newer, other word of that source ends it.
    """

    key: str
    model: type[models.Model]
    record: type[Record]
    singular: str
    category: str | None
    scope: str = ""
    references: Mapping[str, str] = field(default_factory=dict)
    references_many: Mapping[str, str] = field(default_factory=dict)
    parts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    vocabularies: Mapping[str, Vocabulary] = field(default_factory=dict)
    normalise: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)
    guarded: Mapping[str, str] = field(default_factory=dict)
    filters: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    effects: tuple[Effect, ...] = ()
    stream: bool = False
    match_on: MatchKey | None = None
    revision: int = 1
    partitioned_by: str = ""
    yields: Mapping[str, tuple[Ending, ...]] = field(default_factory=dict)

    @cached_property
    def table(self) -> str:
        """The table that holds the records."""
        return self.model._meta.db_table

    @cached_property
    def scope_name(self) -> str:
        """The word before the colon in a token's scopes."""
        return self.scope or self.key

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """The declared fields in the order of the struct, without those every record has."""
        hints = get_type_hints(self.record, include_extras=True)
        return tuple(
            self._field(name, hints[name]) for name in self.record.__struct_fields__ if name not in RESERVED
        )

    @cached_property
    def fields_by_name(self) -> Mapping[str, Field]:
        """The declared fields by name."""
        return {item.name: item for item in self.fields}

    @cached_property
    def columns(self) -> list[str]:
        """The columns that the fields fill, then ``custom``."""
        return [*(item.column for item in self.fields), "custom"]

    @cached_property
    def required(self) -> tuple[str, ...]:
        """The fields without which a record can't be created."""
        return tuple(item.name for item in self.fields if item.required)

    def _field(self, name: str, hint: Any) -> Field:
        model_field = self.model._meta.get_field(name)
        if not isinstance(model_field, models.Field):
            raise TypeError(f"{self.key}.{name} names a relation without a column.")
        return Field(
            name=name,
            column=str(model_field.column),
            required=not _accepts_null(hint),
            cleared=None if model_field.null else model_field.get_default(),
            model_field=model_field,
            reference=self.references.get(name, ""),
            vocabulary=self.vocabularies.get(name),
            normalise=self.normalise.get(name),
            category=self.guarded.get(name),
            many=self.references_many.get(name, ""),
            parts=self.parts.get(name),
        )


def _accepts_null(hint: Any) -> bool:
    """Whether ``None`` is among the alternatives of a type."""
    origin = get_origin(hint)
    if origin is Annotated:
        return _accepts_null(get_args(hint)[0])
    if origin in (Union, UnionType):
        return any(_accepts_null(part) for part in get_args(hint))
    return hint is NoneType


def decimal_limits(model_field: models.DecimalField[Any, Any]) -> tuple[Decimal, Decimal]:
    """Return the smallest step that a column keeps and the first magnitude that it can't hold."""
    places = model_field.decimal_places or 0
    return Decimal(1).scaleb(-places), Decimal(1).scaleb((model_field.max_digits or 0) - places)


__all__ = [
    "UNSET",
    "Annotated",
    "Effect",
    "Ending",
    "ExternalId",
    "Field",
    "FieldError",
    "Instant",
    "MatchKey",
    "Meta",
    "Record",
    "Ref",
    "Reference",
    "Resource",
    "Rule",
    "UnsetType",
    "Vocabulary",
    "decimal_limits",
]
