"""Keep the stored ledgers what the facts tell: by any number of workers, however often, whatever dies meanwhile."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

import psycopg
import structlog
from django.db import DataError, IntegrityError, connection, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from common.sql import load_sql
from metrics.statements import load
from support.clocks.facts import Happened
from support.clocks.telling import Facts, Ledger, tell
from support.clocks.untold import said_of, since_when, with_untold
from support.escalations.firing import fire
from support.models import EventKind, PolicyTenure, Ticket, TicketEvent, TicketToClock
from support.policies.book import Promise, promise_of, read_book
from support.policies.tenures import review_tenures
from support.queue.places import place_tickets

logger = structlog.get_logger(__name__)

SLICE = 500
PROMISED = Exists(PolicyTenure.objects.filter(account=OuterRef("ticket__account")))
# What clocks don't care about, and what there is most of.
SILENT = (EventKind.NOTE, EventKind.AUTO_REPLY)
# What a ticket can do by what it says; a lost database or a lost race is none of its doing.
BROKEN = (
    ArithmeticError,
    AssertionError,
    LookupError,
    TypeError,
    ValueError,
    DataError,
    IntegrityError,
    psycopg.DataError,
    psycopg.IntegrityError,
)


class BrokenLedgersError(Exception):
    """Among these tickets is one whose ledger can't be told or kept."""

    def __init__(self, tickets: Sequence[int]) -> None:
        super().__init__(f"{len(tickets)} tickets")
        self.tickets = tickets


def keep_clocks(*, now: datetime | None = None) -> int:
    """Tell the ledgers of all marked tickets anew; return how many. Safe beside other workers.

    A ticket whose ledger can't be told keeps its mark and holds up no other: it is logged, and tried with each call.
    """
    promise_new()
    done = 0
    passed_over: set[int] = set()
    while True:
        try:
            count = keep_slice(now=now, without=passed_over)
        except BrokenLedgersError as broken:
            count = _keep_parts(broken, passed_over, now)
        if count is None:
            return done
        done += count


def _keep_parts(broken: BrokenLedgersError, passed_over: set[int], now: datetime | None) -> int:
    """Tell the ledgers of tickets among which some are broken, in halves of halves; note those that are."""
    tickets = broken.tickets
    if len(tickets) == 1:
        logger.error("The clocks of a ticket can't be told", ticket=tickets[0], exc_info=broken)
        passed_over.update(tickets)
        return 0
    done, half = 0, len(tickets) // 2
    for part in (tickets[:half], tickets[half:]):
        try:
            done += keep_slice(now=now, among=part) or 0
        except BrokenLedgersError as error:
            done += _keep_parts(error, passed_over, now)
    return done


def promise_new() -> int:
    """Write down what is promised to accounts of marked tickets that had no promise yet; return to how many.

    In transactions of its own, ahead of those that hold marks: whoever reviews promises waits for marks.
    """
    marked = TicketToClock.objects.filter(~PROMISED, ticket__account__deleted_at=None)
    accounts = set(marked.values_list("ticket__account_id", flat=True))
    return review_tenures(accounts) if accounts else 0


@transaction.atomic
def keep_slice(
    *,
    now: datetime | None = None,
    size: int = SLICE,
    among: Collection[int] | None = None,
    without: Collection[int] = (),
) -> int | None:
    """Tell the ledgers of one slice of marked tickets; return how many, None where no mark is free.

    Locks the marks that nobody else has, then those of their tickets that nobody else has, in the order of keys: a
    batch that is just writing a ticket marks it again, and so does whatever changes it after this has read it. The mark
    of a ticket that is opened later by a clock ahead of ours stays until then, and of one whose account is promised
    nothing yet until it is. Raises BrokenLedgersError where it can't be done for what one of them says.
    """
    now = now or timezone.now()
    marks = (
        TicketToClock.objects.filter(
            PROMISED | Q(ticket__account__deleted_at__isnull=False), ticket__opened_at__lte=now
        )
        .order_by("-is_due", "first_marked_at")
        .select_for_update(of=("self",), skip_locked=True)
    )
    if without:
        marks = marks.exclude(ticket_id__in=without)
    if among is not None:
        marks = marks.filter(ticket_id__in=among)
    marked = list(marks.values_list("ticket_id", flat=True)[:size])
    if not marked:
        return None
    free = (
        Ticket.objects.filter(pk__in=marked)
        .order_by("pk")
        .select_for_update(of=("self",), skip_locked=True, no_key=True)
    )
    tickets = list(free.values_list("pk", flat=True))
    if not tickets:
        return None
    TicketToClock.objects.filter(ticket_id__in=tickets).delete()
    try:
        write_ledgers(tickets, now=now)
        fire(tickets, now=now)
    except BROKEN as error:
        raise BrokenLedgersError(tickets) from error
    return len(tickets)


