"""What is wrong with a record is told in words that say what to send instead."""

from __future__ import annotations

import msgspec
import pytest

from sync.declarations import Resource
from sync.pipeline.decode import BodyError, decode_body
from sync.registry import resources


def accounts() -> Resource:
    found = resources.get("accounts")
    assert found is not None
    return found


def told(**fields: object) -> list[tuple[str, str, str]]:
    body = msgspec.json.encode([{"external_id": "1", "name": "Acme", **fields}])
    decoded = decode_body(body, accounts(), lines=False)
    return [(error.field, error.code, error.detail) for error in decoded.errors.get(0, [])]


@pytest.mark.parametrize(
    ("fields", "field", "code", "detail"),
    [
        ({"employees": "many"}, "employees", "wrong_type", "Expected a whole number or null, not a text."),
        ({"employees": -1}, "employees", "out_of_range", "Expected at least 0."),
        ({"name": "x" * 256}, "name", "too_long", "Expected at most 255 characters."),
        ({"name": None}, "name", "wrong_type", "Expected a text, not null."),
        ({"external_id": ""}, "external_id", "too_short", "This may not be empty."),
        (
            {"lifecycle": "friend"},
            "lifecycle",
            "unknown_value",
            "Expected one of target, prospect, customer, churned; not 'friend'.",
        ),
        (
            {"source_updated_at": "yesterday"},
            "source_updated_at",
            "invalid",
            "Expected a time as in ISO 8601, such as 2026-06-30T12:00:00Z.",
        ),
        ({"workspace_ids": "ws_1"}, "workspace_ids", "wrong_type", "Expected a list or null, not a text."),
        (
            {"custom": {"fine": 1, "region": {"a": 1}}},
            "custom.region",
            "wrong_type",
            "Expected true or false, a number, a text or null, not an object.",
        ),
        ({"custom": {"": 1}}, "custom", "too_short", "This may not be empty."),
        ({"custom": []}, "custom", "wrong_type", "Expected an object or null, not a list."),
    ],
)
def test_a_field_says_what_it_takes(fields: dict[str, object], field: str, code: str, detail: str) -> None:
    assert told(**fields) == [(field, code, detail)]


def test_each_own_field_that_is_wrong_is_named() -> None:
    errors = told(custom={"a": [], "b": 1, "c": {}})
    assert [field for field, _, _ in errors] == ["custom.a", "custom.c"]


@pytest.mark.parametrize("body", [b'[{"external_id": "1"', b"[", b""])
def test_a_body_that_ends_too_early_is_refused_with_the_place(body: bytes) -> None:
    with pytest.raises(BodyError) as refused:
        decode_body(body, accounts(), lines=False)
    assert refused.value.detail == f"JSON is malformed: it ends too early (byte {len(body)})."
