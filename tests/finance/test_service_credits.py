"""What clauses would have us credit for missed first responses: by contract, and for who may see money."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Account
from finance.clauses.services.deviations import Wanted
from finance.clauses.services.paper import record_clause
from finance.models import Contract
from metrics.models import MetricValue
from tests.finance.clauses import family
from tests.finance.test_contract_pages import record
from tests.metrics.facts import make_account, make_line, make_rate, measure
from tests.users import client_as, make_user

pytestmark = pytest.mark.django_db
TODAY = timezone.now().date()
KEY, MISSED = "finance.service_credits", "support.agreed_missed_month"


def sell(account: Account, text: str, amount: int = 1200, currency: str = "USD") -> Contract:
    """Sell a contract of so much a year, with a text of the custom SLA in it."""
    line = make_line(account, TODAY - timedelta(days=100), amount=amount, currency=currency)
    record()
    record_clause(
        contract=line.contract,
        family=family("custom-sla"),
        signed_on=TODAY - timedelta(days=20),
        paper="§ 9",
        by=make_user("legal"),
        wanted=Wanted(text=text),
    )
    return line.contract


def missed(account: Account, value: int) -> None:
    """Store how many first responses that a contract promises were missed this month."""
    MetricValue.objects.update_or_create(key=MISSED, as_of=TODAY, account=account, defaults={"value": value})


def owed() -> dict[int, Decimal]:
    """Return what would be credited, by account."""
    return measure(KEY, TODAY)


def test_a_share_of_the_monthly_fee_is_credited_once_a_month_however_often_it_was_missed() -> None:
    account = make_account("strategic")
    sell(account, "thirty-minutes")
    missed(account, 0)
    assert owed() == {account.pk: 0}
    missed(account, 3)
    assert owed() == {account.pk: 10}


def test_of_contracts_that_differ_those_with_the_shortest_promise_credit() -> None:
    account = make_account("strategic")
    sell(account, "thirty-minutes", 1200)
    sell(account, "two-hours", 60_000)
    sell(account, "thirty-minutes", 2400)
    missed(account, 1)
    assert owed() == {account.pk: 30}


def test_fees_in_another_currency_count_at_the_rate_of_the_day_and_without_one_nothing_is_told() -> None:
    account = make_account("strategic")
    sell(account, "thirty-minutes", currency="EUR")
    missed(account, 1)
    assert owed() == {}
    make_rate("EUR", TODAY - timedelta(days=50), "1.5")
    assert owed() == {account.pk: 15}


@pytest.mark.parametrize("text", ["standard", "two-hours"])
def test_only_who_has_such_a_clause_has_a_number(text: str) -> None:
    account, other = make_account("strategic"), make_account("strategic")
    sell(account, text)
    make_line(other, TODAY - timedelta(days=100))
    missed(account, 1)
    missed(other, 1)
    assert owed() == ({} if text == "standard" else {account.pk: 5})


@pytest.mark.parametrize(
    ("function", "sees"), [("leadership", True), ("customer_success", True), ("support", False)]
)
def test_the_report_tells_money_to_who_may_see_it(function: str, sees: bool) -> None:
    account = make_account("strategic", name="Halden Rail")
    sell(account, "thirty-minutes")
    missed(account, 2)
    owed()
    response = client_as(function).get("/support/attainment/")
    words = response.content.decode()
    assert ("Halden Rail" in words) is sees
    exposure = words[words.index("Credit exposure") :][:3000]
    assert ("abe-redacted" in exposure) is not sees
    assert ("$0" in exposure) is False
    export: Any = client_as(function).get("/support/attainment/?export=csv&table=credits")
    assert export.status_code == (200 if sees else 404)


def test_finance_sees_them_on_the_account_s_page() -> None:
    from accounts.lenses import panels

    account = make_account("strategic")
    sell(account, "thirty-minutes")
    assert panels[KEY].load(account, TODAY)["chart"].is_empty
    missed(account, 1)
    owed()
    chart = panels[KEY].load(account, TODAY)["chart"]
    assert list(chart.series[0].values) == [None] * 11 + [10]
    assert "10 to credit" in chart.title
