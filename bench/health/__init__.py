"""A night of health at 50,000 accounts against plain SQL: all numbers that a model of at least 14 components is made
of, over 400 days of history with 3 M rows of daily use; by one worker and by two, with the memory of each.

The company is that of ``bench.refresh`` with other use. Engine and plain SQL take turns on new days, and what they
make is compared first.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta

from django.db import connection
from django.test.utils import override_settings

from bench import companies, refresh
from bench.companies import CHECKOUT, databases_apart, execute, run_file, use, without_indexes
from bench.harness import Figure, median, seconds
from bench.pages import FLOOR_MIDDLEWARE, Site, ratio, sign_in_as
from bench.scores import worked_off
from metrics.backtest.services import month_ends, request_backtest
from metrics.engine.plan import plan_refresh
from metrics.models import HealthComponent, HealthModel
from people.models import User
from product.partitions import make_month

HERE = refresh.HERE.parent / "health"
ACCOUNTS = 50_000
DAYS = 400
MONTHS = 24
ROUNDS = 3
FEWEST_COMPONENTS = 14
MOST_MEMORY = 300  # MiB
NEWEST = refresh.NEWEST


def run() -> Iterator[Figure]:
    """Yield the ratio to plain SQL, the gain by a second worker, and the memory of a worker."""
    with databases_apart():
        name = prepare()
        yield night()
        yield from workers(name)
        yield scoreboard()
        use(prepare_past())
        yield backtest()


def prepare() -> str:
    """Return the name of the database as it stands after the night of NEWEST, seeded where this state has none."""
    name = companies.seeded(
        "health",
        told=f"{ACCOUNTS:,} accounts with {DAYS} days of use",
        fill=fill,
        files=[refresh.HERE / "seed.sql", HERE / "usage.sql"],
        also=(NEWEST, ACCOUNTS, DAYS),
    )
    use(name)
    run_file(refresh.HERE / "reset.sql", newest=NEWEST)
    refresh.refresh(NEWEST - timedelta(days=30))
    refresh.refresh(NEWEST)
    execute("VACUUM ANALYZE")
    return name


def fill() -> None:
    """Fill an empty database."""
    sign_in_as("finance")  # somebody who disputes
    run_file(refresh.HERE / "seed.sql", newest=NEWEST, accounts=ACCOUNTS)
    first = NEWEST - timedelta(days=DAYS - 1)
    make_month(NEWEST.replace(day=1))
    run_file(HERE / "usage.sql", first=first, last=NEWEST)
    execute(
        "INSERT INTO finance_revenuetorecompute (account_id) SELECT DISTINCT account_id FROM finance_contract"
    )


def prepare_past() -> str:
    """Return the name of the database with numbers at month-ends, seeded where this state has none."""

    def fill_past() -> None:
        fill()
        refresh.refresh(NEWEST)
        with without_indexes("metrics_metricvalue"):
            run_file(HERE / "past.sql", newest=NEWEST, count=MONTHS + 6)

    return companies.seeded(
        "health_past",
        told=f"{ACCOUNTS:,} accounts with numbers at {MONTHS + 6} month-ends",
        fill=fill_past,
        files=[refresh.HERE / "seed.sql", HERE / "usage.sql", HERE / "past.sql"],
        also=(NEWEST, ACCOUNTS, DAYS, MONTHS),
    )


def scoreboard() -> Figure:
    """Open the scoreboard with a year of values behind each line, against a minimal page of the same values."""
    run_file(HERE / "months.sql", newest=NEWEST)
    with override_settings(ROOT_URLCONF="bench.pages.floors", ALLOWED_HOSTS=["localhost"], DEBUG=False):
        cookie = sign_in_as("revops")
        ours = Site(cookie, {})
        with override_settings(MIDDLEWARE=FLOOR_MIDDLEWARE):
            floor = Site(cookie, {})
        since = NEWEST - timedelta(days=366)
        return ratio(
            "health.scoreboard",
            6,
            ours,
            floor,
            [(f"/scoreboard/?as_of={NEWEST}", f"/floor/scoreboard/?since={since}")],
        )


def backtest() -> Figure:
    """Compare a backtest, from the request to its last step, with reading its rows into pandas month by month."""
    days = month_ends()[:MONTHS]
    model = HealthModel.objects.published().get(tier=None, segment="")
    by = User.objects.get(email="bench-finance@example.com")
    ours, plain = [], []
    for _ in range(ROUNDS):
        before = seconds(lambda: read_plainly(days))
        asked = seconds(lambda: request_backtest(model=model, by=by, first=days[0], last=days[-1], seed=7))
        run = model.backtests.latest("pk")
        took = asked + worked_off("metrics.backtest", run)
        judged = sum(month["rows"] for month in run.summary["months"].values())
        if len(run.summary["months"]) != MONTHS or not run.summary["results"][0]["events"]:
            raise RuntimeError(f"The backtest looked at {run.summary['months']} only.")
        ours.append(took)
        plain.append(before)
    read = read_plainly(days)
    return Figure(
        "health.backtest",
        median([mine / theirs for mine, theirs in zip(ours, plain, strict=True)]),
        at_most=5,
        note=f"{median(ours):.1f} s for {judged:,} scores, {read:,} rows into pandas {median(plain):.1f} s",
    )


def read_plainly(days: list[date]) -> int:
    """Read what the model's components are made of, and the revenue, into pandas; return how many rows there were."""
    import pandas as pd

    read = 0
    for day in days:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT key, account_id, value FROM metrics_metricvalue WHERE as_of = %s AND key IN "
                "(SELECT key FROM metrics_healthcomponent UNION VALUES ('finance.arr'))",
                [day],
            )
            rows = pd.DataFrame(cursor.fetchall(), columns=["key", "account", "value"])
        read += len(rows)
    return read


