"""What holds for every resource that anyone declares."""

from __future__ import annotations

from enum import Enum
from typing import Any, get_args, get_type_hints

import pytest
from django.db import models
from django.db.models import CheckConstraint, UniqueConstraint

from sync.checks import check_resources
from sync.declarations import RESERVED, Resource
from sync.models import LIVE, Batch, Change, Link
from sync.registry import resources
from tests.sync.conftest import Api, make_api

EVERY = pytest.mark.parametrize("resource", list(resources), ids=lambda resource: resource.key)

# Constraints that hold by the types or the order of the pipeline, so that no rule needs to name them.
HELD_OTHERWISE = {
    "accounts_account_lifecycle_known",
    "accounts_account_not_own_parent",
    "accounts_account_named",
    "finance_invoice_totals_agree",
}

# Fields of which a record needs one or another, and what a field needs beside it.
ONE_OF = {"payments": ("account",), "csat-responses": ("account",)}
BESIDE = {("invoices", "corrects"): {"kind": "credit_note"}}


@pytest.fixture
def api(db: None) -> Api:
    """A client that may do everything."""
    return make_api()


def plain_value(resource: Resource, name: str, turn: int) -> Any:
    """Return a value that fits a field; another one for another ``turn``."""
    field = resource.fields_by_name[name].model_field
    if resource.fields_by_name[name].reference:
        return "target"
    if resource.fields_by_name[name].many:
        return ["target"]
    if resource.fields_by_name[name].vocabulary:
        return ("strategic", "growth")[turn]
    choices = _enum(get_type_hints(resource.record, include_extras=True)[name])
    if choices:
        return choices[turn % len(choices)]
    if isinstance(field, models.BooleanField):
        return bool(turn)
    if isinstance(field, models.DateTimeField):
        return f"2026-0{turn + 3}-01T00:00:00Z"
    if isinstance(field, models.DateField):
        return f"2026-0{turn + 3}-01"
    if isinstance(field, models.DecimalField | models.IntegerField):
        return turn + 1
    if isinstance(field, models.JSONField):
        parts = resource.fields_by_name[name].parts
        return {"turn": turn} if parts is None else [{"description": f"turn {turn}", "net": "1"}]
    if field.__class__.__name__ == "ArrayField":
        return [f"w{turn}"]
    if field.max_length in (2, 3):
        return {2: ("DE", "FR"), 3: ("EUR", "USD")}[field.max_length][turn]
    if name == "domain":
        return f"turn{turn}.example.com"
    return f"turn{turn}@example.com" if name.endswith("email") else f"turn {turn}"


def _enum(hint: Any) -> list[str]:
    if isinstance(hint, type) and issubclass(hint, Enum):
        return [str(member.value) for member in hint]
    return [value for part in get_args(hint) for value in _enum(part)]


def record(resource: Resource, turn: int = 0, **more: Any) -> dict[str, Any]:
    """Return a new record with its required fields, as of ``turn``."""
    required = {
        name: plain_value(resource, name, 0) for name in (*resource.required, *ONE_OF.get(resource.key, ()))
    }
    return {"external_id": "one", "source_updated_at": f"2026-01-0{turn + 1}T00:00:00Z", **required, **more}


def changeable(resource: Resource) -> str:
    """Return a field whose change breaks no rule."""
    ruled = {rule.field for rule in resource.rules}
    return next(
        item.name
        for item in resource.fields
        if not item.reference and item.name not in ruled and not item.name.startswith(("start", "opened"))
    )


def make_targets(api: Api, resource: Resource) -> None:
    """Create what a record's references point to, by the name ``target``."""
    for key in dict.fromkeys((*resource.references.values(), *resource.references_many.values())):
        target = resources[key]
        make_targets(api, Resource(**{**vars_of(target), "references": _others(target)}))
        answer = api.bulk(key, [record(target, external_id="target")])
        assert answer["rejected"] == answer["pending"] == 0, answer


def vars_of(resource: Resource) -> dict[str, Any]:
    """Return the arguments that a resource was declared with."""
    return {name: getattr(resource, name) for name in Resource.__dataclass_fields__}


def _others(resource: Resource) -> dict[str, str]:
    return {name: key for name, key in resource.references.items() if key != resource.key}


def test_declarations_pass_their_checks() -> None:
    assert check_resources(None) == []


@EVERY
def test_a_repeat_changes_nothing(api: Api, resource: Resource) -> None:
    make_targets(api, resource)
    changes = Change.objects.count()
    assert api.statuses(resource.key, [record(resource)]) == ["created"]
    assert api.statuses(resource.key, [record(resource)]) == ["unchanged"]
    assert resource.model._base_manager.filter(deleted_at=None).exists()
    assert Change.objects.count() == changes + (0 if resource.stream else 1)


