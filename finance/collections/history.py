"""What happened in an account's collections: asked, stopped, promised, held, released; newest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.utils import timezone

from common.export import Table, table_of
from common.formatting import format_date
from common.periods import end_of
from finance.collections.absorbed import absorbed_by
from finance.models import CollectionHold, DunningMessage, DunningRelease, PaymentPromise

MOST = 200
TONES = {
    "sent": "accent",
    "failed": "red",
    "unknown": "amber",
    "stopped": "neutral",
    "queued": "neutral",
    "claimed": "neutral",
    "kept": "green",
    "broken": "red",
}


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened, in words; ``url`` shows more of it."""

    at: datetime
    what: str
    state: str
    tone: str
    detail: str = ""
    amount: Decimal | None = None
    currency: str = ""
    url: str = ""


def history_of(account_id: int, day: date, *, most: int = MOST) -> list[Happening]:
    """Return what was known of an account's collections when a day ended, newest first; five queries."""
    accounts = [account_id, *absorbed_by([account_id])]
    messages = (
        DunningMessage.objects.known_on(day)
        .filter(cycle__account_id__in=accounts)
        .select_related("cycle", "policy")
    )
    promises = PaymentPromise.objects.known_on(day).filter(account_id=account_id)
    holds = CollectionHold.objects.filter(account_id=account_id, starts_on__lte=day)
    releases = DunningRelease.objects.filter(cycle__account_id__in=accounts, at__lt=end_of(day))
    found = [
        *(_message(each) for each in messages.order_by("-created_at")[:most]),
        *(_promise(each) for each in promises.order_by("-recorded_at")[:most]),
        *(_hold(each) for each in holds.select_related("invoice", "set_by").order_by("-set_at")[:most]),
        *(_release(each) for each in releases.select_related("by", "cycle").order_by("-at")[:most]),
    ]
    return sorted(found, key=lambda each: each.at, reverse=True)[:most]


def history_table(happenings: Sequence[Happening]) -> Table:
    """Return the history for a file."""
    return table_of(
        "collection-history",
        happenings,
        [
            ("at", "When", lambda each: each.at),
            ("what", "What", lambda each: each.what),
            ("state", "State", lambda each: each.state),
            ("amount", "Amount", lambda each: each.amount),
            ("currency", "Currency", lambda each: each.currency),
            ("detail", "Detail", lambda each: each.detail),
        ],
    )


def stage_name(message: DunningMessage) -> str:
    """Return the name of a message's stage in the policy that wrote it."""
    stages = message.policy.stages
    return stages[message.stage - 1]["name"] if message.stage <= len(stages) else f"Stage {message.stage}"


def _message(message: DunningMessage) -> Happening:
    to = f"To {message.recipient or message.email}"
    return Happening(
        at=message.sent_at or message.claimed_at or message.created_at,
        what=f"{stage_name(message)}, attempt {message.attempt}",
        state=message.get_state_display(),
        tone=TONES[message.state],
        detail=f"{to}. {message.note}" if message.note else f"{to}.",
        amount=message.amount,
        currency=message.cycle.currency,
        url=message.get_absolute_url(),
    )


def _promise(promise: PaymentPromise) -> Happening:
    said = f"{promise.promised_by}: by {format_date(promise.due_on)}."
    return Happening(
        at=promise.recorded_at,
        what="Promise to pay",
        state=promise.get_state_display(),
        tone=TONES.get(promise.state, "neutral"),
        detail=f"{said} {promise.note}" if promise.note else said,
        amount=promise.amount,
        currency=promise.currency,
    )


def _hold(hold: CollectionHold) -> Happening:
    what = f"Hold on invoice {hold.invoice}" if hold.invoice else "Hold on the account"
    is_over = hold.ended_at is not None or hold.ends_on < timezone.now().date()
    return Happening(
        at=hold.set_at,
        what=what,
        state="Ended" if is_over else "Running",
        tone="neutral",
        detail=f"{hold.set_by}: {hold.reason.rstrip('.')}, until {format_date(hold.ends_on)}.",
    )


def _release(release: DunningRelease) -> Happening:
    return Happening(
        at=release.at,
        what=f"Released: stage {release.stage} in {release.cycle.currency}",
        state="By finance" if release.reason else "Both agreed",
        tone="neutral",
        detail=f"{release.by}: {release.reason}" if release.reason else "",
    )
