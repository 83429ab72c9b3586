"""The calendar of renewals and the list of invoices at 50,000 contracts and 500,000 invoices, against the plain SQL of
what they show.

The company is seeded by SQL into a database of its own, once for each state, schema and month. Pages and plain SQL take
turns, and what they show is compared first: a page that counts something else is no faster one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

from django.db import connection
from django.test.utils import override_settings

from bench import companies
from bench.companies import databases_apart, run_file, statements, use
from bench.harness import Figure, interleave, percentile
from bench.pages import Site, sign_in_as
from common.pagination import PAGE_SIZE
from common.periods import month_start
from finance.contracts.renewals import calendar_of
from finance.invoices.listing import INVOICE_ORDERS, Search, find_invoices
from finance.revenue.ledger import follow_rates
from metrics.engine.plan import today
from people.access import access_of

HERE = Path(__file__).parent
SEED = HERE / "seed.sql"
CONTRACTS = 50_000  # four lines and ten invoices each
ROUNDS = 12


def run() -> Iterator[Figure]:
    """Yield the ratios of both pages to plain SQL."""
    day = today()
    with databases_apart(), override_settings(ALLOWED_HOSTS=["localhost"], DEBUG=False):
        use(seeded(day))
        site = Site(sign_in_as("finance"), {})
        yield figure("renewals", site, "/contracts/renewals/", renewals(day), at_most=4)
        yield figure("invoices", site, "/finance/invoices/", invoices(day), at_most=3)


def figure(name: str, site: Site, url: str, floor: Callable[[], object], *, at_most: float) -> Figure:
    """Return the p95 of a page against that of its floor."""
    ours, plain = interleave([lambda: site.get(url), floor], ROUNDS)
    page, bare = percentile(ours, 95), percentile(plain, 95)
    return Figure(
        f"finance.{name}", page / bare, at_most=at_most, note=f"p95 {page:.2f} s, plain SQL {bare:.2f} s"
    )


def renewals(day: date) -> Callable[[], list[tuple[Any, ...]]]:
    """Return the floor of renewals, once it counts what the page counts."""
    floor = _rows("renewals", day)
    months = calendar_of(month_start(day), day, access_of("finance"))
    compare(
        [(row.month, row.ends, row.notices, row.arr) for row in months if row.count],
        [row for row in floor() if row[1] or row[2]],
    )
    return floor


def invoices(day: date) -> Callable[[], list[tuple[Any, ...]]]:
    """Return the floor of the list of open invoices, once it finds what the first page shows."""
    floor = _rows("invoices", day)
    search = Search(show="open", text="", sort="due", account=0)
    shown = find_invoices(search, day).order_by(*INVOICE_ORDERS["due"])[: PAGE_SIZE + 1]
    compare([(row.pk, row.falls_due_on, row.open_amount) for row in shown], floor())
    return floor


def compare(mine: list[tuple[Any, ...]], theirs: list[tuple[Any, ...]]) -> None:
    """Refuse a floor that says something else: RuntimeError."""
    if mine != theirs:
        differing = [pair for pair in zip(mine, theirs, strict=False) if pair[0] != pair[1]]
        raise RuntimeError(f"Plain SQL counts something else: {len(mine)}, {len(theirs)}, {differing[:2]}.")


def _rows(name: str, day: date) -> Callable[[], list[tuple[Any, ...]]]:
    (plain,) = statements(HERE / f"floor_{name}.sql", day=day, most=PAGE_SIZE + 1)

    def read() -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(plain)
            return list(cursor.fetchall())

    return read


def seeded(day: date) -> str:
    """Return the name of this month's database, filled where this state has none yet; others go."""

    def fill() -> None:
        sign_in_as("finance")  # somebody who disputes
        run_file(SEED, newest=month_start(day), contracts=CONTRACTS)
        follow_rates()

    return companies.seeded(
        "finance",
        told=f"{CONTRACTS:,} contracts and {CONTRACTS * 10:,} invoices",
        fill=fill,
        files=[SEED],
        also=(month_start(day), CONTRACTS),
    )
