"""The queue: every open ticket once, by the time left and then by what the reader may know of its account."""

from __future__ import annotations

import csv
import io
import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import timezone

from accounts.lists.models import SavedView, ViewDefault
from accounts.models import Account, Standing
from metrics.engine.plan import today
from people.functions import Function
from people.models import User
from support.clocks.keeping import keep_clocks
from support.models import Assignment, QueuePlace, SupportTeam, Ticket, TicketEvent, TicketToRoute
from support.models.queue import PAUSED_AT
from support.queue.giving import Pick, give_tickets, put_back, read_picks
from support.queue.places import follow_worth
from support.routing.services import give_ticket
from tests.metrics.facts import make_account
from tests.support.promises import mark, publish_policies
from tests.users import client_as, client_of, make_user

pytestmark = pytest.mark.django_db

URL = "/support/queue/"
TARGETS = [
    ("first_response", "urgent", "", 60),
    ("first_response", "high", "", 240),
    ("first_response", "normal", "", 480),
    ("resolution", "urgent", "", 600),
]


@pytest.fixture
def promised() -> None:
    """A first answer within one, four and eight hours; nothing for low."""
    publish_policies({"cells": TARGETS})


def opened(account: Account, minutes: int, subject: str, **fields: Any) -> Ticket:
    """Open a ticket so many minutes ago, and tell its ledger."""
    at = timezone.now() - timedelta(minutes=minutes)
    ticket = Ticket.objects.create(account=account, subject=subject, opened_at=at, **fields)
    mark(ticket)
    return ticket


def worth(account: Account, arr: int | None, renewal: date | None = None) -> None:
    """Say what an account pays and when it renews."""
    Standing.objects.update_or_create(
        account=account,
        defaults={"arr": None if arr is None else Decimal(arr), "renewal_on": renewal},
    )


def exported(
    function: str = Function.REVOPS, query: str = "", user: User | None = None
) -> list[dict[str, str]]:
    """Return the rows of the queue as a file."""
    client = client_of(user) if user else client_as(function)
    response = client.get(f"{URL}?export=csv&bom=0{query}")
    assert response.status_code == 200
    text = b"".join(response.streaming_content).decode()  # type: ignore[attr-defined]
    return list(csv.DictReader(io.StringIO(text)))


def subjects(function: str = Function.REVOPS, query: str = "", user: User | None = None) -> list[str]:
    """Return the tickets of the queue in order."""
    return [row["Ticket"] for row in exported(function, query, user)]


def test_who_is_out_of_time_comes_first_then_who_is_next_then_what_stands_still(promised: None) -> None:
    account = make_account()
    opened(account, 10, "fifty left", priority="urgent")
    opened(account, 90, "thirty over", priority="urgent")
    opened(account, 400, "long over", priority="high")
    opened(account, 10, "nothing promised", priority="low")
    waits = opened(account, 30, "paused", priority="urgent", first_replied_at=timezone.now())
    event = {"kind": "status", "value": "pending", "occurred_at": timezone.now() - timedelta(minutes=5)}
    TicketEvent.objects.create(ticket=waits, **event)
    mark(waits)
    keep_clocks()
    rows = exported()
    assert [row["Ticket"] for row in rows] == [
        "long over",
        "thirty over",
        "fifty left",
        "paused",
        "nothing promised",
    ]
    assert [row["Time left"] for row in rows] == [
        "2 h 40 min over",
        "30 min over",
        "in 49 min",
        "Paused",
        "Nothing promised",
    ]
    assert rows[3]["Paused since"]
    assert not rows[3]["Due"]


def test_ties_go_by_arr_and_then_by_renewal_only_for_who_may_know_them(promised: None) -> None:
    small, great, soon = make_account(), make_account(), make_account()
    worth(small, 1000)
    worth(great, 90_000, date(2030, 1, 1))
    worth(soon, 90_000, date(2027, 1, 1))
    for account, subject in ((small, "small"), (great, "great"), (soon, "soon")):
        opened(account, 10, subject, priority="low")
    keep_clocks()
    assert subjects() == ["soon", "great", "small"]
    # Support reads no revenue: neither a column nor the order tells it.
    head = exported(Function.SUPPORT)[0]
    assert not [name for name in head if name.startswith("ARR")]
    order = subjects(Function.SUPPORT)
    worth(small, 900_000)
    worth(great, 10)
    assert follow_worth() == 2
    assert subjects(Function.SUPPORT) == order
    assert subjects() == ["small", "soon", "great"]
    # Nor does the renewal alone.
    worth(small, 10, date(2031, 1, 1))
    worth(great, 10, date(2032, 1, 1))
    assert follow_worth() == 2
    assert subjects() == ["soon", "small", "great"]
    worth(great, 10, date(2026, 12, 1))
    assert follow_worth() == 1
    assert subjects() == ["soon", "great", "small"]


