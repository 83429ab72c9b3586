"""Warnings and breaches: told once when their time comes, whoever dies, and taken back where they weren't true."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from people.models import Notice
from support import tasks
from support.clocks import keeping
from support.clocks.keeping import keep_clocks
from support.clocks.marks import mark_due, mark_tickets
from support.models import Clock, Escalation, Firing, Ticket, TicketToClock
from tests.metrics.facts import make_account
from tests.support.promises import at, happen, keep, mark, open_ticket, publish_policies
from tests.users import make_user

pytestmark = pytest.mark.django_db

CELLS: list[Any] = [("first_response", "normal", "", 60), ("resolution", "normal", "", 600)]
PATIENCE = 60


def fired(ticket: Ticket) -> list[tuple[str, int, bool]]:
    """Return what was told about a ticket: when its time came, the share, and whether it was taken back."""
    rows = Firing.objects.filter(ticket=ticket, metric="first_response").order_by(
        "passed_at", "percent", "pk"
    )
    return [(f"{one.passed_at:%H:%M}", one.percent, one.taken_back_at is not None) for one in rows]


def come_in(opened: str, seen: str) -> Ticket:
    """Open a ticket that was known here from when it was opened on, and tell its ledger."""
    ticket = open_ticket(make_account(), opened)
    Ticket.objects.filter(pk=ticket.pk).update(created_at=at(opened))
    keep(seen)
    return ticket


def test_each_share_is_told_when_its_time_comes_and_once() -> None:
    publish_policies({"cells": CELLS})
    ticket = come_in("2026-11-16 09:00", "2026-11-16 09:29")
    assert fired(ticket) == []
    for moment, told in (
        ("2026-11-16 09:30", [("09:30", 50, False)]),
        ("2026-11-16 09:31", [("09:30", 50, False)]),
        ("2026-11-16 09:46", [("09:30", 50, False), ("09:45", 75, False)]),
        (
            "2026-11-16 10:05",
            [("09:30", 50, False), ("09:45", 75, False), ("09:54", 90, False), ("10:00", 100, False)],
        ),
    ):
        mark(ticket)
        keep(moment)
        assert fired(ticket) == told


def test_a_breach_that_a_late_event_makes_untrue_is_taken_back_and_told_again_when_it_comes() -> None:
    publish_policies({"cells": [("resolution", "normal", "", 60)]})
    ticket = come_in("2026-11-16 09:00", "2026-11-16 10:01")
    held = Escalation.objects.get(ticket=ticket)
    assert held.ended_at is None
    # The help desk tells late that it had waited for the customer.
    happen(ticket, "status", "2026-11-16 09:10", "pending")
    happen(ticket, "status", "2026-11-16 09:50", "open")
    keep("2026-11-16 10:02")
    held.refresh_from_db()
    assert held.ended_by == Escalation.End.IN_TIME
    breach = Firing.objects.get(ticket=ticket, percent=100)
    assert breach.taken_back_at == at("2026-11-16 10:02")
    mark(ticket)
    keep("2026-11-16 10:45")
    again = Firing.objects.get(ticket=ticket, percent=100, taken_back_at=None)
    assert again.passed_at == at("2026-11-16 10:40")
    assert Escalation.objects.present().get(ticket=ticket).firing == again


def test_an_event_that_moves_the_time_by_minutes_tells_nothing_twice() -> None:
    publish_policies({"cells": [("resolution", "normal", "", 60)]})
    ticket = come_in("2026-11-16 09:00", "2026-11-16 10:30")
    assert Firing.objects.filter(ticket=ticket).count() == 4
    happen(ticket, "status", "2026-11-16 09:10", "pending")
    happen(ticket, "status", "2026-11-16 09:15", "open")
    keep("2026-11-16 10:31")
    assert Firing.objects.filter(ticket=ticket, taken_back_at=None).count() == 4
    assert Firing.objects.filter(ticket=ticket).count() == 4
    assert Escalation.objects.filter(ticket=ticket).count() == 1


def test_what_was_answered_before_anybody_looked_is_told_to_nobody() -> None:
    publish_policies({"cells": CELLS})
    ticket = open_ticket(make_account(), "2026-11-16 09:00")
    happen(ticket, "agent_reply", "2026-11-16 10:05")
    keep("2026-11-16 10:10")
    assert Clock.objects.get(ticket=ticket, metric="first_response").breached_at is not None
    assert fired(ticket) == []
    assert not Escalation.objects.exists()


def test_old_breaches_of_tickets_that_come_in_today_are_no_news() -> None:
    publish_policies({"cells": CELLS})
    ticket = open_ticket(make_account(), "2026-11-10 09:00")
    keep("2026-11-16 10:00")
    assert fired(ticket) == []
    # What was known here all the time is told, however long nobody worked.
    Ticket.objects.filter(pk=ticket.pk).update(created_at=at("2026-11-10 09:00"))
    mark(ticket)
    keep("2026-11-16 10:01")
    assert [percent for _, percent, _ in fired(ticket)] == [50, 75, 90, 100]


def test_of_several_that_passed_meanwhile_people_are_told_the_last() -> None:
    publish_policies({"cells": CELLS})
    reader = make_user("support")
    ticket = come_in("2026-11-16 09:00", "2026-11-16 09:50")
    assert [percent for _, percent, _ in fired(ticket)] == [50, 75]
    notice = Notice.objects.get(user=reader)
    assert notice.topic == "support_warnings"
    assert notice.text.startswith("First response to “Question” of ")
    assert "75 % of the time is used up, due 16 Nov 2026" in notice.text


def test_the_readers_own_time_zone_says_when_it_is_due() -> None:
    publish_policies({"cells": CELLS})
    reader = make_user("support", time_zone="Asia/Tokyo")
    come_in("2026-11-16 09:00", "2026-11-16 09:30")
    assert Notice.objects.get(user=reader).text.endswith("19:00")


def test_due_marks_go_before_what_a_policy_changed() -> None:
    publish_policies({"cells": CELLS})
    account = make_account()
    waiting = open_ticket(account, "2026-11-16 09:00")
    due = open_ticket(account, "2026-11-16 09:00")
    keep("2026-11-16 09:10")
    mark_tickets(Ticket.objects.filter(pk=waiting.pk))
    Clock.objects.filter(ticket=waiting).update(next_at=None)
    mark_due(at("2026-11-16 09:30"))
    assert keeping.keep_slice(now=at("2026-11-16 09:31"), size=1) == 1
    assert Firing.objects.get().ticket == due
    assert TicketToClock.objects.get().ticket == waiting


@pytest.mark.django_db(transaction=True)
def test_a_thousand_that_fall_due_while_nobody_works_are_all_told_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    publish_policies({"cells": [("first_response", "normal", "", 60)]})
    reader = make_user("support")
    account = make_account()
    now = timezone.now()
    # They fall due one after the other over the last five minutes, for which broker, workers and beat were gone.
    tickets = Ticket.objects.bulk_create(
        Ticket(
            account=account,
            subject=f"Question {number}",
            opened_at=now - timedelta(minutes=60, seconds=300 * number / 1000),
            created_at=now - timedelta(minutes=66),
        )
        for number in range(1000)
    )
    mark_tickets(Ticket.objects.all())
    keep_clocks(now=now - timedelta(minutes=6))
    Firing.objects.all().delete()
    Notice.objects.all().delete()
    # The first that comes back dies in the middle of its work.
    fire, calls = keeping.fire, []

    def die_once(*given: Any, **named: Any) -> int:
        done = fire(*given, **named)
        calls.append(done)
        if len(calls) == 1:
            raise KeyboardInterrupt
        return done

    monkeypatch.setattr(keeping, "fire", die_once)
    with pytest.raises(KeyboardInterrupt):
        tasks.keep_clocks()
    assert not Firing.objects.exists()

    def work() -> None:
        try:
            tasks.keep_clocks()
        finally:
            connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(3)]
    for one in workers:
        one.start()
    for one in workers:
        one.join(PATIENCE)
    tasks.keep_clocks()
    breaches = Firing.objects.filter(percent=100)
    assert breaches.count() == breaches.values("ticket").distinct().count() == len(tickets)
    assert Escalation.objects.count() == len(tickets)
    told = Notice.objects.filter(user=reader, topic="support_breaches", event="step.1")
    assert told.count() == told.values("about").distinct().count() == len(tickets)
