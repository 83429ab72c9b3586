"""Decide whether somebody is asked for money today, and if not, why not. Pure: nothing is read and nothing written."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal, Protocol

from common.formatting import format_count, format_date, format_money
from finance.collections.claims import Claim
from finance.collections.policy import Stage

Kind = Literal[
    "ask",  # a message is due
    "wait",  # not yet, or not again yet
    "below",  # under the threshold of its currency
    "promised",
    "paid",  # money came that settles no invoice yet
    "disputed",
    "held",
    "relationship",  # the customer success manager and finance come first
    "nobody",  # a message is due, and nobody with an address is known
    "pending",  # a message is on its way, or nobody knows what became of one
    "tier",  # the policy doesn't ask this tier
    "exhausted",  # every attempt was made
    "no_policy",
]
PENDING = {
    "queued": "A message waits to be sent.",
    "claimed": "A message is being sent.",
    "failed": "The last message couldn't be sent. Somebody has to try again.",
    "unknown": "Nobody knows whether the last message went out. Somebody has to decide.",
}
# Less than that nobody can pay.
LEAST = Decimal("0.01")


class Asked(Protocol):
    """A message as far as a decision needs it."""

    stage: int
    attempt: int
    state: str
    asked_on: date


@dataclass(frozen=True, slots=True)
class Verdict:
    """What happens with a claim today: ``why`` is a sentence, ``next_on`` the day on which it may be otherwise."""

    kind: Kind
    why: str
    stage: int = 0
    attempt: int = 0
    next_on: date | None = None

    @property
    def is_due(self) -> bool:
        """Whether a message may be written now."""
        return self.kind == "ask"


def decide(
    claim: Claim,
    stages: Sequence[Stage],
    messages: Sequence[Asked],
    *,
    is_asked_by_tier: bool = True,
    is_relationship: bool = False,
    released: Collection[int] = (),
    has_recipient: bool = True,
) -> Verdict:
    """Return what happens with a claim today under the ``stages`` of a policy.

    ``messages`` are those of the open cycle without the stopped ones, ``released`` the stages for which a
    relationship-based account may be asked. The first attempt is always that of the first stage; a stage follows the
    one before once the oldest invoice is old enough and the delay after the last message is over.
    """
    if claim.rest <= 0:
        return _blocked(claim)
    if not stages:
        return Verdict("no_policy", "No dunning policy is published, so nobody is asked.")
    pending = next((each for each in messages if each.state in PENDING), None)
    if pending is not None:
        return Verdict("pending", PENDING[pending.state], pending.stage, pending.attempt)
    place, attempt, earliest = _next(claim, stages, messages)
    if place == 0 and earliest > claim.day:
        why = f"Every attempt was made. A person has to decide what follows from {format_date(earliest)} on."
        return Verdict("wait", why, next_on=earliest)
    if place == 0:
        return Verdict("exhausted", "Every attempt was made. A person has to decide what follows.")
    stage = stages[place - 1]
    threshold = stage.thresholds.get(claim.currency)
    if threshold is None:
        return Verdict(
            "below", f"The policy names no threshold for {claim.currency}, so nobody is asked.", place
        )
    if claim.rest < max(threshold, LEAST):
        least = format_money(threshold, claim.currency)
        return Verdict("below", f"Below the threshold of {least} of “{stage.name}”.", place)
    if not is_asked_by_tier:
        return Verdict("tier", "The policy in force doesn't ask customers of this tier by mail.", place)
    if earliest > claim.day:
        return Verdict(
            "wait",
            f"“{stage.name}”, attempt {attempt}, from {format_date(earliest)} on.",
            place,
            attempt,
            earliest,
        )
    if is_relationship and place not in released:
        return Verdict(
            "relationship",
            f"Customer success and finance must agree before “{stage.name}” may go.",
            place,
            attempt,
        )
    if not has_recipient:
        return Verdict("nobody", "Nobody with an address is known who could be asked.", place, attempt)
    return Verdict(
        "ask", f"“{stage.name}”, attempt {attempt} of {stage.attempts}.", place, attempt, claim.day
    )


def _next(claim: Claim, stages: Sequence[Stage], messages: Sequence[Asked]) -> tuple[int, int, date]:
    """Return stage, attempt and the first day of what comes next; stage 0 where nothing does."""
    oldest = claim.oldest_due or claim.day
    last = max(messages, key=lambda each: (each.stage, each.attempt), default=None)

    def begins(place: int) -> date:
        return oldest + timedelta(days=stages[place - 1].days_overdue)

    if last is None:
        return 1, 1, begins(1)
    # A version published meanwhile may have fewer stages than were asked by then.
    held = min(last.stage, len(stages))
    # After a merge an earlier step may have been taken later, so the newest message counts.
    newest = max(each.asked_on for each in messages)
    after = newest + timedelta(days=stages[held - 1].delay_days)
    has_further = last.stage < len(stages)
    if has_further and begins(last.stage + 1) <= max(claim.day, after):
        return last.stage + 1, 1, max(after, begins(last.stage + 1))
    if last.stage == held and last.attempt < stages[held - 1].attempts:
        return held, last.attempt + 1, after
    if has_further:
        return last.stage + 1, 1, max(after, begins(last.stage + 1))
    return 0, 0, after


def _blocked(claim: Claim) -> Verdict:
    """Say what stands in the way of the whole claim: of several, what holds most of it."""
    amounts: dict[Kind, object] = {
        "held": claim.held,
        "promised": claim.promised,
        "paid": claim.paid,
        "disputed": claim.disputed,
    }
    kind: Kind = max(amounts, key=lambda each: amounts[each])  # type: ignore[arg-type,return-value]
    if kind == "promised" and claim.promise is not None:
        promise = claim.promise.promise
        why = f"{promise.promised_by} promised to pay by {format_date(promise.due_on)}."
        return Verdict(kind, why, next_on=promise.due_on + timedelta(days=1))
    if kind == "paid":
        came = format_money(claim.unallocated, claim.currency, decimals=2)
        return Verdict(kind, f"{came} came that settles no invoice yet. Say which it is for.")
    if kind == "held":
        hold = claim.account_hold
        until = f" until {format_date(hold.ends_on)}" if hold else ""
        reason = hold.reason if hold else next(each.hold for each in claim.invoices if each.hold)
        return Verdict(
            kind, f"Held{until}: {reason}", next_on=hold.ends_on + timedelta(days=1) if hold else None
        )
    count = sum(each.disputed > 0 for each in claim.invoices)
    return Verdict("disputed", f"All of it is disputed, on {format_count(count, 'invoice')}.")
