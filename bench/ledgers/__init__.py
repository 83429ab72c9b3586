"""The ledgers of 100,000 open tickets after another policy was published, against reading and rewriting the same rows.

Each round publishes policies with other targets, which changes every ledger. The recompute is all that workers then do:
write down what is promised to whom from now on, and tell every ledger anew, in slices and transactions as they come.
The floor reads the same facts, promises, clocks and entries in the same slices, and writes each clock and entry with
another number, by the same copy and merge.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from bench.companies import databases_apart, execute, seeded, statements, use
from bench.harness import Figure, median

ACCOUNTS, TICKETS = 5_000, 100_000
ROUNDS = 3
TARGET = 4
SEED = Path(__file__).with_name("seed.sql")
MINUTES = {"first_response": 60, "next_response": 120, "resolution": 1440}


def run() -> Iterator[Figure]:
    """Yield how much a recompute costs by what reading and rewriting its rows does."""
    with databases_apart():
        use(seeded("ledgers", told=f"{TICKETS:,} open tickets", fill=_fill, files=[SEED]))
        recomputed, floors = [], []
        for place in range(ROUNDS + 1):
            taken, floor = _timed(_recompute, 1.1 + 0.1 * (place % 2)), _timed(_rewrite)
            if place:  # The first one warms up.
                recomputed.append(taken)
                floors.append(floor)
        each = median(recomputed) / TICKETS
        note = f"{median(recomputed):.1f} s, {each * 1e6:.0f} µs a ticket; floor {median(floors):.1f} s"
        yield Figure("ledgers.recompute", median(recomputed) / median(floors), at_most=TARGET, note=note)


def _fill() -> None:
    for statement in statements(SEED, accounts=ACCOUNTS, tickets=TICKETS):
        execute(statement)
    _publish(1)
    _keep()


def _recompute(factor: float) -> float:
    """Publish other targets; return the seconds from then on, until every ledger is told."""
    from support.models import TicketToClock

    _publish(factor)
    began = time.perf_counter()
    _keep()
    taken = time.perf_counter() - began
    assert not TicketToClock.objects.exists()
    return taken


def _keep() -> None:
    from support.clocks.keeping import keep_clocks
    from support.clocks.marks import mark_tickets
    from support.models import Ticket
    from support.policies.tenures import review_tenures

    review_tenures()
    mark_tickets(Ticket.objects.all())
    assert keep_clocks() == TICKETS


def _publish(factor: float) -> None:
    from django.db.models import Max
    from django.utils import timezone

    from support.models import BusinessCalendar, Policy, PolicySet, PolicyTarget, Priority

    newest = PolicySet.objects.aggregate(newest=Max("version"))["newest"]
    PolicySet.objects.published().update(state="retired", retired_at=timezone.now())
    held = PolicySet.objects.create(version=newest + 1)
    policy = Policy.objects.create(
        policy_set=held,
        position=1,
        name="Everyone",
        condition={"all": []},
        clock="calendar",
        calendar=BusinessCalendar.objects.get(is_default=True),
    )
    PolicyTarget.objects.bulk_create(
        PolicyTarget(
            policy_set=held, policy=policy, metric=metric, priority=priority, minutes=int(minutes * factor)
        )
        for metric, minutes in MINUTES.items()
        for priority in Priority.values
    )
    held.state, held.starts_on, held.published_at = "published", date(2000, 1, 1), timezone.now()
    held.save()


def _rewrite() -> None:
    """Read what a recompute reads and what is stored, and write all that is stored with another number."""
    from django.db import transaction

    from support.clocks.keeping import SLICE, promises_of, read_facts, store
    from support.clocks.telling import Ledger
    from support.models import Ticket

    keys = list(Ticket.objects.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(keys), SLICE):
        part = keys[start : start + SLICE]
        with transaction.atomic():
            locked = Ticket.objects.filter(pk__in=part).order_by("pk").select_for_update(no_key=True)
            facts = read_facts(list(locked.values_list("pk", flat=True)))
            promises_of({one.account for one in facts})
            clocks, entries = _stored(part)
            store(part, [Ledger(clocks, entries)])


def _stored(part: Sequence[int]) -> tuple[list[Any], list[Any]]:
    from support.clocks.telling import ClockRow, EntryRow
    from support.models import Clock, ClockEntry

    clocks = Clock.objects.filter(ticket__in=part).values_list(*_columns(Clock))
    entries = ClockEntry.objects.filter(ticket__in=part).values_list(*_columns(ClockEntry))
    return (
        [one._replace(minutes=(one.minutes or 0) + 1) for one in (ClockRow(*row) for row in clocks)],
        [one._replace(minutes=(one.minutes or 0) + 1) for one in (EntryRow(*row) for row in entries)],
    )


def _columns(model: Any) -> list[str]:
    return [field.attname for field in model._meta.concrete_fields if field.name != "pk"]


def _timed(work: Any, *given: Any) -> float:
    began = time.perf_counter()
    told = work(*given)
    return float(told) if told is not None else time.perf_counter() - began
