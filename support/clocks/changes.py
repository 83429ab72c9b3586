"""When other targets began to count for a ticket: its priority changed, or what is promised to its account."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from support.clocks.facts import Happened
from support.clocks.replay import Change
from support.models import EventKind, Priority
from support.policies.book import Book, Promise

# Causes of a change; the first two name a row after the colon.
PROMISE, PRIORITY, CALENDAR = "promise", "priority", "calendar"
SEPARATOR = ":"

Priorities = Sequence[tuple[datetime | None, str, int | None]]


def priorities_of(events: Iterable[Happened], *, opened_at: datetime, present: str) -> Priorities:
    """Return the priorities of a ticket as ``(since, priority, event)``, the first since ever.

    ``events`` are in the order of time. A ticket without events of its priority has had its present one since ever.
    Before the first event it had the usual one, as help desks open tickets with it.
    """
    changes = [(at, value, pk) for pk, at, kind, value in events if kind == EventKind.PRIORITY]
    if not changes:
        return [(None, present, None)]
    first = next((value for at, value, _ in reversed(changes) if at <= opened_at), Priority.NORMAL.value)
    return [(None, first, None), *((at, value, pk) for at, value, pk in changes if at > opened_at)]


def changes_of(
    promises: Sequence[Promise], priorities: Priorities, book: Book, *, opened_at: datetime
) -> list[Change]:
    """Return the targets of a ticket from when on, by what cause; the first ones count at its opening.

    ``promises`` are those of its account, the first since ever; of what changed at one moment the last counts.
    """
    return [
        Change(at, cause, book.targets(_counts(promises, at), _priority(priorities, at), at))
        for at, cause in _moments(promises, priorities, book, opened_at)
    ]


def _moments(
    promises: Sequence[Promise], priorities: Priorities, book: Book, opened_at: datetime
) -> Iterator[tuple[datetime, str]]:
    yield opened_at, ""
    found = [(one.since, f"{PROMISE}{SEPARATOR}{one.id}") for one in promises]
    found += [(at, f"{PRIORITY}{SEPARATOR}{event or ''}") for at, _, event in priorities]
    found += [(at, CALENDAR) for one in promises for at in book.learnt(one)]
    later = {at: cause for at, cause in found if at is not None and at > opened_at}
    yield from sorted(later.items())


def _counts(promises: Sequence[Promise], at: datetime) -> Promise:
    return [one for one in promises if one.since is None or one.since <= at][-1]


def _priority(priorities: Priorities, at: datetime) -> str:
    return [value for since, value, _ in priorities if since is None or since <= at][-1]
