"""Tier rules that ask about target lists: no account keeps a tier for having it, and lists say what they move."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from accounts.conditions.expression import parse_condition
from accounts.lists.errors import ListRefused
from accounts.lists.models import TargetList
from accounts.lists.services import change_rule, create_list, restore_list
from people.models import User
from tests.tiers.facts import make_draft, publish
from tests.users import client_of, make_user
from tiers.content import EVERYONE, Content, Rule, RuleSetError

pytestmark = pytest.mark.django_db

BY_TIER: dict[str, Any] = {"field": "accounts.tier", "op": "eq", "value": "strategic"}
BY_COUNTRY: dict[str, Any] = {"field": "accounts.country", "op": "eq", "value": "DE"}


@pytest.fixture
def revops() -> User:
    return make_user("revops")


def make_list(by: User, name: str, condition: dict[str, Any]) -> TargetList:
    return create_list(name=name, by=by, condition=parse_condition(condition))


def on_list(*lists: TargetList) -> dict[str, Any]:
    return {"field": "accounts.in_list", "op": "in", "value": [str(one.pk) for one in lists]}


def rules_over(*lists: TargetList) -> Content:
    return Content(
        rules=(
            Rule(name="Named", tier="strategic", condition=on_list(*lists)),
            Rule(name="Everyone else", tier="standard", condition=EVERYONE),
        )
    )


def test_a_rule_cannot_ask_for_its_own_tier_by_way_of_lists(revops: User) -> None:
    chasing = make_list(revops, "Strategic ones", BY_TIER)
    around = make_list(revops, "Around it", on_list(chasing))
    for target in (chasing, around):
        with pytest.raises(RuleSetError) as refused:
            make_draft(rules_over(target), revops)
        (problem,) = refused.value.problems
        assert problem.path == "/rules/0/condition/field"
        assert "list's own condition asks for the tier" in problem.message


def test_a_list_that_rules_rest_on_never_comes_to_ask_for_the_tier(revops: User) -> None:
    inner = make_list(revops, "Inner", BY_COUNTRY)
    outer = make_list(revops, "Outer", on_list(inner))
    publish(rules_over(outer), revops)
    for target in (outer, inner):
        with pytest.raises(
            ListRefused, match="asks about this list, so its condition can't ask for the tier"
        ):
            change_rule(target=target, condition=parse_condition(BY_TIER), by=revops, version=target.version)
        target.refresh_from_db()
        assert target.rules.count() == 1, "nothing was written"
    free = make_list(revops, "Free", BY_COUNTRY)
    change_rule(target=free, condition=parse_condition(BY_TIER), by=revops, version=free.version)


def test_a_list_brought_back_is_held_to_the_same(revops: User) -> None:
    chasing = make_list(revops, "Strategic ones", BY_TIER)
    outer = make_list(revops, "Outer", on_list(chasing))
    TargetList.objects.filter(pk=chasing.pk).update(deleted_at="2026-01-01T00:00:00Z")
    publish(rules_over(outer), revops)
    with pytest.raises(ListRefused):
        restore_list(target=chasing, by=revops)


def test_the_page_of_a_list_names_the_rules_that_rest_on_it(revops: User) -> None:
    used, unused = make_list(revops, "Used", BY_COUNTRY), make_list(revops, "Unused", BY_COUNTRY)
    version = publish(rules_over(used), revops)
    client = client_of(revops)
    address = reverse("tiers:version", args=[version.version])
    pages = [
        client.get(reverse("accounts:target_list", args=[one.pk])).content.decode() for one in (used, unused)
    ]
    assert f'href="{address}"' in pages[0]
    assert "Who comes and goes here" in pages[0]
    assert "Who comes and goes here" not in pages[1]