@EVERY
def test_an_older_state_is_stale_and_a_newer_one_applied(api: Api, resource: Resource) -> None:
    make_targets(api, resource)
    field = changeable(resource)
    old = record(resource, 0, **{field: plain_value(resource, field, 0)})
    new = record(resource, 1, **{field: plain_value(resource, field, 1)})
    assert api.statuses(resource.key, [new]) == ["created"]
    assert api.statuses(resource.key, [old]) == ["stale"]
    before = api.get(f"{resource.key}/salesforce/one/")[field]
    later = record(resource, 2, **{field: plain_value(resource, field, 0)})
    assert api.statuses(resource.key, [later]) == ["updated"]
    assert api.get(f"{resource.key}/salesforce/one/")[field] != before


@EVERY
def test_a_bad_record_is_refused_by_field_and_the_others_kept(api: Api, resource: Resource) -> None:
    make_targets(api, resource)
    answer = api.bulk(
        resource.key,
        [
            record(resource, external_id="bad", nonsense=1),
            record(resource, external_id="good"),
            {"external_id": "empty"},
        ],
    )
    assert [result["status"] for result in answer["results"]] == ["rejected", "created", "rejected"]
    assert answer["results"][0]["errors"][0]["field"] == "nonsense"
    assert {error["field"] for error in answer["results"][2]["errors"]} == set(resource.required)


@EVERY
def test_every_field_refuses_what_no_column_can_hold(api: Api, resource: Resource) -> None:
    make_targets(api, resource)
    for item in resource.fields:
        dated = isinstance(item.model_field, models.DateField)
        bads = ["\x00", "x" * 100_000, {"a": {"b": ["\x00"]}}, 10**40, -(10**40), [None]]
        for bad in [*bads, "0000-01-01", "0000-01-01T00:00:00Z", "1066-10-14"] if dated else bads:
            answer = api.bulk(resource.key, [record(resource, **{item.name: bad})])
            result = answer["results"][0]
            assert result["status"] == "rejected", (item.name, bad)
            assert result["errors"][0]["field"].split(".")[0].split("[")[0] == item.name


@EVERY
def test_optional_fields_can_be_set_and_cleared(api: Api, resource: Resource) -> None:
    make_targets(api, resource)
    api.bulk(resource.key, [record(resource)])
    for item in resource.fields:
        if item.required:
            assert api.statuses(resource.key, [{"external_id": "one", item.name: None}]) == ["rejected"]
            continue
        if item.name in ONE_OF.get(resource.key, ()):
            continue
        value = plain_value(resource, item.name, 1)
        beside = BESIDE.get((resource.key, item.name), {})
        if resource.references.get(item.name) == resource.key:
            api.bulk(resource.key, [record(resource, external_id="target")])
        status = api.statuses(resource.key, [{"external_id": "one", item.name: value, **beside}])
        assert status[0] in {"updated", "unchanged"}, item.name
        assert api.statuses(resource.key, [{"external_id": "one", item.name: None}])[0] in {
            "updated",
            "unchanged",
        }
        held = resource.model._base_manager.values_list(item.column, flat=True).earliest("pk")
        assert held == item.cleared or item.reference


@EVERY
def test_a_deleted_record_comes_back_with_a_newer_state_only(api: Api, resource: Resource) -> None:
    make_targets(api, resource)
    api.bulk(resource.key, [record(resource, 0)])
    address = f"{resource.key}/salesforce/one/"
    assert api.call("delete", f"{address}?source_updated_at=2026-01-02T00:00:00Z").status_code == 200
    assert api.get(address)["deleted"] is True
    assert api.statuses(resource.key, [record(resource, 0)]) == ["stale"]
    assert api.statuses(resource.key, [record(resource, 2)]) == ["updated"]
    assert api.get(address)["deleted"] is False
    assert Batch.objects.filter(resource=resource.key, mode="delete").count() == 1


@EVERY
def test_every_constraint_has_a_rule_that_speaks_for_it(resource: Resource) -> None:
    constraints = {
        item.name
        for item in resource.model._meta.constraints
        if isinstance(item, CheckConstraint)
        or (isinstance(item, UniqueConstraint) and item.condition == LIVE)
    }
    assert constraints <= {rule.constraint for rule in resource.rules} | HELD_OTHERWISE


@EVERY
def test_every_field_can_be_read_and_filtered(api: Api, resource: Resource) -> None:
    make_targets(api, resource)
    api.bulk(resource.key, [record(resource)])
    seen = api.get(f"{resource.key}/salesforce/one/")
    own = [name for name in resource.record.__struct_fields__ if name not in RESERVED]
    assert set(own) <= set(seen)
    for name in resource.filters:
        value = seen[name]
        text = (
            value["id"]
            if isinstance(value, dict)
            else str(value).lower()
            if isinstance(value, bool)
            else value
        )
        if text is not None:
            assert api.call("get", f"{resource.key}/?{name}={text}").status_code == 200, name


@EVERY
def test_a_link_stands_for_each_record_of_an_entity(api: Api, resource: Resource) -> None:
    make_targets(api, resource)
    api.bulk(resource.key, [record(resource)])
    links = Link.objects.filter(resource=resource.key, external_id="one")
    assert links.count() == (0 if resource.stream else 1)
