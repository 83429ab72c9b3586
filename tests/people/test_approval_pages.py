"""Pages of approvals: the inbox, a request, delegations, the badge and the home card."""

from __future__ import annotations

import csv
import io
import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from people.approvals.models import ApprovalDelegation, ApprovalRequest
from people.approvals.registry import Fact, StepPlan
from people.approvals.services import ClosedError, decide_step, request_approvals
from people.approvals.services.asking import Asked
from people.models import Category, User
from tests.people.approving import Discount, ask, declared
from tests.users import client_as, client_of, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> Iterator[Discount]:
    with declared() as owner:
        yield owner


def post(client: Client, request: ApprovalRequest, action: str, **data: object) -> object:
    step = request.steps.filter(state="waiting").first()
    given = {"step": step.pk if step else "", **data}
    return client.post(f"/approvals/{request.pk}/{action}/", given)


def test_the_inbox_shows_what_waits_and_the_navigation_counts_it(owner: Discount) -> None:
    controller, seller = make_user("finance"), make_user("sales")
    mine = ask(seller)
    page = client_of(controller).get("/approvals/")
    assert [row.request.pk for row in page.context["rows"]] == [mine.pk]
    assert b'abe-nav-badge">1<' in page.content
    theirs = client_of(seller).get("/approvals/?show=requested")
    assert [row.request.pk for row in theirs.context["rows"]] == [mine.pk]
    assert b"abe-nav-badge" not in theirs.content
    assert not client_of(seller).get("/approvals/?show=all").context["rows"]  # not their list
    decide_step(request=mine, by=controller, is_approved=True)
    decided = client_of(controller).get("/approvals/?show=decided&state=approved")
    assert [row.request.pk for row in decided.context["rows"]] == [mine.pk]
    assert not client_of(controller).get("/approvals/?show=decided&state=rejected").context["rows"]


def test_filters_search_and_export_agree(owner: Discount) -> None:
    controller = make_user("finance")
    old, new = ask(make_user("sales"), title="Nordwind 12 %"), ask(make_user("sales"), title="=Cmd")
    step = old.steps.get()
    step.due_at = timezone.now() - timedelta(hours=1)
    step.save()
    ApprovalRequest.objects.filter(pk=old.pk).update(due_at=step.due_at)
    client = client_of(controller)
    for query, found in {
        "": [old, new],
        "?sort=-due": [new, old],
        "?late=1": [old],
        "?q=nordwind": [old],
        "?q=nobody": [],
        "?kind=test.discount": [old, new],
        "?kind=nonsense&sort=nonsense&show=nonsense&after=nonsense": [old, new],
    }.items():
        rows = client.get(f"/approvals/{query}").context["rows"]
        assert [row.request.pk for row in rows] == [request.pk for request in found], query
    file = client.get("/approvals/?export=csv&sort=due")
    lines = list(csv.DictReader(io.StringIO(b"".join(file.streaming_content).decode("utf-8-sig"))))
    assert [line["Title"] for line in lines] == ["Nordwind 12 %", "'=Cmd"]


def test_a_request_is_decided_on_its_page(owner: Discount) -> None:
    controller, seller = make_user("finance"), make_user("sales")
    request = ask(seller)
    client = client_of(controller)
    assert client.get(f"/approvals/{request.pk}/").status_code == 200
    refused = post(client, request, "decide", decision="reject")
    assert refused.status_code == 422
    assert "Say why" in refused.content.decode()
    assert post(client, request, "decide", decision="reject", comment="x" * 5000).status_code == 422
    assert post(client, request, "decide", decision="maybe").status_code == 404
    assert post(client, request, "decide", decision="approve", comment="Fine.").status_code == 302
    assert owner.outcomes == [("approved", request.subject_id)]
    page = client_of(seller).get(f"/approvals/{request.pk}/").content.decode()
    assert "Fine." in page
    assert "Your decision" not in page


