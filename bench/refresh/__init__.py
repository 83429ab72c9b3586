"""A night of 50,000 accounts against plain SQL for the same numbers, and against a night of 10,000.

The companies are seeded by SQL into databases of their own, once per state and schema. Each measured night is a
new day with new events; engine and plain SQL take turns, so both meet a database of the same size.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psycopg
from django.core.management import call_command
from django.db import connection, connections, transaction
from psycopg import sql

from bench.harness import Figure, median, seconds
from metrics.engine.plan import plan_refresh
from metrics.engine.steps import work_off
from metrics.models import HealthScore, MetricValue, SegmentValue
from product.models import UsageFeatureDay
from product.partitions import make_month

HERE = Path(__file__).parent
CHECKOUT = HERE.parent.parent
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
    "engagement.touches_90d",
    "product.usage_events_30d",
    "product.usage_trend",
    "product.features_used_30d",
)


def run() -> Iterator[Figure]:
    """Yield the ratio to plain SQL and the growth from 10,000 to 50,000 accounts."""
    was = connections["default"].settings_dict["NAME"]
    try:
        small, large = (prepare(accounts) for accounts in (SMALL, LARGE))
        nights = [one_round(small, large, turn) for turn in range(ROUNDS + 1)][1:]  # the first one warms up
    finally:
        use(was)
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
    if not turn and (ours := sums(first)) != (theirs := compare_on(first)):
        raise RuntimeError(f"Plain SQL counts something else: {ours} against {theirs}.")
    second = first + timedelta(days=1)
    add_events(second)
    return few, many, seconds(lambda: run_floor(second))


def prepare(accounts: int) -> str:
    """Return the name of a database as it stands after the night of NEWEST, seeded where this state has none."""
    name = seeded(accounts)
    use(name)
    for statement in statements("reset", newest=NEWEST):
        execute(statement)
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
        for statement in statements("floor", day=day):
            execute(statement)


def sums(day: date) -> dict[str, tuple[Any, ...]]:
    """Return count and rounded sum of the compared numbers of a day."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT key, count(*), round(sum(value), 0) FROM metrics_metricvalue "
            "WHERE as_of = %s AND key = ANY (%s) GROUP BY key",
            [day, list(COMPARED)],
        )
        return {row[0]: row[1:] for row in cursor.fetchall()}


def compare_on(day: date) -> dict[str, tuple[Any, ...]]:
    """Return what plain SQL counts for a day that the engine has made, leaving the engine's rows."""
    with transaction.atomic():
        MetricValue.objects.filter(as_of=day).delete()
        SegmentValue.objects.filter(as_of=day).delete()
        HealthScore.objects.filter(as_of=day).delete()
        UsageFeatureDay.objects.filter(day=day).delete()
        for statement in statements("floor", day=day):
            execute(statement)
        found = sums(day)
        transaction.set_rollback(True)
    return found


def add_events(day: date) -> None:
    """Let a day of events arrive, with the marks that intake leaves."""
    for statement in statements("events", first=day, last=day):
        execute(statement)
    for statement in statements("marks", day=day):
        execute(statement)


def seeded(accounts: int) -> str:
    """Return the name of the database with so many accounts, filled where this state has none yet."""
    name = f"bench_refresh_{accounts}_{digest()}"
    building = f"{name}_building"
    with maintenance() as server:
        held = {row[0] for row in server.execute("SELECT datname FROM pg_database").fetchall()}
        for old in held:
            if old.startswith(f"bench_refresh_{accounts}_") and old != name:
                server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(old)))
        if name not in held:
            server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(building)))
            use(building)
            seed(accounts)
            connections.close_all()
            server.execute(
                sql.SQL("ALTER DATABASE {} RENAME TO {}").format(
                    sql.Identifier(building), sql.Identifier(name)
                )
            )
    return name


def use(name: str) -> None:
    """Let Django work in another database of the same server."""
    connections.close_all()
    connections["default"].settings_dict["NAME"] = name


def seed(accounts: int) -> None:
    """Fill an empty database."""
    print(
        f"Seeding {accounts:,} accounts with {accounts * DAYS:,} usage events, once for this state.",
        flush=True,
    )
    call_command("migrate", verbosity=0, interactive=False)
    for statement in statements("seed", newest=NEWEST, accounts=accounts):
        execute(statement)
    first = NEWEST - timedelta(days=DAYS - 1)
    for month in {(first + timedelta(days=day)).replace(day=1) for day in range(DAYS + 31)}:
        make_month(month)
    with without_indexes("product_usageevent"):
        for statement in statements("events", first=first, last=NEWEST):
            execute(statement)
    for statement in statements("history"):
        execute(statement)
    execute("VACUUM ANALYZE")


@contextmanager
def without_indexes(table: str) -> Iterator[None]:
    """Fill a table without its indexes and foreign keys, which are quicker to build at the end."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint "
            "WHERE conrelid = %s::regclass AND contype IN ('f', 'u')",
            [table],
        )
        constraints = cursor.fetchall()
        for name, _ in constraints:
            cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
        cursor.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = %s AND indexname NOT LIKE '%%pkey'",
            [table],
        )
        indexes = cursor.fetchall()
        for name, _ in indexes:
            cursor.execute(f'DROP INDEX "{name}"')
        yield
        for _, definition in indexes:
            cursor.execute(definition.replace(" ON ONLY ", " ON "))  # of the partitions too
        for name, definition in constraints:
            cursor.execute(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')


def statements(name: str, **values: date | int) -> list[str]:
    """Return the statements of a file, its ``:name`` places filled with dates and whole numbers."""
    text = re.sub(r"^--.*$", "", (HERE / f"{name}.sql").read_text(encoding="utf-8"), flags=re.MULTILINE)

    def fill(place: re.Match[str]) -> str:
        value = values[place[1]]
        return f"'{value}'" if isinstance(value, date) else str(value)

    filled = re.sub(r"(?<!:):([a-z]+)", fill, text)
    return [part.strip() for part in filled.split(";") if part.strip()]


def execute(statement: str) -> None:
    """Run a statement without parameters."""
    with connection.cursor() as cursor:
        cursor.execute(statement)


def digest() -> str:
    """Return a short digest of what the seed depends on."""
    found = hashlib.sha256(f"{NEWEST} {DAYS}".encode())
    for file in sorted(
        [*CHECKOUT.glob("*/migrations/*.py"), *(HERE / f"{n}.sql" for n in ("seed", "events", "history"))]
    ):
        found.update(file.read_bytes())
    return found.hexdigest()[:12]


def maintenance() -> psycopg.Connection:
    """Return a session in the database ``postgres``."""
    parameters = connections["default"].get_connection_params()
    kept = {
        key: parameters[key] for key in ("host", "port", "user", "password", "sslmode") if key in parameters
    }
    return psycopg.connect(**kept, dbname="postgres", autocommit=True)
