"""How an account is billed: what holds, who may change it, and what waits for somebody's word."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse

from accounts.models import Account
from common.versions.errors import VersionChangedError
from finance.billing.agreed import Agreed, arrangement_of, arrangements_of, words_of_schedule
from finance.billing.arranging import (
    add_milestone,
    drop_milestone,
    expected_of,
    propose_arrangement,
    publish_due_arrangements,
    reach_milestone,
    withdraw_arrangement,
)
from finance.billing.terms import BillingTerms
from finance.models import BillingArrangement, BillingMilestone
from metrics.engine.plan import today
from people.approvals.models import ApprovalRequest
from people.approvals.services import RefusedError, decide_step
from people.models import User
from tests.metrics.facts import make_account, make_contact, make_line
from tests.users import client_as, make_user

pytestmark = pytest.mark.django_db
TODAY = today()


def in_days(days: int) -> date:
    return TODAY + timedelta(days=days)


@pytest.fixture
def small() -> Account:
    return make_account("standard", name="Small")


def agree(account: Account, by: User, starts_on: date = TODAY, **terms: Any) -> Any:
    terms = {"schedule": "monthly"} | terms
    expected = terms.pop("expected", None) or expected_of(account)
    return propose_arrangement(
        account=account,
        terms=BillingTerms(**terms),
        starts_on=starts_on,
        by=by,
        expected=expected,
    )


def decide(request: ApprovalRequest, by: User, *, is_approved: bool = True) -> None:
    decide_step(request=request, by=by, is_approved=is_approved, comment="Seen.")


def test_without_anything_agreed_invoices_are_made_elsewhere_and_terms_follow_contract_then_tier(
    acme: Account, ada: User
) -> None:
    held = arrangement_of(acme, TODAY)
    assert not held.is_made_here
    assert (held.terms.days, held.terms.origin) == (30, "Strategic tier")
    assert held.recipient.email == ""
    make_line(acme, in_days(-10), terms={"number": "C-1", "payment_terms_days": 45})
    held = arrangement_of(acme, TODAY)
    assert (held.terms.days, held.terms.origin) == (45, "Contract C-1")
    assert held.terms.is_from_contract
    agree(acme, ada, payment_days=45)
    held = arrangement_of(acme, TODAY)
    assert held.is_made_here
    assert held.terms.origin.startswith(f"Agreed by {ada}")


def test_what_the_tier_gives_counts_at_once(acme: Account, ada: User) -> None:
    contact = make_contact(acme, email="ap@acme.example")
    made = agree(
        acme,
        ada,
        schedule="quarterly",
        bill_day=31,
        bill_month=2,
        is_consolidated=True,
        contact=contact,
        payment_days=60,
    )
    assert made.request is None
    assert made.version.state == "published"
    held = arrangement_of(acme, TODAY)
    assert held.recipient.email == "ap@acme.example"
    assert held.schedule == "Quarterly in advance, from the 31st of February (in short months the last day)"


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ({"schedule": "quarterly"}, "schedule"),
        ({"payment_days": 45}, "payment_days"),
        ({"is_consolidated": True}, "is_consolidated"),
        ({"email": "ap@small.example"}, "contact"),
        ({"schedule": "milestones"}, "schedule"),
    ],
)
def test_what_goes_beyond_the_tier_waits_for_somebody_else_in_finance(
    small: Account, ada: User, terms: dict[str, Any], field: str
) -> None:
    made = agree(small, ada, **terms)
    assert field in {finding.field for finding in made.findings}
    assert made.version.state == "draft"
    assert not arrangement_of(small, TODAY).is_made_here
    with pytest.raises(ValidationError, match="waits for approval"):
        agree(small, ada)
    with pytest.raises(RefusedError):
        decide(made.request, ada)
    decide(made.request, make_user("finance"))
    assert arrangement_of(small, TODAY).version == made.version


def test_what_was_rejected_is_gone(small: Account, ada: User) -> None:
    made = agree(small, ada, schedule="quarterly")
    decide(made.request, make_user("finance"), is_approved=False)
    assert not BillingArrangement.objects.exists()
    assert agree(small, ada, schedule="annual").request is None


def test_days_to_prepay_and_those_of_a_contract_are_inside(small: Account, ada: User) -> None:
    assert agree(small, ada, payment_days=0).request is None
    make_line(small, in_days(-10), terms={"payment_terms_days": 90})
    assert agree(small, ada, payment_days=90).request is None
    assert agree(small, ada, payment_days=30).request is not None


def test_of_two_who_agree_at_once_one_wins_and_the_other_is_told(acme: Account, ada: User) -> None:
    seen = expected_of(acme)
    agree(acme, ada, payment_days=30)
    with pytest.raises(VersionChangedError) as told:
        agree(acme, make_user("finance"), payment_days=60, expected=seen)
    assert f"agreed by {ada} meanwhile" in told.value.message
    assert "Days to pay: 30" in told.value.differences


def test_versions_count_from_their_day_and_stay_as_they_were(acme: Account, ada: User) -> None:
    first = agree(acme, ada, in_days(-100)).version
    second = agree(acme, ada, in_days(-10), schedule="annual").version
    third = agree(acme, ada, in_days(10), schedule="quarterly").version
    assert third.state == "scheduled"
    days = [-101, -100, -11, -10, 9, 10]
    held = [arrangement_of(acme, in_days(day)).version for day in days]
    assert held == [None, first, first, second, second, third]
    with pytest.raises(ValidationError, match="choose that day or a later one"):
        agree(acme, ada, in_days(5))
    with transaction.atomic(), pytest.raises(IntegrityError, match="kept as it is"):
        BillingArrangement.objects.filter(pk=second.pk).update(bill_day=7)
    withdraw_arrangement(version=third, by=ada)
    with pytest.raises(ValidationError, match="not scheduled"):
        withdraw_arrangement(version=second, by=ada)
    assert arrangement_of(acme, in_days(10)).version == second


def test_a_version_whose_day_has_come_is_published(
    acme: Account, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    agree(acme, ada)
    ahead = agree(acme, ada, in_days(10), schedule="annual").version
    assert publish_due_arrangements() == 0
    monkeypatch.setattr("finance.billing.arranging.today", lambda: in_days(10))
    assert publish_due_arrangements() == 1
    ahead.refresh_from_db()
    assert (ahead.state, ahead.published_by) == ("published", ada)
    assert publish_due_arrangements() == 0


def test_divisions_are_billed_through_the_parent_where_its_invoices_are_consolidated(
    acme: Account, ada: User, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    divisions = [make_account("standard", billing_parent=acme) for _ in range(5)]
    agree(acme, ada, email="ap@acme.example", purchase_order="PO 7")
    assert arrangement_of(divisions[0], TODAY).payer == divisions[0]
    agree(
        acme,
        ada,
        is_consolidated=True,
        email="ap@acme.example",
        purchase_order="PO 7",
        tax_percent=Decimal(19),
    )
    with django_assert_max_num_queries(6):
        held: dict[int, Agreed] = arrangements_of(divisions, TODAY)
    assert {one.payer for one in held.values()} == {acme}
    assert {one.purchase_order for one in held.values()} == {"PO 7"}
    assert {one.tax_percent for one in held.values()} == {19}


def test_a_milestone_is_reached_once_and_thrown_away_only_before(acme: Account, ada: User) -> None:
    held = add_milestone(
        account=acme, label="Go-live", amount=Decimal(5000), currency="eur", event="Signed", by=ada
    )
    assert held.currency == "EUR"
    for wrong in ({"label": " "}, {"amount": Decimal(0)}, {"event": ""}):
        given = {"label": "A", "amount": Decimal(1), "event": "B"} | wrong
        with pytest.raises(ValidationError):
            add_milestone(account=acme, currency="EUR", by=ada, **given)  # type: ignore[arg-type]
    reach_milestone(milestone=held, on=TODAY, by=ada)
    with pytest.raises(ValidationError, match="already"):
        reach_milestone(milestone=held, on=TODAY, by=ada)
    with pytest.raises(ValidationError, match="was reached"):
        drop_milestone(milestone=held)
    assert list(BillingMilestone.objects.due_by(TODAY)) == [held]


def fields(account: Account, **more: Any) -> dict[str, Any]:
    return {
        "starts_on": TODAY.isoformat(),
        "schedule": "monthly",
        "timing": "advance",
        "bill_day": 1,
        "bill_month": 1,
        "tax_percent": "0",
        "expected": expected_of(account),
    } | more


def test_finance_changes_and_others_read(acme: Account) -> None:
    url, change = (reverse(f"finance:{name}", args=[acme.pk]) for name in ("billing", "billing_change"))
    sales, legal, finance = (client_as(function) for function in ("sales", "legal", "finance"))
    assert sales.get(url).status_code == 200
    assert b"Agree on billing" not in sales.get(url).content
    assert legal.get(url).status_code == 403
    assert sales.get(change).status_code == 403
    assert finance.get(change).status_code == 200
    response = finance.post(
        change, fields(acme, schedule="custom", dates="2027-03-01, 2027-09-15", note="Asked for")
    )
    assert response.status_code == 302
    version = BillingArrangement.objects.get()
    assert words_of_schedule(version) == "On agreed days in advance: 1 Mar 2027, 15 Sep 2027"
    page = sales.get(url).content.decode()
    assert "Asked for" in page
    assert "1 Mar 2027" in page


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"bill_day": 32}, "bill_day"),
        ({"bill_day": ""}, "bill_day"),
        ({"schedule": "custom", "dates": ""}, "dates"),
        ({"schedule": "custom", "dates": "1.3.2027"}, "dates"),
        ({"schedule": "custom", "dates": "2027-02-30"}, "dates"),
        ({"tax_percent": "101"}, "tax_percent"),
        ({"tax_percent": "NaN"}, "tax_percent"),
        ({"payment_days": "999"}, "payment_days"),
        ({"starts_on": "0001-01-01"}, "starts_on"),
        ({"contact": "9" * 30}, "contact"),
        ({"email": "no"}, "email"),
        ({"schedule": "weekly"}, "schedule"),
        ({"bill_month": "x"}, "bill_month"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_nothing_typed_is_lost(
    acme: Account, given: dict[str, Any], field: str
) -> None:
    response = client_as("finance").post(
        reverse("finance:billing_change", args=[acme.pk]), fields(acme, purchase_order="PO 77", **given)
    )
    assert response.status_code == 422
    assert field in response.context["form"].errors
    assert b"PO 77" in response.content
    assert not BillingArrangement.objects.exists()


def test_who_was_second_sees_what_the_first_agreed_and_may_agree_again(acme: Account, ada: User) -> None:
    client, url = client_as("finance"), reverse("finance:billing_change", args=[acme.pk])
    typed = fields(acme, schedule="annual")
    agree(acme, ada, payment_days=60)
    response = client.post(url, typed)
    assert response.status_code == 422
    assert "Days to pay: 60" in response.content.decode()
    again = response.context["form"]["expected"].value()
    assert client.post(url, typed | {"expected": again}).status_code == 302
    assert arrangement_of(acme, TODAY).version.schedule == "annual"  # type: ignore[union-attr]


def test_milestones_on_the_page(acme: Account) -> None:
    client = client_as("finance")
    add, page = (reverse(f"finance:{name}", args=[acme.pk]) for name in ("milestone_add", "billing"))
    given = {"label": "Go-live", "amount": "5000", "currency": "eur", "event": "Signed"}
    assert client.post(add, given | {"currency": "xxy"}).status_code == 422
    assert client.post(add, given | {"event": ""}).status_code == 422
    assert client.post(add, given).status_code == 302
    held = BillingMilestone.objects.get()
    assert client_as("sales").post(reverse("finance:milestone_reached", args=[held.pk])).status_code == 403
    client.post(reverse("finance:milestone_reached", args=[held.pk]), {"reached_on": TODAY.isoformat()})
    held.refresh_from_db()
    assert held.reached_on == TODAY
    client.post(reverse("finance:milestone_drop", args=[held.pk]))
    assert BillingMilestone.objects.exists()
    assert b"Go-live" in b"".join(client.get(f"{page}?export=csv").streaming_content)  # type: ignore[attr-defined]