def test_who_comes_second_is_told_who_was_first(owner: Discount) -> None:
    first, second = make_user("finance"), make_user("finance")
    request = ask(make_user("sales"))
    step = request.steps.get()
    decide_step(request=request, by=first, is_approved=True)
    answer = client_of(second).post(
        f"/approvals/{request.pk}/decide/", {"decision": "reject", "comment": "No.", "step": step.pk}
    )
    assert answer.status_code == 409
    assert f"{first} approved this request" in answer.content.decode()
    assert "You had written: No." in answer.content.decode()
    assert owner.outcomes == [("approved", request.subject_id)]


def test_a_decision_without_the_step_that_was_looked_at_decides_nothing(owner: Discount) -> None:
    request = ask(make_user("sales"))
    client = client_of(make_user("finance"))
    for step in ("", "0", "9" * 40, "²", "abc"):
        assert post(client, request, "decide", decision="approve", step=step).status_code == 409
    assert owner.outcomes == []


def test_neither_the_asker_nor_a_stranger_decides(owner: Discount) -> None:
    asker = make_user("finance")
    make_user("finance")
    request = ask(asker)
    own = post(client_of(asker), request, "decide", decision="approve")
    assert own.status_code == 403
    assert "asked for this yourself" in own.content.decode()
    assert post(client_as("leadership"), request, "decide", decision="approve").status_code == 403
    stranger = client_as("marketing")
    assert stranger.get(f"/approvals/{request.pk}/").status_code == 403
    assert post(stranger, request, "decide", decision="approve").status_code == 403
    assert post(stranger, request, "comment", comment="Hm").status_code == 403
    assert client_as("revops").get("/approvals/999999/").status_code == 404
    assert owner.outcomes == []


def test_return_ask_again_comment_and_withdraw(owner: Discount) -> None:
    controller, seller = client_of(make_user("finance")), make_user("sales")
    request = ask(seller)
    asker = client_of(seller)
    assert post(controller, request, "decide", decision="return", comment="Which term?").status_code == 302
    assert "Ask again" in asker.get(f"/approvals/{request.pk}/").content.decode()
    assert post(asker, request, "again", reason="").status_code == 422
    assert post(controller, request, "again", reason="Not mine").status_code == 422
    assert post(asker, request, "again", reason="Two years.").status_code == 302
    assert post(asker, request, "comment", comment=" ").status_code == 422
    assert post(asker, request, "comment", comment="Please soon.").status_code == 302
    assert post(controller, request, "withdraw").status_code == 422
    assert post(asker, request, "withdraw", note="They signed.").status_code == 302
    shown = controller.get(f"/approvals/{request.pk}/").content.decode()
    assert "They signed." in shown
    assert "Two years." in shown


def test_values_are_redacted_by_the_readers_access() -> None:
    def facts(request: ApprovalRequest) -> list[Fact]:
        return [
            Fact(label="ARR", after=182_000, currency="EUR", category=Category.REVENUE),
            Fact(label="Term", before=30, after=45, unit="days", category=Category.CONTRACTS),
            Fact(label="Since", after=timezone.localdate(), category=None),
            Fact(label="Plain", after=("one", "two")),
        ]

    with declared(StepPlan(function="marketing", hours=8), facts=facts, category=Category.CONTRACTS):
        request = ask(make_user("sales"), title="Nordwind pays later", reason="Their bank")
        marketer = client_as("marketing")
        page = marketer.get(f"/approvals/{request.pk}/").content.decode()
        assert "Nordwind" not in page
        assert "bank" not in page
        assert "182,000" not in page
        assert "Marketing does not read revenue" in page
        assert marketer.get("/approvals/").context["rows"][0].link_text == f"Discount {request.pk}"
        assert "Nordwind" not in marketer.get("/approvals/").content.decode()
        assert not marketer.get("/approvals/?q=nordwind").context["rows"]
        exported = b"".join(marketer.get("/approvals/?export=ndjson").streaming_content).decode()
        assert "Nordwind" not in exported
        assert "redacted" in exported
        seen = client_as("revops").get(f"/approvals/{request.pk}/").content.decode()
        assert "€182,000" in seen
        assert "one, two" in seen
        assert "45" in seen


