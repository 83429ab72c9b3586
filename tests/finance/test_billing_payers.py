"""Who is billed for which days, where that changes on the way: no day lost, none billed twice."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db.models import Sum

from accounts.models import Account
from finance.billing.arranging import add_milestone, reach_milestone, withdraw_arrangement
from finance.billing.drafting import draft_invoices, preview_drafts
from finance.billing.issuing import credit_invoice, issue_drafts, seen_of
from finance.billing.papers.invoice import invoice_paper
from finance.models import BillingCounter, Contract, ContractLine, Invoice
from people.models import User
from tests.finance.billing import bill_here, drafts, issue, said
from tests.metrics.facts import make_account, make_line

pytestmark = pytest.mark.django_db
JAN, FEB, MAR, APR, MAY, JUN, JUL = (date(2026, month, 1) for month in range(1, 8))


@pytest.fixture
def north(acme: Account) -> Account:
    return make_account("strategic", name="North", currency="EUR", billing_parent=acme)


def line(account: Account, amount: str = "31", start: date = JAN, **more: Any) -> ContractLine:
    return make_line(account, start, None, amount, **{"period": "month", "currency": "EUR"} | more)


def spans(invoice: Invoice) -> list[tuple[str, str]]:
    return [(days, net) for _, _, days, net in said(invoice)]


def test_days_before_invoices_are_consolidated_are_not_on_the_parents_invoice(
    acme: Account, north: Account, ada: User
) -> None:
    """Another system billed the division until then."""
    line(north)
    line(acme, "100")
    bill_here(acme, JAN, ada)
    draft_invoices(until=FEB, by=ada)
    issue(ada, FEB)
    bill_here(acme, MAR, ada, is_consolidated=True)
    draft_invoices(until=MAR, by=ada)
    [draft] = drafts()
    assert [(row[0], row[3]) for row in said(draft)] == [(acme.pk, "100.00"), (north.pk, "31.00")]


def test_a_division_still_gets_the_bill_for_its_last_days_in_arrears(
    acme: Account, north: Account, ada: User
) -> None:
    line(north)
    bill_here(north, JAN, ada, timing="arrears", payment_days=45, email="ap@north.example")
    bill_here(acme, MAR, ada, is_consolidated=True, email="ap@acme.example")
    draft_invoices(until=MAR, by=ada)
    assert [(one.account, *spans(one)) for one in drafts()] == [
        (north, ("01.01.–01.02.", "31.00")),
        (acme, ("01.03.–01.04.", "31.00")),
        (north, ("01.02.–01.03.", "31.00")),
    ]
    done = issue(ada, date(2026, 3, 10))
    last = [one for one in done if one.account == north]
    assert {one.due_on for one in last} == {date(2026, 4, 24)}
    assert {invoice_paper(one).to for one in last} == {("North", "Accounts payable", "ap@north.example")}
    assert draft_invoices(until=MAR, by=ada).total == 0


def test_a_parent_keeps_the_invoices_for_the_days_on_which_it_paid(
    acme: Account, north: Account, ada: User
) -> None:
    line(north)
    bill_here(acme, JAN, ada, is_consolidated=True)
    bill_here(north, JAN, ada)
    bill_here(acme, MAR, ada)
    draft_invoices(until=APR, by=ada)
    assert [(one.account, *spans(one)) for one in drafts()] == [
        (acme, ("01.01.–01.02.", "31.00")),
        (acme, ("01.02.–01.03.", "31.00")),
        (north, ("01.03.–01.04.", "31.00")),
        (north, ("01.04.–01.05.", "31.00")),
    ]


@pytest.mark.parametrize("is_ended", [True, False])
def test_a_year_paid_by_the_division_is_neither_given_back_nor_asked_of_the_parent(
    acme: Account, north: Account, ada: User, is_ended: bool
) -> None:
    held = line(north, "1200", period="year")
    bill_here(north, JAN, ada, schedule="annual")
    draft_invoices(until=JAN, by=ada)
    issue(ada, JAN)
    bill_here(acme, JUN, ada, is_consolidated=True)
    if is_ended:
        bill_here(north, JUN, ada, schedule="elsewhere")
    assert draft_invoices(until=JUL, by=ada).total == 0
    draft_invoices(until=date(2027, 1, 1), by=ada)
    assert [(one.account, *spans(one)) for one in drafts()] == [(acme, ("01.01.–01.02.", "100.00"))]
    ContractLine.objects.filter(pk=held.pk).update(amount=2400)
    left_out = draft_invoices(until=date(2027, 1, 1), by=ada).left_out
    assert [one.what for one in left_out] == (["€1,200.00 before tax"] if is_ended else [])
    asked = {(one.account, one.total) for one in drafts()}
    assert asked == {(acme, Decimal(200))} | (set() if is_ended else {(north, Decimal(1200))})


def test_what_changed_of_a_division_that_was_billed_itself_comes_to_the_division(
    acme: Account, north: Account, ada: User
) -> None:
    held = line(north)
    bill_here(north, JAN, ada)
    draft_invoices(until=JAN, by=ada)
    issue(ada, JAN)
    bill_here(acme, FEB, ada, is_consolidated=True)
    ContractLine.objects.filter(pk=held.pk).update(amount=21)
    draft_invoices(until=FEB, by=ada)
    assert {(one.account, one.kind, one.total) for one in drafts()} == {
        (north, "credit_note", Decimal(10)),
        (acme, "invoice", Decimal(21)),
    }


def test_in_a_chain_of_billing_parents_nobody_is_left_out(acme: Account, north: Account, ada: User) -> None:
    west = make_account("strategic", name="West", currency="EUR", billing_parent=north)
    for account, amount in ((acme, "1"), (north, "2"), (west, "4")):
        line(account, amount)
    bill_here(acme, JAN, ada, is_consolidated=True)
    bill_here(north, JAN, ada, is_consolidated=True)
    draft_invoices(until=JAN, by=ada)
    assert {(one.account, one.total) for one in drafts()} == {(acme, Decimal(3)), (north, Decimal(4))}


def test_a_milestone_that_the_division_paid_is_not_drafted_for_the_parent(
    acme: Account, north: Account, ada: User
) -> None:
    bill_here(north, JAN, ada)
    for day in (JAN, MAR):
        add_milestone(account=north, label="Start", amount=Decimal(9), currency="EUR", due_on=day, by=ada)
    draft_invoices(until=JAN, by=ada)
    issue(ada, JAN)
    bill_here(acme, FEB, ada, is_consolidated=True)
    draft_invoices(until=APR, by=ada, accounts=[acme.pk])
    draft_invoices(until=APR, by=ada)
    assert [(one.account, one.issued_on) for one in drafts()] == [(acme, MAR)]


def test_a_milestone_is_billed_once_though_its_day_is_another_payers_by_now(
    acme: Account, north: Account, ada: User
) -> None:
    bill_here(north, JAN, ada)
    add_milestone(account=north, label="Start", amount=Decimal(9), currency="EUR", due_on=MAR, by=ada)
    draft_invoices(until=MAR, by=ada)
    [paid] = issue(ada, MAR)
    assert paid.account == north
    bill_here(acme, FEB, ada, is_consolidated=True)
    for accounts in ([acme.pk], None):
        assert draft_invoices(until=APR, by=ada, accounts=accounts).total == 0


def test_a_milestone_reached_early_is_billed_on_that_day(acme: Account, ada: User) -> None:
    bill_here(acme, JAN, ada)
    due = add_milestone(account=acme, label="Go", amount=Decimal(9), currency="EUR", due_on=MAR, by=ada)
    reach_milestone(milestone=due, on=FEB, by=ada)
    draft_invoices(until=FEB, by=ada)
    assert [one.issued_on for one in drafts()] == [FEB]


def test_what_was_billed_in_another_currency_is_neither_billed_again_nor_corrected(
    acme: Account, ada: User
) -> None:
    held = line(acme)
    bill_here(acme, JAN, ada)
    draft_invoices(until=JAN, by=ada)
    issue(ada, JAN)
    Contract.objects.filter(pk=held.contract_id).update(currency="USD")
    ContractLine.objects.filter(pk=held.pk).update(amount=62)
    draft_invoices(until=FEB, by=ada)
    assert [(one.currency, *spans(one)) for one in drafts()] == [("USD", ("01.02.–01.03.", "62.00"))]


def test_invoices_begin_within_a_stretch_of_the_division_and_no_day_is_lost(
    acme: Account, north: Account, ada: User
) -> None:
    line(north)
    bill_here(north, JAN, ada, timing="arrears")
    bill_here(acme, date(2026, 1, 21), ada, is_consolidated=True)
    draft_invoices(until=FEB, by=ada)
    assert {(one.account, *spans(one)) for one in drafts()} == {
        (north, ("01.01.–21.01.", "20.00")),
        (acme, ("21.01.–01.02.", "11.00")),
        (acme, ("01.02.–01.03.", "31.00")),
    }
    issue(ada, FEB)
    assert draft_invoices(until=FEB, by=ada).total == 0


def test_what_no_bill_follows_for_is_told(acme: Account, ada: User) -> None:
    """A year was paid ahead, then another system took over."""
    line(acme, "1200", period="year")
    bill_here(acme, JAN, ada, schedule="annual")
    draft_invoices(until=JAN, by=ada)
    [invoice] = issue(ada, JAN)
    bill_here(acme, JUL, ada, schedule="elsewhere")
    [told] = preview_drafts(until=JUL).left_out
    assert (told.account, told.what) == (acme, "−€600.00 before tax")
    assert "no invoice follows" in told.why
    credit_invoice(invoice=invoice, root_cause="contract_late", on=JUL, by=ada, amounts={1: Decimal(600)})
    assert preview_drafts(until=JUL).left_out == []


def test_what_waits_for_the_next_bill_is_told(acme: Account, ada: User) -> None:
    held = line(acme, "1200", period="year")
    bill_here(acme, JAN, ada, schedule="annual")
    draft_invoices(until=JAN, by=ada)
    issue(ada, JAN)
    ContractLine.objects.filter(pk=held.pk).update(end_on=APR)
    [told] = preview_drafts(until=JUL).left_out
    assert (told.what, told.why[-23:]) == ("−€900.00 before tax", "comes with the next one")


def test_agreed_days_that_have_ended_are_told(acme: Account, ada: User) -> None:
    line(acme)
    bill_here(acme, JAN, ada, schedule="custom", dates=(MAR,))
    assert draft_invoices(until=FEB, by=ada).left_out == []
    [told] = draft_invoices(until=MAR, by=ada).left_out
    assert "ended on 1 Mar 2026" in told.why


def test_use_isn_t_told_of_where_another_system_makes_the_invoices(acme: Account, ada: User) -> None:
    line(acme, period="usage")
    bill_here(acme, JAN, ada)
    assert len(preview_drafts(until=FEB).left_out) == 1
    bill_here(acme, MAR, ada, schedule="elsewhere")
    assert preview_drafts(until=MAR).left_out == []


@pytest.mark.parametrize("change", [{"product": "Suite"}, {"quantity": 3}])
def test_a_draft_of_the_same_amount_that_says_something_else_is_not_issued(
    acme: Account, ada: User, change: dict[str, Any]
) -> None:
    held = line(acme)
    bill_here(acme, JAN, ada)
    draft_invoices(until=JAN, by=ada)
    seen = [seen_of(one) for one in drafts()]
    ContractLine.objects.filter(pk=held.pk).update(**change)
    with pytest.raises(ValidationError, match="changed since its draft was made"):
        issue_drafts(seen=seen, on=JAN, by=ada)
    assert preview_drafts(until=JAN).counts["changed"] == 1
    draft_invoices(until=JAN, by=ada)
    with pytest.raises(ValidationError, match="changed since you looked"):
        issue_drafts(seen=seen, on=JAN, by=ada)
    assert not BillingCounter.objects.exists()
    assert len(issue(ada, JAN)) == 1


@pytest.mark.parametrize("since", [JAN, FEB])
def test_a_correction_is_taxed_as_what_it_corrects(acme: Account, ada: User, since: date) -> None:
    """Whether the rate changed afterwards, or was wrong from the first day."""
    held = line(acme, "100")
    bill_here(acme, JAN, ada, tax_percent=Decimal(19))
    draft_invoices(until=JAN, by=ada)
    issue(ada, JAN)
    bill_here(acme, since, ada, tax_percent=Decimal(7))
    ContractLine.objects.filter(pk=held.pk).update(amount=50)
    draft_invoices(until=FEB, by=ada)
    [draft] = drafts()
    assert (draft.kind, draft.total) == ("credit_note", Decimal(6))
    assert [(one.tax_percent, one.net, one.tax) for one in draft.positions.order_by("number")] == [
        (19, 50, Decimal("9.50")),
        (7, -50, Decimal("-3.50")),
    ]


def test_late_days_are_taxed_as_agreed_for_those_days(acme: Account, ada: User) -> None:
    line(acme, "100")
    bill_here(acme, JAN, ada, tax_percent=Decimal(19))
    draft_invoices(until=JAN, by=ada)
    issue(ada, JAN)
    bill_here(acme, FEB, ada, tax_percent=Decimal(7))
    line(acme, "200")
    draft_invoices(until=FEB, by=ada)
    [draft] = drafts()
    assert (draft.net, draft.tax) == (Decimal(500), Decimal("59.00"))


def test_drafts_of_an_arrangement_that_was_taken_back_are_taken_back(acme: Account, ada: User) -> None:
    later = date(2027, 1, 1)
    line(acme)
    version = bill_here(acme, later, ada)
    draft_invoices(until=later, by=ada)
    assert len(drafts()) == 1
    withdraw_arrangement(version=version, by=ada)
    assert [one.account for one in preview_drafts(until=JAN).removed] == [acme]
    draft_invoices(until=JAN, by=None)
    assert drafts() == []


def test_drafts_made_ahead_follow_the_contract_each_night(acme: Account, ada: User) -> None:
    held = line(acme)
    bill_here(acme, JAN, ada)
    draft_invoices(until=MAR, by=ada)
    ContractLine.objects.filter(pk=held.pk).update(amount=62)
    assert preview_drafts(until=JAN).counts == {"new": 0, "changed": 3, "unchanged": 0}
    assert draft_invoices(until=JAN, by=None).updated == 3
    assert Invoice.objects.aggregate(sum=Sum("total"))["sum"] == 186
