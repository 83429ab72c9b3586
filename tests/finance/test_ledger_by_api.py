"""The ledger behind the API: records in any order, moved, deleted and sent again, absurd and many."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal, localcontext
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Account
from finance.models import ContractLine, RateEntry, RevenueClose, RevenueEntry
from finance.revenue.movements import find_gaps, movements
from finance.revenue.positions import revenue_on
from finance.revenue.publication import close_months, closed_at, restatements
from metrics.models import MetricValue, RefreshStep
from tests.metrics.facts import TODAY, ago, follow_revenue, make_account, make_line, make_rate, refresh
from tests.sync.conftest import Api, api  # noqa: F401 - a fixture

pytestmark = pytest.mark.django_db

OCTOBER, LAST_OF_OCTOBER = date(2026, 10, 1), date(2026, 10, 31)
CONTRACT = {"external_id": "C", "account": "A", "start_on": "2026-01-01", "currency": "USD"}
LINE = {
    "external_id": "L", "contract": "C", "product": "Plan", "start_on": "2026-01-01", "amount": "100",
    "billing_period": "month",
}  # fmt: skip


def arr() -> dict[str, Decimal]:
    """Let the ledger follow, and return today's ARR by the name of the account, without those that have none."""
    follow_revenue()
    assert find_gaps(date(2026, 1, 1), TODAY) == []
    names = dict(Account.objects.values_list("pk", "name"))
    return {names[pk]: value for pk, value in revenue_on(TODAY).fetch() if value}


@pytest.fixture
def sold(api: Api) -> Api:  # noqa: F811 - the fixture
    api.bulk("accounts", [{"external_id": name, "name": name} for name in "AB"])
    api.bulk("contracts", [CONTRACT, CONTRACT | {"external_id": "D", "account": "B"}])
    api.bulk("contract-lines", [LINE])
    assert arr() == {"A": 1200}
    return api


def test_records_that_come_the_wrong_way_round_count_all_the_same(api: Api) -> None:  # noqa: F811
    unsaid: dict[str, Any] = {"quantity": None, "discount_percent": None, "is_trial": None, "end_on": None}
    assert api.statuses("contract-lines", [LINE | unsaid]) == ["pending"]
    assert api.statuses("contracts", [CONTRACT | {"currency": "usd", "auto_renew": None}]) == ["pending"]
    assert arr() == {}
    api.bulk("accounts", [{"external_id": "A", "name": "A"}])
    assert arr() == {"A": 1200}


def test_a_discount_that_is_cleared_counts_no_more(sold: Api) -> None:
    sold.bulk("contract-lines", [{"external_id": "L", "discount_percent": "25"}])
    assert arr() == {"A": 900}
    sold.bulk("contract-lines", [{"external_id": "L", "discount_percent": None}])
    assert arr() == {"A": 1200}


def test_a_contract_that_moves_leaves_one_account_and_comes_to_the_other(sold: Api) -> None:
    sold.bulk("contracts", [{"external_id": "C", "account": "B"}])
    assert arr() == {"B": 1200}
    sold.bulk("contracts", [{"external_id": "C", "account": "A"}])
    assert arr() == {"A": 1200}


def test_a_line_that_moves_to_a_contract_of_another_account_leaves_the_one(sold: Api) -> None:
    sold.bulk("contract-lines", [{"external_id": "L", "contract": "D"}])
    assert arr() == {"B": 1200}


def test_an_older_record_changes_nothing(sold: Api) -> None:
    sold.bulk("contract-lines", [LINE | {"amount": "150", "source_updated_at": "2026-06-02T00:00:00Z"}])
    late = LINE | {"amount": "90", "source_updated_at": "2026-06-01T00:00:00Z"}
    assert sold.statuses("contract-lines", [late]) == ["stale"]
    assert arr() == {"A": 1800}


@pytest.mark.parametrize(
    ("resource", "record"),
    [("contract-lines", LINE), ("contracts", CONTRACT), ("accounts", {"external_id": "A"})],
)
def test_what_is_deleted_counts_no_more_and_counts_again_when_it_is_sent_again(
    sold: Api, resource: str, record: dict[str, Any]
) -> None:
    path = f"{resource}/salesforce/{record['external_id']}/"
    assert sold.call("delete", path).status_code in {200, 204}
    assert arr() == {}
    sold.bulk(resource, [record])
    assert arr() == {"A": 1200}


def test_lines_of_an_account_that_is_deleted_before_the_night_count_when_it_is_back(sold: Api) -> None:
    sold.bulk("accounts", [{"external_id": "N", "name": "N"}])
    sold.bulk("contracts", [CONTRACT | {"external_id": "E", "account": "N"}])
    sold.bulk("contract-lines", [LINE | {"external_id": "M", "contract": "E", "amount": "7"}])
    sold.call("delete", "accounts/salesforce/N/")
    assert arr() == {"A": 1200}
    sold.bulk("accounts", [{"external_id": "N", "name": "N"}])
    assert arr() == {"A": 1200, "N": 84}


def test_another_currency_of_a_contract_takes_its_lines_along(sold: Api) -> None:
    make_rate("EUR", date(2026, 1, 1), "1.5")
    close_months(until=LAST_OF_OCTOBER)
    sold.bulk("contracts", [{"external_id": "C", "currency": "EUR"}])
    assert arr() == {"A": 1800}
    held = RevenueEntry.objects.values_list("currency", "arr", "cause").order_by("pk")
    assert list(held)[1:] == [("EUR", 1200, "changed"), ("USD", -1200, "changed")]
    assert sorted((row.currency, row.change) for row in restatements(OCTOBER)) == [
        ("EUR", 1800),
        ("USD", -1200),
    ]
    assert {row.resource for row in restatements(OCTOBER)} == {"contracts"}