def write_ledgers(tickets: Sequence[int], *, now: datetime) -> int:
    """Put in place what the facts of tickets tell as of ``now``; return how many rows became others.

    Called in a transaction that has locked the tickets. Rows that stay the same aren't written.
    """
    return store(tickets, tell_ledgers(tickets, now=now))


def tell_ledgers(tickets: Sequence[int], *, now: datetime) -> list[Ledger]:
    """Return the ledgers of tickets as of ``now``; those that are deleted have none."""
    known = read_facts(tickets)
    promises = promises_of({one.account for one in known})
    book = read_book(promise for held in promises.values() for promise in held)
    return [tell(one, promises[one.account], book, now=now) for one in known if one.account in promises]


def read_facts(tickets: Sequence[int]) -> list[Facts]:
    """Return what is known of live tickets; two queries, and one more where something may be told by no event."""
    events = (
        TicketEvent.objects.filter(ticket__in=tickets, deleted_at=None)
        .exclude(kind__in=SILENT)
        .order_by("ticket_id", "occurred_at", "pk")
        .values_list("ticket_id", "pk", "occurred_at", "kind", "value", "echo_of")
    )
    by_ticket: dict[int, list[Happened]] = {}
    ours: set[int | None] = set()
    for ticket, held in groupby(events.iterator(), key=itemgetter(0)):
        told = list(held)
        by_ticket[ticket] = [row[1:5] for row in told]
        ours.update(row[1] for row in told if row[5])
    rows = list(
        Ticket.objects.live()
        .filter(pk__in=tickets)
        .order_by("pk")
        .values_list(
            "pk",
            "account_id",
            "priority",
            "status",
            "opened_at",
            "first_replied_at",
            "solved_at",
        )
    )
    doubtful = {
        pk: since
        for pk, _, priority, status, *_ in rows
        if (since := since_when(by_ticket.get(pk, ()), ours, status=status, priority=priority))
    }
    for pk, said in (said_of(list(doubtful)) if doubtful else {}).items():
        by_ticket[pk] = with_untold(by_ticket[pk], said, doubtful[pk])
    return [Facts(*row, by_ticket.get(row[0], ())) for row in rows]


def promises_of(accounts: Collection[int]) -> dict[int, list[Promise]]:
    """Return what was promised to accounts in the order of time; those that never had a promise are left out."""
    found: dict[int, list[Promise]] = defaultdict(list)
    for row in PolicyTenure.objects.filter(account__in=accounts).order_by("account_id", "pk"):
        found[row.account_id].append(promise_of(row))
    return dict(found)


def store(tickets: Sequence[int], ledgers: Iterable[Ledger]) -> int:
    """Put ledgers in the place of what is stored for tickets; return how many rows became others."""
    held = list(ledgers)
    with connection.cursor() as cursor:
        cursor.execute(load_sql("support", "clock_stage"))
        _copy(cursor, "support_clock_told", (row for one in held for row in one.clocks))
        _copy(cursor, "support_entry_told", (row for one in held for row in one.entries))
    keys = list(tickets)
    changed = sum(
        load("support", name, tickets=keys).execute()
        for name in ("clock_gone", "clock_put", "clock_entries_gone", "clock_entries_put")
    )
    place_tickets(keys)
    with connection.cursor() as cursor:
        cursor.execute(load_sql("support", "clock_unstage"))
    return changed


def _copy(cursor: Any, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
    with cursor.copy(f"COPY {table} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