def night() -> Figure:
    """Compare nights with plain SQL, day after day in turn."""
    rounds = []
    for turn in range(ROUNDS + 1):
        first = NEWEST + timedelta(days=1 + 2 * turn)
        run_file(HERE / "events.sql", day=first)
        ours = seconds(lambda day=first: refresh.refresh(day))
        if not turn:
            refresh.refuse_other_sums(first)
        second = first + timedelta(days=1)
        run_file(HERE / "events.sql", day=second)
        rounds.append((ours, seconds(lambda day=second: refresh.run_floor(day))))
    components = HealthComponent.objects.filter(model__state="published").count()
    if components < FEWEST_COMPONENTS:
        raise RuntimeError(f"The model has {components} components, not {FEWEST_COMPONENTS}.")
    ours, plain = (median(times) for times in zip(*rounds[1:], strict=True))  # the first one warms up
    return Figure(
        "health.night",
        median([mine / theirs for mine, theirs in rounds[1:]]),
        at_most=3,
        note=f"{ours:.1f} s, plain SQL {plain:.1f} s, {ACCOUNTS:,} accounts, {components} components",
    )


def workers(name: str) -> Iterator[Figure]:
    """Compare nights by one worker and by two, each a process of its own."""
    rounds, peaks = [], []
    for turn in range(ROUNDS + 1):
        taken = []
        for count in (1, 2):
            day = NEWEST + timedelta(days=2 * ROUNDS + 2 + 2 * turn + count)
            run_file(HERE / "events.sql", day=day)
            plan_refresh(as_of=day, cause="benchmark")
            told = work(name, count)
            taken.append(max(took for took, _ in told))
            peaks += [peak for _, peak in told]
        rounds.append(taken)
    alone, together = (median(times) for times in zip(*rounds[1:], strict=True))
    yield Figure(
        "health.two_workers",
        median([one / two for one, two in rounds[1:]]),
        at_least=1.6,
        note=f"one {alone:.1f} s, two {together:.1f} s",
    )
    yield Figure(
        "health.memory",
        max(peaks) / MOST_MEMORY,
        at_most=1,
        note=f"peak of a worker {max(peaks):.0f} MiB of {MOST_MEMORY}",
    )


def work(name: str, count: int) -> list[tuple[float, float]]:
    """Let so many workers do what is planned; return the seconds and the peak memory in MiB of each."""
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "bench.worker", name],
            cwd=CHECKOUT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(count)
    ]
    for process in started:
        if _line(process) != "ready":
            raise RuntimeError("A worker didn't start.")
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    told = [_line(process).split() for process in started]
    for process in started:
        process.communicate()
    return [(float(took), float(peak)) for took, peak in told]


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()
