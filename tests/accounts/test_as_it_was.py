"""The account page of a past day shows the profile of that day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from accounts.models import Account
from sync.models import Change
from tests.sync.conftest import make_api
from tests.users import client_as

pytestmark = pytest.mark.django_db


@pytest.fixture
def account(db: None) -> Account:
    """An account that came ten days ago and has changed its industry, owner and parent five days ago."""
    api = make_api()
    api.bulk(
        "accounts", [{"external_id": "p", "name": "Old Holding"}, {"external_id": "q", "name": "New Holding"}]
    )
    record = {
        "external_id": "a",
        "name": "Acme",
        "industry": "Software",
        "parent": "p",
        "owner_email": "a@example.com",
    }
    api.bulk("accounts", [record])
    account = Account.objects.get(name="Acme")
    Change.objects.update(changed_at=datetime.now(UTC) - timedelta(days=10))
    api.bulk(
        "accounts",
        [{"external_id": "a", "industry": "Energy", "parent": "q", "owner_email": "b@example.com"}],
    )
    Change.objects.filter(object_id=account.pk, kind="updated").update(
        changed_at=datetime.now(UTC) - timedelta(days=5)
    )
    return account


def page(account: Account, days_ago: int) -> str:
    day = (timezone.now() - timedelta(days=days_ago)).date()
    answer = client_as("revops").get(f"/accounts/{account.pk}/?as_of={day}")
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_the_profile_is_of_the_day(account):
    then, now = page(account, 7), page(account, 1)
    assert "Software" in then
    assert "Energy" not in then
    assert "Old Holding" in then
    assert "a@example.com" in then
    assert "Energy" in now
    assert "New Holding" in now
    assert "b@example.com" in now


def test_an_account_that_came_later_says_so(account):
    text = page(account, 20)
    assert "This account came in on" in text
    assert "Software" in text


def test_the_api_shows_the_profile_of_the_day(account):
    day = (timezone.now() - timedelta(days=7)).date()
    found = make_api().get(f"accounts/{account.pk}/360/?as_of={day}&lens=overview")
    facts = str(found["panels"]["accounts.key_facts"])
    assert "Software" in facts
    assert "Old Holding" in facts
