"""What amendments make of a statement: the past stays, and what counts from a day on is what was asked."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finance.contracts.changes import (
    amended,
    clauses_after,
    is_empty,
    is_mid_term,
    next_term_end,
    outlook,
    problems_of,
)
from finance.contracts.statements import differences, plain_number

START = date(2024, 1, 31)
days = st.integers(min_value=1, max_value=1500).map(lambda count: START + timedelta(days=count))
numbers = st.decimals(min_value=0, max_value=100_000, places=4).map(plain_number)
percents = st.integers(min_value=0, max_value=100).map(str)
periods = st.sampled_from(["day", "week", "month", "quarter", "half_year", "year", "one_off", "usage"])


def statement(lines: list[dict[str, Any]], **terms: Any) -> dict[str, Any]:
    return {
        "number": "FW-1",
        "start_on": START.isoformat(),
        "end_on": None,
        "notice_days": 30,
        "auto_renew": False,
        "renewal_months": None,
        "currency": "EUR",
        "payment_terms_days": None,
        "is_deleted": False,
        "lines": lines,
    } | terms


def line(key: int, **fields: Any) -> dict[str, Any]:
    return {
        "line": key,
        "product": "Core",
        "start_on": START.isoformat(),
        "end_on": None,
        "amount": "1200",
        "billing_period": "year",
        "quantity": "1",
        "discount_percent": "0",
        "is_trial": False,
    } | fields


@st.composite
def said(draw: st.DrawFn) -> dict[str, Any]:
    lines = []
    for key in range(1, draw(st.integers(1, 4)) + 1):
        start = draw(days)
        end = draw(
            st.none() | st.integers(1, 700).map(lambda count, start=start: start + timedelta(days=count))
        )
        lines.append(
            line(
                key,
                start_on=start.isoformat(),
                end_on=end.isoformat() if end else None,
                amount=draw(numbers),
                billing_period=draw(periods),
                discount_percent=draw(percents),
                is_trial=draw(st.booleans()),
            )
        )
    end = draw(st.none() | st.dates(START + timedelta(days=1), date(2027, 12, 31)))
    return statement(lines, end_on=end.isoformat() if end else None, auto_renew=draw(st.booleans()))


@st.composite
def asked(draw: st.DrawFn) -> dict[str, Any]:
    found: list[dict[str, Any]] = []
    for key in range(1, draw(st.integers(1, 4)) + 1):
        do = draw(st.sampled_from(["keep", "change", "end"]))
        if do == "change":
            found.append({"do": do, "line": key, "amount": draw(numbers), "discount_percent": draw(percents)})
        elif do == "end":
            found.append({"do": do, "line": key})
    if draw(st.booleans()):
        found.append(
            {"do": "add", "product": "Extra", "amount": draw(numbers), "billing_period": draw(periods)}
        )
    terms: dict[str, Any] = {}
    if draw(st.booleans()):
        end = draw(st.none() | days)
        terms = {"end_on": end.isoformat() if end else None, "auto_renew": draw(st.booleans())}
    return {"lines": found, "terms": terms}


@settings(max_examples=200, deadline=None)
@given(before=said(), changes=asked(), day=days, other=days)
def test_no_amendment_changes_what_was_paid_before_its_day(
    before: dict[str, Any], changes: dict[str, Any], day: date, other: date
) -> None:
    if list(problems_of(before, changes, day)):
        return
    after = amended(before, changes, day)
    if other < day:
        assert outlook(before, other).arr == outlook(after, other).arr, "nor by its terms"
    kept = {each["line"]: each for each in after["lines"]}
    for each in before["lines"]:
        assert kept[each["line"]] | {"end_on": None} == each | {"end_on": None}, "only ends of lines move"
    told = {each.get("line") for each in changes["lines"]}
    if not told & {each["line"] for each in before["lines"]} and None not in told:
        assert after["lines"] == before["lines"]


def test_a_line_that_changes_is_told_as_one_that_changes() -> None:
    before = statement([line(1)])
    changes = {"lines": [{"do": "change", "line": 1, "amount": "1500", "discount_percent": "10"}]}
    after = amended(before, changes, date(2025, 3, 1))
    told = [(each.subject, each.what, each.before, each.after) for each in differences(before, after)]
    assert told == [
        ("Core", "Amount from 1 Mar 2025", "€1,200.00", "€1,500.00"),
        ("Core", "Discount from 1 Mar 2025", "0%", "10%"),
    ]
    closed = differences(before, after, has_prices=False)
    assert all(each.category == "revenue" for each in closed)


def test_two_lines_of_one_product_are_paired_once_each() -> None:
    before = statement([line(1), line(2, amount="600")])
    changes = {"lines": [{"do": "change", "line": 2, "amount": "700"}, {"do": "end", "line": 1}]}
    told = differences(before, amended(before, changes, date(2025, 3, 1)))
    assert len(told) == 2
    assert {each.what for each in told} == {"Amount from 1 Mar 2025", "First day after"}


@pytest.mark.parametrize(
    ("terms", "day", "expected"),
    [
        ({"end_on": None}, date(2025, 5, 5), False),
        ({"end_on": "2025-01-31"}, date(2024, 5, 5), True),
        ({"end_on": "2025-01-31"}, date(2025, 1, 31), False),
        ({"end_on": "2025-01-31", "auto_renew": True, "renewal_months": 1}, date(2025, 2, 28), False),
        ({"end_on": "2025-01-31", "auto_renew": True, "renewal_months": 1}, date(2025, 3, 1), True),
        ({"end_on": "2025-01-31", "auto_renew": True, "renewal_months": 1}, date(2025, 3, 31), False),
        ({"end_on": "2028-02-29", "auto_renew": True}, date(2029, 2, 28), False),
    ],
)
def test_within_a_term_or_at_its_end(terms: dict[str, Any], day: date, expected: bool) -> None:
    assert is_mid_term(statement([line(1)], **terms), day) is expected


def test_what_a_statement_comes_to() -> None:
    held = statement(
        [
            line(1, amount="100", billing_period="month"),
            line(2, amount="1200", discount_percent="50"),
            line(3, amount="999", billing_period="one_off"),
            line(4, amount="999", is_trial=True),
        ],
        end_on="2025-01-31",
    )
    found = outlook(held, date(2024, 6, 1))
    assert (found.arr, found.mrr) == (Decimal("1800.00"), Decimal("150.00"))
    assert (found.term_ends_on, found.notice_on) == (date(2025, 1, 31), date(2025, 1, 1))
    assert outlook(held, date(2025, 1, 31)).arr == 0, "the contract's end bounds its lines"
    assert next_term_end(held, date(2025, 1, 31)) is None


def test_a_clause_takes_the_place_of_its_family_and_one_that_ends_leaves_the_others() -> None:
    said = [{"family": "sla", "wording": "a"}, {"family": "termination", "wording": "b"}]
    assert clauses_after(said, [{"do": "end", "family": "sla"}]) == [said[1]]
    assert clauses_after(said, [{"family": "sla", "wording": "c"}]) == [
        {"family": "sla", "wording": "c"},
        said[1],
    ]
    assert clauses_after(said, [{"do": "end", "family": "unknown"}]) == said
    ends = {"clauses": [{"do": "end", "family": "termination"}]}
    assert amended(statement([]) | {"clauses": said}, ends, date(2025, 3, 1))["clauses"] == [said[0]]


def test_what_comes_to_nothing_is_empty() -> None:
    held = statement([line(1)])
    assert is_empty(held, {"terms": {"notice_days": 30}})
    assert not is_empty(held, {"terms": {"notice_days": 31}})
    assert is_empty(held, {"terms": {"currency": "USD"}}), "no amendment changes the currency"
    assert amended(held, {"terms": {"currency": "USD"}}, date(2025, 3, 1)) == held
    assert not is_empty(held, {"clauses": [{"family": "x"}]})
    assert is_empty(held | {"clauses": [{"family": "x"}]}, {"clauses": [{"family": "x"}]})


@pytest.mark.parametrize(
    ("value", "text"), [("1200.0000", "1200"), ("0", "0"), ("0.50", "0.5"), ("-0", "0"), ("1E+3", "1000")]
)
def test_numbers_are_written_as_statements_write_them(value: str, text: str) -> None:
    assert plain_number(Decimal(value)) == text


def test_a_line_that_ends_that_day_anyway_goes_on_otherwise() -> None:
    day = date(2025, 1, 31)
    before = statement([line(1, end_on=day.isoformat())], end_on=day.isoformat(), auto_renew=True)
    changes = {"lines": [{"do": "change", "line": 1, "amount": "1500"}]}
    assert not list(problems_of(before, changes, day))
    old, new = amended(before, changes, day)["lines"]
    assert (old, new["amount"], new["end_on"]) == (before["lines"][0], "1500", None)
    ends = {"lines": [{"do": "end", "line": 1}]}
    assert [each.line for each in problems_of(before, ends, day)] == [1]


def test_a_line_that_changes_still_ends_on_its_day() -> None:
    changes = {"lines": [{"do": "change", "line": 1, "amount": "1500"}]}
    old, new = amended(statement([line(1, end_on="2025-06-01")]), changes, date(2025, 3, 1))["lines"]
    assert (old["end_on"], new["start_on"], new["end_on"]) == ("2025-03-01", "2025-03-01", "2025-06-01")


@pytest.mark.parametrize(
    "terms",
    [{"end_on": "2027-01-01"}, {"end_on": None}, {"auto_renew": True}],
    ids=["longer", "open", "renews"],
)
def test_what_has_lapsed_is_not_brought_back(terms: dict[str, Any]) -> None:
    """Its lines would run on through the days on which nothing held, and be paid for after the fact."""
    held = statement([line(1)], end_on="2026-01-01")
    told = [(each.field, each.detail) for each in problems_of(held, {"terms": terms}, date(2026, 1, 2))]
    assert [field for field, _ in told] == ["effective_on"]
    assert told[0][1].startswith("The contract ends on 1 Jan 2026, and what it says holds no longer by then.")
    assert not list(problems_of(held, {"terms": terms}, date(2026, 1, 1)))


def fields_of(held: dict[str, Any], changes: dict[str, Any], day: date) -> list[tuple[str, int | None]]:
    return [(each.field, each.line) for each in problems_of(held, changes, day)]


def test_each_edge_is_on_the_right_side_of_its_day() -> None:
    day, after = date(2025, 3, 1), date(2025, 3, 2)
    held = statement([line(1)])
    assert fields_of(held, {}, START) == [("effective_on", None)], (
        "on the contract's first day nothing is amended"
    )
    assert fields_of(held, {}, START + timedelta(days=1)) == []
    held = statement([line(1, start_on=day.isoformat())])
    change = {"lines": [{"do": "change", "line": 1, "amount": "1"}]}
    assert fields_of(held, change, day) == [("", 1)], "a line is paid for a day at least"
    assert fields_of(held, change, after) == []
    ends = {"terms": {"end_on": day.isoformat()}}
    assert fields_of(statement([line(1)]), ends, day - timedelta(days=1)) == []
    assert fields_of(statement([line(1)]), ends, day) == [("effective_on", None), ("end_on", None)]
    assert fields_of(statement([line(1)]), ends | {"terms": ends["terms"] | {"auto_renew": True}}, day) == []


def test_a_renewal_is_given_up_for_the_term_that_runs_and_not_for_one_that_is_over() -> None:
    held = statement([line(1)], end_on="2025-01-31", auto_renew=True)
    day = date(2025, 6, 1)
    assert fields_of(held, {"terms": {"auto_renew": False}}, day) == [("effective_on", None)]
    assert fields_of(held, {"terms": {"auto_renew": False, "end_on": "2026-01-31"}}, day) == []


def test_prices_are_told_with_what_the_currency_and_the_discount_make_of_them() -> None:
    discounted = {"lines": [{"do": "add", "product": "Extra", "amount": "900", "billing_period": "month"}]}
    discounted["lines"][0]["discount_percent"] = "12.5"
    told = {}
    for currency in ("EUR", "JPY"):
        before = statement([], currency=currency)
        [added] = differences(before, amended(before, discounted, date(2025, 3, 1)))
        told[currency] = added.after
    assert told == {
        "EUR": "1 × Extra, €900.00 a month, 12.5% off, from 1 Mar 2025 on",
        "JPY": "1 × Extra, ¥900 a month, 12.5% off, from 1 Mar 2025 on",
    }
