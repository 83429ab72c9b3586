"""Write decisions: tenures, what waits, the standing, the timeline and what other systems are told."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from django.db import connection, transaction

from common.periods import start_of
from metrics.statements import Statement, load
from sync.webhooks.wake import wake_relay_on_commit
from tiers.assignment.decide import LAST_ID, Terms, decisions
from tiers.models import PendingMove

TIMELINE = "tiers.moved"
# One number that nobody else locks: tiers are written, and versions published, by one transaction at a time.
LOCK = 2_026_112_208

# Told before the tenures that they speak of change, shortened before others begin.
STEPS = (
    "tell_changes",
    "revert_lines",
    "revert_moves",
    "reopen_tenures",
    "correct_tenures",
    "close_tenures",
    "open_tenures",
    "tell_timeline",
    "forget_waits",
    "keep_waits",
    "show_tiers",
)
TENURES = frozenset({"revert_moves", "correct_tenures", "close_tenures", "open_tenures"})


@transaction.atomic
def apply_verdicts(
    verdicts: Statement,
    terms: Terms,
    *,
    on: date,
    first: int = 0,
    last: int = LAST_ID,
    ruled_since: date | None = None,
) -> int:
    """Bring tenures, waits and standing of a slice up to ``verdicts``; return the tenures written.

    Repeated, it changes nothing. Accounts created from ``ruled_since`` on begin their first tenure on ``on``,
    others have theirs open at its start. Takes the lock of tiers until the end of the transaction.
    """
    lock_tiers()
    load("tiers", "forget_decisions").execute()
    load(
        "tiers",
        "decide",
        decisions=decisions(verdicts, terms, on=on, first=first, last=last),
        rule_set=terms.rule_set_id,
        version=terms.version,
        reason=terms.reason,
        by=terms.by_id,
        on=on,
    ).execute()
    parts: dict[str, Any] = {
        "on": on,
        "kind": TIMELINE,
        "happened_at": _moment_of(on),
        "ruled_since": _start(ruled_since),
    }
    written = 0
    for step in STEPS:
        rows = load("tiers", step, **parts).execute()
        written += rows if step in TENURES else 0
    PendingMove.objects.of_deleted().filter(account_id__gte=first, account_id__lte=last).delete()
    load("tiers", "forget_decisions").execute()
    if written:
        wake_relay_on_commit()
    return written


def lock_tiers() -> None:
    """Wait for the lock of tiers and hold it until the transaction ends; the first lock that is taken."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def _moment_of(on: date) -> datetime:
    """Return when a move of the day is told to have happened: now, or the beginning of a day past."""
    now = datetime.now(UTC)
    return now if on == now.date() else start_of(on)


def _start(day: date | None) -> datetime:
    return start_of(day) if day else datetime.max.replace(tzinfo=UTC)
