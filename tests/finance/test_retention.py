"""Retention and movements: the cases that are easily counted wrong, and the identity that must always hold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from io import StringIO

import pytest
from dateutil.relativedelta import relativedelta
from django.core.management import CommandError, call_command
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Account, TierTenure
from finance.models import ContractLine
from finance.querysets import PERIODS_PER_YEAR
from finance.revenue.movements import account_movements, find_gaps, movements
from finance.revenue.windows import Window
from metrics.models import SegmentValue
from tests.metrics.facts import (
    TODAY,
    ago,
    follow_revenue,
    make_account,
    make_line,
    make_rate,
    measure,
    measure_segments,
    refresh,
    roll_up,
)

pytestmark = pytest.mark.django_db

YEAR = TODAY - relativedelta(months=12)
MONTH = date(2026, 11, 1)
KINDS = ("new", "expansion", "reactivation", "contraction", "churn")


def movement_of(account: Account, as_of: date = TODAY) -> dict[str, Decimal]:
    """Return the movements of the month of a company of one account, without those that are zero."""
    rows = measure_segments("finance.movements", as_of)
    found = {kind: rows[f"finance.arr_{kind}", "all", ""].value for kind in KINDS}
    return {kind: value for kind, value in found.items() if value}


def test_the_first_revenue_ever_is_new() -> None:
    account = make_account()
    make_line(account, MONTH)
    assert movement_of(account) == {"new": 1200}


def test_revenue_after_a_gap_is_reactivation_and_never_new() -> None:
    account = make_account()
    make_line(account, ago(900), ago(500))
    make_line(account, MONTH, amount=600)
    assert movement_of(account) == {"reactivation": 600}


def test_a_second_subscription_is_expansion() -> None:
    account = make_account()
    make_line(account, ago(500))
    make_line(account, MONTH, amount=300)
    assert movement_of(account) == {"expansion": 300}


def test_a_cancelled_subscription_beside_an_active_one_is_contraction() -> None:
    account = make_account()
    make_line(account, ago(500))
    make_line(account, ago(500), MONTH + timedelta(days=3), amount=300)
    assert movement_of(account) == {"contraction": 300}


def test_churn_is_dated_at_the_end_of_the_paid_period() -> None:
    account = make_account()
    make_line(account, ago(500), MONTH + timedelta(days=9))
    assert movement_of(account, MONTH + timedelta(days=8)) == {}
    assert movement_of(account, MONTH + timedelta(days=9)) == {"churn": 1200}


def test_a_renewal_on_a_new_contract_without_a_gap_is_no_movement() -> None:
    account = make_account()
    make_line(account, ago(500), MONTH + timedelta(days=5))
    make_line(account, MONTH + timedelta(days=5))
    assert movement_of(account) == {}


def test_a_swap_of_plans_counts_its_difference_only() -> None:
    account = make_account()
    make_line(account, ago(500), MONTH + timedelta(days=5), amount=1000)
    make_line(account, MONTH + timedelta(days=5), amount=1400)
    assert movement_of(account) == {"expansion": 400}


def test_a_trial_that_becomes_paid_is_new() -> None:
    account = make_account()
    make_line(account, ago(60), MONTH, is_trial=True)
    make_line(account, MONTH)
    assert movement_of(account) == {"new": 1200}


def test_exchange_rates_alone_move_nothing() -> None:
    account = make_account()
    make_line(account, ago(500), currency="EUR")
    make_rate("EUR", ago(600), "1.00")
    make_rate("EUR", MONTH + timedelta(days=1), "1.50")
    assert movement_of(account) == {}
    assert measure("finance.nrr")[account.pk] == 1


def test_nrr_and_grr_of_an_account() -> None:
    grown, shrunk, lost, fresh = (make_account() for _ in range(4))
    make_line(grown, ago(500), amount=1000)
    make_line(grown, ago(100), amount=500)
    make_line(shrunk, ago(500), amount=1000)
    make_line(shrunk, ago(500), ago(100), amount=1000)
    make_line(lost, ago(500), ago(100))
    make_line(fresh, ago(100))
    assert measure("finance.nrr") == {grown.pk: Decimal("1.5"), shrunk.pk: Decimal("0.5"), lost.pk: 0}
    assert measure("finance.grr") == {grown.pk: 1, shrunk.pk: Decimal("0.5"), lost.pk: 0}


def test_retention_of_a_segment_leaves_new_and_returned_accounts_out() -> None:
    stayed, grown, lost, fresh, returned = (make_account(industry="Retail") for _ in range(5))
    make_line(stayed, ago(500), amount=1000)
    make_line(grown, ago(500), amount=1000)
    make_line(grown, ago(50), amount=600)
    make_line(lost, ago(500), ago(30), amount=2000)
    make_line(fresh, ago(50), amount=9000)
    make_line(returned, ago(900), ago(600), amount=9000)
    make_line(returned, ago(50), amount=9000)
    rows = measure_segments("finance.retention")
    for dimension, member in (("all", ""), ("industry", "Retail")):
        value = {
            key: rows[f"finance.{key}", dimension, member]
            for key in ("nrr", "grr", "logo_churn", "expansion_rate")
        }
        assert value["nrr"].value == Decimal("0.65")
        assert (value["nrr"].numerator, value["nrr"].denominator, value["nrr"].accounts) == (2600, 4000, 3)
        assert value["grr"].value == Decimal("0.5")
        assert value["logo_churn"].value == Decimal("0.333333")
        assert value["expansion_rate"].value == Decimal("0.15")


def test_grr_is_never_above_one() -> None:
    for amount in (10, 20):
        account = make_account()
        make_line(account, ago(500), amount=amount)
        make_line(account, ago(5), amount=10_000)
    assert measure_segments("finance.retention")["finance.grr", "all", ""].value == 1


def test_retention_without_revenue_at_the_start_is_not_defined() -> None:
    account = make_account("growth")
    make_line(account, ago(100))
    rows = measure_segments("finance.retention")
    assert {row.value for row in rows.values()} == {None}
    assert rows["finance.nrr", "tier", "none"].accounts == 0
    assert measure("finance.nrr") == {}


def test_an_empty_company_has_a_row_for_the_whole_and_no_crash() -> None:
    rows = measure_segments("finance.retention") | measure_segments("finance.movements")
    assert rows["finance.nrr", "all", ""].value is None
    assert rows["finance.arr_end", "all", ""].value == 0


def test_an_account_stands_in_the_tier_it_had_at_the_start() -> None:
    account = make_account("growth")
    make_line(account, ago(500))
    old, new = Account.objects.get(pk=account.pk).tier_id, make_account("strategic").tier_id
    changed = TODAY - timedelta(days=90)
    TierTenure.objects.create(account=account, tier_id=old, during=(None, changed), cause="import")
    TierTenure.objects.create(account=account, tier_id=new, during=(changed, None), cause="import")
    retention = measure_segments("finance.retention")
    assert retention["finance.nrr", "tier", "growth"].value == 1
    assert ("finance.nrr", "tier", "strategic") not in retention
    assert measure_segments("finance.movements")["finance.arr_end", "tier", "strategic"].value == 1200


@dataclass(frozen=True)
class Drawn:
    """A random line."""

    account: int
    start: int
    days: int | None
    amount: Decimal
    period: str
    currency: str
    discount: Decimal


lines = st.lists(
    st.builds(
        Drawn,
        account=st.integers(0, 3),
        start=st.integers(0, 500),
        days=st.none() | st.integers(1, 300),
        amount=st.decimals("0.01", "99999.99", places=4),
        period=st.sampled_from(sorted(PERIODS_PER_YEAR)),
        currency=st.sampled_from(["USD", "EUR", "JPY"]),
        discount=st.decimals("0", "99", places=2),
    ),
    max_size=8,
)
BEGIN = date(2025, 1, 1)
TIERS = ("strategic", "enterprise", None, "standard")


def arr_of(drawn: list[Drawn], account: int, day: date, rates: dict[str, Decimal]) -> Decimal:
    """Work out an account's ARR without the database."""
    cents = Decimal("0.01")
    total = Decimal(0)
    for currency, rate in rates.items():
        exact = sum(
            line.amount * PERIODS_PER_YEAR[line.period] * (100 - line.discount) / 100
            for line in drawn
            if line.account == account
            and line.currency == currency
            and BEGIN + timedelta(days=line.start) <= day
            and (line.days is None or day < BEGIN + timedelta(days=line.start + line.days))
        )
        total += (Decimal(exact).quantize(cents, ROUND_HALF_UP) * rate).quantize(cents, ROUND_HALF_UP)
    return total


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=lines)
def test_the_identity_holds_for_every_month_and_segment_of_any_company(drawn: list[Drawn]) -> None:
    with transaction.atomic():
        accounts = [make_account(tier, industry=f"I{place % 2}") for place, tier in enumerate(TIERS)]
        for line in drawn:
            start = BEGIN + timedelta(days=line.start)
            end = None if line.days is None else start + timedelta(days=line.days)
            make_line(
                accounts[line.account],
                start,
                end,
                line.amount,
                period=line.period,
                currency=line.currency,
                discount_percent=line.discount,
            )
        make_rate("EUR", BEGIN - timedelta(days=1), "1.07")
        make_rate("EUR", BEGIN + timedelta(days=200), "1.131")
        make_rate("JPY", BEGIN - timedelta(days=1), "0.00667")
        as_of = BEGIN + relativedelta(months=23, days=9)
        roll_up("tiers.tenures", as_of)
        follow_revenue(as_of)
        assert find_gaps(BEGIN, as_of) == []
        rates = {"USD": Decimal(1), "EUR": Decimal("1.131"), "JPY": Decimal("0.00667")}
        for movement in movements(BEGIN, as_of, until=as_of):
            day = min(movement.month + relativedelta(day=31), as_of)
            assert movement.end == sum(arr_of(drawn, place, day, rates) for place in range(4))
        rows = measure_segments("finance.movements", as_of)
        for dimension, member in {(dimension, member) for _, dimension, member in rows}:
            value = {
                kind: rows[f"finance.arr_{kind}", dimension, member].value or 0
                for kind in (*KINDS, "start", "end")
            }
            gained = value["new"] + value["expansion"] + value["reactivation"]
            assert value["end"] == value["start"] + gained - value["contraction"] - value["churn"]
        transaction.set_rollback(True)


