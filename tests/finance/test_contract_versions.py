"""Versions of contracts: one for each change a source tells, from the day on which something is otherwise."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from finance.contracts.recording import PATIENCE, QUIET, record_due_versions
from finance.contracts.statements import differences, effective_on
from finance.models import Contract, ContractLine, ContractToRecord, ContractVersion
from finance.models.versions import ContractVersion as Version
from tests.metrics.facts import make_account
from tests.sync.conftest import Api, make_api

pytestmark = pytest.mark.django_db


class Billing:
    """What sends contracts."""

    def __init__(self, api: Api) -> None:
        self.api = api

    def __call__(self, resource: str, record: dict[str, Any]) -> None:
        (status,) = self.api.statuses(resource, [record])
        assert status in {"created", "updated", "unchanged"}, status

    def delete(self, resource: str, external_id: str) -> None:
        assert self.api.call("delete", f"{resource}/billing/{external_id}/").status_code in {200, 204}


@pytest.fixture
def send(db: None) -> Billing:
    return Billing(make_api("billing"))


def quiet() -> int:
    """Record what is due once sources have been silent for a while."""
    return record_due_versions(now=timezone.now() + QUIET)


def versions() -> list[Version]:
    return list(ContractVersion.objects.order_by("contract_id", "version"))


CONTRACT = {
    "external_id": "C1",
    "account": "A1",
    "number": "FW-1",
    "start_on": "2026-01-01",
    "end_on": "2027-01-01",
    "currency": "EUR",
    "notice_days": 90,
    "auto_renew": True,
}
LINE = {
    "external_id": "L1",
    "contract": "C1",
    "product": "Core",
    "start_on": "2026-01-01",
    "amount": "1200",
    "billing_period": "year",
    "quantity": 100,
}


@pytest.fixture
def sold(send: Any) -> Contract:
    send("accounts", {"external_id": "A1", "name": "Acme"})
    send("contracts", CONTRACT)
    send("contract-lines", LINE)
    return Contract.objects.get()


def test_a_contract_that_comes_in_pieces_has_one_first_version(sold: Contract) -> None:
    assert quiet() == 1
    (version,) = versions()
    assert (version.version, version.cause, version.state) == (1, "original", "published")
    assert version.starts_on == date(2026, 1, 1)
    assert version.statement["payment_terms_days"] is None
    assert [line["product"] for line in version.statement["lines"]] == ["Core"]
    assert version.batch is not None
    assert version.source is not None
    assert quiet() == 0
    assert not ContractToRecord.objects.exists()


def test_nothing_is_written_while_a_source_still_sends(sold: Contract) -> None:
    assert record_due_versions() == 0
    ContractToRecord.objects.update(first_marked_at=F("first_marked_at") - PATIENCE)
    assert record_due_versions() == 1, "however long it goes on"


def test_the_same_again_makes_no_version(sold: Contract, send: Any) -> None:
    quiet()
    send("contracts", CONTRACT | {"source_updated_at": "2026-05-01T00:00:00Z"})
    send("contract-lines", LINE | {"custom": {"note": "x"}})
    assert quiet() == 0
    assert len(versions()) == 1


def test_a_further_line_counts_from_its_first_day(sold: Contract, send: Any) -> None:
    quiet()
    send("contract-lines", LINE | {"external_id": "L2", "product": "Extra", "start_on": "2026-06-01"})
    assert quiet() == 1
    first, second = versions()
    assert (first.state, first.ends_on) == ("retired", date(2026, 6, 1))
    assert (second.version, second.state, second.cause) == (2, "published", "source")
    assert (second.starts_on, second.based_on) == (date(2026, 6, 1), first)
    (told,) = differences(first.statement, second.statement)
    assert (told.subject, told.what, told.before) == ("Extra", "Added", "none")
    assert told.after == "100 × Extra, €1,200.00 a year, from 1 Jun 2026 on"


def test_changed_terms_count_from_the_day_the_source_changed_them(sold: Contract, send: Any) -> None:
    quiet()
    send("contracts", CONTRACT | {"notice_days": 30, "source_updated_at": "2026-05-04T23:30:00+00:00"})
    quiet()
    assert versions()[1].starts_on == date(2026, 5, 4)
    (told,) = differences(versions()[0].statement, versions()[1].statement)
    assert (told.what, told.before, told.after) == ("Notice period", "90 days", "30 days")


@pytest.mark.parametrize(
    ("change", "what", "before", "after", "on"),
    [
        ({"end_on": "2026-09-01"}, "First day after", "open-ended", "1 Sep 2026", date(2026, 9, 1)),
        ({"amount": "1300.125"}, "Amount", "€1,200.00", "€1,300.125", date(2026, 1, 1)),
        ({"discount_percent": "12.5"}, "Discount", "0%", "12.5%", date(2026, 1, 1)),
        ({"quantity": 120}, "Quantity", "100", "120", date(2026, 1, 1)),
        ({"start_on": "2025-12-01"}, "Begins", "1 Jan 2026", "1 Dec 2025", date(2025, 12, 1)),
        ({"billing_period": "quarter"}, "Paid", "a year", "a quarter", date(2026, 1, 1)),
        ({"is_trial": True}, "Trial", "no", "yes", date(2026, 1, 1)),
    ],
)
def test_a_changed_line_reads_and_counts(
    sold: Contract, send: Any, change: dict[str, Any], what: str, before: str, after: str, on: date
) -> None:
    quiet()
    send("contract-lines", LINE | change)
    quiet()
    old, new = versions()
    (told,) = differences(old.statement, new.statement)
    assert (told.what, told.before, told.after) == (what, before, after)
    assert new.starts_on == effective_on(old.statement, new.statement, date(2030, 1, 1)) == on


def test_a_deleted_line_and_a_deleted_contract_are_versions_too(sold: Contract, send: Any) -> None:
    quiet()
    send.delete("contract-lines", "L1")
    quiet()
    send.delete("contracts", "C1")
    quiet()
    told = [
        difference.what
        for old, new in zip(versions(), versions()[1:], strict=False)
        for difference in differences(old.statement, new.statement)
    ]
    assert told == ["Removed", "Deleted at the source"]


def test_a_line_that_moves_changes_both_contracts(sold: Contract, send: Any) -> None:
    send("contracts", CONTRACT | {"external_id": "C2", "number": "FW-2"})
    quiet()
    send("contract-lines", LINE | {"contract": "C2"})
    assert quiet() == 2
    counts = {version.contract.number: len(version.statement["lines"]) for version in versions()}
    assert counts == {"FW-1": 0, "FW-2": 1}
    left, joined = ContractVersion.objects.filter(version=2)
    assert left.batch == joined.batch, "the one that moved the line"


def test_what_was_recorded_cannot_be_changed(sold: Contract) -> None:
    quiet()
    with pytest.raises(IntegrityError, match="is kept as it is"), transaction.atomic():
        ContractVersion.objects.update(statement={})
    with pytest.raises(IntegrityError, match="is kept as it is"), transaction.atomic():
        ContractVersion.objects.all().delete()


def test_a_mark_without_a_change_makes_no_version(sold: Contract) -> None:
    assert quiet() == 1
    ContractToRecord.objects.create(contract=sold)
    assert quiet() == 0, "nothing differs"


def test_many_contracts_cost_few_statements(django_assert_max_num_queries: Any) -> None:
    account = make_account()
    for number in range(30):
        contract = Contract.objects.create(
            account=account, number=str(number), currency="EUR", start_on=date(2026, 1, 1)
        )
        ContractLine.objects.create(
            contract=contract,
            product="Core",
            start_on=date(2026, 1, 1),
            amount=100 + number,
            billing_period="month",
        )
        ContractToRecord.objects.create(contract=contract)
    with django_assert_max_num_queries(19):
        assert quiet() == 30
    ContractLine.objects.update(end_on=date(2026, 8, 1))
    ContractToRecord.objects.bulk_create(
        ContractToRecord(contract_id=pk) for pk in Contract.objects.values_list("pk", flat=True)
    )
    with django_assert_max_num_queries(19):
        assert quiet() == 30
    assert {version.starts_on for version in versions() if version.version == 2} == {date(2026, 8, 1)}
