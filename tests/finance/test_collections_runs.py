"""Dunning runs over what is owed: who is written to, once; and what stops it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from smtplib import SMTPDataError, SMTPRecipientsRefused, SMTPResponseException, SMTPServerDisconnected
from typing import Any

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.identity.merge import merge_accounts
from accounts.models import Account, Contact, Tier
from finance.collections import sending
from finance.collections.planning import plan_dunning
from finance.collections.policy_services import retire_policy
from finance.collections.promises import record_promise, withdraw_promise
from finance.collections.sending import HELD_FOR, claim_message, send_due, send_message
from finance.collections.services import decide_message, end_hold, release_stage, set_hold
from finance.models import (
    CollectionHold,
    DunningCycle,
    DunningMessage,
    DunningPolicy,
)
from people.models import User
from pods.models import Task
from pods.tasks.services import RefusedError, complete_task
from tests.finance.owing import (
    DAY,
    dispute,
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
from tests.users import make_user

pytestmark = pytest.mark.django_db


def asked() -> list[tuple[str, int, int]]:
    """Return what went out: currency, stage, attempt."""
    sent = DunningMessage.objects.filter(state="sent").order_by("pk")
    return [(each.cycle.currency, each.stage, each.attempt) for each in sent.select_related("cycle")]


def test_eur_149_and_usd_120_are_asked_in_usd_only_twice_two_days_apart(debtor: Account) -> None:
    put_in_force()
    make_invoice(debtor, 149, "EUR")
    make_invoice(debtor, 120, "USD")
    went = [run(in_days(day)) for day in range(8)]
    assert went == [1, 0, 1, 0, 0, 0, 0, 0]
    assert asked() == [("USD", 1, 1), ("USD", 1, 2)]
    assert [each.subject for each in mail.outbox] == ["$120.00 is overdue"] * 2
    assert mail.outbox[0].to == ["pay@customer.example"]
    assert Task.objects.get(kind="finance.dunning_exhausted").account == debtor


def test_a_payment_in_between_stops_it(debtor: Account) -> None:
    put_in_force()
    invoice = make_invoice(debtor, 300)
    assert run() == 1
    pay(invoice, 300)
    assert [run(in_days(day)) for day in (1, 2, 3)] == [0, 0, 0]
    assert DunningCycle.objects.get().closed_on == in_days(1)
    # Late again, they are asked from the beginning.
    make_invoice(debtor, 200, overdue=-2)
    assert run(in_days(5)) == 1
    assert asked() == [("EUR", 1, 1), ("EUR", 1, 1)]


def test_a_run_that_is_repeated_writes_and_sends_nothing_more(debtor: Account) -> None:
    put_in_force()
    make_invoice(debtor, 300)
    assert [run() for _ in range(4)] == [1, 0, 0, 0]
    assert DunningMessage.objects.count() == 1


def test_a_clock_that_goes_back_and_forth_sends_nothing_again(debtor: Account) -> None:
    put_in_force()
    make_invoice(debtor, 300)
    went = [run(in_days(day)) for day in (0, 9, 0, 3, 9, 12, -1, 40)]
    assert went == [1, 1, 0, 0, 0, 0, 0, 0]
    assert asked() == [("EUR", 1, 1), ("EUR", 1, 2)]


def test_a_worker_that_dies_between_claim_and_mail_leaves_it_to_a_person(
    debtor: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in_force()
    make_invoice(debtor, 300)
    plan_dunning(DAY)
    message = claim_message(DunningMessage.objects.get().pk, DAY)
    assert message is not None  # and here it dies
    assert run() == 0
    DunningMessage.objects.update(claimed_at=timezone.now() - HELD_FOR - timedelta(minutes=1))
    assert [run(in_days(day)) for day in (0, 1, 5, 30)] == [0, 0, 0, 0]
    assert states() == ["unknown"]
    assert not mail.outbox
    task = Task.objects.get(kind="finance.unclear_message")
    with pytest.raises(RefusedError, match="Decide on the message's page"):
        complete_task(task=task, by=make_user("finance"))
    decide_message(message=message, was_sent=True, by=make_user("finance"))
    task.refresh_from_db()
    assert task.state == "done"
    assert run(in_days(2)) == 1
    assert asked() == [("EUR", 1, 1), ("EUR", 1, 2)]


def test_what_surely_did_not_go_out_is_written_anew_once_a_person_says_so(debtor: Account) -> None:
    put_in_force()
    make_invoice(debtor, 300)
    plan_dunning(DAY)
    message = claim_message(DunningMessage.objects.get().pk, DAY)
    assert message is not None
    DunningMessage.objects.update(state="unknown")
    decide_message(message=message, was_sent=False, by=make_user("finance"))
    assert [run(), run()] == [1, 0]
    assert states() == ["stopped", "sent"]
    with pytest.raises(ValidationError):
        decide_message(message=message, was_sent=False, by=make_user("finance"))


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (SMTPRecipientsRefused({"x": (550, b"no")}), "failed"),
        (ConnectionRefusedError("no"), "failed"),
        (SMTPDataError(554, b"no"), "failed"),
        (UnicodeEncodeError("ascii", "ü", 0, 1, "no"), "failed"),
        (SMTPResponseException(500, b"Line too long."), "unknown"),
        (SMTPServerDisconnected("gone"), "unknown"),
        (TimeoutError("slow"), "unknown"),
    ],
)
def test_a_mail_server_that_fails_is_never_tried_again_by_itself(
    debtor: Account, monkeypatch: pytest.MonkeyPatch, error: Exception, state: str
) -> None:
    put_in_force()
    make_invoice(debtor, 300)
    tries: list[str] = []

    def refuse(message: DunningMessage) -> Any:
        tries.append(message.email)
        raise error

    monkeypatch.setattr(sending, "mail_of", refuse)
    assert [run(in_days(day)) for day in (0, 0, 1, 5)] == [0, 0, 0, 0]
    assert len(tries) == 1
    assert states() == [state]
    assert Task.objects.get(kind="finance.unclear_message").account == debtor


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_write_and_send_one_mail() -> None:
    put_in_force()
    for _ in range(3):
        make_invoice(make_debtor(), 300)
    gate, sent, broken = threading.Barrier(4), [], []

    def work() -> None:
        try:
            gate.wait()
            sent.append(run())
        except Exception as error:  # noqa: BLE001 - told by the test
            broken.append(error)
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not broken
    assert sum(sent) == 3
    assert states() == ["sent"] * 3
    assert len(mail.outbox) == 3


def test_the_database_holds_one_message_for_each_attempt(debtor: Account) -> None:
    put_in_force()
    make_invoice(debtor, 300)
    run()
    message = DunningMessage.objects.get()
    message.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        message.save(force_insert=True)


def hold_account(account: Account) -> None:
    set_hold(account=account, reason="Merger", ends_on=in_days(9), by=make_user("finance"), day=DAY)


STOPS: dict[str, tuple[Callable[[Any], object], str]] = {
    "payment": (lambda invoice: pay(invoice, 300), "Nothing is overdue"),
    "part payment": (lambda invoice: pay(invoice, 20), "changed from €300.00 to €280.00"),
    "dispute": (dispute, "disputed"),
    "hold": (lambda invoice: hold_account(invoice.account), "Held meanwhile: Merger"),
    "promise": (lambda invoice: make_promise(invoice.account), "promised"),
    "policy": (lambda invoice: put_in_force(make_stage(attempts=1)), "Another version"),
    "no policy": (
        lambda invoice: retire_policy(policy=DunningPolicy.objects.published().get(), by=None),
        "Another",
    ),
    "address": (lambda invoice: Contact.objects.update(email="new@customer.example"), "another address"),
    "money": (lambda invoice: pay_ahead(invoice.account, 300), "Money came"),
    "tier": (lambda invoice: move_to("growth", invoice.account), "doesn't ask customers of this tier"),
}


def move_to(tier: str, account: Account) -> None:
    Account.objects.filter(pk=account.pk).update(tier=Tier.objects.get(slug=tier))


@pytest.mark.parametrize("what", STOPS)
def test_what_happens_between_writing_and_sending_stops_it(debtor: Account, what: str) -> None:
    put_in_force(tiers=("standard",))
    invoice = make_invoice(debtor, 300)
    plan_dunning(DAY)
    happen, why = STOPS[what]
    happen(invoice)
    assert send_due(DAY) == 0
    message = DunningMessage.objects.get()
    assert message.state == "stopped"
    assert why in message.note


def test_a_stopped_attempt_is_written_anew_as_things_are_then(debtor: Account) -> None:
    put_in_force()
    invoice = make_invoice(debtor, 300)
    plan_dunning(DAY)
    pay(invoice, 20)
    send_due(DAY)
    assert run() == 1
    assert states() == ["stopped", "sent"]
    assert "€280.00" in mail.outbox[0].subject


def test_a_message_that_waited_overnight_does_not_go_out_with_old_days(debtor: Account) -> None:
    put_in_force()
    make_invoice(debtor, 300)
    plan_dunning(DAY)
    assert send_due(in_days(1)) == 0
    assert run(in_days(1)) == 1
    assert states() == ["stopped", "sent"]


def test_disputed_held_and_promised_parts_are_not_asked_for(debtor: Account) -> None:
    put_in_force()
    disputed, held, rest = make_invoice(debtor, 400), make_invoice(debtor, 500), make_invoice(debtor, 900)
    dispute(disputed)
    set_hold(
        account=debtor, invoice=held, reason="Wrong PO", ends_on=in_days(9), by=make_user("finance"), day=DAY
    )
    make_promise(debtor, "250")
    run()
    message = DunningMessage.objects.get()
    assert message.amount == 650
    assert [row["invoice"] for row in message.asked_for] == [rest.pk]
    assert disputed.number not in message.text


def test_whom_nobody_can_write_to_becomes_a_task(debtor: Account) -> None:
    put_in_force()
    account = make_debtor(email="")
    make_invoice(account, 300)
    assert [run(), run()] == [0, 0]
    task = Task.objects.get(kind="finance.no_billing_address")
    assert (task.account, task.function) == (account, "finance")
    with pytest.raises(RefusedError, match="Still nobody"):
        complete_task(task=task, by=make_user("finance"))
    Contact.objects.create(account=account, name="Ola", role="economic_buyer", email="ola@customer.example")
    complete_task(task=task, by=make_user("finance"))
    assert run() == 1


# Relationship-based accounts


@pytest.fixture
def strategic() -> Account:
    put_in_force()
    owner = make_user("customer_success", email="csm@example.com")
    account = make_debtor("strategic", owner_email=owner.email)
    make_invoice(account, 3000)
    return account


def tasks_of(account: Account) -> dict[str, Task]:
    return {task.function: task for task in Task.objects.filter(account=account)}


def test_a_strategic_account_gets_a_task_not_a_mail(strategic: Account) -> None:
    assert [run(in_days(day)) for day in (0, 1, 5)] == [0, 0, 0]
    tasks = tasks_of(strategic)
    assert set(tasks) == {"customer_success", "finance"}
    assert tasks["customer_success"].assignee == User.objects.get(email="csm@example.com")
    assert not DunningMessage.objects.exists()


def test_a_mail_may_go_once_both_agree(strategic: Account) -> None:
    run()
    tasks = tasks_of(strategic)
    complete_task(task=tasks["customer_success"], by=make_user("customer_success"), outcome="agree")
    assert run() == 0
    complete_task(task=tasks["finance"], by=make_user("finance"), outcome="agree")
    assert [run(), run(in_days(1)), run(in_days(2))] == [1, 0, 1]


def test_finance_may_release_it_alone_with_a_reason(strategic: Account) -> None:
    run()
    finance = make_user("finance")
    task = tasks_of(strategic)["finance"]
    with pytest.raises(ValidationError):
        complete_task(task=task, by=finance, outcome="release")
    complete_task(task=task, by=finance, outcome="release", note="The CSM is on leave.")
    assert run() == 1
    assert DunningCycle.objects.get().releases.get().reason == "The CSM is on leave."


def test_whoever_wants_to_wait_keeps_it_from_going(strategic: Account) -> None:
    run()
    tasks = tasks_of(strategic)
    complete_task(task=tasks["finance"], by=make_user("finance"), outcome="agree")
    complete_task(
        task=tasks["customer_success"], by=make_user("customer_success"), outcome="wait", note="I call them."
    )
    assert [run(in_days(day)) for day in (0, 4)] == [0, 0]
    release_stage(
        cycle=DunningCycle.objects.get(), stage=1, by=make_user("finance"), reason="They don't answer."
    )
    assert run(in_days(4)) == 1


def test_tasks_end_with_what_was_owed(strategic: Account) -> None:
    run()
    for invoice in strategic_invoices(strategic):
        pay(invoice, 3000)
    run(in_days(1))
    assert {task.state for task in Task.objects.all()} == {"dropped"}


def strategic_invoices(account: Account) -> Any:
    from finance.models import Invoice

    return Invoice.objects.filter(account=account)


@pytest.mark.django_db(transaction=True)
def test_two_who_agree_at_once_release_it() -> None:
    put_in_force()
    make_invoice(make_debtor("strategic"), 3000)
    run()
    gate = threading.Barrier(2)

    def agree(task: Task, by: User) -> None:
        try:
            gate.wait()
            complete_task(task=task, by=by, outcome="agree")
        finally:
            connection.close()

    people = {function: make_user(function) for function in ("customer_success", "finance")}
    threads = [
        threading.Thread(target=agree, args=(task, people[task.function])) for task in Task.objects.all()
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert run() == 1


# Promises and holds


def test_a_promise_is_kept_by_what_came_in_time_and_broken_without_it(debtor: Account) -> None:
    put_in_force()
    invoice = make_invoice(debtor, 300)
    first = make_promise(debtor)
    assert run() == 0
    pay(invoice, 100, in_days(2))
    assert run(in_days(3)) == 0
    first.refresh_from_db()
    assert first.state == "open"
    assert run(in_days(6)) == 1
    first.refresh_from_db()
    assert first.state == "broken"
    task = Task.objects.get(kind="finance.broken_promise")
    assert "€300.00 promised" in task.title
    pay(invoice, 200, in_days(5))  # it came in time, and is told late
    run(in_days(7))
    first.refresh_from_db()
    task.refresh_from_db()
    assert (first.state, task.state) == ("kept", "dropped")


def test_a_payment_after_the_day_does_not_keep_a_promise(debtor: Account) -> None:
    invoice = make_invoice(debtor, 300)
    first = make_promise(debtor)
    pay(invoice, 300, in_days(6))
    run(in_days(6))
    first.refresh_from_db()
    assert first.state == "broken"


def test_a_further_promise_takes_the_place_of_the_open_one(debtor: Account) -> None:
    put_in_force()
    make_invoice(debtor, 300)
    first, second = make_promise(debtor), make_promise(debtor, days=8)
    first.refresh_from_db()
    assert (first.state, second.state) == ("replaced", "open")
    withdraw_promise(promise=second, by=make_user("finance"))
    assert run() == 1
    with pytest.raises(ValidationError):
        withdraw_promise(promise=second, by=make_user("finance"))


@pytest.mark.parametrize(
    ("broken", "field"),
    [
        ({"amount": Decimal("300.01")}, "amount"),
        ({"amount": Decimal("0.001")}, "amount"),
        ({"currency": "USD"}, "currency"),
        ({"due_on": in_days(-1)}, "due_on"),
        ({"promised_by": " "}, "promised_by"),
    ],
)
def test_what_is_no_promise_is_refused_at_its_field(
    debtor: Account, broken: dict[str, Any], field: str
) -> None:
    make_invoice(debtor, 300)
    given: dict[str, Any] = {
        "currency": "EUR",
        "amount": Decimal(300),
        "due_on": in_days(3),
        "promised_by": "Ida",
        **broken,
    }
    with pytest.raises(ValidationError) as refused:
        record_promise(account=debtor, by=make_user("finance"), day=DAY, **given)
    assert list(refused.value.message_dict) == [field]


def test_a_hold_ends_by_itself_on_its_day(debtor: Account) -> None:
    put_in_force()
    make_invoice(debtor, 300)
    hold_account(debtor)
    assert [run(in_days(day)) for day in (0, 9)] == [0, 0]
    assert run(in_days(10)) == 1
    held = CollectionHold.objects.get()
    assert held.ended_at is not None
    with pytest.raises(ValidationError):
        end_hold(hold=held, by=make_user("finance"))


def test_a_hold_needs_a_reason_and_an_end(debtor: Account) -> None:
    for reason, ends_on, field in (("", in_days(3), "reason"), ("Merger", in_days(900), "ends_on")):
        with pytest.raises(ValidationError) as refused:
            set_hold(account=debtor, reason=reason, ends_on=ends_on, by=make_user("finance"), day=DAY)
        assert list(refused.value.message_dict) == [field]


def test_tiers_that_the_policy_leaves_out_are_not_asked(debtor: Account) -> None:
    put_in_force(tiers=("growth",))
    make_invoice(debtor, 300)
    make_invoice(make_debtor("growth"), 300)
    make_invoice(make_debtor(None), 300)
    assert run() == 1


def test_a_mail_that_a_slow_worker_sent_after_all_counts_as_sent(
    debtor: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in_force()
    make_invoice(debtor, 300)
    plan_dunning(DAY)
    message = claim_message(DunningMessage.objects.get().pk, DAY)
    assert message is not None
    mail_of = sending.mail_of

    def lose(held: DunningMessage) -> Any:
        DunningMessage.objects.update(state="unknown")
        return mail_of(held)

    monkeypatch.setattr(sending, "mail_of", lose)
    assert send_message(message)
    assert states() == ["sent"]


def test_an_account_that_is_deleted_is_not_written_to(debtor: Account) -> None:
    put_in_force()
    make_invoice(debtor, 300)
    plan_dunning(DAY)
    Account.objects.filter(pk=debtor.pk).update(deleted_at=timezone.now())
    assert [send_due(DAY), run()] == [0, 0]
    assert states() == ["stopped"]
    assert DunningCycle.objects.get().closed_on == DAY


def test_a_merge_takes_claims_promises_and_holds_along(debtor: Account) -> None:
    put_in_force()
    winner = make_debtor()
    for account in (winner, debtor):
        make_invoice(account, 300)
        hold_account(account)
        make_promise(account, "100")
    run()
    merge_accounts(winner=winner.pk, loser=debtor.pk, by=make_user("revops"))
    end_hold(hold=CollectionHold.objects.get(account=winner, ended_at=None), by=make_user("finance"))
    assert run() == 1
    assert DunningMessage.objects.get().amount == 500
