"""Runs, whatever they are of: killed workers, lost messages, several at one run, cancelling."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import OperationalError, connection

from engagement.models import ScorePreview, ScorePreviewRow
from engagement.scoring.previews.services import request_score_preview
from engagement.scoring.services import create_score_draft, save_score_draft
from metrics import tasks
from metrics.engine import plan as plan_module
from metrics.runs import registry
from metrics.runs import work as work_module
from metrics.runs.models import Run
from metrics.runs.registry import run_kinds
from metrics.runs.services import cancel_run, go_on
from metrics.runs.work import MOST_ATTEMPTS, do_next_step, work_off
from tests.engagement.test_scoring import is_large
from tests.metrics.facts import make_account
from tests.metrics.test_workers import in_threads
from tests.tiers.facts import make_draft, make_worth
from tests.users import make_user
from tiers.models import PreviewRow, PreviewRun
from tiers.preview.services import request_preview

pytestmark = pytest.mark.django_db(transaction=True)
ACCOUNTS = 8


def tier_preview() -> Run:
    for _ in range(ACCOUNTS):
        make_worth(150_000)
    return request_preview(rule_set=make_draft(), by=make_user("revops"))


def score_preview() -> Run:
    draft = create_score_draft(kind="fit", by=None)
    save_score_draft(model=draft, by=None, rules=[is_large(30, 100)], half_life_days=None)
    for _ in range(ACCOUNTS):
        make_account(employees=500)
    return request_score_preview(model=draft, by=make_user("revops"))


MAKERS: dict[str, Callable[[], Run]] = {
    "tiers.preview": tier_preview,
    "engagement.score_preview": score_preview,
}


@pytest.fixture(params=list(MAKERS))
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Several slices, and nobody who is called."""
    monkeypatch.setattr(plan_module, "SMALLEST_SLICE", 2)
    monkeypatch.setattr(tasks.work_on_run, "apply_async", lambda *args, **options: None)
    return str(request.param)


def rows_of(run: Run) -> list[Any]:
    """Return what a run has found, without ids of its rows."""
    found = PreviewRow.objects if isinstance(run, PreviewRun) else ScorePreviewRow.objects
    assert isinstance(run, PreviewRun | ScorePreview)
    names = [field.name for field in found.model._meta.fields if field.name not in ("id", "run")]
    return list(found.filter(run=run.pk).order_by("account_id").values_list(*names))


WORKER = """
import os, sys, time
sys.path.insert(0, os.getcwd())
import django
django.setup()
from metrics.engine import plan
from metrics.runs import work
from metrics.runs.registry import run_kinds
from dataclasses import replace
kind = run_kinds[sys.argv[1]]
work_on = kind.worker()
def slowly(run, step):
    changed = work_on(run, step)
    print(run.position, flush=True)  # done, but not committed
    time.sleep(0.2)
    return changed
run_kinds._items[kind.key] = replace(kind, worker=lambda: slowly)
work.work_off(kind.key, int(sys.argv[2]))
"""


def test_a_worker_killed_in_the_middle_costs_at_most_one_step(kind: str) -> None:
    run = MAKERS[kind]()
    steps = len(run.plan)
    assert steps >= 3, "too few steps to be killed in the middle"
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    with subprocess.Popen(
        [sys.executable, "-c", WORKER, kind, str(run.pk)], env=env, stdout=subprocess.PIPE, text=True
    ) as worker:
        assert worker.stdout is not None
        begun = [int(worker.stdout.readline()) for _ in range(2)]
        worker.send_signal(signal.SIGKILL)
    assert begun == [0, 1]
    deadline = time.monotonic() + 10
    while is_held(kind, run.pk) and time.monotonic() < deadline:
        time.sleep(0.05)  # the server notices the lost session
    run.refresh_from_db()
    assert run.state == "running"
    assert run.position in (1, 2), "more than the step in hand was lost"
    assert not work_off(kind, run.pk)
    run.refresh_from_db()
    assert (run.state, run.position) == ("done", steps), run.error
    assert len(rows_of(run)) == ACCOUNTS


def is_held(kind: str, pk: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = hashtext(%s)::bigint & 4294967295",
            [f"{kind} {pk}"],
        )
        return bool(cursor.fetchone()[0])


def test_workers_at_one_run_do_each_step_once(kind: str) -> None:
    run = MAKERS[kind]()
    done: list[int] = []

    def work() -> None:
        open_runs, ends_at = run_kinds[kind].model.objects.open().filter(pk=run.pk), time.monotonic() + 60
        while open_runs.exists() and time.monotonic() < ends_at:
            done.extend([1] * do_next_step(kind, run.pk))

    in_threads(work, work, work, work)
    run.refresh_from_db()
    assert run.state == "done", run.error
    assert len(done) == len(run.plan)
    assert len(rows_of(run)) == ACCOUNTS


