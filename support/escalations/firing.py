"""Tell warnings and breaches once their time has come: in the transaction that writes them into the ledger.

So nothing is told that the ledger doesn't say, nothing it says is forgotten where a worker dies, and nothing is
told twice: a firing is a row of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from django.utils import timezone

from common.formatting import format_datetime
from metrics.statements import load
from people.models import User
from people.notices.services import Telling, notify_each, withdraw_notices
from support.escalations.audience import Audience, read_audience
from support.escalations.climbing import about_escalation, begin_escalations
from support.escalations.systems import tell_systems
from support.escalations.topics import WARNINGS
from support.models import Firing, Rung, SlaMetric, Ticket
from support.models.escalations import BREACH

# What passed longer ago on tickets that came in afterwards is history, not news.
RECENT = timedelta(hours=24)
LONGEST_SUBJECT = 120
WHO_HAS_IT = Rung(who=Rung.Who.ENGINEER)


def fire(tickets: Sequence[int], *, now: datetime) -> int:
    """Tell what passed on tickets whose ledgers have just been written; return how many warnings and breaches.

    Called in a transaction that has locked the tickets. Ends escalations of what is no longer late, and takes back
    what the ledgers no longer say.
    """
    keys = list(tickets)
    load("support", "firings_taken_back", tickets=keys, now=now).execute()
    load("support", "escalations_follow", tickets=keys).execute()
    over = load("support", "escalations_over", tickets=keys, now=now).fetch()
    withdraw_notices(about=[about_escalation(pk) for (pk,) in over])
    due = load("support", "firings_due", tickets=keys, since=now - RECENT).fetch()
    made = Firing.objects.bulk_create(
        Firing(
            ticket_id=ticket,
            metric=metric,
            cycle=cycle,
            percent=percent,
            turn=turn,
            minutes=minutes,
            due_at=due_at,
            passed_at=passed_at,
            fired_at=now,
        )
        for ticket, metric, cycle, percent, turn, minutes, due_at, passed_at in due
    )
    late = load("support", "escalations_due", tickets=keys).fetch()
    _tell(made, list(Firing.objects.filter(pk__in=[pk for (pk,) in late])), now)
    return len(made)


def _tell(made: Collection[Firing], late: Collection[Firing], now: datetime) -> None:
    """Tell of each clock the last that passed: after a time without workers several may have at once."""
    latest: dict[tuple[int, str, int], Firing] = {}
    for one in made:
        key = (one.ticket_id, one.metric, one.cycle)
        if key not in latest or latest[key].percent < one.percent:
            latest[key] = one
    warnings = [one for one in latest.values() if one.percent != BREACH]
    concerned = {one.ticket_id for one in (*latest.values(), *late)}
    if not concerned:
        return
    tickets = Ticket.objects.select_related("account").in_bulk(concerned)
    audience = read_audience(tickets.values())
    _warn(warnings, tickets, audience)
    tell_systems(latest.values(), tickets)
    begin_escalations(late, tickets, audience, now=now)


def _warn(warnings: Collection[Firing], tickets: dict[int, Ticket], audience: Audience) -> None:
    tellings = [
        Telling(
            user=person,
            about=f"support.clock:{one.ticket_id}:{one.metric}:{one.cycle}",
            event=f"warned.{one.percent}.{one.pk}",
            text=_warning(one, tickets[one.ticket_id], person),
            url=tickets[one.ticket_id].get_absolute_url(),
        )
        for one in warnings
        for person in audience.reached(tickets[one.ticket_id], WHO_HAS_IT).people
    ]
    notify_each(tellings, topic=WARNINGS)


def _warning(one: Firing, ticket: Ticket, reader: User) -> str:
    due = ""
    if one.due_at is not None:
        with timezone.override(reader.time_zone):
            due = f", due {format_datetime(one.due_at)}"
    metric = str(SlaMetric(one.metric).label)
    subject = ticket.subject[:LONGEST_SUBJECT]
    return f"{metric} to “{subject}” of {ticket.account}: {one.percent} % of the time is used up{due}"
