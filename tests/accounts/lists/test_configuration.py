"""Shared lists and views in configuration files: said in words, changed as said, named across installations."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import yaml
from django.utils import timezone

from accounts.conditions.expression import condition_data, parse_condition
from accounts.lists import services
from accounts.lists.models import ListMembership, SavedView, TargetList, ViewDefault
from accounts.models import Account
from people.configuration.files import apply_import, export_yaml, plan_import, read_yaml
from people.configuration.registry import ConfigError
from people.models import User
from tests.accounts.rows import make_listed
from tests.users import make_user

pytestmark = pytest.mark.django_db

GERMAN = {"field": "accounts.country", "op": "eq", "value": "DE"}
Document = dict[str, Any]


@pytest.fixture
def ann() -> User:
    return make_user("marketing", email="ann@example.com")


@pytest.fixture
def document(ann: User) -> Document:
    """What is exported of a list by condition, one that asks about it, one by hand, and views that use them."""
    make_listed("Alpha", country="DE", standing={})
    base = services.create_list(name="Germany", by=ann, purpose="DACH", condition=parse_condition(GERMAN))
    asks = parse_condition({"field": "accounts.in_list", "op": "in", "value": [str(base.pk)]})
    services.create_list(name="Asks", by=ann, condition=asks)
    hand = services.create_list(name="By hand", by=ann)
    services.add_accounts(target=hand, accounts=Account.objects.live(), by=ann)
    services.create_list(name="Private", by=ann, is_shared=False)
    inner = services.create_view(
        name="Inner", by=ann, params={"list": [str(base.pk)]}, where=condition_data(asks), sharing="all"
    )
    services.create_view(
        name="Outer",
        by=ann,
        params={"in_view": [str(inner.pk)], "sort": ["-finance.arr"], "columns": ["accounts.tier"]},
        sharing="functions",
        functions=["sales", "marketing"],
    )
    services.create_view(name="Mine", by=ann, params={})
    services.begin_function(view=inner, function="sales")
    return exported()


def exported() -> Document:
    return dict(yaml.safe_load(export_yaml(["lists"])))


def plan(document: Document) -> list[str]:
    return [change for each in plan_import(read_yaml(yaml.safe_dump(document))) for change in each.changes]


def apply(document: Document, by: User | None = None) -> None:
    apply_import(read_yaml(yaml.safe_dump(document)), by=by)


def refused(document: Document) -> str:
    with pytest.raises(ConfigError) as error:
        plan(document)
    return str(error.value)


def test_a_file_names_lists_and_views_by_owner_and_holds_no_private_one(document: Document) -> None:
    lists, views = document["lists"]["target_lists"], document["lists"]["views"]
    assert [one["name"] for one in lists] == ["Asks", "By hand", "Germany"]
    assert lists[0]["condition"]["value"] == ["ann@example.com/Germany"]
    assert lists[1]["condition"] is None
    assert [one["name"] for one in views] == ["Inner", "Outer"]
    assert views[0]["params"] == {"list": ["ann@example.com/Germany"]}
    assert views[0]["where"]["value"] == ["ann@example.com/Germany"]
    assert views[0]["begins_for"] == ["sales"]
    assert views[1]["params"]["in_view"] == ["ann@example.com/Inner"]


def test_another_installation_becomes_the_same_from_the_file(document: Document) -> None:
    assert plan(document) == []
    ViewDefault.objects.all().delete()
    for model in (SavedView, TargetList):
        model.objects.update(deleted_at=timezone.now())
    said = plan(document)
    assert said[0].startswith("Target list “Asks” of ann@example.com is new, by condition")
    assert len(said) == 5
    apply(document)
    assert exported() == document
    assert plan(document) == []
    germany = TargetList.objects.live().get(name="Germany")
    held = ListMembership.objects.current().filter(list=TargetList.objects.live().get(name="Asks"))
    assert list(held.values_list("account__name", flat=True)) == ["Alpha"]
    assert SavedView.objects.live().get(name="Inner").params == {"list": [str(germany.pk)]}


def test_what_changes_is_said_and_done_and_nothing_else(document: Document, ann: User) -> None:
    revops = make_user("revops")
    wanted = copy.deepcopy(document)
    lists, views = wanted["lists"]["target_lists"], wanted["lists"]["views"]
    lists[2] |= {"purpose": "All of it", "condition": GERMAN | {"value": "AT"}}
    del lists[1]
    views[0] |= {"sharing": "functions", "functions": ["sales"]}
    del views[1]["params"]["sort"]
    said = plan(wanted)
    assert said == [
        "Target list “Germany” of ann@example.com: what it is for, from “DACH” to “All of it”",
        "Target list “Germany” of ann@example.com: the condition, from Country is Germany to Country is Austria",
        "Target list “By hand” of ann@example.com is deleted with its 1 account; its owner can bring it back",
        "View “Inner” of ann@example.com: who sees it changes",
        "View “Outer” of ann@example.com: what it shows changes",
    ]
    assert exported() == document
    apply(wanted, by=revops)
    assert exported() == wanted
    germany = TargetList.objects.get(name="Germany")
    assert germany.rule is not None
    assert germany.rule.by == revops
    assert TargetList.objects.get(name="By hand").deleted_at is not None
    assert TargetList.objects.get(name="Private").deleted_at is None
    assert SavedView.objects.get(name="Mine").deleted_at is None


def test_what_cannot_be_is_refused_at_its_place(document: Document) -> None:
    def change(kind: str, place: int, **members: Any) -> Document:
        wanted = copy.deepcopy(document)
        wanted["lists"][kind][place] |= members
        return wanted

    assert "lists.target_lists[2].owner: nobody active" in refused(
        change("target_lists", 2, owner="gone@example.com")
    )
    assert "by hand here" in refused(change("target_lists", 1, condition=GERMAN))
    gone = {"field": "accounts.gone", "op": "eq", "value": 1}
    assert "lists.target_lists[2].condition" in refused(change("target_lists", 2, condition=gone))
    unknown = {"field": "accounts.in_list", "op": "in", "value": ["ann@example.com/None"]}
    assert "lists.target_lists[0].condition" in refused(change("target_lists", 0, condition=unknown))
    assert "lists.views[0].params" in refused(change("views", 0, params={"colour": ["red"]}))
    assert "lists.views[0].params" in refused(change("views", 0, params={"tier": ["bronze"]}))
    assert "lists.views[1].functions" in refused(change("views", 1, functions=[]))
    assert "doesn’t see the view" in refused(change("views", 1, begins_for=["finance"]))
    assert "begins with" in refused(change("views", 1, begins_for=["sales"]))
    twice = copy.deepcopy(document)
    twice["lists"]["views"].append(copy.deepcopy(twice["lists"]["views"][0]) | {"name": "inner "})
    assert "stands here twice" in refused(twice)


def test_a_circle_in_a_file_is_refused_and_changes_nothing(document: Document) -> None:
    wanted = copy.deepcopy(document)
    for name, other in (("One", "Two"), ("Two", "One")):
        wanted["lists"]["target_lists"].append(
            {
                "name": name,
                "owner": "ann@example.com",
                "purpose": "",
                "condition": {"field": "accounts.in_list", "op": "eq", "value": f"ann@example.com/{other}"},
            }
        )
    with pytest.raises(ConfigError, match="ask about itself"):
        apply(wanted)
    assert exported() == document
    back = copy.deepcopy(document)
    back["lists"]["target_lists"][2]["condition"] = {
        "field": "accounts.in_list",
        "op": "eq",
        "value": "ann@example.com/Asks",
    }
    with pytest.raises(ConfigError, match="Germany → Asks → Germany"):
        apply(back)
    assert exported() == document
