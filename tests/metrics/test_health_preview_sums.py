"""What a preview adds up and lists, and what a past of a draft stands beside: each side, sign and order."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from accounts.models import Account
from metrics.health.content import Content
from metrics.health.previews.history import bands_by_day
from metrics.health.previews.past import request_health_past
from metrics.health.previews.services import request_health_preview
from metrics.health.previews.tables import rows_of, told
from metrics.health.score import store_scores
from metrics.health.services import create_health_draft, save_health_draft
from metrics.models import HealthDraftScore, HealthModel, HealthPast, HealthPreview, RefreshRun
from metrics.runs.work import work_off
from people.access import access_of
from tests.metrics.facts import LAST, TODAY, ago, make_account, roll_up
from tests.metrics.test_health import put, put_all
from tests.metrics.test_health_scope import flat
from tests.users import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("model_1")]
WORST = {"support__ticket_trend": 4, "support__urgent_open_tickets": 4, "engagement__days_since_touch": 120}


def draft(points: int) -> HealthModel:
    return create_health_draft(by=None, content=Content(components=(flat(points),)))


def previewed(model: HealthModel) -> HealthPreview:
    run = request_health_preview(model=model, by=make_user("revops"))
    assert not work_off("metrics.health_preview", run.pk)
    return HealthPreview.objects.get(pk=run.pk)


@pytest.fixture
def accounts() -> dict[str, Account]:
    """Of a growing tier one at 100 and one at 60, and one without a tier at 70, which the draft gives too."""
    made = {
        "best": make_account("growth", name="Best"),
        "worst": make_account("growth", name="Worst"),
        "same": make_account(name="Same"),
    }
    put_all(made["best"])
    put_all(made["worst"], **WORST)
    put_all(made["same"], support__urgent_open_tickets=4, engagement__days_since_touch=120)
    roll_up("tiers.tenures")
    store_scores(TODAY, 0, LAST)
    return made


def test_sums_by_tier_tell_who_rises_falls_and_changes_band(accounts: dict[str, Account]) -> None:
    run = previewed(draft(70))
    assert run.summary is not None
    found = {one["tier__label"]: one for one in run.summary["tiers"]}
    columns = ("accounts", "changed", "numbers", "risen", "fallen", "bands")
    # Best falls from 100 to 70 and out of green; worst rises from 60 within amber; the third stays at 70.
    assert {tier: tuple(one[name] for name in columns) for tier, one in found.items()} == {
        "Growth": (2, 2, 2, 1, 1, 1),
        None: (1, 0, 1, 0, 0, 0),
    }
    assert Decimal(found["Growth"]["change"]) == -20
    assert Decimal(found[None]["change"]) == 0


def test_movers_come_by_size_and_by_way_with_reasons_that_have_the_right_sign(
    accounts: dict[str, Account],
) -> None:
    run = previewed(draft(70))

    def names(way: str = "") -> list[str]:
        return [row.account.name for row in rows_of(run, way)]

    assert names() == ["Best", "Worst"]
    assert (names("up"), names("down"), names("band")) == (["Worst"], ["Best"], ["Best"])
    assert names("lost") == names("gained") == []
    best, worst = told(run, rows_of(run), access_of("revops"))
    assert (best.before, best.after, best.change) == (100, 70, -30)
    assert (worst.before, worst.after, worst.change) == (60, 70, 10)
    # The draft is made of the trend alone: it brings 70 instead of 25, and everything else brings nothing.
    for mover in (best, worst):
        reasons = {reason.name: reason.points for reason in mover.reasons}
        # Each version calls the same number by a name of its own.
        assert reasons["Trend"] == 70
        assert all(points < 0 for name, points in reasons.items() if name != "Trend")


def test_a_new_past_takes_the_place_of_the_one_before(accounts: dict[str, Account]) -> None:
    for day in (ago(20), TODAY):
        for account in accounts.values():
            put(account, as_of=day, product__usage_trend=1)
        RefreshRun.objects.create(as_of=day, cause="test", state="done", finished_at=datetime.now(UTC))
        store_scores(day, 0, LAST)
    by, model = make_user("revops"), draft(20)
    for first, days in ((ago(20), {ago(20), TODAY}), (TODAY, {TODAY})):
        run = request_health_past(model=model, by=by, first=first, last=TODAY, each="day")
        assert not work_off("metrics.health_past", run.pk)
        found = HealthDraftScore.objects.filter(model=model)
        assert set(found.values_list("as_of", flat=True)) == days
    save_health_draft(model=model, by=by, content=Content(components=(flat(80),)))
    run = request_health_past(model=model, by=by, first=TODAY, last=TODAY, each="day")
    work_off("metrics.health_past", run.pk)
    stored, would = bands_by_day(HealthPast.objects.get(pk=run.pk))
    assert would == {TODAY: {"green": 3}}
    assert stored == {TODAY: {"green": 1, "amber": 2}}