def test_every_open_ticket_has_a_place_and_no_other_does() -> None:
    account = make_account()
    ticket = opened(account, 5, "new")
    done = opened(account, 5, "done", status="solved", solved_at=timezone.now())
    assert list(QueuePlace.objects.values_list("ticket", flat=True)) == [ticket.pk]
    assert subjects() == ["new"]
    Ticket.objects.filter(pk=ticket.pk).update(status="closed")
    assert not QueuePlace.objects.exists()
    Ticket.objects.filter(pk=done.pk).update(status="open", solved_at=None)
    assert QueuePlace.objects.get().ticket_id == done.pk
    Ticket.objects.filter(pk=done.pk).update(deleted_at=timezone.now())
    assert not QueuePlace.objects.exists()


def test_a_place_says_who_has_the_ticket_whatever_decided_it() -> None:
    ann, ben = make_user(Function.SUPPORT, name="Ann Lee"), make_user(Function.SUPPORT, name="Ben Ray")
    team = SupportTeam.objects.get(is_general=True)
    ticket = opened(make_account(), 5, "new")

    def held() -> tuple[int | None, int | None]:
        return QueuePlace.objects.values_list("team", "engineer").get()

    assert held() == (None, None)
    give_ticket(ticket=ticket, engineer=ann, team=None, reason="hers", by=ann)
    assert held() == (None, ann.pk)
    give_ticket(ticket=ticket, engineer=ben, team=team, reason="his", by=ann)
    assert held() == (team.pk, ben.pk)
    # One that is opened again is with whoever has it still.
    Ticket.objects.update(status="closed")
    assert not QueuePlace.objects.exists()
    Ticket.objects.update(status="open")
    assert held() == (team.pk, ben.pk)
    Assignment.objects.present().update(ended_at=timezone.now())
    assert held() == (None, None)


def test_a_ticket_that_was_opened_again_is_back_though_its_sender_still_says_when_it_was_solved(
    promised: None,
) -> None:
    account = make_account()
    ticket = opened(account, 30, "back", status="solved", solved_at=timezone.now() - timedelta(minutes=10))
    untold = opened(account, 30, "no status", solved_at=timezone.now())
    assert not QueuePlace.objects.exists()
    Ticket.objects.filter(pk=ticket.pk).update(status="open")
    mark(ticket)
    keep_clocks()
    assert subjects() == ["back"]
    place = QueuePlace.objects.get()
    assert (place.ticket, place.state, place.metric) == (ticket, "running", "first_response")
    assert TicketToRoute.objects.filter(ticket=ticket).exists()
    assert list(Ticket.objects.open_now()) == list(Ticket.objects.open_on(today())) == [ticket]
    ticket.refresh_from_db()
    assert (ticket.is_open_now, untold.is_open_now) == (True, False)
    assert list(Ticket.objects.solved()) == [untold]
    give_ticket(
        ticket=ticket, engineer=make_user("support"), team=None, reason="mine", by=make_user("revops")
    )
    Ticket.objects.filter(pk=ticket.pk).update(status="closed")
    assert not QueuePlace.objects.exists()


def test_a_ticket_of_an_account_without_promises_is_in_the_queue_too() -> None:
    opened(make_account(), 5, "uncounted")
    assert exported()[0]["Time left"] == "Not counted yet"
    gone = make_account()
    opened(gone, 5, "hidden")
    Account.objects.filter(pk=gone.pk).update(deleted_at=timezone.now())
    assert subjects() == ["uncounted"]


