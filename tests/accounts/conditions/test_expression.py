"""Conditions as data: what is read, what is refused, and where the message stands."""

from __future__ import annotations

import json
import time
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from accounts.conditions.expression import (
    MAX_BYTES,
    MAX_DEPTH,
    MAX_NODES,
    AllOf,
    BrokenConditionError,
    ConditionError,
    Leaf,
    condition_data,
    condition_text,
    ensure_sound,
    parse_condition,
    problems_of,
    read_condition,
    stored_condition,
)
from accounts.conditions.query import matching, meaning
from accounts.models import Account, Tier
from people.access import access_of
from tests.metrics.facts import make_account

pytestmark = pytest.mark.django_db

ARR = {"field": "finance.arr", "op": "gte", "value": 150000}


def refused(data: Any) -> dict[str, str]:
    """Return the message at each place of what is refused."""
    with pytest.raises(ConditionError) as told:
        parse_condition(data)
    assert all(problem.remedy for problem in told.value.problems)
    return {problem.path: problem.message for problem in told.value.problems}


def nested(depth: int) -> dict[str, Any]:
    """Return a condition of so many levels."""
    data: dict[str, Any] = ARR
    for _ in range(depth - 1):
        data = {"all": [data]}
    return data


def test_a_condition_reads_back_as_it_was_written() -> None:
    data = {
        "all": [
            {**ARR, "stay": 135000.5},
            {"any": [{"field": "accounts.country", "op": "in", "value": ["DE", "FR"]}]},
            {"not": {"field": "finance.renewal_on", "op": "before", "value": "2026-11-22"}},
            {"field": "accounts.industry", "op": "is_empty"},
            {"field": "engagement.last_touch_on", "op": "within_last_days", "value": 90},
        ]
    }
    condition = parse_condition(data)
    assert condition_data(condition) == data
    assert read_condition(condition_text(condition)) == condition
    assert isinstance(condition, AllOf)
    assert condition.parts[0] == Leaf("finance.arr", "gte", Decimal(150000), Decimal("135000.5"))
    assert parse_condition({"all": []}) == AllOf(())


