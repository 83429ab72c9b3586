"""What is done about nights: sums, days made again, comparison, what RevOps is told, and reruns that change nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from accounts.models import Account
from metrics import tasks
from metrics.engine import plan as plan_module
from metrics.engine.plan import plan_refresh, today
from metrics.engine.retry import retry_step
from metrics.engine.steps import work_off
from metrics.health.content import Content
from metrics.health.services import create_health_draft, publish_health_model
from metrics.models import (
    Backfill,
    MetricValue,
    NightAlert,
    NightFigure,
    NumberMute,
    RefreshRun,
    RefreshStep,
)
from metrics.nights import deadline
from metrics.nights.answering import acknowledge_alert, end_mute, mute_number
from metrics.nights.backfill import KEY, begin_backfill, cancel_backfill, days_of
from metrics.nights.bands import band_of
from metrics.nights.compare import compare_nights, movers_of
from metrics.nights.deadline import due_at
from metrics.nights.failures import is_root, message_of
from metrics.nights.judging import judge_nights
from metrics.nights.strip import finding, nights_until
from metrics.registry import metrics
from metrics.runs.work import do_next_step
from metrics.runs.work import work_off as work_off_run
from people.access import access_of
from people.functions import Function
from people.models import Notice, User
from tests.metrics.facts import TODAY, ago, make_account, make_line, make_ticket, make_use, refresh
from tests.metrics.test_health_scope import flat
from tests.users import client_as, client_of, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Call nobody."""
    monkeypatch.setattr(tasks.run_steps, "delay", lambda: None)
    monkeypatch.setattr(tasks.work_on_run, "apply_async", lambda *args, **options: None)


@pytest.fixture
def company() -> list[Account]:
    accounts = [make_account("growth"), make_account("strategic"), make_account()]
    for place, account in enumerate(accounts):
        make_line(account, ago(800), amount=1200 * (place + 1))
        make_ticket(account, ago(3 + place))
        for days in range(0, 40, place + 1):
            make_use(account, ago(days), 5)
    return accounts


# What a rerun may write anew: keys without meaning of their own, and when it wrote.
NOT_COMPARED = {"id", "updated_at", "finished_at", "recorded_at", "marked_at"}
STORED = (
    "metrics_metricvalue",
    "metrics_segmentvalue",
    "metrics_healthscore",
    "metrics_nightfigure",
    "accounts_standing",
    "accounts_tiertenure",
    "pods_signal",
    "finance_revenueledger",
    "product_usageuserday",
    "engagement_scorevalue",
    "sync_provisionalnumber",
)


def stored() -> dict[str, list[str]]:
    """Return every row that a night keeps, as the database writes it out, but for keys and times of writing."""
    found = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if table not in STORED:
                continue
            columns = [
                column.name
                for column in connection.introspection.get_table_description(cursor, table)
                if column.name not in NOT_COMPARED
            ]
            listed = ", ".join(f'"{column}"' for column in columns)
            cursor.execute(f"SELECT row({listed})::text FROM {table}")
            found[table] = sorted(row[0] for row in cursor.fetchall())
    return found


def test_a_rerun_of_the_night_gives_every_row_byte_for_byte(company: list[Account]) -> None:
    refresh(ago(1))
    refresh()
    before = stored()
    assert all(
        before[table] for table in ("metrics_metricvalue", "metrics_healthscore", "metrics_nightfigure")
    )
    assert len(before) >= 7
    call_command("refresh", as_of=TODAY)
    assert stored() == before
    call_command("refresh", as_of=ago(1))
    assert stored() == before, "an earlier day changes nothing of a later one, nor of what stands for now"


def test_a_published_model_and_later_facts_leave_a_rerun_of_the_night_as_it_was(
    company: list[Account],
) -> None:
    refresh()
    before = stored()
    by, content = make_user("revops"), Content(components=(flat(10),))
    publish_health_model(model=create_health_draft(by=by, content=content), by=by)
    account = company[0]
    make_ticket(account, TODAY + timedelta(days=1))
    make_use(account, TODAY + timedelta(days=2), 90)
    make_line(account, TODAY + timedelta(days=1), amount=99_000)
    refresh()
    after = stored()
    for table in ("metrics_metricvalue", "metrics_healthscore", "metrics_nightfigure", "accounts_standing"):
        assert after[table] == before[table], table


