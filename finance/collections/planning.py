"""A dunning run: judge promises, end holds, open and close cycles, write what is due and open tasks.

Whatever is found is decided again for one account alone, under its lock, before anything is written: so a run may be
repeated, or made by several workers at once, and writes the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import structlog
from django.db import DatabaseError, transaction
from django.utils import timezone

from common.formatting import format_count, format_date
from finance.collections.cycles import (
    CYCLE_KINDS,
    close_account_cycles,
    close_cycles,
    drop_answered,
    is_over,
)
from finance.collections.locking import lock_account
from finance.collections.policy import policy_in_force, stages_of
from finance.collections.positions import Position, positions_under, read_held
from finance.collections.promises import judge_promises
from finance.collections.task_words import (
    AGREEMENT,
    EXHAUSTED,
    NO_ADDRESS,
    RELEASE,
    about_cycle,
    about_stage,
)
from finance.collections.writing import exact, write_letter
from finance.models import CollectionHold, DunningCycle, DunningMessage, DunningPolicy
from people.functions import Function
from pods.models import Task
from pods.tasks.services import open_task

logger = structlog.get_logger(__name__)

# How long people have for what a run asks of them.
DAYS_TO_ACT = 3
ACTS_ON = ("ask", "nobody", "relationship", "exhausted")


@dataclass(slots=True)
class Summary:
    """What a run did."""

    written: int = 0
    tasks: int = 0
    opened: int = 0
    closed: int = 0
    failed: int = 0


def plan_dunning(day: date) -> Summary:
    """Do all that a day asks for short of sending; safe to repeat and to do twice at once.

    One account that can't be dealt with is logged and doesn't hold up the others.
    """
    done = Summary()
    end_holds(day)
    judge_promises(day)
    policy = policy_in_force()
    held = read_held(day)
    done.closed = close_cycles(day, {(claim.account_id, claim.currency) for claim in held.claims})
    positions = positions_under(policy, held)
    drop_answered(positions)
    for position in _to_deal_with(positions):
        claim = position.claim
        try:
            _deal_with(claim.account_id, claim.currency, day, policy, done)
        except DatabaseError:
            done.failed += 1
            logger.exception("Dunning failed", account=claim.account_id, currency=claim.currency)
    return done


def _to_deal_with(positions: Sequence[Position]) -> list[Position]:
    """Return those of which something may have to be written; one query.

    What people were given to do already isn't asked of them again, so it costs nothing with every run.
    """
    acting = [each for each in positions if each.verdict.kind in ACTS_ON or is_over(each) or not each.cycle]
    wanted = {pk: _tasks_for(each) for pk, each in enumerate(acting)}
    abouts = {about for keys in wanted.values() for _, about in keys}
    opened = set(Task.objects.filter(kind__in=CYCLE_KINDS, about__in=abouts).values_list("kind", "about"))
    return [each for pk, each in enumerate(acting) if is_over(each) or not wanted[pk] or wanted[pk] - opened]


def _tasks_for(position: Position) -> set[tuple[str, str]]:
    """Return kind and subject of the tasks that a position asks for."""
    cycle, verdict = position.cycle, position.verdict
    if cycle is not None and verdict.kind == "relationship":
        return {(kind, about_stage(cycle, verdict.stage)) for kind in (AGREEMENT, RELEASE)}
    if cycle is not None and verdict.kind == "nobody":
        return {(NO_ADDRESS, about_stage(cycle, verdict.stage))}
    if cycle is not None and verdict.kind == "exhausted":
        return {(EXHAUSTED, about_cycle(cycle))}
    return set()


@transaction.atomic
def _deal_with(
    account_id: int, currency: str, day: date, policy: DunningPolicy | None, done: Summary
) -> None:
    """Decide about one claim anew under its account's lock, and write what follows."""
    if lock_account(account_id) is None or policy_in_force() != policy:
        return  # gone, or another version was published meanwhile: the next run goes by that
    position = _position(account_id, currency, day, policy)
    if position is not None and position.cycle is not None and is_over(position):
        close_account_cycles(account_id, currency, day, "What was asked for is settled.")
        done.closed += 1
        position = _position(account_id, currency, day, policy)
    if position is None:
        return
    cycle = position.cycle
    if cycle is None:
        cycle = DunningCycle.objects.create(account_id=account_id, currency=currency, opened_on=day)
        done.opened += 1
    if position.verdict.kind == "ask" and policy is not None:
        _ask(position, cycle, policy, day, done)
    elif position.verdict.kind == "relationship":
        done.tasks += ask_for_leave(position, cycle, day)
    elif position.verdict.kind == "nobody":
        done.tasks += _ask_for_address(position, cycle, day)
    elif position.verdict.kind == "exhausted":
        done.tasks += _tell_exhausted(position, cycle, day)


