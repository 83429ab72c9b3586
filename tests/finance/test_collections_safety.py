"""What keeps customers from being asked twice, for what they paid, or in somebody else's stead."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.identity.merge import merge_accounts
from accounts.models import Account, Contact
from finance.collections import sending
from finance.collections.config import plan_policy
from finance.collections.planning import plan_dunning
from finance.collections.positions import positions_on
from finance.collections.recipients import recipient_of
from finance.collections.sending import HELD_FOR, claim_message, send_message
from finance.collections.services import decide_message, end_hold, set_hold
from finance.models import DunningCycle, DunningMessage, Invoice, PaymentPromise
from pods.models import Task
from tests.finance.billing import bill_here
from tests.finance.owing import (
    DAY,
    in_days,
    make_debtor,
    make_invoice,
    make_promise,
    make_stage,
    pay,
    pay_ahead,
    put_in_force,
    run,
    states,
)
from tests.finance.test_clauses_in_contracts import sell, write
from tests.users import client_as, make_user

pytestmark = pytest.mark.django_db


def test_a_worker_that_slept_over_the_decision_sends_nothing(debtor: Account) -> None:
    put_in_force()
    make_invoice(debtor, 300)
    plan_dunning(DAY)
    message = claim_message(DunningMessage.objects.get().pk, DAY)
    assert message is not None
    DunningMessage.objects.update(state="unknown")
    decide_message(message=message, was_sent=False, by=make_user("finance"))
    assert run() == 1
    assert not send_message(message)
    assert len(mail.outbox) == 1


class Unreachable(BaseEmailBackend):
    """A mail server that isn't there."""

    def open(self) -> bool:
        raise ConnectionRefusedError("no")


def test_while_the_mail_server_is_away_messages_wait(debtor: Account, settings: Any) -> None:
    put_in_force()
    for account in (debtor, make_debtor()):
        make_invoice(account, 300)
    settings.EMAIL_BACKEND = f"{__name__}.Unreachable"
    assert [run(), run()] == [0, 0]
    assert states() == ["queued", "queued"]
    assert not Task.objects.exists()
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert run() == 2


