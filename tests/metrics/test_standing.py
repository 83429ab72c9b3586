"""The standing and the tenures in tiers: what the newest refresh says, and nothing older."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange

from accounts.models import Account, Standing, Tier, TierTenure
from metrics.models import MetricValue
from tests.metrics.facts import (
    TODAY,
    ago,
    make_account,
    make_line,
    make_ticket,
    make_touch,
    make_use,
    refresh,
)

pytestmark = pytest.mark.django_db


def test_the_standing_shows_the_numbers_of_the_day() -> None:
    account = make_account("growth")
    make_line(account, ago(500), amount=1000, terms={"end_on": TODAY + timedelta(days=40)})
    make_ticket(account, ago(3))
    make_touch(account, ago(6))
    for days in range(200):
        make_use(account, ago(days))
    refresh()
    standing = Standing.objects.get()
    assert standing.tier == Tier.objects.get(slug="growth")
    assert (standing.mrr, standing.arr, standing.nrr) == (Decimal("83.33"), 1000, 1)
    assert (standing.open_tickets, standing.usage_events, standing.usage_trend) == (1, 30, 1)
    assert standing.renewal_on == TODAY + timedelta(days=40)
    assert standing.last_touch_on == ago(6)
    assert standing.health is not None
    assert standing.health_band in {"red", "amber", "green"}
    assert standing.health_change is None, "there is no score to compare with"
    assert standing.as_of == TODAY


def test_every_account_has_a_standing_even_without_numbers() -> None:
    target = make_account(lifecycle="target")
    refresh()
    standing = Standing.objects.get(account=target)
    assert (standing.arr, standing.health, standing.health_band) == (None, None, "unknown")


def test_the_refresh_of_an_earlier_day_leaves_the_standing_alone() -> None:
    account = make_account()
    make_line(account, ago(500))
    make_line(account, ago(5), amount=600)
    refresh()
    refresh(ago(10))
    standing = Standing.objects.get()
    assert (standing.as_of, standing.arr) == (TODAY, 1800)
    assert MetricValue.objects.get(key="finance.arr", as_of=ago(10)).value == 1200


def test_a_repeat_writes_no_row_that_already_says_the_same() -> None:
    make_line(make_account(), ago(500))
    refresh()
    before = Standing.objects.get().updated_at
    refresh()
    assert Standing.objects.get().updated_at == before


def test_a_number_too_large_for_its_column_shows_as_the_largest() -> None:
    account = make_account()
    make_line(account, ago(500), ago(100), amount="0.01")
    make_line(account, ago(100), amount="99999999999999.9999", period="day")
    refresh()
    standing = Standing.objects.get()
    assert standing.nrr == Decimal("99999999.9999")
    assert standing.arr == Decimal("9999999999999999.99")


def tenures(account: Account) -> list[tuple[str, date | None, date | None]]:
    held = TierTenure.objects.filter(account=account).order_by("during").select_related("tier")
    return [(tenure.tier.slug, tenure.during.lower, tenure.during.upper) for tenure in held]


def move(account: Account, slug: str | None) -> None:
    tier = Tier.objects.get(slug=slug) if slug else None
    Account.objects.filter(pk=account.pk).update(tier=tier)


def test_the_first_tenure_is_open_at_its_start() -> None:
    account, without = make_account("growth"), make_account()
    refresh(ago(10))
    assert tenures(account) == [("growth", None, None)]
    assert tenures(without) == []


def test_a_change_ends_one_tenure_and_begins_the_next() -> None:
    account = make_account("growth")
    refresh(ago(10))
    move(account, "strategic")
    refresh(ago(5))
    refresh(ago(5))
    assert tenures(account) == [("growth", None, ago(5)), ("strategic", ago(5), None)]
    move(account, None)
    refresh(ago(3))
    assert tenures(account)[-1] == ("strategic", ago(5), ago(3))
    move(account, "growth")
    refresh(ago(1))
    assert tenures(account)[-1] == ("growth", ago(1), None)


def test_two_changes_on_one_day_count_as_the_last() -> None:
    account = make_account("growth")
    refresh(ago(10))
    move(account, "strategic")
    refresh(TODAY)
    move(account, "enterprise")
    refresh(TODAY)
    assert tenures(account) == [("growth", None, TODAY), ("enterprise", TODAY, None)]


def test_tenures_only_move_forward_in_time() -> None:
    account = make_account("growth")
    refresh(TODAY)
    move(account, "strategic")
    refresh(ago(10))
    assert tenures(account) == [("growth", None, None)]


def test_a_future_tenure_is_left_alone() -> None:
    account = make_account("growth")
    tier = Tier.objects.get(slug="growth")
    later = TODAY + timedelta(days=30)
    TierTenure.objects.create(account=account, tier=tier, during=DateRange(None, later), cause="import")
    refresh()
    assert tenures(account) == [("growth", None, later)]
