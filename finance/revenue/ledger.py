"""The ledger follows the contract lines: what they say now, less what it sums to, is entered."""

from __future__ import annotations

from datetime import date, datetime
from zlib import crc32

from django.db import connection, transaction

from finance.models import ContractLine
from metrics.models import RefreshRun
from metrics.statements import load

LEDGER = "finance.ledger"
RATES = "finance.rates"
# Whoever enters holds it shared, whoever closes a month alone: so what a month was closed with is all there.
LEDGER_LOCK = crc32(b"finance.ledger") - 2**31
RATES_LOCK = crc32(b"finance.rates") - 2**31


@transaction.atomic
def follow_lines(*, as_of: date, first: int, last: int) -> int:
    """Bring the ledger of accounts ``first`` to ``last`` up to their contract lines; return the entries.

    Only marked accounts are looked at, and those that were deleted or have come back; repeated, it enters nothing.
    On the newest day it also keeps what the accounts are like. Holds the ledger's lock shared, then locks marks in
    the order of accounts; a batch that sets a mark meanwhile waits, or leaves it for the next time.
    """
    lock_ledger()
    return _follow(as_of, first, last)


def _follow(as_of: date, first: int, last: int) -> int:
    load("finance", "revenue_taken").execute()
    taken = load("finance", "revenue_take", first=first, last=last).execute()
    entered = 0
    if taken:
        load("finance", "revenue_unmark").execute()
        recorded_at, open_from = read_clock()
        entered = load(
            "finance",
            "ledger_post",
            lines=ContractLine.objects.revenue_rows(),
            recorded_at=recorded_at,
            open_from=open_from,
        ).execute()
    if RefreshRun.objects.is_newest(as_of):
        load("finance", "places_end", day=as_of, first=first, last=last).execute()
    load("finance", "places_begin", day=as_of, first=first, last=last).execute()
    return entered


@transaction.atomic
def follow_rates() -> int:
    """Note the exchange rates that came, changed or went since they were last noted; return how many.

    One at a time. Holds the ledger's lock shared, then that of rates.
    """
    lock_ledger()
    _lock("SELECT pg_advisory_xact_lock(%s)", RATES_LOCK)
    recorded_at, _ = read_clock()
    return load("finance", "rates_post", recorded_at=recorded_at).execute()


@transaction.atomic
def follow_everything(*, as_of: date) -> int:
    """Bring rates and all marked accounts up to date in one transaction, with nobody else entering meanwhile.

    Return the entries of the ledger. Locks the ledger alone; for whoever closes a month.
    """
    lock_ledger(alone=True)
    follow_rates()
    return _follow(as_of, 0, 2**63 - 1)


@transaction.atomic
def mark_all() -> int:
    """Mark every account that has contracts or entries, so that the ledger is compared with all lines."""
    return load("finance", "ledger_mark_all").execute()


def lock_ledger(*, alone: bool = False) -> None:
    """Wait for the ledger, with others that enter or alone; held until the transaction ends."""
    _lock(f"SELECT pg_advisory_xact_lock{'' if alone else '_shared'}(%s)", LEDGER_LOCK)


def read_clock() -> tuple[datetime, date | str]:
    """Return the time of what is entered now, and the first day that lies in no closed month.

    Call it with the marks taken, so that entries of an account follow each other in time.
    """
    recorded_at, open_from = load("finance", "ledger_clock").fetch()[0]
    return recorded_at, open_from or "-infinity"


def _lock(statement: str, key: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, [key])
