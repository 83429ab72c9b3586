"""The queue with 100,000 open tickets, against a minimal keyset page over the same rows in the same process and run.

The floor stands behind Django's own session and sign-in middleware alone, and joins what a row shows in one query; ours
stands behind all middleware, with the frame, the navigation, the policy of access, the counts by state, who has each
ticket and when its customer wrote last. Pages all over the queue are measured: among those out of time, next, that
stand still, and that are promised nothing; and the queues of a team and of one agent beside them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from django.test.utils import override_settings

from bench.companies import databases_apart, execute, seeded, statements, use
from bench.harness import Figure
from bench.pages import FLOOR_MIDDLEWARE, Site, ratio, sign_in_as

ACCOUNTS, TICKETS = 5_000, 100_000
SEED = Path(__file__).with_name("seed.sql")
TARGET = 3


def run() -> Iterator[Figure]:
    """Yield how much a page of the queue costs by what a minimal one does: all of it, a team's, and an agent's."""
    with (
        databases_apart(),
        override_settings(ROOT_URLCONF="bench.queue.floors", ALLOWED_HOSTS=["localhost"], DEBUG=False),
    ):
        use(seeded("queue", told=f"{TICKETS:,} open tickets", fill=_fill, files=[SEED]))
        cookie = sign_in_as("revops")
        ours = Site(cookie, {})
        with override_settings(MIDDLEWARE=FLOOR_MIDDLEWARE):
            floor = Site(cookie, {})
        places = _places()
        yield ratio(
            "queue.page", TARGET, ours, floor, [(_ours(place, ""), _floor(place)) for place in places]
        )
        first = places[0]
        for name, narrowed in _narrowed().items():
            yield ratio(
                f"queue.{name}", TARGET, ours, floor, [(f"/support/queue/?{narrowed}", _floor(first))]
            )


def _fill() -> None:
    from support.models import Ticket
    from support.queue.places import place_tickets

    for statement in statements(SEED, accounts=ACCOUNTS, tickets=TICKETS):
        execute(statement)
    assert place_tickets(list(Ticket.objects.values_list("pk", flat=True))) == TICKETS


def _places() -> Sequence[tuple[datetime, list[object]]]:
    """Return where thirty pages all over the queue begin: for the floor, and as our cursor says it."""
    from support.models import QueuePlace

    rows = list(
        QueuePlace.objects.order_by("order_at", "worth", "renews_on", "pk").values_list(
            "order_at", "worth", "renews_on", "pk"
        )
    )
    every = [rows[number * (len(rows) - 100) // 29] for number in range(30)]
    return [(row[0], list(row)) for row in every]


def _ours(place: tuple[datetime, list[object]], narrowed: str) -> str:
    from base64 import urlsafe_b64encode
    from json import dumps

    said = [one.isoformat() if hasattr(one, "isoformat") else str(one) for one in place[1]]
    cursor = urlsafe_b64encode(dumps(said).encode()).decode().rstrip("=")
    return f"/support/queue/?after={cursor}{narrowed}"


def _floor(place: tuple[datetime, list[object]]) -> str:
    return f"/floor/queue/?due={quote(place[0].isoformat())}&id={place[1][-1]}"


def _narrowed() -> dict[str, str]:
    from people.models import User
    from support.models import SupportTeam

    team, agent = SupportTeam.objects.get(name="Team 3"), User.objects.get(name="Agent 7")
    return {"team": f"team={team.pk}", "agent": f"who={agent.pk}", "first": "state=over"}
