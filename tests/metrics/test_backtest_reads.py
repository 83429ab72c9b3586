"""What a backtest reads of each month-end, and what of it would flatter: baselines, the lost, and lessons."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from accounts.models import Account, Tier, TierTenure
from metrics.backtest import weights
from metrics.backtest.calendar import Look
from metrics.backtest.judging import FEWEST_ACCOUNTS, compared, red_band
from metrics.backtest.losses import band_of
from metrics.backtest.measures import inner
from metrics.backtest.panel import CHURNED, CONTRACTED, KEPT, Panel, read_part, unpack
from metrics.backtest.services import request_backtest, suggested_weights
from metrics.backtest.tables import losses_of
from metrics.backtest.words import verdict
from metrics.models import Backtest, HealthModel, MetricValue
from metrics.runs.work import do_next_step
from tests.metrics.backtests import (
    FIRST,
    NOISE,
    REVENUE,
    SIGN,
    USAGE,
    backtest,
    make_model,
    make_past,
    month_end,
)
from tests.metrics.facts import LAST
from tests.users import make_user

pytestmark = pytest.mark.django_db


def panel_of(months: int) -> Panel:
    """Score the first month-ends of what is stored."""
    run = request_backtest(
        model=make_model(),
        by=make_user("revops"),
        first=FIRST,
        last=month_end(months - 1),
        known_until=month_end(9),
    )
    for _ in range(months):
        assert do_next_step("metrics.backtest", run.pk)
    return unpack(run.parts.order_by("as_of").values_list("data", flat=True))


def rows_of(scores: list[int], **columns: Any) -> Panel:
    """Return rows of one account each."""
    count = len(scores)
    held = {
        "months": np.full(count, FIRST.toordinal()),
        "accounts": np.arange(count),
        "scores": np.array(scores, dtype=np.int16),
        "tiers": np.ones(count, dtype=np.int16),
        "usage": np.zeros(count, dtype=np.int64),
        "arr": np.ones(count, dtype=np.int64),
        "outcomes": np.zeros((count, 2), dtype=np.int8),
        "points": np.zeros((count, 2), dtype=np.int16),
    }
    return Panel(**(held | columns))


def test_baselines_know_the_tier_and_the_use_of_the_very_month_end() -> None:
    past = make_past(accounts=12, losses=0)
    moved = past.accounts[0]
    before, after = Tier.objects.get(slug="strategic"), Tier.objects.get(slug="growth")
    for tier, during in ((before, (date(2020, 1, 1), month_end(2))), (after, (month_end(2), None))):
        TierTenure.objects.create(account_id=moved, tier=tier, during=during, cause="import")
    panel = panel_of(4)
    for month in range(4):
        day = month_end(month)
        rows = panel.where(panel.months == day.toordinal())
        for key, column, unit in ((USAGE, rows.usage, 1), (REVENUE, rows.arr, 100)):
            stored = MetricValue.objects.filter(key=key, as_of=day).values_list("account_id", "value")
            found = dict(zip(rows.accounts.tolist(), column.tolist(), strict=True))
            assert found == {pk: value * unit for pk, value in stored}, (key, day)
        tiers = dict(zip(rows.accounts.tolist(), rows.tiers.tolist(), strict=True))
        assert tiers.pop(moved) == (before if month < 2 else after).rank
        assert set(tiers.values()) == {0}


def test_what_is_known_on_a_month_end_is_the_same_once_all_that_came_later_is_gone() -> None:
    """Row by row, so that not even a look at the next month-end, of which the window tells too, goes unnoticed."""
    make_past(accounts=40, losses=15)
    model, in_force = make_model(), list(HealthModel.objects.published())
    before = panel_of(8)
    for month in (7, 4, 1, 0):
        day = month_end(month)
        assert MetricValue.objects.filter(as_of__gt=day).delete()[0] > 100
        after = read_part(model, in_force, Look(as_of=day, next_on=None, ends=(None, None)), 0, LAST)
        rows = before.where(before.months == day.toordinal())
        assert len(rows) == len(after) > 20
        for name in ("accounts", "scores", "points", "tiers", "usage", "arr"):
            assert (getattr(rows, name) == getattr(after, name)).all(), (name, day)


def test_whoever_comes_back_had_left_and_a_fall_that_is_made_good_was_one() -> None:
    past = make_past(accounts=12, losses=0)
    back, fell = past.accounts[:2]
    paid = MetricValue.objects.filter(key=REVENUE, as_of__in=[month_end(place) for place in (5, 6, 7)])
    paid.filter(account_id=back).delete()
    paid.filter(account_id=fell).update(value=500)
    panel = panel_of(4)
    rows = panel.where(panel.months == month_end(3).toordinal())
    # On 30 April the next month-end is that of May; 90 days end in July, 180 in October.
    found = dict(zip(rows.accounts.tolist(), rows.outcomes.tolist(), strict=True))
    assert found.pop(back) == [KEPT, CHURNED, KEPT]
    assert found.pop(fell) == [KEPT, CONTRACTED, KEPT]
    assert all(outcomes == [KEPT] * 3 for outcomes in found.values())


def test_whoever_left_since_is_part_of_the_past() -> None:
    """Sources call the lost churned: a past of survivors alone would have nobody to foresee."""
    past = make_past()
    model = make_model()
    before = backtest(model).summary
    Account.objects.filter(pk__in=past.lost).update(lifecycle="churned")
    assert backtest(model).summary == before


def test_an_interval_holds_the_middle_95_of_100_draws() -> None:
    assert inner(np.arange(1001) / 1000) == (pytest.approx(0.025), pytest.approx(0.975))


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0.01, 0.2, "It beats tier and usage"),
        (-0.01, 0.2, "It can’t be told"),
        (-0.2, -0.01, "It does worse"),
    ],
)
def test_a_lead_counts_only_beyond_its_noise(low: float, high: float, said: str) -> None:
    told = {
        "is_enough": True,
        "better": "usage",
        "model": {"auc": 0.8},
        "usage": {"auc": 0.7},
        "ahead": {"auc": 0.1 if high > 0 else -0.1, "low": low, "high": high},
    }
    assert verdict(told).startswith(said)


def test_the_lead_is_that_over_the_better_baseline() -> None:
    places = np.arange(200)
    events = places < 60
    rng = np.random.default_rng(4)
    rows = rows_of(
        (rng.permutation(200) - 120 * events + 200).tolist(),
        usage=np.where(events, 10, 20) + rng.integers(0, 12, 200),
        tiers=rng.integers(1, 5, 200).astype(np.int16),
    )
    found = compared(rows, events, 1)
    assert found["tier"]["auc"] < 0.65 < found["usage"]["auc"]
    assert found["better"] == "usage"
    assert found["ahead"]["auc"] == pytest.approx(found["model"]["auc"] - found["usage"]["auc"])
    assert found["ahead"]["low"] < found["ahead"]["auc"] < found["ahead"]["high"]


def test_it_takes_ten_lost_accounts_to_judge_and_a_month_end_each_is_not_ten_accounts() -> None:
    rows = rows_of([100] * 40)
    events = np.arange(40) < FEWEST_ACCOUNTS
    assert compared(rows, events, 1)["is_enough"]
    assert not compared(rows, np.arange(40) < FEWEST_ACCOUNTS - 1, 1)["is_enough"]
    same = rows_of([100] * 40, accounts=np.repeat(np.arange(20), 2))
    assert not compared(same, events, 1)["is_enough"]


def test_bands_of_the_past_begin_where_those_of_today_do() -> None:
    assert [band_of(tenths) for tenths in (-1, 0, 499, 500, 749, 750, 1000)] == [
        *("unknown", "red", "red", "amber", "amber", "green", "green")
    ]
    rows = rows_of([499, 500, 501, 10])
    assert red_band(rows, np.array([True, True, False, False])) == {
        "rows": 2,
        "hits": 1,
        "events": 2,
        "accounts": 2,
        "accounts_hit": 1,
        "accounts_lost": 2,
    }


def set_sign(account: int, month: int, value: str) -> None:
    MetricValue.objects.filter(account_id=account, as_of=month_end(month), key__in=(SIGN, NOISE)).update(
        value=Decimal(value)
    )


def test_a_warning_of_more_than_a_year_before_is_none() -> None:
    past = make_past(accounts=30, months=20, losses=10, silent=1, seed=3)
    old, late = sorted(past.lost, key=lambda pk: -past.lost[pk])[:2]
    for pk in (old, late):
        for month in range(past.lost[pk]):
            set_sign(pk, month, "0.9")
    assert past.lost[old] >= 14
    set_sign(old, past.lost[old] - 14, "0.1")
    for back in (3, 1):
        set_sign(late, past.lost[late] - back, "0.1")
    run = backtest(make_model())
    assert run.losses.get(account_id=old).red_on is None
    assert run.losses.get(account_id=late).red_on == month_end(past.lost[late] - 3)


def test_the_lost_are_listed_by_what_their_health_had_said_with_their_revenue() -> None:
    past = make_past(accounts=60, losses=20, silent=0.5)
    unseen = list(past.lost)[:4]
    for pk in unseen:
        for month in range(past.lost[pk]):
            set_sign(pk, month, "0.9")
    run = backtest(make_model())
    green = list(losses_of(run, "green"))
    assert {loss.account_id for loss in green} >= set(unseen)
    assert {loss.band for loss in green} == {"green"}
    assert all(loss.red_on is None for loss in losses_of(run, "late"))
    assert all(loss.red_on is not None for loss in losses_of(run, "red"))
    assert losses_of(run, "late").count() + losses_of(run, "red").count() == 20 == losses_of(run).count()
    told = run.summary["losses"]
    assert told["bands"]["green"] == len(green)
    assert Decimal(told["green_arr"]) == sum(loss.arr for loss in green)
    assert Decimal(told["arr"]) == sum(1000 + past.accounts.index(pk) for pk in past.lost)
    assert Decimal(told["green_arr"]) < Decimal(told["arr"])


def test_a_component_that_tells_the_wrong_way_round_gets_no_weight() -> None:
    make_past(accounts=300, losses=130, months=18)
    turned = "support.reopen_rate"
    MetricValue.objects.bulk_create(
        MetricValue(account_id=pk, key=turned, as_of=day, value=1 - value)
        for pk, day, value in MetricValue.objects.filter(key=SIGN).values_list("account_id", "as_of", "value")
    )
    run: Backtest = backtest(make_model({SIGN: 40, NOISE: 30, turned: 30}), windows=[90])
    found = suggested_weights(run)
    assert found[turned] == 0
    assert found[SIGN] > 80
    assert min(found.values()) >= 0


def test_the_strength_is_chosen_by_months_that_begin_behind_the_windows_of_those_that_fit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fitted: list[int] = []
    chosen: list[int] = []

    def fits(rows: Panel, *args: Any, **options: Any) -> Any:
        fitted.append(int(rows.months.max()))
        return np.zeros(2)

    def lacking(rows: Panel) -> Any:
        chosen.append(int(rows.months.min()))
        return np.zeros((len(rows), 2))

    monkeypatch.setattr(weights, "_fitted", fits)
    monkeypatch.setattr(weights, "_lacking", lacking)
    months = np.repeat(np.arange(0, 600, 30), 20)
    rows = rows_of([500] * 400, months=months, accounts=np.tile(np.arange(20), 20))
    weights._strength(rows, np.tile(np.arange(20) < 10, 20), 90)
    assert len(fitted) == len(chosen) == len(weights.STRENGTHS)
    assert max(fitted) + 90 <= min(chosen)
    assert min(chosen) == 420
