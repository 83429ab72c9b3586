"""Red strategic accounts for leaders: who owns each, how it is seen, and what is being done."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from metrics.engine.plan import today
from metrics.health.sentiment import set_sentiment
from metrics.models import Sentiment
from pods.red_accounts import MOST_ROWS
from pods.tasks.registry import TaskKind, task_kinds
from pods.tasks.services import open_task
from tests.accounts.rows import make_listed
from tests.users import client_as, make_user

pytestmark = pytest.mark.django_db
CARD = reverse("home_panel", args=["pods.red_strategic"])


def card(function: str = "leadership") -> dict[str, Any]:
    return dict(client_as(function).get(CARD).context["card"].data)


def test_red_strategic_customers_stand_with_owner_sentiment_and_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    kind = TaskKind(key="test.rescue", label="Rescue")
    monkeypatch.setitem(task_kinds._items, kind.key, kind)
    owner = make_user("sales")
    lost, held, _, _ = (
        make_listed(name, tier, owner_email=owner.email, standing={"health": score, "health_band": band})
        for name, tier, score, band in (
            ("Lost", "strategic", 30, "red"),
            ("Held", "strategic", 20, "red"),
            ("Fine", "strategic", 80, "green"),
            ("Small", "growth", 10, "red"),
        )
    )
    set_sentiment(
        account=held,
        value=Sentiment.NEGATIVE,
        reason="Silent.",
        expires_on=today() + timedelta(days=9),
        by=owner,
    )
    for days in (5, 2):
        open_task(
            kind=kind.key,
            about=f"x:{days}",
            account=held,
            title=f"In {days} days",
            function="sales",
            due_on=today() + timedelta(days=days),
        )
    data = card()
    assert [(row["name"], row["plan"], row["more"]) for row in data["accounts"]] == [
        ("Held", "In 2 days", 1),
        ("Lost", "", 0),
    ]
    assert data["accounts"][0]["sentiment"] == "Negative"
    assert data["accounts"][0]["owner"] == owner.name
    assert data["finding"] == "2 of 3 strategic customers are red, 1 of them without a plan"
    text = client_as("leadership").get(CARD).content.decode()
    assert reverse("metrics:health", args=[lost.pk]) in text
    exported = client_as("leadership").get(f"{CARD}?export=csv")
    assert exported.status_code == 200


def test_accounts_beyond_those_shown_count_too() -> None:
    kind = next(iter(task_kinds)).key
    red = {"health_band": "red"}
    for number in range(MOST_ROWS + 1):
        account = make_listed(f"Red {number}", "strategic", standing={"health": number, **red})
        if number < MOST_ROWS:
            open_task(
                kind=kind,
                about=f"x:{number}",
                account=account,
                title="Call",
                function="sales",
                due_on=today() + timedelta(days=2),
            )
    data = card()
    assert len(data["accounts"]) == MOST_ROWS
    assert all(row["plan"] for row in data["accounts"])
    assert data["finding"] == "11 of 11 strategic customers are red, 1 of them without a plan"


def test_without_a_red_one_the_card_says_so() -> None:
    assert "No strategic customer is red" in client_as("leadership").get(CARD).content.decode()
