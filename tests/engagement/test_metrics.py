"""Numbers of the relationship, as of a day."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from engagement.models import Engagement
from tests.metrics.facts import TODAY, ago, at, make_account, make_contact, make_deal, make_touch, measure

pytestmark = pytest.mark.django_db


def test_the_last_touch_is_the_newest_by_the_day() -> None:
    account = make_account()
    make_touch(account, ago(40))
    make_touch(account, ago(3))
    epoch = date(1970, 1, 1)
    assert measure("engagement.last_touch_on") == {account.pk: (ago(3) - epoch).days}
    assert measure("engagement.last_touch_on", ago(10)) == {account.pk: (ago(40) - epoch).days}
    assert measure("engagement.days_since_touch") == {account.pk: 3}
    assert measure("engagement.days_since_touch", ago(50)) == {}


def test_web_visits_and_deleted_touches_are_none() -> None:
    account = make_account()
    make_touch(account, ago(1), kind="web")
    gone = make_touch(account, ago(2))
    Engagement.objects.filter(pk=gone.pk).update(deleted_at=at(TODAY))
    make_touch(account, ago(9))
    assert measure("engagement.days_since_touch") == {account.pk: 9}
    assert measure("engagement.touches_90d") == {account.pk: 1}


def test_customers_without_touches_have_zero_once_anything_is_connected() -> None:
    touched, silent = make_account(), make_account()
    assert measure("engagement.touches_90d") == {}
    make_touch(touched, ago(100))
    assert measure("engagement.touches_90d") == {touched.pk: 0, silent.pk: 0}
    assert measure("engagement.active_contacts") == {touched.pk: 0, silent.pk: 0}


def test_contacts_are_active_through_touches_of_90_days() -> None:
    account = make_account()
    champion, legal, old = make_contact(account), make_contact(account, "legal"), make_contact(account)
    make_touch(account, ago(1), champion)
    make_touch(account, ago(5), champion)
    make_touch(account, ago(89), legal)
    make_touch(account, ago(90), old)
    make_touch(account, ago(1))
    assert measure("engagement.active_contacts") == {account.pk: 2}


def test_committee_roles_are_distinct_and_leave_users_and_blockers_out() -> None:
    account = make_account()
    for role in ("champion", "champion", "economic_buyer", "user", "blocker", ""):
        make_touch(account, ago(3), make_contact(account, role))
    assert measure("engagement.committee_roles") == {account.pk: 2}


def test_coverage_is_the_share_of_the_roles_that_a_committee_needs() -> None:
    account, silent = make_account(), make_account()
    for role in ("champion", "champion", "economic_buyer", "legal", "user", "blocker", ""):
        make_touch(account, ago(3), make_contact(account, role))
    make_touch(account, ago(90), make_contact(account, "executive_sponsor"))
    assert measure("engagement.committee_coverage") == {account.pk: Decimal("0.5"), silent.pk: 0}


def test_a_contact_who_was_deleted_is_not_active() -> None:
    account = make_account()
    make_touch(account, ago(3), make_contact(account, deleted_at=at(TODAY)))
    assert measure("engagement.active_contacts") == {account.pk: 0}


def test_a_deal_is_open_from_its_opening_until_it_is_decided() -> None:
    account, other = make_account(), make_account()
    make_deal(account, ago(50), ago(10), is_closed=True)
    make_deal(account, ago(40), ago(-20))
    make_deal(account, ago(30), ago(5), is_won=True)  # won, and not closed by the CRM
    assert measure("engagement.open_opportunities") == {account.pk: 1, other.pk: 0}
    assert measure("engagement.open_opportunities", ago(5)) == {account.pk: 1, other.pk: 0}
    assert measure("engagement.open_opportunities", ago(20)) == {account.pk: 3, other.pk: 0}
    assert measure("engagement.open_opportunities", ago(60)) == {}
