"""How late warnings and breaches are told of which 10,000 come due within one minute.

The clocks of 10,000 tickets run out one after the other over a minute, each with somebody who has it and a ladder to go
up. The beat's task runs every ten seconds, as it does beside one worker, until everything is told. A lag is from
the time of a breach until the transaction that tells it is committed. The figure is in seconds, as what is promised is,
so the bound is too.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from bench.companies import databases_apart, execute, seeded, statements, use
from bench.harness import Figure, percentile

ACCOUNTS, TICKETS = 1_000, 10_000
WITHIN = 60  # seconds in which they come due
BEAT = 10  # seconds
TARGET = 30
MINUTES = 60
SEED, OPEN = (Path(__file__).with_name(f"{name}.sql") for name in ("seed", "open"))


def run() -> Iterator[Figure]:
    """Yield the 99th percentile of how late 10,000 breaches of one minute are told, in seconds."""
    with databases_apart():
        use(seeded("timers", told=f"{TICKETS:,} tickets", fill=_fill, files=[SEED]))
        lags = _lags()
        assert len(lags) == TICKETS, f"{len(lags):,} of {TICKETS:,} breaches were told."
        note = f"median {percentile(lags, 50):.1f} s, last {max(lags):.1f} s; {TICKETS / WITHIN:.0f} a second"
        yield Figure("timers.lag", percentile(lags, 99), at_most=TARGET, note=note)


def _fill() -> None:
    from datetime import date

    from django.utils import timezone

    from support.models import Policy, PolicySet, PolicyTarget, Priority

    for statement in statements(SEED, accounts=ACCOUNTS, tickets=TICKETS):
        execute(statement)
    PolicySet.objects.published().update(state="retired", retired_at=timezone.now())
    held = PolicySet.objects.create(version=2)
    policy = Policy.objects.create(
        policy_set=held, position=1, name="Everyone", condition={"all": []}, clock="24x7"
    )
    PolicyTarget.objects.bulk_create(
        PolicyTarget(
            policy_set=held, policy=policy, metric="first_response", priority=priority, minutes=MINUTES
        )
        for priority in Priority.values
    )
    held.state, held.starts_on, held.published_at = "published", date(2000, 1, 1), timezone.now()
    held.save()


def _lags() -> list[float]:
    """Let every clock run out from now on; return how many seconds late each breach was told."""
    from django.db import connection
    from django.utils import timezone

    from support import tasks
    from support.clocks.keeping import keep_clocks
    from support.clocks.marks import mark_tickets
    from support.models import Escalation, Firing, Ticket

    for statement in statements(OPEN, tickets=TICKETS, within=WITHIN, ago=MINUTES * 60 - 8 * BEAT):
        execute(statement)
    mark_tickets(Ticket.objects.all())
    keep_clocks()
    began = timezone.now()
    lags: list[float] = []
    told: set[int] = set()
    while timezone.now() - began < timedelta(seconds=4 * WITHIN) and len(told) < TICKETS:
        turn = time.perf_counter()
        tasks.keep_clocks()
        done = timezone.now()
        new = dict(
            Firing.objects.filter(percent=100).exclude(pk__in=told).values_list("pk", "passed_at").iterator()
        )
        lags += [(done - passed_at).total_seconds() for passed_at in new.values()]
        told |= new.keys()
        time.sleep(max(0.0, BEAT - (time.perf_counter() - turn)))
    assert Escalation.objects.count() == TICKETS
    connection.close()
    return lags