def test_a_request_of_a_kind_that_is_gone_can_only_be_withdrawn() -> None:
    controller = make_user("finance")
    with declared():
        request = ask(make_user("sales"))
    client = client_of(controller)
    assert "Nothing in this installation knows" in client.get(f"/approvals/{request.pk}/").content.decode()
    assert post(client, request, "decide", decision="approve").status_code == 422
    assert post(client_as("revops"), request, "withdraw").status_code == 302


def test_somebody_delegates_and_ends_it(owner: Discount) -> None:
    controller, lawyer = make_user("finance"), make_user("legal")
    client = client_of(controller)
    today = timezone.localdate()
    wrong = client.post("/approvals/delegations/", {"taker": controller.pk, "starts_on": "x", "ends_on": ""})
    assert wrong.status_code == 422
    given = {
        "taker": lawyer.pk,
        "starts_on": today,
        "ends_on": today,
        "kinds": ["test.discount"],
        "reason": "Away",
    }
    early = client.post("/approvals/delegations/", {**given, "ends_on": today - timedelta(days=1)})
    assert early.status_code == 422
    assert "ends before it begins" in early.content.decode()
    assert client.post("/approvals/delegations/", given).status_code == 302
    request = ask(make_user("sales"))
    assert (
        f"You decide for {controller}" in client_of(lawyer).get(f"/approvals/{request.pk}/").content.decode()
    )
    made = ApprovalDelegation.objects.get()
    assert "Running" in client_of(lawyer).get("/approvals/delegations/").content.decode()
    assert not client_as("sales").get("/approvals/delegations/").context["rows"]
    client_as("sales").post(f"/approvals/delegations/{made.pk}/end/")
    made.refresh_from_db()
    assert made.ended_at is None
    client_as("revops").post(f"/approvals/delegations/{made.pk}/end/")
    made.refresh_from_db()
    assert made.ended_at is not None
    assert client_of(lawyer).get(f"/approvals/{request.pk}/").status_code == 403


def test_the_home_card_comes_with_something_to_decide(owner: Discount) -> None:
    client = client_of(make_user("finance"))
    keys = [card.key for card in client.get("/").context["cards"]]
    assert "people.to_decide" not in keys
    request = ask(make_user("sales"))
    page = client.get("/")
    assert next(card.key for card in page.context["cards"]) == "people.to_decide"
    assert request.title in page.content.decode()


def test_a_long_inbox_costs_no_more_queries(owner: Discount) -> None:
    client = client_of(make_user("finance"))
    ask(make_user("sales"))
    client.get("/approvals/")
    with CaptureQueriesContext(connection) as short:
        client.get("/approvals/")
    request_approvals(
        kind="test.discount",
        asked=[Asked(subject_id=90_000 + number, title=f"Number {number}") for number in range(60)],
        requested_by=make_user("sales"),
    )
    with CaptureQueriesContext(connection) as long:
        page = client.get("/approvals/")
    assert len(long) <= len(short)
    assert len(page.context["rows"]) == 50
    following = client.get(f"/approvals/{page.context['page'].next_url}")
    assert len(following.context["rows"]) == 11


@pytest.mark.django_db(transaction=True)
def test_of_two_who_decide_at_once_one_wins_and_the_other_is_told() -> None:
    with declared() as owner:
        request = ask(make_user("sales"))
        step = request.steps.get()
        deciders = [make_user("finance") for _ in range(4)]
        told: list[str] = []
        begin = threading.Barrier(len(deciders))

        def decide(user: User, *, is_approved: bool) -> None:
            try:
                begin.wait()
                decide_step(request=request, by=user, is_approved=is_approved, step=step)
                told.append("won")
            except ClosedError as error:
                told.append(str(error))
            finally:
                connection.close()

        threads = [
            threading.Thread(target=decide, args=(user,), kwargs={"is_approved": number % 2 == 0})
            for number, user in enumerate(deciders)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert told.count("won") == 1
        assert all(" this request" in words for words in told if words != "won")
        assert len(owner.outcomes) == 1
