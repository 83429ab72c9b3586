"""The clocks of tickets as they are stored: kept as a replay from scratch tells them, whatever came when."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

import pgtrigger
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.identity.merge import merge_accounts
from accounts.models import Account
from support.clocks.facts import facts_of
from support.clocks.keeping import keep_clocks, keep_slice, store, tell_ledgers
from support.clocks.marks import mark_due
from support.models import (
    CalendarVersion,
    Clock,
    ClockEntry,
    PolicyTenure,
    Ticket,
    TicketEvent,
    TicketToClock,
)
from support.policies.tenures import review_tenures
from tests.metrics.facts import make_account
from tests.support.promises import (
    at,
    clock,
    happen,
    keep,
    lines,
    make_calendar,
    mark,
    open_ticket,
    publish_policies,
    stored,
)
from tests.sync.conftest import make_api

pytestmark = pytest.mark.django_db

HOUR = 60
OPENED = "2026-11-16 09:00"  # A Monday.
RESOLVED = [("resolution", priority, "", hours * HOUR) for priority, hours in (("urgent", 4), ("normal", 24))]


def test_the_first_policies_promise_what_tiers_entitle_to() -> None:
    strategic = open_ticket(make_account("strategic"), OPENED)
    standard = open_ticket(make_account("standard"), OPENED)
    keep(OPENED)
    assert clock(strategic).due_at == at("2026-11-16 09:30")
    # 24 hours of a working day of eight.
    assert clock(standard).due_at == at("2026-11-18 17:00")
    assert {one.metric for one in Clock.objects.filter(ticket=strategic)} == {"first_response"}


def test_friday_half_past_four_and_an_hour_is_monday_half_past_nine() -> None:
    cells = [("first_response", "normal", "", 60)]
    publish_policies({"clock": "calendar", "calendar": make_calendar(), "cells": cells})
    ticket = open_ticket(make_account(), "2026-11-20 16:30")
    keep("2026-11-20 16:30")
    assert clock(ticket).due_at == at("2026-11-23 09:30")


def test_notes_and_automatic_replies_do_not_stop_the_first_response() -> None:
    publish_policies({"cells": [("first_response", "normal", "", 60)]})
    ticket = open_ticket(make_account(), OPENED)
    happen(ticket, "note", "2026-11-16 09:10")
    happen(ticket, "auto_reply", "2026-11-16 09:11")
    keep("2026-11-16 09:20")
    assert clock(ticket).state == "running"
    assert lines(ticket) == [("2026-11-16 09:00", "start")]
    happen(ticket, "agent_reply", "2026-11-16 09:40")
    keep("2026-11-16 09:50")
    held = clock(ticket)
    assert (held.state, held.ended_at, held.breached_at, held.next_at) == (
        "met",
        at("2026-11-16 09:40"),
        None,
        None,
    )
    assert lines(ticket)[1:] == [("2026-11-16 09:30", "warn50"), ("2026-11-16 09:40", "meet")]


def test_a_change_of_priority_counts_from_creation_and_keeps_pauses() -> None:
    publish_policies({"cells": RESOLVED})
    ticket = open_ticket(make_account(), OPENED)
    happen(ticket, "status", "2026-11-16 10:00", "pending")
    happen(ticket, "status", "2026-11-16 11:30", "open")
    keep("2026-11-16 12:00")
    assert clock(ticket, "resolution").due_at == at("2026-11-17 10:30")
    change = happen(ticket, "priority", "2026-11-16 12:00", "urgent")
    keep("2026-11-16 12:01")
    held = clock(ticket, "resolution")
    assert (held.due_at, held.minutes, held.priority) == (at("2026-11-16 14:30"), 4 * HOUR, "urgent")
    entry = ClockEntry.objects.get(ticket=ticket, kind="recompute")
    assert (entry.cause, entry.cause_id, entry.at) == ("priority", change.pk, at("2026-11-16 12:00"))


def test_reopening_goes_on_without_the_time_for_which_it_was_solved() -> None:
    publish_policies({"cells": RESOLVED})
    ticket = open_ticket(make_account(), OPENED, priority="urgent")
    happen(ticket, "status", "2026-11-16 10:00", "solved")
    keep("2026-11-16 12:00")
    assert clock(ticket, "resolution").state == "met"
    happen(ticket, "status", "2026-11-17 10:00", "open")
    keep("2026-11-17 10:00")
    held = clock(ticket, "resolution")
    assert (held.state, held.due_at, held.ended_at) == ("running", at("2026-11-17 13:00"), None)


def test_a_policy_that_fits_no_more_clears_the_targets_and_names_the_promise() -> None:
    account = make_account(industry="Energy")
    energy = {"field": "accounts.industry", "op": "eq", "value": "Energy"}
    publish_policies({"condition": energy, "cells": [("first_response", "normal", "", 60)]})
    ticket = open_ticket(account, OPENED)
    keep("2026-11-16 09:05")
    assert clock(ticket).state == "running"
    Account.objects.filter(pk=account.pk).update(industry="Mining")
    review_tenures()
    keep_clocks()
    held = clock(ticket)
    assert (held.state, held.due_at, held.next_at, held.minutes, held.tenure) == (
        "cleared",
        None,
        None,
        None,
        None,
    )
    entry = ClockEntry.objects.get(ticket=ticket, kind="clear")
    newest = PolicyTenure.objects.filter(account=account).order_by("-pk")[0]
    assert (entry.cause, entry.cause_id, newest.policy) == ("promise", newest.pk, None)


def test_what_is_promised_no_more_stays_cleared_whatever_happens_to_the_ticket() -> None:
    account = make_account(industry="Energy")
    energy = {"field": "accounts.industry", "op": "eq", "value": "Energy"}
    publish_policies({"condition": energy, "cells": RESOLVED})
    tickets = [open_ticket(account, OPENED) for _ in range(3)]
    keep(OPENED)
    Account.objects.filter(pk=account.pk).update(industry="Mining")
    review_tenures()
    now = timezone.now()
    for ticket, states in zip(tickets, (["pending"], ["pending", "open"], ["solved", "open"]), strict=True):
        for minutes, state in enumerate(states, start=1):
            happen(ticket, "status", f"{now + minutes * timedelta(minutes=1):%Y-%m-%d %H:%M:%S}", state)
    keep(f"{now + timedelta(hours=1):%Y-%m-%d %H:%M:%S}")
    held = [clock(ticket, "resolution") for ticket in tickets]
    assert [(one.state, one.due_at, one.ended_at) for one in held] == [("cleared", None, None)] * 3


def test_what_is_solved_and_then_waits_for_the_customer_has_not_ended() -> None:
    publish_policies({"cells": RESOLVED})
    ticket = open_ticket(make_account(), OPENED)
    happen(ticket, "status", "2026-11-16 10:00", "solved")
    happen(ticket, "status", "2026-11-16 11:00", "pending")
    keep("2026-11-16 12:00")
    held = clock(ticket, "resolution")
    assert (held.state, held.due_at, held.ended_at) == ("paused", None, None)


def test_before_its_first_change_a_ticket_had_the_usual_priority() -> None:
    publish_policies({"cells": RESOLVED})
    ticket = open_ticket(make_account(), OPENED, priority="urgent")
    happen(ticket, "priority", "2026-11-16 12:00", "urgent")
    keep("2026-11-16 11:00")
    held = clock(ticket, "resolution")
    assert (held.minutes, held.priority, held.due_at) == (24 * HOUR, "normal", at("2026-11-17 09:00"))
    keep("2026-11-16 12:00")
    mark(ticket)
    keep("2026-11-16 12:00")
    assert (clock(ticket, "resolution").minutes, clock(ticket, "resolution").priority) == (4 * HOUR, "urgent")


def test_a_tier_that_changes_recomputes_and_a_review_without_news_writes_nothing() -> None:
    account = make_account("strategic")
    ticket = open_ticket(account, OPENED)
    keep("2026-11-16 09:10")
    assert review_tenures() == 0
    Account.objects.filter(pk=account.pk).update(tier=make_account("enterprise").tier)
    assert review_tenures([account.pk]) == 1
    assert TicketToClock.objects.filter(ticket=ticket).exists()
    assert review_tenures([account.pk]) == 0
    keep_clocks()
    assert clock(ticket).minutes == 120


def test_what_is_solved_keeps_the_target_of_its_time() -> None:
    publish_policies({"cells": RESOLVED})
    ticket = open_ticket(make_account(), OPENED, status="solved", solved_at=at("2026-11-16 10:00"))
    keep("2026-11-16 11:00")
    before = stored(ticket)
    publish_policies({"cells": [("resolution", "normal", "", 5)]})
    assert not TicketToClock.objects.filter(ticket=ticket).exists()
    mark(ticket)
    keep_clocks()
    assert stored(ticket) == before


def test_a_target_that_passed_is_breached_at_the_change() -> None:
    publish_policies({"cells": RESOLVED})
    ticket = open_ticket(make_account(), OPENED)
    happen(ticket, "priority", "2026-11-16 15:00", "urgent")
    keep("2026-11-16 15:00")
    assert clock(ticket, "resolution").breached_at == at("2026-11-16 15:00")
    happen(ticket, "priority", "2026-11-16 15:30", "normal")
    keep("2026-11-16 15:30")
    assert clock(ticket, "resolution").breached_at is None


def test_time_alone_warns_and_breaches() -> None:
    publish_policies({"cells": [("first_response", "normal", "", 60)]})
    ticket = open_ticket(make_account(), OPENED)
    keep(OPENED)
    assert clock(ticket).next_at == at("2026-11-16 09:30")
    for moment, marked in (
        ("09:29", 0),
        ("09:30", 1),
        ("09:31", 0),
        ("09:50", 1),
        ("10:00", 1),
        ("11:00", 0),
    ):
        now = f"2026-11-16 {moment}"
        assert mark_due(at(now)) == marked, moment
        keep(now)
    assert [kind for _, kind in lines(ticket)] == ["start", "warn50", "warn75", "warn90", "breach"]
    held = clock(ticket)
    assert (held.state, held.breached_at, held.next_at) == ("running", at("2026-11-16 10:00"), None)


def test_what_a_help_desk_says_without_events_counts() -> None:
    publish_policies({"cells": [("first_response", "normal", "", 60), *RESOLVED]})
    answered = open_ticket(make_account(), OPENED, first_replied_at=at("2026-11-16 09:20"))
    closed = open_ticket(make_account(), OPENED, status="closed")
    keep("2026-11-18 09:00")
    assert clock(answered).state == "met"
    # Nobody knows when it was closed, so nothing is said of it.
    assert not Clock.objects.filter(ticket=closed).exists()


@pytest.mark.parametrize(
    ("solved", "state"), [("2026-11-17 11:00", "stopped"), ("2026-11-16 10:00", "running")]
)
def test_a_ticket_that_is_solved_again_ends_ahead_of_its_event(solved: str, state: str) -> None:
    publish_policies({"cells": [("resolution", "normal", "", 60)]})
    ticket = open_ticket(make_account(), OPENED, status="solved", solved_at=at(solved))
    happen(ticket, "status", "2026-11-16 10:00", "solved")
    happen(ticket, "status", "2026-11-17 10:00", "open")
    keep("2026-11-20 09:00")
    # What was solved before it was opened again says nothing of the time since.
    assert clock(ticket, "resolution").state == state
    happen(ticket, "status", "2026-11-17 11:00", "solved")
    keep("2026-11-20 09:00")
    assert clock(ticket, "resolution").ended_at == at("2026-11-17 11:00")


def test_what_was_solved_ahead_of_the_last_event_says_nothing_of_the_time_since() -> None:
    events = [
        (at(f"2026-11-16 {hour}:00"), "status", value)
        for hour, value in ((10, "solved"), (12, "open"), (14, "pending"))
    ]
    assert len(facts_of(events, solved_at=at("2026-11-16 13:00"), is_done=True)) == 3
    assert len(facts_of(events, solved_at=at("2026-11-16 14:00"), is_done=True)) == 4


def test_what_is_dated_ahead_counts_once_its_time_comes() -> None:
    publish_policies({"cells": RESOLVED})
    ticket = open_ticket(make_account(), OPENED)
    happen(ticket, "status", "2026-11-16 12:00", "pending")
    keep("2026-11-16 11:00")
    held = clock(ticket, "resolution")
    assert (held.state, held.next_at) == ("running", at("2026-11-16 12:00"))
    mark_due(at("2026-11-16 12:00"))
    keep("2026-11-16 12:00")
    assert clock(ticket, "resolution").state == "paused"


def test_a_ticket_of_a_help_desk_whose_clock_is_ahead_waits_for_its_opening() -> None:
    ticket = open_ticket(make_account("strategic"), OPENED)
    keep("2026-11-16 08:59:58")
    assert not Clock.objects.exists()
    keep(OPENED)
    assert clock(ticket).due_at == at("2026-11-16 09:30")
    assert not TicketToClock.objects.exists()


def test_a_ticket_that_is_deleted_has_no_clocks() -> None:
    api = make_api("zendesk")
    api.bulk("accounts", [{"external_id": "A", "name": "A"}])
    opened = {"account": "A", "subject": "Down", "opened_at": "2026-11-16T09:00:00Z"}
    api.bulk("tickets", [{"external_id": "t", **opened}])
    keep(OPENED)
    assert Clock.objects.count() == ClockEntry.objects.count() == 1
    assert api.call("delete", "tickets/zendesk/t/").status_code in (200, 204)
    keep(OPENED)
    assert Clock.objects.count() == ClockEntry.objects.count() == 0


def test_batches_mark_the_tickets_that_they_concern() -> None:
    api = make_api("zendesk")
    api.bulk("accounts", [{"external_id": "A", "name": "A"}])
    opened = {"account": "A", "subject": "Down", "opened_at": "2026-11-16T09:00:00Z"}
    api.bulk("tickets", [{"external_id": key, **opened} for key in ("t1", "t2")])
    assert TicketToClock.objects.count() == 2
    keep(OPENED)
    assert not TicketToClock.objects.exists()
    reply = {"external_id": "e", "ticket": "t1", "kind": "agent_reply", "occurred_at": "2026-11-16T09:05:00Z"}
    api.bulk("ticket-events", [reply])
    (ticket,) = TicketToClock.objects.values_list("ticket", flat=True)
    keep("2026-11-16 09:10")
    assert Clock.objects.get(ticket=ticket, metric="first_response").state == "met"
    api.bulk("ticket-events", [{**reply, "ticket": "t2"}])
    keep("2026-11-16 09:10")
    assert Clock.objects.filter(metric="first_response", state="met").exclude(ticket=ticket).count() == 1
    assert Clock.objects.get(ticket=ticket, metric="first_response").state == "running"


def test_a_calendar_that_never_opens_again_keeps_no_other_ticket_waiting() -> None:
    closed, usual = make_calendar(weekdays=[5]), make_calendar()
    saturdays = [date(2026, 11, 14) + timedelta(weeks=week) for week in range(300)]
    held = CalendarVersion.objects.filter(calendar=closed)
    days = [
        {"on": day.isoformat(), "name": "Closed", "is_public": False, "is_worked": False} for day in saturdays
    ]
    with pgtrigger.ignore("support.CalendarVersion:frozen_after_draft"):
        held.update(holidays=days)
    energy = {"field": "accounts.industry", "op": "eq", "value": "Energy"}
    cells = [("first_response", "normal", "", 60)]
    publish_policies(
        {"condition": energy, "clock": "calendar", "calendar": closed, "cells": cells},
        {"clock": "calendar", "calendar": usual, "cells": cells},
    )
    never, other = open_ticket(make_account(industry="Energy"), OPENED), open_ticket(make_account(), OPENED)
    keep(OPENED)
    assert not Clock.objects.filter(ticket=never).exists()
    assert clock(other).due_at == at("2026-11-16 10:00")
    assert not TicketToClock.objects.exists()


EVENTS = [
    ("status", "pending"),
    ("status", "open"),
    ("status", "solved"),
    ("status", "closed"),
    ("priority", "urgent"),
    ("priority", "normal"),
    ("agent_reply", ""),
    ("customer_reply", ""),
    ("note", ""),
    ("auto_reply", ""),
]


@pytest.mark.parametrize("seed", range(12))
def test_any_order_of_arrival_gives_what_a_replay_from_scratch_gives(seed: int) -> None:
    dice = random.Random(seed)
    cells: list[Any] = [
        (metric, priority, "", minutes)
        for metric, minutes in (("first_response", 60), ("next_response", 90), ("resolution", 600))
        for priority in ("urgent", "normal")
    ]
    publish_policies({"clock": "calendar", "calendar": make_calendar(), "cells": cells})
    account = make_account()
    ticket, scratch = (open_ticket(account, OPENED) for _ in range(2))
    happenings = [
        (*dice.choice(EVENTS), f"2026-11-{dice.randint(16, 20)} {dice.randint(6, 20):02}:15")
        for _ in range(14)
    ]
    for kind, value, when in dice.sample(happenings, len(happenings)):
        happen(ticket, kind, when, value)
        keep(when if dice.random() < 0.5 else "2026-11-21 12:00")
    for kind, value, when in sorted(happenings, key=lambda one: one[2]):
        happen(scratch, kind, when, value)
    # What came at one moment counts in the order in which it came, so the other ticket gets that order too.
    TicketEvent.objects.filter(ticket=scratch).delete()
    for one in TicketEvent.objects.filter(ticket=ticket).order_by("pk"):
        happen(scratch, one.kind, f"{one.occurred_at:%Y-%m-%d %H:%M}", one.value)
    mark(ticket)
    keep("2026-11-21 12:00")
    told, anew = stored(ticket), stored(scratch)
    for row in (*told[0], *told[1], *anew[0], *anew[1]):
        row.pop("ticket_id")
        row.pop("cause_id", None)
    assert told == anew
    assert len(told[1]) > 3


def test_a_merge_gives_what_a_replay_from_scratch_gives() -> None:
    publish_policies(
        {"cells": [("first_response", "normal", "strategic", 30), ("first_response", "normal", "", 600)]}
    )
    winner, loser = make_account("strategic"), make_account("standard")
    moved, own = open_ticket(loser, OPENED), open_ticket(winner, OPENED)
    keep(OPENED)
    assert clock(moved).minutes == 600
    merge_accounts(winner=winner.pk, loser=loser.pk)
    keep(OPENED)
    assert Ticket.objects.get(pk=moved.pk).account_id == winner.pk
    told, anew = stored(moved), stored(own)
    for row in (*told[0], *told[1], *anew[0], *anew[1]):
        row.pop("ticket_id")
    assert told == anew


def test_rows_that_stay_the_same_are_not_written() -> None:
    publish_policies({"cells": RESOLVED})
    ticket = open_ticket(make_account(), OPENED)
    keep(OPENED)
    now = at("2026-11-16 09:30")
    assert store([ticket.pk], tell_ledgers([ticket.pk], now=now)) == 0
    happen(ticket, "status", "2026-11-16 09:20", "pending")
    assert store([ticket.pk], tell_ledgers([ticket.pk], now=now)) == 2  # The clock, and its pause.


def test_a_slice_takes_the_same_queries_whatever_its_size() -> None:
    publish_policies({"clock": "calendar", "calendar": make_calendar(), "cells": RESOLVED})
    counts = []
    for size in (1, 40):
        accounts = [make_account() for _ in range(size)]
        review_tenures()
        for account in accounts:
            happen(open_ticket(account, OPENED), "status", "2026-11-16 10:00", "pending")
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert keep_slice(now=at("2026-11-16 12:00")) == size
        counts.append(len(queries))
    assert counts[0] == counts[1]
