"""Whether an account's contracts are in order, told in one card."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.lenses import panels
from accounts.models import Account
from finance.models import Contract, ContractObligation
from finance.obligations.services import Terms, add_obligation, complete_obligation
from tests.finance.clauses import ask_for
from tests.finance.test_clauses_in_contracts import sell, write
from tests.metrics.facts import make_account
from tests.users import client_as, make_user

pytestmark = pytest.mark.django_db
TODAY = timezone.now().date()


def checks(account: Account, as_of: date = TODAY) -> dict[str, tuple[str, bool]]:
    data: Any = panels["finance.contract_health"].load(account, as_of)
    return {check["label"]: (check["words"], check["needs_look"]) for check in data["checks"]}


def owe(contract: Contract, days: int, party: str = "ours") -> ContractObligation:
    terms = Terms(title="Report", party=party, due_on=TODAY + timedelta(days=days))
    return add_obligation(contract=contract, terms=terms, by=make_user("legal"))


def test_an_account_without_contracts_is_in_order() -> None:
    assert checks(make_account("growth")) == {
        "Clauses": ("none written down", False),
        "Obligations": ("none late", False),
        "Notice": ("no day for notice ahead", False),
        "Deviations": ("none open", False),
    }


def test_each_check_tells_what_needs_a_look() -> None:
    account = make_account("growth", name="Acme")
    ends = TODAY + timedelta(days=90)
    contract = sell(account, end_on=ends, notice_days=30)
    write(contract, "payment-schedule", "net-60-milestones")
    write(contract, "late-payment", "automated")
    owe(contract, -1)
    owe(contract, -1, "theirs")
    complete_obligation(obligation=owe(contract, 0), by=make_user("legal"))
    ask_for(account)
    assert checks(account) == {
        "Clauses": ("1 of 2 beyond the guardrail", True),
        "Obligations": ("2 late, 1 of them ours; 0 of 2 met in time over twelve months", True),
        "Notice": (f"FW-1 by {(ends - timedelta(days=30)).strftime('%-d %b %Y')}, in 2 months", True),
        "Deviations": ("1 waiting, 0 granted and in no contract yet", True),
    }
    past = checks(account, TODAY - timedelta(days=1))
    assert (past["Obligations"], past["Deviations"]) == (("none late", False), ("none open", False))


def test_obligations_met_in_time_and_late_are_told_apart() -> None:
    account = make_account("growth")
    contract = sell(account)
    for due, done in ((-10, -12), (-10, -10), (-10, -3), (-400, -400)):
        held = owe(contract, due)
        ContractObligation.objects.filter(pk=held.pk).update(
            done_at=timezone.now() + timedelta(days=done),
            done_by=held.created_by,
            created_at=timezone.now() - timedelta(days=500),
        )
    assert checks(account)["Obligations"] == ("none late; 2 of 3 met in time over twelve months", False)


@pytest.mark.parametrize("function", ["finance", "legal"])
def test_finance_and_legal_find_it_on_their_lens(function: str) -> None:
    account = make_account("growth")
    page = client_as(function).get(account.get_absolute_url(lens=function))
    assert "Contract health" in page.content.decode()
    closed = client_as("support").get(reverse("accounts:panel", args=[account.pk, "finance.contract_health"]))
    assert "does not read contracts" in closed.content.decode()
