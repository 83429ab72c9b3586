"""Several workers, killed workers and lost messages: real processes and real transactions."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection, connections, transaction

from common.periods import start_of
from metrics import tasks
from metrics.engine import plan as plan_module
from metrics.engine.plan import plan_refresh, today
from metrics.engine.steps import Outcome, run_next_step, work_off
from metrics.models import MetricValue, RefreshRun, RefreshStep
from metrics.registry import metrics, rollups
from product.models import UsageUserDay
from tests.metrics.facts import TODAY, ago, make_account, make_line, make_ticket, make_use

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def company(monkeypatch: pytest.MonkeyPatch) -> None:
    """Six customers in six slices."""
    monkeypatch.setattr(plan_module, "SMALLEST_SLICE", 1)
    for place in range(6):
        account = make_account("growth")
        make_line(account, ago(500 + place))
        make_ticket(account, ago(place))
        make_use(account, ago(place), place + 1)


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
        thread.join(60)
    if errors:
        raise errors[0]
    return results


def test_two_that_plan_the_same_day_at_once_share_one_run(company: None) -> None:
    barrier = threading.Barrier(4)

    def plan() -> int:
        barrier.wait()
        return plan_refresh(as_of=TODAY).pk

    planned = in_threads(*[plan] * 4)
    assert len(set(planned)) == 1
    assert RefreshRun.objects.count() == 1
    keys = Counter(RefreshStep.objects.values_list("key", "first"))
    assert set(keys.values()) == {1}


def test_workers_share_the_steps_and_do_each_once(company: None) -> None:
    run = plan_refresh(as_of=TODAY)
    done: list[int] = []

    def work() -> None:
        work_off(on_step=lambda step: done.append(step.pk))

    in_threads(work, work, work)
    run.refresh_from_db()
    assert run.state == RefreshRun.State.DONE
    assert sorted(done) == sorted(run.steps.values_list("pk", flat=True))
    finished = list(run.steps.order_by("finished_at").values_list("wave", flat=True))
    assert finished == sorted(finished), "a step ended before the wave ahead of it was through"


def test_a_step_in_other_hands_keeps_the_next_wave_shut(company: None) -> None:
    plan_refresh(as_of=TODAY)
    first_wave = RefreshStep.objects.filter(wave=1)
    with transaction.atomic():
        held = list(first_wave.select_for_update())

        def look() -> Outcome:
            return run_next_step().outcome

        assert in_threads(look) == [Outcome.BUSY]
    assert held
    assert not RefreshStep.objects.exclude(state="queued").exists()


WORKER = """
import os, sys, time
sys.path.insert(0, os.getcwd())
import django
django.setup()
from metrics.engine import steps
from metrics.engine.steps import work_off
work = steps._work
def slowly(step, as_of):
    work(step, as_of)
    print(step.pk, flush=True)  # done, but not committed
    time.sleep(0.05)
steps._work = slowly
work_off()
"""


def test_a_worker_killed_in_the_middle_costs_at_most_one_step(company: None) -> None:
    run = plan_refresh(as_of=TODAY)
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    with subprocess.Popen(
        [sys.executable, "-c", WORKER], env=env, stdout=subprocess.PIPE, text=True
    ) as worker:
        assert worker.stdout is not None
        begun = [int(worker.stdout.readline()) for _ in range(12)]
        worker.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 10
    while (locked := still_locked(run)) and time.monotonic() < deadline:
        time.sleep(0.05)  # the server notices the lost session
    assert not locked
    done = set(run.steps.filter(state="done").values_list("pk", flat=True))
    assert len(set(begun) - done) <= 1, "more than the step in hand was lost"
    marks = dict(run.steps.filter(pk__in=done).values_list("pk", "finished_at"))
    work_off()
    run.refresh_from_db()
    assert run.state == RefreshRun.State.DONE
    assert dict(run.steps.filter(pk__in=done).values_list("pk", "finished_at")) == marks, (
        "a done step was redone"
    )
    assert MetricValue.objects.filter(key="finance.arr", as_of=TODAY).count() == 6


def still_locked(run: RefreshRun) -> bool:
    """Return whether somebody holds a step."""
    waiting = run.steps.queued()
    with transaction.atomic():
        return len(waiting.select_for_update(skip_locked=True)) < waiting.count()


def test_events_that_arrive_during_the_roll_up_are_not_lost(company: None) -> None:
    account = make_account()
    make_use(account, ago(2), 3)
    reading, intake_done = threading.Event(), threading.Event()

    def intake() -> None:
        reading.wait(10)
        with transaction.atomic():
            make_use_marked(account.pk, ago(2), 4)
        intake_done.set()

    def roll_up() -> None:
        with transaction.atomic():
            rollups["product.usage_days"].query(TODAY, 0, 2**63 - 1)
            reading.set()
            # The intake must wait for the marks that this transaction took.
            assert not intake_done.wait(0.3)

    in_threads(intake, roll_up)
    assert intake_done.is_set()
    assert events_of(account.pk) == 3
    rollups["product.usage_days"].query(TODAY, 0, 2**63 - 1)
    assert events_of(account.pk) == 7


def test_the_roll_up_waits_for_an_intake_that_has_marked_but_not_committed(company: None) -> None:
    account = make_account()
    make_use(account, ago(2), 3)
    marked = threading.Event()

    def intake() -> None:
        with transaction.atomic():
            make_use_marked(account.pk, ago(2), 4)
            marked.set()
            time.sleep(0.3)

    def roll_up() -> None:
        marked.wait(10)
        rollups["product.usage_days"].query(TODAY, 0, 2**63 - 1)

    in_threads(intake, roll_up)
    assert events_of(account.pk) == 7


def make_use_marked(account_id: int, day: date, times: int) -> None:
    """Add events and mark their day in one transaction, the way intake does."""
    from accounts.models import Account

    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO product_usagedaytorecompute (account_id, day) VALUES (%s, %s) "
            "ON CONFLICT (account_id, day) DO UPDATE SET marked_at = now()",
            [account_id, day],
        )
    make_use(Account.objects.get(pk=account_id), day, times)


def events_of(account_id: int) -> int:
    return sum(UsageUserDay.objects.filter(account_id=account_id).values_list("events", flat=True))


@pytest.fixture
def messages(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Collect the calls for workers instead of sending them."""
    sent: list[str] = []
    monkeypatch.setattr(tasks.run_steps, "delay", lambda: sent.append("run_steps"))
    return sent


