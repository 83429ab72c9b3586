"""What people see who negotiate: what may be agreed, whose turn it is since when, and by when notice is due."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse

from accounts.models import Account
from common.formatting import format_clock
from finance.clauses.statistics import Suggestion, Use
from people.approvals.models import ApprovalRequest
from people.approvals.services import return_request
from tests.finance.clauses import ask_for
from tests.metrics.facts import make_account, make_line
from tests.users import client_as, make_user

pytestmark = pytest.mark.django_db


def words_of(response: Any) -> str:
    text = re.sub(r"<[^>]*>", " ", response.content.decode())
    return re.sub(r"\s+", " ", text.replace("\u00a0", " "))


def card(key: str, function: str, **query: Any) -> str:
    return words_of(client_as(function).get(reverse("home_panel", args=[key]), query))


def test_sales_see_by_tier_what_may_be_agreed_without_asking() -> None:
    said = {}
    for tier in ("growth", "strategic"):
        account = make_account(tier)
        assert (
            "finance.allowed"
            in client_as("sales").get(account.get_absolute_url(lens="sales")).content.decode()
        )
        address = reverse("accounts:panel", args=[account.pk, "finance.allowed"])
        said[tier] = words_of(client_as("sales").get(address))
        assert "Net 30" not in words_of(client_as("support").get(address))
    assert "Net 60, by milestones" in said["strategic"]
    assert "Net 60, by milestones" not in said["growth"]
    assert "Nothing further" in said["growth"]
    assert "Finance within 24 h" in said["growth"]


def test_who_chose_no_clause_yet_sees_what_may_be_agreed_in_each() -> None:
    account = make_account("strategic")
    page = client_as("sales").get(reverse("finance:deviation_new"), {"account": account.pk, "contract": "7"})
    assert "Net 60, by milestones" in words_of(page)
    assert "contract=7" in page.content.decode()


def test_nothing_is_chosen_for_who_asks_until_they_do() -> None:
    where = f"{reverse('finance:deviation_new')}?account={make_account('growth').pk}&family=payment-schedule"
    client = client_as("sales")
    assert " checked" not in client.get(where).content.decode()
    refused = client.post(where, {"reason": "", "expires_on": "", "wording": ""})
    assert refused.status_code == 422
    said = words_of(refused)
    for told in ("Choose one of these, or write", "Fill in “Why”.", "Choose a day for “Open until”."):
        assert told in said


def test_who_cannot_amend_a_contract_asks_for_a_deviation_on_its_page() -> None:
    contract = make_line(make_account("growth"), date(2026, 1, 1)).contract
    address = f"{reverse('finance:deviation_new')}?account={contract.account_id}&amp;contract={contract.pk}"
    assert address in client_as("customer_success").get(contract.get_absolute_url()).content.decode()


def test_what_waits_says_for_whom_and_its_clock() -> None:
    make_user("finance")
    first = ask_for(make_account("growth", name="Acme"), "net-45")
    granted = ask_for(make_account("strategic", name="Granted Ltd"))
    home = card("finance.open_deviations", "legal")
    assert "Waiting for Finance" in home
    assert re.search(r"in 23 h", home)
    assert "1 min ago" in home
    assert home.index("Acme") < home.index("Granted Ltd"), "what waits comes first, though asked before"
    assert granted.pk > first.pk
    register = words_of(client_as("legal").get(reverse("finance:deviations")))
    assert "Waiting for Finance, since" in register
    decider = card("people.to_decide", "finance")
    assert "waits for Finance since" in decider
    assert "Due in 23 h" in decider
    request = ApprovalRequest.objects.get(subject_id=first.pk)
    return_request(request=request, by=make_user("finance"), comment="Why?")
    assert f"Returned for {first.asked_by}" in card("finance.open_deviations", "legal")


def test_notice_dates_are_working_days_and_customer_success_sees_them() -> None:
    account: Account = make_account(country="DE", name="Acme")
    # Thirty days before 14 December 2026 is a Saturday.
    terms = {"end_on": date(2026, 12, 14), "notice_days": 30, "number": "FW-1", "auto_renew": True}
    contract = make_line(account, date(2026, 1, 1), terms=terms).contract
    for function in ("legal", "customer_success"):
        page = client_as(function).get(reverse("home"), {"as_of": "2026-11-10"})
        held = next(each for each in page.context["cards"] if each.key == "finance.notice_dates")
        (row,) = held.data["contracts"]
        assert (row["notice_on"], row["act_by"]) == (date(2026, 11, 14), date(2026, 11, 13))
        assert row["days"] == 3
        assert "13 Nov 2026" in words_of(page)
        assert contract.get_absolute_url() in page.content.decode()


@pytest.mark.parametrize(
    ("ahead", "told"),
    [
        (timedelta(seconds=20), "in 1 min"),
        (timedelta(minutes=59, seconds=59), "in 59 min"),
        (timedelta(hours=23, minutes=59), "in 23 h"),
        (timedelta(hours=47), "in 47 h"),
        (timedelta(hours=71), "in 3 days"),
        (timedelta(minutes=-5), "5 min ago"),
        (timedelta(hours=-30), "30 h ago"),
        (timedelta(days=-20), "2 weeks ago"),
    ],
)
def test_a_clock_tells_hours_within_two_days(ahead: timedelta, told: str) -> None:
    now = datetime(2026, 11, 23, 12, tzinfo=UTC)
    assert format_clock(now + ahead, now).replace("\u00a0", " ") == told


@pytest.mark.parametrize(
    ("hours", "told"),
    [(0.0, "less than an hour"), (0.9, "less than an hour"), (1.2, "1 hour"), (30.4, "30 hours")],
)
def test_how_long_a_decision_took_is_told_in_words(hours: float, told: str) -> None:
    use = Use(family="payment-schedule", label="Payment schedule", text="Net 45", approved=5, hours=hours)
    assert f"for Growth, after {told} in the middle case" in Suggestion(use, "Growth").sentence


def test_who_decides_does_so_on_the_page_of_what_was_asked() -> None:
    held = ask_for(make_account("growth"), "net-45")
    where = reverse("finance:deviation", args=[held.pk])
    assert "Your decision" not in words_of(client_as("legal").get(where)), "it is for finance"
    page = client_as("finance").get(where)
    assert "It waits for your word since" in words_of(page)
    decision = page.context["decision"]
    address = reverse("people:approval_decide", args=[decision.approval.pk])
    assert f'action="{address}"' in page.content.decode()
    sent = {"step": decision.step.pk, "decision": "approve", "comment": ""}
    assert client_as("finance").post(address, sent).status_code == 302
    held.refresh_from_db()
    assert held.state == "granted"
    assert "Your decision" not in words_of(client_as("finance").get(where))


def test_where_nobody_of_the_function_can_decide_it_waits_for_revops() -> None:
    only = make_user("finance")
    held = ask_for(make_account("growth"), "net-45", by=only)
    assert "Waiting for RevOps, since" in words_of(client_as("legal").get(reverse("finance:deviations")))
    page = words_of(client_as("legal").get(reverse("finance:deviation", args=[held.pk])))
    assert "Waits for RevOps, since" in page
    make_user("finance")
    assert "Waiting for Finance, since" in words_of(client_as("legal").get(reverse("finance:deviations")))


def test_a_long_wording_is_read_whole_where_it_is_decided() -> None:
    held = ask_for(make_account("growth"), "", wording="Never pay " * 60)
    request = ApprovalRequest.objects.get(subject_id=held.pk)
    page = client_as("finance").get(request.get_absolute_url()).content.decode()
    assert re.search(r'<td class="is-wrap" data-label="Will be">\s*Never pay', page)