def test_movements_of_months_tell_the_same_as_the_stored_numbers() -> None:
    account, other = make_account("growth"), make_account("strategic")
    make_line(account, ago(400))
    make_line(other, date(2026, 10, 10), amount=600)
    make_line(account, date(2026, 10, 5), amount=300)
    refresh(date(2026, 10, 31))
    october = movements(date(2026, 10, 1), date(2026, 10, 1))[0]
    stored = {
        row.key.removeprefix("finance.arr_"): row.value
        for row in SegmentValue.objects.filter(key__startswith="finance.arr_", dimension="all")
    }
    assert stored == {kind: getattr(october, kind) for kind in ("start", *KINDS, "end")}
    by_tier = {row.member: row.end for row in movements(date(2026, 10, 1), date(2026, 10, 1), "tier")}
    assert by_tier == {"growth": 1500, "strategic": 600}


def test_the_accounts_behind_a_movement_add_up_to_it() -> None:
    accounts = [make_account("growth") for _ in range(3)]
    for place, account in enumerate(accounts):
        make_line(
            account, ago(400), MONTH - timedelta(days=20 * place) if place else None, amount=100 + place
        )
    roll_up("tiers.tenures")
    follow_revenue()
    behind = account_movements(date(2026, 10, 1), date(2026, 10, 1), "tier", "growth")
    whole = movements(date(2026, 10, 1), date(2026, 10, 1), "tier")[0]
    assert {row.account_id: row.churn for row in behind if row.churn} == {accounts[1].pk: 101}
    for kind in ("start", *KINDS, "end"):
        assert sum(getattr(row, kind) for row in behind) == getattr(whole, kind)
    only = movements(date(2026, 10, 1), date(2026, 10, 1), account_id=accounts[1].pk)
    assert only[0].churn == 101


