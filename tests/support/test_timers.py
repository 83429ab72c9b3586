"""Warnings and breaches: told once when their time comes, whoever dies, and taken back where they weren't true."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from accounts.models import Account
from people.access import access_of
from people.models import Notice, User
from support import tasks
from support.clocks import keeping
from support.clocks.keeping import keep_clocks
from support.clocks.marks import mark_due, mark_tickets
from support.escalations.climbing import acknowledge
from support.models import Clock, Escalation, Firing, Ticket, TicketToClock
from sync.models import Link, OutboxEvent, Source
from tests.metrics.facts import make_account
from tests.support.promises import at, happen, keep, mark, open_ticket, publish_policies
from tests.users import make_user

pytestmark = pytest.mark.django_db

CELLS: list[Any] = [("first_response", "normal", "", 60), ("resolution", "normal", "", 600)]
PATIENCE = 60


@pytest.fixture
def engineer() -> User:
    return make_user("support", name="Ada Moss")


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
    mark(ticket)
    keep("2026-11-16 10:03")
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


def test_a_breach_lasts_under_another_target_that_passed_before_anybody_looked() -> None:
    publish_policies({"cells": [("first_response", "normal", "", 60), ("first_response", "high", "", 50)]})
    ticket = come_in("2026-11-16 09:00", "2026-11-16 09:10")
    # No worker looks for ten minutes, in which it falls due and becomes more urgent.
    happen(ticket, "priority", "2026-11-16 10:05", "high")
    keep("2026-11-16 10:10")
    assert Clock.objects.get(ticket=ticket).breached_at == at("2026-11-16 10:00")
    assert ("10:00", 100, False) in fired(ticket)
    assert Escalation.objects.present().filter(ticket=ticket).exists()


def test_a_breach_that_another_target_forgave_is_told_when_that_one_passes() -> None:
    publish_policies({"cells": [("first_response", "normal", "", 60), ("first_response", "low", "", 120)]})
    ticket = come_in("2026-11-16 09:00", "2026-11-16 09:10")
    happen(ticket, "priority", "2026-11-16 10:05", "low")
    keep("2026-11-16 10:10")
    assert fired(ticket) == []
    mark(ticket)
    keep("2026-11-16 11:01")
    assert [one for one in fired(ticket) if one[1] == 100] == [("11:00", 100, False)]


def test_a_breach_that_was_told_ends_with_another_target_and_is_told_anew_by_it() -> None:
    publish_policies({"cells": [("first_response", "normal", "", 60), ("first_response", "low", "", 120)]})
    ticket = come_in("2026-11-16 09:00", "2026-11-16 10:01")
    happen(ticket, "priority", "2026-11-16 10:05", "low")
    keep("2026-11-16 10:06")
    assert Escalation.objects.get().ended_by == Escalation.End.IN_TIME
    mark(ticket)
    keep("2026-11-16 11:01")
    assert [one for one in fired(ticket) if one[1] == 100] == [("10:00", 100, False), ("11:00", 100, False)]
    assert Escalation.objects.present().get().firing.passed_at == at("2026-11-16 11:00")


def test_a_run_that_gets_another_number_is_told_once(engineer: User) -> None:
    publish_policies({"cells": [("next_response", "normal", "", 60)]})
    ticket = open_ticket(make_account(), "2026-11-16 09:00")
    Ticket.objects.filter(pk=ticket.pk).update(created_at=at("2026-11-16 09:00"))
    happen(ticket, "agent_reply", "2026-11-16 09:05")
    happen(ticket, "customer_reply", "2026-11-16 11:00")
    keep("2026-11-16 12:01")
    held = Escalation.objects.get(ticket=ticket)
    acknowledge(escalation=held, by=engineer, access=access_of("support"))
    told = Notice.objects.count()
    # The help desk tells late of a question and its answer before.
    happen(ticket, "customer_reply", "2026-11-16 09:30")
    happen(ticket, "agent_reply", "2026-11-16 10:00")
    keep("2026-11-16 12:02")
    assert Clock.objects.get(ticket=ticket, cycle=2).breached_at == at("2026-11-16 12:00")
    held.refresh_from_db()
    assert (held.cycle, held.ended_at, held.acknowledged_by) == (2, None, engineer)
    assert Escalation.objects.count() == 1
    assert Notice.objects.count() == told
    breach = Firing.objects.get(percent=100)
    assert breach.taken_back_at is None
    happen(ticket, "agent_reply", "2026-11-16 12:10")
    keep("2026-11-16 12:11")
    held.refresh_from_db()
    assert held.ended_by == Escalation.End.DONE


def test_what_is_due_for_a_deleted_account_waits_until_it_is_back() -> None:
    publish_policies({"cells": [("first_response", "normal", "", 60)]})
    ticket = come_in("2026-11-16 09:00", "2026-11-16 09:10")
    Account.objects.filter(pk=ticket.account_id).update(deleted_at=at("2026-11-16 09:20"))
    assert mark_due(at("2026-11-16 10:00")) == 0
    mark(ticket)
    keep("2026-11-16 09:40")
    assert fired(ticket) == []
    Account.objects.update(deleted_at=None)
    assert mark_due(at("2026-11-16 10:10")) == 1
    keep("2026-11-16 10:10")
    assert ("10:00", 100, False) in fired(ticket)


def test_a_ticket_whose_ledger_cannot_be_told_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    publish_policies({"cells": CELLS})
    account = make_account()
    tickets = [open_ticket(account, "2026-11-16 09:00") for _ in range(7)]
    Ticket.objects.update(created_at=at("2026-11-16 09:00"))
    broken = {tickets[0].pk, tickets[4].pk}
    tell = keeping.tell

    def stumble(facts: Any, *given: Any, **named: Any) -> Any:
        if facts.ticket in broken:
            raise OverflowError("date value out of range")
        return tell(facts, *given, **named)

    monkeypatch.setattr(keeping, "tell", stumble)
    assert keep_clocks(now=at("2026-11-16 10:00")) == 5
    fine = {one.pk for one in tickets} - broken
    assert set(Firing.objects.filter(percent=100).values_list("ticket", flat=True)) == fine
    assert set(TicketToClock.objects.values_list("ticket", flat=True)) == broken
    broken.clear()
    assert keep_clocks(now=at("2026-11-16 10:01")) == 2
    assert Firing.objects.filter(percent=100).count() == 7


def test_a_date_that_nobody_meant_stops_no_clock() -> None:
    publish_policies({"cells": CELLS})
    ancient = open_ticket(make_account(), "1900-01-01 00:00")
    happen(ancient, "agent_reply", "2026-11-16 09:30")
    ticket = come_in("2026-11-16 09:00", "2026-11-16 10:00")
    assert Clock.objects.get(ticket=ancient, metric="first_response").spent_seconds == 2**31 - 1
    assert ("10:00", 100, False) in fired(ticket)


def test_other_systems_are_told_of_the_last_that_passed_with_what_the_sources_call_the_ticket() -> None:
    publish_policies({"cells": [("first_response", "normal", "", 60)]})
    ticket = open_ticket(make_account(), "2026-11-16 09:00")
    Ticket.objects.filter(pk=ticket.pk).update(created_at=at("2026-11-16 09:00"))
    source = Source.objects.create(slug="helpdesk", name="Help desk")
    Link.objects.create(source=source, resource="tickets", external_id="T-1", object_id=ticket.pk)
    keep("2026-11-16 09:50")
    keep("2026-11-16 09:51")
    warned = OutboxEvent.objects.get()
    assert (warned.kind, warned.account_id) == ("sla.warned", ticket.account_id)
    assert warned.guards == {"ticket": "support_history", "clock": "support_history"}
    assert warned.data["ticket"] == {
        "id": str(ticket.pk),
        "external_ids": [{"source": "helpdesk", "external_id": "T-1"}],
    }
    mark(ticket)
    keep("2026-11-16 10:00")
    breached = OutboxEvent.objects.get(kind="sla.breached")
    assert breached.data["clock"] == {
        "metric": "first_response",
        "cycle": 1,
        "percent": 100,
        "minutes": 60,
        "due_at": "2026-11-16T10:00:00+00:00",
        "passed_at": "2026-11-16T10:00:00+00:00",
    }


def test_a_breach_is_told_as_one_and_as_no_warning() -> None:
    publish_policies({"cells": [("first_response", "normal", "", 60)]})
    reader = make_user("support")
    come_in("2026-11-16 09:00", "2026-11-16 10:00")
    assert set(Notice.objects.filter(user=reader).values_list("topic", flat=True)) == {"support_breaches"}


def test_a_warning_that_was_taken_back_is_told_again_when_its_time_comes() -> None:
    publish_policies({"cells": [("resolution", "normal", "", 60)]})
    reader = make_user("support")
    ticket = come_in("2026-11-16 09:00", "2026-11-16 09:31")
    happen(ticket, "status", "2026-11-16 09:10", "pending")
    happen(ticket, "status", "2026-11-16 09:20", "open")
    keep("2026-11-16 09:32")
    assert Firing.objects.get().taken_back_at is not None
    mark(ticket)
    keep("2026-11-16 09:41")
    assert Firing.objects.get(taken_back_at=None).passed_at == at("2026-11-16 09:40")
    assert Notice.objects.filter(user=reader, topic="support_warnings").count() == 2


def test_while_a_clock_stands_still_nobody_is_warned() -> None:
    publish_policies({"cells": [("resolution", "normal", "", 60)]})
    ticket = come_in("2026-11-16 09:00", "2026-11-16 09:10")
    happen(ticket, "status", "2026-11-16 09:35", "pending")
    keep("2026-11-16 09:40")
    assert not Firing.objects.exists()
    happen(ticket, "status", "2026-11-16 10:00", "open")
    keep("2026-11-16 10:01")
    assert Firing.objects.get().percent == 50


def test_a_lag_is_how_long_after_its_time_it_was_told() -> None:
    publish_policies({"cells": [("first_response", "normal", "", 60)]})
    ticket = come_in("2026-11-16 09:00", "2026-11-16 10:03")
    told = Firing.objects.get(ticket=ticket, percent=100)
    assert (told.passed_at, told.fired_at) == (at("2026-11-16 10:00"), at("2026-11-16 10:03"))