def test_filters_narrow_and_what_is_no_filter_is_said(promised: None) -> None:
    account, other = make_account("strategic", name="Amber Works"), make_account(name="Bright Labs")
    opened(account, 90, "over", priority="urgent")
    opened(other, 10, "later", priority="normal", status="open")
    worth(account, None)
    Standing.objects.filter(account=account).update(tier=account.tier)
    keep_clocks()
    assert subjects(query="&state=over") == ["over"]
    assert subjects(query="&state=later") == ["later"]
    assert subjects(query="&priority=normal&priority=low") == ["later"]
    assert subjects(query="&tier=strategic") == ["over"]
    assert subjects(query="&tier=none") == ["later"]
    assert subjects(query="&status=open") == ["later"]
    assert subjects(query="&metric=resolution") == []
    assert subjects(query="&within=1") == ["over"]
    assert subjects(query="&account=amb") == ["over"]
    assert subjects(query=f"&account={other.pk}") == ["later"]
    due = QueuePlace.objects.get(ticket__subject="later").order_at
    assert subjects(query=f"&hour={due:%Y-%m-%dT%H}") == ["later"]
    page = client_as(Function.SUPPORT).get(f"{URL}?priority=dire&hour=9999-12-31T23&team=x").content.decode()
    assert "Priority “dire” was left out: there is none such." in page
    assert "over" in page
    assert "later" in page


def test_with_whom_it_is_filters_and_is_told(promised: None) -> None:
    ann = make_user(Function.SUPPORT, name="Ann Lee")
    team = SupportTeam.objects.get(is_general=True)
    account = make_account()
    mine, free = opened(account, 10, "mine"), opened(account, 20, "free")
    keep_clocks()
    give_ticket(ticket=mine, engineer=ann, team=team, reason="hers", by=ann)
    assert subjects(user=ann, query="&who=mine") == ["mine"]
    assert subjects(user=ann, query="&who=nobody") == ["free"]
    assert subjects(user=ann, query=f"&who={ann.pk}") == ["mine"]
    assert subjects(user=ann, query=f"&team={team.pk}") == ["mine"]
    row = next(row for row in exported(user=ann) if row["Ticket"] == "mine")
    assert (row["With"], row["Team"]) == ("Ann Lee", team.name)
    assert free.pk


def test_who_waits_in_a_queue_is_with_nobody_and_who_is_in_no_team_is_found(promised: None) -> None:
    ann = make_user(Function.SUPPORT, name="Ann Lee")
    account, team = make_account(), SupportTeam.objects.get(is_general=True)
    waits, _ = opened(account, 20, "waits"), opened(account, 10, "new")
    give_ticket(ticket=waits, engineer=None, team=team, reason="for whoever has room", by=ann)
    keep_clocks()
    assert subjects(query="&who=nobody") == ["waits", "new"]
    assert subjects(query="&team=none") == ["new"]
    assert subjects(query=f"&team={team.pk}&team=none") == ["waits"]  # One at a time: the first counts.


def test_an_hour_that_runs_holds_what_is_still_to_come_of_it(promised: None) -> None:
    account = make_account("strategic")
    worth(account, None)
    Standing.objects.update(tier=account.tier)
    over, soon, untiered = (opened(account, 1, name) for name in ("over", "soon", "untiered"))
    Ticket.objects.filter(pk=untiered.pk).update(account=make_account())
    keep_clocks()
    now = timezone.now()
    hour = now.replace(minute=0, second=0, microsecond=0)
    for ticket, at in ((over, hour), (soon, hour + timedelta(minutes=59, seconds=59)), (untiered, hour)):
        QueuePlace.objects.filter(ticket=ticket).update(order_at=at)
    assert subjects(query=f"&hour={hour:%Y-%m-%dT%H}") == ["soon"]
    assert subjects(query="&state=over&tier=none") == ["untiered"]
    assert subjects(query="&state=over&tier=none&tier=strategic") == ["over", "untiered"]
    assert subjects(query="&state=soon") == ["soon"]
    assert subjects(query="&state=later") == []


def test_what_stands_still_is_not_due_later(promised: None) -> None:
    paused, idle = opened(make_account(), 1, "paused"), opened(make_account(), 1, "idle", priority="low")
    keep_clocks()
    QueuePlace.objects.filter(ticket=paused).update(order_at=PAUSED_AT, state="paused")
    assert [subjects(query=f"&state={state}") for state in ("later", "paused", "idle")] == [
        [],
        ["paused"],
        ["idle"],
    ]
    assert idle.pk


