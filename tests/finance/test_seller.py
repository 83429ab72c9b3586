"""Who sells: in versions from a day on, checked, asked for before anything is issued, and in files."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pgtrigger
import pytest
import yaml
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse

from common.versions.errors import VersionChangedError
from finance.billing.drafting import draft_invoices
from finance.billing.issuing import credit_invoice, issue_drafts, seen_of
from finance.billing.papers.invoice import invoice_paper
from finance.billing.seller.services import (
    drop_particulars,
    expected,
    lacking,
    publish_due_particulars,
    write_particulars,
)
from finance.billing.seller.terms import checked, is_iban, is_routing
from finance.models import BillingCounter, Invoice, SellerParticulars
from metrics.engine.plan import today
from people.configuration.files import apply_import, export_yaml, plan_import, read_yaml
from people.configuration.registry import ConfigError
from people.models import User
from tests.finance.billing import SELLER, bill_here, drafts, sell_as
from tests.metrics.facts import make_account, make_line
from tests.users import client_as, client_of, make_user

pytestmark = pytest.mark.django_db
JAN, FEB = date(2026, 1, 1), date(2026, 2, 1)


@pytest.fixture
def ada() -> User:
    return make_user("finance")


@pytest.fixture
def nobody_sells(ada: User) -> None:
    """A draft that waits, made while nobody has said who sells."""
    account = make_account("strategic", name="Acme", currency="EUR")
    make_line(account, JAN, None, "31", period="month", currency="EUR")
    bill_here(account, JAN, ada)
    with pgtrigger.ignore(f"{SellerParticulars._meta.label}:frozen_after_draft"):
        SellerParticulars.objects.all().delete()
    draft_invoices(until=JAN, by=ada)


def issue(by: User, on: date) -> list[Invoice]:
    return issue_drafts(seen=[seen_of(one) for one in drafts()], on=on, by=by)


def test_nothing_is_issued_until_it_is_known_who_sells_and_a_draft_is_possible(
    nobody_sells: None, ada: User
) -> None:
    on = today()
    assert invoice_paper(drafts()[0]).payment == ()
    with pytest.raises(ValidationError, match="Nothing is known of the seller on .* Seller’s particulars"):
        issue(ada, on)
    sell_as(on, vat_number="", iban="", bic="")
    with pytest.raises(ValidationError, match="lack a VAT or tax number and an IBAN, or an account number"):
        issue(ada, on)
    assert not BillingCounter.objects.exists()
    data = {"act": "issue", "confirmed": "1", "on": on.isoformat(), "draft": seen_of(drafts()[0])}
    answer = client_of(ada).post(reverse("finance:drafts_act"), data)
    assert answer.status_code == 422
    assert "lack a VAT or tax number" in answer.content.decode()
    warned = client_of(ada).get(reverse("finance:drafts")).content.decode()
    assert "lack a VAT or tax number" in warned
    assert reverse("finance:seller") in warned
    sell_as(on)
    [invoice] = issue(ada, on)
    assert "lack" not in client_of(ada).get(reverse("finance:drafts")).content.decode()
    sell_as(on, email="")
    with pytest.raises(ValidationError, match="lack an e-mail address"):
        credit_invoice(invoice=invoice, root_cause="other", on=on, by=ada)
    assert not BillingCounter.objects.filter(kind="credit_note").exists()


def test_a_paper_bears_who_sells_where_to_pay_and_by_which_numbers(nobody_sells: None, ada: User) -> None:
    sell_as(today(), tax_number="12/345/67890")
    [invoice] = issue(ada, today())
    paper = invoice_paper(invoice)
    assert paper.author == "Ferrowick GmbH"
    assert paper.seller == (
        "Ferrowick GmbH",
        "Speicherstraße 12",
        "20457 Hamburg",
        "Germany",
        "billing@ferrowick.example",
    )
    assert dict(paper.payment) == {
        "Account holder": "Ferrowick GmbH",
        "Bank": "Hansabank",
        "IBAN": "DE89 3704 0044 0532 0130 00",
        "BIC": "COBADEFFXXX",
        "Reference": invoice.number,
        "How to pay": "Name the invoice number only.",
    }
    for part in ("DE136695976", "12/345/67890", "HRB 123456", invoice.number):
        assert part in paper.footer


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("iban", "DE89370400440532013001"),
        ("iban", "DE8937040044"),
        ("bic", "COBADEF"),
        ("country", "ZZ"),
        ("email", "nobody"),
        ("vat_number", "?"),
        ("routing_number", "abc"),
        ("account_number", "1\x002"),
        ("name", "x" * 201),
        ("name", "a\x07b"),
        ("address", "\n".join("123456789")),
        ("address", "x" * 81),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(field: str, wrong: str) -> None:
    with pytest.raises(ValidationError) as refused:
        checked(SELLER.columns() | {field: wrong})
    assert field in refused.value.message_dict
    told = {**SELLER.columns(), field: wrong, "starts_on": "2026-01-01", "expected": "0", "note": ""}
    answer = client_as("finance").post(reverse("finance:seller_change"), told)
    assert answer.status_code == 422
    assert not SellerParticulars.objects.exists()


def test_bank_numbers_are_held_against_their_check_digits_and_kept_without_blanks() -> None:
    assert is_iban("GB33BUKB20201555555555")
    assert not is_iban("GB34BUKB20201555555555")
    assert is_routing("011000015", "US")
    assert not is_routing("011000016", "US")
    assert is_routing("20-20-15", "GB")
    kept = checked(
        SELLER.columns() | {"iban": " de89 3704 0044 0532 0130 00 ", "address": " A \r\n\r\n B  C "}
    )
    assert (kept.iban, kept.address) == ("DE89370400440532013000", "A\nB C")


def test_a_version_counts_from_its_day_and_what_counted_stays(ada: User) -> None:
    sell_as(JAN)
    sell_as(FEB, name="Ferrowick SE")
    ahead = today() + timedelta(days=30)
    later = sell_as(ahead, name="Ferrowick Inc.")
    named = [
        getattr(SellerParticulars.objects.on(day), "name", None)
        for day in (date(2025, 12, 31), JAN, FEB, today(), ahead)
    ]
    assert named == [None, "Ferrowick GmbH", "Ferrowick SE", "Ferrowick SE", "Ferrowick Inc."]
    assert later.state == "scheduled"
    with pytest.raises(ValidationError, match="begins on"):
        sell_as(JAN)
    with transaction.atomic(), pytest.raises(IntegrityError, match="kept as it is"):
        SellerParticulars.objects.filter(starts_on=FEB).update(iban="DE02120300000000202051")
    drop_particulars(version=later, by=ada)
    assert getattr(SellerParticulars.objects.on(ahead), "name", None) == "Ferrowick SE"
    assert lacking(FEB) == ""
    assert "Nothing is known of the seller on 31 Dec 2025" in lacking(date(2025, 12, 31))


def test_a_version_whose_day_has_come_is_put_in_force(monkeypatch: pytest.MonkeyPatch) -> None:
    sell_as(JAN)
    ahead = today() + timedelta(days=2)
    sell_as(ahead, name="Ferrowick SE")
    assert publish_due_particulars() == 0
    monkeypatch.setattr("finance.billing.seller.services.today", lambda: ahead)
    assert publish_due_particulars() == 1
    held = SellerParticulars.objects.published().get()
    assert (held.name, held.starts_on) == ("Ferrowick SE", ahead)
    assert SellerParticulars.objects.get(state="retired").ends_on == ahead


def test_of_two_who_write_at_once_the_other_sees_what_changed_and_keeps_what_was_typed(ada: User) -> None:
    sell_as(JAN)
    seen = expected()
    sell_as(JAN, bank="Elbbank")
    with pytest.raises(VersionChangedError) as refused:
        write_particulars(particulars=SELLER, starts_on=JAN, by=ada, seen=seen)
    assert refused.value.differences == ["Bank: Hansabank → Elbbank"]
    told: dict[str, Any] = {
        **SELLER.columns(),
        "bank": "Mine",
        "starts_on": today().isoformat(),
        "expected": seen,
    }
    client = client_of(ada)
    answer = client.post(reverse("finance:seller_change"), told)
    assert answer.status_code == 409
    assert "Elbbank" in answer.content.decode()
    assert 'value="Mine"' in answer.content.decode()
    again = client.post(reverse("finance:seller_change"), told | {"expected": expected()})
    assert again.status_code == 302
    held = SellerParticulars.objects.published().get()
    assert (held.bank, held.published_by) == ("Mine", ada)


def test_finance_and_revops_write_it_and_others_read_or_not() -> None:
    page, change = reverse("finance:seller"), reverse("finance:seller_change")
    told = {**SELLER.columns(), "starts_on": today().isoformat(), "expected": "0"}
    for function, reads, writes in (("revops", 200, 302), ("sales", 200, 403), ("engineering", 403, 403)):
        client = client_as(function)
        assert client.get(page).status_code == reads
        answer = client.post(change, told | {"expected": expected()})
        assert answer.status_code == writes
    held = SellerParticulars.objects.get()
    refused = client_as("sales").post(reverse("finance:seller_act", args=[held.version]), {"do": "drop"})
    assert refused.status_code == 403
    with pytest.raises(PermissionDenied):
        write_particulars(particulars=SELLER, starts_on=today(), by=make_user("sales"))
    assert client_as("finance").post(reverse("finance:seller_act", args=[2**40]), {}).status_code == 404
    kept = client_as("finance").post(reverse("finance:seller_act", args=[held.version]), {"do": "drop"})
    assert kept.status_code == 302
    assert SellerParticulars.objects.published().exists()


def test_a_file_brings_a_draft_that_is_put_in_effect_on_the_page(ada: User) -> None:
    sell_as(JAN)
    document = yaml.safe_load(export_yaml(["seller"]))
    document["seller"]["in_force"]["bank"] = "Elbbank"
    data = read_yaml(yaml.safe_dump(document))
    assert [each.changes for each in plan_import(data)] == [["Seller’s particulars: a new draft (Bank)"]]
    apply_import(data, by=ada)
    apply_import(data, by=ada)
    draft = SellerParticulars.objects.drafts().get()
    assert SellerParticulars.objects.published().get().bank == "Hansabank"
    client = client_of(ada)
    assert "Put in effect" in client.get(reverse("finance:seller")).content.decode()
    client.post(reverse("finance:seller_act", args=[draft.version]), {"do": "publish"})
    assert SellerParticulars.objects.published().get().bank == "Elbbank"
    document["seller"]["in_force"]["bank"] = "Alsterbank"
    apply_import(read_yaml(yaml.safe_dump(document)), by=ada, is_published=True)
    assert SellerParticulars.objects.published().get().bank == "Alsterbank"
    document["seller"]["in_force"]["iban"] = "DE00"
    with pytest.raises(ConfigError, match=r"seller.in_force.iban: Its check digits are wrong"):
        plan_import(read_yaml(yaml.safe_dump(document)))
    document["seller"]["in_force"] = None
    apply_import(read_yaml(yaml.safe_dump(document)), by=ada, is_published=True)
    assert not SellerParticulars.objects.published().exists()
    assert lacking(today())


def test_the_history_names_who_wrote_it(ada: User) -> None:
    client = client_of(ada)
    told = {**SELLER.columns(), "starts_on": today().isoformat(), "expected": "0"}
    assert client.post(reverse("finance:seller_change"), told).status_code == 302
    listed = client_as("revops").get(reverse("people:configuration") + "?section=seller").content.decode()
    assert "DE89370400440532013000" in listed
    assert str(ada) in listed
