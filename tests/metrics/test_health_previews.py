"""What a version would do, seen before it does: whom it moves and why, on a day and on days past."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from accounts.models import Tier
from common.versions.errors import VersionChangedError
from metrics.health.content import Content, content_of
from metrics.health.previews.past import days_between, request_health_past
from metrics.health.previews.services import is_current, publish_previewed, request_health_preview
from metrics.health.score import models_on, store_scores
from metrics.health.services import create_health_draft, publish_health_model, save_health_draft
from metrics.models import (
    HealthDraftScore,
    HealthModel,
    HealthPast,
    HealthPreview,
    HealthPreviewRow,
    HealthScore,
    RefreshRun,
)
from metrics.runs.services import cancel_run
from metrics.runs.work import do_next_step, work_off
from tests.metrics.facts import LAST, TODAY, ago, make_account, roll_up
from tests.metrics.test_health import put_all
from tests.metrics.test_health_scope import flat, publish, where
from tests.users import make_user

pytestmark = pytest.mark.django_db


def previewed(model: HealthModel, by: Any = None) -> HealthPreview:
    """Preview a version over the scores of TODAY."""
    if not HealthScore.objects.exists():
        store_scores(TODAY, 0, LAST)
    run = request_health_preview(model=model, by=by or make_user("revops"))
    work_off("metrics.health_preview", run.pk)
    return HealthPreview.objects.get(pk=run.pk)


def draft(points: int, **scope: Any) -> HealthModel:
    condition = scope.pop("condition", None)
    return create_health_draft(
        by=None, content=Content(components=(flat(points),), condition=condition), **scope
    )


def rows(run: HealthPreview) -> dict[int, HealthPreviewRow]:
    return {row.account_id: row for row in HealthPreviewRow.objects.filter(run=run)}


def backdate(model: HealthModel, days: int) -> None:
    """Have a version published so many days before TODAY."""
    moment = datetime.combine(ago(days), datetime.min.time(), UTC)
    with pytest_triggers_off():
        HealthModel.objects.filter(pk=model.pk).update(published_at=moment)


def pytest_triggers_off() -> Any:
    import pgtrigger

    return pgtrigger.ignore("metrics.HealthModel:frozen_after_draft")


def test_a_preview_tells_who_changes_band_and_by_how_much() -> None:
    good, bad = make_account(), make_account()
    put_all(good)
    put_all(bad, product__usage_trend=0)
    store_scores(TODAY, 0, LAST)
    held = dict(HealthScore.objects.values_list("account_id", "exact"))
    run = previewed(draft(60))
    assert run.state == "done", run.error
    assert run.day == TODAY
    found = rows(run)
    assert {pk: row.before for pk, row in found.items()} == held
    assert {row.after for row in found.values()} == {Decimal(60)}
    assert run.summary is not None
    moves = {(one["before_band"], one["after_band"]): one["accounts"] for one in run.summary["moves"]}
    assert moves == {("green", "amber"): 2}
    assert sum(Decimal(one["change"]) for one in run.summary["moves"]) == sum(
        Decimal(60) - (exact or 0) for exact in held.values()
    )


def test_what_was_previewed_is_what_the_next_refresh_stores() -> None:
    publish(80, tier=Tier.objects.get(slug="strategic"))
    for tier in ("strategic", "growth", None):
        put_all(make_account(tier, industry="Utilities"), finance__arr=900)
        put_all(make_account(tier), finance__arr=100)
    roll_up("tiers.tenures")
    store_scores(TODAY, 0, LAST)
    model = draft(30, segment="Big", condition=where("finance.arr", "gte", 500))
    run = previewed(model)
    would = {row.account_id: (row.after, row.after_band) for row in rows(run).values()}
    stayed = dict(HealthScore.objects.exclude(account_id__in=would).values_list("account_id", "exact"))
    publish_previewed(preview=run, by=make_user("revops"), note="Large ones are looked at apart.")
    store_scores(datetime.now(UTC).date(), 0, LAST)
    model.refresh_from_db()
    assert model.state == "published"
    assert len(would) == 3
    store_now = HealthScore.objects.filter(as_of=TODAY)
    assert dict(store_now.exclude(account_id__in=would).values_list("account_id", "exact")) == stayed


def test_a_segment_says_whom_it_takes_from_another_model() -> None:
    every = HealthModel.objects.get(state="published")
    own = publish(80, tier=Tier.objects.get(slug="strategic"))
    strategic, other, out = (
        make_account("strategic", industry="Utilities"),
        make_account(industry="Utilities"),
        make_account(),
    )
    for account in (strategic, other, out):
        put_all(account)
    roll_up("tiers.tenures")
    run = previewed(draft(40, segment="Utilities", condition=where("accounts.industry", "eq", "Utilities")))
    found = rows(run)
    assert found.keys() == {strategic.pk, other.pk}
    assert found[strategic.pk].before_model_id == own.pk
    assert found[other.pk].before_model_id == every.pk
    assert {row.after_model_id for row in found.values()} == {run.model_id}
    assert run.summary is not None
    taken = {one["before_model"]: one["accounts"] for one in run.summary["models"]}
    assert taken == {own.pk: 1, every.pk: 1}


def test_who_leaves_a_segment_is_shown_with_the_model_that_scores_them_then() -> None:
    publish(40, segment="Utilities", condition=where("accounts.industry", "eq", "Utilities"))
    leaves = make_account(industry="Utilities", country="FR")
    stays = make_account(industry="Utilities", country="DE")
    for account in (leaves, stays):
        put_all(account)
    run = previewed(draft(40, segment="Utilities", condition=where("accounts.country", "eq", "DE")))
    found = rows(run)
    every = HealthModel.objects.get(state="published", segment="")
    assert (found[leaves.pk].after_model_id, found[leaves.pk].after) == (every.pk, Decimal(100))
    assert (found[stays.pk].after_model_id, found[stays.pk].after) == (run.model_id, Decimal(40))


def test_who_has_too_little_data_is_told_apart_from_a_low_score() -> None:
    account = make_account()
    put_all(account)
    content = replace(
        Content(components=(flat(90), flat(90, key="finance.overdue", label="Overdue"))),
        minimum_coverage=Decimal("0.9"),
    )
    run = previewed(create_health_draft(by=None, content=content))
    (row,) = rows(run).values()
    assert (row.before, row.after, row.after_band) == (Decimal(100), None, "unknown")


def test_only_what_was_previewed_is_published_and_with_a_reason() -> None:
    by, model = make_user("revops"), draft(60)
    run = previewed(model, by)
    with pytest.raises(ValidationError, match="why"):
        publish_previewed(preview=run, by=by, note="  ")
    save_health_draft(model=model, by=by, content=Content(components=(flat(10),)))
    model.refresh_from_db()
    run.refresh_from_db()
    assert not is_current(HealthPreview.objects.get(pk=run.pk))
    with pytest.raises(VersionChangedError):
        publish_previewed(preview=run, by=by, note="Less strict.")
    again = previewed(model, by)
    published = publish_previewed(preview=again, by=by, note="Less strict.")
    assert (published.state, published.note, published.published_by) == ("published", "Less strict.", by)


def test_another_series_published_meanwhile_asks_for_another_preview() -> None:
    by = make_user("revops")
    run = previewed(draft(60), by)
    publish(30, segment="Utilities", condition=where("accounts.industry", "eq", "Utilities"))
    with pytest.raises(VersionChangedError):
        publish_previewed(preview=run, by=by, note="Less strict.")


def test_an_open_preview_publishes_nothing() -> None:
    by = make_user("revops")
    run = request_health_preview(model=draft(60), by=by)
    with pytest.raises(ValidationError, match="done"):
        publish_previewed(preview=run, by=by, note="Now.")


def test_an_earlier_version_is_put_in_force_again_as_one_of_its_own() -> None:
    by, first = make_user("revops"), HealthModel.objects.get(state="published")
    publish(10)
    back = publish_previewed(preview=previewed(first, by), by=by, note="It was right.")
    assert back.version > first.version
    assert back.note == f"Back to version {first.version}. It was right."
    assert content_of(back) == content_of(first)


def test_a_draft_saved_meanwhile_ends_its_preview() -> None:
    model = draft(60)
    run = request_health_preview(model=model, by=make_user("revops"))
    save_health_draft(model=model, by=None, content=Content(components=(flat(10),)))
    work_off("metrics.health_preview", run.pk)
    run.refresh_from_db()
    assert run.state == "failed"
    assert "saved" in run.error


def test_a_cancelled_preview_keeps_nothing() -> None:
    put_all(make_account())
    by = make_user("revops")
    run = request_health_preview(model=draft(60), by=by)
    do_next_step("metrics.health_preview", run.pk)
    assert HealthPreviewRow.objects.exists()
    cancel_run(HealthPreview.objects.get(pk=run.pk), by=by)
    assert not HealthPreviewRow.objects.exists()


def test_yesterdays_scores_stay_when_a_model_is_published_and_a_repeated_night_is_identical() -> None:
    by = make_user("revops")
    backdate(HealthModel.objects.get(state="published"), 60)
    for tier in ("strategic", "growth", None):
        account = make_account(tier)
        for day in (ago(1), TODAY):
            put_all(account, as_of=day, product__usage_trend=0.7)
    roll_up("tiers.tenures", ago(1))
    store_scores(ago(1), 0, LAST)
    stored = list(HealthScore.objects.order_by("account_id").values())
    assert len(stored) == 3
    publish_previewed(preview=previewed(draft(5), by), by=by, note="Stricter.")
    publish_previewed(
        preview=previewed(draft(15, tier=Tier.objects.get(slug="growth")), by), by=by, note="Growth apart."
    )
    assert list(HealthScore.objects.order_by("account_id").values()) == stored
    store_scores(ago(1), 0, LAST)
    assert list(HealthScore.objects.order_by("account_id").values()) == stored


def test_a_day_is_scored_by_what_was_in_force_when_it_ended() -> None:
    first = HealthModel.objects.get(state="published")
    backdate(first, 60)
    second = publish(10)
    moment = datetime.combine(ago(5), datetime.min.time(), UTC) + timedelta(hours=9)
    with pytest_triggers_off():
        HealthModel.objects.filter(pk=second.pk).update(published_at=moment)
        HealthModel.objects.filter(pk=first.pk).update(retired_at=moment)
    assert models_on(ago(6)) == [first]
    assert models_on(ago(5)) == [second]
    assert models_on(TODAY) == [second]


def test_days_before_the_installation_are_scored_by_what_it_came_with() -> None:
    first = HealthModel.objects.get(state="published")
    by = make_user("revops")
    publish_health_model(model=draft(10), by=by)
    publish_health_model(model=draft(10, tier=Tier.objects.get(slug="growth")), by=by)
    assert models_on(ago(30)) == [first]
    assert first not in models_on(datetime.now(UTC).date())


def test_an_update_leaves_days_before_the_installation_to_what_it_came_with() -> None:
    """Nobody retires a model in an update; a night of before is scored by it when it is made again."""
    first = HealthModel.objects.get(state="published")
    backdate(first, 60)
    account = make_account()
    put_all(account, as_of=ago(90))
    store_scores(ago(90), 0, LAST)
    stored = list(HealthScore.objects.values())
    assert [one["model_id"] for one in stored] == [first.pk]
    second = publish(10)
    today = datetime.now(UTC).date()
    assert [models_on(day) for day in (ago(90), ago(10), today)] == [[first], [first], [second]]
    store_scores(ago(90), 0, LAST)
    assert list(HealthScore.objects.values()) == stored


def test_the_past_of_a_draft_is_scored_beside_what_is_published() -> None:
    account = make_account()
    days = (ago(45), ago(20), TODAY)
    for day in days:
        put_all(account, as_of=day)
        RefreshRun.objects.create(as_of=day, cause="test", state="done", finished_at=datetime.now(UTC))
        store_scores(day, 0, LAST)
    stored = list(HealthScore.objects.order_by("as_of").values())
    model = draft(30)
    run = request_health_past(model=model, by=make_user("revops"), first=ago(60), last=TODAY, each="month")
    work_off("metrics.health_past", run.pk)
    run.refresh_from_db()
    assert run.state == "done", run.error
    found = HealthDraftScore.objects.filter(model=model).order_by("as_of")
    assert [(one.as_of, one.exact, one.band) for one in found] == [
        (day, Decimal(30), "red") for day in days_between(ago(60), TODAY, "month")
    ]
    assert list(HealthScore.objects.order_by("as_of").values()) == stored


def test_the_past_of_a_draft_agrees_with_the_scores_of_the_same_content() -> None:
    for trend in (0.2, 0.9, 3):
        put_all(make_account(), product__usage_trend=trend)
    RefreshRun.objects.create(as_of=TODAY, cause="test", state="done", finished_at=datetime.now(UTC))
    store_scores(TODAY, 0, LAST)
    model = create_health_draft(by=None)
    run = request_health_past(model=model, by=make_user("revops"), first=TODAY, last=TODAY, each="day")
    work_off("metrics.health_past", run.pk)
    would = HealthDraftScore.objects.values_list("account_id", "exact", "band", "points")
    assert list(would.order_by("account_id")) == list(
        HealthScore.objects.order_by("account_id").values_list("account_id", "exact", "band", "points")
    )


def test_a_newer_look_at_the_past_takes_the_place_of_the_one_before() -> None:
    put_all(make_account())
    put_all(make_account(), as_of=ago(40))
    for day in (ago(40), TODAY):
        RefreshRun.objects.create(as_of=day, cause="test", state="done", finished_at=datetime.now(UTC))
    model, by = draft(30), make_user("revops")
    asked: dict[str, Any] = {"model": model, "by": by, "each": "day"}
    first = request_health_past(**asked, first=ago(60), last=ago(30))
    assert request_health_past(**asked, first=ago(50), last=ago(20)) == first, "the same days"
    with pytest.raises(ValidationError, match="Other days are being scored"):
        request_health_past(**asked, first=TODAY, last=TODAY)
    work_off("metrics.health_past", first.pk)
    assert set(HealthDraftScore.objects.values_list("as_of", flat=True)) == {ago(40)}
    second = request_health_past(**asked, first=TODAY, last=TODAY)
    work_off("metrics.health_past", second.pk)
    assert set(HealthDraftScore.objects.values_list("as_of", flat=True)) == {TODAY}
    # A page of the first would show the scores of the second.
    assert list(model.pasts.all()) == [second]


def test_the_past_asks_for_days_that_have_numbers() -> None:
    by, model = make_user("revops"), draft(30)
    with pytest.raises(ValidationError, match="No numbers"):
        request_health_past(model=model, by=by, first=ago(9), last=TODAY)
    with pytest.raises(ValidationError, match="from"):
        request_health_past(model=model, by=by, first=TODAY, last=ago(9))
    assert not HealthPast.objects.exists()
