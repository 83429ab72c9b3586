"""What was issued says the same for ever, whoever is renamed, merged or sells by then."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.identity.merge import merge_accounts
from accounts.models import Account, Contact
from finance.billing.drafting import draft_invoices
from finance.billing.issuing import credit_invoice, issue_drafts, seen_of
from finance.billing.papers.invoice import invoice_paper
from finance.billing.papers.keeping import keep_older_papers
from finance.billing.papers.paper import Paper, paper_pdf
from finance.billing.papers.statement import statement_paper
from finance.billing.statements import balances
from finance.models import Invoice, InvoiceLine
from metrics.engine.plan import today
from people.models import User
from tests.finance.billing import bill_here, drafts, sell_as
from tests.metrics.facts import make_account, make_line
from tests.users import client_of, make_user

pytestmark = pytest.mark.django_db
JAN = date(2026, 1, 1)
FEB = date(2026, 2, 1)


@pytest.fixture
def ada() -> User:
    return make_user("finance")


@pytest.fixture
def acme(ada: User) -> Account:
    account = make_account("strategic", name="Acme", currency="EUR", country="FR")
    north = make_account(name="North", billing_parent=account)
    buyer = Contact.objects.create(account=account, name="Kim", email="kim@acme.example")
    for one in (account, north):
        make_line(one, JAN, None, "31", period="month", currency="EUR")
    bill_here(account, JAN, ada, is_consolidated=True, tax_percent=Decimal(19), contact=buyer)
    return account


def issued(by: User) -> Invoice:
    draft_invoices(until=JAN, by=by)
    return issue_drafts(seen=[seen_of(one) for one in drafts()], on=JAN, by=by)[0]


def rename_everybody(by: User) -> None:
    Account.objects.filter(name="Acme").update(name="Apex", country="DE")
    Account.objects.filter(name="North").update(name="Nord")
    Contact.objects.update(name="Lee", email="lee@apex.example")
    sell_as(JAN, name="Other Ltd", iban="GB33BUKB20201555555555", address="Elsewhere 1")


def read_again(pk: int) -> Paper:
    return invoice_paper(Invoice.objects.select_related("account", "corrects").get(pk=pk))


def test_the_paper_says_what_it_said_when_everybody_is_renamed_and_another_sells(
    acme: Account, ada: User
) -> None:
    invoice = issued(ada)
    first = read_again(invoice.pk)
    assert first.to == ("Acme", "Kim", "kim@acme.example", "France")
    made = paper_pdf(first)
    address = reverse("finance:invoice_pdf", args=[invoice.pk])
    client = client_of(ada)
    rename_everybody(ada)
    assert read_again(invoice.pk) == first
    assert b"".join(client.get(address).streaming_content) == made  # type: ignore[attr-defined]
    page = client.get(reverse("finance:invoice", args=[invoice.pk])).content.decode()
    for words in ("as “Acme” when it was issued", "kim@acme.example", "Speicherstraße 12", "DE89 3704"):
        assert words in page
    assert "Other Ltd" not in page
    # A credit note of today names who they are today.
    note = credit_invoice(invoice=invoice, root_cause="other", on=FEB, by=ada)
    said = read_again(note.pk)
    assert said.to[0] == "Apex"
    assert said.seller[0] == "Other Ltd"
    assert said.grids[0].rows[1][1] == "Nord"
    Account.objects.filter(name="Apex").update(name="Zenith")
    sell_as(FEB, name="Third Ltd")
    assert read_again(note.pk) == said


def test_it_says_so_too_when_the_buyer_and_its_division_are_merged_away(acme: Account, ada: User) -> None:
    invoice = issued(ada)
    first = read_again(invoice.pk)
    into = make_account(name="Group")
    for account in (Account.objects.get(name="North"), acme):
        merge_accounts(winner=into.pk, loser=account.pk, by=ada)
    assert set(InvoiceLine.objects.filter(invoice=invoice).values_list("account", flat=True)) == {into.pk}
    assert read_again(invoice.pk) == first
    assert [row[1] for row in first.grids[0].rows] == ["Acme", "North"]


def test_the_database_keeps_a_paper_as_it_is(acme: Account, ada: User) -> None:
    invoice = issued(ada)
    for paper in (None, {}, {**Invoice.objects.get(pk=invoice.pk).paper, "title": "Another"}):  # type: ignore[dict-item]
        with transaction.atomic(), pytest.raises(IntegrityError, match="never changed"):
            Invoice.objects.filter(pk=invoice.pk).update(paper=paper)


def test_a_draft_keeps_nothing_and_follows_what_is_known(acme: Account, ada: User) -> None:
    draft_invoices(until=JAN, by=ada)
    assert drafts()[0].paper is None
    rename_everybody(ada)
    assert invoice_paper(drafts()[0]).to[0] == "Apex"
    assert invoice_paper(drafts()[0]).author == "Other Ltd"


def test_older_invoices_get_their_paper_once_by_who_sold_on_their_day(
    acme: Account, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("finance.billing.issuing.keep_papers", lambda invoices: None)
    invoice = issued(ada)
    note = credit_invoice(invoice=invoice, root_cause="other", on=FEB, by=ada)
    Invoice.objects.create(account=acme, number="S-1", issued_on=JAN, currency="EUR")
    monkeypatch.setattr("finance.billing.papers.keeping.SLICE", 1)
    assert not Invoice.objects.filter(paper__isnull=False).exists()
    assert keep_older_papers() == 2
    assert keep_older_papers() == 0
    assert set(Invoice.objects.filter(paper__isnull=False).values_list("pk", flat=True)) == {
        invoice.pk,
        note.pk,
    }
    sell_as(FEB, name="Other Ltd")
    assert read_again(invoice.pk).author == "Ferrowick GmbH"
    assert read_again(note.pk).subtitle == f"Corrects invoice {invoice.number}"


def test_issuing_many_asks_no_more_than_issuing_few(acme: Account, ada: User) -> None:
    draft_invoices(until=date(2026, 9, 1), by=ada)
    found = drafts()
    counts = []
    for chosen in (found[:1], found[1:]):
        with CaptureQueriesContext(connection) as asked:
            issue_drafts(seen=[seen_of(one) for one in chosen], on=date(2026, 9, 1), by=ada)
        counts.append(sum("finance_invoiceline" in each["sql"] and "SELECT" in each["sql"] for each in asked))
    assert len(found) > 3
    assert counts[0] == counts[1]


def test_a_statement_says_as_of_which_day_it_names_people(acme: Account, ada: User) -> None:
    issued(ada)
    rename_everybody(ada)
    paper = statement_paper(Account.objects.get(name="Apex"), balances(acme, JAN, FEB), JAN, FEB)
    assert paper.to[0] == "Apex"
    assert paper.seller[0] == "Other Ltd"
    assert f"As of {today():%-d %b %Y}" in paper.subtitle
    assert dict(paper.payment)["IBAN"] == "GB33 BUKB 2020 1555 5555 55"
