"""Who is scored by which model, how sure a score is, and what keeps a draft from being published."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from accounts.models import Account, Tier
from metrics.health.content import ComponentDraft, Content, LimitDraft, check_content, content_of
from metrics.health.parts import added_up, parts_of
from metrics.health.score import model_keys, store_scores
from metrics.health.services import (
    create_health_draft,
    publish_health_model,
    retire_health_model,
    save_health_draft,
)
from metrics.models import HealthModel, HealthScore
from metrics.registry import metrics
from sync.models import ProvisionalNumber
from tests.metrics.facts import LAST, TODAY, make_account, roll_up
from tests.metrics.test_health import put, put_all, score

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("model_1")]


def flat(points: int, *, key: str = "product.usage_trend", label: str = "Trend") -> ComponentDraft:
    """Return a component that gives the same points whatever the value."""
    curve = ((Decimal(0), Decimal(points)), (Decimal(1), Decimal(points)))
    return ComponentDraft(key=key, label=label, group="usage", weight=Decimal(1), curve=curve)


def where(field: str, op: str, value: Any) -> dict[str, Any]:
    return {"field": field, "op": op, "value": value}


def publish(points: int, **scope: Any) -> HealthModel:
    condition, rank = scope.pop("condition", None), scope.pop("rank", 0)
    content = Content(components=(flat(points),), condition=condition, rank=rank)
    return publish_health_model(model=create_health_draft(by=None, content=content, **scope))


def scores() -> dict[int, Decimal | None]:
    store_scores(TODAY, 0, LAST)
    return dict(HealthScore.objects.filter(as_of=TODAY).values_list("account_id", "score"))


def test_a_segment_goes_before_the_tier_and_the_tier_before_everybody() -> None:
    publish(10)
    publish(20, tier=Tier.objects.get(slug="strategic"))
    publish(30, segment="Utilities", condition=where("accounts.industry", "eq", "Utilities"))
    both, tier, segment, neither = (
        make_account("strategic", industry="Utilities"),
        make_account("strategic"),
        make_account("growth", industry="Utilities"),
        make_account(),
    )
    for account in (both, tier, segment, neither):
        put_all(account)
    roll_up("tiers.tenures")
    assert scores() == {both.pk: 30, tier.pk: 20, segment.pk: 30, neither.pk: 10}


def test_of_two_segments_the_lower_rank_goes_first() -> None:
    publish(30, segment="Big", condition=where("finance.arr", "gte", 100), rank=2)
    publish(40, segment="Newest", condition=where("finance.arr", "gte", 500), rank=1)
    small, big, bigger = (make_account() for _ in range(3))
    for account, arr in ((small, 1), (big, 100), (bigger, 500)):
        put_all(account, finance__arr=arr)
    found = scores()
    assert (found[big.pk], found[bigger.pk]) == (30, 40)
    assert found[small.pk] == 100, "the model of every account"


def test_a_retired_segment_leaves_its_accounts_to_the_next_model() -> None:
    own = publish(30, segment="Utilities", condition=where("accounts.industry", "eq", "Utilities"))
    account = make_account(industry="Utilities")
    put_all(account)
    assert scores()[account.pk] == 30
    retire_health_model(model=own)
    assert scores()[account.pk] == 100


def test_every_customer_is_scored_once_whatever_the_models() -> None:
    publish(20, tier=Tier.objects.get(slug="strategic"))
    for rank in (1, 2, 3):
        publish(30, segment=f"S{rank}", condition=where("finance.arr", "gte", rank * 100), rank=rank)
    accounts = [make_account(tier) for tier in (None, "strategic", "growth") for _ in range(4)]
    for place, account in enumerate(accounts):
        put_all(account, finance__arr=place * 60)
    roll_up("tiers.tenures")
    assert scores().keys() == {account.pk for account in accounts}


def test_a_stale_input_counts_by_half_in_the_confidence_and_in_full_in_the_score() -> None:
    account = make_account()
    put_all(account)
    sure = score(account)
    assert (sure.coverage, sure.confidence, sure.stale) == (1, 1, [])
    ProvisionalNumber.objects.create(as_of=TODAY, key="product.usage_trend", reason="Silent for 3 days.")
    unsure = score(account)
    assert unsure.score == sure.score
    assert (unsure.coverage, unsure.confidence) == (1, Decimal("0.875"))  # 25 of 100 by half
    assert [part.key for part in parts_of(unsure) if part.is_stale] == ["product.usage_trend"]


def test_a_limit_may_ask_about_what_is_no_component() -> None:
    model = HealthModel.objects.get()
    content = content_of(model)
    limit = LimitDraft(
        label="Being closed",
        kind="ceiling",
        condition=where("accounts.country", "eq", "DE"),
        points=Decimal(30),
    )
    publish_health_model(
        model=create_health_draft(by=None, content=replace(content, limits=(*content.limits, limit)))
    )
    held, free = make_account(country="DE"), make_account(country="FR")
    for account in (held, free):
        put_all(account)
    found = {row.account_id: row for row in _stored()}
    assert (found[held.pk].score, found[held.pk].limit) == (30, "Being closed")
    assert (found[free.pk].score, found[free.pk].limit) == (100, "")
    assert added_up(parts_of(found[held.pk])) == 100


def _stored() -> list[HealthScore]:
    store_scores(TODAY, 0, LAST)
    return list(HealthScore.objects.filter(as_of=TODAY).with_parts())


def test_the_refresh_makes_first_what_conditions_read() -> None:
    assert "finance.overdue" not in model_keys()
    publish(30, segment="Late", condition=where("finance.overdue", "gt", 0))
    assert "finance.overdue" in model_keys()
    assert "finance.overdue" in metrics


def test_publishing_changes_no_stored_score() -> None:
    account = make_account()
    put_all(account, support__ticket_trend=4)
    before = HealthScore.objects.filter(account=account)
    score(account)
    held = before.values().get()
    publish(1)
    assert before.values().get() == held
    (part, *_) = parts_of(HealthScore.objects.with_parts().get(account=account))
    assert part.label == "Usage trend", "told by the model that made it"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"minimum_coverage": None}, "minimum_coverage"),
        ({"minimum_coverage": Decimal("0.05")}, "minimum_coverage"),
        ({"components": ()}, "components"),
        ({"components": (flat(1), flat(2))}, "components.1.key"),
        ({"components": (replace(flat(1), key="usage.gone"),)}, "components.0.key"),
        ({"components": (replace(flat(1), label=" "),)}, "components.0.label"),
        ({"components": (replace(flat(1), weight=Decimal(0)),)}, "components.0.weight"),
        ({"components": (replace(flat(1), weight=Decimal("1.0001")),)}, "components.0.weight"),
        ({"components": (replace(flat(1), group="magic"),)}, "components.0.group"),
        ({"components": (replace(flat(1), curve=((Decimal(1), Decimal(5)),)),)}, "components.0.curve"),
        (
            {"components": (replace(flat(1), curve=((Decimal(1), Decimal(5)), (Decimal(1), Decimal(6)))),)},
            "components.0.curve",
        ),
        (
            {
                "components": (
                    replace(flat(1), curve=((Decimal("NaN"), Decimal(5)), (Decimal(1), Decimal(6)))),
                )
            },
            "components.0.curve",
        ),
        (
            {"components": (replace(flat(1), curve=((Decimal(0), Decimal(5)), (Decimal(1), Decimal(101)))),)},
            "components.0.curve",
        ),
        ({"components": (flat(1, key="metrics.health_change"),)}, "components"),
        (
            {"limits": (LimitDraft(label="L", kind="ceiling", condition={"all": 3}, points=Decimal(1)),)},
            "limits.0.condition",
        ),
        (
            {
                "limits": (
                    LimitDraft(
                        label="L",
                        kind="ceiling",
                        condition=where("metrics.health_band", "eq", "red"),
                        points=Decimal(1),
                    ),
                )
            },
            "limits.0.condition",
        ),
        (
            {
                "limits": (
                    LimitDraft(
                        label="L",
                        kind="roof",
                        condition=where("finance.arr", "gt", 1),
                        points=Decimal("100.1"),
                    ),
                )
            },
            "limits.0.kind",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_count_is_refused_at_its_field(change: dict[str, Any], field: str) -> None:
    content = replace(Content(components=(flat(1),)), **change)
    with pytest.raises(ValidationError) as refused:
        check_content(content, is_segment=False)
    assert field in refused.value.message_dict
    draft = create_health_draft(by=None)
    with pytest.raises(ValidationError):
        save_health_draft(model=draft, by=None, content=content)


def test_a_segment_begins_with_nobody_in_it() -> None:
    account: Account = make_account()
    put_all(account)
    draft = create_health_draft(by=None, segment="Later")
    assert draft.condition is not None
    publish_health_model(model=draft)
    assert score(account).model != draft
    put(account, finance__arr=1)


@pytest.mark.parametrize(
    ("condition", "why"),
    [
        (where("metrics.sentiment", "eq", "very_negative"), "never counts in it"),
        ({"not": {"field": "metrics.sentiment", "op": "is_set"}}, "never counts in it"),
        (where("metrics.disagreements", "eq", "finance.green_but_unpaid"), "told from the score itself"),
    ],
)
def test_what_stands_beside_the_score_never_gets_inside(condition: dict[str, Any], why: str) -> None:
    limit = LimitDraft(label="L", kind="ceiling", condition=condition, points=Decimal(40))
    told = Content(components=(flat(1),), limits=(limit,))
    with pytest.raises(ValidationError, match=why) as refused:
        check_content(told, is_segment=False)
    assert list(refused.value.message_dict) == ["limits.0.condition"]
    with pytest.raises(ValidationError, match=why) as refused:
        check_content(Content(components=(flat(1),), condition=condition), is_segment=True)
    assert list(refused.value.message_dict) == ["condition"]
