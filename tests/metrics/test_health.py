"""The health score: curves, coverage, caps, bands, models by tier, and changes that add up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pgtrigger
import pytest

from accounts.models import Account, Tier
from metrics.health.change import change_between, explain_health_change
from metrics.health.parts import ScorePart, added_up, held_by_limits, parts_of
from metrics.health.recipe import CAPS_1, MODEL_1, MODEL_2
from metrics.health.score import model_keys, store_scores
from metrics.models import HealthComponent, HealthLimit, HealthModel, HealthScore, MetricValue
from tests.metrics.conftest import FROZEN
from tests.metrics.facts import LAST, TODAY, ago, make_account, make_line, measure, refresh

pytestmark = pytest.mark.django_db
TOTAL = sum(part.weight for part in MODEL_1)


@pytest.fixture(autouse=True)
def bendable(model_1: None) -> Iterator[None]:
    """Let the first model be bent in place, as no one else can."""
    with pgtrigger.ignore(*FROZEN):
        yield


def put(account: Account, as_of: date = TODAY, **values: Any) -> None:
    """Store numbers, as metrics would have; the keys' dots are written as double underscores."""
    for name, value in values.items():
        MetricValue.objects.update_or_create(
            account_id=account.pk,
            as_of=as_of,
            key=name.replace("__", "."),
            defaults={"value": Decimal(str(value))},
        )


def put_all(account: Account, as_of: date = TODAY, **values: Any) -> None:
    """Store every input of the models that came with the product at its best, but for those given."""
    best = {
        part.key.replace(".", "__"): max(part.curve, key=lambda point: point[1])[0]
        for part in (*MODEL_1, *MODEL_2)
    }
    put(account, as_of, **(best | values))


def score(account: Account, as_of: date = TODAY) -> HealthScore:
    store_scores(as_of, 0, LAST)
    return HealthScore.objects.with_parts().get(account=account, as_of=as_of)


def part_of(found: HealthScore, key: str) -> ScorePart:
    return next(part for part in parts_of(found) if part.key == key)


def test_the_best_of_everything_is_100_and_green() -> None:
    account = make_account()
    put_all(account)
    found = score(account)
    assert (found.score, found.band, found.coverage, found.limit) == (100, "green", 1, "")
    assert found.model.version == 1


def test_the_score_is_the_weighted_mean_of_the_points() -> None:
    account = make_account()
    put_all(account, support__urgent_open_tickets=1)  # 55 points at a weight of 15
    assert score(account).score == Decimal("93.3")


@pytest.mark.parametrize("part", MODEL_1, ids=lambda part: part.key)
def test_every_curve_holds_at_its_ends_and_is_straight_between(part: Any) -> None:
    name = part.key.replace(".", "__")
    accounts = {}
    points: dict[float, float] = {}
    for (x, y), (next_x, next_y) in zip(part.curve, part.curve[1:], strict=False):
        points |= {x: y, next_x: next_y, (x + next_x) / 2: (y + next_y) / 2}
    points[part.curve[0][0] - 5] = part.curve[0][1]
    points[part.curve[-1][0] + 1000] = part.curve[-1][1]
    for value in points:
        accounts[value] = make_account()
        put_all(accounts[value], **{name: value})
    store_scores(TODAY, 0, LAST)
    for value, wanted in points.items():
        held = HealthScore.objects.with_parts().get(account=accounts[value])
        got = part_of(held, part.key).points
        assert got is not None
        assert float(got) == pytest.approx(wanted, abs=0.01), f"{part.key} at {value}"


def test_missing_inputs_leave_the_others_their_weight() -> None:
    account = make_account()
    put_all(account, support__ticket_trend=4)
    MetricValue.objects.filter(key="engagement.committee_roles").delete()
    found = score(account)
    assert found.coverage == Decimal("0.9")
    assert found.score == Decimal("88.9")  # (90 - 10) / 90
    missing = part_of(found, "engagement.committee_roles")
    assert missing.value is missing.points is missing.added is None


