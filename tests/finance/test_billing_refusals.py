"""What can't be agreed, billed or credited is told, and stops nobody else's invoices."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from accounts.models import Account
from finance.billing.arranging import (
    add_milestone,
    drop_milestone,
    expected_of,
    propose_arrangement,
    reach_milestone,
)
from finance.billing.drafting import draft_invoices
from finance.billing.issuing import credit_invoice, issue_drafts, left_of, seen_of
from finance.billing.terms import BillingTerms
from finance.models import BillingCounter, BillingMilestone, BillingPass, Invoice
from metrics.engine.plan import today
from people.models import User
from tests.finance.billing import bill_here, drafts, issue
from tests.metrics.facts import make_account, make_line
from tests.users import client_of

pytestmark = pytest.mark.django_db
JAN, FEB = date(2026, 1, 1), date(2026, 2, 1)


@pytest.fixture
def acme(ada: User) -> Account:
    account = make_account("strategic", name="Acme", currency="EUR")
    make_line(account, JAN, None, "31", period="month", currency="EUR")
    bill_here(account, JAN, ada)
    return account


def issued(ada: User) -> Invoice:
    draft_invoices(until=JAN, by=ada)
    return issue(ada, JAN)[0]


@pytest.mark.parametrize(
    ("field", "more"),
    [
        ("due_on", {"due_on": date(1, 1, 1)}),
        ("due_on", {"due_on": date(9999, 12, 31)}),
        ("amount", {"amount": Decimal("100.50"), "currency": "JPY"}),
        ("amount", {"amount": Decimal("0.005")}),
    ],
)
def test_a_milestone_that_could_not_be_billed_is_refused(
    acme: Account, ada: User, field: str, more: dict[str, Any]
) -> None:
    fields = {"amount": Decimal(5), "currency": "EUR", "due_on": JAN} | more
    with pytest.raises(ValidationError) as told:
        add_milestone(account=acme, label="Start", by=ada, **fields)
    assert set(told.value.message_dict) == {field}


def test_a_milestone_was_not_reached_in_antiquity_and_stays_once_it_is_billed(
    acme: Account, ada: User
) -> None:
    due = add_milestone(account=acme, label="Go", amount=Decimal(5), currency="EUR", due_on=JAN, by=ada)
    with pytest.raises(ValidationError, match="2000"):
        reach_milestone(milestone=due, on=date(1, 1, 1), by=ada)
    draft_invoices(until=JAN, by=ada)
    issue(ada, JAN)
    with pytest.raises(ValidationError, match="billed"):
        drop_milestone(milestone=due)
    page = client_of(ada).get(reverse("finance:billing", args=[acme.pk])).content.decode()
    bill = Invoice.objects.get(period_start=None)
    assert reverse("finance:invoice", args=[bill.pk]) in page
    assert reverse("finance:milestone_drop", args=[due.pk]) not in page


@pytest.mark.parametrize("dates", [(date(2206, 1, 1),), (JAN,), (date(2025, 6, 1),)])
def test_agreed_days_that_no_bill_could_follow_are_refused(
    acme: Account, ada: User, dates: tuple[date, ...]
) -> None:
    with pytest.raises(ValidationError) as told:
        propose_arrangement(
            account=acme,
            terms=BillingTerms(schedule="custom", dates=dates),
            starts_on=JAN,
            by=ada,
            expected=expected_of(acme),
        )
    assert "dates" in told.value.message_dict


def test_one_payer_whose_invoices_are_refused_doesn_t_hold_up_the_others(acme: Account, ada: User) -> None:
    other = make_account("strategic", name="Brill", currency="EUR")
    make_line(other, JAN, None, "7", period="month", currency="EUR")
    bill_here(other, JAN, ada)
    BillingMilestone.objects.create(
        account=acme, label="Old", amount=1, currency="EUR", due_on=date(1, 1, 1), created_by=ada
    )
    done = draft_invoices(until=JAN, by=None)
    assert [one.account for one in drafts()] == [other]
    [told] = done.left_out
    assert (told.account, "1900" in told.why) == (acme, True)


def test_a_day_far_away_takes_no_number(acme: Account, ada: User) -> None:
    invoice = issued(ada)
    for day in (date(9999, 12, 31), today() + timedelta(days=401)):
        with pytest.raises(ValidationError, match="within a year"):
            credit_invoice(invoice=invoice, root_cause="other", on=day, by=ada)
    draft_invoices(until=FEB, by=ada)
    with pytest.raises(ValidationError, match="within a year"):
        issue_drafts(seen=[seen_of(drafts()[0])], on=date(1, 1, 1), by=ada)
    assert BillingCounter.objects.get().last == 1


def test_a_credit_note_of_nothing_or_of_fractions_is_refused(ada: User) -> None:
    account = make_account("strategic", name="Kyoto", currency="JPY")
    make_line(account, JAN, None, "3100", period="month", currency="JPY")
    bill_here(account, JAN, ada, tax_percent=Decimal(10))
    invoice = issued(ada)
    with pytest.raises(ValidationError, match="at least one line"):
        credit_invoice(invoice=invoice, root_cause="other", on=JAN, by=ada, amounts={})
    with pytest.raises(ValidationError, match="no such fractions"):
        credit_invoice(invoice=invoice, root_cause="other", on=JAN, by=ada, amounts={1: Decimal("0.5")})
    credit_invoice(invoice=invoice, root_cause="other", on=JAN, by=ada, amounts={1: Decimal(5)})
    [(_, net, tax)] = left_of(invoice)
    assert (net, tax) == (3095, 309)


@pytest.mark.parametrize("reason", ["a\x00b", " ", "x" * 301])
def test_a_reason_that_can_t_be_kept_is_told(acme: Account, ada: User, reason: str) -> None:
    draft_invoices(until=JAN, by=ada)
    data = {"act": "throw", "draft": [seen_of(drafts()[0])], "confirmed": "1", "reason": reason}
    assert client_of(ada).post(reverse("finance:drafts_act"), data).status_code == 422
    assert not BillingPass.objects.exists()


def test_an_unknown_act_or_day_does_nothing(acme: Account, ada: User) -> None:
    client = client_of(ada)
    for until in ("", "x", "9999-12-31"):
        client.post(reverse("finance:invoices_due"), {"until": until})
    assert drafts() == []
    draft_invoices(until=JAN, by=ada)
    data = {"act": "x", "draft": [seen_of(drafts()[0])], "confirmed": "1"}
    assert client.post(reverse("finance:drafts_act"), data).status_code == 302
    assert len(drafts()) == 1
