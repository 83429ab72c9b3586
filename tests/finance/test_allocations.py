"""People say what payments settle: by hand, automatically, undone, and two at once."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from accounts.identity.merge import merge_accounts
from accounts.models import Account
from finance.invoices.ageing import ageing
from finance.invoices.services import (
    allocate_automatically,
    allocate_payment,
    cause_seen,
    name_cause,
    open_dispute,
    resolve_dispute,
    undo_allocation,
    undo_run,
)
from finance.models import Allocation, Invoice, InvoiceCorrection, InvoiceDispute, InvoiceLine, Payment
from people.models import User
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
    api = make_api("stripe")
    api.bulk("accounts", [{"external_id": "001", "name": "Acme"}, {"external_id": "002", "name": "Brill"}])
    return api


def opened() -> dict[str, Decimal]:
    """Return what is open by number."""
    return dict(Invoice.objects.with_open(TODAY).values_list("number", "open_amount"))


def left() -> dict[str, Decimal]:
    """Return what settles nothing yet, by the payment's reference."""
    return dict(Payment.objects.with_unallocated(TODAY).values_list("reference", "unallocated"))


def test_by_hand_up_to_what_both_have_room_for(api, finance):
    api.bulk("invoices", [invoice()])
    api.bulk("payments", [payment(reference="p")])
    paid, held = Payment.objects.get(), Invoice.objects.get()
    with pytest.raises(ValidationError, match="€60.00 at most"):
        allocate_payment(payment=paid, invoice=held, amount=Decimal("60.01"), by=finance)
    with pytest.raises(ValidationError, match="above zero"):
        allocate_payment(payment=paid, invoice=held, amount=Decimal(0), by=finance)
    allocate_payment(payment=paid, invoice=held, amount=Decimal(25), by=finance)
    allocate_payment(payment=paid, invoice=held, amount=None, by=finance)
    assert (opened(), left()) == ({"R-i-1": 40}, {"p": 0})
    with pytest.raises(ValidationError, match="nothing left"):
        allocate_payment(payment=paid, invoice=held, amount=None, by=finance)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"account": "002"}, "another account"),
        ({"currency": "USD"}, "another currency"),
        ({"status": "draft"}, "Only an issued"),
        ({"kind": "credit_note"}, "Only an issued"),
    ],
)
def test_never_onto_what_it_can_not_be_for(api, finance, fields, words):
    api.bulk("invoices", [invoice(**fields)])
    api.bulk("payments", [payment()])
    with pytest.raises(ValidationError, match=words):
        allocate_payment(
            payment=Payment.objects.get(), invoice=Invoice.objects.get(), amount=None, by=finance
        )


def test_automatically_the_oldest_due_first_and_undone_as_a_whole(api, finance):
    api.bulk(
        "invoices",
        [
            invoice("late", due_on="2026-05-10", lines=[line("40")]),
            invoice("later", due_on="2026-06-20", lines=[line("40")]),
            invoice("other", account="002"),
            invoice("dollars", currency="USD"),
        ],
    )
    api.bulk(
        "payments",
        [
            payment("a", amount="30", paid_on="2026-05-20", reference="a"),
            payment("b", amount="30", paid_on="2026-06-01", reference="b"),
        ],
    )
    account = Account.objects.get(name="Acme")
    run = allocate_automatically(accounts=[account.pk], as_of=TODAY, by=finance)
    assert run is not None
    assert opened() == {"R-late": 0, "R-later": 20, "R-other": 100, "R-dollars": 100}
    made = run.allocations.order_by("pk").values_list("payment__reference", "invoice__number", "amount", "on")
    assert sorted(made) == [
        ("a", "R-late", 30, date(2026, 5, 20)),
        ("b", "R-late", 10, date(2026, 6, 1)),
        ("b", "R-later", 20, date(2026, 6, 1)),
    ]
    assert allocate_automatically(accounts=[account.pk], as_of=TODAY, by=finance) is None
    assert undo_run(run=run, by=finance) == 3
    assert undo_run(run=run, by=finance) == 0
    assert left() == {"a": 30, "b": 30}


def test_a_credit_note_without_an_invoice_settles_what_is_due_too(api, finance):
    api.bulk("invoices", [invoice(), invoice("n", kind="credit_note", due_on=None, lines=[line("30")])])
    allocate_automatically(accounts=[Account.objects.get(name="Acme").pk], as_of=TODAY, by=finance)
    assert opened() == {"R-i-1": 70, "R-n": 0}


def test_what_the_source_says_beats_what_was_said_by_hand(api, finance):
    api.bulk("invoices", [invoice(), invoice("i-2")])
    api.bulk("payments", [payment(amount="100")])
    second = Invoice.objects.get(number="R-i-2")
    made = allocate_payment(payment=Payment.objects.get(), invoice=second, amount=None, by=finance)
    api.bulk("payments", [{"external_id": "p-1", "invoice": "i-1"}])
    made.refresh_from_db()
    assert made.undone_at is not None
    assert opened() == {"R-i-1": 0, "R-i-2": 100}
    with pytest.raises(ValidationError, match="changed there"):
        undo_allocation(allocation=Allocation.objects.get(kind="sent"), by=finance)


