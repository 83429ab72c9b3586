"""Drafts of invoices: what they hold, that they are made once, and that they follow contracts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import Sum

from accounts.models import Account
from finance.billing.arranging import add_milestone, reach_milestone
from finance.billing.drafting import draft_invoices, preview_drafts
from finance.models import Contract, ContractLine, Invoice, InvoiceLine
from people.models import User
from tests.finance.billing import bill_here, drafts, said
from tests.metrics.facts import make_account, make_line

pytestmark = pytest.mark.django_db
JAN, FEB, MAR, APR = (date(2026, month, 1) for month in (1, 2, 3, 4))


def line(
    account: Account, amount: str = "31", start: date = JAN, end: date | None = None, **more: Any
) -> ContractLine:
    more = {"period": "month", "currency": "EUR", "terms": {"number": "C-1"}} | more
    return make_line(account, start, end, amount, **more)


def test_a_month_is_billed_in_advance_with_its_lines_by_days(acme: Account, ada: User) -> None:
    line(acme)
    line(acme, "62", start=date(2026, 1, 11))
    bill_here(acme, JAN, ada, payment_days=45, purchase_order="PO 7", tax_percent=Decimal(19))
    done = draft_invoices(until=JAN, by=ada)
    assert (done.created, done.total) == (1, 1)
    [draft] = drafts()
    assert said(draft) == [
        (acme.pk, "Plan, contract C-1", "01.01.–01.02.", "31.00"),
        (acme.pk, "Plan, contract C-1", "11.01.–01.02.", "42.00"),
    ]
    assert (draft.net, draft.tax, draft.total) == (Decimal(73), Decimal("13.87"), Decimal("86.87"))
    assert (draft.issued_on, draft.due_on) == (JAN, date(2026, 2, 15))
    assert (draft.period_start, draft.period_end, draft.purchase_order) == (JAN, FEB, "PO 7")


def test_run_twice_the_drafts_are_the_same(acme: Account, ada: User) -> None:
    line(acme)
    bill_here(acme, JAN, ada)
    draft_invoices(until=MAR, by=ada)
    before = [(one.pk, one.total, said(one)) for one in drafts()]
    assert len(before) == 3
    done = draft_invoices(until=MAR, by=None)
    assert (done.created, done.updated, done.unchanged, done.removed) == (0, 0, 3, 0)
    assert [(one.pk, one.total, said(one)) for one in drafts()] == before


def test_a_changed_contract_makes_its_draft_anew_and_one_without_lines_is_taken_back(
    acme: Account, ada: User
) -> None:
    held = line(acme)
    bill_here(acme, JAN, ada)
    draft_invoices(until=FEB, by=ada)
    ContractLine.objects.filter(pk=held.pk).update(amount=62, end_on=FEB)
    done = draft_invoices(until=FEB, by=ada)
    assert (done.updated, done.removed) == (1, 1)
    assert [one.total for one in drafts()] == [Decimal(62)]


def issue(invoice: Invoice) -> None:
    """Issue a draft as the service of its own does, without a number of its own."""
    from sync.models import Link
    from sync.own import send_own_records

    name = Link.objects.get(resource="invoices", object_id=invoice.pk).external_id
    send_own_records(
        "invoices", [{"external_id": name, "number": f"N{invoice.pk}", "status": "issued"}], by=None
    )


def test_what_changes_after_issue_comes_with_the_next_draft_by_days(acme: Account, ada: User) -> None:
    held = line(acme)
    bill_here(acme, JAN, ada)
    draft_invoices(until=JAN, by=ada)
    issue(drafts()[0])
    ContractLine.objects.filter(pk=held.pk).update(end_on=date(2026, 1, 11))
    line(acme, "62", start=date(2026, 1, 11))
    draft_invoices(until=FEB, by=ada)
    [draft] = drafts()
    assert said(draft) == [
        (acme.pk, "Correction: Plan, contract C-1", "01.01.–01.02.", "-21.00"),
        (acme.pk, "Plan, contract C-1", "11.01.–01.02.", "42.00"),
        (acme.pk, "Plan, contract C-1", "01.02.–01.03.", "62.00"),
    ]
    issue(draft)
    assert draft_invoices(until=FEB, by=ada).total == 0


def test_more_given_back_than_charged_comes_as_a_credit_note(acme: Account, ada: User) -> None:
    held = line(acme)
    bill_here(acme, JAN, ada, tax_percent=Decimal(10))
    draft_invoices(until=JAN, by=ada)
    issue(drafts()[0])
    Contract.objects.filter(pk=held.contract_id).update(deleted_at="2026-01-20T00:00Z")
    draft_invoices(until=FEB, by=ada)
    [draft] = drafts()
    assert (draft.kind, draft.root_cause, draft.total) == ("credit_note", "contract_late", Decimal("34.10"))
    assert said(draft)[0][3] == "31.00"


def test_divisions_stand_on_the_bill_of_the_parent_with_their_names(acme: Account, ada: User) -> None:
    north, south = (make_account(name=name, billing_parent=acme) for name in ("North", "South"))
    line(north, "10")
    line(south, "20")
    line(south, "5", currency="USD")
    line(acme, "30")
    bill_here(acme, JAN, ada, is_consolidated=True)
    bill_here(north, JAN, ada)
    draft_invoices(until=JAN, by=ada)
    euro, dollar = drafts()
    assert [(row[0], row[3]) for row in said(euro)] == [
        (acme.pk, "30.00"),
        (north.pk, "10.00"),
        (south.pk, "20.00"),
    ]
    assert (dollar.account_id, dollar.currency, dollar.total) == (acme.pk, "USD", 5)


def test_divisions_are_billed_themselves_where_the_parent_isn_t_consolidated(
    acme: Account, ada: User
) -> None:
    north = make_account(name="North", billing_parent=acme)
    line(north, "10")
    line(acme, "30")
    bill_here(acme, JAN, ada)
    draft_invoices(until=JAN, by=ada)
    assert [(one.account_id, one.total) for one in drafts()] == [(acme.pk, 30)]
    bill_here(north, JAN, ada)
    draft_invoices(until=JAN, by=ada)
    assert {(one.account_id, one.total) for one in drafts()} == {(acme.pk, 30), (north.pk, 10)}


def test_milestones_are_billed_when_due_or_reached_and_lines_are_not(acme: Account, ada: User) -> None:
    line(acme)
    bill_here(acme, JAN, ada, schedule="milestones", tax_percent=Decimal(20))
    add_milestone(account=acme, label="Start", amount=Decimal(100), currency="EUR", due_on=FEB, by=ada)
    reached = add_milestone(
        account=acme, label="Done", amount=Decimal(50), currency="EUR", event="Signed", by=ada
    )
    draft_invoices(until=JAN, by=ada)
    assert drafts() == []
    reach_milestone(milestone=reached, on=date(2026, 2, 3), by=ada)
    draft_invoices(until=date(2026, 2, 5), by=ada)
    assert [(one.total, one.issued_on) for one in drafts()] == [(120, FEB), (60, date(2026, 2, 3))]
    for one in drafts():
        issue(one)
    assert draft_invoices(until=MAR, by=ada).total == 0


def test_use_trials_and_accounts_billed_elsewhere_are_left_out(acme: Account, ada: User) -> None:
    line(acme, is_trial=True)
    line(acme, period="usage")
    line(make_account(), "10")
    bill_here(acme, JAN, ada)
    done = draft_invoices(until=JAN, by=ada)
    assert done.total == 0
    assert [(one.account, one.what) for one in done.left_out] == [(acme, "Plan")]


def test_a_line_billed_by_another_system_isn_t_billed_again(acme: Account, ada: User) -> None:
    held = line(acme)
    before = Invoice.objects.create(account=acme, number="S-1", issued_on=JAN, currency="EUR")
    InvoiceLine.objects.create(
        invoice=before,
        number=1,
        account=acme,
        contract_line=held,
        period_start=JAN,
        period_end=FEB,
        net=7,
        total=7,
    )
    bill_here(acme, JAN, ada)
    draft_invoices(until=FEB, by=ada)
    assert [said(one)[0][2] for one in drafts()] == ["01.02.–01.03."]


def test_goodwill_is_not_asked_for_again_and_a_fault_that_was_credited_is(acme: Account, ada: User) -> None:
    held = line(acme)
    bill_here(acme, JAN, ada)
    draft_invoices(until=JAN, by=ada)
    [draft] = drafts()
    issue(draft)
    from sync.own import send_own_records

    for cause, expected in (("goodwill", ["31.00"]), ("wrong_recipient", ["10.00", "31.00"])):
        row = {"number": 1, "description": "Back", "net": "10", "period_start": JAN, "period_end": FEB}
        record = {
            "external_id": cause,
            "account": acme.pk,
            "number": cause,
            "kind": "credit_note",
            "root_cause": cause,
        }
        more = {
            "corrects": draft.pk,
            "issued_on": JAN,
            "currency": "EUR",
            "lines": [row | {"contract_line": held.pk}],
        }
        send_own_records("invoices", [record | more], by=None)
        draft_invoices(until=FEB, by=ada)
        assert [row[3] for row in said(drafts()[0])] == expected


def test_a_preview_says_what_a_run_would_do_and_writes_nothing(acme: Account, ada: User) -> None:
    held = line(acme)
    line(acme, period="usage")
    bill_here(acme, JAN, ada)
    draft_invoices(until=FEB, by=ada)
    ContractLine.objects.filter(pk=held.pk).update(end_on=date(2026, 1, 11))
    line(acme, "20", start=MAR)
    told = preview_drafts(until=MAR)
    assert told.counts == {"new": 1, "changed": 1, "unchanged": 0}
    assert told.amounts == {"EUR": Decimal("30.00")}
    assert [one.issued_on for one in told.removed] == [FEB]
    assert len(told.left_out) == 1
    assert len(drafts()) == 2
    done = draft_invoices(until=MAR, by=ada)
    assert (done.created, done.updated, done.removed) == (1, 1, 1)


def test_many_payers_cost_no_more_queries(
    ada: User, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    def more(count: int) -> None:
        for _ in range(count):
            account = make_account("strategic")
            line(account)
            bill_here(account, JAN, ada)

    more(2)
    with django_assert_max_num_queries(500) as few:
        preview_drafts(until=JAN)
    more(10)
    with django_assert_max_num_queries(len(few)):
        told = preview_drafts(until=JAN)
    assert len(told.seen) == 12


def test_all_invoices_of_a_line_come_to_what_its_contract_says(acme: Account, ada: User) -> None:
    """A year for 1,000.01, begun and ended within months, billed by another schedule from half of it on."""
    line(acme, "1000.01", start=date(2026, 1, 17), end=date(2027, 1, 17), period="year")
    bill_here(acme, JAN, ada)
    draft_invoices(until=date(2026, 4, 30), by=ada)
    for one in drafts():
        issue(one)
    bill_here(acme, date(2026, 5, 1), ada, schedule="quarterly", bill_month=2, timing="arrears")
    draft_invoices(until=date(2027, 6, 1), by=ada)
    for one in drafts():
        issue(one)
    assert Invoice.objects.aggregate(sum=Sum("total"))["sum"] == Decimal("1000.01")
