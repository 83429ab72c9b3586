"""Backtests of health models: what they count, what they leave out, and that they know nothing of the future."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from django.core.exceptions import ValidationError

from accounts.models import Tier, TierTenure
from metrics.backtest.calendar import looks
from metrics.backtest.judging import compared, weighed
from metrics.backtest.panel import Panel, pack, unpack
from metrics.backtest.services import begin_suggested_draft, request_backtest, suggested_weights
from metrics.engine import plan as plan_module
from metrics.health.content import Content, LimitDraft, content_of
from metrics.health.score import members_of, scored_by
from metrics.health.services import create_health_draft, save_health_draft
from metrics.models import Backtest, BacktestLoss, HealthModel, HealthScore, MetricValue
from metrics.runs.services import cancel_run
from metrics.runs.work import do_next_step, work_off
from tests.metrics.backtests import FIRST, NOISE, REVENUE, SIGN, backtest, make_model, make_past, month_end
from tests.metrics.facts import LAST
from tests.users import make_user

pytestmark = pytest.mark.django_db


def result_of(run: Backtest, outcome: str = "churn", window: int = 90) -> dict[str, Any]:
    found = [one for one in run.summary["results"] if (one["outcome"], one["window"]) == (outcome, window)]
    assert len(found) == 1
    return dict(found[0])


def put(account: int, key: str, day: date, value: Any) -> None:
    MetricValue.objects.update_or_create(
        account_id=account, key=key, as_of=day, defaults={"value": Decimal(str(value))}
    )


def counted(past: Any, months: int, window_months: int) -> tuple[int, int]:
    """Return the rows with a window that is over, and those of them that were lost within it."""
    rows = events = 0
    for pk in past.accounts:
        end = past.lost.get(pk, 10**6)
        for month in range(min(end, months)):
            if month + window_months < months:
                rows += 1
                events += end <= month + window_months
    return rows, events


def test_what_is_counted_is_what_was_stored() -> None:
    past = make_past()
    run = backtest(make_model())
    assert run.state == "done", run.error
    for window, months in ((90, 3), (180, 6)):
        found = result_of(run, window=window)
        assert (found["rows"], found["events"]) == counted(past, 17, months)
        assert found["censored"] == sum(
            min(past.lost.get(pk, 99), 17) - min(past.lost.get(pk, 99), 17 - months) for pk in past.accounts
        )
        assert found["unknown"] == 0
    assert len(run.summary["months"]) == 17
    assert not run.parts.exists()


def test_a_model_that_sees_the_sign_beats_tier_and_usage() -> None:
    make_past(accounts=200, losses=70)
    found = result_of(backtest(make_model()))
    for side in ("compared", "since_cut"):
        told = found[side]
        assert told["model"]["low"] > max(told["tier"]["auc"], told["usage"]["auc"])
        assert told["ahead"]["low"] > 0
        assert told["model"]["low"] < told["model"]["auc"] < told["model"]["high"]
        assert told["shuffled"] == pytest.approx(0.5, abs=0.06)


def test_on_labels_that_mean_nothing_it_shows_about_a_half() -> None:
    past = make_past(accounts=300, losses=110, silent=1)
    run = backtest(make_model())
    told = result_of(run)["compared"]
    assert told["model"]["auc"] == pytest.approx(0.5, abs=0.08)
    assert told["model"]["low"] < 0.5 < told["model"]["high"]
    suggested = run.summary["suggestion"]
    if "result" in suggested:
        assert suggested["result"]["suggested"]["low"] < 0.55
    assert len(past.lost) == 110


def test_nothing_after_the_day_is_read() -> None:
    """What is found as of a day is the same once all that came later is gone."""
    make_past(accounts=150, losses=60)
    model, until = make_model(), month_end(11)
    before = backtest(model, known_until=until)
    losses = list(
        before.losses.order_by("account_id").values_list("account_id", "gone_on", "score", "red_on")
    )
    deleted, _ = MetricValue.objects.filter(as_of__gt=until).delete()
    assert deleted > 100
    after = backtest(model)
    assert after.known_until == until
    assert after.summary == before.summary
    assert after.cut_on == before.cut_on
    assert losses == list(
        after.losses.order_by("account_id").values_list("account_id", "gone_on", "score", "red_on")
    )


def test_later_numbers_do_count_where_they_are_known() -> None:
    """So that the test above can fail."""
    make_past(accounts=150, losses=60)
    model = make_model()
    assert backtest(model, known_until=month_end(11)).summary != backtest(model).summary


def test_the_same_seed_gives_the_same_result_and_slices_do_not_matter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_past()
    model = make_model()
    whole = backtest(model)
    monkeypatch.setattr(plan_module, "SMALLEST_SLICE", 25)
    sliced = backtest(model)
    assert len(sliced.plan) > len(whole.plan)
    assert sliced.summary == whole.summary
    assert sliced.losses.count() == whole.losses.count()


def test_scores_are_those_of_the_one_scorer() -> None:
    make_past(accounts=40, losses=10)
    model = make_model()
    run = request_backtest(
        model=model, by=make_user("revops"), first=FIRST, last=month_end(3), known_until=month_end(6)
    )
    for _ in range(4):
        assert do_next_step("metrics.backtest", run.pk)
    panel = unpack(run.parts.order_by("as_of").values_list("data", flat=True))
    for month in range(4):
        day = month_end(month)
        members = members_of(model, [], day, 0, LAST)
        wanted = {
            row["account_id"]: (row["score"], row["points"])
            for row in scored_by(model, day, 0, LAST, members=members).fetch_dicts()
        }
        rows = panel.where(panel.months == day.toordinal())
        assert len(rows) > 30
        for place, account in enumerate(rows.accounts.tolist()):
            score, points = wanted[account]
            assert rows.scores[place] == score * 10
            assert rows.points[place].tolist() == [int(one * 10 + Decimal("0.5")) for one in points]


def test_who_paid_nothing_then_and_who_is_not_known_is_left_out() -> None:
    past = make_past(accounts=60, losses=20)
    stays = past.accounts[-3:]
    MetricValue.objects.filter(account_id=stays[0], key=REVENUE).delete()
    MetricValue.objects.filter(account_id=stays[1], key__in=(SIGN, NOISE)).delete()
    run = backtest(make_model())
    found = result_of(run)
    assert found["unknown"] == 14
    assert found["rows"] == counted(past, 17, 3)[0] - 28


def test_a_contraction_is_a_fall_beyond_what_rates_of_exchange_do() -> None:
    past = make_past(accounts=90, losses=20)
    falls, wavers = past.accounts[-15:], past.accounts[-30:-15]
    for pk in [*falls, *wavers]:
        before = MetricValue.objects.get(account_id=pk, key=REVENUE, as_of=month_end(0)).value
        for month in range(8, 17):
            # Five per cent less is a fall, a cent above it is none.
            left = before * Decimal("0.95") + (0 if pk in falls else Decimal("0.01"))
            put(pk, REVENUE, month_end(month), left)
    run = backtest(make_model())
    churn, contraction = result_of(run), result_of(run, "contraction")
    assert contraction["accounts_lost"] == churn["accounts_lost"] + 15
    assert contraction["events"] == churn["events"] + 15 * 3
    losses = run.summary["losses"]
    assert losses["contraction"]["lost"] == losses["lost"] + 15 == 35


def test_losses_say_what_health_had_said() -> None:
    past = make_past(accounts=60, losses=12, silent=0)
    told, silent = list(past.lost)[:2]
    for month in range(past.lost[silent]):
        put(silent, SIGN, month_end(month), 1)
        put(silent, NOISE, month_end(month), 1)
    for month in range(past.lost[told]):
        is_red = month >= past.lost[told] - 3
        put(told, SIGN, month_end(month), 0.1 if is_red else 0.9)
        put(told, NOISE, month_end(month), 0.5 if is_red else 0.9)
    run = backtest(make_model())
    warned = run.losses.get(account_id=told)
    assert (warned.band, warned.last_on) == ("red", month_end(past.lost[told] - 1))
    assert warned.gone_on == month_end(past.lost[told])
    assert warned.red_on == month_end(past.lost[told] - 3)
    assert warned.lead_days == (warned.gone_on - warned.red_on).days
    unseen = run.losses.get(account_id=silent)
    assert (unseen.band, unseen.score, unseen.red_on, unseen.lead_days) == ("green", 100, None, None)
    summary = run.summary["losses"]
    assert summary["lost"] == 12 == sum(summary["bands"].values())
    assert summary["warned"] == run.losses.exclude(red_on=None).count()
    leads = sorted(loss.lead_days for loss in run.losses.exclude(red_on=None))
    assert summary["lead_days"] == np.median(leads)
    assert summary["contraction"] == {name: summary[name] for name in ("lost", "warned", "lead_days")}


def test_a_contraction_has_a_warning_of_its_own() -> None:
    past = make_past(accounts=60, losses=12, silent=0)
    falls = past.accounts[-1]
    for month in range(17):
        put(falls, SIGN, month_end(month), 0.1 if month in (5, 6) else 0.9)
        put(falls, NOISE, month_end(month), 0.1 if month in (5, 6) else 0.9)
        put(falls, REVENUE, month_end(month), 1000 if month < 8 else 700)
    before = backtest(make_model()).summary["losses"]
    for month in (5, 6):
        put(falls, SIGN, month_end(month), 0.9)
    after = backtest(make_model()).summary["losses"]
    assert before["contraction"]["lost"] == after["contraction"]["lost"] == before["lost"] + 1
    assert before["contraction"]["warned"] == after["contraction"]["warned"] + 1
    assert {name: before[name] for name in ("lost", "warned")} == {
        name: after[name] for name in ("lost", "warned")
    }


def test_the_red_band_is_counted_row_by_row() -> None:
    make_past()
    model = make_model()
    run = backtest(model)
    red = result_of(run)["red"]
    rows = hits = 0
    gone = dict(run.losses.values_list("account_id", "gone_on"))
    for month in range(14):
        day = month_end(month)
        members = members_of(model, [], day, 0, LAST)
        for row in scored_by(model, day, 0, LAST, members=members).fetch_dicts():
            paid = MetricValue.objects.filter(account_id=row["account_id"], key=REVENUE, as_of=day).exists()
            if paid and row["band"] == "red":
                rows += 1
                hits += row["account_id"] in gone and gone[row["account_id"]] <= month_end(month + 3)
    assert (red["rows"], red["hits"]) == (rows, hits)
    assert hits > 10


def test_components_are_told_apart_by_their_lift() -> None:
    make_past(accounts=200, losses=80)
    found = {one["key"]: one for one in result_of(backtest(make_model()))["lifts"]}
    assert found[SIGN]["alone"] > 0.7
    assert found[NOISE]["alone"] == pytest.approx(0.5, abs=0.07)
    assert found[SIGN]["lift"] > 0.1
    assert found[NOISE]["lift"] < 0.02


def test_leaving_out_a_component_gives_what_the_model_without_it_would() -> None:
    make_past(accounts=40, losses=10)
    limit = LimitDraft(
        label="No sign",
        kind="ceiling",
        condition={"field": NOISE, "op": "lt", "value": 0.4},
        points=Decimal(30),
    )
    run = request_backtest(
        model=make_model({SIGN: 60, NOISE: 25, "support.reopen_rate": 15}, [limit]),
        by=make_user("revops"),
        first=FIRST,
        last=month_end(3),
        known_until=month_end(6),
    )
    do_next_step("metrics.backtest", run.pk)
    panel = unpack(run.parts.values_list("data", flat=True))
    without = make_model({NOISE: 25, "support.reopen_rate": 60}, [limit])  # coverage as it was
    members = members_of(without, [], FIRST, 0, LAST)
    HealthModel.objects.filter(pk=without.pk).update(minimum_coverage="0.1")
    without.refresh_from_db()
    wanted = {
        row["account_id"]: row["score"]
        for row in scored_by(without, FIRST, 0, LAST, members=members).fetch_dicts()
    }
    found = weighed(panel, [0, 25, 15], [60, 25, 15])
    capped = 0
    for place, account in enumerate(panel.accounts.tolist()):
        points = panel.points[place]
        expected = float(wanted[account]) * 10
        if panel.scores[place] == 300 and points[1] < 400:
            capped += 1
            assert found[place] <= 300
        else:
            assert abs(found[place] - points[1]) <= 1 or found[place] <= expected + 1
    assert capped > 3


def test_suggested_weights_follow_the_sign_and_are_judged_behind_the_cut() -> None:
    make_past(accounts=300, losses=130, months=18)
    run = backtest(make_model({SIGN: 10, NOISE: 90}))
    found = run.summary["suggestion"]
    weights = {row["key"]: row["weight"] for row in found["weights"]}
    assert sum(weights.values()) == 100
    assert weights[SIGN] > 80
    assert all(weight >= 0 for weight in weights.values())
    result = found["result"]
    assert result["suggested"]["ahead"]["low"] > 0
    assert result["suggested"]["auc"] > result["model"]["auc"] + 0.1
    assert result["rows"] == result_of(run)["since_cut"]["rows"]


def test_lessons_end_a_window_before_the_cut() -> None:
    """An outcome behind the cut must not teach: turning all of them round changes no weight."""
    past = make_past(accounts=300, losses=130, months=18)
    model = make_model()
    before = backtest(model, windows=[90])
    late = [pk for pk, end in past.lost.items() if month_end(end) > before.cut_on]
    for pk in late[::2]:
        for month in range(past.lost[pk], 18):
            put(pk, REVENUE, month_end(month), 500_000)
            put(pk, SIGN, month_end(month), 0.01)
    after = backtest(model, windows=[90])
    assert after.cut_on == before.cut_on
    assert after.summary["suggestion"]["taught"] == before.summary["suggestion"]["taught"]
    assert suggested_weights(after) == suggested_weights(before)
    assert after.summary["suggestion"].get("judged") != before.summary["suggestion"]["judged"]


def test_few_losses_are_said_and_not_judged() -> None:
    make_past(accounts=60, losses=5)
    run = backtest(make_model())
    found = result_of(run)
    assert not found["compared"]["is_enough"]
    assert found["compared"]["lost"] <= 5
    assert "model" not in found["compared"]
    assert "deciles" not in found
    assert "only" in run.summary["suggestion"]["problem"]


def test_a_suggestion_changes_nothing_until_somebody_begins_a_draft() -> None:
    make_past(accounts=300, losses=130, months=18)
    model = make_model()
    said = content_of(model)
    count = HealthModel.objects.count()
    run = backtest(model)
    assert HealthModel.objects.count() == count
    draft = begin_suggested_draft(run=run, by=make_user("revops"))
    assert draft.state == "draft"
    assert draft.based_on_id == model.pk
    wanted = {key: weight for key, weight in suggested_weights(run).items() if weight}
    assert {part.key: part.weight for part in draft.components.all()} == wanted
    assert content_of(model) == said


def test_weights_of_what_a_draft_said_before_begin_no_draft() -> None:
    make_past(accounts=300, losses=130, months=18)
    model, by = make_model(), make_user("revops")
    run = backtest(model)
    said = content_of(model)
    added = replace(said.components[0], key="support.reopen_rate", label="Reopen rate")
    save_health_draft(model=model, by=by, content=replace(said, components=(*said.components, added)))
    count = HealthModel.objects.count()
    run.refresh_from_db()
    with pytest.raises(ValidationError, match="Test it again"):
        begin_suggested_draft(run=run, by=by)
    assert HealthModel.objects.count() == count


def test_without_a_suggestion_no_draft_is_begun() -> None:
    make_past(accounts=30, losses=3)
    run = backtest(make_model())
    with pytest.raises(ValidationError, match="suggests no weights"):
        begin_suggested_draft(run=run, by=make_user("revops"))


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"first": date(2019, 1, 31), "last": date(2019, 6, 30)}, "first"),
        ({"first": month_end(5), "last": month_end(2)}, "last"),
        ({"first": month_end(15), "last": month_end(15)}, "last"),
        ({"windows": []}, "windows"),
        ({"windows": [90, 45]}, "windows"),
    ],
)
def test_what_cannot_be_tested_is_refused_by_field(asked: dict[str, Any], field: str) -> None:
    make_past(accounts=10, losses=2)
    wanted: dict[str, Any] = {"first": FIRST, "last": month_end(15), **asked}
    with pytest.raises(ValidationError) as refused:
        request_backtest(model=make_model(), by=make_user("revops"), **wanted)
    assert list(refused.value.message_dict) == [field]


def test_a_draft_that_is_saved_meanwhile_ends_the_run() -> None:
    make_past(accounts=10, losses=2)
    model, by = make_model(), make_user("revops")
    run = request_backtest(model=model, by=by, first=FIRST, last=month_end(15))
    assert do_next_step("metrics.backtest", run.pk)
    said = content_of(model)
    save_health_draft(
        model=model,
        by=by,
        content=Content(minimum_coverage=Decimal("0.5"), components=said.components, limits=said.limits),
    )
    work_off("metrics.backtest", run.pk)
    run.refresh_from_db()
    assert run.state == "failed"
    assert "saved while" in run.error
    assert not run.parts.exists()


def test_a_cancelled_run_keeps_nothing() -> None:
    make_past(accounts=30, losses=12)
    by = make_user("revops")
    run = request_backtest(model=make_model(), by=by, first=FIRST, last=month_end(15))
    while run.plan[run.position][0] != "judge":
        assert do_next_step("metrics.backtest", run.pk)
        run.refresh_from_db()
    assert BacktestLoss.objects.filter(run=run).exists()
    cancel_run(run, by=by)
    assert not run.parts.exists()
    assert not run.losses.exists()
    assert not work_off("metrics.backtest", run.pk)


def test_the_same_question_joins_the_run_at_work() -> None:
    make_past(accounts=10, losses=2)
    model, by = make_model(), make_user("revops")
    asked: dict[str, Any] = {"model": model, "by": by, "first": FIRST, "last": month_end(15)}
    assert request_backtest(**asked) == request_backtest(**asked)
    assert request_backtest(**asked, windows=[90]) != request_backtest(**asked)


def test_a_backtest_writes_no_score() -> None:
    make_past(accounts=30, losses=12)
    backtest(make_model())
    assert not HealthScore.objects.exists()


def test_windows_close_on_the_stored_day_nearest_their_end() -> None:
    days = [month_end(place) for place in range(8)]
    found = {look.as_of: look for look in looks(days, days[0], days[-1], (90, 180))}
    assert found[date(2025, 1, 31)].ends == (date(2025, 4, 30), date(2025, 7, 31))
    assert found[date(2025, 2, 28)].ends == (date(2025, 5, 31), date(2025, 8, 31))
    assert found[date(2025, 5, 31)].ends == (date(2025, 8, 31), None)
    assert found[date(2025, 6, 30)].ends == (None, None)
    assert found[date(2025, 8, 31)].next_on is None
    nightly = [FIRST + timedelta(days=place) for place in range(100)]
    assert looks(nightly, FIRST, FIRST, (90,))[0].ends == (FIRST + timedelta(days=90),)


@pytest.mark.parametrize("day", [84, 89])
def test_a_window_that_is_not_over_is_not_closed_by_a_day_before_its_end(day: int) -> None:
    """Who is still there a week before the end may be gone at its end: that is no account that stayed."""
    nightly = [FIRST + timedelta(days=place) for place in range(day + 1)]
    assert looks(nightly, FIRST, FIRST, (90,))[0].ends == (None,)
    # A night that is missing in between is another matter.
    later = FIRST + timedelta(days=120)
    assert looks([*nightly, later], FIRST, FIRST, (90,))[0].ends == (nightly[-1],)


def test_packed_panels_come_back_as_they_were() -> None:
    rng = np.random.default_rng(1)
    one = Panel(*(rng.integers(0, 9, (5, 3) if name > 5 else 5) for name in range(8)))
    both = unpack([pack(one), pack(one)])
    assert len(both) == 10
    assert (both.points[5:] == one.points).all()
    assert (both.outcomes[:5] == one.outcomes).all()


def test_a_baseline_is_read_the_way_that_suits_it() -> None:
    accounts = np.arange(200)
    events = accounts < 60
    tiers = np.where(events, 1, 4).astype(np.int16)  # the highest tier is lost
    rows = Panel(
        months=np.full(200, 1),
        accounts=accounts,
        scores=np.full(200, 500, dtype=np.int16),
        tiers=tiers,
        usage=np.arange(200)[::-1].copy(),
        arr=np.ones(200, dtype=np.int64),
        outcomes=np.zeros((200, 1)),
        points=np.zeros((200, 1)),
    )
    found = compared(rows, events, 1)
    assert (found["tier"]["auc"], found["tier"]["is_turned"]) == (1, True)
    assert (found["usage"]["auc"], found["usage"]["is_turned"]) == (1, True)
    assert found["model"]["auc"] == 0.5
    assert found["ahead"]["auc"] == -0.5


def test_a_model_of_a_tier_is_tested_on_its_accounts() -> None:
    past = make_past(accounts=60, losses=20)
    tier = Tier.objects.get(slug="growth")
    for pk in past.accounts[:30]:
        TierTenure.objects.create(account_id=pk, tier=tier, during=(date(2020, 1, 1), None), cause="import")
    model = create_health_draft(by=None, tier=tier, content=content_of(make_model()))
    run = backtest(model)
    assert result_of(run)["accounts"] == 30
    assert set(run.losses.values_list("account_id", flat=True)) == set(past.lost)