def test_a_ledger_that_differs_from_the_lines_is_found() -> None:
    account = make_account()
    line = make_line(account, ago(400))
    follow_revenue()
    assert find_gaps(date(2026, 1, 1), MONTH) == []
    ContractLine.objects.filter(pk=line.pk).update(amount=Decimal("1200.01"))
    (gap,) = find_gaps(date(2026, 1, 1), MONTH)
    assert gap.startswith(f"Account {account.pk}, line {line.pk}: the contract line says 1200.01")
    assert f"USD from {ago(400)}, the ledger 1200.00" in gap


def test_months_that_a_missing_rate_leaves_out_are_no_gap() -> None:
    make_line(make_account(), date(2026, 1, 5), currency="EUR")
    make_line(make_account(), date(2026, 1, 5))
    make_rate("EUR", date(2026, 6, 15), "1.1")
    follow_revenue()
    assert movements(date(2026, 6, 1), date(2026, 6, 1), constant_currency=False)[0].end == 1200
    assert find_gaps(date(2026, 1, 1), MONTH) == []


def test_months_that_do_not_join_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    account = make_account()
    make_line(account, date(2026, 1, 5))
    make_line(account, date(2026, 10, 31), amount=300)
    follow_revenue()
    holed = [
        Window(date(2026, 9, 30), date(2026, 10, 30)),
        Window(date(2026, 10, 31), TODAY),
    ]
    monkeypatch.setattr("finance.revenue.movements.monthly_windows", lambda *args, **kwargs: holed)
    gaps = find_gaps(date(2026, 10, 1), MONTH)
    assert set(gaps) == {"2026-11 starts with 1500.00, the month before ends with 1200.00."}


def test_check_revenue_says_what_does_not_add_up() -> None:
    with pytest.raises(CommandError, match="The revenue ledger is empty"):
        call_command("check_revenue")
    account = make_account()
    line = make_line(account, ago(400))
    refresh()
    out = StringIO()
    call_command("check_revenue", months=6, stdout=out)
    assert "adds up in every month and segment from 2026-06 to 2026-11" in out.getvalue()
    ContractLine.objects.filter(pk=line.pk).update(start_on=ago(399))
    with pytest.raises(CommandError, match="the contract line says 0 USD from"):
        call_command("check_revenue", months=6)


def test_a_year_is_counted_from_the_same_day() -> None:
    account = make_account()
    make_line(account, YEAR + timedelta(days=1))
    assert measure("finance.nrr") == {}
    assert measure("finance.nrr", TODAY + timedelta(days=1)) == {account.pk: 1}
