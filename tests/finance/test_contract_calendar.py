"""Terms and notice dates: worked cases, and that pages and lists (SQL) never disagree."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from finance.contracts.calendar import (
    Calendar,
    Term,
    months_of_renewal,
    notice_on,
    running_term,
    terms,
    terms_in_sight,
)
from finance.models import Contract
from tests.metrics.facts import make_account

JAN_31 = date(2023, 1, 31)


def ends(first_end: date, months: int, count: int) -> list[date | None]:
    """Return the first ends of a contract that renews."""
    found = terms(
        first_end - timedelta(days=31),
        first_end,
        months,
        since=date.min,
        until=date(first_end.year + 9, 1, 1),
    )
    return [term.ends_on for term, _ in zip(found, range(count), strict=False)]


def test_a_term_that_ends_on_the_31st_ends_on_the_last_day_of_shorter_months() -> None:
    assert ends(JAN_31, 1, 5) == [
        JAN_31,
        date(2023, 2, 28),
        date(2023, 3, 31),
        date(2023, 4, 30),
        date(2023, 5, 31),
    ]


def test_a_term_that_ends_on_29_february_comes_back_to_it_in_leap_years() -> None:
    assert ends(date(2024, 2, 29), 12, 5) == [
        date(2024, 2, 29),
        date(2025, 2, 28),
        date(2026, 2, 28),
        date(2027, 2, 28),
        date(2028, 2, 29),
    ]
    assert ends(JAN_31.replace(year=2024), 1, 2)[1] == date(2024, 2, 29)


def test_a_contract_that_does_not_renew_has_one_term_and_then_none() -> None:
    months = months_of_renewal(False, 12)
    assert running_term(JAN_31, date(2024, 1, 31), months, date(2024, 1, 30)) == Term(
        1, JAN_31, date(2024, 1, 31)
    )
    assert running_term(JAN_31, date(2024, 1, 31), months, date(2024, 1, 31)) is None
    assert running_term(JAN_31, date(2024, 1, 31), months, JAN_31 - timedelta(days=1)) is None


def test_an_open_ended_contract_has_one_term_without_an_end() -> None:
    assert running_term(JAN_31, None, 12, date(2090, 1, 1)) == Term(1, JAN_31, None)


def test_a_renewed_term_says_which_it_is() -> None:
    term = running_term(JAN_31, date(2024, 1, 31), 12, date(2026, 5, 1))
    assert term == Term(4, date(2026, 1, 31), date(2027, 1, 31))
    assert term.is_renewal


@pytest.mark.parametrize(
    ("auto_renew", "months", "expected"), [(False, 12, 0), (True, None, 12), (True, 0, 1), (True, 6, 6)]
)
def test_months_of_renewal(auto_renew: bool, months: int | None, expected: int) -> None:
    assert months_of_renewal(auto_renew, months) == expected


@pytest.mark.parametrize(
    ("end", "days", "expected"),
    [
        (date(2024, 3, 31), 31, date(2024, 2, 29)),
        (date(2023, 3, 31), 31, date(2023, 2, 28)),
        (date(2025, 1, 1), 90, date(2024, 10, 3)),
        (date(2025, 1, 1), 0, None),
        (date(2025, 1, 1), None, None),
        (date(50, 1, 1), 2_000_000_000, date.min),
    ],
)
def test_notice_ends_a_term_so_many_days_before_the_first_day_after_it(
    end: date, days: int | None, expected: date | None
) -> None:
    assert notice_on(end, days) == expected


@pytest.mark.parametrize(
    ("country", "day", "expected"),
    [
        ("DE", date(2024, 3, 28), date(2024, 3, 28)),  # Maundy Thursday
        ("DE", date(2024, 4, 1), date(2024, 3, 28)),  # Easter Monday, behind Sunday, Saturday and Good Friday
        ("US", date(2024, 4, 1), date(2024, 4, 1)),
        ("US", date(2024, 7, 4), date(2024, 7, 3)),
        ("", date(2024, 12, 25), date(2024, 12, 25)),  # no country, no holidays
        ("ZZ", date(2024, 12, 29), date(2024, 12, 27)),  # a Sunday
    ],
)
def test_the_last_working_day_skips_weekends_and_the_country_s_holidays(
    country: str, day: date, expected: date
) -> None:
    assert Calendar(country).last_working_day(day) == expected


def test_a_holiday_is_named() -> None:
    assert Calendar("DE").holiday(date(2024, 10, 3)) == "German Unity Day"


DAYS = st.dates(date(1999, 1, 1), date(2060, 12, 31))


@pytest.mark.django_db
@settings(max_examples=150, deadline=None)
@given(
    start=DAYS,
    days=st.integers(1, 2000),
    months=st.one_of(st.none(), st.integers(0, 61)),
    renews=st.booleans(),
    notice=st.one_of(st.none(), st.integers(0, 400)),
    asked=DAYS,
)
@example(start=date(2022, 1, 31), days=365, months=1, renews=True, notice=30, asked=date(2024, 2, 29))
@example(start=date(2020, 2, 29), days=366, months=12, renews=True, notice=31, asked=date(2024, 2, 28))
def test_the_calendar_says_what_lists_say(
    start: date, days: int, months: int | None, renews: bool, notice: int | None, asked: date
) -> None:
    end = start + timedelta(days=days)
    fields: dict[str, Any] = {"auto_renew": renews, "renewal_months": months, "notice_days": notice}
    contract = Contract.objects.create(
        account=make_account(), currency="EUR", start_on=start, end_on=end, **fields
    )
    row = Contract.objects.filter(pk=contract.pk).with_next_end(asked).get()
    term = running_term(start, end, months_of_renewal(renews, months), max(asked, start))
    assert row.next_end == (term.ends_on if term else None)  # type: ignore[attr-defined]
    if term and term.ends_on:
        assert row.notice_on == notice_on(term.ends_on, notice)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("months", "expected"),
    [
        (12, [date(2026, 3, 31)]),
        (24, [date(2026, 3, 31)]),
        (6, [date(2026, 3, 31), date(2026, 9, 30)]),
        (3, [date(2026, 3, 31), date(2026, 6, 30), date(2026, 9, 30), date(2026, 12, 31)]),
        (0, [date(2026, 3, 31)]),
    ],
)
def test_terms_in_sight_are_the_one_that_runs_and_those_that_end_within_a_year(
    months: int, expected: list[date]
) -> None:
    day = date(2026, 3, 30)
    found = terms_in_sight(date(2025, 3, 31), date(2026, 3, 31), months, day)
    assert [term.ends_on for term in found] == expected
    monthly = terms_in_sight(date(2025, 1, 31), date(2025, 2, 28), 1, date(2026, 2, 28))
    assert [monthly[0].ends_on, monthly[-1].ends_on] == [date(2026, 3, 28), date(2027, 1, 28)]
    assert terms_in_sight(date(2025, 1, 1), None, 0, day)[0].ends_on is None
    assert terms_in_sight(date(2025, 1, 1), date(2026, 1, 1), 0, day) == []
    assert terms_in_sight(date(9998, 1, 1), date(9999, 1, 1), 3, date(9998, 6, 1))


def test_terms_in_sight_begin_with_the_term_that_runs() -> None:
    for back in range(800):
        day = date(2026, 1, 1) + timedelta(days=back)
        found = terms_in_sight(date(2025, 1, 31), date(2025, 5, 31), 2, day)
        assert found[0] == running_term(date(2025, 1, 31), date(2025, 5, 31), 2, day)
