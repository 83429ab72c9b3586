"""The engine: planned once, worked off by anyone, resumed where it stopped, no night held up by one number."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, OperationalError
from django.db.models import QuerySet

from accounts.models import Account, Standing
from metrics.engine import steps as steps_module
from metrics.engine.plan import LAST_ID, history_days, plan_refresh, slice_accounts, today
from metrics.engine.steps import Outcome, close_run, run_next_step, work_off
from metrics.engine.store import store_metric
from metrics.models import HealthComponent, MetricValue, RefreshRun, RefreshStep, SegmentValue
from metrics.registry import Metric, Rollup, metrics, rollups
from people.models import Category
from tests.metrics.facts import TODAY, ago, make_account, make_line, make_ticket, make_use, refresh

pytestmark = pytest.mark.django_db


@pytest.fixture
def company() -> list[Account]:
    """Three customers with revenue, tickets and use."""
    accounts = [make_account("growth"), make_account("strategic"), make_account()]
    for place, account in enumerate(accounts):
        make_line(account, ago(800), amount=1200 * (place + 1))
        make_ticket(account, ago(3 + place))
        make_use(account, ago(1), 5)
        make_use(account, ago(100), 9)
    return accounts


def declare(registry: Any, item: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Declare an item for the length of a test."""
    monkeypatch.setitem(registry._items, item.key, item)


def a_metric(key: str, query: Any, **fields: Any) -> Metric:
    return Metric(
        key=key,
        label="Test",
        unit="points",
        category=Category.ACCOUNT_PROFILE,
        formula="A test.",
        inputs=(),
        query=query,
        **fields,
    )


def ones(as_of: date) -> QuerySet[Any, Any]:
    from django.db.models import F, Value

    return Account.objects.values(account_id=F("pk"), value=Value(1))


def test_a_refresh_finishes_every_step_and_says_so(company: list[Account]) -> None:
    run = refresh()
    assert run.state == RefreshRun.State.DONE, list(run.steps.failed().values_list("key", "error"))
    assert run.finished_at is not None
    assert not run.steps.exclude(state="done").exists()
    assert Standing.objects.filter(as_of=TODAY).count() == 3


def test_every_item_comes_in_a_later_wave_than_what_it_depends_on(company: list[Account]) -> None:
    run = plan_refresh(as_of=TODAY)
    wave = dict(run.steps.values_list("key", "wave"))
    for step in run.steps.all():
        for key in step.depends_on:
            assert wave[key] < step.wave, f"{step.key} does not come behind {key}"
    assert all(wave[number.key] < wave["metrics.standing"] for number in metrics)


def test_health_waits_for_the_metrics_that_its_published_models_name(company: list[Account]) -> None:
    run = plan_refresh(as_of=TODAY)
    health = run.steps.get(key="metrics.health")
    published = HealthComponent.objects.filter(model__state="published")
    assert set(published.values_list("key", flat=True)) <= set(health.depends_on)


def test_slices_are_equal_and_leave_no_account_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("metrics.engine.plan.SMALLEST_SLICE", 3)
    monkeypatch.setattr("metrics.engine.plan.SLICES", 4)
    Account.objects.bulk_create(Account(name=f"A{number}") for number in range(14))
    slices = slice_accounts()
    assert slices[0][0] == 0
    assert slices[-1][1] == LAST_ID
    assert all(before[1] + 1 == after[0] for before, after in pairwise(slices))
    sizes = [Account.objects.filter(pk__gte=first, pk__lte=last).count() for first, last in slices]
    assert sum(sizes) == 14
    assert max(sizes) - min(sizes) <= 1
    assert min(sizes) >= 3


def test_an_installation_without_accounts_has_nothing_to_do() -> None:
    assert slice_accounts() == []
    assert refresh().state == RefreshRun.State.DONE


