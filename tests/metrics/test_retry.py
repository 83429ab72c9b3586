"""One step made again with what follows it: safe beside workers, other clicks and other refreshes."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.models import Standing
from metrics import tasks
from metrics.engine import plan as plan_module
from metrics.engine import steps as steps_module
from metrics.engine.plan import plan_refresh
from metrics.engine.retry import followers_of, retry_step
from metrics.engine.steps import Outcome, close_run, run_next_step, work_off
from metrics.models import MetricValue, RefreshRun, RefreshStep
from metrics.registry import metrics
from people.models import User
from tests.metrics.facts import TODAY, ago, make_account, make_line, refresh
from tests.metrics.test_workers import in_threads
from tests.users import client_as, make_user

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> RefreshRun:
    """Three customers in three slices, and a refresh in which ARR failed, which is mended now."""
    monkeypatch.setattr(plan_module, "SMALLEST_SLICE", 1)
    monkeypatch.setattr(tasks.run_steps, "delay", lambda: None)
    for _ in range(3):
        make_line(make_account("growth"), ago(500))

    def fails(as_of: Any) -> Any:
        raise ZeroDivisionError("made to fail")

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(metrics._items, "finance.arr", replace(metrics["finance.arr"], query=fails))
        run = refresh()
    assert run.state == RefreshRun.State.FAILED
    return run


def step_of(run: RefreshRun, key: str) -> RefreshStep:
    found = run.steps.filter(key=key).order_by("first").first()
    assert found is not None
    return found


def revops() -> User:
    return make_user("revops")


def test_a_retry_makes_the_step_and_what_follows_it_and_nothing_else(broken: RefreshRun) -> None:
    untouched = dict(broken.steps.filter(key="support.open_tickets").values_list("pk", "finished_at"))
    assert not Standing.objects.filter(arr__gt=0).exists()
    by = revops()
    asked = retry_step(step=step_of(broken, "finance.arr"), by=by)
    assert asked.run.state == RefreshRun.State.RUNNING
    waiting = broken.steps.queued()
    assert asked.steps == waiting.count()
    assert set(waiting.values_list("key", flat=True)) == {
        "finance.arr",
        *followers_of(broken, "finance.arr"),
    }
    work_off()
    broken.refresh_from_db()
    assert broken.state == RefreshRun.State.DONE, list(broken.steps.failed().values_list("key", "error"))
    assert MetricValue.objects.filter(key="finance.arr", as_of=TODAY).count() == 3
    assert Standing.objects.filter(arr__gt=0).count() == 3, "standing follows"
    marks = dict(broken.steps.filter(key="support.open_tickets").values_list("pk", "finished_at"))
    assert marks == untouched
    assert set(broken.steps.filter(key="finance.arr").values_list("retries", "retried_by")) == {
        (1, by.pk),
        (0, None),
    }
    again = step_of(broken, "finance.arr")
    assert (
        retry_step(step=again, by=by).steps
        == 1 + broken.steps.filter(key__in=followers_of(broken, "finance.arr")).count()
    ), "slices that are done stay"


def test_what_follows_is_told_by_declarations_and_by_what_comes_behind_everything(broken: RefreshRun) -> None:
    after = followers_of(broken, "finance.arr")
    assert {"metrics.standing", "metrics.night_figures", "metrics.health"} <= after
    assert "support.open_tickets" not in after
    assert "finance.arr" not in after
    behind = followers_of(broken, "metrics.night_figures")
    assert "metrics.standing" not in behind, "what is behind everything doesn't follow its neighbours"
    assert "metrics.health" in followers_of(broken, "metrics.provisional"), "an order is a reason too"


def test_two_clicks_are_one_retry(broken: RefreshRun) -> None:
    step, by = step_of(broken, "finance.arr"), revops()
    barrier = threading.Barrier(3)

    def click() -> bool:
        barrier.wait()
        try:
            retry_step(step=step, by=by)
        except ValidationError:
            return False
        return True

    assert sorted(in_threads(click, click, click)) == [False, False, True]
    step.refresh_from_db()
    assert step.retries == 1
    work_off()
    assert MetricValue.objects.filter(key="finance.arr", account_id__lte=step.last).count() == 1


def test_a_step_whose_follower_is_at_work_is_refused(broken: RefreshRun) -> None:
    by = revops()

    def click() -> str:
        with pytest.raises(ValidationError) as refused:
            retry_step(step=step_of(broken, "finance.arr"), by=by)
        return " ".join(refused.value.messages)

    with transaction.atomic():
        assert list(broken.steps.filter(key="metrics.standing").select_for_update())
        assert "Try again once it is through" in in_threads(click)[0]
    broken.refresh_from_db()
    assert broken.state == RefreshRun.State.FAILED
    assert not broken.steps.queued().exists()


def test_only_the_newest_refresh_of_a_day_is_retried(broken: RefreshRun) -> None:
    other = plan_refresh(as_of=TODAY)
    with pytest.raises(ValidationError, match="refreshed again since"):
        retry_step(step=step_of(broken, "finance.arr"), by=revops())
    assert other.pk > broken.pk


def test_a_retry_in_a_running_refresh_keeps_later_waves_shut(broken: RefreshRun) -> None:
    """A worker that has found a later step looks again before it begins."""
    by = revops()
    retry_step(step=step_of(broken, "finance.mrr"), by=by)
    late = step_of(broken, "metrics.standing")
    with transaction.atomic():
        held = RefreshStep.objects.select_for_update().get(pk=late.pk)
        assert RefreshStep.objects.waiting_before(held).exists()
    looked: list[int] = []
    real = RefreshStep.objects.next_of

    def stale(run_id: int) -> Any:
        # What a worker saw before somebody asked for a step of an earlier wave.
        looked.append(run_id)
        return RefreshStep.objects.filter(pk=late.pk, state="queued") if len(looked) == 1 else real(run_id)

    with pytest.MonkeyPatch.context() as patch:
        manager = type(RefreshStep.objects)
        patch.setattr(manager, "next_of", lambda self, run_id: stale(run_id), raising=False)
        look = run_next_step()
    assert look.outcome is Outcome.STEPPED
    assert look.step is not None
    assert look.step.key == "finance.mrr"


def test_closing_waits_for_a_retry(broken: RefreshRun) -> None:
    """Whoever closes a run after the last step can't close one that somebody is opening anew."""
    RefreshRun.objects.filter(pk=broken.pk).update(state="running", finished_at=None)
    opened, closing = threading.Event(), threading.Event()
    step, by = step_of(broken, "finance.arr"), revops()

    def ask() -> None:
        with transaction.atomic():
            retry_step(step=step, by=by)
            opened.set()
            closing.wait(0.3)

    def close() -> None:
        opened.wait(10)
        close_run(broken.pk)
        closing.set()

    in_threads(ask, close)
    broken.refresh_from_db()
    assert broken.state == RefreshRun.State.RUNNING
    assert broken.steps.queued().exists()


