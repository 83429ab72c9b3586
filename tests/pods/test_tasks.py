"""Tasks: opened once, done once, by whom they are."""

from __future__ import annotations

import csv
import io
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from accounts.identity.merge import merge_accounts
from metrics.engine.plan import today
from people.models import Notice
from pods.models import Task
from pods.tasks.services import (
    ClosedError,
    NotYoursError,
    RefusedError,
    assign_task,
    complete_task,
    drop_task,
)
from tests.accounts.rows import days_ago, make_listed, make_quiet
from tests.pods.tasking import Calls, declared, to_do
from tests.users import client_of, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def calls() -> Iterator[Calls]:
    with declared() as calls:
        yield calls


def test_the_same_is_opened_once_even_after_it_was_done(calls: Calls) -> None:
    account, person = make_quiet(), make_user("finance")
    task = to_do(account, about="case:1")
    assert to_do(account, about="case:1", title="Again").pk == task.pk
    assert Notice.objects.filter(user=person).count() == 1
    complete_task(task=task, by=person, outcome="reached")
    again = to_do(account, about="case:1")
    assert (again.pk, again.state, again.title) == (task.pk, "done", "Call them")
    assert calls.closed == [("done", "reached")]


def test_a_task_goes_to_the_owner_of_its_function_else_waits_for_the_function(calls: Calls) -> None:
    owner, partner, other = make_user("customer_success"), make_user("finance"), make_user("finance")
    account = make_listed("Owned", owner_email=owner.email)
    assert to_do(account, function="customer_success").assignee == owner
    assert to_do(account, function="finance").assignee is None
    assert {notice.user for notice in Notice.objects.all()} == {owner, partner, other}
    sponsored = make_listed("Sponsored", owner_email=owner.email, sponsor_email=partner.email)
    assert to_do(sponsored, function="finance").assignee == partner
    assert set(Task.objects.open().waiting_for(other)) == set(Task.objects.filter(assignee=None))


def test_only_one_of_two_closes_it_and_the_other_is_told(calls: Calls) -> None:
    first, second = make_user("finance", name="Ann"), make_user("finance")
    task = to_do(make_quiet())
    complete_task(task=task, by=first, outcome="reached")
    with pytest.raises(ClosedError, match="Ann completed this"):
        drop_task(task=task, by=second, reason="Not needed")
    assert Task.objects.get().done_by == first


def test_others_may_not_close_it_but_whoever_it_is_assigned_to_and_revops(calls: Calls) -> None:
    seller, revops = make_user("sales"), make_user("revops")
    task = to_do(make_quiet())
    with pytest.raises(NotYoursError, match="Anybody of Finance"):
        complete_task(task=task, by=seller, outcome="reached")
    assign_task(task=task, assignee=seller, by=revops)
    assert Notice.objects.get(user=seller).event == "assigned"
    complete_task(task=task, by=seller, outcome="reached")
    assert Task.objects.get().done_by == seller


def test_what_a_kind_refuses_leaves_the_task_open(calls: Calls) -> None:
    task, person = to_do(make_quiet()), make_user("finance")
    calls.refused = "The line is busy."
    with pytest.raises(RefusedError, match="busy"):
        complete_task(task=task, by=person, outcome="reached")
    task.refresh_from_db()
    assert task.is_open


