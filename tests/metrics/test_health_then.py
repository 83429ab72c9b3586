"""A day past is scored by what was so on that day: tiers, profiles, and numbers; and what was stale then is named."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied

from accounts.models import Account, Tier, TierTenure
from metrics.engine.plan import today
from metrics.health.content import Content, LimitDraft
from metrics.health.explain import explain_health
from metrics.health.score import store_scores
from metrics.health.sentiment import end_sentiment, set_sentiment
from metrics.health.services import create_health_draft, publish_health_model
from metrics.models import AccountSentiment, HealthScore, MetricValue
from people.access import access_of
from sync.models import Change, ProvisionalNumber
from tests.metrics.facts import LAST, TODAY, ago, make_account
from tests.metrics.test_health import put_all
from tests.metrics.test_health_scope import flat, publish, where
from tests.sync.conftest import make_api
from tests.users import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("model_1")]


def scores(account: Account, *days: date) -> list[Decimal | None]:
    for day in days:
        store_scores(day, 0, LAST)
    held = dict(HealthScore.objects.of(account.pk).values_list("as_of", "score"))
    return [held[day] for day in days]


def test_the_tier_of_the_day_chooses_the_model() -> None:
    account = make_account()
    strategic, growth = Tier.objects.get(slug="strategic"), Tier.objects.get(slug="growth")
    publish(20, tier=strategic)
    publish(40, tier=growth)
    for tier, during in ((strategic, (ago(90), ago(5))), (growth, (ago(5), None))):
        TierTenure.objects.create(account=account, tier=tier, during=during, cause="rule")
    for day in (ago(100), ago(6), ago(5), TODAY):
        put_all(account, day)
    assert scores(account, ago(100), ago(6), ago(5), TODAY) == [100, 20, 40, 40]


def test_the_numbers_of_the_day_decide_on_limits_and_segments() -> None:
    limit = LimitDraft(
        label="Much", kind="ceiling", condition=where("finance.arr", "gte", 500), points=Decimal(30)
    )
    publish_health_model(
        model=create_health_draft(by=None, content=Content(components=(flat(90),), limits=(limit,)))
    )
    publish(60, segment="Small", condition=where("finance.arr", "lt", 100))
    account = make_account()
    for day, arr in ((ago(9), 50), (ago(6), 900), (ago(3), 200), (TODAY, 700)):
        put_all(account, day, finance__arr=arr)
    assert scores(account, ago(9), ago(6), ago(3), TODAY) == [60, 30, 90, 30]


def test_the_profile_of_the_day_decides_on_segments() -> None:
    api = make_api()
    api.bulk(
        "accounts", [{"external_id": "a", "name": "Acme", "industry": "Software", "lifecycle": "customer"}]
    )
    account = Account.objects.get(name="Acme")
    Change.objects.update(changed_at=datetime.now(UTC) - timedelta(days=20))
    api.bulk("accounts", [{"external_id": "a", "industry": "Energy"}])
    Change.objects.filter(object_id=account.pk, kind="updated").update(
        changed_at=datetime.now(UTC) - timedelta(days=5)
    )
    publish(30, segment="Makers", condition=where("accounts.industry", "eq", "Software"))
    then, now = today() - timedelta(days=8), today()
    for day in (then, now):
        put_all(account, day)
    assert scores(account, then, now) == [30, 100]


def test_a_stale_input_is_named_as_a_gap_with_its_reason() -> None:
    account = make_account()
    put_all(account)
    MetricValue.objects.filter(key="engagement.committee_roles").delete()
    ProvisionalNumber.objects.create(as_of=TODAY, key="product.usage_trend", reason="Segment was 3 days old.")
    store_scores(TODAY, 0, LAST)
    told = explain_health(account.pk, TODAY, access_of("revops"))
    assert told is not None
    missing, stale = told.gaps
    assert (missing.key, missing.is_missing, missing.share) == (
        "engagement.committee_roles",
        True,
        Decimal("0.1"),
    )
    assert (stale.key, stale.is_missing, stale.share) == ("product.usage_trend", False, Decimal("0.25"))
    assert "Segment was 3 days old." in stale.told
    assert "sends again" in stale.remedy
    assert [part.freshness for part in told.components].count("Stale") == 1
    closed = explain_health(account.pk, TODAY, access_of("finance"))
    assert closed is not None
    assert all("Segment" not in gap.told for gap in closed.gaps)


def test_who_may_not_say_how_an_account_is_seen_may_not_take_it_back() -> None:
    account = make_account()
    set_sentiment(
        account=account,
        value=-1,
        reason="Their buyer left.",
        expires_on=today() + timedelta(days=9),
        by=make_user("sales"),
    )
    with pytest.raises(PermissionDenied):
        end_sentiment(account=account, by=make_user("finance"))
    assert AccountSentiment.objects.in_force(today()).exists()