def _position(account_id: int, currency: str, day: date, policy: DunningPolicy | None) -> Position | None:
    positions = positions_under(policy, read_held(day, {account_id}))
    return next((each for each in positions if each.claim.currency == currency), None)


def _ask(position: Position, cycle: DunningCycle, policy: DunningPolicy, day: date, done: Summary) -> None:
    claim, account, verdict, recipient = (
        position.claim,
        position.account,
        position.verdict,
        position.recipient,
    )
    assert recipient is not None
    stage = stages_of(policy)[verdict.stage - 1]
    letter = write_letter(stage, claim, account, recipient, verdict.attempt)
    DunningMessage.objects.create(
        cycle=cycle,
        policy=policy,
        stage=verdict.stage,
        attempt=verdict.attempt,
        recipient=recipient.name[:255],
        email=recipient.email,
        subject=letter.subject,
        text=letter.text,
        amount=claim.rest,
        asked_for=claim.snapshot(),
        asked_on=day,
    )
    done.written += 1


def ask_for_leave(position: Position, cycle: DunningCycle, day: date) -> int:
    """Open the tasks of customer success and finance that come before a mail; return how many."""
    claim, verdict = position.claim, position.verdict
    owed = exact(claim.rest, claim.currency)
    count = format_count(len(claim.asked_for), "invoice")
    body = (
        f"{position.account.name} owes {owed} on {count}, for {format_count(claim.days_overdue, 'day')}. Its "
        f"collections go by relationship ({position.entitled.origin}), so nothing is sent before customer success "
        "and finance agree. Talk to them first; then say whether a mail may go."
    )
    for kind, function in ((AGREEMENT, Function.CUSTOMER_SUCCESS), (RELEASE, Function.FINANCE)):
        open_task(
            kind=kind,
            about=about_stage(cycle, verdict.stage),
            account=position.account,
            title=f"Agree how to ask for {owed}, {claim.days_overdue} days overdue",
            body=body,
            function=function,
            due_on=day + timedelta(days=DAYS_TO_ACT),
        )
    return 2


def _ask_for_address(position: Position, cycle: DunningCycle, day: date) -> int:
    claim = position.claim
    open_task(
        kind=NO_ADDRESS,
        about=about_stage(cycle, position.verdict.stage),
        account=position.account,
        title=f"Find out whom to ask for {exact(claim.rest, claim.currency)}",
        body="Nobody with an address is known to whom a reminder could go. Name a contact in the account's billing "
        "arrangement, or have the CRM send an economic buyer with an address.",
        function=Function.FINANCE,
        due_on=day + timedelta(days=DAYS_TO_ACT),
    )
    return 1


def _tell_exhausted(position: Position, cycle: DunningCycle, day: date) -> int:
    claim = position.claim
    open_task(
        kind=EXHAUSTED,
        about=about_cycle(cycle),
        account=position.account,
        title=f"Every attempt was made for {exact(claim.rest, claim.currency)}",
        body=f"Overdue since {format_date(claim.oldest_due or day)}. Decide what follows: a call, a plan of payments, "
        "or that it can't be collected.",
        function=Function.FINANCE,
        due_on=day + timedelta(days=DAYS_TO_ACT),
    )
    return 1


def end_holds(day: date) -> int:
    """Mark holds whose last day is over as ended; return how many."""
    over = CollectionHold.objects.filter(ended_at=None, ends_on__lt=day)
    return over.update(ended_at=timezone.now())
