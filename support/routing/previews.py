"""What other rules would have meant: where the tickets of the last 90 days would have gone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from people.absences.rota import Rota
from support.models import RoutingRule, Ticket
from support.routing.engine import Aim, Asked, Desk
from support.routing.facts import Seats, accounts_of, read_desk, seats_of
from support.routing.rules import RuleDraft, checked

DAYS = 90
# The newest ones tell enough, and a page has to wait for them.
MOST_TICKETS = 20_000
MOST_SHOWN = 100
NO_RULE = "No rule"


@dataclass(frozen=True, slots=True)
class Counted:
    """How many tickets fit a rule, or went somewhere, by the rules that count and by the others."""

    label: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Moved:
    """A ticket that would have gone elsewhere."""

    ticket: Ticket
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class RulesPreview:
    """What other rules would have meant for ``tickets`` tickets; ``moved`` are the newest of the ``changed`` ones."""

    tickets: int
    changed: int
    by_rule: Sequence[Counted]
    by_place: Sequence[Counted]
    moved: Sequence[Moved]


def preview_rules(before: Sequence[RuleDraft], after: Sequence[RuleDraft], *, now: datetime) -> RulesPreview:
    """Return where tickets of the last 90 days go by rules and by others, whoever has room.

    With the teams, skills and accounts of today. A dozen queries and one for each rule. Raises ValidationError where
    rules can't be routed by.
    """
    tickets = list(
        Ticket.objects.live()
        .filter(opened_at__gte=now - timedelta(days=DAYS), opened_at__lte=now, account__deleted_at=None)
        .select_related("account")
        .order_by("-opened_at", "-pk")[:MOST_TICKETS]
    )
    seats = seats_of(ticket.account_id for ticket in tickets)
    # What counts is routed by as it is, also where a condition of it speaks of something that is gone.
    aims = [_aims(rows, tickets, seats) for rows in (_rows(before, kept=before), _rows(after))]
    pairs = list(zip(tickets, *aims, strict=True))
    moved = [
        Moved(ticket, words(was), words(then)) for ticket, was, then in pairs if _place(was) != _place(then)
    ]
    return RulesPreview(
        len(tickets),
        len(moved),
        _counted([aim.rule or NO_RULE for aim in aims[0]], [aim.rule or NO_RULE for aim in aims[1]], after),
        _counted([words(aim) for aim in aims[0]], [words(aim) for aim in aims[1]]),
        moved[:MOST_SHOWN],
    )


def words(aim: Aim) -> str:
    """Return where a ticket goes, in words."""
    first = {"named engineer": "Named engineer, else ", "pod": "The account’s pod, else "}.get(aim.first, "")
    return f"{first}{aim.team}"


def _place(aim: Aim) -> tuple[str, str]:
    return aim.first, aim.team


def _aims(rows: Sequence[RoutingRule], tickets: Sequence[Ticket], seats: dict[int, Seats]) -> list[Aim]:
    desk: Desk = read_desk(rows, Rota.read(), is_counted=False)
    holds = accounts_of(rows, {ticket.account_id for ticket in tickets})
    nobody = Seats()
    found = []
    for ticket in tickets:
        seat = seats.get(ticket.account_id, nobody)
        found.append(
            desk.aim(
                Asked(
                    area=ticket.product_area,
                    priority=ticket.priority,
                    holds=holds[ticket.account_id],
                    named=seat.named,
                    pod=seat.pod,
                )
            )
        )
    return found


def _rows(rules: Sequence[RuleDraft], *, kept: Sequence[RuleDraft] = ()) -> list[RoutingRule]:
    """Return rules as the engine reads them, each with a key of its own that no stored one has."""
    rows = checked(rules, kept=kept) if rules else []
    for place, row in enumerate(rows, 1):
        row.pk = -place
    return rows


def _counted(before: Iterable[str], after: Iterable[str], rules: Sequence[RuleDraft] = ()) -> list[Counted]:
    """Return how often each label comes, in the order of the rules, the others by how often."""
    was, then = Counter(before), Counter(after)
    places = {one.name: place for place, one in enumerate(rules)}
    labels = sorted(
        {*was, *then, *places}, key=lambda one: (places.get(one, len(places)), -then[one], -was[one], one)
    )
    return [Counted(label, was[label], then[label]) for label in labels]
