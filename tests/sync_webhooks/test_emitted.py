"""The refresh tells what changed: tiers, health bands, plays, renewals; once, and only what changed."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange

from accounts.models import Account, Standing, Tier, TierTenure
from metrics.models import MetricValue
from pods.models import Signal
from pods.playbooks import SIGNALS
from pods.services import close_undeclared_signals
from sync.models import OutboxEvent
from tests.metrics.facts import (
    LAST,
    TODAY,
    ago,
    make_account,
    make_line,
    make_ticket,
    make_touch,
    make_use,
    refresh,
    roll_up,
)
from tiers.assignment.night import follow_crm

pytestmark = pytest.mark.django_db


def told(kind: str) -> list[dict[str, Any]]:
    """What was emitted of a kind, oldest first."""
    return [
        {"account": event.account_id, **event.data}
        for event in OutboxEvent.objects.filter(kind=kind).order_by("pk")
    ]


def keep(day: date) -> None:
    follow_crm(day, 0, LAST)


def put_tier(account: Account, slug: str | None) -> None:
    tier = Tier.objects.get(slug=slug) if slug else None
    Account.objects.filter(pk=account.pk).update(tier=tier)


def test_a_change_of_tier_is_told_once_and_a_first_tier_is_none() -> None:
    account, steady = make_account("growth"), make_account("growth")
    keep(ago(3))
    assert told("tier.changed") == []
    put_tier(account, "strategic")
    keep(ago(2))
    keep(ago(2))
    assert told("tier.changed") == [
        {
            "account": account.pk,
            "as_of": str(ago(2)),
            "before": "growth",
            "after": "strategic",
            "cause": "import",
            "reason": "imported from the CRM",
        }
    ]
    assert TierTenure.objects.filter(account=steady).count() == 1


def test_a_second_change_on_one_day_and_a_lost_tier_are_told_as_the_tenures_have_them() -> None:
    account = make_account("growth")
    keep(ago(5))
    for day, tier in ((4, "strategic"), (4, "enterprise"), (4, None), (3, None), (3, None), (2, "standard")):
        put_tier(account, tier)
        keep(ago(day))
    pairs = [(one["as_of"], one["before"], one["after"]) for one in told("tier.changed")]
    assert pairs == [
        (str(ago(4)), "growth", "strategic"),
        (str(ago(4)), "strategic", "enterprise"),
        (str(ago(3)), "enterprise", None),
        (str(ago(2)), None, "standard"),
    ]
    held = TierTenure.objects.filter(account=account).order_by("during").values_list("tier__slug", "during")
    assert list(held) == [
        ("growth", DateRange(None, ago(4))),
        ("enterprise", DateRange(ago(4), ago(3))),
        ("standard", DateRange(ago(2), None)),
    ]


def test_a_change_of_the_health_band_is_told_and_a_first_score_is_none() -> None:
    account = make_account("growth")
    make_line(account, ago(500))
    make_ticket(account, ago(3))
    make_touch(account, ago(6))
    for days in range(200):
        make_use(account, ago(days))
    refresh(ago(1))
    assert told("health.changed") == []
    Standing.objects.filter(account=account).update(health_band="red", health=Decimal("12.5"))
    refresh()
    refresh()
    (change,) = told("health.changed")
    assert change["before"] == {"band": "red", "score": 12.5}
    assert change["after"]["band"] in ("amber", "green")
    assert change["as_of"] == str(TODAY)


def test_plays_are_told_when_they_open_and_when_they_close() -> None:
    account = make_account()
    for day, health in ((3, 41), (2, 37), (1, 60)):
        MetricValue.objects.create(
            account=account, key="metrics.health_score", as_of=ago(day), value=Decimal(health)
        )
        roll_up(f"metrics.health_red{SIGNALS}", ago(day))
        roll_up(f"metrics.health_red{SIGNALS}", ago(day))
    (opened,), (closed,) = told("play.opened"), told("play.closed")
    assert opened["trigger"] == closed["trigger"] == "metrics.health_red"
    assert opened["reason"] == "Health is red at 41 points"
    assert opened["play"] == closed["play"] == str(Signal.objects.get().pk)
    guards = OutboxEvent.objects.filter(kind="play.opened").get().guards
    assert guards == {"trigger": "account_profile", "reason": "account_profile"}


def test_a_play_of_a_trigger_that_is_gone_is_told_as_closed() -> None:
    account = make_account()
    Signal.objects.create(
        account=account, trigger="old.one", severity="risk", category="revenue", reason="x", opened_on=ago(9)
    )
    close_undeclared_signals(declared=["new.one"], as_of=TODAY, first=0, last=LAST)
    assert [one["trigger"] for one in told("play.closed")] == ["old.one"]


def test_a_renewal_is_told_once_when_its_window_opens() -> None:
    account = make_account()
    ends = TODAY + timedelta(days=89)
    for day in (3, 0):
        MetricValue.objects.create(
            account=account, key="finance.renewal_on", as_of=ago(day), value=(ends - date(1970, 1, 1)).days
        )
    roll_up(f"finance.renewal_near{SIGNALS}", ago(3))
    assert told("contract.renewal_due") == []
    roll_up(f"finance.renewal_near{SIGNALS}")
    roll_up(f"finance.renewal_near{SIGNALS}")
    assert told("contract.renewal_due") == [{"account": account.pk, "as_of": str(TODAY), "on": str(ends)}]
