"""Workers that keep ledgers beside each other, die in the middle, or were away for a while."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections, transaction

from accounts.models import Account
from common.sql import load_sql
from support.clocks import keeping
from support.clocks.keeping import keep_clocks, keep_slice
from support.clocks.marks import mark_due, mark_tickets
from support.models import Clock, ClockEntry, Ticket, TicketToClock
from support.policies.tenures import review_tenures
from tests.metrics.facts import make_account
from tests.support.promises import at, clock, happen, open_ticket, publish_policies

pytestmark = pytest.mark.django_db(transaction=True)

OPENED = "2026-11-16 09:00"
NOON = at("2026-11-16 12:00")
PATIENCE = 30


@pytest.fixture(autouse=True)
def promised() -> None:
    cells: list[Any] = [("first_response", "normal", "", 60), ("resolution", "normal", "", 240)]
    publish_policies({"cells": cells})


def open_tickets(count: int) -> list[Ticket]:
    """Create tickets of one account that is promised something, all marked."""
    account = make_account()
    review_tenures()
    tickets = Ticket.objects.bulk_create(
        Ticket(account=account, subject=f"Question {number}", opened_at=at(OPENED)) for number in range(count)
    )
    mark_tickets(Ticket.objects.all())
    return tickets


def beside(work: Callable[[], Any]) -> threading.Thread:
    """Begin work on a connection of its own."""

    def whole() -> None:
        try:
            work()
        finally:
            connections.close_all()

    thread = threading.Thread(target=whole)
    thread.start()
    return thread


def test_workers_beside_each_other_tell_every_ledger_once() -> None:
    open_tickets(40)
    told: list[int] = []

    def work() -> None:
        while (count := keep_slice(now=NOON, size=5)) is not None:
            told.append(count)

    for thread in [beside(work) for _ in range(3)]:
        thread.join(PATIENCE)
    # One that finds only what others hold goes, and the others do the rest.
    assert sum(told) == 40
    assert not TicketToClock.objects.exists()
    assert Clock.objects.count() == 80
    assert ClockEntry.objects.filter(kind="breach").count() == 40


def test_a_worker_that_dies_in_the_middle_leaves_everything_to_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    open_tickets(3)
    store = keeping.store

    def die(*given: Any) -> int:
        store(*given)
        raise KeyboardInterrupt

    monkeypatch.setattr(keeping, "store", die)
    with pytest.raises(KeyboardInterrupt):
        keep_clocks(now=NOON)
    assert TicketToClock.objects.count() == 3
    assert not Clock.objects.exists()
    monkeypatch.setattr(keeping, "store", store)
    assert keep_clocks(now=NOON) == 3
    assert Clock.objects.count() == 6


def test_what_comes_while_a_ledger_is_told_is_told_next(monkeypatch: pytest.MonkeyPatch) -> None:
    ticket = open_ticket(make_account(), OPENED)
    review_tenures()
    has_read, may_write = threading.Event(), threading.Event()
    tell = keeping.tell_ledgers

    def slow(*given: Any, **named: Any) -> Any:
        told = tell(*given, **named)
        has_read.set()
        assert may_write.wait(PATIENCE)
        return told

    monkeypatch.setattr(keeping, "tell_ledgers", slow)
    worker = beside(lambda: keep_slice(now=NOON))
    assert has_read.wait(PATIENCE)
    writer = beside(lambda: happen(ticket, "agent_reply", "2026-11-16 09:30"))
    # It waits for the worker, whose mark it would write; were it not to wait, its own mark would be lost.
    writer.join(0.5)
    may_write.set()
    worker.join(PATIENCE)
    writer.join(PATIENCE)
    assert clock(ticket).state == "running"
    assert TicketToClock.objects.filter(ticket=ticket).exists()
    monkeypatch.setattr(keeping, "tell_ledgers", tell)
    keep_clocks(now=NOON)
    assert clock(ticket).state == "met"


def _by_a_batch() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(load_sql("support", "concerned_make"))
        cursor.execute("INSERT INTO support_concerned SELECT ticket_id FROM support_tickettoclock")
        cursor.execute(load_sql("support", "clock_mark_concerned"))


@pytest.mark.parametrize(
    "mark",
    [
        lambda: mark_tickets(Ticket.objects.all()),
        lambda: mark_due(NOON),
        _by_a_batch,
        lambda: Ticket.objects.update(account=make_account()),
    ],
    ids=["tickets", "due", "batch", "merge"],
)
def test_a_mark_that_a_worker_is_about_to_take_is_made_again(mark: Callable[[], Any]) -> None:
    """A worker that has locked a mark takes it away; whatever is marked until then must be looked at once more."""
    [ticket] = open_tickets(1)
    keep_clocks(now=at(OPENED))
    mark_tickets(Ticket.objects.all())
    with transaction.atomic():
        taken = TicketToClock.objects.select_for_update().get(ticket=ticket)
        marker = beside(mark)
        marker.join(0.5)
        taken.delete()
    marker.join(PATIENCE)
    assert TicketToClock.objects.filter(ticket=ticket).exists()


def test_a_review_of_promises_beside_it_waits_for_no_worker_that_waits_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    account = make_account("standard")
    ticket = open_ticket(account, OPENED)
    keep_clocks(now=NOON)
    mark_tickets(Ticket.objects.filter(pk=ticket.pk))
    has_marks, may_go_on = threading.Event(), threading.Event()
    tell = keeping.tell_ledgers

    def slow(*given: Any, **named: Any) -> Any:
        has_marks.set()
        assert may_go_on.wait(PATIENCE)
        return tell(*given, **named)

    monkeypatch.setattr(keeping, "tell_ledgers", slow)
    worker = beside(lambda: keep_slice(now=NOON))
    assert has_marks.wait(PATIENCE)
    # A ticket of an account that is new, which the worker doesn't have in hand.
    open_ticket(make_account("standard"), OPENED)
    Account.objects.filter(pk=account.pk).update(tier=make_account("strategic").tier)
    reviewed: list[int] = []
    reviewer = beside(lambda: reviewed.append(review_tenures()))
    reviewer.join(
        0.5
    )  # It would mark the ticket that the worker has, and holds the lock of reviews meanwhile.
    may_go_on.set()
    worker.join(PATIENCE)
    reviewer.join(PATIENCE)
    assert len(reviewed) == 1
    monkeypatch.setattr(keeping, "tell_ledgers", tell)
    keep_clocks(now=NOON)
    assert not TicketToClock.objects.exists()
    assert Clock.objects.filter(metric="first_response").count() == 2


def test_a_thousand_that_fell_due_while_nobody_worked_are_each_told_once_at_their_time() -> None:
    tickets = open_tickets(1000)
    due = at("2026-11-16 10:00")
    keep_clocks(now=due - timedelta(minutes=2))
    assert not ClockEntry.objects.filter(kind="breach").exists()
    recovered = due + timedelta(minutes=3)
    assert mark_due(recovered) == len(tickets)
    # What is called again, or twice at once, finds them marked already.
    assert mark_due(recovered) == len(tickets)
    for thread in [beside(lambda: keep_clocks(now=recovered)) for _ in range(2)]:
        thread.join(PATIENCE * 2)
    keep_clocks(now=recovered)
    assert mark_due(recovered) == 0
    breaches = ClockEntry.objects.filter(kind="breach", metric="first_response")
    assert breaches.count() == len(tickets)
    assert set(breaches.values_list("at", flat=True)) == {due}
    assert set(Clock.objects.filter(metric="first_response").values_list("breached_at", flat=True)) == {due}
