"""Pages of invoices and payments: who sees them, what they say, and what finance does there."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

import pytest
from django.test import Client

from accounts.models import Account
from finance.invoices.reading import Year, count_year
from finance.invoices.services import cause_seen, open_dispute
from finance.models import Allocation, Invoice, InvoiceCorrection, InvoiceDispute, InvoiceLine, Payment
from tests.finance.bills import invoice, line, payment
from tests.sync.conftest import Api, make_api
from tests.users import client_as, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(db: None) -> Api:
    api = make_api("stripe")
    api.bulk("accounts", [{"external_id": "001", "name": "Acme"}])
    note = invoice("n-1", kind="credit_note", corrects="i-1", due_on=None, lines=[line("10")])
    api.bulk("invoices", [invoice(lines=[line("70"), line("30", tax="5.70")]), note])
    api.bulk("payments", [payment(reference="Transfer 7")])
    return api


@pytest.fixture
def finance(db: None) -> Client:
    return client_as("finance")


def held() -> Invoice:
    return Invoice.objects.get(number="R-i-1")


@pytest.mark.parametrize("path", ["invoices/", "payments/", "ageing/", "invoices/accuracy/"])
@pytest.mark.parametrize(
    ("function", "status"), [("finance", 200), ("customer_success", 200), ("legal", 403)]
)
def test_pages_are_for_readers_of_financial_health(api, path, function, status):
    assert client_as(function).get(f"/finance/{path}").status_code == status


def test_the_list_says_what_is_open_and_how_late(api, finance):
    page = finance.get("/finance/invoices/?as_of=2026-06-10").content.decode()
    assert "R-i-1" in page
    assert "10 days overdue" in page
    assert "€95.70" in page
    assert "R-n-1" not in page
    assert "R-n-1" in finance.get("/finance/invoices/?show=credit_notes").content.decode()
    assert "No invoice fits" in finance.get("/finance/invoices/?q=zzz").content.decode()


@pytest.mark.parametrize("sort", ["due", "-due", "issued", "-total", "open", "nonsense"])
def test_the_list_takes_any_order_and_nonsense(api, finance, sort):
    assert finance.get(f"/finance/invoices/?show=all&sort={sort}&account=x&after=%00").status_code == 200


@pytest.mark.parametrize(
    ("path", "rows"),
    [("invoices/?show=all", 2), ("payments/?show=all", 1), ("ageing/?", 1), ("invoices/accuracy/?", 1)],
)
def test_the_lists_come_as_files(api, finance, path, rows):
    answer = finance.get(f"/finance/{path}&export=csv")
    file = b"".join(answer.streaming_content) if answer.streaming else answer.content
    assert len(file.splitlines()) == rows + 1


def test_a_dispute_is_noted_and_ended(api, finance):
    noted = InvoiceLine.objects.get(invoice=held(), number=2)
    address = f"/finance/invoices/lines/{noted.pk}/dispute/"
    assert finance.post(address, {"reason": " "}).status_code == 422
    assert finance.post(address, {"reason": "Not ours"}).status_code == 302
    assert "Not ours" in finance.get(f"/finance/invoices/{held().pk}/").content.decode()
    assert "already" in finance.post(address, {"reason": "Again"}).content.decode()
    dispute = InvoiceDispute.objects.get()
    end = f"/finance/invoices/disputes/{dispute.pk}/"
    assert finance.post(end, {"outcome": "nonsense"}).status_code == 422
    assert finance.post(end, {"outcome": "upheld", "note": "Seats had ended"}).status_code == 302
    assert finance.post(end, {"outcome": "upheld"}).status_code == 422
    dispute.refresh_from_db()
    assert dispute.outcome == "upheld"


def test_a_cause_is_named(api, finance):
    correction = InvoiceCorrection.objects.get()
    assert "Cause not named" in finance.get(f"/finance/invoices/{held().pk}/").content.decode()
    address = f"/finance/invoices/corrections/{correction.pk}/"
    assert finance.post(address, {"root_cause": ""}).status_code == 422
    seen = {"seen": cause_seen(correction)}
    assert finance.post(address, {"root_cause": "wrong_price", "note": "Old list", **seen}).status_code == 302
    page = finance.get("/finance/invoices/accuracy/?cause=wrong_price").content.decode()
    assert "Old list" in page


def test_accuracy_is_taken_apart_to_the_invoice(api, finance):
    old = invoice("old", issued_on="2025-01-01")
    kinds = [invoice("i-2"), invoice("i-3", kind="credit_note", due_on=None), invoice("i-4", status="draft")]
    given = [
        invoice(
            f"c-{of}-{cause}",
            kind="credit_note",
            corrects=of,
            due_on=None,
            root_cause=cause,
            lines=[line("1")],
        )
        for of, cause in (("i-1", "duplicate"), ("i-2", "goodwill"), ("old", "wrong_price"))
    ]
    api.bulk("invoices", [old, *kinds, *given])
    page = finance.get("/finance/invoices/accuracy/?as_of=2026-06-30").content.decode()
    assert "one is of an older invoice" in page
    assert count_year(date(2026, 6, 30)) == Year(issued=2, wrong=1, corrections=4, of_older=1)
    api.call("delete", "invoices/stripe/i-1/")
    assert count_year(date(2026, 6, 30)) == Year(issued=1, wrong=0, corrections=2, of_older=1)
    assert "R-i-1" not in finance.get("/finance/invoices/accuracy/?as_of=2026-06-30").content.decode()


def test_who_names_a_cause_second_is_told_and_loses_nothing(api, finance):
    correction = InvoiceCorrection.objects.get()
    address = f"/finance/invoices/corrections/{correction.pk}/"
    seen = cause_seen(correction)
    assert f'name="seen" value="{seen}"' in finance.get(address).content.decode()
    finance.post(address, {"root_cause": "duplicate", "seen": seen})
    late = finance.post(address, {"root_cause": "wrong_price", "note": "Old list", "seen": seen})
    page = late.content.decode()
    assert late.status_code == 422
    assert "named a cause meanwhile: Billed twice" in page
    assert "Old list" in page
    correction.refresh_from_db()
    assert correction.root_cause == "duplicate"
    again = {"root_cause": "wrong_price", "seen": cause_seen(correction)}
    assert finance.post(address, again).status_code == 302


def test_a_past_day_shows_what_counted_then_and_nothing_to_do(api, finance):
    api.bulk("invoices", [invoice("i-2", lines=[line("50")])])
    api.bulk(
        "payments", [payment("p-2", invoice="i-2", amount="20", paid_on="2026-06-10", reference="Early")]
    )
    second = Invoice.objects.get(number="R-i-2")
    open_dispute(line=second.positions.get(), reason="Not ours", by=make_user("finance"))
    before = finance.get(f"/finance/invoices/{second.pk}/?as_of=2026-06-09").content.decode()
    for word in ("Early", "Not ours", "Note a dispute", "End it"):
        assert word not in before
    assert "Nothing has been paid" in before
    now = finance.get(f"/finance/invoices/{second.pk}/").content.decode()
    for word in ("Early", "Not ours", "End it"):
        assert word in now


def test_what_a_credit_note_was_allocated_to_is_taken_back_from_either_page(api, finance):
    loose = invoice("n-2", kind="credit_note", due_on=None, lines=[line("30")])
    api.bulk("invoices", [loose])
    account = Account.objects.get()
    finance.post("/finance/payments/allocate/", {"account": account.pk})
    made = Allocation.objects.get(credit__number="R-n-2")
    undo = f"/finance/payments/allocations/{made.pk}/undo/"
    assert undo in finance.get(f"/finance/invoices/{held().pk}/").content.decode()
    assert undo in finance.get(f"/finance/invoices/{made.credit_id}/").content.decode()
    assert finance.post(undo)["Location"] == f"/finance/invoices/{made.credit_id}/"
    assert not Allocation.objects.live().filter(credit__number="R-n-2").exists()


def test_a_payment_is_allocated_and_taken_back(api, finance):
    paid = Payment.objects.get()
    address = f"/finance/payments/{paid.pk}/"
    assert "R-i-1: €95.70 open" in finance.get(address).content.decode()
    assert "at most" in finance.post(address, {"invoice": held().pk, "amount": "61"}).content.decode()
    assert finance.post(address, {"invoice": "nonsense"}).status_code == 422
    assert finance.post(address, {"invoice": held().pk, "amount": "20"}).status_code == 302
    assert finance.post("/finance/payments/allocate/", {"account": [paid.account_id, "x"]}).status_code == 302
    assert sum(Allocation.objects.filter(payment=paid).values_list("amount", flat=True)) == Decimal(60)
    made = Allocation.objects.get(kind="hand")
    finance.post(f"/finance/payments/allocations/{made.pk}/undo/")
    run = Allocation.objects.get(kind="automatic").run
    assert "Undo" in finance.get("/finance/payments/?show=all").content.decode()
    finance.post(f"/finance/payments/runs/{run.pk}/undo/")
    assert not Allocation.objects.live().filter(payment=paid).exists()


def test_only_finance_writes(api):
    sales = client_as("customer_success")
    paid = Payment.objects.get()
    noted = InvoiceLine.objects.get(invoice=held(), number=2)
    for address in (
        f"/finance/payments/{paid.pk}/",
        "/finance/payments/allocate/",
        f"/finance/invoices/lines/{noted.pk}/dispute/",
        f"/finance/invoices/corrections/{InvoiceCorrection.objects.get().pk}/",
    ):
        assert sales.post(address, {}).status_code == 403
    assert not Allocation.objects.filter(kind="hand").exists()
    page = sales.get(f"/finance/invoices/{held().pk}/").content.decode()
    assert "Note a dispute" not in page
    assert "Name the cause" not in page


def test_the_account_page_shows_balance_terms_and_what_is_missing_for_a_margin(api, finance):
    account = Account.objects.get()
    page = finance.get(f"{account.get_absolute_url()}?lens=finance").content.decode()
    assert "Balance" in page
    assert "R-i-1" in page
    assert "Margin comes with the profit and loss" in page


def test_an_unknown_number_is_not_found(api, finance):
    for path in (
        "invoices/9999999999999999999999/",
        "payments/9999999999999999999999/",
        "invoices/disputes/1/",
    ):
        assert finance.get(f"/finance/{path}").status_code == 404


def test_an_overdue_invoice_leads_to_who_asks_for_it(api, finance):
    late = finance.get(f"/finance/invoices/{held().pk}/?as_of=2026-06-10").content.decode()
    assert f"/collections/accounts/{held().account_id}/" in late
    early = finance.get(f"/finance/invoices/{held().pk}/?as_of=2026-05-10").content.decode()
    assert f"/collections/accounts/{held().account_id}/" not in early


def test_what_was_allocated_automatically_is_named_in_plain_text(api, finance):
    api.bulk("payments", [payment("p-9", invoice=None, account="001", amount="10", reference="Ahead")])
    told = finance.post("/finance/payments/allocate/", {"account": [held().account_id]}, follow=True)
    assert "Allocated to 1 invoice." in told.content.decode()
    page = finance.get("/finance/payments/").content.decode()
    assert "Settled 1 invoice, the oldest" in page
    labels = re.findall(r'aria-label="(Undo what[^"]*)"', page)
    assert len(labels) == 1
    assert "<" not in labels[0]
