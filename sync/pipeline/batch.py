"""What a batch is while it runs: the records still in play, and what became of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from msgspec import UNSET, Struct

from sync.declarations import FieldError, Record, Resource
from sync.models import Batch, Change, Source

CREATED = "created"
UPDATED = "updated"
UNCHANGED = "unchanged"
STALE = "stale"
PENDING = "pending"
REJECTED = "rejected"
STATUSES = (CREATED, UPDATED, UNCHANGED, STALE, PENDING, REJECTED)


class Result(Struct, gc=False):
    """What became of one record; ``index`` is its place in the call."""

    index: int
    external_id: str | None
    id: str | None
    status: str
    errors: list[FieldError]


@dataclass(slots=True)
class Row:
    """A record on its way into the database."""

    index: int
    record: Record
    object_id: int = 0
    link_id: int | None = None
    kind: str = Change.Kind.CREATED.value
    targets: dict[str, int | None] = field(default_factory=dict)

    @property
    def source_time(self) -> datetime | None:
        """The record's time at its source, or None where the sender gives none."""
        given = self.record.source_updated_at
        return given if isinstance(given, datetime) else None

    @property
    def is_new(self) -> bool:
        """Whether the record makes a new object."""
        return self.kind == Change.Kind.CREATED


@dataclass(slots=True)
class Missing:
    """Why a record waits: the field and the record that it names."""

    field: str
    resource: str
    source_id: int
    external_id: str
    detail: str


@dataclass(slots=True)
class Run:
    """One batch: its circumstances, its rows in play and the answers so far, by index.

    ``named`` holds the (source id, external id) that each reference names, by field and row index.
    """

    resource: Resource
    source: Source
    mode: str
    rows: list[Row]
    results: list[Result]
    client_id: int | None = None
    batch_id: int = 0
    xid: int = 0
    waiting: dict[int, Missing] = field(default_factory=dict)
    named: dict[str, dict[int, tuple[int, str]]] = field(default_factory=dict)
    held_pending: set[str] = field(default_factory=set)
    touches_links: bool = False

    def settle(self, row: Row, status: str, object_id: int | None = None) -> None:
        """Give ``row`` its final status; it takes no further part once ``drop_settled`` has run."""
        result = self.results[row.index]
        result.status = status
        if object_id:
            result.id = str(object_id)

    def reject(self, row: Row, *errors: FieldError) -> None:
        """Refuse ``row`` for ``errors``."""
        result = self.results[row.index]
        result.status = REJECTED
        result.errors.extend(errors)

    def wait(self, row: Row, missing: Missing) -> None:
        """Keep ``row`` until the record it names arrives."""
        self.waiting[row.index] = missing
        result = self.results[row.index]
        result.status = PENDING
        result.errors.append(FieldError(missing.field, "reference_missing", missing.detail))

    def drop_settled(self) -> None:
        """Take rows with a final status out of play."""
        results = self.results
        self.rows = [row for row in self.rows if not results[row.index].status]

    @property
    def creates(self) -> bool:
        """Whether a row in play is new."""
        return any(row.is_new for row in self.rows)


@dataclass(slots=True)
class Outcome:
    """What a batch did: counts by status and one result for each record, in the order sent."""

    batch_id: int | None
    results: list[Result]
    counts: dict[str, int]
    created_any: bool = False
    committed: bool = True

    @property
    def rejected(self) -> int:
        """How many records were refused."""
        return self.counts[REJECTED]


def field_value(record: Record, name: str) -> Any:
    """Return a field's value, UNSET where it was left out."""
    return getattr(record, name, UNSET)


__all__ = [
    "CREATED",
    "PENDING",
    "REJECTED",
    "STALE",
    "STATUSES",
    "UNCHANGED",
    "UPDATED",
    "Batch",
    "Missing",
    "Outcome",
    "Result",
    "Row",
    "Run",
    "field_value",
]
