"""Invoices and payments as they arrive: lines, totals, what is open, and what the sender is told."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from accounts.models import Account
from finance.models import Allocation, Contract, Invoice, InvoiceCorrection, InvoiceLine, Payment
from people.models import User
from sync.own import send_own_records
from sync.provenance.services import set_pin
from sync.registry import resources
from tests.finance.bills import invoice, line, payment
from tests.sync.conftest import Api, make_api
from tests.users import make_user

pytestmark = pytest.mark.django_db
TODAY = date(2026, 6, 30)


@pytest.fixture
def finance(db: None) -> User:
    return make_user("finance")


@pytest.fixture
def api(db: None) -> Api:
    """The billing system's client."""
    return make_api("stripe")


@pytest.fixture
def account(api: Any) -> Account:
    api.bulk("accounts", [{"external_id": "001", "name": "Acme"}])
    return Account.objects.get()


def opened(as_of: date = TODAY) -> dict[str, Decimal]:
    """Return what is open by number."""
    return dict(Invoice.objects.with_open(as_of).values_list("number", "open_amount"))


def test_lines_become_rows_and_sums(api, account):
    api.bulk("accounts", [{"external_id": "002", "name": "Division"}])
    api.bulk(
        "contracts",
        [{"external_id": "c", "account": "002", "start_on": "2026-01-01", "currency": "EUR"}],
    )
    api.bulk(
        "contract-lines",
        [
            {
                "external_id": "cl",
                "contract": "c",
                "product": "P",
                "start_on": "2026-01-01",
                "amount": "10",
                "billing_period": "month",
            }
        ],
    )
    lines = [
        line("100.50", tax="19.10", tax_percent="19", account="002", contract_line="cl"),
        line("-10", description="Discount"),
    ]
    assert api.statuses("invoices", [invoice(lines=lines)]) == ["created"]
    held = Invoice.objects.get()
    assert (held.net, held.tax, held.total) == (Decimal("90.50"), Decimal("19.10"), Decimal("109.60"))
    first, second = InvoiceLine.objects.order_by("number")
    assert (first.account.name, first.contract_line.product, first.total) == (
        "Division",
        "P",
        Decimal("119.60"),
    )
    assert (second.account, second.contract_line, second.number) == (account, None, 2)
    read = api.get("invoices/stripe/i-1/")
    assert read["lines"][0]["account"] == {"source": "stripe", "external_id": "002"}
    assert read["lines"][0]["net"] == "100.5000"


def test_a_repeat_is_unchanged_whatever_the_form_of_numbers(api, account):
    api.bulk("invoices", [invoice()])
    assert api.statuses("invoices", [invoice(lines=[line("100.0")])]) == ["unchanged"]
    assert InvoiceLine.objects.count() == 1


def test_an_invoice_waits_for_the_account_of_a_line(api, account):
    assert api.statuses("invoices", [invoice(lines=[line(account="003")])]) == ["pending"]
    api.bulk("accounts", [{"external_id": "003", "name": "Late"}])
    assert InvoiceLine.objects.get().account.name == "Late"


@pytest.mark.parametrize(
    ("fields", "field", "code"),
    [
        ({"lines": [line("x")]}, "lines[0].net", "invalid"),
        ({"lines": [{"net": "1"}]}, "lines[0].description", "required"),
        ({"lines": [line(number=1), line(number=1)]}, "lines", "taken"),
        ({"lines": [line("-1")]}, "lines", "negative"),
        ({"lines": [line("9" * 14), line("9" * 14)]}, "lines", "out_of_range"),
        ({"lines": [line(tax_percent="101")]}, "lines", "out_of_range"),
        ({"lines": [line("NaN")]}, "lines", "not_finite"),
        ({"lines": [line(period_start="2026-02-01", period_end="2026-02-01")]}, "lines", "not_after_start"),
        (
            {"lines": [line(account={"source": "nobody", "external_id": "1"})]},
            "lines[0].account.source",
            "unknown_source",
        ),
        ({"lines": [line(more=1)]}, "lines[0].more", "unknown_field"),
        ({"corrects": None, "kind": "receipt"}, "kind", "unknown_value"),
        ({"status": "paid"}, "status", "unknown_value"),
        ({"period_start": "2026-02-01", "period_end": "2026-01-01"}, "period_end", "not_after_start"),
    ],
)
def test_a_wrong_invoice_is_refused_by_field(api, account, fields, field, code):
    result = api.bulk("invoices", [invoice(**fields)])["results"][0]
    assert result["status"] == "rejected"
    assert (result["errors"][0]["field"], result["errors"][0]["code"]) == (field, code)


def test_only_a_credit_note_corrects(api, account):
    api.bulk("invoices", [invoice()])
    result = api.bulk("invoices", [invoice("i-2", corrects="i-1")])["results"][0]
    assert result["errors"][0]["code"] == "not_a_credit_note"


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"account": None}, "account"), ({"amount": "0"}, "amount"), ({"currency": "XXQ"}, "currency")],
)
def test_a_wrong_payment_is_refused_by_field(api, account, fields, field):
    result = api.bulk("payments", [payment(**fields)])["results"][0]
    assert (result["status"], result["errors"][0]["field"]) == ("rejected", field)


def test_a_payment_settles_the_invoice_that_it_names(api, account):
    api.bulk("invoices", [invoice()])
    api.bulk("payments", [payment(invoice="i-1", account=None)])
    assert Payment.objects.get().account == account
    assert opened() == {"R-i-1": Decimal(40)}
    assert opened(date(2026, 6, 9)) == {"R-i-1": Decimal(100)}
    assert opened(date(2026, 4, 30)) == {"R-i-1": Decimal(0)}