def test_many_who_look_at_once_are_no_deaths(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """All helpers of a night call for the open runs at the same moment."""
    run, crowd = MAKERS[kind](), MOST_ATTEMPTS + 2
    meeting, plain = threading.Barrier(crowd), work_module._step

    def together(*args: Any) -> bool:
        with suppress(threading.BrokenBarrierError):
            meeting.wait(1)
        return plain(*args)

    monkeypatch.setattr(work_module, "_step", together)
    in_threads(*[lambda: do_next_step(kind, run.pk)] * crowd)
    run.refresh_from_db()
    assert (run.state, run.error, run.attempts) == ("running", "", 0)
    assert run.position >= 1


def test_a_lost_message_is_made_good_by_the_beat(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run = MAKERS[kind]()
    run.refresh_from_db()
    assert run.state == "waiting", "the first message was lost"
    sent: list[tuple[str, int]] = []
    monkeypatch.setattr(tasks.work_on_run, "apply_async", lambda args, **options: sent.append(args))
    tasks.go_on_with_runs()
    assert sent == [(kind, run.pk)]
    tasks.work_on_run(*sent[0])
    run.refresh_from_db()
    assert run.state == "done", run.error
    sent.clear()
    go_on()
    assert not sent
    found = rows_of(run)
    tasks.work_on_run(kind, run.pk)
    assert rows_of(run) == found, "a message that comes twice changes nothing"


def test_a_worker_hands_on_when_its_time_is_over(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run = MAKERS[kind]()
    sent: list[tuple[str, int]] = []
    monkeypatch.setattr(tasks, "WORK_SECONDS", 0.0)
    monkeypatch.setattr(tasks.work_on_run, "delay", lambda *args: sent.append(args))
    tasks.work_on_run(kind, run.pk)
    assert sent == [(kind, run.pk)]
    run.refresh_from_db()
    assert run.position == 1


def test_a_cancelled_run_keeps_nothing_and_stops(kind: str) -> None:
    run = MAKERS[kind]()
    by = make_user("revops")
    assert do_next_step(kind, run.pk)
    assert rows_of(run)
    cancel_run(run, by=by)
    assert run.state == "cancelled"
    assert str(by) in run.error
    assert not rows_of(run)
    assert not do_next_step(kind, run.pk)
    with pytest.raises(ValidationError):
        cancel_run(run, by=by)


def test_cancelling_in_the_middle_of_a_step_takes_the_step_back(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = MAKERS[kind]()
    plain = run_kinds[kind].worker()
    in_step, cancelled = threading.Event(), threading.Event()

    def slowly(held: Any, step: Any) -> Any:
        changed = plain(held, step)
        in_step.set()
        assert cancelled.wait(10)
        return changed

    swap(monkeypatch, kind, slowly)

    def cancel() -> None:
        assert in_step.wait(10)
        cancel_run(type(run).objects.get(pk=run.pk), by=make_user("revops"))
        cancelled.set()

    assert in_threads(lambda: do_next_step(kind, run.pk), cancel)[0] is False
    run.refresh_from_db()
    assert (run.state, run.position) == ("cancelled", 0)
    assert not rows_of(run)


def test_a_step_that_kills_its_workers_ends_the_run(kind: str) -> None:
    run = MAKERS[kind]()
    type(run).objects.filter(pk=run.pk).update(state="running", attempts=MOST_ATTEMPTS)
    assert not do_next_step(kind, run.pk)
    run.refresh_from_db()
    assert (run.state, "died of it" in run.error) == ("failed", True)


def test_passing_trouble_is_tried_again_and_other_trouble_ends_the_run(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = MAKERS[kind]()
    plain = run_kinds[kind].worker()
    troubles = ["40P01", "40001"]

    def stumbling(held: Any, step: Any) -> Any:
        if troubles:
            with connection.cursor() as cursor:
                cursor.execute(f"DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '{troubles.pop()}'; END $$")
        return plain(held, step)

    swap(monkeypatch, kind, stumbling)
    assert not work_off(kind, run.pk)
    run.refresh_from_db()
    assert run.state == "done", run.error

    def failing(held: Any, step: Any) -> Any:
        raise OperationalError("the disk is full")

    other = MAKERS[kind]()
    swap(monkeypatch, kind, failing)
    assert not do_next_step(kind, other.pk)
    other.refresh_from_db()
    assert (other.state, "the disk is full" in other.error) == ("failed", True)


def swap(monkeypatch: pytest.MonkeyPatch, kind: str, work: Callable[[Any, Any], Any]) -> None:
    """Let a kind of run do something else in this test."""
    monkeypatch.setitem(registry.run_kinds._items, kind, replace(run_kinds[kind], worker=lambda: work))
