"""A night of 50,000 accounts against plain SQL for the same numbers, and against a night of 10,000.

The companies are seeded by SQL into databases of their own, once per state and schema. Each measured night is a
new day with new events; engine and plain SQL take turns, so both meet a database of the same size.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from bench import companies
from bench.companies import databases_apart, execute, run_file, use, without_indexes
from bench.harness import Figure, median, seconds
from bench.pages import sign_in_as
from bench.refresh.scored import plain_scores
from metrics.engine.plan import plan_refresh
from metrics.engine.steps import work_off
from metrics.models import HealthScore, MetricValue, SegmentValue
from product.models import UsageFeatureDay
from product.partitions import make_month

HERE = Path(__file__).parent
LARGE, SMALL = 50_000, 10_000
DAYS = 200  # one in five accounts has five events a day: 10 M events of 50,000 accounts
ROUNDS = 3
# Within one month, so that every measured night has the same work to do.
NEWEST = date(2026, 6, 9)
# Keys whose sums both sides must agree on: the floor is none if it does less.
COMPARED = (
    "finance.arr",
    "finance.nrr",
    "support.open_tickets",
    "support.late_urgent_tickets",
    "support.breaches_90d",
    "support.first_response_attainment",
    "engagement.touches_90d",
    "product.usage_events_30d",
    "product.usage_trend",
    "product.features_used_30d",
    "product.seat_use",
    "product.adoption",
    "product.usage_depth",
    "support.tickets_per_100_seats",
    "support.reopen_rate",
    "support.csat",
    "support.escalations_90d",
    "finance.days_beyond_terms",
    "finance.disputed",
    "finance.disputed_share",
    "finance.overdue",
    "finance.days_until_renewal",
    "finance.days_until_decision",
    "engagement.days_since_sponsor_touch",
    "engagement.days_since_business_review",
    "engagement.nps",
    "engagement.committee_coverage",
    "metrics.health_score",
)


def run() -> Iterator[Figure]:
    """Yield the ratio to plain SQL and the growth from 10,000 to 50,000 accounts."""
    with databases_apart():
        small, large = (prepare(accounts) for accounts in (SMALL, LARGE))
        nights = [one_round(small, large, turn) for turn in range(ROUNDS + 1)][1:]  # the first one warms up
    few, many, floor = (median(times) for times in zip(*nights, strict=True))
    # Ratios within a round: what slows the machine for a minute slows both sides of it.
    yield Figure(
        "refresh.night",
        median([large_night / plain for _, large_night, plain in nights]),
        at_most=3,
        note=f"{many:.1f} s, plain SQL {floor:.1f} s, {LARGE:,} accounts",
    )
    yield Figure(
        "refresh.growth",
        median([large_night / small_night for small_night, large_night, _ in nights]),
        at_most=LARGE / SMALL,
        note=f"{SMALL:,} accounts {few:.1f} s, {LARGE:,} accounts {many:.1f} s",
    )


def one_round(small: str, large: str, turn: int) -> tuple[float, float, float]:
    """Return the seconds of a night of the small company, of the large one, and of the latter by plain SQL.

    They follow each other directly, so that drift of the machine hits all alike.
    """
    first = NEWEST + timedelta(days=1 + 2 * turn)
    use(small)
    add_events(first)
    few = seconds(lambda: refresh(first))
    use(large)
    add_events(first)
    many = seconds(lambda: refresh(first))
    if not turn:
        refuse_other_sums(first)
    second = first + timedelta(days=1)
    add_events(second)
    return few, many, seconds(lambda: run_floor(second))


def prepare(accounts: int) -> str:
    """Return the name of a database as it stands after the night of NEWEST, seeded where this state has none."""
    name = seeded(accounts)
    use(name)
    run_file(HERE / "reset.sql", newest=NEWEST)
    refresh(NEWEST - timedelta(days=30))
    refresh(NEWEST)
    execute("VACUUM ANALYZE")
    return name


def refresh(day: date) -> None:
    """Refresh a day in this process."""
    run = plan_refresh(as_of=day, cause="benchmark")
    work_off()
    failed = run.steps.failed().values_list("key", "error").first()
    if failed is not None:
        raise RuntimeError(f"{failed[0]} failed: {failed[1]}")


def run_floor(day: date) -> None:
    """Make the numbers of a day by plain SQL over all accounts, in one transaction."""
    with transaction.atomic():
        # As whoever writes it by hand would once it had run for minutes: the planner expects one row of today,
        # and loops.
        execute("SET LOCAL enable_nestloop = off")
        run_file(HERE / "floor.sql", day=day)
        execute(plain_scores(day))
        run_file(HERE / "floor_end.sql", day=day)


def sums(day: date) -> dict[str, tuple[Any, ...]]:
    """Return count and rounded sum of the compared numbers of a day."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT key, count(*), round(sum(value), 0) FROM metrics_metricvalue "
            "WHERE as_of = %s AND key = ANY (%s) GROUP BY key",
            [day, list(COMPARED)],
        )
        return {row[0]: row[1:] for row in cursor.fetchall()}


def refuse_other_sums(day: date) -> None:
    """Raise RuntimeError where plain SQL makes other numbers of a day than the engine has made."""
    ours, theirs = sums(day), compare_on(day)
    differing = {
        key: (ours.get(key), theirs.get(key)) for key in COMPARED if ours.get(key) != theirs.get(key)
    }
    if differing:
        raise RuntimeError(f"Plain SQL counts something else: {differing}.")


def compare_on(day: date) -> dict[str, tuple[Any, ...]]:
    """Return what plain SQL counts for a day that the engine has made, leaving the engine's rows."""
    with transaction.atomic():
        MetricValue.objects.filter(as_of=day).delete()
        SegmentValue.objects.filter(as_of=day).delete()
        HealthScore.objects.filter(as_of=day).delete()
        UsageFeatureDay.objects.filter(day=day).delete()
        run_floor(day)
        found = sums(day)
        transaction.set_rollback(True)
    return found


def add_events(day: date) -> None:
    """Let a day of events arrive, with the marks that intake leaves."""
    run_file(HERE / "events.sql", first=day, last=day)
    run_file(HERE / "marks.sql", day=day)


def seeded(accounts: int) -> str:
    """Return the name of the database with so many accounts, filled where this state has none yet."""
    return companies.seeded(
        f"refresh_{accounts}",
        told=f"{accounts:,} accounts with {accounts * DAYS:,} usage events",
        fill=lambda: seed(accounts),
        files=[HERE / f"{name}.sql" for name in ("seed", "events", "history")],
        also=(NEWEST, DAYS),
    )


def seed(accounts: int) -> None:
    """Fill an empty database."""
    sign_in_as("finance")  # somebody who disputes
    run_file(HERE / "seed.sql", newest=NEWEST, accounts=accounts)
    first = NEWEST - timedelta(days=DAYS - 1)
    for month in {(first + timedelta(days=day)).replace(day=1) for day in range(DAYS + 31)}:
        make_month(month)
    with without_indexes("product_usageevent"):
        run_file(HERE / "events.sql", first=first, last=NEWEST)
    run_file(HERE / "history.sql")