def test_below_60_per_cent_coverage_there_is_no_number() -> None:
    account, enough = make_account(), make_account()
    for each in (account, enough):
        put_all(each)
    MetricValue.objects.filter(
        account=account,
        key__in=["product.usage_trend", "engagement.days_since_touch", "support.ticket_trend"],
    ).delete()
    MetricValue.objects.filter(
        account=enough, key__in=["product.usage_trend", "engagement.days_since_touch"]
    ).delete()
    found = score(account)
    assert (found.score, found.exact, found.band, found.coverage) == (
        None,
        None,
        "unknown",
        Decimal("0.5"),
    )
    assert HealthScore.objects.get(account=enough).score == 100, "60 per cent are enough"
    assert measure("metrics.health_score") == {enough.pk: 100}


def test_no_usage_for_30_days_cannot_be_green() -> None:
    account, close = make_account(), make_account()
    HealthComponent.objects.filter(key="product.days_since_last_use").update(weight="0.001")
    put_all(account, product__days_since_last_use=30)
    put_all(close, product__days_since_last_use=29)
    found = score(account)
    assert (found.score, found.band, found.limit) == (74, "amber", "No usage for 30 days")
    assert (added_up(parts_of(found)), held_by_limits(found, parts_of(found))) == (
        Decimal("99.9989"),
        Decimal("-25.9989"),
    )
    assert HealthScore.objects.get(account=close).band == "green"


def add_limit(label: str, key: str, at_least: float, points: float, kind: str = "ceiling") -> HealthLimit:
    model = HealthModel.objects.get()
    return HealthLimit.objects.create(
        model=model,
        position=model.limits.count() + 1,
        kind=kind,
        label=label,
        condition={"field": key, "op": "gte", "value": at_least},
        points=points,
    )


def test_a_floor_raises_the_score_and_a_ceiling_has_the_last_word() -> None:
    account, both = make_account(), make_account()
    worst = {part.key.replace(".", "__"): min(part.curve, key=lambda p: p[1])[0] for part in MODEL_1}
    add_limit("New customers", "product.usage_events_30d", 5, 60, "floor")
    add_limit("In dispute", "support.open_tickets", 1, 55)
    # Not so long without use or touch that the ceilings of the model itself would hold.
    calm = {"support__urgent_open_tickets": 2}
    put(account, **(worst | calm), product__usage_events_30d=5)
    put(both, **(worst | calm), product__usage_events_30d=5, support__open_tickets=1)
    found, held = score(account), score(both)
    assert (found.score, found.limit, found.band) == (60, "New customers", "amber")
    assert (held.score, held.limit) == (55, "In dispute")
    for each in (found, held):
        parts = parts_of(each)
        assert added_up(parts) + held_by_limits(each, parts) == each.exact


def test_the_lowest_cap_holds_and_one_above_the_score_is_not_told() -> None:
    account, low = make_account(), make_account()
    add_limit("Lower", "product.usage_trend", 0, 40)
    put_all(account, product__days_since_last_use=90)
    found = score(account)
    assert (found.score, found.limit, found.band) == (40, "Lower", "red")
    put(low, **{part.key.replace(".", "__"): min(part.curve, key=lambda p: p[1])[0] for part in MODEL_1})
    assert score(low).limit == ""


@pytest.mark.parametrize(("points", "band"), [(49.9, "red"), (50, "amber"), (74.9, "amber"), (75, "green")])
def test_bands_begin_at_50_and_75(points: float, band: str) -> None:
    HealthComponent.objects.exclude(key="product.usage_trend").delete()
    HealthComponent.objects.update(curve=[[0, 0], [100, 100]])
    account = make_account()
    put(account, product__usage_trend=points)
    assert (score(account).band, score(account).score) == (band, Decimal(str(points)))


def test_only_customers_and_payers_are_scored() -> None:
    target, payer, gone = (make_account(lifecycle=word) for word in ("target", "churned", "customer"))
    Account.objects.filter(pk=gone.pk).update(deleted_at="2026-01-01T00:00:00Z")
    for account in (target, payer, gone):
        put_all(account)
    put(payer, finance__arr=1)
    store_scores(TODAY, 0, LAST)
    assert list(HealthScore.objects.values_list("account_id", flat=True)) == [payer.pk]


def test_a_tier_may_have_a_model_of_its_own() -> None:
    strategic, growth = make_account("strategic"), make_account("growth")
    own = HealthModel.objects.create(version=1, tier=Tier.objects.get(slug="strategic"), state="published")
    HealthComponent.objects.create(
        model=own,
        position=1,
        group="usage",
        key="product.usage_trend",
        label="Trend",
        weight=1,
        curve=[[0, 0], [2, 100]],
    )
    for account in (strategic, growth):
        put_all(account)
    refresh_tenures()
    assert (score(strategic).model, score(strategic).score) == (own, Decimal("62.5"))
    assert score(growth).score == 100
    assert HealthScore.objects.count() == 2


