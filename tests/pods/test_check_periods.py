"""When health checks are due: each turn once, never on a weekend, spread over months and quarters."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pods.checks.periods import (
    AT_RENEWAL,
    MONTHLY,
    QUARTERLY,
    WEEKLY,
    due_now,
    period_of,
)

DAYS = st.dates(date(2000, 1, 1), date(2090, 1, 1))


@given(DAYS, st.sampled_from([WEEKLY, MONTHLY, QUARTERLY]), st.integers(1, 10**9))
def test_every_day_lies_in_one_turn_and_turns_follow_each_other(day: date, cadence: str, pk: int) -> None:
    period = period_of(cadence, day, account_id=pk)
    assert period is not None
    assert period.starts_on <= day <= period.ends_on
    assert period.starts_on <= period.opens_on <= period.due_on <= period.ends_on
    assert period.due_on.weekday() < 5
    for each in (period.starts_on, period.ends_on):
        assert period_of(cadence, each, account_id=pk) == period
    after = period_of(cadence, period.ends_on + timedelta(days=1), account_id=pk)
    assert after is not None
    assert after.starts_on == period.ends_on + timedelta(days=1)


@pytest.mark.parametrize(
    ("cadence", "starts_on", "ends_on"),
    [
        (WEEKLY, date(2026, 11, 23), date(2026, 11, 29)),
        (MONTHLY, date(2026, 11, 1), date(2026, 11, 30)),
        (QUARTERLY, date(2026, 10, 1), date(2026, 12, 31)),
    ],
)
def test_turns_are_those_of_the_calendar(cadence: str, starts_on: date, ends_on: date) -> None:
    period = period_of(cadence, date(2026, 11, 25), account_id=7)
    assert period is not None
    assert (period.starts_on, period.ends_on) == (starts_on, ends_on)


def test_a_weekly_check_is_due_on_friday() -> None:
    period = period_of(WEEKLY, date(2026, 11, 29), account_id=7)
    assert period is not None
    assert (period.opens_on, period.due_on) == (date(2026, 11, 23), date(2026, 11, 27))


def test_a_quarter_spreads_its_accounts_evenly_over_its_working_days() -> None:
    days = Counter()
    for pk in range(1000):
        period = period_of(QUARTERLY, date(2026, 10, 1), account_id=pk)
        assert period is not None
        days[period.due_on] += 1
    assert len(days) > 50
    assert max(days.values()) - min(days.values()) <= 1


def test_before_a_renewal_there_is_one_turn_and_else_none() -> None:
    renewal = date(2026, 12, 31)
    for day, is_near in (
        (date(2026, 10, 31), False),
        (date(2026, 11, 1), True),
        (date(2026, 12, 30), True),
        (renewal, False),
    ):
        period = period_of(AT_RENEWAL, day, account_id=7, renewal_on=renewal)
        assert (period is not None) == is_near
        assert period is None or (period.opens_on, period.due_on) == (date(2026, 11, 1), date(2026, 12, 1))
    assert period_of(AT_RENEWAL, renewal, account_id=7) is None


@given(DAYS, st.sampled_from([WEEKLY, MONTHLY, QUARTERLY]), st.integers(1, 10**9))
def test_a_check_that_opens_late_has_time_left_within_its_turn(day: date, cadence: str, pk: int) -> None:
    period = period_of(cadence, day, account_id=pk)
    assert period is not None
    due_on = due_now(period, day)
    assert day <= due_on <= period.ends_on
    assert due_on >= period.due_on