def test_a_server_that_goes_away_costs_one_message(
    debtor: Account, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in_force()
    for account in (debtor, make_debtor(), make_debtor()):
        make_invoice(account, 300)

    def vanish(message: DunningMessage) -> Any:
        settings.EMAIL_BACKEND = f"{__name__}.Unreachable"
        raise ConnectionRefusedError("gone")

    monkeypatch.setattr(sending, "mail_of", vanish)
    assert run() == 0
    assert states() == ["failed", "queued", "queued"]


def test_a_merge_asks_nobody_again(debtor: Account) -> None:
    put_in_force()
    winner = make_debtor()
    for account in (winner, debtor):
        make_invoice(account, 300)
    assert run() == 2
    finance = make_user("finance")
    held = set_hold(account=winner, reason="Talks", ends_on=in_days(9), by=finance, day=DAY)
    assert run(in_days(2)) == 1
    end_hold(hold=held, by=finance)
    merge_accounts(winner=winner.pk, loser=debtor.pk, by=make_user("revops"))
    # Of the loser both attempts were made by then.
    assert [run(in_days(day)) for day in (2, 3, 9)] == [0, 0, 0]
    assert DunningCycle.objects.filter(closed_on=None).count() == 2
    for invoice in Invoice.objects.all():
        pay(invoice, invoice.total, in_days(3))
    run(in_days(3))
    assert not DunningCycle.objects.filter(closed_on=None).exists()


def test_a_message_in_doubt_is_in_doubt_after_a_merge_too(debtor: Account) -> None:
    put_in_force()
    winner = make_debtor()
    for account in (winner, debtor):
        make_invoice(account, 300)
    plan_dunning(DAY)
    theirs = DunningMessage.objects.get(cycle__account=debtor)
    assert claim_message(theirs.pk, DAY) is not None
    merge_accounts(winner=winner.pk, loser=debtor.pk, by=make_user("revops"))
    assert [run(), run(in_days(2))] == [0, 0]
    DunningMessage.objects.filter(pk=theirs.pk).update(claimed_at=timezone.now() - HELD_FOR * 2)
    assert run(in_days(2)) == 0
    assert Task.objects.get(kind="finance.unclear_message").account == winner
    page = client_as("finance").get(f"/collections/accounts/{debtor.pk}/", follow=True)
    assert page.redirect_chain[0][0] == f"/collections/accounts/{winner.pk}/"
    assert theirs.get_absolute_url().encode() in page.content


def test_nobody_is_asked_for_what_came_already(debtor: Account) -> None:
    put_in_force()
    make_invoice(debtor, 300)
    pay_ahead(debtor, 300)
    assert run() == 0
    page = client_as("finance").get("/collections/?column=paid")
    assert "€300.00 came that settles no invoice yet" in page.content.decode()
    pay_ahead(debtor, -120)  # a refund
    assert run() == 0
    pay_ahead(debtor, -40)
    assert run() == 1
    assert DunningMessage.objects.get().amount == 160


def test_who_left_the_customer_is_not_written_to() -> None:
    debtor = make_debtor("strategic")
    named = Contact.objects.create(account=debtor, name="Ada", email="ada@customer.example")
    bill_here(debtor, DAY, make_user("finance"), contact=named)
    assert getattr(recipient_of(debtor, DAY), "email", "") == named.email
    other = make_debtor()
    for change in ({"is_active": False}, {"deleted_at": timezone.now()}, {"account": other}):
        Contact.objects.filter(pk=named.pk).update(is_active=True, deleted_at=None, account=debtor)
        Contact.objects.filter(pk=named.pk).update(**change)
        found = recipient_of(debtor, DAY)
        assert found is not None
        assert found.email == "pay@customer.example", change


def test_who_is_always_late_with_something_is_asked_again(debtor: Account) -> None:
    put_in_force()
    first = make_invoice(debtor, 300)
    assert [run(in_days(day)) for day in (0, 2, 5)] == [1, 1, 0]
    exhausted = Task.objects.get(kind="finance.dunning_exhausted")
    later = make_invoice(debtor, 200, overdue=-4)
    assert run(in_days(6)) == 0
    pay(first, 300, in_days(7))
    assert [run(in_days(day)) for day in (7, 8, 9)] == [1, 0, 1]
    exhausted.refresh_from_db()
    assert exhausted.state == "dropped"
    message = DunningMessage.objects.latest("pk")
    assert ([row["invoice"] for row in message.asked_for], message.attempt) == ([later.pk], 2)


def test_tasks_end_once_finance_released_a_stage_on_the_page() -> None:
    put_in_force()
    account = make_debtor("strategic")
    make_invoice(account, 900)
    assert run() == 0
    finance = client_as("finance")
    finance.post(f"/collections/accounts/{account.pk}/release/", {"currency": "EUR", "reason": "CSM away"})
    assert run() == 1
    assert {(task.state, task.note) for task in Task.objects.all()} == {("dropped", "It was released.")}


def test_the_task_about_a_broken_promise_ends_with_what_was_owed(debtor: Account) -> None:
    put_in_force()
    invoice = make_invoice(debtor, 300)
    make_promise(debtor, "300", days=1)
    run(in_days(2))
    task = Task.objects.get(kind="finance.broken_promise")
    pay(invoice, 300, in_days(3))
    run(in_days(3))
    task.refresh_from_db()
    assert task.state == "dropped"
    assert PaymentPromise.objects.get().state == "broken"


def test_a_promise_is_not_broken_while_money_waits_to_be_allocated(debtor: Account) -> None:
    put_in_force()
    make_invoice(debtor, 300)
    promise = make_promise(debtor, "300", days=1)
    pay_ahead(debtor, 300)
    assert run(in_days(2)) == 0
    promise.refresh_from_db()
    assert promise.state == "open"


def test_a_run_that_has_nothing_to_write_locks_nobody(debtor: Account) -> None:
    put_in_force()
    make_invoice(make_debtor("strategic"), 900)
    make_invoice(debtor, 300)
    assert [run(in_days(day)) for day in (0, 2, 4)] == [1, 1, 0]
    with CaptureQueriesContext(connection) as told:
        plan_dunning(in_days(5))
    assert not [query for query in told.captured_queries if "FOR NO KEY UPDATE" in query["sql"]]


TRANSACTIONS: list[tuple[bool, list[str]]] = []


class Watching(BaseEmailBackend):
    """A mail server that looks at what is committed when a mail comes."""

    def send_messages(self, email_messages: Any) -> int:
        TRANSACTIONS.append((connection.in_atomic_block, states()))
        return len(email_messages)


@pytest.mark.django_db(transaction=True)
def test_a_claim_is_committed_before_the_mail_server_hears_of_it(settings: Any) -> None:
    put_in_force()
    make_invoice(make_debtor(), 300)
    settings.EMAIL_BACKEND = f"{__name__}.Watching"
    TRANSACTIONS.clear()
    assert run() == 1
    assert TRANSACTIONS == [(False, ["claimed"])]


def test_what_the_contract_says_of_collections_beats_the_tier() -> None:
    put_in_force()
    cared_for, dunned = make_debtor("standard"), make_debtor("strategic")
    for account, text in ((cared_for, "account-team"), (dunned, "automated")):
        write(sell(account, f"C-{account.pk}"), "late-payment", text)
        make_invoice(account, 900)
    assert run() == 1
    assert DunningMessage.objects.get().cycle.account == dunned
    assert {task.account for task in Task.objects.all()} == {cared_for}


def test_a_hold_is_over_after_its_day_though_no_worker_marked_it(debtor: Account) -> None:
    put_in_force()
    make_invoice(debtor, 300)
    set_hold(account=debtor, reason="Talks", ends_on=in_days(3), by=make_user("finance"), day=DAY)
    kinds = [positions_on(in_days(day))[0].verdict.kind for day in (3, 4)]
    assert kinds == ["held", "ask"]


def test_without_a_policy_claims_still_say_what_stands_in_their_way(debtor: Account) -> None:
    make_invoice(debtor, 300)
    pay_ahead(debtor, 300)
    assert positions_on(DAY)[0].verdict.kind == "paid"


def test_what_was_paid_before_a_promise_does_not_keep_it(debtor: Account) -> None:
    put_in_force()
    invoice = make_invoice(debtor, 300)
    pay(invoice, 100)
    promise = make_promise(debtor, "100")
    run()
    promise.refresh_from_db()
    assert promise.state == "open"


def test_a_policy_from_a_file_says_whom_it_asks_before_it_is_published(debtor: Account) -> None:
    make_invoice(debtor, 900, overdue=800)
    make_invoice(make_debtor(), 900)
    stages = [make_stage().as_data()]
    section = {"in_force": {"tiers": [], "stages": stages}}
    assert "today" not in plan_policy(section, False)[0]
    told = "It asks by 2 mails today, 1 of them for the first time after more than 90 days."
    assert plan_policy(section, True)[0].endswith(told)


@pytest.mark.django_db(transaction=True)
def test_a_message_waits_for_a_hold_that_is_just_being_set() -> None:
    put_in_force()
    account = make_debtor()
    make_invoice(account, 300)
    plan_dunning(DAY)
    pk, finance = DunningMessage.objects.get().pk, make_user("finance")
    claimed: list[object] = []

    def claim() -> None:
        try:
            claimed.append(claim_message(pk, DAY))
        finally:
            connection.close()

    worker = threading.Thread(target=claim)
    with transaction.atomic():
        set_hold(account=account, reason="Talks", ends_on=in_days(3), by=finance, day=DAY)
        worker.start()
        worker.join(1)
        assert worker.is_alive()
    worker.join()
    assert claimed == [None]
    assert states() == ["stopped"]
