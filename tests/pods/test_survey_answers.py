"""Answers to surveys: by the link alone, once, and only when the button is pressed."""

from __future__ import annotations

import re
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone

from common import rates
from engagement.models import NpsResponse
from pods.models import SurveyRequest
from pods.surveys.sending import send_due
from pods.surveys.services import withdraw
from pods.surveys.tokens import Refused, address_of, read_token, token_of
from support.models import CsatResponse
from tests.accounts.rows import make_listed
from tests.pods.asking import ADA, asked_csat, asked_nps, solved_ticket
from tests.sync.conftest import make_api
from tests.users import make_user

pytestmark = pytest.mark.django_db


def path_of(request: SurveyRequest, token: str | None = None) -> str:
    return reverse("pods:survey_answer", args=[token or token_of(request)])


def answer(path: str, rating: Any, comment: str = "", **headers: Any) -> Any:
    return Client().post(path, {"rating": rating, "comment": comment}, **headers)


def facts() -> list[Any]:
    """Everything that an answer could have changed."""
    return [
        list(SurveyRequest.objects.order_by("pk").values()),
        list(CsatResponse.objects.order_by("pk").values("rating", "comment", "responded_at", "deleted_at")),
        list(NpsResponse.objects.order_by("pk").values("score", "comment", "responded_at", "deleted_at")),
    ]


def test_a_link_of_the_mail_shows_the_question_with_its_answer_chosen_and_records_nothing(
    mailoutbox: Any,
) -> None:
    request = asked_csat()
    assert send_due() == 1
    [mail] = mailoutbox
    assert mail.to == [ADA]
    links = re.findall(r"https?://\S+", mail.body)
    assert len(links) == 5
    assert [link.rpartition("=")[2] for link in links] == ["1", "2", "3", "4", "5"]
    path = "/" + links[3].split("/", 3)[3]
    before = facts()
    for method in ("get", "head"):
        page = getattr(Client(), method)(path)
        assert page.status_code == 200
    page = Client().get(path)
    text = page.content.decode()
    assert "how we handled “Exports fail”" in text
    assert re.findall(r'value="(\d)" checked', text) == ["4"]
    assert facts() == before
    assert ADA not in text
    assert ADA not in path
    assert page["Cache-Control"] == "private, no-store"
    assert page["X-Robots-Tag"].startswith("noindex")
    assert CsatResponse.objects.get().rating is None
    assert request.pk == SurveyRequest.objects.get().pk


def test_the_button_records_the_answer_as_a_csat_response(client: Client) -> None:
    ticket = solved_ticket()
    request = asked_csat(ticket)
    sent = answer(path_of(request), 5, " Quick and kind. ")
    assert sent.status_code == 302
    assert "Thank you" in Client().get(sent["Location"]).content.decode()
    response = CsatResponse.objects.get()
    assert (response.rating, response.comment, response.respondent_email) == (5, "Quick and kind.", ADA)
    assert (response.ticket_id, response.account_id) == (ticket.pk, ticket.account_id)
    assert response.responded_at is not None
    assert response.asked_at == request.asked_at
    read = make_api("warehouse").get(f"csat-responses/abe/{request.record_id}/")
    assert (read["rating"], read["comment"]) == (5, "Quick and kind.")


def test_an_answer_to_nps_is_the_contacts(client: Client) -> None:
    request = asked_nps()
    assert answer(path_of(request), 0).status_code == 302
    response = NpsResponse.objects.get()
    assert (response.score, response.respondent_id) == (0, request.subject_id)
    assert response.respondent_email == ADA


def test_a_low_rating_stands_on_the_timeline_like_one_of_the_help_desk() -> None:
    request = asked_csat()
    answer(path_of(request), 1)
    told = request.account.timeline.values_list("kind", "title")
    assert list(told) == [("support.low_rating", "Rated 1 of 5: Exports fail")]


@pytest.mark.parametrize("what", ["letter", "code", "end", "cut", "none", "long", "other key", "nul"])
def test_a_tampered_link_is_refused_and_says_what_to_do(what: str) -> None:
    request, other = asked_csat(), asked_nps()
    token = token_of(request)
    code, end, signature = token.split(".")
    wrong = {
        "letter": f"{token[:-1]}{'A' if token[-1] != 'A' else 'B'}",
        "code": f"{other.code.hex}.{end}.{signature}",
        "end": f"{code}.{int(end, 16) + 1:x}.{signature}",
        "cut": token[:-5],
        "none": code,
        "long": "a" * 5000,
        "nul": "%00",
    }.get(what)
    if wrong is None:
        with override_settings(SECRET_KEY="another key altogether", SECRET_KEY_FALLBACKS=[]):
            wrong = token_of(request)
    before = facts()
    for page in (Client().get(path_of(request, wrong)), answer(path_of(request, wrong), 5)):
        assert page.status_code == 404
        assert "Open it from the mail again" in page.content.decode()
    assert facts() == before


