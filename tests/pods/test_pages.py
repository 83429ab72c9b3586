"""Signals on pages: today's sentence today, and on a past day nothing that was not known then."""

from __future__ import annotations

from datetime import date

import pytest
from django.urls import reverse

from accounts.models import Account
from pods.models import Signal
from tests.accounts.rows import days_ago, make_listed
from tests.users import client_as

pytestmark = pytest.mark.django_db

SENTENCE = "Health is red at 37 points"


@pytest.fixture
def account() -> Account:
    return make_listed("Signalled", standing={"health_band": "red"})


def raise_signal(
    account: Account, trigger: str = "metrics.health_red", opened_on: date | None = None
) -> None:
    Signal.objects.create(
        account=account,
        trigger=trigger,
        severity="risk",
        category="account_profile",
        reason=SENTENCE,
        opened_on=opened_on or days_ago(50),
    )


@pytest.mark.parametrize("page", ["account", "home"])
def test_a_past_day_names_the_signal_without_the_number_of_today(account: Account, page: str) -> None:
    raise_signal(account)
    client = client_as("sales")
    url = reverse("home") if page == "home" else account.get_absolute_url()
    assert SENTENCE in client.get(url).content.decode()
    past = client.get(url, {"as_of": days_ago(30)}).content.decode()
    assert SENTENCE not in past
    assert "Health is red" in past


def test_a_signal_whose_trigger_is_gone_has_no_name_on_a_past_day(account: Account) -> None:
    raise_signal(account, trigger="old.trigger")
    past = client_as("sales").get(account.get_absolute_url(), {"as_of": days_ago(30)}).content.decode()
    assert "A signal that is no longer raised" in past
    assert SENTENCE not in past


@pytest.mark.parametrize(("function", "first"), [("leadership", "Large"), ("engineering", "Small")])
def test_the_heaviest_come_first_where_revenue_may_be_read(function: str, first: str) -> None:
    for name, tier, arr, since in (
        ("Standard", "standard", 9000, 1),
        ("Large", "growth", 500, 30),
        ("Small", "growth", 100, 10),
    ):
        held = make_listed(name, tier, standing={"arr": arr, "health_band": "red"})
        raise_signal(held, opened_on=days_ago(since))
    page = client_as(function).get(reverse("home"))
    card = next(card for card in page.context["cards"] if card.key == "pods.my_signals")
    names = [row["name"] for row in card.data["accounts"]]
    assert names[0] == first
    assert names[-1] == "Standard", "the tier weighs more"
