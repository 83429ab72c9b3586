"""What was worked on tickets, as pages show it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from common.export import Table, table_of
from people.models import User
from support.models import Ticket, TimeEntry
from support.worktime.services import RESOURCE, may_correct
from sync.models import OWN_SLUG, Link
from tiers.entitlements.values import minutes_in_words

MOST_ENTRIES = 500


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry with who worked in words, where it comes from, and whether the reader may correct it."""

    entry: TimeEntry
    who: str
    source: str
    may_correct: bool

    @property
    def spent(self) -> str:
        """The time in words."""
        return minutes_in_words(self.entry.minutes)


@dataclass(frozen=True, slots=True)
class Work:
    """The newest entries of a ticket: those that count, those taken back, and the minutes of the first together."""

    entries: Sequence[Entry]
    taken_back: Sequence[Entry]

    @property
    def minutes(self) -> int:
        """All that was worked, in minutes."""
        return sum(one.entry.minutes for one in self.entries)

    @property
    def spent(self) -> str:
        """All that was worked, in words."""
        return minutes_in_words(self.minutes)

    @property
    def people(self) -> int:
        """How many people worked."""
        return len({one.who for one in self.entries})


def work_on(ticket: Ticket, reader: User) -> Work:
    """Return the time worked on a ticket, the newest day first; three queries."""
    rows = list(TimeEntry.objects.filter(ticket=ticket).order_by("-worked_on", "-pk")[:MOST_ENTRIES])
    emails = {row.worked_by_email for row in rows} - {""}
    names = dict(User.objects.filter(email__in=emails).values_list("email", "name")) if emails else {}
    links = Link.objects.filter(resource=RESOURCE, object_id__in=[row.pk for row in rows])
    sources = dict(links.values_list("object_id", "source__slug")) if rows else {}
    told = [
        Entry(
            entry=row,
            who=names.get(row.worked_by_email) or row.worked_by_email or "Somebody",
            source="" if sources.get(row.pk) == OWN_SLUG else sources.get(row.pk, ""),
            may_correct=may_correct(row, reader, is_own=sources.get(row.pk) == OWN_SLUG),
        )
        for row in rows
    ]
    return Work(
        [one for one in told if one.entry.deleted_at is None],
        [one for one in told if one.entry.deleted_at is not None],
    )


def work_table(work: Work) -> Table:
    """Return the entries as an export has them, those taken back last."""
    return table_of(
        "time-entries",
        [*work.entries, *work.taken_back],
        [
            ("worked_on", "Day", lambda row: row.entry.worked_on),
            ("who", "Who", lambda row: row.who),
            ("minutes", "Minutes", lambda row: row.entry.minutes),
            ("note", "Note", lambda row: row.entry.note),
            ("source", "From", lambda row: row.source or "Written here"),
            ("taken_back_at", "Taken back", lambda row: row.entry.deleted_at),
        ],
    )