def test_an_account_that_is_gone_is_no_filter(promised: None) -> None:
    account = make_account()
    opened(account, 10, "one")
    Account.objects.filter(pk=account.pk).update(deleted_at=timezone.now())
    page = client_as(Function.SUPPORT).get(f"{URL}?account={account.pk}")
    assert f"Account “{account.pk}” was left out" in page.content.decode()


def test_the_most_urgent_clock_is_one_that_runs_and_has_not_ended(promised: None) -> None:
    publish_policies({"cells": [*TARGETS, ("next_response", "urgent", "", 900)]})
    ticket = opened(make_account(), 100, "one", priority="urgent", status="pending")
    for minutes, kind, value in (
        (90, "agent_reply", ""),
        (80, "customer_reply", ""),
        (70, "status", "pending"),
    ):
        at = timezone.now() - timedelta(minutes=minutes)
        TicketEvent.objects.create(ticket=ticket, kind=kind, value=value, occurred_at=at)
    mark(ticket)
    keep_clocks()
    place = QueuePlace.objects.get()
    # The first response was met, and the resolution stands still.
    assert (place.state, place.metric) == ("running", "next_response")
    assert exported()[0]["Customer wrote"] > exported()[0]["Opened"]
    TicketEvent.objects.filter(kind="customer_reply").update(deleted_at=timezone.now())
    mark(ticket)
    keep_clocks()
    assert QueuePlace.objects.get().state == "paused"
    # By opening it they wrote first.
    assert exported()[0]["Customer wrote"] == exported()[0]["Opened"]


def test_a_clock_turns_amber_in_its_last_quarter(promised: None) -> None:
    opened(make_account(), 44, "calm", priority="urgent")
    opened(make_account(), 46, "near", priority="urgent")
    opened(make_account(), 70, "late", priority="urgent")
    keep_clocks()
    rows = client_as(Function.SUPPORT).get(URL).content.decode().split("<tr data-key=")[1:]
    assert [re.findall(r"queue-time is-(\w+)", row) for row in rows] == [["red"], ["amber"], ["blue"]]


