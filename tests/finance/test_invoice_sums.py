"""Whatever comes in whatever order, and however often: the sums agree."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from django.db import connection, transaction
from django.db.models import Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Account
from finance.invoices.ageing import ageing
from finance.invoices.services import allocate_automatically
from finance.models import Allocation, Invoice, InvoiceLine, Payment
from metrics.statements import load
from people.models import User
from sync.models import Source
from sync.pipeline.decode import decode_body
from sync.pipeline.pending import apply_ready
from sync.pipeline.run import run_batch
from sync.registry import resources
from tests.finance.bills import invoice, line, payment
from tests.users import make_user

pytestmark = pytest.mark.django_db(transaction=False)
FAR = date(2027, 1, 1)
START = date(2026, 1, 1)

days = st.integers(0, 120).map(lambda number: START + timedelta(days=number))
cents = st.integers(1, 20_000).map(lambda number: Decimal(number) / 100)
accounts = st.sampled_from(("001", "002"))
currencies = st.sampled_from(("EUR", "USD"))


@st.composite
def credit_notes(draw: Any, name: str, names: list[str]) -> dict[str, Any]:
    """Draw a credit note for one of the invoices, or for none."""
    return invoice(
        name,
        kind="credit_note",
        account=draw(accounts),
        currency=draw(currencies),
        corrects=draw(st.sampled_from((None, *names))),
        issued_on=str(draw(days)),
        due_on=None,
        lines=[line(str(draw(cents)))],
    )


@st.composite
def payments(draw: Any, name: str, names: list[str]) -> dict[str, Any]:
    """Draw a payment or refund for one of the invoices, or for none."""
    sign = draw(st.sampled_from((1, 1, 1, -1)))
    return payment(
        name,
        account=draw(accounts),
        invoice=draw(st.sampled_from((None, *names))),
        amount=str(sign * draw(cents)),
        currency=draw(currencies),
        paid_on=str(draw(days)),
    )


@st.composite
def bills(draw: Any) -> list[tuple[str, dict[str, Any]]]:
    """Draw invoices, credit notes and payments that name one another, as records with their resource."""
    found: list[tuple[str, dict[str, Any]]] = []
    names = [f"i{number}" for number in range(draw(st.integers(1, 4)))]
    for name in names:
        lines = [
            line(str(draw(cents)), tax=str(draw(st.sampled_from((Decimal(0), Decimal("1.90"))))))
            for _ in range(draw(st.integers(0, 3)))
        ]
        issued = draw(days)
        status = draw(st.sampled_from(("issued", "issued", "issued", "draft", "void", "uncollectible")))
        found.append(
            (
                "invoices",
                invoice(
                    name,
                    account=draw(accounts),
                    currency=draw(currencies),
                    issued_on=str(issued),
                    due_on=draw(st.sampled_from((None, str(issued + timedelta(days=14))))),
                    lines=lines,
                    status=status,
                ),
            )
        )
    found.extend(
        ("invoices", draw(credit_notes(f"n{number}", names))) for number in range(draw(st.integers(0, 2)))
    )
    found.extend(
        ("payments", draw(payments(f"p{number}", names))) for number in range(draw(st.integers(0, 5)))
    )
    return found


def send(source: Source, resource: str, record: dict[str, Any]) -> None:
    decoded = decode_body(msgspec.json.encode([record]), resources[resource], lines=False)
    outcome = run_batch(resource=resources[resource], source=source, decoded=decoded)
    assert outcome.results[0].status in ("created", "updated", "unchanged", "pending"), outcome.results


def balances(as_of: date) -> dict[tuple[int, str], Decimal]:
    rows = load("finance", "invoices/balance", day=as_of).fetch()
    return {(account, currency): amount for account, currency, amount in rows if amount}


def expected(as_of: date) -> dict[tuple[int, str], Decimal]:
    """Return the balance by plain arithmetic over records."""
    sums: dict[tuple[int, str], Decimal] = {}

    def add(account: int, currency: str, amount: Decimal) -> None:
        sums[account, currency] = sums.get((account, currency), Decimal(0)) + amount

    for one in Invoice.objects.filter(issued_on__lte=as_of):
        if one.status == "issued":
            add(one.account_id, one.currency, one.total if one.kind == "invoice" else -one.total)
        elif one.status == "uncollectible":
            given = one.allocations.counting_on(as_of).aggregate(sum=Sum("amount"))["sum"]
            add(one.account_id, one.currency, given or Decimal(0))
    for paid in Payment.objects.filter(paid_on__lte=as_of):
        assert paid.account_id
        add(paid.account_id, paid.currency, -paid.amount)
    return {key: amount for key, amount in sums.items() if amount}


def check_sums(as_of: date) -> None:
    """Assert what must hold of any set of records on any day."""
    for one in Invoice.objects.all():
        lines = InvoiceLine.objects.filter(invoice=one, is_current=True)
        assert (lines.aggregate(sum=Sum("total"))["sum"] or 0) == one.total == one.net + one.tax
    for paid in Payment.objects.with_unallocated(FAR):
        assert abs(paid.unallocated) <= abs(paid.amount)
        assert paid.unallocated * paid.amount >= 0
    for one in Invoice.objects.with_open(FAR):
        given = one.allocations.live().aggregate(sum=Sum("amount"))["sum"] or Decimal(0)
        assert 0 <= given <= one.total
        assert 0 <= one.open_amount <= one.total
        assert 0 <= one.disputed <= one.open_amount
    for one in Invoice.objects.with_open(as_of):
        assert 0 <= one.open_amount <= one.total
    assert balances(as_of) == expected(as_of)
    aged = {(row.account_id, row.currency): row for row in ageing(as_of)}
    assert {key: row.balance for key, row in aged.items() if row.balance} == balances(as_of)
    open_then = {}
    for one in Invoice.objects.open_on(as_of):
        key = (one.account_id, one.currency)
        open_then[key] = open_then.get(key, Decimal(0)) + one.open_amount
    assert {key: row.open for key, row in aged.items() if row.open} == open_then
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def not_paid_back() -> dict[tuple[int, str], Decimal]:
    """Return what came and settles nothing, less what went back, by account and currency."""
    sums: dict[tuple[int, str], Decimal] = {}
    money = [(one, one.unallocated) for one in Payment.objects.with_unallocated(FAR)]
    notes = [(one, one.open_amount) for one in Invoice.objects.credited().with_open(FAR)]
    for one, amount in (*money, *notes):
        key = (one.account_id, one.currency)
        sums[key] = sums.get(key, Decimal(0)) + amount
    return sums


@pytest.fixture
def finance(db: None) -> User:
    return make_user("finance")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(records=bills(), data=st.data())
def test_the_sums_agree_for_any_order_and_repetition(
    db: None, finance: User, records: list[tuple[str, dict[str, Any]]], data: Any
) -> None:
    found = []
    for _ in range(2):
        with transaction.atomic():
            source = Source.objects.create(slug="billing", name="Billing")
            for name in ("001", "002"):
                send(source, "accounts", {"external_id": name, "name": name})
            order = data.draw(st.permutations(records))
            again = data.draw(st.lists(st.sampled_from(records), max_size=3))
            for resource, record in [*order, *again]:
                send(source, resource, record)
                apply_ready()
            check_sums(data.draw(days))
            check_sums(FAR)
            names = dict(Account.objects.values_list("pk", "name"))
            found.append(
                (
                    {(names[key[0]], key[1]): amount for key, amount in balances(FAR).items()},
                    dict(Invoice.objects.with_open(FAR).values_list("number", "settled")),
                )
            )
            if allocate_automatically(accounts=list(names), as_of=FAR, by=finance):
                check_sums(FAR)
                owing = {(one.account_id, one.currency) for one in Invoice.objects.open_on(FAR)}
                assert not {key for key, amount in not_paid_back().items() if amount > 0} & owing
            for resource, record in data.draw(st.lists(st.sampled_from(records), max_size=2)):
                if resource == "payments":
                    send(source, resource, record | {"amount": str(data.draw(cents))})
                else:
                    send(source, resource, record | {"lines": [line(str(data.draw(cents)))]})
                check_sums(FAR)
            transaction.set_rollback(True)
    assert found[0] == found[1]


def test_a_draw_settles_something_at_all(db: None) -> None:
    source = Source.objects.create(slug="billing", name="Billing")
    send(source, "accounts", {"external_id": "001", "name": "001"})
    send(source, "invoices", invoice())
    send(source, "payments", payment(invoice="i-1"))
    assert Allocation.objects.get().amount == 60
    check_sums(FAR)
