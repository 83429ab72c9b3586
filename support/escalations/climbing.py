"""Up the ladder: begin an escalation, tell its next rung, take it up."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from common.formatting import format_datetime
from people.access import Access
from people.models import Category, User
from people.notices.services import Telling, notify_channels, notify_each, withdraw_notices
from support.calendars.hours import ALWAYS, Calendar, NeverOpen, due_at
from support.entitlements import ESCALATION
from support.escalations.audience import Audience, read_audience
from support.escalations.ladders import Ladders, read_ladders
from support.escalations.topics import BREACHES
from support.models import Clock, Escalation, EscalationStep, Firing, PolicyTenure, Rung, SlaMetric, Ticket
from support.policies.book import calendars_known, known_at
from tiers.entitlements.resolution import entitlements_of
from tiers.entitlements.values import minutes_in_words

SLICE = 200
LONGEST_SUBJECT = 120
LONGEST_WORDS = 500


def about_escalation(pk: int) -> str:
    """Return what notices of an escalation are about."""
    return f"support.escalation:{pk}"


def begin_escalations(
    breaches: Collection[Firing], tickets: Mapping[int, Ticket], audience: Audience, *, now: datetime
) -> list[Escalation]:
    """Begin the escalation of each breach, and tell those who are told at once; return them.

    Called in the transaction that tells the breaches, for those that have none.
    """
    if not breaches:
        return []
    accounts = {tickets[one.ticket_id].account_id for one in breaches}
    entitled = entitlements_of(accounts, (ESCALATION,))
    tenures = _tenures(breaches)
    ladders = read_ladders()
    made = []
    for one in breaches:
        held = entitled[tickets[one.ticket_id].account_id][ESCALATION]
        made.append(
            Escalation(
                firing=one,
                ticket_id=one.ticket_id,
                metric=one.metric,
                cycle=one.cycle,
                tenure_id=tenures.get((one.ticket_id, one.metric, one.cycle)),
                ladder=ladders.in_force,
                path=held.value,
                origin=held.origin,
                began_at=now,
                next_position=1,
                next_at=now,
            )
        )
    calendars = _calendars(made)
    for begun in made:
        first = ladders.rung(begun, 1)
        begun.next_at = _after(
            now, first.wait_minutes if first else 0, calendars.get(begun.tenure_id, ALWAYS)
        )
    Escalation.objects.bulk_create(made)
    due = [begun for begun in made if begun.next_at is not None and begun.next_at <= now]
    _climb(due, tickets, audience, ladders, calendars, now)
    return made


def climb(*, now: datetime | None = None) -> int:
    """Tell the next rung of every escalation whose time has come; return how many. Safe beside other workers."""
    moment = now or timezone.now()
    done = 0
    while count := climb_slice(moment):
        done += count
    return done


@transaction.atomic
def climb_slice(now: datetime) -> int:
    """Tell the next rung of some escalations that nobody else has in hand; return of how many."""
    due = Escalation.objects.climbing(now).order_by("next_at", "pk").select_related("ladder")
    held = list(due.select_for_update(of=("self",), skip_locked=True)[:SLICE])
    if held:
        tickets = Ticket.objects.select_related("account").in_bulk({one.ticket_id for one in held})
        _climb(held, tickets, read_audience(tickets.values()), read_ladders(held), _calendars(held), now)
    return len(held)


@transaction.atomic
def acknowledge(*, escalation: Escalation, by: User, access: Access) -> Escalation:
    """Take an escalation up, so that nobody further is told; return it. Again by the same person changes nothing.

    Raises ValidationError where it is over or somebody else has it, PermissionDenied for who doesn't read tickets.
    """
    if not access.allows(Category.SUPPORT_HISTORY):
        raise PermissionDenied(access.why_not(Category.SUPPORT_HISTORY))
    # Who has it by now is read after the lock: what is joined is as it was before.
    rows = Escalation.objects.select_for_update(of=("self",)).select_related("ticket__account")
    held = rows.get(pk=escalation.pk)
    if held.acknowledged_by_id == by.pk:
        return held
    if held.acknowledged_at is not None:
        raise ValidationError(f"{held.acknowledged_by} has it since {format_datetime(held.acknowledged_at)}.")
    if held.ended_at is not None:
        raise ValidationError(f"It is over: {held.get_ended_by_display().lower()}.")
    held.acknowledged_at, held.acknowledged_by = timezone.now(), by
    held.next_position, held.next_at = None, None
    held.save(update_fields=("acknowledged_at", "acknowledged_by", "next_position", "next_at"))
    about = about_escalation(held.pk)
    withdraw_notices(about=[about])
    keys = {key for told in held.steps.values_list("told", flat=True) for key in told} - {by.pk}
    text = f"{by} takes care of: {_what(held, held.ticket)}"
    url = held.ticket.get_absolute_url()
    people = User.objects.filter(pk__in=keys, is_active=True).order_by("pk")
    notify_each(
        [Telling(user=one, about=about, event="taken", text=text, url=url) for one in people], topic=BREACHES
    )
    channels = read_audience([held.ticket]).channels
    notify_channels(to=channels, topic=BREACHES, about=about, event="taken", text=text, url=url)
    return held


def _climb(
    held: Sequence[Escalation],
    tickets: Mapping[int, Ticket],
    audience: Audience,
    ladders: Ladders,
    calendars: Mapping[int | None, Calendar],
    now: datetime,
) -> None:
    """Tell the next rung of locked escalations, and those after it that wait for nothing."""
    steps: list[EscalationStep] = []
    tellings: list[Telling] = []
    for one in held:
        ticket = tickets[one.ticket_id]
        calendar = calendars.get(one.tenure_id, ALWAYS)
        about, url = about_escalation(one.pk), ticket.get_absolute_url()
        # Whom several steps of one moment reach is told once, by the last of them.
        now_told: dict[User, str] = {}
        said: dict[str, str] = {}
        while one.next_position is not None and one.next_at is not None and one.next_at <= now:
            rung = ladders.rung(one, one.next_position)
            if rung is None:  # Nobody is written down for this path.
                rung = Rung(position=1, wait_minutes=0, who=Rung.Who.ENGINEER)
            following = ladders.rung(one, one.next_position + 1)
            reached = audience.reached(ticket, rung)
            told = [person.pk for person in reached.people]
            words = reached.words[:LONGEST_WORDS]
            steps.append(
                EscalationStep(escalation=one, position=one.next_position, at=now, told=told, words=words)
            )
            one.next_position = following.position if following else None
            one.next_at = _after(now, following.wait_minutes, calendar) if following else None
            event = f"step.{steps[-1].position}"
            said[event] = words
            now_told |= dict.fromkeys(reached.people, event)
        tellings += [
            Telling(user=person, about=about, event=told_by, text=_telling(one, ticket, person), url=url)
            for person, told_by in now_told.items()
        ]
        if audience.channels and said:
            text = f"{_late(one, ticket)} Told: {'; '.join(said.values())}"
            last = next(reversed(said))
            notify_channels(to=audience.channels, topic=BREACHES, about=about, event=last, text=text, url=url)
    EscalationStep.objects.bulk_create(steps)
    notify_each(tellings, topic=BREACHES)
    Escalation.objects.bulk_update(held, ("next_position", "next_at"))


def _telling(one: Escalation, ticket: Ticket, reader: User) -> str:
    until = ""
    if one.next_at is not None:
        with timezone.override(reader.time_zone):
            until = f" Acknowledge it by {format_datetime(one.next_at)}, or it goes further up."
    return f"{_late(one, ticket)}{until}"


def _late(one: Escalation, ticket: Ticket) -> str:
    return f"Late: {_what(one, ticket)}."


def _what(one: Escalation, ticket: Ticket) -> str:
    metric = str(SlaMetric(one.metric).label).lower()
    promised = minutes_in_words(one.firing.minutes)
    return f"{metric} to “{ticket.subject[:LONGEST_SUBJECT]}” of {ticket.account}, promised within {promised}"


def _tenures(breaches: Collection[Firing]) -> dict[tuple[int, str, int], int | None]:
    """Return by which promise each late clock runs."""
    rows = Clock.objects.filter(ticket__in={one.ticket_id for one in breaches})
    return {
        (ticket, metric, cycle): tenure
        for ticket, metric, cycle, tenure in rows.values_list("ticket_id", "metric", "cycle", "tenure_id")
    }


def _calendars(held: Collection[Escalation]) -> dict[int | None, Calendar]:
    """Return the hours by which the clock of each promise runs now, by the key of the promise."""
    keys = {one.tenure_id for one in held if one.tenure_id is not None}
    found: dict[int, int | None] = dict(
        PolicyTenure.objects.filter(pk__in=keys).values_list("pk", "calendar_id")
    )
    known = calendars_known({key for key in found.values() if key is not None})
    now = timezone.now()
    return {
        tenure: ALWAYS if calendar is None else known_at(known[calendar], now)[1]
        for tenure, calendar in found.items()
    }


def _after(now: datetime, minutes: int, calendar: Calendar) -> datetime:
    """Return the end of a wait, in the hours in which the clock runs."""
    if not minutes:
        return now
    try:
        end = due_at(now, minutes, calendar, ())
    except NeverOpen:
        end = None
    return end or now + timedelta(minutes=minutes)
