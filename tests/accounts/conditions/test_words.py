"""Conditions told in words, and what changed between two."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.conditions.expression import parse_condition
from accounts.conditions.words import differences, words
from accounts.models import Account
from tests.metrics.facts import make_account

pytestmark = pytest.mark.django_db

ARR = {"field": "finance.arr", "op": "gte", "value": 150000}
ENERGY = {"field": "accounts.industry", "op": "eq", "value": "Energy"}
PEOPLE = {"field": "accounts.employees", "op": "gt", "value": 500}


def changed(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    return differences(parse_condition(before), parse_condition(after))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"all": []}, "Every account"),
        (ARR, "ARR ≥ $150,000"),
        ({**ARR, "stay": 135000}, "ARR ≥ $150,000 (to stay: $135,000)"),
        (
            {"all": [ARR, {"any": [ENERGY, PEOPLE]}]},
            "ARR ≥ $150,000 and (Industry is “Energy” or Employees > 500\u00a0people)",
        ),
        ({"not": ENERGY}, "not (Industry is “Energy”)"),
        (
            {"not": {"any": [ENERGY, PEOPLE]}},
            "not (Industry is “Energy” or Employees > 500\u00a0people)",
        ),
        (
            {"field": "finance.renewal_on", "op": "within_next_days", "value": 1},
            "Next renewal is within the next 1 day",
        ),
        (
            {"field": "finance.nrr", "op": "between", "value": [0.9, 1.205]},
            "NRR is between 90% and 120.5%",
        ),
        ({"field": "accounts.tier", "op": "in", "value": ["strategic"]}, "Tier is one of Strategic"),
    ],
)
def test_a_condition_reads_as_one_line(data: dict[str, Any], said: str) -> None:
    assert words(parse_condition(data)) == said


def test_what_is_gone_can_still_be_read() -> None:
    make_account(custom={"seats_sold": 3})
    condition = parse_condition({"all": [ARR, {"field": "custom.seats_sold", "op": "gt", "value": 2}]})
    Account.objects.update(custom={})
    assert words(condition) == "ARR ≥ $150,000 and Seats sold gt (no longer known)"


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (ARR, ARR, []),
        (ARR, {**ARR, "value": 180000}, ["ARR ≥ $150,000 became ARR ≥ $180,000"]),
        (ARR, {**ARR, "stay": 1}, ["ARR ≥ $150,000: staying now takes $1"]),
        ({**ARR, "stay": 1}, {**ARR, "stay": 2}, ["ARR ≥ $150,000: staying took $1, now $2"]),
        (
            {**ARR, "stay": 1},
            ARR,
            ["ARR ≥ $150,000: staying takes the same as entering, no longer $1"],
        ),
        (ARR, ENERGY, ["Removed: ARR ≥ $150,000", "Added: Industry is “Energy”"]),
        ({"all": [ARR, ENERGY]}, {"all": [ENERGY, ARR]}, []),
        ({"all": [ARR]}, {"all": [PEOPLE, ARR]}, ["Added: Employees > 500\u00a0people"]),
        ({"all": [ARR, ENERGY]}, {"any": [ARR, ENERGY]}, ["“All of” became “Any of”"]),
        (
            {"all": [{"any": [ARR, ENERGY]}, PEOPLE]},
            {"all": [{"any": [{**ARR, "value": 1}, ENERGY]}, PEOPLE]},
            ["ARR ≥ $150,000 became ARR ≥ $1"],
        ),
        ({"not": ARR}, {"not": {**ARR, "value": 1}}, ["Inside “not”: ARR ≥ $150,000 became ARR ≥ $1"]),
        (ARR, {"all": [ARR, ENERGY]}, ["Added: Industry is “Energy”"]),
    ],
)
def test_a_change_is_told_in_words(before: dict[str, Any], after: dict[str, Any], said: list[str]) -> None:
    assert changed(before, after) == said
