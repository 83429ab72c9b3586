"""Policies, tickets and their clocks for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

from django.utils import timezone

from accounts.models import Account, Tier
from support.clocks.keeping import keep_clocks
from support.clocks.marks import mark_tickets
from support.models import (
    BusinessCalendar,
    CalendarVersion,
    Clock,
    ClockEntry,
    Policy,
    PolicySet,
    PolicyTarget,
    Ticket,
    TicketEvent,
)
from support.policies.tenures import review_tenures

FIRST_DAY = date(2000, 1, 1)
EVERYONE: dict[str, Any] = {"all": []}
# Metric, priority, tier (a slug, empty for any) and minutes, None for the entitlement.
Cell = tuple[str, str, str, int | None]
_numbers = count(1)


def at(text: str) -> datetime:
    """Return a moment in UTC, such as ``2026-11-20 16:30``."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def publish_policies(*policies: Mapping[str, Any]) -> PolicySet:
    """Put policies in force from now on: each with ``cells`` and the fields of a policy."""
    newest = PolicySet.objects.order_by("-version").first()
    PolicySet.objects.published().update(
        state="retired", retired_at=timezone.now(), ends_on=timezone.now().date()
    )
    draft = PolicySet.objects.create(version=newest.version + 1 if newest else 1)
    for position, fields in enumerate(policies, start=1):
        held = {"name": f"Policy {position}", "condition": EVERYONE, "clock": "24x7", **fields}
        cells: Sequence[Cell] = held.pop("cells")
        policy = Policy.objects.create(policy_set=draft, position=position, **held)
        for metric, priority, tier, minutes in cells:
            PolicyTarget.objects.create(
                policy_set=draft,
                policy=policy,
                metric=metric,
                priority=priority,
                tier=Tier.objects.get(slug=tier) if tier else None,
                minutes=minutes,
            )
    draft.state, draft.starts_on, draft.published_at = "published", FIRST_DAY, timezone.now()
    draft.save()
    review_tenures()
    return draft


def make_calendar(
    opens: int = 9, closes: int = 17, zone: str = "UTC", weekdays: Sequence[int] = range(5)
) -> BusinessCalendar:
    """Create a calendar with the same hours on each of some weekdays."""
    calendar = BusinessCalendar.objects.create(name=f"Calendar {next(_numbers)}")
    CalendarVersion.objects.create(
        calendar=calendar,
        version=1,
        state="published",
        starts_on=FIRST_DAY,
        zone=zone,
        spans=[[weekday, opens * 60, closes * 60] for weekday in weekdays],
    )
    return calendar


def open_ticket(account: Account, opened: str, **fields: Any) -> Ticket:
    """Create a ticket and mark it, as its arrival does."""
    ticket = Ticket.objects.create(account=account, subject="Question", opened_at=at(opened), **fields)
    mark(ticket)
    return ticket


def happen(ticket: Ticket, kind: str, when: str, value: str = "") -> TicketEvent:
    """Let something happen to a ticket and mark it, as its arrival does."""
    event = TicketEvent.objects.create(ticket=ticket, kind=kind, value=value, occurred_at=at(when))
    mark(ticket)
    return event


def mark(ticket: Ticket) -> None:
    """Mark a ticket."""
    mark_tickets(Ticket.objects.filter(pk=ticket.pk))


def keep(now: str) -> None:
    """Tell every marked ledger anew as of a moment."""
    keep_clocks(now=at(now))


def keep_all() -> None:
    """Write down what is promised now, and tell the ledgers of all tickets by it."""
    review_tenures()
    mark_tickets(Ticket.objects.all())
    keep_clocks()


def clock(ticket: Ticket, metric: str = "first_response", cycle: int = 1) -> Clock:
    """Return one clock of a ticket."""
    return Clock.objects.get(ticket=ticket, metric=metric, cycle=cycle)


def lines(ticket: Ticket, metric: str = "first_response") -> list[tuple[str, str]]:
    """Return when which entries of a metric were made."""
    entries = ClockEntry.objects.filter(ticket=ticket, metric=metric).order_by("position")
    return [(f"{one.at:%Y-%m-%d %H:%M}", f"{one.kind}{one.percent or ''}") for one in entries]


def stored(ticket: Ticket) -> tuple[list[Any], list[Any]]:
    """Return all that is stored of a ticket's clocks."""
    return (
        list(Clock.objects.filter(ticket=ticket).order_by("metric", "cycle").values()),
        list(ClockEntry.objects.filter(ticket=ticket).order_by("position").values()),
    )


def later(moment: str, minutes: float) -> str:
    """Return a moment so many minutes later, as ``at`` takes it."""
    return f"{at(moment) + timedelta(minutes=minutes):%Y-%m-%d %H:%M:%S}"
