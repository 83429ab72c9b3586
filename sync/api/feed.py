"""A page of the records in the order of their changes.

Readers stop short of the oldest transaction still running, so that a slow writer's rows are never skipped. A
page looks at no more than a window of the log, so that its cost has a bound: where much of it is superseded, a
page may hold fewer records than asked for, or none, and still lead on. Where few records fit a filter, it is they
that are looked up in the log.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from django.db import connection
from django.db.backends.utils import CursorWrapper
from psycopg import sql

from common.sql import load_sql
from people.access import Access
from sync.api.filters import Condition
from sync.api.reading import merged_into_sql, record_sql, redacted_fields
from sync.declarations import Resource
from sync.problems import Problem

# So many changes are looked through for a page, in windows that begin small: some 60 ms where all are superseded.
WINDOW = 20_000
# Where no more fit a filter, looking up the newest change of each costs less than the window: 50 ms.
FEW = 10_000
LARGEST = 2**63 - 1


class Position(NamedTuple):
    """A place in the feed: everything up to and including it has been read."""

    xid: int = 0
    id: int = 0

    def encode(self) -> str:
        """Return the opaque form that clients hand back."""
        return urlsafe_b64encode(f"{self.xid}.{self.id}".encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str) -> Position:
        """Return the place that a client hands back. Raises Problem (400) for anything else."""
        try:
            padded = text.encode("ascii") + b"=" * (-len(text) % 4)
            xid, _, number = urlsafe_b64decode(padded).decode("ascii").partition(".")
            position = cls(int(xid), int(number))
        except ValueError:
            position = cls(-1, -1)
        if not (0 <= position.xid < 2**63 and 0 <= position.id < 2**63):
            raise Problem(400, "bad_cursor", "The cursor is none that was given out here.")
        return position


class Page(NamedTuple):
    """Records of the feed as JSON texts, the place after the last, and whether more follow now."""

    records: list[str]
    position: Position
    more: bool


def read_page(
    resource: Resource,
    access: Access,
    *,
    after: Position | None,
    size: int,
    conditions: Sequence[Condition],
    since: datetime | None = None,
) -> Page:
    """Return up to ``size`` records that changed after a place in the feed, in the order of their changes.

    Without a place it begins at the start, or where ``since`` stands in the feed.
    """
    params: dict[str, Any] = {"resource": resource.key, "since": since}
    for number, condition in enumerate(conditions):
        params |= {f"value_{number}_{index}": value for index, value in enumerate(condition.values)}
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        params["horizon"] = horizon = cursor.fetchone()[0]
        # Everything below the horizon has been committed, and nothing will be added there.
        end = max(Position(horizon - 1, LARGEST), after or Position())
        if after is None and since is not None and not resource.stream:
            cursor.execute(load_sql("sync", "read_since"), params)
            lowest = cursor.fetchone()[0]
            after = end if lowest is None else Position(lowest, 0)
        reader = _Reader(cursor, resource, redacted_fields(resource, access), conditions, params)
        return reader.read(after or Position(), end, size)


class _Reader:
    """Reads one page, window by window."""

    def __init__(
        self,
        cursor: CursorWrapper,
        resource: Resource,
        redacted: tuple[str, ...],
        conditions: Sequence[Condition],
        params: dict[str, Any],
    ) -> None:
        self.cursor = cursor
        self.resource = resource
        self.params = params
        texts = tuple(condition.text for condition in conditions)
        if resource.stream:
            # An index leads to what fits a filter, so that it needs no window.
            self.is_windowed = not any(condition.of_reference for condition in conditions)
        else:
            params["fitting"] = self.few_fitting(texts)
            self.is_windowed = params["fitting"] is None
        self.query = _feed_sql(resource, redacted, texts, self.is_windowed)

    def read(self, place: Position, end: Position, size: int) -> Page:
        """Return the page after ``place``; ``end`` is where everything has been read."""
        found: list[tuple[int, int, str]] = []
        window, looked_at = 2 * size, 0
        while True:
            self.params |= {"after_xid": place.xid, "after_id": place.id, "window": window}
            self.cursor.execute(self.query, {**self.params, "limit": size + 1 - len(found)})
            found += self.cursor.fetchall()
            if len(found) > size:
                last = found[size - 1]
                return Page([row[2] for row in found[:size]], Position(last[0], last[1]), True)
            reached = self.end_of_window() if self.is_windowed else None
            if reached is None:
                return Page([row[2] for row in found], end, False)
            place = reached
            looked_at += window
            if looked_at >= WINDOW:
                return Page([row[2] for row in found], place, True)
            window = min(2 * window, WINDOW)

    def few_fitting(self, texts: tuple[str, ...]) -> list[int] | None:
        """Return the ids of the records that fit the filters, None without a filter and where they are many."""
        if not any(_of_record(text) for text in texts):
            return None
        self.cursor.execute(_fitting_sql(self.resource, texts), {**self.params, "most": FEW + 1})
        ids = [row[0] for row in self.cursor.fetchall()]
        return ids if len(ids) <= FEW else None

    def end_of_window(self) -> Position | None:
        """Return the last place of the window, None where the log ends in it."""
        self.cursor.execute(_window_sql(self.resource), self.params)
        row = self.cursor.fetchone()
        return Position(row[0], row[1]) if row and row[2] == self.params["window"] else None


@lru_cache(maxsize=512)
def _feed_sql(
    resource: Resource, redacted: tuple[str, ...], conditions: tuple[str, ...], is_windowed: bool
) -> str:
    target = sql.Identifier(resource.table)
    if resource.stream:
        name, wheres = "read_stream", _wheres(conditions)
    else:
        name, wheres = "read_feed", _wheres(conditions, of_record=False)
        if is_windowed and any(_of_record(text) for text in conditions):
            fits = sql.SQL(" AND EXISTS (SELECT FROM {} AS t WHERE t.id = c.object_id {})")
            wheres += fits.format(target, _wheres(conditions, of_record=True))
    return load_sql(
        "sync",
        name if is_windowed else f"{name}_filtered",
        record=record_sql(resource, redacted, sql.SQL("page.feed_at"), merged_into_sql(resource)),
        target=target,
        conditions=wheres,
    )


@lru_cache(maxsize=512)
def _fitting_sql(resource: Resource, conditions: tuple[str, ...]) -> str:
    return load_sql(
        "sync",
        "read_fitting",
        target=sql.Identifier(resource.table),
        conditions=_wheres(conditions, of_record=True),
    )


def _wheres(conditions: tuple[str, ...], *, of_record: bool | None = None) -> sql.Composed:
    """Return the conditions after a first one: all, or those on the record or on its change only."""
    return sql.SQL(" ").join(
        # The texts are the filters' own; what the client sent is in the parameters.
        sql.SQL("AND " + text.format(n=number))
        for number, text in enumerate(conditions)
        if of_record is None or of_record == _of_record(text)
    )


def _of_record(text: str) -> bool:
    return text.startswith("t.")


@lru_cache
def _window_sql(resource: Resource) -> str:
    log = sql.Identifier(resource.table if resource.stream else "sync_change")
    of_resource = sql.SQL("" if resource.stream else "resource = %(resource)s AND")
    return load_sql("sync", "read_window", log=log, of_resource=of_resource)
