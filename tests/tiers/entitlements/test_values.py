"""Values of entitlements: what is stored, what is refused, and how they read."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from tiers.entitlements.registry import check_entitlements, kinds, ordered_kinds
from tiers.entitlements.services import check_values
from tiers.entitlements.values import LONGEST_MINUTES, minutes_in_words, parse_minutes

LARGE_POD = "account executive, CSM, solutions engineer"
# DOMAIN.md's table, row by row, and what it says of pods.
DOMAIN = {
    "first_response": ("30 min", "2 h", "8 h", "24 h"),
    "clock": ("24x7", "business hours", "business hours", "business hours"),
    "channels": (
        "dedicated Slack, phone, email",
        "priority queue, email, chat",
        "email, chat",
        "self-service, email",
    ),
    "team": ("named CSM, dedicated support engineer", "named CSM", "pooled CSM", "digital CS"),
    "pod_roles": (
        f"{LARGE_POD}, product manager, engineering lead, support engineer, finance partner",
        "account executive, CSM, solutions engineer, support engineer",
        "account executive, pooled CSM",
        "digital CS",
    ),
    "escalation": ("direct to VP CS", "manager", "standard queue", "automated"),
    "monitoring": ("weekly", "monthly", "quarterly", "at renewal"),
    "access": ("product team, architecture", "solutions engineers", "standard support", "knowledge base"),
    "invoicing": (
        "custom schedule, consolidated across divisions, dedicated AP contact",
        *("monthly, annual",) * 3,
    ),
    "payment_terms": ("net 30 to 60 days, milestone, multi-year", *("net 30 days, prepay",) * 3),
    "contract_changes": ("mid-term, with pod approval", *("annual renewal",) * 3),
    "pricing": ("custom packages, volume, multi-year", *("price list",) * 3),
    "collections": ("relationship-based, CSM involved", *("automated dunning",) * 3),
}
TIERS = ("strategic", "enterprise", "growth", "standard")


def test_every_row_of_the_table_is_declared_with_its_values() -> None:
    said = {kind.key: tuple(kind.words(kind.default_for(tier)) for tier in TIERS) for kind in ordered_kinds()}
    assert said == DOMAIN
    assert list(said) == list(DOMAIN)


def test_the_declarations_pass_their_own_checks() -> None:
    assert check_entitlements(None) == []


@given(st.integers(1, LONGEST_MINUTES))
def test_a_span_of_time_reads_back_as_it_is_written(minutes: int) -> None:
    assert parse_minutes(minutes_in_words(minutes)) == minutes
    assert kinds["first_response"].value.check(minutes_in_words(minutes)) == minutes


@pytest.mark.parametrize(
    ("text", "minutes"), [("90 min", 90), ("1 h 30 min", 90), ("2h", 120), ("3 Days", 4320), ("1d", 1440)]
)
def test_people_write_spans_their_own_way(text: str, minutes: int) -> None:
    assert parse_minutes(text) == minutes


BAD: list[tuple[str, Any, str]] = [
    ("first_response", "soon", "first_response"),
    ("first_response", "", "first_response"),
    ("first_response", "0 min", "first_response"),
    ("first_response", "²", "first_response"),
    ("first_response", 0, "first_response"),
    ("first_response", -5, "first_response"),
    ("first_response", True, "first_response"),
    ("first_response", 2.5, "first_response"),
    ("first_response", LONGEST_MINUTES + 1, "first_response"),
    ("first_response", None, "first_response"),
    ("clock", "always", "clock"),
    ("clock", ["24x7"], "clock"),
    ("channels", [], "channels"),
    ("channels", "email", "channels"),
    ("channels", ["email", "pigeon"], "channels"),
    ("channels", [["email"]], "channels"),
    ("payment_terms", 30, "payment_terms__days_from"),
    ("payment_terms", {"days_from": 30, "days_to": 20, "options": []}, "payment_terms__days_to"),
    ("payment_terms", {"days_from": -1, "days_to": 20, "options": []}, "payment_terms__days_from"),
    ("payment_terms", {"days_from": 0, "days_to": 366, "options": []}, "payment_terms__days_to"),
    ("payment_terms", {"days_from": 0, "days_to": None, "options": []}, "payment_terms__days_to"),
    ("payment_terms", {"days_from": 0, "days_to": 1, "options": ["barter"]}, "payment_terms__options"),
    ("teleport", 1, "teleport"),
]


@pytest.mark.parametrize(("key", "value", "field"), BAD)
def test_a_bad_value_is_refused_at_its_field(key: str, value: Any, field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        check_values({key: value, "escalation": "manager"})
    assert list(refused.value.message_dict) == [field]
    assert all(text for texts in refused.value.message_dict.values() for text in texts)


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(ValidationError) as refused:
        check_values({"clock": "x", "payment_terms": {"days_from": -1, "days_to": -1, "options": ["x"]}})
    assert set(refused.value.message_dict) == {
        "clock",
        "payment_terms__days_from",
        "payment_terms__days_to",
        "payment_terms__options",
    }


any_value = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(st.sampled_from(sorted(DOMAIN)), any_value)
def test_no_value_breaks_a_check(key: str, value: Any) -> None:
    try:
        stored = kinds[key].value.check(value)
    except ValidationError:
        return
    assert kinds[key].value.check(stored) == stored
    assert kinds[key].words(stored)


def test_what_is_stored_is_in_the_order_of_the_list() -> None:
    assert kinds["channels"].value.check(["email", "phone", "email"]) == ["phone", "email"]


@pytest.mark.parametrize(
    ("days_from", "days_to", "options", "words"),
    [
        (0, 0, [], "due on receipt"),
        (0, 0, ["prepay"], "due on receipt, prepay"),
        (0, 30, [], "net 0 to 30 days"),
        (45, 45, [], "net 45 days"),
    ],
)
def test_terms_in_words(days_from: int, days_to: int, options: list[str], words: str) -> None:
    value = {"days_from": days_from, "days_to": days_to, "options": options}
    assert kinds["payment_terms"].words(kinds["payment_terms"].value.check(value)) == words
