"""How the sample company asked its overdue customers lately: the policy, its runs day by day, and what people did.

Each day is run by the services as the workers would have then, with people's promises, holds and decisions in between.
No mail leaves: what would have gone out by then is noted as sent.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from zlib import crc32

from django.db import transaction
from django.db.models.functions import Now

from accounts.models import Account
from demo.finance.people import FINANCE, SUCCESS, person
from demo.past import as_of
from finance.billing.arranging import expected_of, propose_arrangement
from finance.billing.terms import BillingTerms
from finance.collections.planning import plan_dunning
from finance.collections.policy_services import cycle, publish_policy
from finance.collections.positions import Position, positions_on
from finance.collections.promises import record_promise
from finance.collections.sending import claim_message, mark_lost
from finance.collections.services import set_hold
from finance.collections.task_words import (
    AGREE,
    AGREEMENT,
    ALONE,
    BROKEN_PROMISE,
    EXHAUSTED,
    NO_ADDRESS,
    RELEASE,
    WAIT,
)
from finance.models import (
    Allocation,
    BillingArrangement,
    DunningCycle,
    DunningMessage,
    DunningPolicy,
    Invoice,
    PaymentPromise,
)
from metrics.engine.plan import today
from people.models import User
from pods.models import Task
from pods.tasks.services import complete_task

State = DunningMessage.State
DAYS = 28
POLICY_BEFORE = 4
# Days before today on which customers promised to pay, and in how many days where the payment didn't tell.
KEPT = (24, 21, 18, 15)
BROKEN = {20: 7, 14: 6, 8: 5}
OPEN = {6: 14, 4: 9, 1: 18}
# Days before today of a hold: for how long, of one invoice or the account, and why.
HOLDS = {
    23: (14, False, "Their bank details changed; we check them by phone first."),
    9: (
        24,
        False,
        "Merger with their parent: their payables are on hold until the new company is registered.",
    ),
    5: (15, True, "The acceptance protocol is being signed."),
}
# What came of a task, by its kind and the way of the account; what isn't named stays open.
WORDS = {
    (AGREEMENT, 0): (AGREE, ""),
    (RELEASE, 0): (AGREE, ""),
    (AGREEMENT, 1): (WAIT, "I call them myself this week."),
    (RELEASE, 2): (ALONE, "Their account manager is on leave until next month."),
    (EXHAUSTED, 0): ("agreed", "They pay in three parts, the first this month."),
    (EXHAUSTED, 1): ("agreed", "Their new finance director has promised to look into it."),
    (EXHAUSTED, 2): ("lost", "In insolvency; our claim is registered."),
    **{(BROKEN_PROMISE, way): ("asked", "They ask for a copy of the invoice; sent.") for way in range(4)},
}
# After how many days people have decided what tasks ask of them.
DECIDED_AFTER = 8
# From so many days before today on a worker died with a message in its hands, once.
LOST = 5


def collect() -> bool:
    """Publish the first policy and tell what came of it until today; return whether that was still to be done."""
    draft = DunningPolicy.objects.filter(version=1).first()
    if draft is None or not draft.is_draft:
        return False
    finance = person(FINANCE)
    # All or nothing: half a history would be taken for a whole one.
    with transaction.atomic():
        # A worker may have looked at what is overdue before anything was published.
        DunningCycle.objects.filter(messages=None).delete()
        first = today() - timedelta(days=DAYS)
        with as_of(first - timedelta(days=POLICY_BEFORE)):
            publish_policy(policy=draft, by=finance, expected=cycle.seen(draft))
        for ago in range(DAYS, -1, -1):
            _tell_day(today() - timedelta(days=ago), ago, finance)
    return True


def _tell_day(day: date, ago: int, finance: User) -> None:
    with as_of(day):
        _decide_tasks(day, finance)
        if ago in KEPT or ago in BROKEN or ago in OPEN:
            _promise(day, ago, finance)
        if ago in HOLDS:
            _hold(day, ago, finance)
        mark_lost()
        plan_dunning(day)
        _send(day, is_lost=ago <= LOST)


def _send(day: date, *, is_lost: bool) -> None:
    """Note what waits as sent, without a mail; where ``is_lost`` a worker dies with the first in its hands, once."""
    queued = DunningMessage.objects.filter(state=State.QUEUED)
    first = queued.order_by("pk").first()
    if is_lost and first is not None and not _has_lost():
        claim_message(first.pk, day)
    # Nobody pays between the writing and the sending of a past day, so what is written goes.
    queued.update(state=State.SENT, claimed_at=Now(), sent_at=Now())


def _has_lost() -> bool:
    return DunningMessage.objects.filter(state__in=(State.CLAIMED, State.UNKNOWN)).exists()


def _asked(day: date) -> Iterator[Position]:
    """Yield who was asked and hasn't promised anything, the most urgent first."""
    promised = set(PaymentPromise.objects.values_list("account_id", flat=True))
    found = [
        each
        for each in positions_on(day)
        if each.last_asked and each.claim.rest > 0 and each.account.pk not in promised
    ]
    yield from sorted(found, key=lambda each: (-each.claim.rest, each.account.pk))