def test_pages_follow_one_another_however_many_tickets_tie(promised: None) -> None:
    accounts = [make_account() for _ in range(4)]
    for place, account in enumerate(accounts):
        worth(account, place * 100 or None, date(2027, 1, 1 + place))
    for number in range(130):
        opened(accounts[number % 4], 10 + number // 60, f"ticket {number}", priority="low")
    keep_clocks()
    every = subjects()
    client, url, found, before = client_as(Function.REVOPS), URL, [], ""
    while True:
        page = client.get(url).context["page"]
        found += [line.subject for line in page.rows]
        before = page.previous_url or before
        if not page.next_url:
            break
        url = f"{URL}{page.next_url}"
    assert found == every
    assert len(found) == 130
    back = client.get(f"{URL}{before}").context["page"]
    assert [line.subject for line in back.rows] == every[50:100] or [
        line.subject for line in back.rows
    ] == every[:50]


def test_counts_tell_every_state_of_what_the_other_filters_leave(promised: None) -> None:
    account, other = make_account(), make_account()
    opened(account, 90, "over", priority="urgent")
    opened(account, 30, "soon", priority="urgent")
    opened(other, 10, "later", priority="normal")
    opened(other, 10, "idle", priority="low")
    keep_clocks()
    client = client_as(Function.SUPPORT)

    def counted(query: str) -> dict[str, str]:
        return {one.state: one.words for one, _ in client.get(f"{URL}{query}").context["counts"]}

    assert counted("") == {"over": "1", "soon": "1", "later": "1", "paused": "0", "idle": "1"}
    assert counted("?state=over") == counted("")
    assert counted(f"?account={other.pk}") == {
        "over": "0",
        "soon": "0",
        "later": "1",
        "paused": "0",
        "idle": "1",
    }


def test_the_part_is_asked_for_under_the_same_address(promised: None) -> None:
    opened(make_account(), 10, "one")
    client = client_as(Function.SUPPORT)
    whole = client.get(URL)
    part = client.get(URL, headers={"HX-Request": "true"})
    assert b"<html" in whole.content
    assert b"<html" not in part.content
    assert b"one" in part.content
    assert "HX-Request" in part["Vary"]
    assert "HX-Request" in whole["Vary"]


def test_more_tickets_cost_no_more_queries(promised: None, django_assert_max_num_queries: Any) -> None:
    account = make_account()
    client = client_as(Function.SUPPORT)
    for number in range(60):
        opened(account, number, f"ticket {number}")
    keep_clocks()
    with django_assert_max_num_queries(14):
        client.get(URL)


def test_the_queue_is_closed_to_who_may_not_read_tickets() -> None:
    opened(make_account(), 10, "one")
    for function in (Function.PEOPLE, Function.LEGAL):
        response = client_as(function).get(URL)
        assert response.status_code == 403
        assert b"one</a>" not in response.content


def give(client: Any, act: str, tickets: list[str], **fields: Any) -> Any:
    """Send the form of chosen tickets."""
    return client.post(reverse("support:queue_give"), {"act": act, "ticket": tickets, **fields})


def test_an_agent_takes_what_they_chose_and_hears_what_somebody_else_took_meanwhile() -> None:
    ann, bob = make_user(Function.SUPPORT, name="Ann Lee"), make_user(Function.SUPPORT, name="Bob Ray")
    account = make_account()
    one, two = opened(account, 10, "one"), opened(account, 10, "two")
    give_ticket(ticket=two, engineer=bob, team=None, reason="his", by=bob)
    client = client_of(ann)
    answer = give(client, "take", [f"{one.pk}.0", f"{two.pk}.0", "999999.0", "x"])
    assert answer.status_code == 409
    text = answer.content.decode()
    assert "One ticket is with you now." in text
    assert "It is with Bob Ray by now." in text
    assert "This ticket is not there any more." in text
    assert Assignment.objects.present().get(ticket=one).engineer == ann
    assert Assignment.objects.present().get(ticket=two).engineer == bob
    seen = Assignment.objects.present().get(ticket=two).pk
    answer = give(client, "take", [f"{two.pk}.{seen}"], back=f"{URL}?state=over")
    assert answer.status_code == 302
    assert answer["Location"] == f"{URL}?state=over"
    assert Assignment.objects.present().get(ticket=two).engineer == ann


def test_chosen_tickets_are_given_with_a_reason_and_put_back() -> None:
    ann, bob = make_user(Function.SUPPORT, name="Ann Lee"), make_user(Function.SUPPORT, name="Bob Ray")
    ticket = opened(make_account(), 10, "one")
    client = client_of(ann)
    shown = client.post(
        reverse("support:queue_give"), {"act": "give", "ticket": f"{ticket.pk}.0"}, follow=True
    )
    assert shown.status_code == 200
    assert "csrfmiddlewaretoken" not in shown.redirect_chain[0][0]
    refused = give(client, "give", [f"{ticket.pk}.0"], reason="")
    assert refused.status_code == 422
    answer = give(client, "give", [f"{ticket.pk}.0"], reason="knows it", engineer=bob.pk, team="")
    assert answer.status_code == 302
    held = Assignment.objects.present().get(ticket=ticket)
    assert held.engineer == bob
    assert held.reasons[0] == "Ann Lee gave it to Bob Ray: knows it"
    answer = give(client, "back", [f"{ticket.pk}.{held.pk}"], reason="not ours")
    assert answer.status_code == 302
    held = Assignment.objects.present().get(ticket=ticket)
    assert held.engineer is None
    assert held.team is not None
    answer = give(client, "back", [f"{ticket.pk}.{held.pk}"], reason="again")
    assert answer.status_code == 422
    assert "It waits in a queue already." in answer.content.decode()


def test_what_is_put_back_waits_in_the_queue_of_its_team() -> None:
    ann, team = make_user(Function.SUPPORT), SupportTeam.objects.create(name="Exports")
    ticket = opened(make_account(), 10, "one")
    held = give_ticket(ticket=ticket, engineer=ann, team=team, reason="hers", by=ann)
    assert give(client_of(ann), "back", [f"{ticket.pk}.{held.pk}"], reason="not mine").status_code == 302
    assert Assignment.objects.present().get(ticket=ticket).team == team


def test_of_many_chosen_a_hundred_are_given_and_none_of_an_account_that_is_gone() -> None:
    assert len(read_picks(f"{number}.0" for number in range(1, 200))) == 100
    assert read_picks(["7.1", "7.2", "x", "9" * 30, "\x00"]) == [Pick(7, 1)]
    ticket = opened(make_account(), 10, "one")
    Account.objects.update(deleted_at=timezone.now())
    ann = make_user(Function.SUPPORT)
    given = give_tickets([Pick(ticket.pk, 0)], engineer=ann, team=None, reason="mine", by=ann)
    assert ([one.why for one in given.refused], given.made) == (["This ticket is not there any more."], [])
    for refused in (
        lambda by: give_tickets([], engineer=ann, team=None, reason="mine", by=by),
        lambda by: put_back([], reason="no", by=by),
    ):
        with pytest.raises(PermissionDenied):
            refused(make_user(Function.CUSTOMER_SUCCESS))


def test_reasons_that_differ_are_told_ticket_by_ticket() -> None:
    ann, bob = make_user(Function.SUPPORT, name="Ann Lee"), make_user(Function.SUPPORT, name="Bob Ray")
    one, two = opened(make_account(), 10, "one"), opened(make_account(), 10, "two")
    give_ticket(ticket=one, engineer=bob, team=None, reason="his", by=bob)
    answer = give(client_of(ann), "back", [f"{one.pk}.0", f"{two.pk}.0"], reason="not ours")
    assert answer.status_code == 409
    text = answer.content.decode()
    assert "It is with Bob Ray by now." in text
    assert "It waits in a queue already." in text


def test_others_than_support_and_revops_see_the_queue_and_give_nothing() -> None:
    ticket = opened(make_account(), 10, "one")
    client = client_as(Function.CUSTOMER_SUCCESS)
    page = client.get(URL)
    assert page.status_code == 200
    assert b'type="checkbox" name="ticket"' not in page.content
    assert give(client, "take", [f"{ticket.pk}.0"]).status_code == 403
    assert not Assignment.objects.exists()


def test_where_it_goes_back_to_is_ours() -> None:
    client = client_as(Function.SUPPORT)
    for back in ("https://evil.example/", "//evil.example", "/support/queue/\\@evil", "/accounts/"):
        answer = give(client, "take", [], back=back)
        assert answer.status_code == 302
        assert answer["Location"].startswith(URL)
        assert "evil.example/" not in answer["Location"]


def test_the_board_counts_each_hour_and_each_number_opens_its_tickets(promised: None) -> None:
    account, other = make_account("strategic"), make_account("growth")
    worth(account, 5000)
    worth(other, 700)
    for one in (account, other):
        Standing.objects.filter(account=one).update(tier=one.tier)
    opened(account, 90, "over", priority="urgent")
    for number in range(3):
        opened(account, 5, f"urgent {number}", priority="urgent")
    opened(other, 5, "high", priority="high")
    opened(other, 5, "idle", priority="low")
    keep_clocks()
    client = client_as(Function.REVOPS)
    board = client.get(f"{URL}board/?by=tier").context["board"]
    rows = {row.label: row for row in board.rows}
    assert list(rows) == ["Strategic", "Growth"]
    assert [cell.count for cell in rows["Strategic"].cells if cell.count] == [3]
    # An account counts its ARR once in a cell, and once in the sum of cells.
    assert (rows["Strategic"].over.count, rows["Strategic"].whole.count) == (1, 3)
    assert (rows["Strategic"].whole.arr, rows["Growth"].whole.arr) == (5000, 700)
    assert (board.totals.over.count, board.totals.whole.count, board.totals.whole.arr) == (1, 4, 5700)
    for row in (*board.rows, board.totals):
        for cell in (row.over, *row.cells):
            shown = client.get(cell.url).context["page"].rows
            assert len(shown) == cell.count, cell.url
    by_team = client.get(f"{URL}board/?by=team&hours=24").context["board"]
    assert [row.label for row in by_team.rows] == ["No team"]
    assert len(by_team.hours) == 24
    assert client.get(by_team.rows[0].over.url).context["page"].rows[0].subject == "over"


def test_the_board_counts_present_decisions_and_accounts_that_are_there(promised: None) -> None:
    ann = make_user(Function.SUPPORT)
    team = SupportTeam.objects.create(name="Exports")
    gone, account = make_account(), make_account()
    worth(account, 100)
    opened(gone, 10, "gone", priority="urgent")
    Account.objects.filter(pk=gone.pk).update(deleted_at=timezone.now())
    over = opened(account, 90, "over", priority="urgent")
    for number in range(2):
        give_ticket(ticket=over, engineer=None, team=team, reason=f"again {number}", by=ann)
    opened(account, 91, "over too", priority="urgent")
    keep_clocks()
    board = client_as(Function.REVOPS).get(f"{URL}board/").context["board"]
    assert [(row.label, row.over.count, row.whole.count) for row in board.rows] == [
        ("Exports", 1, 0),
        ("No team", 1, 0),
    ]
    assert (board.totals.over.count, board.totals.over.arr, board.totals.whole.count) == (2, 100, 0)


def test_the_board_tells_money_only_to_who_may_read_it(promised: None) -> None:
    account = make_account()
    worth(account, 123_456)
    opened(account, 5, "soon", priority="urgent")
    keep_clocks()
    text = client_as(Function.REVOPS).get(f"{URL}board/").content.decode()
    assert "123k" in text
    closed = client_as(Function.SUPPORT).get(f"{URL}board/")
    assert "123" not in closed.content.decode()
    file = b"".join(client_as(Function.SUPPORT).get(f"{URL}board/?export=csv").streaming_content)
    assert b"ARR" not in file
    assert client_as(Function.PEOPLE).get(f"{URL}board/").status_code == 403


def test_what_the_queue_shows_is_kept_as_a_view_and_shared(promised: None) -> None:
    ann, bob = make_user(Function.SUPPORT, name="Ann Lee"), make_user(Function.SUPPORT, name="Bob Ray")
    account = make_account()
    opened(account, 10, "urgent", priority="urgent")
    mine = opened(account, 20, "normal", priority="normal")
    keep_clocks()
    give_ticket(ticket=mine, engineer=bob, team=None, reason="his", by=bob)
    client = client_of(ann)
    made = client.post(
        "/accounts/views/new/",
        {"page": "support.queue", "query": "priority=urgent", "name": "Burning", "sharing": "all"},
    )
    view = SavedView.objects.get()
    assert (view.page, view.params) == ("support.queue", {"priority": ["urgent"]})
    assert made["Location"] == f"{URL}?view={view.pk}"
    shown = client_of(bob).get(made["Location"]).context
    assert [line.subject for line in shown["page"].rows] == ["urgent"]
    assert (shown["views"]["title"], shown["views"]["is_changed"]) == ("Burning", False)
    assert client_of(bob).get(f"{URL}?from={view.pk}&priority=low").context["views"]["is_changed"]
    # Mine are those of whoever looks.
    client.post(
        "/accounts/views/new/", {"page": "support.queue", "query": "who=mine", "name": "Me", "sharing": "all"}
    )
    own = SavedView.objects.get(name="Me")
    assert [line.subject for line in client_of(bob).get(f"{URL}?view={own.pk}").context["page"].rows] == [
        "normal"
    ]
    # It is no view of the account list, and nothing begins with it.
    assert "isn’t shared with you" in client_of(bob).get(f"/accounts/?view={view.pk}").content.decode()
    listed = client_of(bob).get("/accounts/views/").content.decode()
    assert "Priority:</span> Urgent" in listed
    assert "Begin with this view" not in listed
    client.post(f"/accounts/views/{view.pk}/default/")
    assert not ViewDefault.objects.exists()
    # An hour is over soon, so no view keeps it.
    kept = {"query": "priority=high&hour=2026-11-23T14", "version": view.version}
    client.post(f"/accounts/views/{view.pk}/save/", kept)
    view.refresh_from_db()
    assert view.params == {"priority": ["high"]}


def test_a_view_that_asks_for_something_that_is_gone_shows_nothing(promised: None) -> None:
    ann = make_user(Function.SUPPORT, name="Ann Lee")
    opened(make_account(), 10, "urgent", priority="urgent")
    gone = SavedView.objects.create(page="support.queue", owner=ann, name="Gone", params={"team": ["999"]})
    page = client_of(ann).get(f"{URL}?view={gone.pk}")
    assert "Team “999” was left out" in page.content.decode()
    assert not page.context["page"].rows
    assert client_of(ann).get(f"{URL}?view={gone.pk}&export=csv").status_code == 400
    assert "isn’t shared with you" in client_of(ann).get(f"{URL}?view=12345").content.decode()
    # Nobody else's function sees it, nor keeps the queue without reading it.
    asked = {"page": "support.queue", "query": "priority=urgent", "name": "X", "sharing": "me"}
    assert client_as(Function.PEOPLE).post("/accounts/views/new/", asked).status_code == 403
