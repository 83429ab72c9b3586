"""Two people, and a person and a batch, who give the same money away at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connections, transaction
from django.db.models import Sum

from accounts.models import Account
from finance.invoices.services import allocate_automatically, allocate_payment
from finance.models import Allocation, Invoice, Payment
from tests.finance.bills import invoice, payment
from tests.sync.conftest import Api, make_api
from tests.users import make_user

pytestmark = pytest.mark.django_db(transaction=True)
TODAY = date(2026, 6, 30)


@pytest.fixture
def api(db: None) -> Api:
    api = make_api("stripe")
    api.bulk("accounts", [{"external_id": "001", "name": "Acme"}])
    api.bulk("invoices", [invoice(), invoice("i-2")])
    api.bulk("payments", [payment()])
    return api


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """Run the works in threads that begin together; return what each returned or raised."""
    begin = threading.Barrier(len(works))
    results: list[Any] = [None] * len(works)

    def run(place: int, work: Callable[[], Any]) -> None:
        begin.wait(30)
        try:
            results[place] = work()
        except Exception as error:  # noqa: BLE001 - looked at by the test
            results[place] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


def given() -> Any:
    return Allocation.objects.live().aggregate(sum=Sum("amount"))["sum"]


def test_two_people_give_the_same_payment_away_once(api):
    people = [make_user("finance"), make_user("finance")]
    paid, invoices = Payment.objects.get(), list(Invoice.objects.order_by("pk"))

    def give(place: int) -> Callable[[], Any]:
        return lambda: allocate_payment(payment=paid, invoice=invoices[place], amount=None, by=people[place])

    results = at_once(give(0), give(1))
    refused = [one for one in results if isinstance(one, ValidationError)]
    assert len(refused) == 1
    assert "nothing left" in str(refused[0])
    assert given() == 60


def test_the_second_waits_for_the_first_to_end(api):
    person = make_user("finance")
    paid, held = Payment.objects.get(), Invoice.objects.earliest("pk")
    allocated = threading.Event()

    def first() -> None:
        with transaction.atomic():
            allocate_payment(payment=paid, invoice=held, amount=None, by=person)
            allocated.set()
            time.sleep(0.5)

    def second() -> None:
        assert allocated.wait(30)
        allocate_automatically(accounts=[held.account_id], as_of=TODAY, by=person)

    results = at_once(first, second)
    assert [one for one in results if isinstance(one, Exception)] == []
    assert given() == 60


def test_a_batch_that_lowers_a_payment_and_a_person_who_gives_it_away(api):
    person, account = make_user("finance"), Account.objects.get()
    allocated = threading.Event()

    def gives_away() -> None:
        with transaction.atomic():
            allocate_automatically(accounts=[account.pk], as_of=TODAY, by=person)
            allocated.set()
            time.sleep(0.5)

    def lowers() -> None:
        assert allocated.wait(30)
        api.bulk("payments", [{"external_id": "p-1", "amount": "20"}])

    results = at_once(gives_away, lowers)
    assert [one for one in results if isinstance(one, Exception)] == []
    assert Payment.objects.get().amount == 20
    assert given() == 20
