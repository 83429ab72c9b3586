"""The company's own choices about retention: their effect first, who saves them, their history."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from finance.models import RetentionPolicy
from finance.retention.services import change_retention_policy
from people.configuration.history import saves_of
from people.configuration.registry import sections
from tests.metrics.facts import follow_revenue, make_account, make_line
from tests.users import client_as, client_of, make_user

pytestmark = pytest.mark.django_db

PAGE = "/finance/retention/policy/"
FLOW = {"definition": "flow", "reactivation": "in", "rates": "dated"}


def save(function: str = "finance", seen: str = "point.01", **changes: str) -> Any:
    return client_as(function).post(PAGE, {**FLOW, "seen": seen, **changes})


def held() -> tuple[str, bool, bool]:
    policy = RetentionPolicy.objects.get()
    return policy.definition, policy.counts_reactivation, policy.constant_currency


def test_the_effect_is_shown_before_anything_is_saved() -> None:
    account = make_account()
    make_line(account, date(2024, 1, 1), date(2026, 4, 1), amount=1000)
    make_line(account, date(2026, 4, 1), date(2026, 8, 1), amount=400)
    make_line(account, date(2026, 8, 1), amount=1000)
    follow_revenue()
    page = client_as("finance").get(PAGE, {**FLOW, "to": "2026-10"})
    effects = {row.label: (row.now, row.then) for row in page.context["effects"]}
    assert effects["GRR"] == (1, pytest.approx(Decimal("0.4")))
    assert effects["NRR"] == (1, 1)
    assert "Save these choices" in page.content.decode()
    assert held() == ("point", False, True)


@pytest.mark.parametrize("function", ["finance", "revops"])
def test_finance_and_revops_save_and_pages_begin_with_it(function: str) -> None:
    assert save(function).status_code == 302
    assert held() == ("flow", True, False)
    context = client_as("leadership").get("/finance/retention/").context
    assert context["asked"].choice.label == "Flow-based, twelve months, with reactivation, dated rates"
    asked = client_as("leadership").get("/finance/retention/", {"definition": "month", "rates": "constant"})
    assert asked.context["asked"].choice.label == "Monthly, with reactivation"


@pytest.mark.parametrize("function", ["leadership", "sales", "customer_success"])
def test_others_read_them_only(function: str) -> None:
    assert "Finance and RevOps change them." in client_as(function).get(PAGE).content.decode()
    assert save(function).status_code == 403
    assert held() == ("point", False, True)


def test_whoever_is_overtaken_is_told_and_overwrites_nothing() -> None:
    finance = make_user("finance")
    change_retention_policy(
        definition="quarter", counts_reactivation=False, constant_currency=True, by=finance
    )
    late = save()
    assert late.status_code == 422
    assert "Somebody changed these choices meanwhile" in late.content.decode()
    assert held() == ("quarter", False, True)


@pytest.mark.parametrize(
    "changes",
    [
        {"definition": "?"},
        {"definition": ""},
        {"seen": "\x00"},
        {"reactivation": "maybe"},
        {"reactivation": ""},
        {"rates": "NaN"},
        {"definition": "x" * 100_000},
    ],
)
def test_what_is_no_choice_is_refused(changes: dict[str, str]) -> None:
    assert save(**changes).status_code == 422
    assert held() == ("point", False, True)


def test_a_change_is_in_the_history_with_its_author_and_can_be_taken_back() -> None:
    finance = make_user("finance")
    client_of(finance).post(PAGE, {**FLOW, "seen": "point.01"})
    section = sections["retention"]
    (told,) = saves_of(section, section.tracks[0], 1)
    assert told.author_id == finance.pk
    assert next((line.field, line.before, line.after) for line in told.lines) == (
        "definition",
        "Point to point, twelve months",
        "Flow-based, twelve months",
    )
    restored = client_as("revops").post(told.restore_url)
    assert restored.status_code == 302
    assert held() == ("point", False, True)


def test_what_is_so_already_writes_no_history() -> None:
    events = RetentionPolicy.pgh_event_model.objects  # type: ignore[attr-defined]
    before = events.count()
    change_retention_policy(definition="point", counts_reactivation=False, constant_currency=True, by=None)
    assert events.count() == before