def test_workers_call_helpers_for_a_wave_and_hand_on_until_nothing_is_left(
    company: None, messages: list[str]
) -> None:
    plan_refresh(as_of=TODAY)
    tasks.wake_workers()
    assert len(messages) == tasks.HELPERS
    while messages:
        messages.pop()
        tasks.run_steps()
    assert RefreshRun.objects.get().state == RefreshRun.State.DONE


def test_a_worker_whose_time_is_over_hands_on(
    company: None, messages: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "WORK_SECONDS", 0.0)
    plan_refresh(as_of=TODAY)
    tasks.run_steps()
    assert RefreshStep.objects.filter(state="done").count() == 1
    assert "run_steps" in messages


def test_the_tick_goes_on_with_what_was_left(company: None, messages: list[str]) -> None:
    tasks.tick()
    assert messages == [], "nothing is open"
    plan_refresh(as_of=TODAY)
    tasks.tick()
    assert messages
    work_off()
    messages.clear()
    tasks.tick()
    assert messages == []


def test_the_tick_catches_up_with_a_night_that_nobody_planned(
    company: None, messages: list[str], settings: Any
) -> None:
    settings.REFRESH_HOUR = 0
    tasks.tick()
    assert not RefreshRun.objects.exists(), "an installation begins with a refresh that someone asks for"
    long_ago = start_of(today()) - timedelta(days=4)
    RefreshRun.objects.create(as_of=today() - timedelta(days=4), state="done", planned_at=long_ago)
    tasks.tick()
    assert RefreshRun.objects.get(state="running").as_of == today() - timedelta(days=1)
    work_off()
    tasks.tick()
    assert RefreshRun.objects.count() == 2


def test_a_refresh_of_a_day_that_had_not_ended_does_not_stand_for_its_night(
    company: None, messages: list[str], settings: Any
) -> None:
    settings.REFRESH_HOUR = 0
    yesterday = today() - timedelta(days=1)
    at_noon = start_of(yesterday) + timedelta(hours=12)
    RefreshRun.objects.create(as_of=yesterday, state="done", planned_at=at_noon)
    tasks.tick()
    assert RefreshRun.objects.get(state="running").as_of == yesterday


def test_the_night_is_the_day_that_has_just_ended(company: None, messages: list[str]) -> None:
    tasks.plan_nightly_refresh()
    assert RefreshRun.objects.get().as_of == today() - timedelta(days=1)
    assert messages


def test_every_metric_can_be_stored_by_two_workers_at_once(company: None) -> None:
    key = "support.open_tickets"
    from metrics.engine.store import store_metric

    accounts = sorted(MetricValue.objects.values_list("account_id", flat=True))
    assert accounts == []
    in_threads(
        lambda: store_metric(metrics[key], TODAY, 0, 2**62),
        lambda: store_metric(metrics[key], ago(1), 0, 2**62),
    )
    assert MetricValue.objects.filter(key=key).count() == 12
