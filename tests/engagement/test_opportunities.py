"""The panel of deals, for those who read the relationship."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts.lenses.registry import panels
from people.access import access_of
from tests.metrics.facts import TODAY, ago, make_account, make_deal

pytestmark = pytest.mark.django_db
PANEL = panels["engagement.opportunities"]


def test_open_deals_come_by_the_day_they_close_and_decided_ones_are_counted() -> None:
    account = make_account()
    make_deal(account, ago(40), TODAY + timedelta(days=60), name="Later", stage="Proposal", amount=900)
    make_deal(account, ago(90), ago(3), name="Late", stage="Negotiation")
    make_deal(account, ago(300), ago(200), is_closed=True, is_won=True)
    make_deal(account, ago(300), ago(100), is_closed=True)
    make_deal(account, ago(800), ago(600), is_closed=True)
    shown = PANEL.load_for(account, TODAY, access_of("sales"))
    assert [(deal["name"], deal["is_late"]) for deal in shown["deals"]] == [("Late", True), ("Later", False)]
    assert (shown["won"], shown["lost"], shown["has_more"]) == (1, 1, False)
    assert shown["deals"][1]["amount"] == 900


def test_a_past_day_shows_no_later_answer() -> None:
    account = make_account()
    make_deal(account, ago(90), ago(10), is_closed=True, is_won=True, stage="Closed won")
    shown = PANEL.load_for(account, ago(20), access_of("sales"))
    assert shown["won"] == 0
    assert [(deal["stage"], deal["close_on"]) for deal in shown["deals"]] == [("", None)]


def test_marketing_sees_deals_without_what_they_are_worth() -> None:
    account = make_account()
    make_deal(account, ago(40), TODAY + timedelta(days=60), amount=900)
    [deal] = PANEL.load_for(account, TODAY, access_of("marketing"))["deals"]
    assert deal["amount"].is_redacted