@pytest.mark.parametrize(
    ("data", "path", "message"),
    [
        (None, "", "Here should be a condition."),
        ([ARR], "", "Here should be a condition."),
        ({}, "", "This mixes or lacks the parts."),
        ({"all": [ARR], "any": [ARR]}, "", "This mixes or lacks the parts."),
        ({"all": [ARR], "op": "eq"}, "", "“all” stands alone."),
        ({**ARR, "values": 1}, "", "“values” is no part of a condition."),
        ({"all": ARR}, "/all", "“all” takes a list of conditions."),
        ({"any": []}, "/any", "This group is empty."),
        ({"all": [{"all": []}]}, "/all/0/all", "This group is empty."),
        ({"not": None}, "/not", "Here should be a condition."),
        ({"all": [ARR, {**ARR, "field": "finance.gone"}]}, "/all/1/field", "There is no field “finance.gone”."),
        ({**ARR, "field": 3}, "/field", "The field is named by its key, a text."),
        ({**ARR, "field": "custom.nobody_has_it"}, "/field", "There is no field “custom.nobody_has_it”."),
        ({**ARR, "field": "custom.a\x00b"}, "/field", "There is no field “custom.a\x00b”."),
        ({"field": "finance.arr", "value": 1}, "/op", "The comparison is missing."),
        ({**ARR, "op": "contains"}, "/op", "ARR can't be compared by “contains”."),
        ({**ARR, "op": ["gte"]}, "/op", "ARR can't be compared by “['gte']”."),
        ({"not": {**ARR, "value": "a lot"}}, "/not/value", "“a lot” is no number."),
        ({**ARR, "value": {}}, "/value", "A number is compared here, not this."),
        ({**ARR, "value": True}, "/value", "A number is compared here, not true or false."),
        ({**ARR, "value": float("nan")}, "/value", "This is no number that anything could be compared with."),
        ({**ARR, "value": float("inf")}, "/value", "This is no number that anything could be compared with."),
        ({**ARR, "value": 10**400}, "/value", "The number is too large."),
        ({**ARR, "value": 0.12345678}, "/value", "The number has too many digits."),
        ({"field": "finance.arr", "op": "gte"}, "/value", "“ARR is at least” needs a value."),
        ({"field": "finance.arr", "op": "is_set", "value": 1}, "/value", "“is set” takes no value."),
        ({**ARR, "op": "between", "value": [2, 1]}, "/value", "It starts after it ends."),
        ({**ARR, "op": "between", "value": 2}, "/value", "“is between” takes two values, from and to."),
        (
            {"field": "accounts.tier", "op": "eq", "value": "platinum"},
            "/value",
            "Tier has no value “platinum”.",
        ),
        ({"field": "accounts.country", "op": "in", "value": "DE"}, "/value", "“is one of” takes a list, not a text."),
        ({"field": "accounts.country", "op": "in", "value": []}, "/value", "The list is empty."),
        ({"field": "accounts.name", "op": "eq", "value": " "}, "/value", "The text is empty."),
        ({"field": "accounts.name", "op": "eq", "value": "x" * 256}, "/value", "The text has 256 letters."),
        (
            {"field": "accounts.name", "op": "eq", "value": "a\x00"},
            "/value",
            "The text has characters that can't be stored.",
        ),
        (
            {"field": "accounts.name", "op": "eq", "value": "\ud800"},
            "/value",
            "The text has characters that can't be stored.",
        ),
        ({"field": "finance.renewal_on", "op": "before", "value": "soon"}, "/value", "“soon” is no date."),
        ({"field": "finance.renewal_on", "op": "before", "value": "9999-12-31"}, "/value", "The date is too far away."),
        (
            {"field": "finance.renewal_on", "op": "within_next_days", "value": -1},
            "/value",
            "This is no number of days.",
        ),
        ({"field": "accounts.has_parent", "op": "eq", "value": 1}, "/value",
         "Has a parent company is true or false, not a number."),
        ({**ARR, "stay": 160000}, "/stay", "The threshold to stay is harder to meet than the one to enter."),
        ({**ARR, "op": "lte", "stay": 1}, "/stay", "The threshold to stay is harder to meet than the one to enter."),
        ({**ARR, "op": "eq", "stay": 1}, "/stay", "“equals” has no threshold that could ease."),
        ({**ARR, "stay": "less"}, "/stay", "“less” is no number."),
        (
            {"not": {**ARR, "stay": 1}},
            "/not/stay",
            "The threshold to stay is harder to meet than the one to enter.",
        ),
    ],
)  # fmt: skip
def test_bad_input_is_refused_at_the_field(data: Any, path: str, message: str) -> None:
    assert refused(data)[path] == message


def test_every_problem_is_told_at_once() -> None:
    data = {"all": [{**ARR, "value": "x"}, {"any": [{"field": "a.b", "op": "eq"}, {**ARR, "op": "no"}]}]}
    assert set(refused(data)) == {"/all/0/value", "/all/1/any/0/field", "/all/1/any/1/op"}


def test_inside_not_a_harder_comparison_is_the_easier_threshold() -> None:
    parse_condition({"not": {**ARR, "stay": 160000}})
    parse_condition({"not": {"not": {**ARR, "stay": 100000}}})


def test_ten_thousand_parts_are_refused_quickly() -> None:
    wide = {"all": [ARR] * 10_000}
    bushy: dict[str, Any] = {"all": [{"any": [ARR] * 100} for _ in range(100)]}
    started = time.perf_counter()
    for data in (wide, bushy):
        assert refused(data) == {"": f"The condition has more than {MAX_NODES} parts."}
    assert time.perf_counter() - started < 0.5


def test_deep_nesting_is_refused_without_recursion() -> None:
    assert condition_data(parse_condition(nested(MAX_DEPTH))) == nested(MAX_DEPTH)
    too_deep = f"Groups are nested more than {MAX_DEPTH} levels deep."
    assert list(refused(nested(MAX_DEPTH + 1)).values()) == [too_deep]
    assert list(refused(nested(100_000)).values()) == [too_deep]
    with pytest.raises(ConditionError, match="nested more than"):
        read_condition('{"not":' * 3000 + "{}" + "}" * 3000)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "nul",
        b"\xff\xfe",
        '{"all": [' * 4000,
        "9" * 5000,
        '{"field": "finance.arr", "op": "gte", "value": NaN}',
        '{"field": "finance.arr", "op": "gte", "value": ' + "9" * 5000 + "}",
    ],
)
def test_a_text_that_is_no_condition_is_refused(text: str | bytes) -> None:
    with pytest.raises(ConditionError):
        read_condition(text)


