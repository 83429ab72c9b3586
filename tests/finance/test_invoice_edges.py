"""Invoices and payments at their edges: days without end, money paid back, records that are gone."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import connection
from django.test import Client

from accounts.models import Account
from finance.invoices.ageing import ageing, open_items
from finance.invoices.panels import Paying
from finance.invoices.services import allocate_automatically, allocate_payment
from finance.models import Allocation, Contract, Invoice, InvoiceCorrection, Payment
from metrics.statements import load
from tests.finance.bills import invoice, line, payment
from tests.sync.conftest import Api, make_api
from tests.users import client_as, make_user

pytestmark = pytest.mark.django_db
TODAY = date(2026, 6, 30)


@pytest.fixture
def api(db: None) -> Api:
    api = make_api("stripe")
    api.bulk("accounts", [{"external_id": "001", "name": "Acme"}])
    return api


@pytest.fixture
def finance(db: None) -> Client:
    return client_as("finance")


def balance(day: date) -> list[int]:
    return [amount for _, _, amount in load("finance", "invoices/balance", day=day).fetch()]


def test_an_invoice_of_the_last_day_there_is_can_be_shown(api, finance):
    api.bulk("invoices", [invoice(issued_on="9999-12-31", due_on=None)])
    held = Invoice.objects.with_due().get()
    assert held.falls_due_on == date.max
    for path in ("invoices/?show=all", "invoices/?show=all&export=csv", f"invoices/{held.pk}/", "payments/"):
        assert finance.get(f"/finance/{path}").status_code == 200


def test_what_falls_due_is_the_same_in_lists_and_numbers(api):
    account = Account.objects.get()
    given = {"account": account, "currency": "EUR", "payment_terms_days": 45}
    Contract.objects.create(start_on=date(2026, 1, 1), end_on=date(2026, 5, 1), **given)
    issued = {"a": "2026-04-30", "b": "2026-05-01", "c": "2026-05-02"}
    records = [invoice(name, issued_on=day, due_on=None) for name, day in issued.items()]
    api.bulk("invoices", [*records, invoice("d", due_on="2026-05-09")])
    listed = dict(Invoice.objects.with_due().values_list("pk", "falls_due_on"))
    assert sorted(listed.values()) == [
        date(2026, 5, 9),
        date(2026, 5, 31),
        date(2026, 6, 1),
        date(2026, 6, 14),
    ]
    assert {row[0]: row[4] for row in open_items(TODAY).fetch()} == listed


def test_money_of_the_last_day_is_given_away_once(api, finance):
    api.bulk("invoices", [invoice()])
    api.bulk("payments", [payment(paid_on="9999-12-31")])
    address = f"/finance/payments/{Payment.objects.get().pk}/"
    asked = {"invoice": Invoice.objects.get().pk, "amount": "40"}
    assert finance.post(address, asked).status_code == 302
    assert "€20.00 at most" in finance.post(address, asked).content.decode()
    connection.check_constraints()


def test_a_number_of_any_length_names_no_account(api, finance):
    answer = finance.post(
        "/finance/payments/allocate/", {"account": ["9" * 5000, "9" * 18, "-1", "\x00", "x"]}
    )
    assert answer.status_code == 302


def test_a_payment_that_is_gone_can_not_be_allocated(api, finance):
    api.bulk("invoices", [invoice()])
    api.bulk("payments", [payment()])
    api.call("delete", "payments/stripe/p-1/")
    address = f"/finance/payments/{Payment.objects.get().pk}/"
    assert "Let it settle" not in finance.get(address).content.decode()
    answer = finance.post(address, {"invoice": Invoice.objects.get().pk, "amount": "1"})
    assert answer.status_code == 422
    assert "deleted at its source" in answer.content.decode()
    assert not Allocation.objects.exists()


@pytest.mark.parametrize(
    ("paid_on", "refunded_on"), [("2026-05-10", "2026-05-20"), ("2026-05-20", "2026-05-10")]
)
def test_between_what_was_paid_over_and_its_refund_the_balance_is_explained(api, paid_on, refunded_on):
    api.bulk("invoices", [invoice()])
    refund = payment("r", invoice="i-1", amount="-30", paid_on=refunded_on)
    api.bulk("payments", [payment(invoice="i-1", amount="130", paid_on=paid_on), refund])
    between = date(2026, 5, 15)
    [row] = ageing(between)
    assert [row.balance] == balance(between)
    held = Invoice.objects.with_open(between).get()
    assert row.open == held.open_amount == (0 if paid_on < refunded_on else 100)
    assert row.unallocated == (-30 if paid_on < refunded_on else 30)
    assert ageing(TODAY) == []


def test_money_that_was_paid_back_settles_nothing(api):
    person = make_user("finance")
    api.bulk("invoices", [invoice(), invoice("usd", currency="USD")])
    api.bulk(
        "payments",
        [
            payment("a", amount="80", paid_on="2026-05-10"),
            payment("b", amount="50", paid_on="2026-05-12"),
            payment("r", amount="-70", paid_on="2026-05-20"),
            payment("usd", amount="100", currency="USD"),
        ],
    )
    account = Account.objects.get()
    allocate_automatically(accounts=[account.pk], as_of=TODAY, by=person)
    opened = dict(Invoice.objects.with_open(TODAY).values_list("number", "open_amount"))
    assert opened == {"R-i-1": 40, "R-usd": 0}
    [row] = [one for one in ageing(TODAY) if one.currency == "EUR"]
    assert (row.open, row.unallocated, row.balance) == (40, 0, 40)
    assert allocate_automatically(accounts=[account.pk], as_of=TODAY, by=person) is None


def test_nobody_gives_away_by_hand_what_was_paid_back(api, finance):
    api.bulk("invoices", [invoice()])
    api.bulk("payments", [payment(), payment("r", amount="-45", paid_on="2026-06-20")])
    paid = Payment.objects.get(amount__gt=0)
    address = f"/finance/payments/{paid.pk}/"
    asked = {"invoice": Invoice.objects.get().pk, "amount": "16"}
    assert "€15.00 at most" in finance.post(address, asked).content.decode()
    allocate_payment(payment=paid, invoice=Invoice.objects.get(), amount=None, by=make_user("finance"))
    assert Invoice.objects.with_open(TODAY).get().open_amount == 85
    assert "was paid back" in finance.post(address, {**asked, "amount": "1"}).content.decode()


def test_goodwill_hides_no_other_fault(api):
    note = invoice("n", kind="credit_note", corrects="i-1", due_on=None, lines=[line("10")])
    notes = [note | {"external_id": cause, "root_cause": cause} for cause in ("goodwill", "wrong_price")]
    api.bulk(
        "invoices", [invoice(), invoice("i-2"), note | {"corrects": "i-2", "root_cause": "goodwill"}, *notes]
    )
    data = Paying().load(Account.objects.get(), TODAY)
    assert (data["corrected"], data["invoices"]) == (1, 2)


def test_another_currency_is_a_correction_too(api):
    api.bulk("invoices", [invoice(), invoice("off", status="uncollectible")])
    api.bulk(
        "invoices", [invoice(currency="USD"), invoice("off", status="uncollectible", lines=[line("90")])]
    )
    found = InvoiceCorrection.objects.order_by("invoice__number")
    assert [(one.kind, one.total_after, one.note) for one in found] == [
        ("changed", 100, "The currency was EUR."),
        ("changed", 90, ""),
    ]


@pytest.mark.parametrize("names", [("n-1", "n-2"), ("n-2", "n-1")])
def test_of_one_day_the_order_of_arrival_decides_nothing(api, names):
    api.bulk("invoices", [invoice(lines=[line("30")])])
    note = invoice(kind="credit_note", corrects="i-1", due_on=None, lines=[line("20")])
    for name in names:
        api.bulk("invoices", [note | {"external_id": name, "number": name}])
    assert dict(
        Invoice.objects.with_open(TODAY).filter(kind="credit_note").values_list("number", "settled")
    ) == {
        "n-1": 20,
        "n-2": 10,
    }