def test_what_comes_over_stays_with_the_payment(api, account):
    api.bulk("invoices", [invoice()])
    api.bulk("payments", [payment(invoice="i-1", amount="130")])
    assert opened() == {"R-i-1": Decimal(0)}
    assert Payment.objects.with_unallocated(TODAY).get().unallocated == 30


def test_a_refund_opens_what_was_settled(api, account):
    api.bulk("invoices", [invoice()])
    api.bulk("payments", [payment(invoice="i-1", amount="100"), payment("r", invoice="i-1", amount="-30")])
    assert opened() == {"R-i-1": Decimal(30)}


def test_a_credit_note_and_the_refund_of_what_was_paid_leave_nothing(api, account):
    note = invoice("n-1", kind="credit_note", corrects="i-1", root_cause="wrong_price")
    api.bulk("payments", [payment(invoice="i-1", amount="100"), payment("r", invoice="i-1", amount="-100")])
    api.bulk("invoices", [note, invoice()])
    assert Payment.objects.count() == 2
    assert opened() == {"R-i-1": Decimal(0), "R-n-1": Decimal(0)}
    correction = InvoiceCorrection.objects.get()
    assert (correction.kind, correction.root_cause, correction.credit_note.number) == (
        "credited",
        "wrong_price",
        "R-n-1",
    )


def test_another_currency_settles_nothing(api, account):
    api.bulk("invoices", [invoice()])
    api.bulk("payments", [payment(invoice="i-1", currency="USD")])
    assert not Allocation.objects.exists()


def test_a_void_invoice_gives_its_money_back(api, account):
    api.bulk("invoices", [invoice()])
    api.bulk("payments", [payment(invoice="i-1")])
    api.bulk("invoices", [{"external_id": "i-1", "status": "void"}])
    assert opened() == {"R-i-1": Decimal(0)}
    assert Payment.objects.with_unallocated(TODAY).get().unallocated == 60
    assert InvoiceCorrection.objects.get().kind == "voided"


def test_a_changed_total_is_a_correction_that_waits_for_its_cause(api, account):
    api.bulk("invoices", [invoice()])
    api.bulk("invoices", [invoice(lines=[line("90")])])
    found = InvoiceCorrection.objects.get()
    assert (found.kind, found.total_before, found.total_after, found.root_cause) == ("changed", 100, 90, "")


def test_drafts_and_first_lines_are_no_corrections(api, account):
    api.bulk("invoices", [invoice(status="draft")])
    api.bulk("invoices", [invoice(status="draft", lines=[line("90")])])
    api.bulk("invoices", [invoice("i-2", lines=[])])
    api.bulk("invoices", [invoice("i-2")])
    assert not InvoiceCorrection.objects.exists()
    assert opened() == {"R-i-1": Decimal(0), "R-i-2": Decimal(100)}


def test_where_no_day_is_said_the_contracts_terms_decide(api, account):
    api.bulk("invoices", [invoice(due_on=None)])
    assert Invoice.objects.with_due().get().falls_due_on == date(2026, 5, 31)
    Contract.objects.create(account=account, start_on=date(2026, 1, 1), currency="EUR", payment_terms_days=45)
    Contract.objects.create(account=account, start_on=date(2026, 5, 2), currency="EUR", payment_terms_days=60)
    assert Invoice.objects.with_due().get().falls_due_on == date(2026, 6, 15)


def test_the_terms_of_a_contract_that_renewed_by_itself_still_count(api, account):
    ended = {"account": account, "start_on": date(2025, 1, 1), "end_on": date(2026, 1, 1), "currency": "EUR"}
    Contract.objects.create(payment_terms_days=60, **ended)
    api.bulk("invoices", [invoice(due_on=None)])
    assert Invoice.objects.with_due().get().falls_due_on == date(2026, 5, 31), "it ended in January"
    Contract.objects.create(payment_terms_days=45, auto_renew=True, **ended)
    assert Invoice.objects.with_due().get().falls_due_on == date(2026, 6, 15)


def own(account: Account, **fields: Any) -> dict[str, Any]:
    return invoice() | {"account": account.pk, "status": "issued"} | fields


@pytest.mark.parametrize(
    "change",
    [{"lines": [line("1")]}, {"due_on": None}, {"number": "X"}, {"status": "draft"}, {"currency": "USD"}],
)
def test_what_was_issued_here_is_never_changed(account, finance, change):
    send_own_records("invoices", [own(account)], by=finance)
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        send_own_records("invoices", [{"external_id": "i-1"} | change], by=finance)
    held = Invoice.objects.get()
    assert (held.total, held.status, held.number) == (Decimal(100), "issued", "R-i-1")


def test_what_was_issued_here_can_not_be_pinned_to_something_else(account, finance):
    send_own_records("invoices", [own(account)], by=finance)
    with pytest.raises(ValidationError, match="never changed"), transaction.atomic():
        set_pin(
            resource=resources["invoices"],
            object_id=Invoice.objects.get().pk,
            field="due_on",
            value="2026-12-31",
            reason="They asked for it",
            by=finance,
        )
    assert Invoice.objects.get().due_on == date(2026, 5, 31)


def test_what_was_issued_here_can_be_voided_and_a_draft_be_changed(account, finance):
    send_own_records("invoices", [own(account, status="draft")], by=finance)
    send_own_records("invoices", [own(account, lines=[line("1", account=account.pk)])], by=finance)
    assert Invoice.objects.get().total == 1
    send_own_records("invoices", [{"external_id": "i-1", "status": "void"}], by=finance)
    assert Invoice.objects.get().status == "void"
