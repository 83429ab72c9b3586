"""What help desks say of a ticket without an event: many send tickets alone, or ahead of what happened to them.

Such as one that sends no events at all, for a ticket on which something was recorded here: the last event is ours then,
and what the help desk said since stands in the ticket and in its changes only.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from support.clocks.facts import Happened, state_of
from support.models import EventKind
from support.querysets import DONE
from sync.models import OWN_SLUG, Change

TICKETS = "tickets"


def with_untold(
    events: Sequence[Happened], said: Sequence[Happened], since: Mapping[str, datetime]
) -> list[Happened]:
    """Return the events of a ticket with what was ``said`` of it from ``since`` on by kind, in the order of time."""
    newer = [one for one in said if one[2] in since and one[1] >= since[one[2]]]
    return sorted([*events, *newer], key=lambda one: one[1])


def since_when(
    events: Sequence[Happened], ours: set[int | None], *, status: str, priority: str
) -> dict[str, datetime]:
    """Return by kind since when events may not tell all.

    That is from the first on that was written here (``ours`` are the ids of these), or from the last one where the
    ticket says otherwise now.
    """
    found: dict[str, datetime] = {}
    for kind, present in ((EventKind.STATUS, status), (EventKind.PRIORITY, priority)):
        told = [(pk, at, value) for pk, at, held, value in events if held == kind]
        first = next((at for pk, at, _ in told if pk in ours), None)
        if first is not None:
            found[kind.value] = first
        elif told and _meant(kind, told[-1][2]) != _meant(kind, present):
            found[kind.value] = told[-1][1]
    return found


def said_of(tickets: Sequence[int]) -> dict[int, list[Happened]]:
    """Return what help desks said of the status and priority of tickets, in the order in which they said it; one query.

    What was decided here isn't among it: an event tells that.
    """
    rows = Change.objects.filter(resource=TICKETS, object_id__in=tickets).exclude(source__slug=OWN_SLUG)
    found: dict[int, list[Happened]] = defaultdict(list)
    for ticket, said_at, changed_at, after in rows.order_by("pk").values_list(
        "object_id", "source_updated_at", "changed_at", "after"
    ):
        for kind in (EventKind.STATUS, EventKind.PRIORITY):
            said = after or {}
            if value := said.get(kind):
                solved_at = said.get("solved_at") if value in DONE else None
                at = datetime.fromisoformat(solved_at) if solved_at else said_at or changed_at
                found[ticket].append((None, at, kind.value, value))
    return found


def _meant(kind: EventKind, value: str) -> str:
    return state_of(value) if kind == EventKind.STATUS else value
