"""The revenue ledger against plain SQL: its rebuild from contract lines, retention of every segment over 36 months,
and the page of retention.

The companies are seeded by SQL into databases of their own, once per state and schema. Ledger and plain SQL take turns
on the same rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from dateutil.relativedelta import relativedelta
from django.db import connection, transaction
from django.test.utils import override_settings

from bench import companies
from bench.companies import databases_apart, execute, run_file, statements, use
from bench.harness import Figure, interleave, median, percentile
from bench.pages import Site, sign_in_as
from finance.retention.asking import Asked
from finance.retention.figures import read_retention
from finance.revenue.ledger import follow_lines, follow_rates, mark_all
from finance.revenue.movements import Movement, movements_by_dimension
from finance.revenue.windows import windows_of
from metrics.engine.plan import slice_accounts

HERE = Path(__file__).parent
SEED = HERE / "ledger.sql"
ACCOUNTS = 50_000
MONTHS = 30  # a line each, so each month begins and ends one: 3 M entries
LEDGER_MONTHS = 10  # about 1 M entries
WINDOWS = 36
ROUNDS = 3
PAGES = 20
NEWEST = date(2026, 6, 9)


def run() -> Iterator[Figure]:
    """Yield the ratios of a rebuild and of retention to plain SQL."""
    with databases_apart():
        use(seeded(MONTHS))
        yield rebuild()
        use(seeded(LEDGER_MONTHS))
        yield retention()
        yield page()


def rebuild() -> Figure:
    """Fill the empty ledger, and a table like it by the plain window query."""
    execute("DROP TABLE IF EXISTS bench_floor")
    execute("CREATE TABLE bench_floor (LIKE finance_revenueentry INCLUDING ALL)")
    ours, plain = interleave([empty_then(fill), empty_then(fill_plainly)], ROUNDS - 1)
    if (held := sums("finance_revenueentry")) != (wanted := sums("bench_floor")):
        raise RuntimeError(f"Plain SQL writes something else: {held} against {wanted}.")
    return Figure(
        "revenue.rebuild",
        median([mine / theirs for mine, theirs in zip(ours, plain, strict=True)]),
        at_most=4,
        note=f"{median(ours):.1f} s, plain SQL {median(plain):.1f} s, {held[0]:,} entries",
    )


def retention() -> Figure:
    """Count retention of twelve months at the end of each of 36, by every dimension."""
    execute("TRUNCATE finance_revenueentry")
    fill()
    execute("VACUUM ANALYZE")
    if (mine := sorted(engine())) != (theirs := sorted(floor())):
        differing = [pair for pair in zip(mine, theirs, strict=False) if pair[0] != pair[1]]
        raise RuntimeError(f"Plain SQL counts something else: {len(mine)}, {len(theirs)}, {differing[:2]}.")
    ours, plain = interleave([engine, floor], ROUNDS)
    return Figure(
        "revenue.retention",
        median([mine / theirs for mine, theirs in zip(ours, plain, strict=True)]),
        at_most=2,
        note=f"{median(ours):.2f} s, plain SQL {median(plain):.2f} s, {sums('finance_revenueentry')[0]:,} entries",
    )


def page() -> Figure:
    """Open the page of retention as finance does, against the SQL of what it shows alone."""
    if not sums("finance_revenueentry")[0]:
        fill()
        execute("VACUUM ANALYZE")
    asked = Asked.from_params({"to": f"{_last_month():%Y-%m}", "rates": "constant"})
    read = read_retention(asked)
    plain = floor_of("floor_page", len(read.series))

    def floor_rows() -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(plain)
            return list(cursor.fetchall())

    newest = read.headline.moved.end_day
    held = {row[1]: (row[2], row[3], row[4], row[9]) for row in floor_rows() if row[0] == newest and row[2]}
    mine = {row.key: row.moved for row in read.segments}
    shown = {key: (row.start, row.kept, row.least, row.end) for key, row in mine.items() if row.start}
    if held != shown:
        raise RuntimeError(f"Plain SQL counts something else: {held} against {shown}.")
    with override_settings(ALLOWED_HOSTS=["localhost"], DEBUG=False):
        site = Site(sign_in_as("finance"), {})
        url = f"/finance/retention/{asked.query}"
        ours, bare = interleave([lambda: site.get(url), floor_rows], PAGES)
    theirs = percentile(bare, 95)
    return Figure(
        "revenue.page",
        percentile(ours, 95) / theirs,
        at_most=3,
        note=f"p95 {percentile(ours, 95):.2f} s, plain SQL {theirs:.2f} s",
    )


def _last_month() -> date:
    return NEWEST.replace(day=1) - relativedelta(months=1)


def engine() -> list[tuple[Any, ...]]:
    """Return start, kept, least and the lost of each segment and month by the engine."""
    last = _last_month()
    windows = windows_of(last - relativedelta(months=WINDOWS - 1), last, months=12)
    told = movements_by_dimension(windows)
    return [
        _figures(dimension, row) for dimension, rows in told.items() for row in rows if row.start or row.end
    ]


def _figures(dimension: str, row: Movement) -> tuple[Any, ...]:
    return row.end_day, dimension, row.start, row.kept, row.least, row.end, row.lost


def floor() -> list[tuple[Any, ...]]:
    """Return the same by plain SQL."""
    names = {31: "all", 15: "tier", 23: "industry", 27: "country", 29: "size", 30: "owner"}
    with connection.cursor() as cursor:
        cursor.execute(floor_of("floor_retention", WINDOWS))
        rows = cursor.fetchall()
    return [
        (row[0], names[row[1]], row[7], row[8] or Decimal(0), row[9], row[14], row[16])
        for row in rows
        if row[7] or row[14]
    ]


def floor_of(name: str, count: int) -> str:
    """Return the plain SQL of twelve months up to each of the last ``count``."""
    parts = [
        statements(HERE / f"{part}.sql", newest=NEWEST, count=count)[0] for part in ("floor_moved", name)
    ]
    return "\n".join(parts)


def empty_then(work: Any) -> Any:
    """Return work that begins with both tables empty."""

    def run_it() -> None:
        execute(f"TRUNCATE {'finance_revenueentry' if work is fill else 'bench_floor'}")
        work()

    return run_it


def fill() -> None:
    """Let the ledger follow all lines, slice by slice, as the rebuild does."""
    follow_rates()
    mark_all()
    for first, last in slice_accounts():
        follow_lines(as_of=NEWEST, first=first, last=last)


def fill_plainly() -> None:
    """Write the same rows by one window query."""
    with transaction.atomic():
        run_file(HERE / "floor_rebuild.sql")


def sums(table: str) -> tuple[Any, ...]:
    """Return how many entries there are and what they add up to, over all and over days."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*), sum(arr), sum(arr * (\"on\" - date '2000-01-01')) FROM {table}"  # noqa: S608
        )
        return tuple(cursor.fetchone())


def seeded(months: int) -> str:
    """Return the name of the database with lines of so many months, filled where this state has none yet."""
    return companies.seeded(
        f"revenue_{months}",
        told=f"{ACCOUNTS:,} accounts with {months} lines each",
        fill=lambda: run_file(SEED, newest=NEWEST, accounts=ACCOUNTS, months=months),
        files=[SEED],
        also=(NEWEST, ACCOUNTS),
    )