def test_a_step_that_killed_its_workers_gets_its_tries_again(broken: RefreshRun) -> None:
    step = step_of(broken, "finance.arr")
    RefreshStep.objects.filter(pk=step.pk).update(attempts=steps_module.MOST_DEATHS + 1)
    retry_step(step=step, by=revops())
    work_off()
    step.refresh_from_db()
    assert (step.state, step.attempts, step.error) == ("done", 1, "")
    assert step.started_at is not None
    assert step.finished_at is not None
    assert step.started_at <= step.finished_at


def test_revops_retries_on_the_page_and_others_cannot(broken: RefreshRun) -> None:
    step = step_of(broken, "finance.arr")
    url, page = f"/metrics/runs/steps/{step.pk}/retry/", f"/metrics/runs/{broken.pk}/?item=finance.arr"
    assert "Retry" not in client_as("finance").get(page).content.decode()
    assert client_as("finance").post(url).status_code == 403
    client = client_as("revops")
    shown = client.get(page).content.decode()
    assert f'action="{url}"' in shown
    assert "made to fail" in shown
    assert client.get(url).status_code == 405
    answer = client.post(url, follow=True).content.decode()
    assert "The step is made again, and " in answer
    assert "Waits already" in answer
    again = client.post(url, follow=True).content.decode()
    assert "This step waits already" in again
    assert client.post("/metrics/runs/steps/99999999999999999999/retry/").status_code == 404
