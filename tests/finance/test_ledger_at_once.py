"""The ledger under concurrency: real transactions, real processes, and one that is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone

from accounts.models import Account
from finance.models import ContractLine, RevenueClose, RevenueEntry, RevenueToRecompute
from finance.revenue.ledger import follow_lines, follow_rates, lock_ledger, mark_all
from finance.revenue.movements import find_gaps, movements
from finance.revenue.publication import close_months, restatements
from tests.metrics.facts import LAST, TODAY, ago, follow_revenue, make_account, make_line, make_rate

pytestmark = pytest.mark.django_db(transaction=True)
OCTOBER, LAST_OF_OCTOBER = date(2026, 10, 1), date(2026, 10, 31)


def in_threads(*works: Callable[[], Any]) -> list[Any]:
    """Run each work in a thread with its own connection; raise what one of them raised."""
    results: list[Any] = [None] * len(works)
    errors: list[BaseException] = []

    def run(place: int, work: Callable[[], Any]) -> None:
        try:
            results[place] = work()
        except BaseException as error:  # noqa: BLE001 - raised again in the main thread
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    if errors:
        raise errors[0]
    return results


def follow() -> int:
    return follow_lines(as_of=TODAY, first=0, last=LAST)


def until(condition: Callable[[], bool]) -> None:
    """Wait for something that another connection does."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.02)


def waiting() -> int:
    """Return how many locks are waited for; unlike the view of activity it is read anew within a transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return int(cursor.fetchone()[0])


def test_refreshes_at_once_enter_everything_once() -> None:
    for place in range(12):
        make_line(make_account(), ago(300 + place), ago(-place - 1))
    make_rate("EUR", ago(100), "1.1")
    barrier = threading.Barrier(4)

    def both() -> int:
        barrier.wait()
        follow_rates()
        return follow()

    assert sum(in_threads(*[both] * 4)) == 24
    assert RevenueEntry.objects.count() == 24
    assert find_gaps(OCTOBER, OCTOBER) == []


def test_a_batch_that_comes_while_the_ledger_follows_is_followed_next_time() -> None:
    account = make_account()
    line = make_line(account, ago(100))
    entered, changed = threading.Event(), threading.Event()

    def slow() -> int:
        with transaction.atomic():
            rows = follow()
            entered.set()
            until(lambda: waiting() > 0)
        return rows

    def batch() -> None:
        entered.wait(60)
        with transaction.atomic():
            ContractLine.objects.filter(pk=line.pk).update(amount=1500)
            with connection.cursor() as cursor:
                cursor.execute(
                    "INSERT INTO finance_revenuetorecompute (account_id) VALUES (%s) "
                    "ON CONFLICT (account_id) DO UPDATE SET marked_at = excluded.marked_at",
                    [account.pk],
                )
        changed.set()

    assert in_threads(slow, batch)[0] == 1
    assert changed.is_set()
    assert RevenueToRecompute.objects.filter(account=account).exists()
    assert follow() == 1
    assert find_gaps(OCTOBER, OCTOBER) == []


def test_a_batch_about_an_account_deleted_since_and_the_ledger_never_wait_for_each_other() -> None:
    changed, deleted = make_account(), make_account()
    for account in (changed, deleted):
        make_line(account, ago(100))
    assert follow() == 2
    Account.objects.filter(pk=deleted.pk).update(deleted_at=timezone.now())
    RevenueToRecompute.objects.create(account=changed)
    begun = threading.Event()

    def mark(account: Account) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO finance_revenuetorecompute (account_id) VALUES (%s) "
                "ON CONFLICT (account_id) DO UPDATE SET marked_at = excluded.marked_at",
                [account.pk],
            )

    def batch() -> None:
        with transaction.atomic():
            mark(changed)
            begun.set()
            until(lambda: waiting() > 0)
            mark(deleted)

    def ledger() -> int:
        assert begun.wait(60)
        return follow()

    in_threads(batch, ledger)
    follow()
    assert RevenueEntry.objects.filter(account=deleted, cause="account_gone").count() == 1


def test_a_close_waits_for_whoever_enters_and_publishes_it_too() -> None:
    make_line(make_account(), ago(300))
    entered = threading.Event()

    def slow() -> None:
        with transaction.atomic():
            follow()
            entered.set()
            until(lambda: waiting() > 0)

    def close() -> list[date]:
        entered.wait(60)
        return close_months(until=LAST_OF_OCTOBER)

    assert OCTOBER in in_threads(slow, close)[1]
    assert movements(OCTOBER, OCTOBER, published=True)[0].end == 1200
    assert restatements(OCTOBER) == []


def test_what_is_entered_beside_a_close_is_either_published_or_restates() -> None:
    account = make_account()
    line = make_line(account, ago(300))
    follow_revenue()
    ContractLine.objects.filter(pk=line.pk).update(amount=1300)
    RevenueToRecompute.objects.create(account=account)
    locked = threading.Event()

    def closing() -> None:
        with transaction.atomic():
            lock_ledger(alone=True)
            locked.set()
            until(lambda: waiting() > 0)
            close_months(until=LAST_OF_OCTOBER)

    def late() -> int:
        locked.wait(60)
        return follow()

    assert in_threads(closing, late)[1] == 0, "the close had entered it"
    assert movements(OCTOBER, OCTOBER, published=True)[0].end == 1300
    ContractLine.objects.filter(pk=line.pk).update(amount=1400)
    mark_all()
    assert follow() == 1
    assert movements(OCTOBER, OCTOBER, published=True)[0].end == 1300
    assert [row.change for row in restatements(OCTOBER)] == [100]


def test_two_that_close_at_once_close_each_month_once() -> None:
    make_line(make_account(), ago(300))
    barrier = threading.Barrier(3)

    def close() -> list[date]:
        barrier.wait()
        return close_months(until=LAST_OF_OCTOBER)

    closed = in_threads(*[close] * 3)
    assert sorted(len(months) for months in closed)[:2] == [0, 0]
    assert RevenueClose.objects.count() == max(len(months) for months in closed) == 10


KILLED = """
import django
django.setup()
from django.db import transaction
from finance.revenue.ledger import follow_lines
from tests.metrics.facts import LAST, TODAY
with transaction.atomic():
    print(follow_lines(as_of=TODAY, first=0, last=LAST), flush=True)
    import time; time.sleep(120)
"""


def test_a_rebuild_that_is_killed_leaves_nothing_half_done() -> None:
    for place in range(5):
        make_line(make_account(), ago(300 + place))
    env = os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "ABE_TEST_DATABASE": connection.settings_dict["NAME"],
    }
    child = subprocess.Popen([sys.executable, "-c", KILLED], stdout=subprocess.PIPE, env=env, text=True)
    assert child.stdout is not None
    assert child.stdout.readline().strip() == "5"
    child.send_signal(signal.SIGKILL)
    child.wait(30)
    until(lambda: RevenueEntry.objects.count() == 0 and follow() == 5)
    assert RevenueEntry.objects.count() == 5
    assert find_gaps(OCTOBER, OCTOBER) == []
