"""The clocks behind a bar: which ticket, when it was due and ended, and by how much."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from common.export import Table, table_of
from common.periods import end_of
from support.clocks.words import span
from support.models import Clock, SlaMetric
from support.reports.attainment import Search

ORDER = ("-decided_at", "-ticket_id", "-metric", "-cycle")
CHUNK = 2_000


@dataclass(frozen=True, slots=True)
class Row:
    """One clock as listed on a day."""

    clock: Clock
    as_of: date

    @property
    def ended_at(self) -> datetime | None:
        """When it ended, None where that was after the day."""
        ended_at = self.clock.ended_at
        return ended_at if ended_at is not None and ended_at < end_of(self.as_of) else None

    @property
    def metric(self) -> str:
        """What was promised; of several next responses which one."""
        label = str(SlaMetric(self.clock.metric).label)
        is_again = self.clock.metric == SlaMetric.NEXT_RESPONSE and self.clock.cycle > 1
        return f"{label} {self.clock.cycle}" if is_again else label

    @property
    def tier(self) -> str:
        """The tier that the account had when it counted."""
        tenure = self.clock.tenure
        return tenure.tier.label if tenure and tenure.tier else "No tier yet"

    @property
    def is_missed(self) -> bool:
        """Whether the target passed before it was met."""
        return self.clock.breached_at is not None

    @property
    def over_seconds(self) -> int | None:
        """By how many seconds of running time it was late, or early where negative; None while it runs."""
        clock = self.clock
        if self.ended_at is None or clock.spent_seconds is None or clock.minutes is None:
            return None
        return clock.spent_seconds - clock.minutes * 60

    @property
    def margin(self) -> str:
        """The same in words."""
        over = self.over_seconds
        if over is None:
            return "still open"
        told = span(timedelta(seconds=abs(over)))
        return f"{told} late" if self.is_missed else f"{told} to spare"


def clocks_table(search: Search) -> Table:
    """Return what the list shows, all pages of it."""
    found = search.listed().order_by(*ORDER)
    return rows_table(Row(clock, search.as_of) for clock in found.iterator(chunk_size=CHUNK))


def rows_table(rows: Iterable[Row]) -> Table:
    """Return rows of the list as a file."""
    return table_of(
        "sla-clocks",
        rows,
        (
            ("ticket_id", "Ticket id", lambda row: row.clock.ticket_id),
            ("ticket", "Ticket", lambda row: row.clock.ticket.subject),
            ("account_id", "Account id", lambda row: row.clock.ticket.account_id),
            ("account", "Account", lambda row: row.clock.ticket.account.name),
            ("tier", "Tier then", lambda row: row.tier),
            ("priority", "Priority", lambda row: str(row.clock.get_priority_display())),
            ("metric", "Metric", lambda row: row.metric),
            ("target_minutes", "Target (minutes)", lambda row: row.clock.minutes),
            ("started_at", "Started", lambda row: row.clock.started_at),
            ("due_at", "Due", lambda row: row.clock.due_at),
            ("ended_at", "Ended", lambda row: row.ended_at),
            ("decided_at", "Decided", lambda row: row.clock.breached_at or row.clock.ended_at),
            ("is_missed", "Missed", lambda row: row.is_missed),
            ("over_minutes", "Late by (minutes)", lambda row: _minutes(row.over_seconds)),
        ),
    )


def _minutes(seconds: int | None) -> float | None:
    return None if seconds is None else round(seconds / 60, 2)
