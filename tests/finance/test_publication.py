"""Months are closed and published; what comes later restates them, and says which line, why and from where."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.identity.merge import merge_accounts
from accounts.identity.unmerge import unmerge_accounts
from accounts.models import Account
from finance.models import ContractLine, RevenueClose, RevenueEntry, RevenueToRecompute
from finance.revenue import publication
from finance.revenue.movements import (
    account_movements,
    find_gaps,
    line_movements,
    movements,
    movements_over,
)
from finance.revenue.publication import Restatement, close_months, closed_at, restatements
from finance.revenue.windows import Window
from metrics.engine.plan import today
from sync.models import Change
from tests.metrics.facts import TODAY, ago, follow_revenue, make_account, make_line, make_rate, refresh
from tests.sync.conftest import Api, api  # noqa: F401 - a fixture
from tests.users import make_user

pytestmark = pytest.mark.django_db

OCTOBER, SEPTEMBER = date(2026, 10, 1), date(2026, 9, 1)
LAST_OF_OCTOBER = date(2026, 10, 31)


def change(line: ContractLine, **fields: Any) -> None:
    ContractLine.objects.filter(pk=line.pk).update(**fields)
    RevenueToRecompute.objects.get_or_create(account=line.contract.account)
    follow_revenue()


def end_of(month: date, *, published: bool, **options: Any) -> Decimal:
    rows = movements(month, month, published=published, **options)
    return sum((row.end for row in rows), Decimal(0))


def told(month: date = OCTOBER) -> list[tuple[Any, ...]]:
    return [(row.account_id, row.line_id, row.cause, row.change) for row in restatements(month)]


def test_the_night_closes_the_months_that_have_ended() -> None:
    make_line(make_account(), date(2026, 8, 20))
    refresh(date(2026, 10, 30))
    months = list(RevenueClose.objects.values_list("month", flat=True))
    assert months == [date(2026, 8, 1), SEPTEMBER]
    first = closed_at(SEPTEMBER)
    refresh(LAST_OF_OCTOBER)
    assert RevenueClose.objects.count() == 3
    refresh(TODAY)
    assert RevenueClose.objects.count() == 3, "November is not over"
    assert closed_at(SEPTEMBER) == first
    assert set(RevenueClose.objects.values_list("by", flat=True)) == {None}


def test_a_month_is_not_closed_on_its_last_day(monkeypatch: pytest.MonkeyPatch) -> None:
    make_line(make_account(), date(2026, 8, 20))
    monkeypatch.setattr(publication, "today", lambda: LAST_OF_OCTOBER)
    with pytest.raises(ValidationError, match="not over yet"):
        close_months(until=LAST_OF_OCTOBER)
    assert close_months(until=LAST_OF_OCTOBER - timedelta(days=1))[-1] == SEPTEMBER


def test_finance_closes_by_hand_and_nobody_else_does() -> None:
    make_line(make_account(), OCTOBER)
    with pytest.raises(PermissionDenied):
        close_months(until=LAST_OF_OCTOBER, by=make_user("sales"))
    person = make_user("finance")
    assert close_months(until=LAST_OF_OCTOBER, by=person) == [OCTOBER]
    assert RevenueClose.objects.get().by == person
    assert close_months(until=LAST_OF_OCTOBER, by=person) == []


def test_closing_enters_what_waits_first() -> None:
    make_line(make_account(), OCTOBER)
    close_months(until=LAST_OF_OCTOBER)
    assert end_of(OCTOBER, published=True) == 1200
    assert restatements(OCTOBER) == []


def test_closed_months_stay_closed() -> None:
    make_line(make_account(), OCTOBER)
    close_months(until=LAST_OF_OCTOBER)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        RevenueClose.objects.all().delete()


def test_the_command_closes_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    make_line(make_account(), OCTOBER)
    call_command("close_revenue", until=LAST_OF_OCTOBER)
    assert "Closed 2026-10." in capsys.readouterr().out
    call_command("close_revenue", until=LAST_OF_OCTOBER)
    assert "No month was open" in capsys.readouterr().out
    with pytest.raises(CommandError, match="not over yet"):
        call_command("close_revenue", until=today())


def test_a_late_cancellation_restates_what_was_published() -> None:
    account = make_account(name="Late Ltd")
    line = make_line(account, ago(400))
    make_line(account, ago(400), amount=300)
    close_months(until=LAST_OF_OCTOBER)
    change(line, end_on=date(2026, 9, 15))
    assert end_of(OCTOBER, published=True) == 1500
    assert end_of(OCTOBER, published=False) == 300
    assert movements(SEPTEMBER, SEPTEMBER, published=True)[0].contraction == 0
    assert movements(SEPTEMBER, SEPTEMBER)[0].contraction == 1200
    (row,) = restatements(OCTOBER)
    assert (row.account_id, row.account_name, row.line_id) == (account.pk, "Late Ltd", line.pk)
    assert (row.cause, row.why) == ("changed", "The line's terms were changed")
    assert (row.change_own, row.change, row.currency) == (-1200, -1200, "USD")
    month = Window(date(2026, 8, 31), date(2026, 9, 30))
    then = Window(month.start, month.end, closed_at(SEPTEMBER))
    assert [(row.start, row.end) for row in line_movements(account.pk, then)] == [(1200, 1200), (300, 300)]
    assert [(row.start, row.end) for row in line_movements(account.pk, month)] == [(1200, 0), (300, 300)]
    assert restatements(date(2026, 8, 1)) == [], "August ended before it"
    assert restatements(date(2026, 11, 1)) == [], "November is open"


def test_a_series_is_as_published_up_to_the_open_month_which_is_as_known() -> None:
    account = make_account()
    line = make_line(account, date(2026, 9, 5))
    close_months(until=LAST_OF_OCTOBER)
    change(line, amount=1500)
    rows = movements(SEPTEMBER, date(2026, 11, 1), published=True, until=TODAY)
    assert [(row.start, row.end) for row in rows] == [(0, 1200), (1200, 1200), (1500, 1500)]


def test_months_before_the_first_that_was_closed_are_published_with_it() -> None:
    account = make_account()
    line = make_line(account, date(2026, 9, 5))
    close_months(until=LAST_OF_OCTOBER)
    change(line, amount=1500, start_on=date(2026, 5, 5))
    rows = movements(date(2024, 11, 1), date(2026, 11, 1), published=True, until=TODAY)
    assert {row.month: row.end for row in rows if row.end} == {
        SEPTEMBER: 1200,
        OCTOBER: 1200,
        date(2026, 11, 1): 1500,
    }
    may = date(2026, 5, 1)
    assert closed_at(may) == closed_at(SEPTEMBER)
    assert told(may) == [(account.pk, line.pk, "changed", 1500)]


def test_a_clock_that_was_set_back_closes_no_month_before_the_last() -> None:
    line = make_line(make_account(), date(2026, 8, 5))
    close_months(until=date(2026, 8, 31))
    ahead = timezone.now() + timedelta(days=2)
    RevenueClose.objects.create(month=SEPTEMBER, closed_at=ahead)
    close_months(until=LAST_OF_OCTOBER)
    known = closed_at(OCTOBER)
    assert known is not None
    assert known >= ahead
    change(line, amount=1500)
    rows = movements(date(2026, 8, 1), date(2026, 11, 1), published=True, until=TODAY)
    assert [row.end for row in rows] == [1200, 1200, 1200, 1500]


def test_windows_out_of_order_are_refused() -> None:
    known = timezone.now()
    months = [Window(date(2026, 8, 31), date(2026, 9, 30)), Window(date(2026, 9, 30), LAST_OF_OCTOBER, known)]
    with pytest.raises(ValueError, match="order"):
        movements_over(months)


def test_what_falls_into_an_open_month_corrects_nothing() -> None:
    account = make_account()
    make_line(account, ago(400))
    close_months(until=LAST_OF_OCTOBER)
    make_line(account, date(2026, 11, 1), amount=10)
    make_line(account, LAST_OF_OCTOBER, amount=20)
    follow_revenue()
    newest = RevenueEntry.objects.order_by("-on").values_list("on", "corrects")[:2]
    assert list(newest) == [(date(2026, 11, 1), False), (LAST_OF_OCTOBER, True)]


def test_a_changed_rate_restates_without_a_line() -> None:
    account = make_account()
    make_line(account, ago(400), amount=1000, currency="EUR")
    rate = make_rate("EUR", ago(500), "1.10")
    close_months(until=LAST_OF_OCTOBER)
    rate.rate = Decimal("1.25")
    rate.save()
    follow_revenue()
    assert end_of(OCTOBER, published=True, constant_currency=False) == 1100
    assert end_of(OCTOBER, published=False, constant_currency=False) == 1250
    assert told() == [(account.pk, None, "rate", 150)]


def test_a_rate_sent_anew_names_its_batch_and_source(api: Api) -> None:  # noqa: F811 - the fixture
    make_line(make_account(), ago(400), amount=1000, currency="EUR")
    make_line(make_account(), ago(400))
    first = {"external_id": "R", "currency": "EUR", "on": "2025-01-01", "rate": "1.1"}
    api.bulk("exchange-rates", [first])
    close_months(until=LAST_OF_OCTOBER)
    Change.objects.update(changed_at=timezone.now() - timedelta(days=20))  # all in one transaction here
    answer = api.bulk("exchange-rates", [first | {"rate": "1.3"}])
    after = timezone.now() + timedelta(days=1)
    Change.objects.filter(batch=answer["batch"]).update(changed_at=after)
    further = first | {"external_id": "S", "on": "2026-11-01"}
    api.bulk("exchange-rates", [further])
    follow_revenue()
    (row,) = restatements(OCTOBER)
    assert (row.cause, row.change, row.batch_id) == ("rate", 200, answer["batch"])
    assert (row.resource, row.source) == ("exchange-rates", "salesforce")


def test_an_account_left_out_for_want_of_a_rate_is_told_so() -> None:
    account = make_account()
    line = make_line(account, ago(400), amount=500)
    make_line(account, ago(400), amount=100, currency="SEK")
    close_months(until=LAST_OF_OCTOBER)
    change(line, amount=700)
    assert told() == [(account.pk, line.pk, "changed", 200), (account.pk, None, "left_out", -200)]
    make_rate("SEK", ago(400), "0.1")
    follow_revenue()
    assert told() == [
        (account.pk, line.pk, "changed", 200),
        (account.pk, None, "rate", 10),
        (account.pk, None, "left_out", 500),
    ]
    assert (end_of(OCTOBER, published=True), end_of(OCTOBER, published=False)) == (0, 710)


def test_a_rate_that_makes_up_for_a_line_is_told_as_a_rate() -> None:
    account = make_account()
    line = make_line(account, ago(400), amount=100, currency="EUR")
    rate = make_rate("EUR", ago(500), "1.00")
    close_months(until=LAST_OF_OCTOBER)
    rate.rate = Decimal("1.25")
    rate.save()
    change(line, amount=80)
    assert told() == [(account.pk, line.pk, "changed", -20), (account.pk, None, "rate", 20)]


def test_a_rate_that_is_new_later_changes_no_month_before() -> None:
    make_line(make_account(), ago(400), amount=1000, currency="EUR")
    make_rate("EUR", ago(500), "1.10")
    close_months(until=LAST_OF_OCTOBER)
    make_rate("EUR", date(2026, 11, 1), "2")
    follow_revenue()
    assert restatements(OCTOBER) == []


def test_a_line_sent_anew_names_its_batch_and_source(api: Api) -> None:  # noqa: F811 - the fixture
    api.bulk("accounts", [{"external_id": "A", "name": "Acme"}])
    api.bulk("contracts", [{"external_id": "C", "account": "A", "start_on": "2026-01-01", "currency": "USD"}])
    line = {
        "external_id": "L", "contract": "C", "product": "Plan", "start_on": "2026-01-01", "amount": "100",
        "billing_period": "month",
    }  # fmt: skip
    api.bulk("contract-lines", [line])
    close_months(until=LAST_OF_OCTOBER)
    answer = api.bulk("contract-lines", [{"external_id": "L", "amount": "80"}])
    api.bulk("contract-lines", [{"external_id": "L", "product": "Renamed"}])
    follow_revenue()
    (row,) = restatements(OCTOBER)
    assert (row.change, row.product, row.resource) == (-240, "Renamed", "contract-lines")
    assert row.batch_id == answer["batch"], "not that of the new name"
    assert row.source
    further = api.bulk("contract-lines", [{"external_id": "L", "amount": "60"}])
    assert row.recorded_at is not None
    later = row.recorded_at + timedelta(microseconds=1)
    Change.objects.filter(batch=further["batch"]).update(changed_at=later)  # all in one transaction here
    follow_revenue()
    assert {(row.change, row.batch_id) for row in restatements(OCTOBER)} == {
        (-240, answer["batch"]),
        (-240, further["batch"]),
    }


@pytest.mark.parametrize("undone", [False, True], ids=["merged", "taken back"])
def test_a_merge_restates_accounts_and_not_the_whole(api: Api, undone: bool) -> None:  # noqa: F811
    winner, loser = make_account(), make_account()
    make_line(winner, ago(400), amount=500)
    line = make_line(loser, ago(400), amount=700)
    close_months(until=LAST_OF_OCTOBER)
    merge = merge_accounts(winner=winner.pk, loser=loser.pk)
    follow_revenue()
    if undone:
        unmerge_accounts(merge=merge.pk)
        follow_revenue()
    now = {winner.pk: 500, loser.pk: 700} if undone else {winner.pk: 1200}
    assert {row.account_id: row.end for row in account_movements(OCTOBER, OCTOBER) if row.end} == now
    known = closed_at(OCTOBER)
    then = account_movements(OCTOBER, OCTOBER, known_at=known)
    assert {row.account_id: row.end for row in then} == {winner.pk: 500, loser.pk: 700}
    assert end_of(OCTOBER, published=True) == end_of(OCTOBER, published=False) == 1200
    rows = restatements(OCTOBER)
    assert {row.line_id for row in rows} == {line.pk}
    assert sum(row.change or 0 for row in rows if row.account_id == winner.pk) == (0 if undone else 700)
    assert "moved" in {row.cause for row in rows}
    assert find_gaps(SEPTEMBER, OCTOBER) == []


def test_a_deleted_account_is_still_in_what_was_published() -> None:
    account = make_account()
    make_line(account, ago(400))
    close_months(until=LAST_OF_OCTOBER)
    Account.objects.filter(pk=account.pk).update(deleted_at="2026-11-15T00:00:00Z")
    follow_revenue()
    assert end_of(OCTOBER, published=True) == 1200
    assert end_of(OCTOBER, published=False) == 0
    assert told()[0][2:] == ("account_gone", -1200)


amendments = st.lists(
    st.one_of(
        st.tuples(st.just("amount"), st.integers(0, 3), st.decimals("0.01", "9999", places=4)),
        st.tuples(st.just("start_on"), st.integers(0, 3), st.integers(-40, 20)),
        st.tuples(st.just("end_on"), st.integers(0, 3), st.none() | st.integers(21, 80)),
        st.tuples(st.just("deleted_at"), st.integers(0, 3), st.sampled_from([None, "2026-11-01T00:00:00Z"])),
        st.tuples(st.just("rate"), st.just(0), st.decimals("0.5", "2", places=6)),
    ),
    max_size=6,
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=amendments)
def test_restatements_add_up_to_what_changed_to_the_cent(drawn: list[tuple[str, int, Any]]) -> None:
    begin = date(2026, 9, 10)
    with transaction.atomic():
        accounts = [make_account(industry=f"I{place}") for place in range(2)]
        lines = [
            make_line(accounts[place % 2], begin, amount="333.3333", currency=("USD", "EUR")[place // 2])
            for place in range(4)
        ]
        rate = make_rate("EUR", begin - timedelta(days=60), "1.0777")
        close_months(until=LAST_OF_OCTOBER)
        published = [movements(SEPTEMBER, OCTOBER, d, published=True) for d in ("all", "industry")]
        for field, place, value in drawn:
            if field == "rate":
                rate.rate = value
                rate.save()
            elif field in {"start_on", "end_on"}:
                change(lines[place], **{field: None if value is None else begin + timedelta(days=value)})
            else:
                change(lines[place], **{field: value})
        follow_revenue()
        again = [movements(SEPTEMBER, OCTOBER, d, published=True) for d in ("all", "industry")]
        assert again == published, "what was published can be told again"
        for month in (SEPTEMBER, OCTOBER):
            now = end_of(month, published=False, constant_currency=False)
            then = end_of(month, published=True, constant_currency=False)
            assert sum((_value(row) for row in restatements(month)), Decimal(0)) == now - then
        assert find_gaps(SEPTEMBER, OCTOBER) == []
        transaction.set_rollback(True)


def _value(row: Restatement) -> Decimal:
    assert row.change is not None
    return row.change
