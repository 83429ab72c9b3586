"""The calendar as a file that calendars subscribe to (RFC 5545): whole days, with ids that stay.

The same events give the same bytes, so that whoever asks again with the ETag is told that nothing is new.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from urllib.parse import urlsplit

import icalendar
from django.conf import settings
from django.db.models import Case, F, Q, QuerySet, When
from django.utils import timezone

from common.formatting import format_date
from finance.calendars.events import CANCELLED_FOR
from finance.contracts.calendar import Calendar
from finance.models import CalendarEvent, CalendarFeed
from people.models import User

AHEAD = timedelta(days=731)
BEHIND = timedelta(days=90)
MOST = 5_000
Kind = CalendarEvent.Kind


def events_for(user: User, day: date, *, only_mine: bool = False) -> QuerySet[Any, Any]:
    """Return the events that stand in a person's calendar on ``day``: the soonest first, then what has passed."""
    shown = CalendarEvent.objects.filter(
        Q(cancelled_at=None) | Q(cancelled_at__gte=timezone.now() - CANCELLED_FOR),
        day__range=(day - BEHIND, day + AHEAD),
        contract__account__deleted_at=None,
    )
    if only_mine:
        shown = shown.filter(Q(contract__account__owner_email=user.email) | Q(obligation__owner=user))
    # Where there are too many, those furthest back are left out, not those to come.
    ahead = Case(When(day__gte=day, then=F("day")))
    shown = shown.select_related("contract__account", "obligation__owner")
    return shown.order_by(ahead.asc(nulls_last=True), "-day", "pk")[:MOST]


def calendar_of(feed: CalendarFeed, day: date) -> bytes:
    """Return the calendar of a link, for who made it; one query."""
    calendar = icalendar.Calendar()
    calendar.add("prodid", "-//ABE//Contracts//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", "Contracts of my accounts" if feed.only_mine else "Contracts")
    calendar.add("refresh-interval", timedelta(hours=6), parameters={"VALUE": "DURATION"})
    events = list(events_for(feed.created_by, day, only_mine=feed.only_mine))
    if len(events) == MOST:
        calendar.add(
            "x-wr-caldesc",
            f"The nearest {MOST:,}; there are more. A link for your own accounts and obligations alone shows fewer.",
        )
    for event in events:
        calendar.add_component(_entry(event))
    return bytes(calendar.to_ical())


def uid_of(event: CalendarEvent) -> str:
    """Return what tells an event from all others, for ever."""
    host = urlsplit(settings.PUBLIC_URL).hostname or "localhost"
    return f"{event.kind}-{event.contract_id}-{event.number}@{host}"


def _entry(event: Any) -> icalendar.Event:
    entry = icalendar.Event()
    entry.add("uid", uid_of(event))
    entry.add("dtstamp", event.changed_at.replace(microsecond=0))
    entry.add("last-modified", event.changed_at.replace(microsecond=0))
    entry.add("sequence", event.sequence)
    entry.add("dtstart", event.day)
    entry.add("dtend", event.day + timedelta(days=1))
    entry.add("summary", _summary(event))
    entry.add("description", _description(event))
    entry.add("status", "CANCELLED" if event.cancelled_at else "CONFIRMED")
    entry.add("transp", "TRANSPARENT")
    entry.add("categories", [event.get_kind_display()])
    entry.add("url", f"{settings.PUBLIC_URL}{event.contract.get_absolute_url()}")
    return entry


def _summary(event: Any) -> str:
    contract = event.contract
    about = f"{contract.account.name}, {contract}"
    if event.kind == Kind.OBLIGATION:
        return f"{event.obligation.title}: {about}"
    if event.kind == Kind.NOTICE:
        return f"Last day for notice: {about}"
    return f"{'Renews by itself' if contract.auto_renew else 'Term ends'}: {about}"


def _description(event: Any) -> str:
    contract = event.contract
    if event.kind == Kind.OBLIGATION:
        owner = event.obligation.owner or "legal"
        whose = "We do it" if event.obligation.party == "ours" else "The customer does it"
        return f"{whose}; {owner} sees to it."
    if event.kind == Kind.NOTICE:
        if event.day == event.falls_on:
            return "Notice must have arrived by then."
        falls = Calendar(contract.account.country).holiday(event.falls_on) or f"a {event.falls_on:%A}"
        return f"{format_date(event.falls_on)} is {falls}, so this is the last working day before it."
    if contract.auto_renew:
        return "The first day after the term; it renews by itself unless notice was given."
    return "The first day after the term."
