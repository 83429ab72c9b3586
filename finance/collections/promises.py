"""Promises to pay: recorded, replaced, withdrawn, and judged by what was paid."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone

from accounts.models import Account
from common.formatting import format_date
from finance.collections.claims import ZERO, Promised, claims_on, payable, promised_of, unallocated_on
from finance.collections.locking import lock_account
from finance.collections.querysets import PaymentPromiseQuerySet
from finance.collections.task_words import BROKEN_PROMISE
from finance.collections.writing import exact
from finance.models import PaymentPromise
from people.functions import Function
from people.models import User
from pods.models import Task
from pods.tasks.services import drop_task, open_task

State = PaymentPromise.State
LONGEST = 366
DAYS_TO_ACT = 2
# Payments become known days after they were made: a broken promise may turn out to have been kept.
JUDGED_AGAIN = timedelta(days=60)


@transaction.atomic
def record_promise(
    *,
    account: Account,
    currency: str,
    amount: Decimal,
    due_on: date,
    promised_by: str,
    by: User,
    day: date,
    note: str = "",
) -> PaymentPromise:
    """Write down that a customer will pay by a day; one that is open in the same currency is replaced.

    Raises ValidationError by field: nothing overdue in the currency, an amount above what is overdue, a day in the
    past or more than a year ahead.
    """
    held = lock_account(account.pk)
    owed = {claim.currency: claim for claim in claims_on(day, {account.pk})}
    problems: dict[str, str] = {}
    if held is None or currency not in owed:
        problems["currency"] = f"Nothing is overdue in {currency or 'this currency'}."
    elif not 0 < amount <= payable(owed[currency].overdue):
        most = exact(payable(owed[currency].overdue), currency)
        problems["amount"] = f"Use an amount above 0 and up to {most}, which is overdue."
    elif amount != round(amount, 2):
        problems["amount"] = "Use at most two decimals."
    if not day <= due_on <= day + timedelta(days=LONGEST):
        problems["due_on"] = "Choose today or a day within a year."
    if not promised_by.strip():
        problems["promised_by"] = "Say who promised it."
    if problems:
        raise ValidationError({name: [told] for name, told in problems.items()})
    _open(account, currency).update(state=State.REPLACED, decided_at=timezone.now())
    return PaymentPromise.objects.create(
        account=account,
        currency=currency,
        amount=amount,
        made_on=day,
        due_on=due_on,
        promised_by=promised_by.strip()[:255],
        note=note.strip()[:500],
        recorded_by=by,
    )


@transaction.atomic
def withdraw_promise(*, promise: PaymentPromise, by: User) -> None:
    """Take an open promise back, so that its amount is asked for again; raises ValidationError where it isn't open."""
    lock_account(promise.account_id)
    ended = PaymentPromise.objects.open().filter(pk=promise.pk)
    if not ended.update(state=State.WITHDRAWN, decided_at=timezone.now()):
        raise ValidationError("This promise isn't open any more.")


def judge_promises(day: date) -> int:
    """Decide promises by what was paid: kept as soon as it was, broken once its day is over; return how many changed.

    A broken one whose payment becomes known later turns out to have been kept, and its task is dropped.
    """
    recent = Q(state=State.BROKEN, due_on__gte=day - JUDGED_AGAIN)
    rows = list(PaymentPromise.objects.filter(recent | Q(state=State.OPEN)).order_by("pk"))
    found = promised_of(rows, day)
    waits = unallocated_on(day, {row.account_id for row in rows})
    return sum(
        _judge(promise.pk, promise.account_id, day)
        for promise, promised in zip(rows, found, strict=True)
        if _verdict(promised, waits.get((promise.account_id, promise.currency), ZERO), day) != promise.state
    )


def _verdict(promised: Promised, unallocated: Decimal, day: date) -> PaymentPromise.State:
    """Return what a promise is by what was paid; money that settles nothing yet may still turn out to be for it."""
    promise = promised.promise
    if promised.left <= 0:
        return State.KEPT
    if promise.state == State.OPEN and (day <= promise.due_on or promised.left <= unallocated):
        return State.OPEN
    return State.BROKEN


@transaction.atomic
def _judge(pk: int, account_id: int, day: date) -> int:
    lock_account(account_id)
    held = (
        PaymentPromise.objects.filter(pk=pk, state__in=(State.OPEN, State.BROKEN))
        .select_related("account")
        .first()
    )
    if held is None:
        return 0
    promised = promised_of([held], day)[0]
    waits = unallocated_on(day, {held.account_id}).get((held.account_id, held.currency), ZERO)
    was, now = held.state, _verdict(promised, waits, day)
    if now == was:
        return 0
    _decide(held, now)
    if now == State.BROKEN:
        _tell(held, promised.paid, day)
    elif was == State.BROKEN:
        _drop(held)
    return 1


@dataclass(frozen=True, slots=True)
class Kept:
    """How many promises that fell due within a year were decided, and how many of them broken."""

    decided: int
    broken: int


def kept_promises(day: date, account: Account | None = None) -> Kept:
    """Return how promises were kept that fell due within the year before a day, of one account or of all; one query."""
    rows = PaymentPromise.objects.due_within_year(day).filter(account__deleted_at=None)
    if account is not None:
        rows = rows.filter(account=account)
    broken = Count("pk", filter=Q(state=State.BROKEN))
    decided = Count("pk", filter=Q(state__in=(State.BROKEN, State.KEPT)))
    return Kept(**rows.aggregate(decided=decided, broken=broken))


def _decide(promise: PaymentPromise, state: PaymentPromise.State) -> None:
    promise.state, promise.decided_at = state, timezone.now()
    promise.save(update_fields=["state", "decided_at"])


def _tell(promise: PaymentPromise, paid: Decimal, day: date) -> None:
    owed, came = exact(promise.amount, promise.currency), exact(paid, promise.currency)
    open_task(
        kind=BROKEN_PROMISE,
        about=f"promise:{promise.pk}",
        account=promise.account,
        title=f"{owed} promised by {format_date(promise.due_on)} didn't come",
        body=f"{promise.promised_by} promised {owed} by {format_date(promise.due_on)}; {came} came. Ask them "
        "again, and record a new promise or a hold if there is a reason. Otherwise dunning goes on.",
        function=Function.FINANCE,
        due_on=day + timedelta(days=DAYS_TO_ACT),
    )


def _drop(promise: PaymentPromise) -> None:
    for task in Task.objects.filter(state="open", kind=BROKEN_PROMISE, about=f"promise:{promise.pk}"):
        drop_task(task=task, by=None, reason="The payment came in time after all.")


def _open(account: Account, currency: str) -> PaymentPromiseQuerySet:
    return PaymentPromise.objects.open().filter(account=account, currency=currency)