@pytest.mark.parametrize(("outcome", "note", "field"), [("refused", " ", "note"), ("other", "x", "outcome")])
def test_an_outcome_is_one_of_the_kinds_with_its_note(
    calls: Calls, outcome: str, note: str, field: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        complete_task(task=to_do(make_quiet()), by=make_user("finance"), outcome=outcome, note=note)
    assert list(refused.value.message_dict) == [field]


def test_the_database_keeps_closed_tasks_whole(calls: Calls) -> None:
    task = to_do(make_quiet())
    for broken in ({"state": "done"}, {"outcome": "reached"}, {"state": "gone"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Task.objects.filter(pk=task.pk).update(**broken)


def test_a_merge_moves_tasks(calls: Calls) -> None:
    winner, loser = make_quiet("Winner"), make_quiet("Loser")
    task = to_do(loser)
    merge_accounts(winner=winner.pk, loser=loser.pk, by=make_user("revops"))
    task.refresh_from_db()
    assert task.account == winner


def test_the_list_shows_filters_sorts_and_exports_what_waits(calls: Calls) -> None:
    person, account, other = make_user("finance"), make_listed("Nordwind"), make_listed("=Acme")
    late = to_do(account, due_on=days_ago(2), title="Late call")
    later = to_do(other, title="=Later")
    theirs = to_do(account, function="sales")
    done = to_do(account)
    complete_task(task=done, by=person, outcome="reached")
    client = client_of(person)
    for query, found in {
        "": [late, later],
        "?sort=-due": [later, late],
        "?late=1": [late],
        "?q=nordwind": [late],
        "?q=late": [late, later],
        "?kind=test.call&show=function&state=all&sort=opened": [late, later, done],
        "?show=all&sort=opened": [late, later, theirs],
        "?show=all&state=closed": [done],
        "?kind=no&sort=no&show=no&state=no&after=no": [late, later],
    }.items():
        rows = client.get(f"/tasks/{query}").context["rows"]
        assert [row.task.pk for row in rows] == [task.pk for task in found], query
    page = client.get("/tasks/")
    assert b'abe-nav-badge">2<' in page.content
    file = client.get("/tasks/?export=csv")
    lines = list(csv.DictReader(io.StringIO(b"".join(file.streaming_content).decode("utf-8-sig"))))
    assert [line["Title"] for line in lines] == ["Late call", "'=Later"]
    assert [line["Account"] for line in lines] == ["Nordwind", "'=Acme"]


def test_a_task_is_completed_dropped_and_assigned_on_its_page(calls: Calls) -> None:
    person, other = make_user("finance"), make_user("finance")
    client = client_of(person)
    task = to_do(make_quiet(), body="Ring twice.")
    url = f"/tasks/{task.pk}/"
    assert b"Ring twice." in client.get(url).content
    refused = client.post(f"{url}close/", {"outcome": "refused"})
    assert refused.status_code == 422
    assert b"Say why, so that colleagues know what to do." in refused.content
    unchosen = client.post(f"{url}close/", {"note": "Typed"})
    assert unchosen.status_code == 422
    assert b"Typed" in unchosen.content
    client.post(f"{url}assign/", {"assignee": other.pk})
    task.refresh_from_db()
    assert task.assignee == other
    assert client.post(f"{url}close/", {"outcome": "reached", "note": "Fine"}).status_code == 302
    task.refresh_from_db()
    assert (task.state, task.outcome, task.note, task.done_by) == ("done", "reached", "Fine", person)
    again = client.post(f"{url}close/", {"drop": "1", "note": "Second thoughts"})
    assert again.status_code == 409
    assert b"Second thoughts" in again.content
    assert client.get("/tasks/999999999999999999999999/").status_code == 404


def test_others_look_but_have_no_form(calls: Calls) -> None:
    task = to_do(make_quiet())
    client = client_of(make_user("sales"))
    assert b"<textarea" not in client.get(f"/tasks/{task.pk}/").content
    assert client.post(f"/tasks/{task.pk}/close/", {"outcome": "reached"}).status_code == 403
    assert client.post(f"/tasks/{task.pk}/assign/", {"assignee": ""}).status_code == 403


def test_what_a_category_closes_is_redacted_everywhere(account_task: Task) -> None:
    reader = make_user("marketing")
    client = client_of(reader)
    answers = [
        client.get("/tasks/?show=all"),
        client.get(f"/tasks/{account_task.pk}/"),
        client.get(f"/accounts/{account_task.account_id}/panels/pods.tasks/"),
    ]
    for answer in answers:
        assert b"owes 120" not in answer.content
        assert b"Redacted" in answer.content
    file = b"".join(client.get("/tasks/?show=all&export=csv").streaming_content)  # type: ignore[attr-defined]
    assert b"owes 120" not in file
    assert not client.get("/tasks/?show=all&q=owes").context["rows"]


@pytest.fixture
def account_task() -> Iterator[Task]:
    with declared(category="financial_health"):
        marketer = make_user("marketing")
        task = to_do(make_quiet(), title="It owes 120", body="It owes 120 since May", function="marketing")
        assert "owes" not in Notice.objects.get(user=marketer).text
        yield task


def test_the_account_page_tells_what_was_to_be_done_on_a_past_day(calls: Calls) -> None:
    account = make_quiet()
    task = to_do(account, title="Old call")
    Task.objects.filter(pk=task.pk).update(opened_at=f"{days_ago(9)} 10:00Z")
    task.refresh_from_db()
    complete_task(task=task, by=None, outcome="reached")
    client = client_of(make_user("sales"))

    def shown(day: Any) -> bool:
        url = f"/accounts/{account.pk}/panels/pods.tasks/?as_of={day}"
        return b"Old call" in client.get(url, headers={"HX-Request": "true"}).content

    assert [shown(days_ago(10)), shown(days_ago(5)), shown(today())] == [False, True, False]


def test_home_shows_what_is_due_only_to_whom_it_is(calls: Calls) -> None:
    account = make_quiet()
    to_do(account, title="Soon", due_on=today() + timedelta(days=9))
    to_do(account, title="Far off", due_on=today() + timedelta(days=40))
    mine, others = client_of(make_user("finance")), client_of(make_user("legal"))
    assert b"Soon" in mine.get("/").content
    assert b"Far off" not in mine.get("/").content
    assert b"Tasks due" not in others.get("/").content


@pytest.mark.django_db(transaction=True)
def test_two_who_open_the_same_at_once_open_one(calls: Calls) -> None:
    account = make_quiet()
    gate = threading.Barrier(2)

    def go() -> None:
        try:
            gate.wait()
            to_do(account, about="race")
        finally:
            connection.close()

    threads = [threading.Thread(target=go) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Task.objects.filter(about="race").count() == 1


def test_a_long_list_goes_on_in_the_order_of_accounts(calls: Calls) -> None:
    for number in range(52):
        to_do(make_listed(f"Account {number:02}"), about=f"case:{number}")
    client = client_of(make_user("revops"))
    page = client.get("/tasks/?show=all&sort=account")
    assert len(client.get(f"/tasks/{page.context['page'].next_url}").context["rows"]) == 2