def test_absurd_and_tiny_amounts_stop_nobodys_night(api: Api) -> None:  # noqa: F811
    api.bulk("accounts", [{"external_id": "A", "name": "A"}, {"external_id": "B", "name": "B"}])
    api.bulk(
        "contracts",
        [
            CONTRACT | {"start_on": "1900-01-01", "currency": "JPY"},
            CONTRACT | {"external_id": "D", "account": "B"},
        ],
    )
    huge = {"start_on": "1900-01-01", "amount": "99999999999999.9999", "billing_period": "day"}
    tiny = {"contract": "D", "amount": "0.0001", "discount_percent": "99.9999", "billing_period": "week"}
    answer = api.bulk(
        "contract-lines",
        [
            *[LINE | huge | {"external_id": f"H{number}"} for number in range(50)],
            *[LINE | tiny | {"external_id": f"T{number}"} for number in range(50)],
            LINE | {"external_id": "late", "start_on": "9999-12-31"},
        ],
    )
    assert answer["rejected"] == 0
    api.bulk(
        "exchange-rates",
        [{"external_id": "R", "currency": "JPY", "on": "1900-01-01", "rate": "9999999999.99999999"}],
    )
    run = refresh()
    assert list(RefreshStep.objects.filter(run=run).exclude(error="").values_list("key", "error")) == []
    assert find_gaps(date(2026, 1, 1), TODAY) == []
    (moved,) = movements(OCTOBER, OCTOBER, constant_currency=False)
    with localcontext() as context:
        context.prec = 60
        own = round(50 * Decimal("99999999999999.9999") * Decimal("365.25"), 2)
        assert moved.end == round(own * Decimal("9999999999.99999999"), 2)
    entered = RevenueEntry.objects.filter(account__name="B").values_list("arr", flat=True)
    assert set(entered) == {Decimal("0.0000000052")}


def test_thousands_of_lines_are_summed_before_they_are_rounded() -> None:
    account = make_account()
    contract = make_line(account, ago(400), amount="0.0049").contract
    ContractLine.objects.bulk_create(
        ContractLine(
            contract=contract,
            product="Plan",
            start_on=ago(400),
            amount=Decimal("0.0049"),
            billing_period="year",
        )
        for _ in range(4_999)
    )
    assert follow_revenue() == 5_000
    assert dict(revenue_on(TODAY).fetch()) == {account.pk: Decimal("24.50")}


def test_a_clock_that_was_set_back_enters_nothing_into_what_was_published() -> None:
    account = make_account()
    line = make_line(account, ago(400))
    rate = make_rate("EUR", ago(400), "1.1")
    make_line(account, ago(400), amount=100, currency="EUR")
    follow_revenue()
    ahead = timezone.now() + timedelta(days=2)
    RevenueClose.objects.create(month=OCTOBER, closed_at=ahead)
    ContractLine.objects.filter(pk=line.pk).update(amount=1500)
    rate.rate = Decimal("1.5")
    rate.save()
    make_line(account, ago(5), amount=1)
    follow_revenue()
    assert movements(OCTOBER, OCTOBER, published=True)[0].end == 1310
    assert movements(OCTOBER, OCTOBER)[0].end == 1650
    assert sum(row.change or 0 for row in restatements(OCTOBER)) == 340


def test_a_close_contains_what_a_clock_ahead_has_entered() -> None:
    account = make_account()
    line = make_line(account, ago(400), currency="EUR")
    make_rate("EUR", ago(400), "1.1")
    follow_revenue()
    ahead = timezone.now() + timedelta(days=2)
    later = ahead + timedelta(days=1)
    RevenueEntry.objects.create(
        account=account, line=line, currency="EUR", on=ago(300), arr=1, recorded_at=ahead, cause="changed",
        corrects=False,
    )  # fmt: skip
    RateEntry.objects.create(currency="EUR", on=ago(100), rate=Decimal(2), recorded_at=later)
    close_months(until=LAST_OF_OCTOBER)
    known = closed_at(OCTOBER)
    assert known is not None
    assert known >= later


def test_a_day_of_the_past_refreshed_again_and_again_tells_the_same() -> None:
    account = make_account()
    make_line(account, ago(400), ago(40))
    refresh(TODAY)

    def told(day: date) -> list[tuple[str, Decimal]]:
        refresh(day)
        keys = ("finance.arr", "finance.mrr", "finance.nrr", "finance.grr")
        return list(
            MetricValue.objects.on(day).filter(key__in=keys).order_by("key").values_list("key", "value")
        )

    first = told(ago(60))
    assert dict(first) == {"finance.arr": 1200, "finance.mrr": 100}
    entries, closes = RevenueEntry.objects.count(), RevenueClose.objects.count()
    assert told(ago(60)) == first
    assert told(ago(41)) == [("finance.arr", 1200), ("finance.mrr", 100)]
    assert told(ago(40)) == [("finance.arr", 0), ("finance.mrr", 0)]
    assert told(ago(30))[-1] == ("finance.nrr", 0)
    assert (RevenueEntry.objects.count(), RevenueClose.objects.count()) == (entries, closes)