def test_a_long_condition_is_refused() -> None:
    long = {"field": "accounts.name", "op": "in", "value": ["x" * 255] * 100}
    with pytest.raises(ConditionError, match="bytes long"):
        read_condition(json.dumps({"any": [long, long]}))
    with pytest.raises(ConditionError, match="bytes long"):
        parse_condition({"any": [long, long]})
    assert len(json.dumps({"any": [long, long]})) > MAX_BYTES


def test_what_may_not_be_read_may_not_be_asked() -> None:
    with pytest.raises(ConditionError) as told:
        parse_condition(ARR, access=access_of("support"))
    assert told.value.problems[0].path == "/field"
    assert "does not read revenue" in told.value.problems[0].message
    assert parse_condition(ARR, access=access_of("finance"))


def test_an_own_field_is_compared_by_the_type_it_holds() -> None:
    make_account(custom={"seats": 12, "mixed": "12"})
    make_account(custom={"mixed": 12})
    make_account(custom={"mixed": "more"})
    assert refused({"field": "custom.seats", "op": "eq", "value": "12"})["/value"].startswith(
        "“12” is no number"
    )
    seats = parse_condition({"field": "custom.seats", "op": "gte", "value": 12})
    assert matching(seats).count() == 1
    assert matching(parse_condition({"field": "custom.mixed", "op": "gte", "value": 12})).count() == 1
    assert matching(parse_condition({"field": "custom.mixed", "op": "eq", "value": "12"})).count() == 2


def test_a_removed_field_is_reported_and_never_true_or_false() -> None:
    account = make_account(custom={"seats": 12})
    condition = parse_condition({"not": {"field": "custom.seats", "op": "gte", "value": 99}})
    assert problems_of(condition) == []
    assert matching(condition).get() == account
    Account.objects.update(custom={})
    assert [problem.path for problem in problems_of(condition)] == ["/not/field"]
    for ask in (matching, meaning, ensure_sound):
        with pytest.raises(BrokenConditionError):
            ask(condition)


def test_a_stored_condition_outlives_what_it_speaks_of() -> None:
    data = {
        "all": [
            ARR,
            {
                "any": [
                    {"field": "custom.gone", "op": "gte", "value": 5},
                    {"field": "old.metric", "op": "in", "value": ["a"]},
                ]
            },
            {"field": "accounts.tier", "op": "eq", "value": "platinum"},
        ]
    }
    with pytest.raises(ConditionError):
        parse_condition(data)
    condition = stored_condition(data)
    assert condition_data(condition) == data
    assert [problem.path for problem in problems_of(condition)] == [
        "/all/1/any/0/field",
        "/all/1/any/1/field",
        "/all/2/value",
    ]
    with pytest.raises(BrokenConditionError):
        matching(condition)
    with pytest.raises(ConditionError):
        stored_condition({"all": [3]})


def test_half_a_character_can_be_told() -> None:
    with pytest.raises(ConditionError) as told:
        read_condition('{"field": "\\ud800", "op": "eq"}')
    str(told.value).encode()


def test_a_removed_choice_is_reported() -> None:
    Tier.objects.create(slug="pilot", label="Pilot", rank=9)
    condition = parse_condition({"field": "accounts.tier", "op": "not_in", "value": ["pilot", "growth"]})
    assert problems_of(condition) == []
    Tier.objects.filter(slug="pilot").delete()
    assert [problem.message for problem in problems_of(condition)] == ["Tier has no value “pilot”."]
    with pytest.raises(BrokenConditionError):
        matching(condition)


def test_a_date_stays_a_date() -> None:
    condition = parse_condition({"field": "finance.renewal_on", "op": "after", "value": "2026-11-22"})
    assert isinstance(condition, Leaf)
    assert condition.value == date(2026, 11, 22)