def _promise(day: date, ago: int, by: User) -> None:
    """Record that somebody promised to pay: where that was kept, by the day on which the money came."""
    for position in _asked(day):
        owed, amount = position.claim.asked_for[0]
        paid_on = (
            Allocation.objects.live()
            .filter(invoice=owed.invoice_id, on__gt=day)
            .order_by("on")
            .values_list("on", flat=True)
            .first()
        )
        days = BROKEN.get(ago) or OPEN.get(ago)
        if ago in KEPT:
            fits = paid_on is not None and paid_on <= day + timedelta(days=21)
            due_on = paid_on + timedelta(days=1) if paid_on else day
        else:
            due_on = day + timedelta(days=days or 0)
            fits = paid_on is None or paid_on > due_on
        if fits:
            record_promise(
                account=position.account,
                currency=position.claim.currency,
                amount=round(amount, 2),
                due_on=due_on,
                promised_by=position.last_asked.recipient if position.last_asked else position.account.name,
                by=by,
                day=day,
                note="Told us on the phone; their next payment run is before that day.",
            )
            return


def _hold(day: date, ago: int, by: User) -> None:
    days, is_of_invoice, reason = HOLDS[ago]
    free = [each for each in positions_on(day) if each.verdict.kind in ("wait", "ask", "relationship")]
    for position in sorted(free, key=lambda each: (-each.claim.rest, each.account.pk))[2:3]:
        set_hold(
            account=position.account,
            reason=reason,
            ends_on=day + timedelta(days=days),
            by=by,
            day=day,
            invoice=_oldest(position) if is_of_invoice else None,
        )


def _oldest(position: Position) -> Invoice:
    return Invoice.objects.get(pk=position.claim.asked_for[0][0].invoice_id)


def _decide_tasks(day: date, finance: User) -> None:
    """Let people do most of what tasks asked of them a while ago, each account in its own way."""
    success = person(SUCCESS)
    late = day - timedelta(days=DECIDED_AFTER)
    for task in Task.objects.filter(state="open", due_on=late).select_related("account").order_by("pk"):
        way = crc32(task.account.name.encode()) % 4
        told = WORDS.get((task.kind, way))
        if task.kind == NO_ADDRESS and way < 2:
            _name_recipient(task.account, day, finance)
            complete_task(task=task, by=finance)
        elif told is not None:
            by = success if task.kind == AGREEMENT else finance
            outcome, note = told
            complete_task(task=task, by=by, outcome=outcome, note=note)


def _name_recipient(account: Account, day: date, by: User) -> None:
    """Note whom the invoices of an account go to that another system makes."""
    propose_arrangement(
        account=account,
        terms=BillingTerms(
            schedule=BillingArrangement.Schedule.ELSEWHERE, email=f"invoices@{account.domain}"
        ),
        starts_on=day,
        by=by,
        expected=expected_of(account),
        note="Their switchboard named the address.",
    )
