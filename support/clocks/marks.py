"""Marks of tickets whose ledger may no longer be what their facts tell."""

from __future__ import annotations

from datetime import datetime

from metrics.statements import load
from support.querysets import TicketQuerySet


def mark_tickets(tickets: TicketQuerySet) -> int:
    """Mark tickets, in the transaction that changed what their clocks rest on; return how many."""
    return load("support", "clock_mark", tickets=tickets.values("id")).execute()


def mark_due(now: datetime) -> int:
    """Mark tickets of which a clock warns, is breached or looks again by now; return how many."""
    return load("support", "clock_mark_due", now=now).execute()
