"""What of a score is closed to a reader stays so in its change, its panels and its previews, and the sums stay true."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from accounts.lenses import lenses, panels
from accounts.models import Account
from metrics.engine.plan import today
from metrics.health.comparing import REST
from metrics.health.content import Content
from metrics.health.explain import REST as REST_OF_SCORE
from metrics.health.parts import parts_of
from metrics.health.previews.services import request_health_preview
from metrics.health.previews.tables import told
from metrics.health.score import store_scores
from metrics.health.services import create_health_draft
from metrics.models import HealthPreview, HealthScore, MetricValue
from metrics.registry import metrics
from metrics.runs.work import work_off
from people.access import Access, access_of
from sync.models import ProvisionalNumber
from tests.metrics.facts import LAST, make_account
from tests.metrics.test_health import put_all
from tests.metrics.test_health_scope import flat
from tests.users import client_as, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("model_1")]
# What each reads is closed to somebody, and each of them sees the score itself.
READERS = ("marketing", "support", "finance")


@pytest.fixture
def fell() -> Account:
    """A customer whose use, tickets and touches all got worse in a month."""
    account = make_account(name="Falling Ltd")
    put_all(account, today() - timedelta(days=30))
    put_all(
        account,
        today(),
        product__usage_trend="0.41",
        support__urgent_open_tickets=1,
        engagement__days_since_touch=70,
    )
    for day in (today() - timedelta(days=30), today()):
        store_scores(day, 0, LAST)
    return account


def closed_keys(access: Access) -> set[str]:
    return {one.key for one in metrics if one.component and not access.allows(one.category, one.level)}


@pytest.mark.parametrize("function", READERS)
def test_the_change_tells_closed_components_as_one_and_adds_up(fell: Account, function: str) -> None:
    page = client_as(function).get(reverse("metrics:health", args=[fell.pk]))
    change = page.context["comparison"].change
    closed = closed_keys(access_of(function))
    assert not {part.key for part in change.parts} & closed
    rest = [part for part in change.parts if part.label == REST]
    assert len(rest) == 1
    assert rest[0].points < 0
    assert sum(part.points for part in change.parts) == change.total == change.end - change.start < 0
    assert REST in change.chart.categories


@pytest.mark.parametrize("function", READERS)
def test_the_panels_of_a_lens_neither_draw_nor_propose_what_is_closed(fell: Account, function: str) -> None:
    access = access_of(function)
    score = HealthScore.objects.with_parts().get(account=fell, as_of=today())
    closed = {part.label for part in parts_of(score) if part.key in closed_keys(access)}
    chart = panels["metrics.health_makeup"].load_for(fell, today(), access)["chart"]
    *bars, total = chart.series[0].values
    assert sum(bars) == total
    assert REST_OF_SCORE in chart.categories
    assert closed
    assert not set(chart.categories) & closed
    way = panels["metrics.health_green"].load_for(fell, today(), access)
    moved = {move["key"] for one in way["proposals"] for move in one["moves"]}
    assert not moved & closed_keys(access)


@pytest.mark.parametrize("function", READERS)
def test_the_table_of_components_tells_nothing_of_closed_ones_but_name_and_weight(
    fell: Account, function: str
) -> None:
    page = client_as(function).get(reverse("metrics:health", args=[fell.pk]))
    closed = closed_keys(access_of(function))
    held = [part for part in page.context["health"].components if part.key in closed]
    assert held
    for part in held:
        for told_ in (part.value, part.points, part.contribution, part.lost):
            assert getattr(told_, "is_redacted", False), part.key


@pytest.mark.parametrize("function", READERS)
def test_a_panel_names_no_closed_input_that_is_missing_or_stale_and_says_why(
    fell: Account, function: str
) -> None:
    MetricValue.objects.filter(as_of=today(), key="product.features_used_30d").delete()
    ProvisionalNumber.objects.create(as_of=today(), key="product.usage_trend", reason="Silent.")
    store_scores(today(), 0, LAST)
    HealthScore.objects.filter(account=fell, as_of=today()).update(limit="No usage for 30 days")
    told_ = panels["metrics.health_makeup"].load_for(fell, today(), access_of("revops"))
    assert (told_["missing"], told_["stale"]) == (["Features in use"], ["Usage trend"])
    assert "No usage for 30 days" in told_["chart"].title
    assert told_["reasons"] == []
    fell = Account.objects.get(pk=fell.pk)
    shown = panels["metrics.health_makeup"].load_for(fell, today(), access_of(function))
    assert shown["missing"] == shown["stale"] == []
    assert "No usage" not in shown["chart"].title
    assert any("does not read product usage" in reason for reason in shown["reasons"])


def test_what_components_add_up_to_before_a_limit_is_told_apart_from_what_it_holds_back() -> None:
    account = make_account()
    put_all(account, today(), product__days_since_last_use=40)
    store_scores(today(), 0, LAST)
    found = client_as("revops").get(reverse("metrics:health", args=[account.pk])).context["health"]
    assert found.limit == "No usage for 30 days"
    assert (found.unlimited, found.held, found.total) == (90, -16, 74)
    assert sum(part.contribution for part in found.components) == 90


def test_every_lens_shows_health() -> None:
    """Whoever reads an account sees its score; what of it is closed is left out within the panel."""
    for lens in lenses:
        assert "metrics.health_makeup" in lens.panels, lens.key
    leadership = lenses["leadership"].panels
    assert {"metrics.health_makeup", "metrics.health_green", "metrics.health_trend"} <= set(leadership)


@pytest.mark.parametrize("function", READERS)
def test_a_preview_gives_closed_reasons_no_name(fell: Account, function: str) -> None:
    draft = create_health_draft(
        by=None,
        content=Content(
            components=(
                flat(20),
                flat(30, key="support.urgent_open_tickets", label="Urgent"),
                flat(40, key="engagement.days_since_touch", label="Touch"),
            )
        ),
    )
    run: Any = request_health_preview(model=draft, by=make_user("revops"))
    work_off("metrics.health_preview", run.pk)
    run = HealthPreview.objects.get(pk=run.pk)
    access = access_of(function)
    names = {
        "product.usage_trend": "Trend",
        "support.urgent_open_tickets": "Urgent",
        "engagement.days_since_touch": "Touch",
    }
    (mover,) = told(run, run.rows.select_related("account", "tier"), access)
    shown = {reason.name for reason in mover.reasons}
    assert "Redacted parts" in shown
    for key in closed_keys(access) & names.keys():
        assert names[key] not in shown
    (mover,) = told(run, run.rows.select_related("account", "tier"), access_of("revops"))
    assert mover.after is not None
    assert "Redacted parts" not in {reason.name for reason in mover.reasons}
    assert mover.change == mover.after - Decimal(mover.before or 0)
