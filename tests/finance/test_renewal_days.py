"""The calendar of renewals, counted in SQL, against the pure calendar of each contract and plain sums."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

import pytest
from dateutil.relativedelta import relativedelta

from common.rounding import to_cents
from finance.contracts.calendar import months_of_renewal, notice_on, terms_in_sight
from finance.contracts.listing import arr_of
from finance.contracts.renewals import Day, calendar_of, days_between
from finance.models import Contract, ExchangeRate
from finance.revenue.ledger import follow_rates
from finance.revenue.positions import read_rates
from people.access import access_of
from tests.metrics.facts import make_account, make_line

pytestmark = pytest.mark.django_db
TODAY = date(2024, 2, 29)
FIRST = date(2024, 2, 1)
UNTIL = date(2025, 2, 1)


def sell(count: int) -> list[Contract]:
    """Create contracts with all kinds of terms, month ends among them."""
    chance = random.Random(11)
    found = []
    for number in range(count):
        account = make_account(name=chance.choice(["B", "A", "c"]))
        start = date(2021, 1, 31) + timedelta(days=chance.choice([0, 28, 29, chance.randint(0, 1100)]))
        line = make_line(
            account,
            start,
            currency=chance.choice(["EUR", "USD", "XXX"]),
            amount=Decimal(chance.randint(1, 99_999)) / 7,
            terms={
                "number": f"N{number}",
                "end_on": start + timedelta(days=chance.randint(20, 1500)) if number % 9 else None,
                "auto_renew": chance.random() < 0.8,
                "renewal_months": chance.choice([None, 0, 1, 2, 3, 5, 6, 11, 12, 13, 36]),
                "notice_days": chance.choice([None, 0, 1, 30, 90, 400]),
            },
        )
        found.append(line.contract)
    return found


def plain_days(contracts: list[Contract]) -> Iterator[Day]:
    """Yield what falls on the days, from the calendar of each contract."""
    running = set(Contract.objects.running_on(TODAY).values_list("pk", flat=True))
    for each in contracts:
        if each.pk not in running or each.end_on is None:
            continue
        months = months_of_renewal(each.auto_renew, each.renewal_months)
        for place, term in enumerate(terms_in_sight(each.start_on, each.end_on, months, TODAY)):
            assert term.ends_on is not None
            for on, kind in ((term.ends_on, "end"), (notice_on(term.ends_on, each.notice_days), "notice")):
                if on is not None and FIRST <= on < UNTIL:
                    yield Day(on, kind, each.pk, place > 0)


def test_days_are_those_of_each_contracts_calendar() -> None:
    contracts = sell(150)
    names = {each.pk: each.account.name for each in contracts}
    expected = sorted(
        plain_days(contracts), key=lambda each: (each.on, names[each.contract], each.contract, each.kind)
    )
    assert {each.kind for each in expected if each.is_later} == {"end", "notice"}
    assert days_between(FIRST, UNTIL, TODAY) == expected
    assert days_between(FIRST, UNTIL, TODAY, most=7) == expected[:7]


def test_months_are_the_sums_of_their_days() -> None:
    contracts = sell(150)
    for currency, rate in (("EUR", "1.0873"), ("USD", "1")):
        ExchangeRate.objects.get_or_create(currency=currency, on=date(2024, 1, 1), defaults={"rate": rate})
    follow_rates()
    rates, arr = read_rates(TODAY), arr_of([each.pk for each in contracts], TODAY)
    held = {each.pk: each for each in contracts}
    days = list(plain_days(contracts))
    months = calendar_of(FIRST, TODAY, access_of("finance"))
    assert [month.month for month in months] == [FIRST + relativedelta(months=turn) for turn in range(12)]
    for month in months:
        own = [each for each in days if each.on.replace(day=1) == month.month]
        ends = [held[each.contract] for each in own if each.kind == "end"]
        known = [
            to_cents(arr.get(each.pk, Decimal(0)) * rates[each.currency])
            for each in ends
            if each.currency in rates
        ]
        assert (month.ends, month.notices) == (len(ends), len(own) - len(ends))
        assert month.arr == sum(known, Decimal(0))
        assert month.lacks_rate == len(ends) - len(known)
        assert month.has_later == any(each.is_later for each in own)
    assert any(month.lacks_rate for month in months)


def test_who_may_not_read_revenue_is_told_no_sums() -> None:
    sell(12)
    months = calendar_of(FIRST, TODAY, access_of("legal"))
    assert sum(month.count for month in months) > 0
    assert not any(isinstance(month.arr, Decimal) for month in months)
