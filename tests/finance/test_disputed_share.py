"""What is disputed of what an account pays: a component of health that says the same of small and large accounts."""

from __future__ import annotations

from decimal import Decimal

import pytest

from accounts.models import Account
from finance.models import InvoiceDispute
from tests.metrics.facts import TODAY, ago, at, make_account, make_invoice, make_line, measure
from tests.users import make_user

pytestmark = pytest.mark.django_db


def make_payer(currency: str = "USD", *, is_disputed: bool = False) -> Account:
    """Create a customer with an ARR of 1,200 in dollars and an invoice of which 40 may be disputed."""
    account = make_account()
    make_line(account, ago(100))
    invoice = make_invoice(account, ago(20), ago(5), currency=currency)
    if is_disputed:
        line = invoice.positions.get(number=2)
        held = InvoiceDispute.objects.create(line=line, reason="Not ours", opened_by=make_user("finance"))
        InvoiceDispute.objects.filter(pk=held.pk).update(opened_at=at(ago(3)))
    return account


def shares() -> dict[int, Decimal]:
    for key in ("finance.arr", "finance.disputed"):
        measure(key)
    return measure("finance.disputed_share")


def test_it_is_a_share_of_arr_and_0_where_nothing_is_disputed() -> None:
    quarrel, calm = make_payer(is_disputed=True), make_payer()
    assert shares() == {quarrel.pk: round(Decimal(40) / 1200, 6), calm.pk: 0}


def test_who_was_never_billed_or_pays_nothing_has_none() -> None:
    unbilled, free = make_account(), make_account()
    make_line(unbilled, ago(100))
    make_invoice(free, ago(20))
    assert shares() == {}


def test_a_dispute_in_a_currency_without_a_rate_is_unknown_rather_than_0() -> None:
    unknown, calm = make_payer("EUR", is_disputed=True), make_payer("EUR")
    assert shares() == {calm.pk: 0}
    InvoiceDispute.objects.update(
        resolved_at=at(TODAY), outcome="withdrawn", resolved_by=make_user("finance")
    )
    assert shares() == {unknown.pk: 0, calm.pk: 0}
