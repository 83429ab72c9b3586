"""Other systems are told of warnings and breaches, in the transaction in which people are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any

from people.models import Category
from support.models import Firing, Ticket
from support.models.escalations import BREACH
from sync.events import Told, emit_many
from sync.models import OWN_SLUG, Link

WARNED, BREACHED = "sla.warned", "sla.breached"
GUARDS = dict.fromkeys(("ticket", "clock"), Category.SUPPORT_HISTORY.value)


def tell_systems(made: Collection[Firing], tickets: Mapping[int, Ticket]) -> None:
    """Write an event of each firing into the outbox; one query and a round trip for each kind."""
    if not made:
        return
    names = _external_ids({one.ticket_id for one in made})
    for event, told in (
        (WARNED, [one for one in made if one.percent != BREACH]),
        (BREACHED, [one for one in made if one.percent == BREACH]),
    ):
        if told:
            emit_many(
                event=event,
                told=[
                    Told(tickets[one.ticket_id].account_id, _data(one, names[one.ticket_id]), GUARDS)
                    for one in told
                ],
            )


def _data(one: Firing, external_ids: list[dict[str, str]]) -> dict[str, Any]:
    return {
        "ticket": {"id": str(one.ticket_id), "external_ids": external_ids},
        "clock": {
            "metric": one.metric,
            "cycle": one.cycle,
            "percent": one.percent,
            "minutes": one.minutes,
            "due_at": one.due_at.isoformat() if one.due_at else None,
            "passed_at": one.passed_at.isoformat(),
        },
    }


def _external_ids(tickets: Collection[int]) -> dict[int, list[dict[str, str]]]:
    """Return what the sources call tickets, by key."""
    links = Link.objects.filter(resource="tickets", object_id__in=tickets, deleted_at=None)
    rows = links.exclude(source__slug=OWN_SLUG).order_by("pk")
    found: dict[int, list[dict[str, str]]] = defaultdict(list)
    for ticket, slug, name in rows.values_list("object_id", "source__slug", "external_id"):
        found[ticket].append({"source": slug, "external_id": name})
    return found