def test_an_expired_link_is_refused_by_its_signature_and_by_the_question() -> None:
    request = asked_csat()
    token = token_of(request)
    assert read_token(token, request.expires_at + timedelta(seconds=1)) is Refused.EXPIRED
    past = timezone.now() - timedelta(minutes=1)
    SurveyRequest.objects.update(asked_at=past - timedelta(days=30), expires_at=past)
    request.refresh_from_db()
    before = facts()
    for each in (token, token_of(request)):  # what was sent, and what is signed with the past end
        for page in (Client().get(path_of(request, each)), answer(path_of(request, each), 5)):
            assert page.status_code == 410
            assert "has expired" in page.content.decode()
    assert facts() == before


def test_a_replayed_link_says_when_it_was_answered_and_changes_nothing() -> None:
    request = asked_csat()
    answer(path_of(request), 4, "First")
    before = facts()
    again = answer(path_of(request), 1, "Second")
    assert again.status_code == 409
    text = again.content.decode()
    assert "answered already" in text
    assert f"{SurveyRequest.objects.get().answered_at:%H:%M}" in text
    assert "changes nothing" in text
    assert "First" not in text
    shown = Client().get(path_of(request) + "?rating=1")
    assert shown.status_code == 200
    assert "It was recorded on" in shown.content.decode()
    assert facts() == before


def test_what_was_taken_back_takes_no_answer() -> None:
    request = asked_csat()
    withdraw(request=request, by=make_user("support"))
    before = facts()
    for page in (Client().get(path_of(request)), answer(path_of(request), 5)):
        assert page.status_code == 410
        assert "took this question back" in page.content.decode()
    assert facts() == before
    assert CsatResponse.objects.get().deleted_at is not None


@pytest.mark.parametrize("rating", ["", "0", "6", "x", "4.5", "-1", "9" * 40])
def test_an_answer_that_is_none_is_refused_at_its_field(rating: str) -> None:
    request = asked_csat()
    page = answer(path_of(request), rating, "My words")
    assert page.status_code == 422
    text = page.content.decode()
    assert "Choose one of the answers." in text
    assert "My words" in text
    assert CsatResponse.objects.get().rating is None


@pytest.mark.parametrize("comment", ["x" * 4001, "a\x00b"])
def test_a_comment_that_can_not_be_kept_is_refused(comment: str) -> None:
    request = asked_csat()
    assert answer(path_of(request), 4, comment).status_code == 422
    assert SurveyRequest.objects.get().answered_at is None


def test_a_page_of_another_site_can_not_answer() -> None:
    request = asked_csat()
    client = Client(enforce_csrf_checks=True)
    assert client.post(path_of(request), {"rating": 5}).status_code == 403
    page = client.get(path_of(request))
    # Browsers that are told to keep the address to themselves would send no origin, and be refused.
    assert page["Referrer-Policy"] == "same-origin"
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.content.decode())
    assert token is not None
    given = {"rating": 5, "csrfmiddlewaretoken": token[1]}
    assert client.post(path_of(request), given).status_code == 302


@override_settings(LINK_RATE=3)
def test_guessing_is_slowed_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "time", SimpleNamespace(time=lambda: 60_000_090.0))
    request = asked_csat()
    assert [Client().get(path_of(request, "a.b.c")).status_code for _ in range(3)] == [404] * 3
    assert answer(path_of(request), 5).status_code == 429
    assert SurveyRequest.objects.get().answered_at is None


def test_an_answer_outlives_its_ticket_and_follows_its_account() -> None:
    ticket = solved_ticket()
    request = asked_csat(ticket)
    ticket.deleted_at = timezone.now()
    ticket.save()
    CsatResponse.objects.update(ticket=None)
    assert answer(path_of(request), 3).status_code == 302
    response = CsatResponse.objects.get()
    assert (response.rating, response.ticket_id, response.account_id) == (3, None, ticket.account_id)


def test_where_the_account_is_gone_the_answer_is_not_asked_for() -> None:
    account = make_listed("Gone")
    request = asked_csat(solved_ticket(account))
    account.deleted_at = timezone.now()
    account.save()
    for page in (Client().get(path_of(request)), answer(path_of(request), 5)):
        assert page.status_code == 410
        assert "no longer there" in page.content.decode()


def test_an_address_holds_the_code_and_nothing_of_the_person() -> None:
    request = asked_nps()
    address = address_of(request, 10)
    assert address.endswith("?rating=10")
    for told in (ADA, "ada", "Customer", str(request.account_id) + "/"):
        assert told not in address
