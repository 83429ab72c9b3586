"""Who moved between two nights, in order; who is told of a night; and which refresh of a day its cell shows."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from metrics import tasks
from metrics.engine.plan import today
from metrics.models import MetricValue, NightFigure, RefreshRun, RefreshStep
from metrics.nights.bands import band_of
from metrics.nights.compare import movers_of
from metrics.nights.judging import judge_nights, pasts_of
from metrics.nights.strip import nights_until
from metrics.nights.telling import above_none, told_apart
from metrics.registry import metrics
from people.models import Notice, User
from tests.metrics.facts import TODAY, ago, make_account
from tests.users import make_user

pytestmark = pytest.mark.django_db
YESTERDAY = today() - timedelta(days=1)


@pytest.fixture(autouse=True)
def _no_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks.run_steps, "delay", lambda: None)


def test_those_who_moved_most_come_first_up_or_down_and_who_came_or_went_moved_by_all_of_it() -> None:
    values = {"rose": (10, 15), "fell": (90, 10), "came": (None, 40), "went": (30, None), "stayed": (7, 7)}
    held = {}
    for name, pair in values.items():
        held[name] = make_account(name=name)
        for day, value in zip((ago(1), TODAY), pair, strict=True):
            if value is not None:
                MetricValue.objects.create(key="finance.arr", as_of=day, account=held[name], value=value)
    found = movers_of(metrics["finance.arr"], ago(1), TODAY)
    assert [(one.name, one.change) for one in found] == [
        ("fell", -80),
        ("came", 40),
        ("went", -30),
        ("rose", 5),
    ]
    assert [(one.before, one.after) for one in found] == [(90, 10), (None, 40), (30, None), (10, 15)]
    assert [one.name for one in movers_of(metrics["finance.arr"], ago(1), TODAY, limit=2)] == ["fell", "came"]


def test_what_is_usual_is_told_by_the_28_nights_before_and_not_by_the_night_itself() -> None:
    def keep(back: int, mean: int) -> Decimal:
        day = YESTERDAY - timedelta(days=back)
        NightFigure.objects.create(as_of=day, key="finance.arr", accounts=1000, total=mean * 1000, mean=mean)
        return Decimal(mean)

    keep(29, 9000)
    before = [keep(back, 100 + back % 3) for back in (28, 20, 12, 7, 6, 3, 2, 1)]
    keep(0, 400)
    past = pasts_of(YESTERDAY, ["finance.arr"])["finance.arr", "mean"]
    assert past.value == 400
    assert past.band is not None
    assert past.band == band_of(before)
    assert past.band.nights == 8
    assert not past.band.holds(past.value)


def test_only_revops_at_work_is_told_of_a_night() -> None:
    told = make_user("revops")
    for function in ("sales", "finance", "leadership", "support"):
        make_user(function)
    gone = make_user("revops", email="gone@example.com")
    User.objects.filter(pk=gone.pk).update(is_active=False)
    run = RefreshRun.objects.create(
        as_of=YESTERDAY, state="failed", planned_at=timezone.now(), finished_at=timezone.now()
    )
    RefreshStep.objects.create(
        run=run,
        key="finance.arr",
        wave=1,
        first=0,
        last=9,
        state="failed",
        error="DataError: division by zero",
    )
    assert judge_nights() == 1
    assert list(Notice.objects.values_list("user", flat=True)) == [told.pk]


def test_a_day_made_twice_shows_its_newest_refresh() -> None:
    for state, step in (("failed", "failed"), ("done", "done")):
        run = RefreshRun.objects.create(as_of=YESTERDAY, state=state, finished_at=timezone.now())
        RefreshStep.objects.create(run=run, key="a", wave=1, first=0, last=9, state=step, seconds=3, rows=5)
    newest = nights_until(YESTERDAY)[-1]
    assert (newest.run, newest.tone, newest.failed) == (run, "done", 0)


@pytest.mark.parametrize(
    ("value", "before", "unit", "is_count", "told"),
    [
        # A hundredth of 7.534 is the least that half a band is wide: up to 7.609.
        ("7.612", ["7.534"] * 8, "days", False, ("7.612\xa0days", "7.459\xa0days", "7.609\xa0days")),
        ("9", ["7", "7", "7", "8", "8", "8", "8"], "tickets", False, None),
        ("400", ["100"] * 8, "money", False, ("$400", "$99", "$101")),
        ("6", ["0", "0", "1", "0", "2", "0", "1", "0"], "tickets", True, ("6", "0", "2")),
    ],
)
def test_a_value_and_its_band_are_told_so_that_they_differ(
    value: str, before: list[str], unit: str, is_count: bool, told: tuple[str, str, str] | None
) -> None:
    band = band_of([Decimal(one) for one in before])
    assert band is not None
    found = told_apart(Decimal(value), band, unit, is_count=is_count)
    assert found[0] != found[1 if Decimal(value) < band.low else 2]
    if told:
        assert found == told


@pytest.mark.parametrize(
    ("deviation", "unit", "told"),
    [
        ("0.0028", "renewals", "0.003\xa0renewals"),
        ("0.0002", "ratio", "0.02%"),
        ("1.5", "days", "1.50\xa0days"),
        ("0", "days", "0\xa0days"),
    ],
)
def test_nights_that_lie_a_little_apart_are_not_told_to_lie_apart_by_none(
    deviation: str, unit: str, told: str
) -> None:
    assert above_none(Decimal(deviation), unit) == told
