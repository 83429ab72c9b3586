"""The end of a cycle, and of the tasks that belong to it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from django.db import transaction
from django.db.models import Q

from finance.collections.absorbed import absorbed_by, survivors_of
from finance.collections.locking import lock_account
from finance.collections.positions import Position, read_held
from finance.collections.task_words import (
    AGREEMENT,
    BROKEN_PROMISE,
    EXHAUSTED,
    NO_ADDRESS,
    RELEASE,
    about_cycle,
    stage_about,
)
from finance.models import DunningCycle, DunningMessage, PaymentPromise
from pods.models import Task
from pods.tasks.services import ClosedError, drop_task

CYCLE_KINDS = (AGREEMENT, RELEASE, NO_ADDRESS, EXHAUSTED)
NOTHING_LEFT = "Nothing is overdue any more."


def is_over(position: Position) -> bool:
    """Return whether all that was asked for in a cycle is settled, and only something else is overdue by now.

    Whoever is always late with something would else never be asked again once every attempt was made.
    """
    if not position.messages or any(each.state != "sent" for each in position.messages):
        return False
    asked = {row["invoice"] for message in position.messages for row in message.asked_for}
    return asked.isdisjoint(owed.invoice_id for owed in position.claim.invoices)


def close_cycles(day: date, overdue: set[tuple[int, str]]) -> int:
    """Close the cycles of which nothing is overdue any more, with their tasks; return how many."""
    over = [
        cycle for cycle in DunningCycle.objects.open() if (cycle.account_id, cycle.currency) not in overdue
    ]
    owing = survivors_of(cycle.account_id for cycle in over)
    ended = {(owing[cycle.account_id], cycle.currency) for cycle in over} - overdue
    return sum(_close(account_id, currency, day) for account_id, currency in sorted(ended))


@transaction.atomic
def _close(account_id: int, currency: str, day: date) -> int:
    lock_account(account_id)
    if any(claim.currency == currency for claim in read_held(day, {account_id}).claims):
        return 0
    broken = PaymentPromise.objects.filter(account=account_id, currency=currency, state="broken")
    abouts = [f"promise:{pk}" for pk in broken.values_list("pk", flat=True)]
    _drop(Task.objects.filter(state="open", kind=BROKEN_PROMISE, about__in=abouts), NOTHING_LEFT)
    return close_account_cycles(account_id, currency, day, NOTHING_LEFT)


def close_account_cycles(account_id: int, currency: str, day: date, why: str) -> int:
    """Close what is open of an account in a currency, with tasks and waiting messages; return how many cycles.

    Called under the account's lock. Those of accounts merged into it end with its own.
    """
    accounts = [account_id, *absorbed_by([account_id])]
    cycles = list(DunningCycle.objects.open().filter(account__in=accounts, currency=currency))
    for cycle in cycles:
        # Tasks before the cycle, as whoever completes one locks them.
        drop_tasks(cycle, why)
        stop_queued([cycle.pk], why)
        cycle.closed_on = max(day, cycle.opened_on)
        cycle.save(update_fields=["closed_on"])
    return len(cycles)


def stop_queued(cycles: Sequence[int], why: str) -> int:
    """Stop what waits to be sent of these cycles; what a worker holds goes out. Return how many."""
    queued = DunningMessage.objects.filter(cycle_id__in=cycles, state=DunningMessage.State.QUEUED)
    return queued.update(state=DunningMessage.State.STOPPED, note=why)


def drop_tasks(cycle: DunningCycle, why: str) -> int:
    """Drop what people were still to do about a cycle; return how many tasks."""
    about = about_cycle(cycle)
    mine = Q(about=about) | Q(about__startswith=f"{about}:")
    return _drop(Task.objects.filter(mine, state="open", kind__in=CYCLE_KINDS), why)


def drop_answered(positions: Sequence[Position]) -> int:
    """Drop the tasks that ask for leave where a mail may go without by now; return how many.

    Finance released the stage alone, or the collections of the account don't go by relationship any more.
    """
    by_cycle = {each.cycle.pk: each for each in positions if each.cycle is not None}
    dropped = 0
    for task in Task.objects.open().filter(kind__in=(AGREEMENT, RELEASE)):
        cycle, stage = stage_about(task.about)
        position = by_cycle.get(cycle)
        if position is None or (position.is_relationship and stage not in position.released):
            continue
        why = (
            "It was released."
            if position.is_relationship
            else "Collections don't go by relationship any more."
        )
        dropped += _drop([task], why)
    return dropped


def _drop(tasks: Iterable[Task], why: str) -> int:
    dropped = 0
    for task in tasks:
        try:
            drop_task(task=task, by=None, reason=why)
        except ClosedError:  # somebody was quicker
            continue
        dropped += 1
    return dropped
