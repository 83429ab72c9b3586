"""Clauses of contracts: read from the signed paper, kept through versions, and stronger than the tier."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse
from django.utils import timezone

from common.versions.errors import VersionChangedError
from finance.clauses.services.deviations import Wanted
from finance.clauses.services.paper import record_clause
from finance.models import Contract, ContractToRecord, ContractVersion
from support.models import Ticket
from tests.finance.clauses import ask_for, family
from tests.finance.test_contract_pages import record
from tests.metrics.facts import make_account, make_line, make_ticket
from tests.support.promises import keep_all
from tests.tiers.entitlements.test_resolution import days_ago, hold
from tests.users import client_as, make_user
from tiers.entitlements.resolution import entitlement, entitlements_of

pytestmark = pytest.mark.django_db
TODAY = timezone.now().date()
SIGNED = TODAY - timedelta(days=20)


def sell(account: Any, number: str = "FW-1", **terms: Any) -> Contract:
    contract = make_line(account, TODAY - timedelta(days=100), terms={"number": number} | terms).contract
    record()
    return contract


def write(contract: Contract, of: str, text: str = "", **more: Any) -> ContractVersion:
    given: dict[str, Any] = {
        "signed_on": SIGNED,
        "paper": "§ 9 of the order form",
        "by": make_user("legal"),
        "wanted": Wanted(text=text),
    }
    return record_clause(contract=contract, family=family(of), **given | more)


def test_a_clause_of_the_contract_beats_the_tier_and_each_kind_says_so() -> None:
    account = make_account("standard")
    contract = sell(account, payment_terms_days=14)
    write(contract, "custom-sla", "thirty-minutes")
    write(contract, "payment-schedule", "net-60-milestones")
    write(contract, "late-payment", "account-team")
    write(contract, "contract-changes", "mid-term")
    held = entitlements_of([account])[account.pk]
    assert (held["first_response"].value, held["first_response"].origin) == (30, "Custom SLA of its contract")
    assert held["payment_terms"].words == "net 60 days, milestone, multi-year"
    assert (held["collections"].value, held["contract_changes"].value) == ("relationship", "mid_term")
    for key in ("payment_terms", "collections", "contract_changes"):
        assert (held[key].source, held[key].origin) == ("contract", "Contract FW-1")
    assert held["clock"].source == "tier"
    write(contract, "custom-sla", wanted=None)
    assert entitlement(account, "first_response").source == "tier"


def test_of_contracts_that_differ_the_better_one_for_the_customer_counts() -> None:
    account = make_account("standard")
    for number, sla, late in (("A", "two-hours", "automated"), ("B", "thirty-minutes", "account-team")):
        contract = sell(account, number)
        write(contract, "custom-sla", sla)
        write(contract, "late-payment", late)
    held = entitlements_of([account], ("first_response", "collections"))[account.pk]
    assert (held["first_response"].value, held["collections"].value) == (30, "relationship")
    assert held["collections"].origin == "Contract B"


def test_a_clause_counts_from_the_day_it_was_signed() -> None:
    account = make_account("standard")
    write(sell(account), "custom-sla", "thirty-minutes")
    assert entitlement(account, "first_response", as_of=SIGNED).value == 30
    assert entitlement(account, "first_response", as_of=SIGNED - timedelta(days=1)).value == 1440


def test_what_a_source_changes_leaves_the_clauses_as_they_are() -> None:
    account = make_account("standard")
    contract = sell(account)
    write(contract, "custom-sla", "thirty-minutes")
    Contract.objects.filter(pk=contract.pk).update(notice_days=30)
    ContractToRecord.objects.create(contract=contract)
    record()
    newest = ContractVersion.objects.published().get(contract=contract)
    assert (newest.version, newest.cause) == (3, "source")
    assert entitlement(account, "first_response").value == 30
    ContractToRecord.objects.create(contract=contract)
    record()
    assert ContractVersion.objects.filter(contract=contract).count() == 3, (
        "nothing changed, so nothing is written"
    )


def test_all_kinds_cost_one_query_more_however_many_accounts(django_assert_num_queries: Any) -> None:
    accounts = [make_account("growth") for _ in range(3)]
    for account in accounts:
        write(sell(account, str(account.pk)), "custom-sla", "two-hours")
    with django_assert_num_queries(3):
        entitlements_of([account.pk for account in accounts])


def test_late_tickets_are_judged_by_the_clause() -> None:
    account = make_account("strategic")
    hold(account, "strategic")
    make_ticket(account, days_ago(1))
    keep_all()
    assert Ticket.objects.late_on(TODAY).exists()
    write(
        sell(account), "custom-sla", wanted=Wanted(wording="Five days.", terms={"first_response": "5 days"})
    )
    keep_all()
    assert not Ticket.objects.late_on(TODAY).exists()


def test_what_was_granted_and_signed_is_noted_as_being_in_the_contract() -> None:
    account = make_account("strategic")
    contract = sell(account)
    granted = ask_for(account, "two-years", of="liability-cap")
    other = ask_for(account, "mid-term", of="contract-changes")
    version = write(contract, "liability-cap", "two-years")
    for deviation in (granted, other):
        deviation.refresh_from_db()
    assert (granted.state, granted.entered, granted.contract) == ("in_contract", version, contract)
    assert (other.state, other.entered) == ("granted", None)


def test_legal_and_revops_write_it_down_with_day_and_place() -> None:
    contract = sell(make_account())
    with pytest.raises(PermissionDenied):
        write(contract, "custom-sla", "two-hours", by=make_user("sales"))
    for given, field in (
        ({"paper": " "}, "paper"),
        ({"signed_on": TODAY + timedelta(days=1)}, "signed_on"),
        ({"signed_on": date(1980, 1, 1)}, "signed_on"),
        ({"wanted": Wanted()}, "wording"),
        ({"wanted": None}, "text"),
    ):
        with pytest.raises(ValidationError) as refused:
            write(contract, "custom-sla", "two-hours", **given)
        assert list(refused.value.message_dict) == [field]
    version = write(contract, "custom-sla", "two-hours")
    assert (version.cause, version.starts_on, version.note) == (
        "paper",
        SIGNED,
        "Custom SLA: § 9 of the order form",
    )
    with pytest.raises(VersionChangedError):
        write(contract, "termination", "short-notice", expected=version.based_on_id)


def test_the_legal_lens_and_first_screen_show_clauses_but_no_amounts() -> None:
    account = make_account("growth", name="Acme")
    contract = make_line(account, TODAY - timedelta(days=100), amount=4321, terms={"number": "FW-1"}).contract
    record()
    write(contract, "liability-cap", "two-years")
    ask_for(account, "net-45", contract=contract)
    client = client_as("legal")
    page = client.get(account.get_absolute_url(lens="legal")).content.decode()
    for panel in ("deviations", "clauses", "approvals"):
        page += client.get(reverse("accounts:panel", args=[account.pk, f"finance.{panel}"])).content.decode()
    for told in ("Net 45", "Two years", "not for Growth", "waits for Finance"):
        assert told in page
    assert "4,321" not in page
    decided = ask_for(account, "short-notice", of="termination")
    home = client.get(reverse("home")).content.decode()
    for panel in ("people.to_decide", "finance.open_deviations"):
        home += client.get(reverse("home_panel", args=[panel])).content.decode()
    assert reverse("finance:deviation", args=[decided.pk]) in home
    assert "Termination for Acme" in home
    closed = client_as("support").get(reverse("accounts:panel", args=[account.pk, "finance.deviations"]))
    assert "Net 45" not in closed.content.decode()


def test_legal_writes_down_on_a_page_what_the_paper_says() -> None:
    account = make_account("standard")
    contract = sell(account)
    page = f"{reverse('finance:contract_paper', args=[contract.pk])}?family=custom-sla"
    client = client_as("legal")
    assert page.partition("?")[0] in client.get(contract.get_absolute_url()).content.decode()
    assert client_as("finance").get(page).status_code == 403
    expected = client.get(page).context["present"].pk
    typed = {"text": "thirty-minutes", "paper": "§ 4", "signed_on": SIGNED.isoformat(), "expected": expected}
    assert client.post(page, typed | {"paper": ""}).status_code == 422
    assert client.post(page, typed | {"expected": "x"}).status_code == 422
    assert client.post(page, typed | {"text": ""}).status_code == 422
    assert entitlement(account, "first_response").source == "tier"
    assert client.post(page, typed).status_code == 302
    assert (entitlement(account, "first_response").value, entitlement(account, "first_response").source) == (
        30,
        "contract",
    )
    stale = client.post(page, typed | {"text": "two-hours"})
    assert (stale.status_code, "written meanwhile" in stale.content.decode()) == (409, True)
    now = client.get(page)
    assert now.context["form"]["text"].value() == "thirty-minutes"
    typed["expected"] = now.context["present"].pk
    same = client.post(page, typed)
    assert (same.status_code, "says so already" in same.content.decode()) == (422, True)
    assert client.post(page, typed | {"text": "-"}).status_code == 302
    assert entitlement(account, "first_response").source == "tier"
    assert client.get(page.replace("custom-sla", "none")).status_code == 200
    assert client.get(reverse("finance:contract_paper", args=[10**30])).status_code == 404