def test_less_money_or_less_owed_trims_what_was_said(api, finance):
    api.bulk("invoices", [invoice()])
    api.bulk("payments", [payment(amount="80")])
    made = allocate_payment(
        payment=Payment.objects.get(), invoice=Invoice.objects.get(), amount=None, by=finance
    )
    api.bulk("payments", [{"external_id": "p-1", "amount": "70"}])
    made.refresh_from_db()
    assert made.amount == 70
    api.bulk("invoices", [invoice(lines=[line("50")])])
    made.refresh_from_db()
    assert made.amount == 50
    api.call("delete", "payments/stripe/p-1/")
    made.refresh_from_db()
    assert made.undone_at is not None
    assert opened() == {"R-i-1": 50}


def test_the_database_refuses_more_than_there_is(api, finance):
    api.bulk("invoices", [invoice()])
    api.bulk("payments", [payment()])
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    both = {"payment": Payment.objects.get(), "invoice": Invoice.objects.get()}
    with pytest.raises(IntegrityError, match="would be"), transaction.atomic():
        Allocation.objects.create(amount=61, on=TODAY, kind="hand", **both)


def test_undoing_by_hand_opens_the_invoice_again(api, finance):
    api.bulk("invoices", [invoice()])
    api.bulk("payments", [payment(reference="p")])
    made = allocate_payment(
        payment=Payment.objects.get(), invoice=Invoice.objects.get(), amount=None, by=finance
    )
    undo_allocation(allocation=made, by=finance)
    made.refresh_from_db()
    assert (made.undone_by, opened(), left()) == (finance, {"R-i-1": 100}, {"p": 60})


def test_merged_accounts_owe_together(api, finance):
    api.bulk("invoices", [invoice(), invoice("i-2", account="002")])
    api.bulk("payments", [payment(account="002", reference="p")])
    winner, loser = Account.objects.get(name="Acme"), Account.objects.get(name="Brill")
    merge_accounts(winner=winner.pk, loser=loser.pk)
    [row] = ageing(TODAY, [winner.pk])
    assert (row.open, row.balance) == (200, 140)
    assert set(InvoiceLine.objects.values_list("account", flat=True)) == {winner.pk}
    assert not ageing(TODAY, [loser.pk])
    assert not InvoiceCorrection.objects.exists()
    first = Invoice.objects.get(number="R-i-1")
    allocate_payment(payment=Payment.objects.get(), invoice=first, amount=None, by=finance)
    assert opened() == {"R-i-1": 40, "R-i-2": 100}


def test_ageing_by_how_late_it_is(api):
    days = {
        "2026-07-01": 1,
        "2026-06-30": 2,
        "2026-06-29": 4,
        "2026-05-31": 8,
        "2026-05-30": 16,
        "2026-03-01": 32,
    }
    api.bulk("invoices", [invoice(day, due_on=day, lines=[line(str(net))]) for day, net in days.items()])
    api.bulk("payments", [payment(amount="5")])
    [row] = ageing(TODAY)
    assert (row.current, row.to_30, row.to_60, row.to_90, row.over_90) == (3, 12, 16, 0, 32)
    assert (row.unallocated, row.balance, row.days_late) == (-5, 58, 121)


def test_a_disputed_line_is_not_asked_for(api, finance):
    api.bulk("invoices", [invoice(lines=[line("60"), line("40")])])
    second = InvoiceLine.objects.get(number=2)
    with pytest.raises(ValidationError, match="objects to"):
        open_dispute(line=second, reason="  ", by=finance)
    dispute = open_dispute(line=second, reason="Not ours", by=finance)
    with pytest.raises(ValidationError, match="already"):
        open_dispute(line=second, reason="Again", by=finance)
    today = dispute.opened_at.date()
    [late] = Invoice.objects.overdue_on(today)
    assert (late.open_amount, late.disputed, late.overdue_amount) == (100, 40, 60)
    open_dispute(line=InvoiceLine.objects.get(number=1), reason="Neither", by=finance)
    assert not Invoice.objects.overdue_on(today).exists()
    with pytest.raises(ValidationError, match="how it ended"):
        resolve_dispute(dispute=dispute, outcome="line_gone", note="", by=finance)
    resolve_dispute(dispute=dispute, outcome="rejected", note=" Signed ", by=finance)
    with pytest.raises(ValidationError, match="ended already"):
        resolve_dispute(dispute=dispute, outcome="upheld", note="", by=finance)
    assert Invoice.objects.overdue_on(today).get().overdue_amount == 40


def test_a_line_that_is_gone_takes_its_dispute_along(api, finance):
    api.bulk("invoices", [invoice(lines=[line("60"), line("40")])])
    open_dispute(line=InvoiceLine.objects.get(number=2), reason="Not ours", by=finance)
    api.bulk("invoices", [invoice(lines=[line("60")])])
    assert InvoiceDispute.objects.get().outcome == "line_gone"
    assert not InvoiceLine.objects.get(number=2).is_current


def test_the_cause_that_a_person_named_stands(api, finance):
    note = invoice("n", kind="credit_note", corrects="i-1", due_on=None, lines=[line("10")])
    api.bulk("invoices", [invoice(), note])
    found = InvoiceCorrection.objects.get()
    with pytest.raises(ValidationError, match="Choose"):
        name_cause(correction=found, root_cause="", note="", by=finance, expected="")
    seen = cause_seen(found)
    name_cause(correction=found, root_cause="wrong_price", note="", by=finance, expected=seen)
    api.bulk("invoices", [note | {"root_cause": "duplicate"}])
    found.refresh_from_db()
    assert (found.root_cause, found.named_by) == ("wrong_price", finance)
    api.bulk("invoices", [{"external_id": "n", "status": "void"}])
    assert not InvoiceCorrection.objects.exists()
