"""The ledger: it follows the contract lines by further entries, and keeps what was known before."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import Account
from finance.models import (
    Contract,
    ContractLine,
    RateEntry,
    RevenueEntry,
    RevenuePlace,
    RevenueToRecompute,
)
from finance.revenue.ledger import follow_lines, follow_rates, mark_all
from finance.revenue.movements import find_gaps, movements_over
from finance.revenue.positions import positions_between, revenue_on
from finance.revenue.windows import Window
from tests.metrics.facts import (
    LAST,
    TODAY,
    ago,
    follow_revenue,
    make_account,
    make_line,
    make_rate,
    measure,
    refresh,
)

pytestmark = pytest.mark.django_db
Cause = RevenueEntry.Cause


def entries_of(account: Account) -> list[tuple[date, Decimal, str]]:
    """Return the entries of an account in the order in which they came."""
    rows = RevenueEntry.objects.filter(account=account).order_by("pk")
    return [(row.on, row.arr, row.cause) for row in rows]


def change(line: ContractLine, **fields: Any) -> None:
    """Change a line as a batch would, and let the ledger follow."""
    ContractLine.objects.filter(pk=line.pk).update(**fields)
    RevenueToRecompute.objects.get_or_create(account=line.contract.account)
    follow_revenue()


def newest() -> datetime:
    """Return when the newest entry was recorded."""
    return RevenueEntry.objects.latest("pk").recorded_at


def arr_on(day: date, known_at: datetime | None = None) -> dict[int, Decimal]:
    return dict(revenue_on(day, known_at=known_at).fetch())


def test_a_line_is_entered_with_its_end_even_where_that_lies_ahead() -> None:
    account = make_account()
    make_line(account, date(2026, 7, 15), date(2027, 7, 15))
    assert follow_revenue() == 2
    assert entries_of(account) == [
        (date(2026, 7, 15), 1200, Cause.BEGAN),
        (date(2027, 7, 15), -1200, Cause.ENDED),
    ]
    assert not RevenueToRecompute.objects.exists()


def test_following_again_enters_nothing() -> None:
    account = make_account()
    make_line(account, ago(100), ago(-100))
    follow_revenue()
    assert mark_all() == 1
    assert follow_revenue() == 0
    refresh()
    assert len(entries_of(account)) == 2


def test_a_changed_amount_is_a_difference_and_what_was_known_stays_known() -> None:
    account = make_account()
    line = make_line(account, ago(100), amount=1200)
    follow_revenue()
    known = newest()
    change(line, amount=1500)
    assert entries_of(account)[1:] == [(ago(100), 300, Cause.CHANGED)]
    assert arr_on(TODAY) == {account.pk: 1500}
    assert arr_on(TODAY, known) == {account.pk: 1200}
    assert arr_on(TODAY, known - timedelta(seconds=1)) == {}


def test_a_moved_start_takes_off_what_was_and_adds_what_is() -> None:
    account = make_account()
    line = make_line(account, ago(100))
    follow_revenue()
    change(line, start_on=ago(50))
    assert sorted(entries_of(account)[1:]) == [
        (ago(100), -1200, Cause.CHANGED),
        (ago(50), 1200, Cause.CHANGED),
    ]
    assert arr_on(ago(60)) == {}
    assert arr_on(ago(50)) == {account.pk: 1200}


def test_a_cancellation_that_comes_late_ends_the_line_from_its_own_day() -> None:
    account = make_account()
    line = make_line(account, ago(100))
    follow_revenue()
    change(line, end_on=ago(30))
    assert entries_of(account)[1:] == [(ago(30), -1200, Cause.CHANGED)]
    assert (arr_on(ago(31)), arr_on(ago(30))) == ({account.pk: 1200}, {account.pk: 0})


def test_a_deleted_line_was_never_there_and_counts_again_when_it_is_restored() -> None:
    account = make_account()
    line = make_line(account, ago(100), ago(-10))
    follow_revenue()
    known = newest()
    change(line, deleted_at="2026-11-01T00:00:00Z")
    assert arr_on(TODAY) == {}, "an account that never had revenue has no value"
    assert arr_on(TODAY, known) == {account.pk: 1200}
    assert {cause for *_, cause in entries_of(account)[2:]} == {Cause.WITHDRAWN}
    change(line, deleted_at=None)
    assert {cause for *_, cause in entries_of(account)[4:]} == {Cause.RESTORED}
    assert arr_on(TODAY) == {account.pk: 1200}


def test_a_deleted_account_is_followed_without_a_mark_and_so_is_its_return() -> None:
    account = make_account()
    make_line(account, ago(100))
    follow_revenue()
    Account.objects.filter(pk=account.pk).update(deleted_at="2026-11-01T00:00:00Z")
    assert follow_revenue() == 1
    assert entries_of(account)[-1] == (ago(100), -1200, Cause.ACCOUNT_GONE)
    assert follow_revenue() == 0
    Account.objects.filter(pk=account.pk).update(deleted_at=None)
    assert follow_revenue() == 1
    assert entries_of(account)[-1] == (ago(100), 1200, Cause.RESTORED)
    assert follow_revenue() == 0


@pytest.mark.parametrize("what", ["nothing was entered", "all was withdrawn"])
def test_lines_that_came_while_an_account_was_deleted_are_entered_when_it_is_back(what: str) -> None:
    account = make_account()
    line = make_line(account, ago(100))
    if what == "all was withdrawn":
        follow_revenue()
        change(line, deleted_at="2026-11-01T00:00:00Z")
        ContractLine.objects.filter(pk=line.pk).update(deleted_at=None)
        RevenueToRecompute.objects.create(account=account)
    Account.objects.filter(pk=account.pk).update(deleted_at="2026-11-01T00:00:00Z")
    assert follow_revenue() == 0
    assert follow_revenue() == 0
    Account.objects.filter(pk=account.pk).update(deleted_at=None)
    assert follow_revenue() == 1
    assert arr_on(TODAY) == {account.pk: 1200}
    assert not RevenueToRecompute.objects.exists()


def test_an_account_deleted_since_the_last_night_is_no_gap() -> None:
    account, other = make_account(), make_account()
    make_line(account, ago(100))
    make_line(other, ago(100))
    follow_revenue()
    Account.objects.filter(pk=account.pk).update(deleted_at="2026-11-01T00:00:00Z")
    assert find_gaps(ago(90), TODAY) == []
    follow_revenue()
    assert find_gaps(ago(90), TODAY) == []


def test_a_line_that_moves_leaves_one_account_and_comes_to_the_other() -> None:
    account, other = make_account(), make_account()
    line = make_line(account, ago(100))
    follow_revenue()
    Contract.objects.filter(pk=line.contract_id).update(account=other)
    for each in (account, other):
        RevenueToRecompute.objects.create(account=each)
    follow_revenue()
    assert entries_of(account)[1:] == [(ago(100), -1200, Cause.MOVED)]
    assert entries_of(other) == [(ago(100), 1200, Cause.MOVED)]


def test_currencies_are_kept_apart() -> None:
    account = make_account()
    make_line(account, ago(10), amount=100)
    make_line(account, ago(10), amount=200, currency="EUR")
    follow_revenue()
    assert dict(RevenueEntry.objects.values_list("currency", "arr")) == {"EUR": 200, "USD": 100}


def test_amounts_are_entered_exactly_and_summed_before_they_are_rounded() -> None:
    account = make_account()
    for _ in range(3):
        make_line(account, ago(10), amount="0.0011", period="day", discount_percent="12.3456")
    follow_revenue()
    exact = Decimal("0.0011") * Decimal("365.25") * (100 - Decimal("12.3456")) / 100
    assert set(RevenueEntry.objects.values_list("arr", flat=True)) == {exact}
    assert arr_on(TODAY) == {account.pk: (3 * exact).quantize(Decimal("0.01"))}


@pytest.mark.parametrize("statement", ["UPDATE {} SET recorded_at = now()", "DELETE FROM {}"])
@pytest.mark.parametrize("model", [RevenueEntry, RateEntry])
def test_entries_never_change_and_never_go(model: Any, statement: str) -> None:
    make_line(make_account(), ago(10), currency="EUR")
    make_rate("EUR", ago(20), "1.1")
    follow_revenue()
    with (
        pytest.raises(IntegrityError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement.format(model._meta.db_table))


def test_rates_are_kept_as_they_were_known() -> None:
    account = make_account()
    make_line(account, ago(100), amount=1000, currency="EUR")
    rate = make_rate("EUR", ago(90), "1.10")
    follow_revenue()
    known = RateEntry.objects.latest("pk").recorded_at
    assert follow_rates() == 0
    rate.rate = Decimal("1.20")
    rate.save()
    assert follow_rates() == 1
    assert arr_on(TODAY) == {account.pk: 1200}
    assert arr_on(TODAY, max(known, newest())) == {account.pk: 1100}
    rate.deleted_at = "2026-11-01T00:00:00Z"
    rate.save()
    assert follow_rates() == 1
    assert arr_on(TODAY) == {account.pk: None}


def test_a_rate_that_is_gone_leaves_the_one_before_it() -> None:
    account = make_account()
    make_line(account, ago(100), amount=1000, currency="EUR")
    make_rate("EUR", ago(90), "1.10")
    rate = make_rate("EUR", ago(10), "1.20")
    follow_revenue()
    rate.deleted_at = "2026-11-01T00:00:00Z"
    rate.save()
    follow_revenue()
    assert arr_on(TODAY) == {account.pk: 1100}
    (moved,) = movements_over([Window(ago(8), TODAY)], constant_currency=False)
    assert (moved.start, moved.fx, moved.end) == (1100, 0, 1100)


def test_the_reporting_currency_is_worth_itself_whatever_a_source_says() -> None:
    account = make_account()
    make_line(account, ago(100), amount=1000)
    make_rate("USD", ago(90), "1.10")
    follow_revenue()
    assert arr_on(TODAY) == {account.pk: 1000}
    (moved,) = movements_over([Window(ago(95), TODAY)], constant_currency=False)
    assert (moved.start, moved.fx, moved.end) == (1000, 0, 1000)


def test_only_accounts_of_the_slice_are_followed() -> None:
    account, other = make_account(), make_account()
    for each in (account, other):
        make_line(each, ago(10))
    follow_lines(as_of=TODAY, first=account.pk, last=account.pk)
    assert entries_of(account)
    assert not entries_of(other)
    assert RevenueToRecompute.objects.filter(account=other).exists()


def test_the_number_of_statements_does_not_grow_with_accounts() -> None:
    def statements() -> int:
        with CaptureQueriesContext(connection) as captured:
            follow_lines(as_of=TODAY, first=0, last=LAST)
        return len(captured)

    make_line(make_account(), ago(400))
    one = statements()
    for _ in range(5):
        make_line(make_account(), ago(400))
    assert statements() == one


def test_an_account_counts_where_it_stood_at_the_start() -> None:
    account = make_account(industry="Retail", country="DE", employees=40)
    make_line(account, ago(400))
    refresh(ago(30))
    Account.objects.filter(pk=account.pk).update(industry="Energy", country="FR", employees=400)
    refresh(ago(10))
    places = list(RevenuePlace.objects.order_by("pk").values_list("industry", "country", "since", "until"))
    assert places == [("Retail", "DE", None, ago(10)), ("Energy", "FR", ago(10), None)]
    before, after = ("Retail", "DE", "1-49"), ("Energy", "FR", "250-999")
    for start, wanted in ((ago(20), before), (ago(11), before), (ago(10), after), (ago(5), after)):
        window = [Window(start, start + timedelta(days=1))]
        found = [movements_over(window, dimension) for dimension in ("industry", "country", "size")]
        assert [[(row.member, row.end) for row in rows] for rows in found] == [
            [(each, 1200)] for each in wanted
        ]
    refresh(ago(10))
    assert RevenuePlace.objects.count() == 2


def test_an_account_counts_with_whoever_owned_it_at_the_start() -> None:
    account = make_account(owner_email="ann@example.com")
    make_line(account, ago(400))
    refresh(ago(30))
    Account.objects.filter(pk=account.pk).update(owner_email="bob@example.com")
    refresh(ago(10))
    for start, wanted in ((ago(20), "ann@example.com"), (ago(5), "bob@example.com")):
        (found,) = movements_over([Window(start, start + timedelta(days=1))], "owner")
        assert found.member == wanted


def test_a_profile_that_changes_twice_on_a_day_is_kept_once() -> None:
    account = make_account(industry="Retail")
    make_line(account, ago(400))
    refresh(ago(30))
    for industry in ("Energy", "Media"):
        Account.objects.filter(pk=account.pk).update(industry=industry)
        refresh(ago(10))
    assert set(RevenuePlace.objects.values_list("industry", "since", "until")) == {
        ("Retail", None, ago(10)),
        ("Media", ago(10), None),
    }


def test_a_refresh_of_an_earlier_day_leaves_profiles_alone() -> None:
    account = make_account(industry="Retail")
    make_line(account, ago(400))
    refresh(ago(10))
    Account.objects.filter(pk=account.pk).update(industry="Energy")
    refresh(ago(30))
    assert RevenuePlace.objects.get().industry == "Retail"


def test_a_position_knows_whether_there_was_revenue_before() -> None:
    fresh, back, corrected = (make_account() for _ in range(3))
    make_line(fresh, ago(10))
    make_line(back, ago(300), ago(200))
    make_line(back, ago(10))
    wrong = make_line(corrected, ago(300))
    follow_revenue()
    change(wrong, start_on=ago(10))
    rows = positions_between(ago(20), TODAY).fetch_dicts()
    assert {row["account_id"]: row["had_before"] for row in rows} == {
        fresh.pk: False,
        back.pk: True,
        corrected.pk: False,
    }
    assert {row["account_id"]: row["start_arr"] for row in rows} == dict.fromkeys(
        (fresh.pk, back.pk, corrected.pk), 0
    )


def test_a_ledger_of_many_changes_says_what_the_lines_say() -> None:
    account = make_account()
    line = make_line(account, date(2024, 2, 29), amount=1000)
    for fields in (
        {"amount": 1100},
        {"end_on": date(2025, 2, 28)},
        {"start_on": date(2024, 3, 1), "end_on": None},
        {"billing_period": "month"},
        {"is_trial": True},
        {"is_trial": False, "discount_percent": 50},
    ):
        change(line, **fields)
    assert find_gaps(date(2024, 1, 1), TODAY) == []
    assert measure("finance.arr") == {account.pk: 6600}
