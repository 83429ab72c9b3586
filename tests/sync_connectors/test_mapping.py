"""Their values in our types, and what a mapping leaves out, with its reason."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sync.connectors.convert import UnfitError, convert, moment
from sync.connectors.declarations import Item, Mapped, Part, Stream
from sync.connectors.mapping import (
    custom_key,
    known_fields,
    map_items,
    missing_required,
    needed_fields,
    parts_here,
    usual_mapping,
)
from sync.connectors.registry import connectors
from sync.declarations import Field
from sync.registry import resources

STREAMS = [(connector.key, stream) for connector in connectors for stream in connector.streams]


def field_of(resource: str, name: str) -> Field:
    return resources[resource].fields_by_name[name]


@pytest.mark.parametrize(
    ("resource", "name", "given_", "expected"),
    [
        ("accounts", "employees", "120", 120),
        ("accounts", "employees", 120.0, 120),
        ("accounts", "employees", "1,200", 1200),
        ("accounts", "employees", "many", "many"),
        ("accounts", "employees", 12.5, 12.5),
        ("accounts", "name", "  Acme  ", "Acme"),
        ("accounts", "name", 42.0, "42"),
        ("accounts", "industry", "", None),
        ("accounts", "industry", "   ", None),
        ("accounts", "country", "Germany", "DE"),
        ("accounts", "country", "gb", "GB"),
        ("accounts", "country", "USA", "US"),
        ("accounts", "lifecycle", "Customer", "customer"),
        ("accounts", "workspace_ids", "a; b,c", ["a", "b", "c"]),
        ("accounts", "parent", 17, "17"),
        ("contacts", "is_active", "true", True),
        ("contacts", "is_active", "No", False),
        ("contracts", "start_on", "2026-05-01", date(2026, 5, 1)),
        ("contracts", "start_on", "2026-05-01T23:30:00+02:00", date(2026, 5, 1)),
        ("contracts", "start_on", 1777629600, date(2026, 5, 1)),
        ("contracts", "start_on", "soon", "soon"),
        ("contract-lines", "amount", "1,234.50", Decimal("1234.50")),
        ("contract-lines", "amount", "NaN", "NaN"),
        ("tickets", "opened_at", "1777629600000", datetime(2026, 5, 1, 10, tzinfo=UTC)),
    ],
)
def test_values_take_the_type_of_our_field(resource: str, name: str, given_: Any, expected: Any) -> None:
    assert convert(field_of(resource, name), given_, {}) == expected


def test_words_are_translated_without_regard_to_case() -> None:
    lifecycle = field_of("accounts", "lifecycle")
    assert convert(lifecycle, "Former CUSTOMER", {"former customer": "churned"}) == "churned"
    with pytest.raises(UnfitError, match="“Partner” has no translation"):
        convert(lifecycle, "Partner", {"former customer": "churned"})
    with pytest.raises(UnfitError, match="no country we know"):
        convert(field_of("accounts", "country"), "Atlantis", {})


@pytest.mark.parametrize(
    ("resource", "name", "junk", "reason"),
    [
        ("accounts", "domain", "n/a", "This is no web domain"),
        ("accounts", "currency", "ABC", "no ISO 4217 code"),
        ("contacts", "email", "none", "no e-mail address"),
    ],
)
def test_junk_in_an_optional_field_leaves_only_the_field_open(
    resource: str, name: str, junk: str, reason: str
) -> None:
    with pytest.raises(UnfitError, match=reason):
        convert(field_of(resource, name), junk, {})
    # A required field is left to the pipeline, which refuses the record by name.
    assert convert(field_of("contracts", "currency"), "ABC", {}) == "ABC"


@example("²")
@given(st.one_of(st.integers(), st.floats(), st.text(), st.booleans(), st.none(), st.lists(st.text())))
def test_nothing_that_json_can_say_breaks_a_conversion(value: Any) -> None:
    for resource in resources:
        for held in resource.fields:
            with suppress(UnfitError):
                convert(held, value, {"x": "y"})
    moment(value)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Region__c", "region"),
        ("AnnualRevenue", "annual_revenue"),
        ("metadata.plan", "plan"),
        ("custom_fields.9001", "9001"),
        ("Größe", "gr_e"),
        ("???", "field"),
    ],
)
def test_own_fields_get_a_plain_key(name: str, key: str) -> None:
    assert custom_key(name) == key


@pytest.mark.parametrize(("kind", "stream"), STREAMS, ids=lambda value: getattr(value, "key", value))
def test_the_usual_mapping_fills_what_we_require_with_fields_that_are_known(kind: str, stream: Any) -> None:
    mapping = usual_mapping(stream)
    assert missing_required(stream, mapping) == {}
    known = {field.name for field in known_fields(stream, [])}
    assert needed_fields(stream, mapping) <= known
    for part, resource in parts_here(stream):
        for line in mapping[part.resource]:
            for word in line.get("values", {}).values():
                assert convert(resource.fields_by_name[line["target"]], word, {}) == word


def test_an_object_without_a_place_here_is_none_of_ours() -> None:
    quotes = Stream("Quote", "Quotes", parts=(Part("quotes", (Mapped("Name", "name"),)),))
    assert not parts_here(quotes)
    opportunity = connectors["salesforce"].stream("Opportunity")
    assert opportunity is not None
    assert parts_here(opportunity)


def account(**values: Any) -> Item:
    return Item("accounts", "1", datetime(2026, 5, 1, tzinfo=UTC), values)


def test_what_has_no_place_is_left_out_and_counted() -> None:
    stream = connectors["hubspot"].streams[0]
    mapping = usual_mapping(stream)
    mapping["accounts"].append({"source": "tags", "target": "custom.tags"})
    mapping["accounts"].append({"source": "gone", "target": "custom.gone"})
    mapped = map_items(
        stream,
        mapping,
        [
            account(name_or_domain="A", country="Atlantis", lifecyclestage="partner", tags=["x", "y"]),
            account(country="Atlantis"),
        ],
    )
    first, second = mapped.records["accounts"]
    assert first == {
        "external_id": "1",
        "source_updated_at": datetime(2026, 5, 1, tzinfo=UTC),
        "name": "A",
        "custom": {"tags": "x; y"},
    }
    assert "name" not in second
    assert mapped.left_out == {
        "account, country: “Atlantis” is no country we know": 2,
        "account, lifecycle: “partner” has no translation": 1,
    }


def test_half_a_character_and_huge_numbers_are_kept_as_far_as_they_can_be() -> None:
    stream = connectors["hubspot"].streams[0]
    mapping = {"accounts": [{"source": "name", "target": "name"}, {"source": "n", "target": "custom.n"}]}
    mapped = map_items(stream, mapping, [account(name="Acme \ud83d", n=10**30)])
    [record] = mapped.records["accounts"]
    assert record["name"] == "Acme ?"
    assert record["custom"] == {"n": str(10**30)}


@pytest.mark.parametrize("value", ["1e999999999", "-1e999999999", "1e30", 10**400])
def test_a_count_beyond_all_bounds_stays_as_it_is_and_is_refused_by_name(value: Any) -> None:
    assert convert(field_of("accounts", "employees"), value, {}) == value
