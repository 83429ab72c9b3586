"""Asking customers: by whom, whom not, by itself, and the mails."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from smtplib import SMTPRecipientsRefused, SMTPServerDisconnected
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.mail import EmailMultiAlternatives
from django.urls import reverse
from django.utils import timezone

from accounts.identity.merge import merge_accounts
from accounts.lenses.registry import panels
from engagement.models import NpsResponse
from people.access import access_of
from people.services import change_access
from pods.models import SurveyRequest, SurveyRule
from pods.surveys.automatic import ask_due
from pods.surveys.registry import SurveyKind
from pods.surveys.rules import set_rules
from pods.surveys.sending import claim_request, send_due
from pods.surveys.services import EndedError, NotAskedError, ask, record_answer, withdraw
from pods.surveys.tasks import run_surveys
from support.models import CsatResponse
from tests.accounts.rows import make_listed
from tests.metrics.facts import make_contact
from tests.pods.asking import ADA, CSAT, NPS, asked_csat, asked_nps, solved_ticket
from tests.users import client_as, client_of, make_user

pytestmark = pytest.mark.django_db


def let_ask(kind: SurveyKind = CSAT, *, quiet_days: int = 14, hours_ago: float = 24) -> None:
    """Have a kind ask by itself about what happened since so many hours ago."""
    set_rules(kind=kind, is_automatic=True, quiet_days=quiet_days, valid_days=30, by=make_user("revops"))
    SurveyRule.objects.update(automatic_since=timezone.now() - timedelta(hours=hours_ago))


def test_the_question_is_a_record_from_the_start_that_no_number_counts() -> None:
    request = asked_csat()
    response = CsatResponse.objects.get()
    assert (response.rating, response.responded_at, response.respondent_email) == (None, None, ADA)
    assert response.asked_at == request.asked_at
    assert not CsatResponse.objects.rated_within(timezone.now().date(), 30).exists()


@pytest.mark.parametrize("function", ["sales", "marketing", "engineering", "finance", "leadership"])
def test_others_do_not_ask(function: str) -> None:
    with pytest.raises(PermissionDenied):
        ask(kind=CSAT, subject_id=solved_ticket().pk, by=make_user(function))
    assert not SurveyRequest.objects.exists()


def test_support_asks_for_what_it_reads_only() -> None:
    contact = make_contact(make_listed("Customer"), email=ADA)
    support = make_user("support")
    with pytest.raises(PermissionDenied):
        ask(kind=NPS, subject_id=contact.pk, by=support)
    change_access(levels={("support", "engagement"): "full"})
    assert ask(kind=NPS, subject_id=contact.pk, by=support).email == ADA


def test_a_ticket_is_asked_about_once_be_it_by_the_help_desk() -> None:
    ticket = solved_ticket()
    asked_csat(ticket)
    with pytest.raises(NotAskedError, match="asked about this already"):
        asked_csat(ticket)
    other = solved_ticket(requester_email="bob@customer.example")
    CsatResponse.objects.create(account=other.account, ticket=other, asked_at=timezone.now())
    with pytest.raises(NotAskedError, match="asked about this already"):
        asked_csat(other)


def test_nobody_is_asked_twice_within_the_quiet_days_by_whatever_system() -> None:
    account = make_listed("Customer")
    CsatResponse.objects.create(
        account=account, respondent_email=ADA, asked_at=timezone.now() - timedelta(days=13)
    )
    ticket = solved_ticket(account)
    with pytest.raises(NotAskedError, match="within 14 days"):
        asked_csat(ticket)
    CsatResponse.objects.update(asked_at=timezone.now() - timedelta(days=15))
    assert asked_csat(ticket).email == ADA


def test_a_contact_asked_by_a_survey_tool_is_left_alone_too() -> None:
    contact = make_contact(make_listed("Customer"), email=ADA)
    NpsResponse.objects.create(
        account=contact.account, respondent=contact, asked_at=timezone.now() - timedelta(days=89)
    )
    with pytest.raises(NotAskedError, match="within 90 days"):
        asked_nps(contact)


@pytest.mark.parametrize("email", ["", "no address", "a@b\nc"])
def test_without_an_address_nobody_is_asked(email: str) -> None:
    with pytest.raises(NotAskedError, match="No address"):
        asked_csat(solved_ticket(requester_email=email))


def test_by_default_nothing_asks_by_itself() -> None:
    solved_ticket()
    assert ask_due() == 0


def test_a_solved_ticket_is_asked_about_once_however_often_it_runs() -> None:
    let_ask()
    ticket = solved_ticket()
    solved_ticket(requester_email="")
    assert [ask_due(), ask_due()] == [1, 0]
    request = SurveyRequest.objects.get()
    assert (request.subject_id, request.asked_by) == (ticket.pk, None)


def test_what_was_solved_before_it_was_turned_on_or_long_ago_is_left_alone() -> None:
    let_ask(hours_ago=24 * 30)
    solved_ticket(hours_ago=24 * 4)
    assert ask_due() == 0
    let_ask(hours_ago=1)
    SurveyRule.objects.update(automatic_since=timezone.now() - timedelta(hours=1))
    solved_ticket(hours_ago=2)
    assert ask_due() == 0


def test_of_several_tickets_of_one_person_one_is_asked_about() -> None:
    let_ask()
    account = make_listed("Customer")
    first = solved_ticket(account, hours_ago=5)
    solved_ticket(account, hours_ago=3)
    assert ask_due() == 1
    assert SurveyRequest.objects.get().subject_id == first.pk
    assert ask_due() == 0


def test_the_worker_asks_and_sends(mailoutbox: Any) -> None:
    let_ask()
    solved_ticket(subject="Exports\nfail")
    run_surveys()
    run_surveys()
    [mail] = mailoutbox
    assert mail.subject == "How did we do? Exports fail"
    assert "\n" not in mail.subject
    [(html, kind)] = mail.alternatives
    assert kind == "text/html"
    assert html.count("rating=") == 5
    assert mail.extra_headers["Auto-Submitted"] == "auto-generated"
    assert SurveyRequest.objects.get().sent_at is not None


def test_two_workers_never_send_the_same() -> None:
    asked_csat()
    assert claim_request() is not None
    assert claim_request() is None
    SurveyRequest.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    assert claim_request() is not None


@pytest.mark.parametrize(
    ("error", "is_over"),
    [
        (SMTPServerDisconnected("gone"), False),
        (ConnectionRefusedError("no"), False),
        (SMTPRecipientsRefused({ADA: (550, b"unknown")}), True),
    ],
)
def test_a_mail_that_fails_is_tried_again_unless_the_address_is_wrong(
    error: Exception, is_over: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(self: EmailMultiAlternatives) -> int:
        raise error

    request = asked_csat()
    monkeypatch.setattr(EmailMultiAlternatives, "send", fail)
    assert send_due() == 0
    request.refresh_from_db()
    assert (request.given_up_at is not None) == is_over
    assert request.claimed_until is None
    assert request.error
    assert ADA not in caplog.text + request.error
    assert is_over or request.due_at > timezone.now()


def test_taking_back_ends_the_record_and_lets_ask_again() -> None:
    request = asked_nps()
    success = make_user("customer_success")
    withdraw(request=request, by=success)
    assert NpsResponse.objects.get().deleted_at is not None
    with pytest.raises(EndedError):
        withdraw(request=request, by=success)
    assert send_due() == 0
    again = ask(kind=NPS, subject_id=request.subject_id, by=success)
    record_answer(request=again, rating=9)
    with pytest.raises(EndedError):
        withdraw(request=again, by=success)
    assert NpsResponse.objects.live().get().score == 9


def test_a_request_follows_its_account_into_a_merge() -> None:
    winner, request = make_listed("Winner"), asked_csat()
    merge_accounts(winner=winner.pk, loser=request.account_id, by=make_user("revops"))
    request.refresh_from_db()
    assert request.account_id == winner.pk
    record_answer(request=request, rating=5)
    assert CsatResponse.objects.get().account_id == winner.pk


def test_only_revops_sets_the_rules_and_only_where_they_can_hold() -> None:
    with pytest.raises(PermissionDenied):
        set_rules(kind=CSAT, is_automatic=True, quiet_days=1, valid_days=1, by=make_user("support"))
    revops = make_user("revops")
    with pytest.raises(ValidationError) as refused:
        set_rules(kind=NPS, is_automatic=True, quiet_days=1, valid_days=1, by=revops)
    assert list(refused.value.message_dict) == ["is_automatic"]
    with pytest.raises(ValidationError) as refused:
        set_rules(kind=CSAT, is_automatic=False, quiet_days=367, valid_days=0, by=revops)
    assert set(refused.value.message_dict) == {"quiet_days", "valid_days"}
    assert not SurveyRule.objects.exists()


def test_the_page_of_the_rules_saves_what_differs() -> None:
    client, url = client_as("revops"), reverse("pods:survey_rules")
    assert "pods/surveys" in client.get(url).content.decode()  # Its fields are set apart by that style.
    given = {"csat-quiet_days": 7, "csat-valid_days": 20, "csat-is_automatic": "on", "nps-quiet_days": 90}
    assert client.post(url, given).status_code == 422
    answer = client.post(url, given | {"nps-valid_days": 30}, follow=True)
    assert "Saved: CSAT." in answer.content.decode()
    rule = SurveyRule.objects.get()
    assert (rule.kind, rule.quiet_days, rule.valid_days) == ("csat", 7, 20)
    assert rule.automatic_since is not None
    client.post(url, given | {"nps-valid_days": 30, "csat-quiet_days": 8})
    assert SurveyRule.objects.get().automatic_since == rule.automatic_since
    assert client_as("support").get(url).status_code == 403


def test_support_asks_from_a_page_and_sees_the_answer_in_the_list() -> None:
    support = make_user("support")
    client, ticket = client_of(support), solved_ticket()
    url = reverse("pods:survey_ask", args=["csat", ticket.account_id])
    assert "Exports fail" in client.get(url).content.decode()
    assert client.post(url, {"subject": ""}).status_code == 422
    assert client.post(url, {"subject": ticket.pk}).status_code == 302
    assert client.post(f"{url}?subject={ticket.pk}", {"subject": ticket.pk}).status_code == 409
    record_answer(request=SurveyRequest.objects.get(), rating=2, comment="=Too slow")
    page = client.get(reverse("pods:surveys")).content.decode()
    assert "2 of 5" in page
    assert "Too slow" in page
    panel = reverse("accounts:panel", args=[ticket.account_id, "pods.surveys"])
    assert "2 of 5" in client.get(panel).content.decode()
    body = b"".join(client.get(reverse("pods:surveys") + "?export=csv").streaming_content).decode()
    [row] = csv.DictReader(io.StringIO(body.removeprefix("\ufeff")))
    assert (row["Answer"], row["Comment"], row["State"]) == ("2", "'=Too slow", "Answered")
    for state, found in (("answered", True), ("open", False), ("expired", False), ("undelivered", False)):
        listed = client.get(reverse("pods:surveys") + f"?state={state}&q=exports").content.decode()
        assert ("2 of 5" in listed) == found


def test_who_may_not_read_support_sees_that_somebody_was_asked_and_no_more() -> None:
    request = asked_csat()
    record_answer(request=request, rating=1, comment="Dreadful")
    client = client_as("finance")
    panel = reverse("accounts:panel", args=[request.account_id, "pods.surveys"])
    for url in (reverse("pods:surveys"), panel):
        text = client.get(url).content.decode()
        assert "CSAT" in text
        assert "Redacted" in text
        for told in (ADA, "Exports fail", "1 of 5", "Dreadful"):
            assert told not in text
    for word in ("ada", "Exports"):
        assert "Nothing fits" in client.get(reverse("pods:surveys") + f"?q={word}").content.decode()
    body = b"".join(client.get(reverse("pods:surveys") + "?export=csv").streaming_content).decode()
    assert "Dreadful" not in body
    assert ADA not in body
    url = reverse("pods:survey_ask", args=["csat", request.account_id])
    assert client.get(url).status_code == 403


def test_a_person_takes_back_from_the_list() -> None:
    request, client = asked_csat(), client_as("support")
    url = reverse("pods:survey_withdraw", args=[request.pk])
    assert "taken back" in client.post(url, follow=True).content.decode()
    assert "can’t be taken back" in client.post(url, follow=True).content.decode().replace("&#x27;", "’")
    assert client_as("sales").post(url).status_code == 403


def test_a_day_of_the_past_tells_a_question_as_it_stood() -> None:
    request, now = asked_csat(), timezone.now()
    SurveyRequest.objects.filter(pk=request.pk).update(
        asked_at=now - timedelta(days=40), expires_at=now - timedelta(days=5)
    )

    def told(days: int) -> str:
        day = (now - timedelta(days=days)).date()
        return panels["pods.surveys"].load_for(request.account, day, access_of("support"))["surveys"][0][
            "state"
        ]

    assert (told(10), told(5), told(0)) == ("Open", "Not answered", "Not answered")
    SurveyRequest.objects.filter(pk=request.pk).update(given_up_at=now - timedelta(days=37))
    assert (told(39), told(37)) == ("Open", "Not delivered")
