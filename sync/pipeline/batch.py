"""What a batch is while it runs: the records still in play, and what became of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from msgspec import Struct

from sync.declarations import FieldError, Record, Resource
from sync.models import Batch, PendingRecord, Source

CREATED = "created"
UPDATED = "updated"
UNCHANGED = "unchanged"
STALE = "stale"
PENDING = "pending"
REJECTED = "rejected"
RESTORED = "restored"  # a kind of change; its status is ``updated``
STATUSES = (CREATED, UPDATED, UNCHANGED, STALE, PENDING, REJECTED)


class Result(Struct, gc=False):
    """What became of one record; ``index`` is its place in the call."""

    index: int
    external_id: str | None
    id: str | None
    status: str = ""
    errors: tuple[FieldError, ...] = ()


class Row(Struct, gc=False):
    """A record on its way into the database.

    ``targets`` holds the object that each reference field points to, where it points to one, and ``lists`` those
    that a list of references names; ``digest`` is of the record's bytes, in hexadecimal.
    """

    index: int
    record: Record
    time: datetime | None
    object_id: int = 0
    link_id: int | None = None
    kind: str = CREATED
    targets: dict[str, int] | None = None
    lists: dict[str, list[int]] | None = None
    digest: str | None = None
    is_shared: bool = False

    @property
    def is_new(self) -> bool:
        """Whether the record makes a new object."""
        return self.kind == CREATED

    def point(self, field: str, target: int) -> None:
        """Let a reference field point to an object."""
        if self.targets is None:
            self.targets = {}
        self.targets[field] = target

    def point_all(self, field: str, targets: list[int]) -> None:
        """Let a list of references name objects."""
        if self.lists is None:
            self.lists = {}
        self.lists[field] = targets

    def target(self, field: str) -> int | None:
        """Return what a reference field points to."""
        return self.targets.get(field) if self.targets else None


@dataclass(slots=True)
class Missing:
    """Why a record waits: the field and the record that it names.

    One that may be any of several ``candidates`` waits for its own pair to be given to one of them.
    """

    field: str
    resource: str
    source_id: int
    external_id: str
    detail: str
    code: str = PendingRecord.WAITING
    candidates: list[int] | None = None


@dataclass(slots=True)
class Run:
    """One batch: its circumstances, its rows in play and the answers so far, by index.

    ``named`` holds the (source id, external id) that each reference names, by field and row index;
    ``words`` the vocabulary of each field that takes one. ``attached`` rows bring an object of another source
    their own id, ``by_id`` is who makes the records here, ``known_new`` ids are of records that a person found to be
    none of those there, ``twins`` are rows of an object that another row of the batch writes, by index.
    """

    resource: Resource
    source: Source
    mode: str
    rows: list[Row]
    results: list[Result]
    client_id: int | None = None
    by_id: int | None = None
    batch_id: int = 0
    xid: int = 0
    waiting: dict[int, Missing] = field(default_factory=dict)
    named: dict[str, dict[int, tuple[int, str]]] = field(default_factory=dict)
    words: dict[str, Mapping[str, int]] = field(default_factory=dict)
    held_pending: set[str] = field(default_factory=set)
    held_span: tuple[datetime, datetime] | None = None
    touches_links: bool = False
    known_new: set[str] = field(default_factory=set)
    attached: set[int] = field(default_factory=set)
    twins: dict[int, int] = field(default_factory=dict)

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
        result.errors += errors

    def wait(self, row: Row, missing: Missing) -> None:
        """Keep ``row`` until the record it names arrives.

        Where nothing may be created, one without an object of its own is refused instead: by the time that it
        could be applied it might make a new one.
        """
        candidates = tuple(str(item) for item in missing.candidates or ())
        error = FieldError(missing.field, missing.code, missing.detail, candidates)
        if self.mode == Batch.Mode.UPDATE_ONLY and row.link_id is None:
            self.reject(row, error)
            return
        self.waiting[row.index] = missing
        result = self.results[row.index]
        result.status = PENDING
        result.errors += (error,)

    def drop_settled(self) -> None:
        """Take rows with a final status out of play."""
        results = self.results
        self.rows = [row for row in self.rows if not results[row.index].status]

    @property
    def creates(self) -> bool:
        """Whether a row in play is new."""
        return any(row.kind == CREATED for row in self.rows)

    @property
    def updates(self) -> bool:
        """Whether a row in play changes an object that is there."""
        return any(row.kind != CREATED for row in self.rows)


@dataclass(slots=True)
class Outcome:
    """What a batch did: counts by status and one result for each record, in the order sent.

    ``brought`` are the external ids that stand for an object since: those of new records, and of those that were
    recognised as objects of other sources.
    """

    resource: str
    source_id: int
    batch_id: int | None
    results: list[Result]
    counts: dict[str, int]
    committed: bool = True
    brought: list[str] = field(default_factory=list)

    @property
    def rejected(self) -> int:
        """How many records were refused."""
        return self.counts[REJECTED]
