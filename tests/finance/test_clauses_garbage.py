"""Whatever is typed into a form of clauses or into its address, the answer is a page, and nothing half is kept."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from finance.clauses.services.library import create_clause_draft
from finance.models import ClauseFamily, ClauseVersion, Contract, ContractVersion, Deviation
from tests.finance.clauses import ask_for, family, publish_next
from tests.finance.test_clauses_in_contracts import sell
from tests.metrics.facts import make_account
from tests.users import client_of, make_user

pytestmark = pytest.mark.django_db

GARBAGE = (
    "",
    "\x00",
    "10" * 15,
    "-0",
    "NaN",
    "1e400",
    "0001-01-01",
    "9999-12-31",
    "٣",
    "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"),
    "x" * 100_000,
    "'\"<script>",
)
TERMS = [
    f"terms__{name}"
    for name in (
        "payment_days",
        "payment_options",
        "cap_fees",
        "cap_amount__amount",
        "cap_amount__currency",
        "first_response",
        "uptime",
        "service_credit",
        "termination_right",
        "termination_notice",
    )
]
DRAFT = ["note", "do", "seen", *(f"{name}_{place}" for name in ("function", "hours") for place in range(5))]


def forms() -> dict[str, list[str]]:
    """Return each address that takes a form, with the names it knows."""
    account = make_account("growth")
    contract = sell(account)
    asked = ask_for(account)
    draft = create_clause_draft(family=family(), by=None)
    version = ["payment-schedule", draft.version]
    found = {
        reverse("finance:clause_new"): ["label", "shape"],
        reverse("finance:clause_draft", args=version): DRAFT,
        reverse("finance:clause_act", args=version): ["do", "seen"],
        reverse("finance:clause_text", args=[*version, 2]): ["label", "wording", "tiers", "seen", *TERMS],
        reverse("finance:clause_text_new", args=version): ["label", "wording", "tiers", "seen", *TERMS],
        reverse("finance:deviation", args=[asked.pk]): ["do", "text", "wording", "reason", *TERMS],
    }
    for key in ("payment-schedule", "liability-cap", "custom-sla", "termination"):
        query = f"?account={account.pk}&family={key}"
        names = ["text", "wording", "reason", "expires_on", "contract", "do", *TERMS]
        found[reverse("finance:deviation_new") + query] = names
        paper = reverse("finance:contract_paper", args=[contract.pk])
        found[f"{paper}?family={key}"] = ["text", "wording", "paper", "signed_on", "expected", *TERMS]
    return found


def counts() -> list[int]:
    return [model.objects.count() for model in (ClauseFamily, ClauseVersion, ContractVersion, Deviation)]


@pytest.mark.parametrize("garbage", GARBAGE, ids=lambda text: ascii(text)[:20])
def test_garbage_in_a_form_is_a_page_again(garbage: str) -> None:
    client = client_of(make_user("legal"))
    addresses = forms()
    before = counts()
    for address, names in addresses.items():
        usual: dict[str, Any] = {"wording": "As we like.", "reason": "So.", "label": "Own", "text": ""}
        for given in (dict.fromkeys(names, garbage), *(usual | {name: garbage} for name in names)):
            assert client.post(address, given).status_code < 500, (address, given)
    assert ClauseVersion.objects.filter(state="published").count() == before[0]
    assert Contract.objects.count() == 1


@pytest.mark.parametrize("garbage", GARBAGE, ids=lambda text: ascii(text)[:20])
def test_garbage_in_an_address_is_a_page(garbage: str) -> None:
    publish_next("payment-schedule", net_45={"tiers": ["growth"]})
    client = client_of(make_user("legal"))
    for name in ("clauses", "clause_use", "deviations", "deviation_new"):
        for key in (
            "show",
            "family",
            "kind",
            "tier",
            "q",
            "account",
            "late",
            "sort",
            "after",
            "table",
            "export",
        ):
            answer = client.get(reverse(f"finance:{name}"), {key: garbage})
            assert answer.status_code in {200, 400, 404, 414}, (name, key)
