"""``manage.py check_health`` proves the sums of everything stored, and says where one is wrong."""

from __future__ import annotations

import io
from dataclasses import replace
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command

from metrics.health.content import content_of
from metrics.health.score import store_scores
from metrics.health.services import create_health_draft, publish_health_model
from metrics.models import HealthModel, HealthScore, MetricValue
from tests.metrics.facts import LAST, TODAY, ago, make_account
from tests.metrics.test_health import put_all

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("model_1")]


def test_every_account_of_a_furnished_house_adds_up_and_a_wrong_sum_is_named() -> None:
    figures = ("0.913", "0.417", "1.003", "0.05")
    accounts = [make_account() for _ in figures]
    for day, back in ((ago(60), 0), (ago(30), 1), (TODAY, 2)):
        for place, account in enumerate(accounts):
            put_all(
                account,
                day,
                product__usage_trend=figures[(place + back) % 4],
                engagement__days_since_touch=7 * place + back,
                product__days_since_last_use=31 if place == 3 else 2,
            )
        store_scores(day, 0, LAST)
        if back == 0:
            model = HealthModel.objects.published().get(tier=None, segment="")
            content = content_of(model)
            parts = [replace(content.components[0], weight=Decimal(90)), *content.components[1:]]
            publish_health_model(
                model=create_health_draft(by=None, content=replace(content, components=parts))
            )
    MetricValue.objects.filter(as_of=TODAY, key="engagement.committee_roles").delete()
    out = io.StringIO()
    call_command("check_health", stdout=out)
    assert "4 accounts: 12 scores and 12 changes, 8 of them across models" in out.getvalue()
    HealthScore.objects.filter(account=accounts[0], as_of=TODAY).update(exact=12)
    with pytest.raises(CommandError, match="sums are wrong"):
        call_command("check_health", stdout=out, stderr=out)
    assert f"Account {accounts[0].pk}, {TODAY}" in out.getvalue()
