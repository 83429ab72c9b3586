"""``manage.py refresh``: here or on the workers, with history, and an exit code that tells the truth."""

from __future__ import annotations

from datetime import date
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from kombu.exceptions import OperationalError

from accounts.models import Standing, TierTenure
from metrics import tasks
from metrics.engine.plan import today
from metrics.engine.steps import work_off
from metrics.models import MetricValue, RefreshRun, RefreshStep, SegmentValue
from metrics.registry import metrics
from tests.metrics.facts import TODAY, ago, make_account, make_line

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def company() -> None:
    make_line(make_account("growth"), ago(500))
    make_line(make_account("strategic"), ago(500), currency="SEK")


def run(**options: Any) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("refresh", stdout=out, stderr=err, **options)
    return out.getvalue(), err.getvalue()


def test_it_makes_today_unless_told_otherwise() -> None:
    run()
    assert RefreshRun.objects.get().as_of == today()


def test_it_shows_progress_and_what_the_numbers_leave_out() -> None:
    out, err = run(as_of=TODAY)
    assert "Refreshed 2026-11-20 in" in out
    assert "100% of" in err
    assert "No exchange rate on or before 2026-11-20 for SEK (1 account)" in err


def test_history_comes_first_and_gives_trends_and_tiers() -> None:
    run(as_of=TODAY, history=2)
    days = list(RefreshRun.objects.order_by("pk").values_list("as_of", flat=True))
    assert days == [date(2026, 9, 30), date(2026, 10, 21), date(2026, 10, 31), TODAY]
    assert not RefreshRun.objects.exclude(state="done").exists()
    assert set(MetricValue.objects.filter(key="finance.arr").values_list("as_of", flat=True)) == set(days)
    assert set(Standing.objects.values_list("as_of", flat=True)) == {TODAY}
    assert TierTenure.objects.filter(during__startswith=None).count() == 2
    september = SegmentValue.objects.filter(as_of=days[0], key="finance.nrr", dimension="tier")
    assert "growth" in set(september.values_list("member", flat=True)), "history knows the tiers"


def test_failures_are_named_and_make_the_exit_code_non_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    def broken(as_of: date) -> Any:
        raise ZeroDivisionError("made to fail")

    monkeypatch.setitem(metrics._items, "finance.grr", replace(metrics["finance.grr"], query=broken))
    with pytest.raises(CommandError, match=r"finance\.grr on 2026-11-20: ZeroDivisionError: made to fail"):
        run(as_of=TODAY)
    assert MetricValue.objects.filter(key="finance.nrr").exists()


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--as-of", "2999-01-01"], "lies in the future"),
        (["--as-of", "yesterday"], "--as-of and --since take a day"),
        (["--history", "-1"], "--history takes a number of months"),
        (["--history", "121"], "--history takes a number of months"),
        (["--as-of", "0001-02-01", "--history", "9"], "date value out of range"),
    ],
)
def test_what_cannot_be_done_is_said(arguments: list[str], text: str) -> None:
    with pytest.raises(CommandError, match=text):
        call_command("refresh", *arguments)
    assert not RefreshStep.objects.exists()


def test_on_workers_it_only_plans_and_calls_them(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[int] = []
    monkeypatch.setattr(tasks.run_steps, "delay", lambda: sent.append(1))
    out, _ = run(as_of=TODAY, on_workers=True)
    assert "the workers have been called" in out
    assert sent
    assert not RefreshStep.objects.exclude(state="queued").exists()


def test_a_broker_that_is_away_does_not_lose_the_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable() -> None:
        raise OperationalError("no broker")

    monkeypatch.setattr(tasks.run_steps, "delay", unreachable)
    _, err = run(as_of=TODAY, on_workers=True)
    assert "they begin as soon as the broker is back" in err
    assert RefreshRun.objects.get().state == RefreshRun.State.RUNNING


def test_waiting_for_workers_ends_when_they_are_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks.run_steps, "delay", lambda: None)
    monkeypatch.setattr("metrics.management.commands.refresh.time.sleep", lambda _: work_off())
    out, err = run(as_of=TODAY, on_workers=True, wait=True)
    assert "Refreshed 2026-11-20" in out
    assert "100% of" in err