def test_many_slices_give_the_same_rows_as_one(
    company: list[Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    refresh()
    whole = snapshot()
    monkeypatch.setattr("metrics.engine.plan.SMALLEST_SLICE", 1)
    run = refresh()
    assert run.steps.filter(key="finance.arr").count() == 3
    assert snapshot() == whole


def snapshot() -> tuple[Any, ...]:
    """Return every stored number."""
    return (
        sorted(MetricValue.objects.values_list("key", "as_of", "account_id", "value")),
        sorted(
            SegmentValue.objects.values_list(
                "key", "as_of", "dimension", "member", "value", "numerator", "denominator", "accounts"
            ),
            key=str,
        ),
        sorted(
            Standing.objects.values_list("account_id", "arr", "health", "open_tickets", "updated_at"), key=str
        ),
    )


def test_a_second_refresh_of_the_same_day_gives_identical_rows(company: list[Account]) -> None:
    refresh()
    first = snapshot()
    refresh()
    assert snapshot() == first


def test_planning_a_day_that_is_under_way_joins_it(company: list[Account]) -> None:
    assert plan_refresh(as_of=TODAY).pk == plan_refresh(as_of=TODAY).pk
    assert RefreshRun.objects.count() == 1


def test_a_day_that_has_not_begun_is_refused() -> None:
    with pytest.raises(ValidationError, match="lies in the future"):
        plan_refresh(as_of=today() + timedelta(days=1))


def test_runs_are_worked_off_in_the_order_of_their_planning(company: list[Account]) -> None:
    early = plan_refresh(as_of=ago(30))
    late = plan_refresh(as_of=TODAY)
    work_off(is_done=lambda: early.steps.queued().count() == 0)
    assert not late.steps.exclude(state="queued").exists()


def test_a_refresh_goes_on_where_it_stopped(company: list[Account]) -> None:
    run = plan_refresh(as_of=TODAY)
    for _ in range(5):
        assert run_next_step().outcome is Outcome.STEPPED
    done = dict(run.steps.filter(state="done").values_list("pk", "finished_at"))
    work_off()
    run.refresh_from_db()
    assert run.state == RefreshRun.State.DONE
    assert dict(run.steps.filter(pk__in=done).values_list("pk", "finished_at")) == done


def test_a_step_that_dies_leaves_neither_rows_nor_mark(
    company: list[Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    plan_refresh(as_of=TODAY)
    work = steps_module._work

    def die_before_the_mark(step: RefreshStep, as_of: date) -> None:
        work(step, as_of)
        raise KeyboardInterrupt

    monkeypatch.setattr(steps_module, "_work", die_before_the_mark)
    with pytest.raises(KeyboardInterrupt):
        run_next_step()
    assert not MetricValue.objects.exists()
    assert not RefreshStep.objects.exclude(state="queued").exists()
    assert RefreshStep.objects.get(attempts=1), "the attempt is remembered"


def test_a_broken_number_holds_up_only_what_depends_on_it(
    company: list[Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(as_of: date) -> Any:
        raise ZeroDivisionError("made to fail")

    refresh(ago(1))
    declare(metrics, a_metric("support.open_tickets", broken, standing="open_tickets"), monkeypatch)
    declare(metrics, a_metric("test.dependant", ones, depends_on=("support.open_tickets",)), monkeypatch)
    declare(metrics, a_metric("test.grandchild", ones, depends_on=("test.dependant",)), monkeypatch)
    run = refresh()
    assert run.state == RefreshRun.State.FAILED
    failed = dict(run.steps.failed().values_list("key", "error"))
    assert failed.pop("support.open_tickets") == "ZeroDivisionError: made to fail"
    assert failed == {
        "test.dependant": "Not made, because it depends on support.open_tickets, which failed.",
        "test.grandchild": "Not made, because it depends on test.dependant, which failed.",
    }
    standing = Standing.objects.get(account=company[0])
    assert standing.as_of == TODAY
    assert standing.open_tickets == 1, "the column of the failed number keeps what it held"
    assert standing.arr == 1200


def test_a_broken_statement_does_not_poison_the_steps_after_it(
    company: list[Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    from metrics.statements import Statement

    declare(metrics, a_metric("a.broken", lambda _: Statement("SELECT nonsense")), monkeypatch)
    run = refresh()
    assert set(run.steps.failed().values_list("key", flat=True)) == {"a.broken"}
    assert "nonsense" in run.steps.get(key="a.broken").error


def test_an_item_that_is_gone_since_planning_says_so(
    company: list[Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        declare(metrics, a_metric("test.gone", ones), patch)
        run = plan_refresh(as_of=TODAY)
    work_off()
    assert run.steps.get(key="test.gone").error == "No app declares this any more."


def test_a_name_that_nobody_declares_fails_the_item_that_depends_on_it(
    company: list[Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    item = Rollup(key="test.lost", label="Lost", query=lambda *_: 0, depends_on=lambda: ["no.such"])
    declare(rollups, item, monkeypatch)
    run = refresh()
    assert run.steps.get(key="test.lost").error == (
        "Not made, because it depends on no.such, which no app declares."
    )


def test_a_deadlock_is_tried_again(company: list[Account], monkeypatch: pytest.MonkeyPatch) -> None:
    attempts: list[int] = []

    class DeadlockError(Exception):
        sqlstate = "40P01"

    def unlucky(as_of: date, first: int, last: int) -> int:
        attempts.append(1)
        if len(attempts) < 3:
            raise OperationalError("deadlock detected") from DeadlockError()
        return 7

    declare(rollups, Rollup(key="a.unlucky", label="Unlucky", query=unlucky), monkeypatch)
    run = refresh()
    step = run.steps.get(key="a.unlucky")
    assert (step.state, step.rows, len(attempts)) == ("done", 7, 3)


def test_other_trouble_of_the_database_is_not_tried_again(
    company: list[Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts: list[int] = []

    def broken(as_of: date, first: int, last: int) -> int:
        attempts.append(1)
        raise DatabaseError("no")

    declare(rollups, Rollup(key="a.broken", label="Broken", query=broken), monkeypatch)
    refresh()
    assert len(attempts) == 1


def test_a_step_that_no_worker_survives_is_given_up_at_last(
    company: list[Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = plan_refresh(as_of=TODAY)
    first = RefreshStep.objects.next_of(run.pk)[0]
    RefreshStep.objects.filter(pk=first.pk).update(attempts=steps_module.MOST_DEATHS)
    run_next_step()
    first.refresh_from_db()
    assert first.state == "failed"
    assert "none of which its worker survived" in first.error


def test_a_run_is_not_closed_while_a_step_waits(company: list[Account]) -> None:
    run = plan_refresh(as_of=TODAY)
    close_run(run.pk)
    run.refresh_from_db()
    assert run.state == RefreshRun.State.RUNNING


def test_values_of_accounts_that_have_gone_are_taken_away(company: list[Account]) -> None:
    refresh()
    Account.objects.filter(pk=company[0].pk).update(deleted_at="2026-11-01T00:00:00Z")
    refresh()
    left = MetricValue.objects.filter(account=company[0], as_of=TODAY)
    assert not left.exists(), list(left.values_list("key", flat=True))


def test_one_step_writes_with_one_statement_whatever_the_number_of_accounts(
    company: list[Account], django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(4):  # savepoint, delete, insert, release
        store_metric(metrics["finance.arr"], TODAY, 0, LAST_ID)


def test_history_is_the_month_ends_and_the_day_that_changes_are_told_against() -> None:
    assert history_days(date(2026, 3, 31), 3) == [
        date(2025, 12, 31),
        date(2026, 1, 31),
        date(2026, 2, 28),
        date(2026, 3, 1),
    ]
    assert history_days(date(2024, 3, 15), 1) == [date(2024, 2, 14), date(2024, 2, 29)]
    assert history_days(date(2026, 3, 31), 0) == []
