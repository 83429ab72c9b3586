"""What RevOps' first screen says of tiers."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Account
from metrics.engine.plan import today
from sync.freshness.marks import replace_provisional
from tests.accounts.rows import make_busy
from tests.tiers.facts import began, make_worth, publish, set_worth
from tests.users import client_as, client_of, make_user
from tiers.assignment.assign import apply_rule_set, assign_accounts
from tiers.assignment.boundaries import keep_all_boundaries
from tiers.models import TierOverride
from tiers.services import override_tier

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def card(key: str, function: str = "revops") -> dict[str, Any]:
    page = client_as(function).get(reverse("home_panel", args=[key]))
    return dict(page.context["card"].data)


def text(key: str, function: str = "revops") -> str:
    return client_as(function).get(reverse("home_panel", args=[key])).content.decode()


def exported(key: str) -> list[list[str]]:
    response = client_as("revops").get(reverse("home_panel", args=[key]), {"export": "csv"})
    told = b"".join(response.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    return list(csv.reader(io.StringIO(told)))


def settled(arr: int, name: str) -> Account:
    """Create an account that has held what its ARR gives it for 200 days."""
    account = make_worth(arr, name=name)
    assign_accounts([account.pk])
    began(account, today() - 200 * DAY)
    return account


def moved(arr: int, name: str, then: int) -> Account:
    """Create an account that holds what its ARR gave it 200 days ago, and is worth something else now."""
    account = settled(arr, name)
    set_worth(account, then)
    return account


def test_without_rules_each_card_says_what_to_do() -> None:
    assert "No tier rules are in force" in text("tiers.fired")
    assert "Publish rules" in text("tiers.near_boundary")
    assert "No move waits" in text("tiers.pending_moves")
    assert "No override expires soon" in text("tiers.overrides_ending")


def test_rules_that_fired_are_counted_and_every_move_is_in_the_file() -> None:
    publish()
    accounts = [settled(1_000, f"Riser {n}") for n in range(8)]
    big = settled(30_000, "Big")
    assert "No rule moved an account last night" in text("tiers.fired")
    set_worth(big, 500_000)
    for account in accounts:
        set_worth(account, 25_000)
    apply_rule_set()
    data = card("tiers.fired")
    assert data["finding"].endswith(": 9 up")
    assert [(rule["rule__name"], rule["n"]) for rule in data["rules"]] == [("Large", 1), ("Middle", 8)]
    first = data["rows"][0]
    assert (first["account__name"], first["from_slug"], first["tier__slug"]) == ("Big", "growth", "strategic")
    assert first["why"] == "Rule “Large” of version 1"
    assert data["more"] == 3
    assert len(exported("tiers.fired")) == 10
    assert accounts[0].name in text("tiers.fired")


def test_accounts_near_a_boundary_are_shown_with_the_number_that_decides() -> None:
    near = make_worth(19_000, name="Nearly")
    make_worth(50_000, name="Far")
    publish()
    apply_rule_set()
    keep_all_boundaries()
    (row,) = card("tiers.near_boundary")["rows"]
    assert (row["name"], row["tier"].slug, row["other"].slug) == ("Nearly", "standard", "growth")
    assert (row["because"], row["asked"]) == ("ARR $19,000", "asked ≥ $20,000")
    assert reverse("tiers:account", args=[near.pk]) in text("tiers.near_boundary")
    shown = text("tiers.near_boundary", "support")
    assert "Nearly" not in shown, "to be near a threshold that everybody reads nearly tells the number"
    assert "19,000" not in shown
    assert "1 account hangs on a number that you can’t see" in shown
    assert len(exported("tiers.near_boundary")) == 2


def test_moves_that_wait_are_told_by_why() -> None:
    publish()
    moved(150_000, "Falls", 30_000)
    apply_rule_set()
    data = card("tiers.pending_moves")
    assert [(one["label"], one["count"]) for one in data["counts"]] == [("In its grace period", 1)]
    assert exported("tiers.pending_moves")[1][1:5] == [
        "Falls",
        "Strategic",
        "Growth",
        "In its grace period",
    ]


def test_overrides_that_end_within_thirty_days_lead_to_where_they_are_extended() -> None:
    by = make_user("revops", name="Rita Rule")
    publish(by=by)
    soon, later = make_worth(10, name="Soon"), make_worth(10, name="Later")
    tier = Account.objects.get(pk=moved(150_000, "Other", 150_000).pk).standing.tier
    assert tier is not None
    override = override_tier(account=soon, tier=tier, reason="Board", by=by, ends_on=today() + 20 * DAY)
    override_tier(account=later, tier=tier, reason="Board", by=by, ends_on=today() + 40 * DAY)
    assert [row.account.name for row in card("tiers.overrides_ending")["rows"]] == ["Soon"]
    assert "1 override ends later" in text("tiers.overrides_ending")
    link = f"{reverse('tiers:account', args=[soon.pk])}#override-{override.pk}"
    assert link in text("tiers.overrides_ending")
    client = client_of(by)
    page = client.get(reverse("tiers:account", args=[soon.pk])).content.decode()
    assert f'id="override-{override.pk}"' in page
    url = reverse("tiers:extend_override", args=[soon.pk, override.pk])
    for wrong in ("", "x", str(today()), str(today() + 3000 * DAY)):
        assert client.post(url, {"ends_on": wrong}).status_code == 422, wrong
    assert client.post(url, {"ends_on": str(today() + 60 * DAY)}).status_code == 302
    assert TierOverride.objects.get(pk=override.pk).ends_on == today() + 60 * DAY
    assert card("tiers.overrides_ending")["rows"] == []
    assert client_as("sales").post(url, {"ends_on": str(today() + 9 * DAY)}).status_code == 403


def test_cards_say_when_the_numbers_of_the_rules_are_old() -> None:
    publish()
    moved(150_000, "Falls", 30_000)
    moved(1_000, "Rises", 19_000)
    moved(1_000, "Rose", 30_000)
    apply_rule_set()
    keep_all_boundaries()
    make_busy()  # the newest day of which there are figures is today
    replace_provisional(as_of=today(), reasons={"finance.arr": "Stripe is 3 days old."})
    for key in ("tiers.fired", "tiers.near_boundary", "tiers.pending_moves"):
        assert "Stripe is 3 days old." in text(key), key
        assert exported(key)[1][-1] == "Stripe is 3 days old.", key


def test_a_busy_first_screen_costs_no_more_queries() -> None:
    client = client_as("revops")

    def queries() -> int:
        client.get(reverse("home"))
        with CaptureQueriesContext(connection) as caught:
            assert client.get(reverse("home")).status_code == 200
        return len(caught.captured_queries)

    publish()
    moved(150_000, "Falls", 30_000)
    quiet = queries()
    for number in range(9):
        moved(1_000, f"Rises {number}", 30_000 if number % 2 else 19_000)
    apply_rule_set()
    keep_all_boundaries()
    data = card("tiers.fired")
    assert data["rows"]
    assert queries() <= quiet
