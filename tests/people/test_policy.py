"""The access policy: reads, saves, history."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from people.access import access_of
from people.functions import Function
from people.models import AccessGrant, Category, Level, default_level
from people.policy import (
    all_pairs,
    change_of,
    changes_since,
    differences,
    held_levels,
    policy_version,
    read_wishes,
    recent_changes,
)
from people.services import PolicyChangedError, change_access
from tests.users import make_user

pytestmark = pytest.mark.django_db

SUPPORT_REVENUE = ("support", "revenue")


def test_the_migrated_policy_is_the_default_matrix() -> None:
    assert held_levels() == {pair: default_level(*pair) for pair in all_pairs()}
    assert len(all_pairs()) == len(Function) * len(Category)


@pytest.mark.parametrize(
    ("function", "category", "level"),
    [
        ("support", "revenue", Level.NONE),
        ("sales", "revenue", Level.TOTALS),
        ("customer_success", "revenue", Level.TOTALS),
        ("finance", "revenue", Level.FULL),
        ("marketing", "engagement", Level.FULL),
        ("legal", "contracts", Level.FULL),
        ("people", "account_team", Level.FULL),
        ("people", "contracts", Level.NONE),
        ("leadership", "financial_health", Level.FULL),
        ("finance", "cost_rates", Level.FULL),
        ("people", "cost_rates", Level.FULL),
        ("leadership", "cost_rates", Level.FULL),
        ("revops", "cost_rates", Level.NONE),
        ("sales", "cost_rates", Level.NONE),
    ],
)
def test_the_defaults_are_those_of_the_domain(function: str, category: str, level: Level) -> None:
    assert held_levels()[function, category] == level


def test_a_change_takes_effect_and_names_what_changed() -> None:
    changes = change_access(levels={SUPPORT_REVENUE: "totals", ("support", "contracts"): "none"})
    assert [str(change) for change in changes] == ["Support: Revenue from Nothing to Totals only"]
    assert access_of("support").allows("revenue", Level.TOTALS)
    assert not access_of("support").allows("revenue")


def test_revops_and_leadership_cannot_be_narrowed_by_service_or_database() -> None:
    with pytest.raises(ValidationError, match="can't be narrowed"):
        change_access(levels={("revops", "revenue"): "totals"})
    with pytest.raises(IntegrityError), transaction.atomic():
        AccessGrant.objects.filter(function="leadership", category="revenue").update(level="none")


@pytest.mark.parametrize("function", Function.values)
def test_who_reads_cost_rates_is_fixed_by_service_and_database(function: str) -> None:
    held = held_levels()[function, "cost_rates"]
    other = Level.NONE if held == Level.FULL else Level.FULL
    for level in (other, Level.TOTALS):
        with pytest.raises(ValidationError, match="Cost rates are for finance, people and leadership only"):
            change_access(levels={(function, "cost_rates"): level})
        with pytest.raises(IntegrityError), transaction.atomic():
            AccessGrant.objects.filter(function=function, category="cost_rates").update(level=level)
    assert change_access(levels={(function, "cost_rates"): held}) == []
    assert access_of(function).allows("cost_rates") == (function in ("finance", "people", "leadership"))
    assert read_wishes([f"{function}:cost_rates:full"]) == {}


def test_a_function_reads_why_it_does_not_read_cost_rates_and_never_that_revops_could_change_it() -> None:
    access = access_of("revops")
    told = "RevOps does not read cost rates. Cost rates are for finance, people and leadership only."
    assert access.why_not("cost_rates") == told
    assert access_of("support").why_not("revenue") == "Support does not read revenue. RevOps can change this."


@pytest.mark.parametrize("pair", [("nobody", "revenue"), ("support", "gossip")])
def test_an_unknown_pair_is_refused(pair: tuple[str, str]) -> None:
    with pytest.raises(ValidationError, match="Unknown"):
        change_access(levels={pair: "full"})


def test_a_missing_grant_reads_as_nothing() -> None:
    AccessGrant.objects.filter(function="finance", category="revenue").delete()
    assert held_levels()["finance", "revenue"] == Level.NONE
    assert not access_of("finance").allows("revenue", Level.TOTALS)


def test_a_save_against_an_older_policy_is_refused_and_changes_nothing() -> None:
    seen = policy_version()
    change_access(levels={SUPPORT_REVENUE: "totals"})
    with pytest.raises(PolicyChangedError):
        change_access(levels={("legal", "revenue"): "totals"}, seen_version=seen)
    assert held_levels()["legal", "revenue"] == Level.NONE


def test_history_tells_who_changed_what_in_one_save() -> None:
    rosa = make_user("revops", name="Rosa Delgado")
    change_access(levels={SUPPORT_REVENUE: "totals", ("legal", "support_history"): "full"}, by=rosa)
    change_access(levels={SUPPORT_REVENUE: "none"})
    (second, first), older = recent_changes()
    assert older is None
    assert (second.author, [str(part) for part in second.changes]) == (
        "Command line",
        ["Support: Revenue from Totals only to Nothing"],
    )
    assert (first.author, [str(part) for part in first.changes]) == (
        "Rosa Delgado",
        ["Support: Revenue from Nothing to Totals only", "Legal: Support history from Nothing to Everything"],
    )
    assert first.id is not None
    found = change_of(first.id)
    assert found is not None
    assert found.changes == first.changes


def test_history_pages_through_without_loss_or_repeat() -> None:
    for level in ("totals", "full", "none", "totals", "full"):
        change_access(levels={SUPPORT_REVENUE: level})
    seen, before = [], None
    for _ in range(3):
        found, before = recent_changes(before=before, size=2)
        seen += [change.changes[0].after for change in found]
    assert before is None
    assert seen == ["full", "totals", "none", "full", "totals"]


def test_changes_since_a_version_are_those_after_it() -> None:
    change_access(levels={SUPPORT_REVENUE: "totals"})
    seen = policy_version()
    assert changes_since(seen) == []
    change_access(levels={SUPPORT_REVENUE: "full"})
    assert [str(part) for change in changes_since(seen) for part in change.changes] == [
        "Support: Revenue from Totals only to Everything"
    ]


def test_wishes_of_unknown_or_fixed_functions_are_left_out() -> None:
    tokens = [
        "support:revenue:full",
        "revops:revenue:none",
        "x:revenue:full",
        "support:revenue",
        "",
        "a:b:c:d",
    ]
    assert read_wishes(tokens) == {SUPPORT_REVENUE: Level.FULL}


def test_differences_come_in_the_order_of_the_matrix() -> None:
    held = held_levels()
    wished = {("legal", "revenue"): Level.FULL, ("sales", "revenue"): Level.FULL}
    assert [change.function for change in differences(held, wished)] == ["sales", "legal"]
