"""What clocks know of a ticket: its events, and what the help desk says of it where events are missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from support.clocks.replay import STATES, Fact, Happening
from support.models import EventKind, Status
from support.querysets import DONE

# The id of the event (None where no event tells it), when it happened, its kind, and its value.
Happened = tuple[int | None, datetime, str, str]
# Kinds that stand for one happening; notes and automatic replies stand for none.
REPLIES = {
    EventKind.CUSTOMER_REPLY: Happening.CUSTOMER_REPLY,
    EventKind.AGENT_REPLY: Happening.AGENT_REPLY,
}


def facts_of(
    events: Iterable[tuple[datetime, str, str]],
    *,
    first_replied_at: datetime | None = None,
    solved_at: datetime | None = None,
    is_done: bool = False,
) -> list[Fact]:
    """Return the facts of a ticket in the order of time.

    ``events`` are ``(occurred_at, kind, value)`` in the order in which they came. Many help desks send tickets without
    their events, or ahead of them: ``first_replied_at`` counts where no reply is as early, ``solved_at`` where no event
    says so, or the ticket is done (``is_done``) and the last one before says otherwise.
    """
    found = list(_told(events))
    replies = [one.at for one in found if one.what == Happening.AGENT_REPLY]
    if first_replied_at is not None and (not replies or first_replied_at < min(replies)):
        found.append(Fact(first_replied_at, Happening.AGENT_REPLY))
    if solved_at is not None and _is_untold(solved_at, found, is_done=is_done):
        found.append(Fact(solved_at, Happening.SOLVED))
    return sorted(found, key=lambda one: one.at)


def _is_untold(solved_at: datetime, found: list[Fact], *, is_done: bool) -> bool:
    states = sorted((one for one in found if one.what in STATES), key=lambda one: one.at)
    if not any(one.what == Happening.SOLVED for one in states):
        return True
    return is_done and states[-1].what != Happening.SOLVED and states[-1].at <= solved_at


def _told(events: Iterable[tuple[datetime, str, str]]) -> Iterator[Fact]:
    for at, kind, value in events:
        if kind in REPLIES:
            yield Fact(at, REPLIES[EventKind(kind)])
        elif kind == EventKind.STATUS:
            yield Fact(at, state_of(value))


def state_of(status: str) -> Happening:
    """Return what a status means for clocks."""
    if status in DONE:
        return Happening.SOLVED
    return Happening.WAITING if status == Status.PENDING else Happening.WORKING