def test_the_order_of_slices_and_rows_does_not_matter(
    company: list[Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    refresh()
    before = stored()
    monkeypatch.setattr(plan_module, "SMALLEST_SLICE", 1)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_account SET name = name WHERE id = %s", [company[0].pk])
    run = plan_refresh(as_of=TODAY)
    assert run.steps.filter(key="finance.arr").count() == 3
    work_off()
    assert stored() == before


def test_sums_of_a_night_are_those_of_its_values(company: list[Account]) -> None:
    refresh()
    assert set(NightFigure.objects.values_list("key", flat=True)) == {metric.key for metric in metrics}
    arr = NightFigure.objects.get(key="finance.arr")
    assert (arr.accounts, arr.total, arr.mean) == (3, 7200, 2400)
    none = NightFigure.objects.filter(accounts=0).first()
    assert none is not None
    assert (none.total, none.mean) == (0, None)


def test_a_range_by_the_command_makes_each_day_oldest_first(company: list[Account]) -> None:
    call_command("refresh", since=ago(2), as_of=TODAY)
    days = list(RefreshRun.objects.order_by("pk").values_list("as_of", flat=True))
    assert days == [ago(2), ago(1), TODAY]
    assert not RefreshRun.objects.exclude(state="done").exists()
    assert NightFigure.objects.filter(key="finance.arr").count() == 3
    with pytest.raises(CommandError, match="lies behind"):
        call_command("refresh", since=TODAY, as_of=ago(1))
    with pytest.raises(CommandError, match="400 days"):
        call_command("refresh", since=ago(500), as_of=TODAY)
    with pytest.raises(CommandError, match="either"):
        call_command("refresh", since=ago(2), as_of=TODAY, history=2)


def drive(run: Backfill, *, steps: int = 99) -> Backfill:
    """Let workers do so many steps of a back-fill, and the refreshes between."""
    for _ in range(steps):
        if not do_next_step(KEY, run.pk):
            break
        work_off()
    run.refresh_from_db()
    return run


def test_a_back_fill_makes_each_day_whole_and_then_the_next(company: list[Account]) -> None:
    by = make_user("revops")
    run = begin_backfill(first_on=ago(2), last_on=TODAY, by=by)
    assert do_next_step(KEY, run.pk)
    assert list(RefreshRun.objects.values_list("as_of", flat=True)) == [ago(2)]
    assert not work_off_run(KEY, run.pk), "the first day isn't through"
    run.refresh_from_db()
    assert (run.state, run.position, run.attempts) == ("running", 1, 0)
    assert RefreshRun.objects.count() == 1, "one day at a time, so that a night goes between"
    work_off()
    drive(run)
    assert (run.state, run.summary) == ("done", {"days": 3, "failed": 0})
    assert list(RefreshRun.objects.order_by("pk").values_list("as_of", flat=True)) == [ago(2), ago(1), TODAY]
    days = days_of(run)
    assert (days.total, days.made, days.failed) == (3, 3, 0)


def test_a_day_that_somebody_refreshes_is_made_anew_behind_that(company: list[Account]) -> None:
    others = plan_refresh(as_of=TODAY, cause="RevOps")
    run = begin_backfill(first_on=TODAY, last_on=TODAY, by=make_user("revops"))
    assert not do_next_step(KEY, run.pk), (
        "the other one may make a few steps only, such as one that is retried"
    )
    run.refresh_from_db()
    assert (run.runs, run.position) == ([], 0)
    work_off()
    assert drive(run).state == "done"
    assert len(run.runs) == 1
    assert others.pk not in run.runs


def test_a_cancelled_back_fill_leaves_whole_days(company: list[Account]) -> None:
    by = make_user("revops")
    run = drive(begin_backfill(first_on=ago(4), last_on=TODAY, by=by), steps=2)
    assert do_next_step(KEY, run.pk)
    cancel_backfill(run=run, by=by)
    assert run.state == "cancelled"
    assert str(by) in run.error
    assert not do_next_step(KEY, run.pk)
    work_off()
    made = RefreshRun.objects.filter(state="done")
    assert sorted(made.values_list("as_of", flat=True)) == [ago(4), ago(3), ago(2)]
    assert not RefreshStep.objects.queued().exists(), "the day under way is finished"
    values = MetricValue.objects.filter(key="finance.arr").values_list("as_of", flat=True)
    assert sorted(set(values)) == [ago(4), ago(3), ago(2)]
    with pytest.raises(ValidationError):
        cancel_backfill(run=run, by=by)
    begin_backfill(first_on=ago(1), last_on=TODAY, by=by)


def test_a_back_fill_goes_on_after_its_worker_died(company: list[Account]) -> None:
    run = begin_backfill(first_on=ago(1), last_on=TODAY, by=make_user("revops"))
    do_next_step(KEY, run.pk)
    # Counted ahead and never taken back: what a worker leaves that is killed in a step.
    Backfill.objects.filter(pk=run.pk).update(attempts=2)
    work_off()
    assert drive(run).state == "done"
    assert RefreshRun.objects.count() == 2, "no day twice"
    assert MetricValue.objects.filter(key="finance.arr", as_of=TODAY).count() == 3


def test_days_that_cannot_be_made_again_are_refused_with_what_to_do() -> None:
    by = make_user("revops")
    for first, last, field, words in (
        (today(), today() + timedelta(days=1), "last_on", "future"),
        (ago(1), ago(2), "first_on", "behind the last day"),
        (ago(500), ago(1), "first_on", "400 go at a time"),
        (date(1, 1, 1), date(1, 1, 2), "first_on", "Choose 1 Jan 1970 or a later one"),
    ):
        with pytest.raises(ValidationError) as refused:
            begin_backfill(first_on=first, last_on=last, by=by)
        assert words in refused.value.message_dict[field][0]
    begin_backfill(first_on=ago(2), last_on=ago(1), by=by)
    with pytest.raises(ValidationError, match="Wait for that, or cancel it"):
        begin_backfill(first_on=ago(9), last_on=ago(8), by=by)


def test_the_page_says_what_a_day_made_again_rests_on() -> None:
    page = client_as("revops").get("/metrics/runs/backfill/").content.decode()
    assert "as sources tell them today" in page


def test_the_page_begins_follows_and_cancels_a_back_fill(company: list[Account]) -> None:
    client = client_as("revops")
    assert client_as("finance").get("/metrics/runs/backfill/").status_code == 403
    wrong = client.post("/metrics/runs/backfill/", {"first_on": "2026-11-05", "last_on": "2026-11-01"})
    assert wrong.status_code == 422
    assert "It lies behind the last day" in wrong.content.decode()
    asked = {"first_on": ago(2).isoformat(), "last_on": TODAY.isoformat()}
    page = client.post("/metrics/runs/backfill/", asked, follow=True)
    run = Backfill.objects.get()
    assert "0 of 3 days" in page.content.decode()
    assert 'hx-trigger="every 2s"' in page.content.decode()
    assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in page.content.decode()
    drive(run, steps=1)
    assert "1 of 3 days" in client.get(f"/metrics/runs/backfill/{run.pk}/").content.decode()
    assert "1 of 3 days" in client.get("/metrics/runs/").content.decode()
    done = client.post(f"/metrics/runs/backfill/{run.pk}/cancel/", follow=True).content.decode()
    assert "Days that are made stay as they are" in done
    assert "every 2s" not in done


@pytest.mark.parametrize(
    ("before", "low", "high", "is_mean", "is_least"),
    [
        # median 104, MAD 2: 3.5 × 1.4826 × 2 = 10.3782
        ([100, 102, 104, 106, 108, 102, 106], "93.6218", "114.3782", False, False),
        # more than half are equal: mean deviation 6/7, 3.5 × 1.2533 × 6/7 = 3.7599
        ([100, 100, 100, 100, 100, 103, 103], "96.2401", "103.7599", True, False),
        ([100] * 7, "99", "101", True, True),
        ([-100] * 7, "-101", "-99", True, True),
    ],
)
def test_the_usual_band(before: list[int], low: str, high: str, is_mean: bool, is_least: bool) -> None:
    band = band_of([Decimal(value) for value in before])
    assert band is not None
    assert (round(band.low, 4), round(band.high, 4)) == (Decimal(low), Decimal(high))
    assert (band.is_mean, band.is_least) == (is_mean, is_least)
    assert band.holds(band.high)
    assert not band.holds(band.high + Decimal("0.0001"))


def test_without_enough_nights_or_without_any_movement_of_zero_there_is_no_band() -> None:
    assert band_of([Decimal(5)] * 6) is None
    assert band_of([Decimal(0)] * 20) is None


def test_one_wild_night_does_not_widen_the_band() -> None:
    calm = [Decimal(100 + place % 5) for place in range(27)]
    with_one = band_of([*calm, Decimal(10_000)])
    without = band_of(calm)
    assert with_one is not None
    assert without is not None
    assert abs(with_one.high - without.high) < 2


YESTERDAY = today() - timedelta(days=1)


@pytest.fixture
def revops() -> User:
    return make_user("revops")


def night(day: date, means: dict[str, tuple[int, int]], **fields: Any) -> RefreshRun:
    """Keep a finished night with sums of some numbers, without making it."""
    NightFigure.objects.filter(as_of=day).delete()
    for key, (accounts, mean) in means.items():
        NightFigure.objects.create(as_of=day, key=key, accounts=accounts, total=accounts * mean, mean=mean)
    planned = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1, hours=2)
    return RefreshRun.objects.create(
        **{
            "as_of": day,
            "state": "done",
            "planned_at": planned,
            "finished_at": planned + timedelta(minutes=3),
            **fields,
        }
    )


def calm_nights(until: date = YESTERDAY, count: int = 20) -> None:
    for back in range(count, 0, -1):
        day = until - timedelta(days=back)
        night(
            day,
            {"finance.arr": (1000, 2400 + back % 3), "support.open_tickets": (900, 5)},
            judged_at=timezone.now(),
        )


def test_a_number_beyond_its_band_is_told_once_while_it_lasts(
    revops: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whether the night of yesterday is late by now depends on the hour; that is held elsewhere.
    monkeypatch.setattr("metrics.nights.judging._judge_late", lambda now: 0)
    calm_nights(YESTERDAY - timedelta(days=1))
    night(YESTERDAY - timedelta(days=1), {"finance.arr": (1000, 9000), "support.open_tickets": (900, 5)})
    assert judge_nights() == 1
    alert = NightAlert.objects.get()
    assert (alert.kind, alert.key, alert.measure) == ("band", "finance.arr", "mean")
    assert alert.value == 9000
    assert alert.low is not None
    assert alert.low < 2400
    assert alert.high is not None
    assert 2402 < alert.high < 9000
    assert "ARR" in alert.text
    assert "above the usual" in alert.text
    for _ in range(3):
        assert judge_nights() == 0, "not on every beat"
    night(YESTERDAY, {"finance.arr": (1000, 9100), "support.open_tickets": (900, 5)})
    assert judge_nights() == 0, "the same cause another night"
    alert.refresh_from_db()
    assert (alert.first_on, alert.last_on, alert.value) == (YESTERDAY - timedelta(days=1), YESTERDAY, 9100)
    notices = Notice.objects.filter(topic="nights")
    assert list(notices.values_list("user", "text")) == [(revops.pk, notices.get().text)]
    assert notices.get().url == f"/metrics/runs/alerts/{alert.pk}/"
    night(YESTERDAY, {"finance.arr": (1000, 2401), "support.open_tickets": (900, 5)})
    judge_nights()
    alert.refresh_from_db()
    assert alert.closed_at is not None


def test_of_a_number_that_revops_does_not_read_it_is_told_that_it_moved_and_not_how_much(
    revops: User,
) -> None:
    cost = "finance.support_cost"
    for back in range(20, 0, -1):
        night(YESTERDAY - timedelta(days=back), {cost: (1000, 2400 + back % 3)}, judged_at=timezone.now())
    night(YESTERDAY, {cost: (1000, 98_765)})
    assert judge_nights() == 1
    alert = NightAlert.objects.get()
    assert (alert.key, alert.measure) == (cost, "mean")
    assert "mean above what it was in 20 nights before" in alert.text
    assert "2,40" not in alert.text
    page = client_of(revops).get(f"/metrics/runs/alerts/{alert.pk}/").content.decode()
    for figure in ("98,765", "98765", "2,401", "2401"):
        assert figure not in alert.text + page
    assert "RevOps does not read cost rates." in page


def test_a_number_that_lost_its_accounts_is_told(revops: User) -> None:
    calm_nights()
    night(YESTERDAY, {"finance.arr": (1000, 2401)})
    NightFigure.objects.create(as_of=YESTERDAY, key="support.open_tickets", accounts=0, total=0)
    assert judge_nights() == 1
    alert = NightAlert.objects.get()
    assert (alert.key, alert.measure) == ("support.open_tickets", "accounts")
    assert "below the usual" in alert.text


def test_what_is_made_from_a_number_that_moved_has_the_same_cause(revops: User) -> None:
    calm_nights()
    for back in range(20, 0, -1):
        day = YESTERDAY - timedelta(days=back)
        for key in ("metrics.health_score", "metrics.health_change"):
            NightFigure.objects.create(as_of=day, key=key, accounts=1000, total=0, mean=60 + back % 3)
    night(
        YESTERDAY,
        {"metrics.health_score": (1000, 20), "metrics.health_change": (1000, -20)},
    )
    assert judge_nights() == 1, "the change is made from the score"
    assert NightAlert.objects.count() == 2
    assert Notice.objects.get().text.startswith("Health on ")


def test_only_the_newest_night_is_judged_by_its_band(revops: User) -> None:
    calm_nights()
    wild = {"finance.arr": (1000, 9000), "support.open_tickets": (900, 5)}
    night(YESTERDAY, {"finance.arr": (1000, 2401), "support.open_tickets": (900, 5)})
    night(YESTERDAY - timedelta(days=5), wild)
    night(today(), wild, planned_at=timezone.now())
    assert judge_nights() == 0
    assert not RefreshRun.objects.filter(judged_at=None).exists()


def test_a_muted_number_is_kept_but_not_told(revops: User) -> None:
    calm_nights()
    mute = mute_number(key="finance.arr", days=2, reason=" price  list ", by=revops)
    assert (mute.reason, mute.until_on) == ("price list", today() + timedelta(days=1))
    night(YESTERDAY, {"finance.arr": (1000, 9000), "support.open_tickets": (900, 5)})
    assert judge_nights() == 0
    assert NightAlert.objects.get().is_muted
    assert not NightAlert.objects.unanswered().exists()
    assert not Notice.objects.exists()
    end_mute(mute=mute)
    assert NightAlert.objects.unanswered().exists()
    for days, reason in ((0, "x"), (91, "x"), (3, "  ")):
        with pytest.raises(ValidationError):
            mute_number(key="finance.arr", days=days, reason=reason, by=revops)
    mute_number(key="finance.arr", days=3, reason="again", by=revops)
    mute_number(key="finance.arr", days=5, reason="longer", by=revops)
    assert NumberMute.objects.get(ended_at=None).reason == "longer"


def test_what_lasts_longer_than_its_mute_is_told(revops: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("metrics.nights.judging._judge_late", lambda now: 0)
    before, wild = YESTERDAY - timedelta(days=1), {"finance.arr": (1000, 9000)}
    calm_nights(before)
    mute = mute_number(key="finance.arr", days=1, reason="price list", by=revops)
    NumberMute.objects.filter(pk=mute.pk).update(until_on=before)
    night(before, wild)
    assert judge_nights() == 0
    night(YESTERDAY, wild)
    assert judge_nights() == 1
    assert NightAlert.objects.unanswered().exists()
    assert Notice.objects.get().user == revops
    night(YESTERDAY, wild)
    assert judge_nights() == 0, "once"


def test_what_followed_another_number_is_told_when_that_one_is_over(
    revops: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("metrics.nights.judging._judge_late", lambda now: 0)
    before = YESTERDAY - timedelta(days=1)
    for back in range(20, 0, -1):
        day = before - timedelta(days=back)
        figures = {"metrics.health_score": (1000, 60 + back % 3), "metrics.health_change": (1000, back % 3)}
        night(day, figures, judged_at=timezone.now())
    night(before, {"metrics.health_score": (1000, 20), "metrics.health_change": (1000, -40)})
    assert judge_nights() == 1
    night(YESTERDAY, {"metrics.health_score": (1000, 61), "metrics.health_change": (1000, -40)})
    assert judge_nights() == 1
    assert Notice.objects.latest("pk").text.startswith("Health change on ")


def test_a_failed_step_is_told_once_by_its_cause(revops: User) -> None:
    run = night(YESTERDAY, {}, state="failed")
    made = {"run": run, "wave": 1, "last": 9}
    for first in (0, 10):
        RefreshStep.objects.create(
            key="finance.arr", first=first, state="failed", error="DataError: division by zero", **made
        )
    RefreshStep.objects.create(
        key="finance.nrr",
        first=0,
        state="failed",
        error="Not made, because it depends on finance.arr, which failed.",
        **made,
    )
    assert judge_nights() == 1
    alert = NightAlert.objects.get()
    assert (alert.kind, alert.key) == ("failed", "finance.arr")
    assert "It divides by a number that is 0" in alert.text
    assert judge_nights() == 0
    again = night(YESTERDAY, {})
    RefreshStep.objects.create(key="finance.arr", first=0, state="done", **{**made, "run": again})
    judge_nights()
    alert.refresh_from_db()
    assert alert.closed_at is not None
    assert not Notice.objects.filter(sent_at=None).exists(), "what wasn't sent isn't sent any more"


def at_hour(monkeypatch: pytest.MonkeyPatch, moment: datetime) -> None:
    monkeypatch.setattr("metrics.nights.judging.timezone.now", lambda: moment)


def test_a_late_night_is_told_once_and_over_when_it_is_finished(
    revops: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    due = due_at(YESTERDAY)
    night(YESTERDAY - timedelta(days=1), {}, judged_at=timezone.now())
    at_hour(monkeypatch, due - timedelta(minutes=1))
    assert judge_nights() == 0
    at_hour(monkeypatch, due)
    assert judge_nights() == 1
    alert = NightAlert.objects.get()
    assert (alert.kind, alert.key) == ("late", YESTERDAY.isoformat())
    assert "Nobody planned it" in alert.text
    assert judge_nights() == 0
    assert Notice.objects.count() == 1
    night(YESTERDAY, {}, judged_at=timezone.now())
    assert judge_nights() == 0
    alert.refresh_from_db()
    assert alert.closed_at is not None


def test_a_step_made_again_in_the_morning_makes_no_night_late(
    revops: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    night(YESTERDAY - timedelta(days=1), {}, judged_at=timezone.now())
    run = night(YESTERDAY, {}, state="failed")
    step = RefreshStep.objects.create(
        run=run, key="finance.arr", wave=1, first=0, last=9, state="failed", error="DataError: odd"
    )
    retry_step(step=step, by=revops)
    at_hour(monkeypatch, due_at(YESTERDAY) + timedelta(hours=2))
    judge_nights()
    assert not NightAlert.objects.exists(), "it was through in time, and RevOps itself opened it again"
    assert RefreshRun.objects.finished().newest_day() == YESTERDAY, "the day has numbers meanwhile"
    assert not RefreshRun.objects.is_newest(YESTERDAY - timedelta(days=1))
    page = client_as("sales").get("/metrics/runs/").content.decode()
    assert "Not yet" in page
    work_off()
    judge_nights()
    run.refresh_from_db()
    assert run.over_at is not None
    assert not NightAlert.objects.filter(kind="late").exists()


def test_an_installation_that_never_ran_is_not_late(revops: User, monkeypatch: pytest.MonkeyPatch) -> None:
    at_hour(monkeypatch, due_at(YESTERDAY) + timedelta(hours=9))
    assert judge_nights() == 0


@pytest.mark.parametrize(
    ("zone", "hour", "due"),
    [
        ("UTC", 6, "2026-11-21T06:00+00:00"),
        ("Europe/Berlin", 6, "2026-11-21T05:00+00:00"),
        ("America/Los_Angeles", 6, "2026-11-21T14:00+00:00"),
        # 06:00 in Tokyo has gone by before the night is planned: the next one counts.
        ("Asia/Tokyo", 6, "2026-11-21T21:00+00:00"),
        ("UTC", 2, "2026-11-22T02:00+00:00"),
    ],
)
def test_a_night_is_due_at_the_hour_of_the_company(zone: str, hour: int, due: str, settings: Any) -> None:
    settings.COMPANY_TIME_ZONE, settings.NIGHT_DUE_HOUR = zone, hour
    settings.REFRESH_HOUR = 2
    assert due_at(TODAY) == datetime.fromisoformat(due)
    assert deadline.company_zone().key == zone


def test_the_tick_judges(monkeypatch: pytest.MonkeyPatch, revops: User) -> None:
    calm_nights()
    night(YESTERDAY, {"finance.arr": (1000, 9000), "support.open_tickets": (900, 5)})
    tasks.tick()
    assert NightAlert.objects.filter(kind="band").count() == 1


def test_the_page_of_an_alert_shows_the_band_and_takes_answers(revops: User) -> None:
    calm_nights()
    night(YESTERDAY, {"finance.arr": (1000, 9000), "support.open_tickets": (900, 5)})
    judge_nights()
    alert = NightAlert.objects.get()
    client, url = client_as("revops"), f"/metrics/runs/alerts/{alert.pk}/"
    assert client_as("finance").get(url).status_code == 403
    page = client.get(url).content.decode()
    for words in ("Usual, upper end", "Iglewicz and Hoaglin", "median of 20 of the 28 nights", "$9,000"):
        assert words in page, words
    assert alert.text[:20] in client.get("/metrics/runs/").content.decode()
    empty = client.post(f"{url}answer/", {"do": "acknowledge", "answer-reason": ""})
    assert empty.status_code == 422
    client.post(f"{url}answer/", {"do": "acknowledge", "answer-reason": "New price list"})
    assert "New price list" in client.get(url).content.decode()
    assert alert.text[:20] not in client.get("/metrics/runs/").content.decode()
    client.post(f"{url}answer/", {"do": "mute", "mute-reason": "Known", "mute-days": "400"})
    assert not NumberMute.objects.exists()
    client.post(f"{url}answer/", {"do": "mute", "mute-reason": "Known", "mute-days": "3"})
    mute = NumberMute.objects.get()
    assert "Known" in client.get("/metrics/runs/alerts/").content.decode()
    client.post(f"/metrics/runs/mutes/{mute.pk}/end/")
    mute.refresh_from_db()
    assert mute.ended_at is not None
    alert.refresh_from_db()
    with pytest.raises(ValidationError, match="has answered it already"):
        acknowledge_alert(alert=alert, by=revops, reason="me too")


def test_two_nights_are_compared_and_the_movers_named(company: list[Account]) -> None:
    refresh(ago(1))
    moved, *_ = company
    make_line(moved, TODAY, amount=36_000)
    refresh()
    rows = {row.metric.key: row for row in compare_nights(ago(1), TODAY, access_of(Function.REVOPS))}
    arr = rows["finance.arr"]
    assert (arr.accounts_change, arr.total_change, arr.mean_change) == (0, 36_000, 12_000)
    assert arr.before is not None
    assert arr.before.mean is not None
    assert (arr.mean_moved, arr.moved_unit) == (12_000 / arr.before.mean * 100, "%")
    assert rows["finance.grr"].total_change is None, "ratios don't add up"
    movers = movers_of(metrics["finance.arr"], ago(1), TODAY)
    assert [(one.account_id, one.before, one.after, one.change) for one in movers] == [
        (moved.pk, 1200, 37_200, 36_000)
    ]
    url = f"/metrics/runs/compare/?before={ago(1)}&after={TODAY}&key=finance.arr"
    page = client_as("finance").get(url).content.decode()
    assert f"/metrics/explain/finance.arr/?account={moved.pk}&amp;as_of={TODAY}" in page
    assert "$36,000" in page
    closed = client_as("support").get(url).content.decode()
    assert arr.after is not None
    total = f"${arr.after.total:,.0f}"
    assert total in page
    assert total not in closed
    assert "36,000" not in closed
    assert "Support does not read revenue" in closed
    table = b"".join(client_as("support").get(f"{url}&export=csv"))
    assert b"finance.arr,ARR,money,redacted,redacted" in table
    for odd in (
        "?before=x&after=y",
        "?key=no.such",
        "?after=2999-01-01",
        "?before=2026-11-20&after=2026-11-20",
    ):
        assert client_as("revops").get(f"/metrics/runs/compare/{odd}").status_code == 200


def test_the_strip_shows_thirty_nights_with_gaps_and_failures() -> None:
    assert "No refresh has run yet" in client_as("revops").get("/metrics/runs/").content.decode()
    good = night(YESTERDAY, {})
    RefreshStep.objects.create(run=good, key="a", wave=1, first=0, last=9, state="done", seconds=8, rows=5)
    bad = night(YESTERDAY - timedelta(days=2), {}, state="failed")
    RefreshStep.objects.create(run=bad, key="a", wave=1, first=0, last=9, state="failed", seconds=2)
    nights = nights_until(YESTERDAY)
    assert len(nights) == 30
    assert [one.tone for one in nights[-3:]] == ["failed", "gap", "done"]
    assert [one.level for one in nights[-3:] if one.run] == [1, 4]
    assert finding(nights) == "1 of 2 nights had failures, 28 days of 30 without a refresh"
    page = client_as("finance").get("/metrics/runs/").content.decode()
    assert page.count('class="abe-night ') == 30
    assert page.count('class="abe-night is-gap"') == 28
    assert f'href="/metrics/runs/{bad.pk}/"' in page
    assert "1 step failed" in page
    assert b"No refresh" in b"".join(client_as("finance").get("/metrics/runs/?export=csv&table=nights"))


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("OperationalError: canceling statement due to statement timeout", "longer than the five minutes"),
        ("DataError: division by zero", "divides by a number that is 0"),
        ("Not made, because it depends on a.b, c.d, which failed.", "made from a.b, c.d, which failed"),
        ("KeyError: 'x'\nsecond line", "KeyError: 'x'"),
        ("", "without a word"),
    ],
)
def test_failures_are_told_in_words_with_a_remedy(error: str, words: str) -> None:
    failure = message_of(error)
    assert words in failure.text
    assert "second line" not in failure.text
    assert failure.remedy
    assert is_root(error) is not error.startswith("Not made")


def test_pages_of_nights_cost_few_queries(company: list[Account], django_assert_max_num_queries: Any) -> None:
    run = refresh()
    client = client_as("revops")
    for url, most in (
        ("/metrics/runs/", 14),
        (f"/metrics/runs/{run.pk}/", 10),
        ("/metrics/runs/compare/", 8),
    ):
        client.get(url)
        with django_assert_max_num_queries(most):
            assert client.get(url).status_code == 200
