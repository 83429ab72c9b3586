"""The first screen of a past day: what is known of that day, or nothing, and never today's figures."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.urls import reverse

from accounts.home import home_panels
from accounts.models import Account
from common.formatting import format_date
from people.functions import Function
from pods.models import Signal
from tests.accounts.rows import days_ago, make_busy, make_listed
from tests.users import client_as

pytestmark = pytest.mark.django_db

ONLY_TODAY = "Only for today"


def cards_of(function: str, day: Any = None) -> dict[str, Any]:
    page = client_as(function).get(reverse("home"), {"as_of": day} if day else {})
    return {card.key: card for card in page.context["cards"]}


@pytest.mark.parametrize("function", Function.values)
def test_a_past_day_shows_no_standing_of_today(function: str) -> None:
    make_busy()
    today, past = cards_of(function), cards_of(function, days_ago(200))
    gone = [
        key for key, card in today.items() if home_panels[key].is_today_only and card.state != "forbidden"
    ]
    assert list(past) == [key for key in today if key not in gone]
    page = client_as(function).get(reverse("home"), {"as_of": days_ago(200)})
    assert page.context["left_out"] == [home_panels[key].title for key in gone]


def test_a_withheld_card_is_named_on_the_page_and_says_so_by_itself() -> None:
    make_busy()
    client = client_as("leadership")
    for url, told in (
        (reverse("home"), r"Left out on this day: [^<]*Health by tier"),
        (reverse("home_panel", args=["accounts.health_by_tier"]), re.escape(ONLY_TODAY)),
    ):
        assert re.search(told, client.get(url, {"as_of": days_ago(30)}).content.decode())
        assert not re.search(told, client.get(url, {"as_of": days_ago(0)}).content.decode())


def test_every_card_that_reads_a_standing_or_a_lifecycle_is_for_today_only() -> None:
    from inspect import getsource

    reads = re.compile(r"standing__(?!tier__)|lifecycle")
    for panel in home_panels:
        if reads.search(getsource(type(panel))):
            assert panel.is_today_only, panel.key


def signals_of(day: Any = None) -> list[Any]:
    """Return since when the signals of the first screen are open."""
    held = cards_of("sales", day)["pods.my_signals"].data["accounts"]
    since = [signal["since"] for account in held for signal in account["signals"]]
    days = {f"Risk since {format_date(days_ago(back))}": days_ago(back) for back in (50, 10)}
    return sorted(days[text] for text in since)


def test_signals_of_a_past_day_are_those_open_on_it() -> None:
    account: Account = make_listed("Signalled", "strategic", standing={"health_band": "red"})
    for reason, opened, closed in (
        ("open throughout", 50, None),
        ("closed since", 50, 20),
        ("closed before", 50, 40),
        ("opened since", 10, None),
    ):
        Signal.objects.create(
            account=account,
            trigger=reason.replace(" ", "."),
            severity="risk",
            category="account_profile",
            reason=reason,
            opened_on=days_ago(opened),
            closed_on=None if closed is None else days_ago(closed),
        )
    assert signals_of(days_ago(30)) == [days_ago(50), days_ago(50)]
    assert signals_of() == [days_ago(50), days_ago(10)]