def refresh_tenures() -> None:
    from tests.metrics.facts import roll_up

    roll_up("tiers.tenures")


def test_a_draft_scores_nobody() -> None:
    HealthModel.objects.update(state="draft")
    account = make_account()
    put_all(account)
    store_scores(TODAY, 0, LAST)
    assert not HealthScore.objects.exists()
    assert model_keys() == {"finance.arr"}


def test_contributions_add_up_to_the_score() -> None:
    account = make_account()
    put_all(
        account, product__usage_trend="0.731", support__ticket_trend="1.37", engagement__days_since_touch=41
    )
    found = score(account)
    assert added_up(parts_of(found)) == found.exact
    assert found.score == round(found.exact, 1)


def test_the_change_is_told_against_the_score_30_days_before_or_shortly_earlier() -> None:
    near, far, close = make_account(), make_account(), make_account()
    for account, days in ((near, 44), (far, 46), (close, 29)):
        put_all(account, ago(days), support__ticket_trend=4)
        put_all(account)
        store_scores(ago(days), account.pk, account.pk)
    store_scores(TODAY, 0, LAST)
    assert measure("metrics.health_change") == {near.pk: 10}


def test_a_change_is_explained_as_a_sum_that_adds_up() -> None:
    account = make_account()
    put_all(account, ago(30), product__usage_trend="0.913", engagement__days_since_touch=3)
    put_all(
        account,
        product__usage_trend="0.417",
        engagement__days_since_touch=47,
        product__days_since_last_use=31,
    )
    before, after = score(account, ago(30)), score(account)
    change = explain_health_change(account_id=account.pk, start=ago(30), end=TODAY)
    assert change is not None
    assert change.change == (after.exact or 0) - (before.exact or 0)
    assert sum(part.points for part in change.parts) == change.change
    worst = min(change.parts, key=lambda part: part.points)
    assert worst.key == "product.usage_trend"
    assert (worst.before, worst.after) == (Decimal("0.913"), Decimal("0.417"))


def test_what_a_cap_holds_back_is_a_part_of_the_change() -> None:
    account = make_account()
    HealthComponent.objects.filter(key="product.days_since_last_use").update(weight="0.001")
    put_all(account, ago(30))
    put_all(account, product__days_since_last_use=40)
    change = change_between(score(account, ago(30)), score(account))
    assert {part.key: part.points for part in change.parts if part.points} == {
        "product.days_since_last_use": Decimal("-0.0011"),
        "limit": Decimal("-25.9989"),
    }


def test_a_component_that_went_missing_is_a_part_of_the_change() -> None:
    account = make_account()
    put_all(account, ago(30), engagement__committee_roles=0)
    put_all(account)
    MetricValue.objects.filter(as_of=TODAY, key="engagement.committee_roles").delete()
    change = change_between(score(account, ago(30)), score(account))
    assert sum(part.points for part in change.parts) == change.change == Decimal(9)


def test_without_a_number_on_both_days_there_is_no_change_to_explain() -> None:
    account = make_account()
    put_all(account)
    score(account)
    assert explain_health_change(account_id=account.pk, start=ago(30), end=TODAY) is None
    assert explain_health_change(account_id=account.pk, start=TODAY, end=TODAY) is None


def test_the_migrations_wrote_model_1() -> None:
    model = HealthModel.objects.get()
    assert (model.version, model.minimum_coverage) == (1, Decimal("0.600"))
    assert model.components.count() == len(MODEL_1) >= 6
    assert model.limits.count() == len(CAPS_1)
    assert {component.group for component in model.components.all()} == {"usage", "support", "relationship"}
    assert TOTAL == 100
    assert [part.position for part in model.components.all()] == list(range(1, len(MODEL_1) + 1))


def test_a_refresh_keeps_score_number_and_standing_in_step() -> None:
    account = make_account()
    make_line(account, ago(100))
    refresh()
    found = HealthScore.objects.get(account=account)
    stored = MetricValue.objects.filter(key="metrics.health_score", account=account).first()
    assert (stored.value if stored else None) == found.score
    assert account.standing.health == found.score
    assert account.standing.health_band == found.band
