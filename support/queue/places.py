"""Keep the places of tickets in the queue what their clocks and accounts say."""

from __future__ import annotations

from collections.abc import Sequence

from metrics.statements import load
from support.models.queue import IDLE_AT, NO_RENEWAL, NO_WORTH, PAUSED_AT


def place_tickets(tickets: Sequence[int]) -> int:
    """Write where tickets stand by their stored clocks, in the transaction that stored them; return how many moved.

    Call with the tickets locked.
    """
    return load(
        "support",
        "queue_place",
        tickets=list(tickets),
        paused_at=PAUSED_AT,
        idle_at=IDLE_AT,
        no_worth=NO_WORTH,
        no_renewal=NO_RENEWAL,
    ).execute()


def follow_worth() -> int:
    """Copy ARR and renewal of accounts to the places of their tickets where they became others; return how many.

    What somebody else is just writing waits for the next time.
    """
    return load("support", "queue_worth", no_worth=NO_WORTH, no_renewal=NO_RENEWAL).execute()
