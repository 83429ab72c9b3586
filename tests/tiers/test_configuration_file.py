"""Tier rules and entitlements as a file: drafted, published only where that is asked for, refused with the place."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
import yaml

from people.configuration.files import apply_import, export_yaml, plan_import, read_yaml
from people.configuration.history import Asked, read_saves
from people.configuration.registry import ConfigError, sections
from people.models import User
from tests.users import make_user
from tiers.models import EntitlementValue, RuleSet
from tiers.services import create_draft, publish_rule_set, seen_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def revops() -> User:
    return make_user("revops")


@pytest.fixture
def published(revops: User) -> RuleSet:
    draft = create_draft(by=revops)
    return publish_rule_set(rule_set=draft, by=revops, expected=seen_of(draft))


def edited(change: Any) -> dict[str, Any]:
    document = yaml.safe_load(export_yaml(["tiers"]))
    change(document["tiers"])
    return read_yaml(yaml.safe_dump(document))


def words(data: dict[str, Any], *, is_published: bool = False) -> list[str]:
    return list(plan_import(data, is_published=is_published)[0].changes)


def raise_the_bar(rules: Any) -> None:
    rules["rules"][0]["condition"]["value"] = 300_000
    strategic = rules["entitlements"]["strategic"]["payment_terms"]
    rules["entitlements"]["standard"]["payment_terms"] = deepcopy(strategic)


def test_an_import_is_a_draft_and_repeating_it_changes_nothing(published: RuleSet, revops: User) -> None:
    data = edited(raise_the_bar)
    said = words(data)
    assert any("Largest revenue" in sentence and "300,000" in sentence for sentence in said)
    assert any(sentence.startswith("A new draft: Standard, payment terms") for sentence in said)
    apply_import(data, by=revops)
    assert sorted(RuleSet.objects.values_list("version", "state")) == [(1, "published"), (2, "draft")]
    assert words(data) == []
    apply_import(data, by=revops)
    assert RuleSet.objects.count() == 2
    strategic, standard = (
        EntitlementValue.objects.get(rule_set__version=2, tier__slug=slug, key="payment_terms").value
        for slug in ("strategic", "standard")
    )
    assert strategic == standard


def test_the_draft_is_published_where_that_is_asked_for(published: RuleSet, revops: User) -> None:
    data = edited(raise_the_bar)
    apply_import(data, by=revops)
    assert words(data, is_published=True)[0].startswith("Version 2 is published")
    apply_import(data, by=revops, is_published=True)
    assert sorted(RuleSet.objects.values_list("version", "state")) == [(1, "retired"), (2, "published")]
    assert words(data, is_published=True) == []


def test_it_needs_somebody_of_revops(published: RuleSet) -> None:
    data = edited(raise_the_bar)
    for by in (None, make_user("sales")):
        with pytest.raises(ConfigError, match="Name somebody of RevOps with --by"):
            apply_import(data, by=by)
    assert RuleSet.objects.count() == 1


def test_no_rules_in_a_file_retire_those_in_force_only_where_that_is_asked_for(
    published: RuleSet, revops: User
) -> None:
    data = read_yaml(yaml.safe_dump({"abe_configuration": 1, "tiers": {}}))
    assert words(data) == []
    assert words(data, is_published=True) == ["Version 1 is retired: the CRM's tiers count again"]
    apply_import(data, by=revops, is_published=True)
    assert yaml.safe_load(export_yaml(["tiers"]))["tiers"] == {}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda rules: rules["rules"].pop(), "tiers.rules[2].condition: The last rule must take everyone"),
        (lambda rules: rules["rules"][0].update(tier="gold"), "tiers.rules[0].tier: There is no tier “gold”"),
        (lambda rules: rules["rules"][0].update(rank=1), "tiers.rules[0].rank: is not known here"),
        (
            lambda rules: rules["rules"][0]["condition"].update(field="finance.gone"),
            "tiers.rules[0].condition.field: ",
        ),
        (
            lambda rules: rules["rules"][0]["condition"].update(stay=900_000),
            "tiers.rules[0].condition.stay: ",
        ),
        (lambda rules: rules["entitlements"].pop("growth"), "tiers.entitlements.growth: is missing"),
        (
            lambda rules: rules["entitlements"]["growth"].update(gold=1),
            "tiers.entitlements.growth.gold: Nobody grants",
        ),
        (lambda rules: rules.update(minimum_dwell_days=-1), "tiers.minimum_dwell_days: "),
        (lambda rules: rules.update(rules=[7]), "tiers.rules[0]: must be names with values"),
        (lambda rules: rules.update(rules=[{"name": "x"}]), "tiers.rules[0]: "),
        (lambda rules: rules.pop("note"), "tiers.note: is missing"),
    ],
)
def test_what_rules_cannot_hold_is_refused_with_its_place(published: RuleSet, change: Any, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        plan_import(edited(change))
    assert any(str(problem).startswith(said) for problem in refused.value.problems), refused.value.problems


def test_the_audit_tells_rules_in_sentences(published: RuleSet, revops: User) -> None:
    apply_import(edited(raise_the_bar), by=revops)
    told = [str(line) for save in read_saves(Asked([sections["tiers"]]))[0] for line in save.lines]
    assert any("Version 1, state: from draft to published" in line for line in told)
    assert any(line.startswith("Version 2 added: draft") for line in told)
