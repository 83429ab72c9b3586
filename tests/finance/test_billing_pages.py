"""Pages of invoices, drafts, credit notes and papers, and statements that reconcile."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from django.test import Client
from django.urls import reverse
from structlog.testing import capture_logs

from accounts.models import Account
from common.typeset import compiler_of, typeset
from finance.billing.drafting import draft_invoices
from finance.billing.issuing import credit_invoice, seen_of
from finance.billing.papers.invoice import invoice_paper
from finance.billing.papers.paper import TEMPLATE, paper_pdf
from finance.billing.statements import balances, shares_of
from finance.invoices.ageing import ageing
from finance.models import Allocation, Invoice, Payment
from metrics.engine.plan import today
from people.models import AccessGrant, User
from sync.own import send_own_records
from tests.finance.billing import bill_here, drafts, issue
from tests.metrics.facts import make_account, make_line
from tests.users import client_as, client_of

pytestmark = pytest.mark.django_db
MONTH = today().replace(day=1)
HOSTILE = '#panic("x") $_a_ *b* \\ `c` @preview/x:1 <label> <script>{{x}}'


@pytest.fixture
def acme(ada: User) -> Account:
    """A parent with two divisions on its invoices, due this month."""
    account = make_account("strategic", name="Acme", currency="EUR")
    for name, amount in (("North", "10.01"), ("South", "20.02")):
        division = make_account(name=name, billing_parent=account)
        make_line(division, MONTH, None, amount, period="month", currency="EUR")
    make_line(account, MONTH, None, "100", period="month", currency="EUR")
    bill_here(account, MONTH, ada, is_consolidated=True, tax_percent=Decimal("7.5"), email="ap@acme.example")
    return account


def post(client: Client, **data: Any) -> Any:
    return client.post(reverse("finance:drafts_act"), data)


def test_from_preview_to_issue_on_the_pages(acme: Account, ada: User) -> None:
    client, due = client_of(ada), reverse("finance:invoices_due")
    page = client.get(due)
    assert page.context["preview"].amounts == {"EUR": Decimal("139.78")}
    assert drafts() == []
    assert client.post(due, {"until": today().isoformat()}).status_code == 302
    [draft] = drafts()
    listed = client.get(reverse("finance:drafts"))
    assert "€139.78" in listed.content.decode()
    asked = post(client, act="issue", draft=[seen_of(draft)])
    assert "ask for" in asked.content.decode()
    assert Invoice.objects.get().status == "draft"
    assert (
        post(client, act="issue", draft=[seen_of(draft)], confirmed="1", on=today().isoformat()).status_code
        == 302
    )
    assert Invoice.objects.get().number == f"INV-{today().year}-00001"
    again = post(client, act="issue", draft=[seen_of(draft)], confirmed="1")
    assert again.status_code == 302
    assert Invoice.objects.get().number == f"INV-{today().year}-00001"


def test_what_is_invoiced_next_month_is_two_steps_from_anywhere(acme: Account, ada: User) -> None:
    client = client_of(ada)
    home = client.get(reverse("home")).content.decode()
    assert f'href="{reverse("finance:drafts")}"' in home
    *_, ahead = client.get(reverse("finance:drafts")).context["tabs"]
    page = client.get(ahead["url"])
    assert [tab["is_current"] for tab in page.context["tabs"]] == [False, False, True]
    following = (today().replace(day=1) + timedelta(days=32)).replace(day=1)
    told = [(one.first, one.currency, one.count, one.total) for one in page.context["months"]]
    assert told == [(day, "EUR", 1, Decimal("139.78")) for day in (today().replace(day=1), following)]
    assert f"{following:%B %Y}, EUR" in page.content.decode()
    assert drafts() == []


def test_a_draft_that_changed_while_somebody_looked_is_told_and_not_issued(acme: Account, ada: User) -> None:
    client = client_of(ada)
    draft_invoices(until=today(), by=ada)
    seen = seen_of(drafts()[0])
    make_line(acme, MONTH, None, "1", period="month", currency="EUR")
    draft_invoices(until=today(), by=ada)
    told = post(client, act="issue", draft=[seen], confirmed="1")
    assert told.status_code == 422
    assert "changed since you looked" in told.content.decode()
    told = post(client, act="throw", draft=[seen_of(drafts()[0])], confirmed="1", reason="")
    assert told.status_code == 422
    assert (
        post(client, act="throw", draft=[seen_of(drafts()[0])], confirmed="1", reason="No").status_code == 302
    )
    assert drafts() == []


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"draft": ["x", "1:2", "9" * 40]},
        {"act": "issue", "draft": ["\x00"], "confirmed": "1", "on": "9999-99-99"},
    ],
)
def test_nothing_chosen_or_made_up_is_told(acme: Account, ada: User, data: dict[str, Any]) -> None:
    assert post(client_of(ada), **data).status_code == 302


def test_only_finance_makes_invoices_and_legal_sees_none(acme: Account, ada: User) -> None:
    draft_invoices(until=today(), by=ada)
    [draft] = drafts()
    sales, legal = client_as("sales"), client_as("legal")
    names = [("invoices_due", ()), ("drafts", ()), ("invoice_pdf", (draft.pk,)), ("statement", (acme.pk,))]
    names += [
        ("divisions_statement", (acme.pk,)),
        ("statement_pdf", (acme.pk,)),
        ("divisions_pdf", (acme.pk,)),
    ]
    for name, args in names:
        url = reverse(f"finance:{name}", args=args)
        assert sales.get(url).status_code == 200, name
        assert legal.get(url).status_code == 403, name
    assert sales.post(reverse("finance:invoices_due"), {}).status_code == 403
    assert post(sales, act="issue", draft=[seen_of(draft)], confirmed="1").status_code == 403
    assert sales.get(reverse("finance:invoice_credit", args=[draft.pk])).status_code == 403
    assert b"Issue the chosen" not in sales.get(reverse("finance:drafts")).content


def test_a_credit_note_by_line_from_the_page(acme: Account, ada: User) -> None:
    client = client_of(ada)
    draft_invoices(until=today(), by=ada)
    [invoice] = issue(ada, today())
    url = reverse("finance:invoice_credit", args=[invoice.pk])
    assert client.get(url).status_code == 200
    on = today().isoformat()
    told = client.post(url, {"on": on, "root_cause": "wrong_price", "line_1": "1000"})
    assert told.status_code == 422
    assert "line_1" in told.context["form"].errors
    assert client.post(url, {"on": on, "line_1": "1"}).status_code == 422
    assert client.post(url, {"on": "", "root_cause": "other", "line_1": "NaN"}).status_code == 422
    assert client.post(url, {"on": on, "root_cause": "wrong_price", "line_1": "0.01"}).status_code in (
        302,
        404,
    )
    note = Invoice.objects.get(kind="credit_note")
    assert (note.net, note.root_cause, note.corrects) == (Decimal("0.01"), "wrong_price", invoice)


def test_the_paper_of_an_invoice_is_tagged_and_says_all_it_should(acme: Account, ada: User) -> None:
    draft_invoices(until=today(), by=ada)
    assert "Draft" in invoice_paper(drafts()[0]).title
    [invoice] = issue(ada, today())
    paper = invoice_paper(invoice)
    assert paper.title == f"Invoice {invoice.number}"
    assert paper.to == ("Acme", "Accounts payable", "ap@acme.example")
    assert paper.grids[0].totals[-1][-1] == "€139.78"
    assert paper.grids[1].totals == (("All", "€130.03", "€9.75", "€139.78"),)
    assert [row[0] for row in paper.grids[1].rows] == ["Acme", "North", "South"]
    made = paper_pdf(paper)
    assert made.startswith(b"%PDF-1.7")
    assert b"/MarkInfo" in made
    assert re.search(rb"/Lang\s*\(en", made)
    typeset.cache_clear()
    assert paper_pdf(paper) == made
    answer = client_as("sales").get(reverse("finance:invoice_pdf", args=[invoice.pk]))
    assert (answer["Content-Type"], answer["Cache-Control"]) == ("application/pdf", "no-store")
    assert b"".join(answer.streaming_content) == made  # type: ignore[attr-defined]


def test_names_like_markup_stay_text_and_foreign_letters_make_a_paper(acme: Account, ada: User) -> None:
    Account.objects.filter(pk=acme.pk).update(name=HOSTILE)
    Account.objects.filter(name="North").update(name="成长 🚀")
    draft_invoices(until=today(), by=ada)
    assert paper_pdf(invoice_paper(drafts()[0])).startswith(b"%PDF")
    assert "#import" not in TEMPLATE.read_text()
    compiler_of.cache_clear()


def test_letters_that_the_built_in_fonts_lack_come_from_the_machine(
    acme: Account, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []

    def told(template: Path, has_system_fonts: bool = False) -> Any:
        asked.append(has_system_fonts)
        return compiler_of(template, has_system_fonts)

    monkeypatch.setattr("common.typeset.compiler_of", told)
    draft_invoices(until=today(), by=ada)
    paper_pdf(invoice_paper(drafts()[0]))
    assert asked == [False]
    Account.objects.filter(name="North").update(name="中国石油")
    paper_pdf(invoice_paper(drafts()[0]))
    assert asked[1:3] == [False, True]
    compiler_of.cache_clear()


def test_where_no_font_has_the_letters_the_paper_is_made_and_the_log_says_what_to_install(
    acme: Account, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    built_in = compiler_of
    monkeypatch.setattr(
        "common.typeset.compiler_of", lambda template, has_system_fonts=False: built_in(template)
    )
    Account.objects.filter(name="North").update(name="瑞穂銀行")
    draft_invoices(until=today(), by=ada)
    with capture_logs() as told:
        assert paper_pdf(invoice_paper(drafts()[0])).startswith(b"%PDF")
    [warned] = [each for each in told if each["log_level"] == "warning"]
    assert "there is a box" in warned["event"]
    assert "瑞" in warned["error"]
    assert "fonts-noto-cjk" in warned["remedy"]
    compiler_of.cache_clear()


def test_a_long_name_leaves_room_for_what_is_billed_and_says_first_what_to_do(
    acme: Account, ada: User
) -> None:
    """The columns of both share the room, whatever stands in them, and words break before the next column."""
    draft_invoices(until=today(), by=ada)
    [invoice] = issue(ada, today())
    paper = invoice_paper(invoice)
    assert paper.grids[0].head[:2] == ("For", "Division")
    assert paper.grids[0].wide == (0, 1)
    assert paper.notes[0].startswith("Please pay €139.78 by ")
    long = msgspec.structs.replace(paper, to=("X" * 400,), facts=(("Purchase order", "Y" * 64),))
    assert pages_of(paper_pdf(long)) == pages_of(paper_pdf(paper)) == 1
    rows = tuple(("Plan", "Z" * 200, "1 Jan 2026", "€1.00") for _ in range(200))
    grid = msgspec.structs.replace(paper.grids[0], rows=rows)
    # Each name takes several lines, so it doesn't run into the next column.
    assert pages_of(paper_pdf(msgspec.structs.replace(paper, grids=(grid,)))) > 15


def pages_of(made: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", made))


def test_a_statement_opens_with_what_was_owed_and_closes_with_what_is_open(acme: Account, ada: User) -> None:
    start = MONTH - timedelta(days=62)
    Invoice.objects.create(
        account=acme, number="S-1", issued_on=start - timedelta(days=5), currency="EUR", net=50, total=50
    )
    draft_invoices(until=today(), by=ada)
    [invoice] = issue(ada, today())
    credit_invoice(invoice=invoice, root_cause="goodwill", on=today(), by=ada, amounts={1: Decimal(10)})
    payment = {
        "external_id": "p1",
        "invoice": invoice.pk,
        "paid_on": today(),
        "amount": "100",
        "currency": "EUR",
    }
    send_own_records("payments", [payment], by=None)
    Payment.objects.create(account=acme, paid_on=today(), amount=Decimal("7.77"), currency="EUR")
    [held] = balances(acme, start, today())
    assert held.opening == 50
    assert [(move.what, move.charged, move.settled) for move in held.movements] == [
        ("Invoice", Decimal("139.78"), 0),
        ("Credit note", 0, Decimal("10.75")),
        ("Payment", 0, 100),
        ("Payment", 0, Decimal("7.77")),
    ]
    assert held.closing == held.movements[-1].balance == Decimal("71.26")
    assert (held.open, held.unallocated) == (Decimal("79.03"), Decimal("7.77"))
    assert held.reconciles
    [later] = balances(acme, today() + timedelta(days=1), today() + timedelta(days=9))
    assert (later.opening, later.movements) == (held.closing, [])
    client, url = client_as("sales"), reverse("finance:statement", args=[acme.pk])
    between = f"?from={start.isoformat()}&to={today().isoformat()}"
    assert "€71.26" in client.get(url + between).content.decode()
    rows = b"".join(client.get(f"{url}{between}&export=csv").streaming_content).decode()  # type: ignore[attr-defined]
    assert "Closing balance" in rows
    for wrong in ("?from=x&to=9999-99-99", "?from=2030-01-01&to=2020-01-01", "?from=0001-01-01"):
        assert client.get(url + wrong).status_code == 200


def test_divisions_add_up_to_the_invoices_of_the_parent_to_the_cent(acme: Account, ada: User) -> None:
    draft_invoices(until=today(), by=ada)
    [invoice] = issue(ada, today())
    credit_invoice(
        invoice=invoice, root_cause="wrong_price", on=today(), by=ada, amounts={2: Decimal("0.33")}
    )
    [held] = shares_of(acme, MONTH, today())
    assert [(share.account.name, share.invoices, share.net) for share in held.divisions] == [
        ("Acme", 1, 100),
        ("North", 2, Decimal("9.68")),
        ("South", 1, Decimal("20.02")),
    ]
    assert held.reconciles
    assert sum(share.total for share in held.divisions) == held.total == Decimal("139.78") - Decimal("0.35")
    Invoice.objects.create(account=acme, number="S-1", issued_on=today(), currency="EUR", net=5, total=5)
    assert not shares_of(acme, MONTH, today())[0].reconciles


def test_a_statement_agrees_with_the_balance_where_an_invoice_was_written_off_in_part(acme: Account) -> None:
    """Of 100 written off 40 were paid: those are kept, so they are no money that waits for an invoice."""
    day = MONTH - timedelta(days=40)
    for number, total, status in (("S-1", 100, "uncollectible"), ("S-2", 60, "issued")):
        invoice = Invoice.objects.create(
            account=acme, number=number, issued_on=day, currency="EUR", net=total, total=total, status=status
        )
        paid = Payment.objects.create(account=acme, paid_on=MONTH, amount=40, currency="EUR")
        Allocation.objects.create(payment=paid, invoice=invoice, amount=40, on=MONTH, kind="automatic")
    [held] = balances(acme, day, today())
    assert [(move.charged, move.settled) for move in held.movements] == [(60, 0), (0, 40), (0, 40), (40, 0)]
    assert (held.closing, held.open, held.unallocated, held.reconciles) == (20, 20, 0, True)
    [aged] = ageing(today(), [acme.pk])
    assert (aged.balance, aged.currency) == (held.closing, "EUR")
    [later] = balances(acme, MONTH + timedelta(days=1), today() + timedelta(days=1))
    assert (later.opening, later.closing, later.reconciles) == (20, 20, True)


def test_a_statement_that_does_not_reconcile_says_so(acme: Account) -> None:
    """An invoice is settled by money that isn't there any more."""
    invoice = Invoice.objects.create(
        account=acme, number="S-1", issued_on=MONTH, currency="EUR", net=100, total=100
    )
    paid = Payment.objects.create(account=acme, paid_on=MONTH, amount=40, currency="EUR")
    Allocation.objects.create(payment=paid, invoice=invoice, amount=40, on=MONTH, kind="automatic")
    url = reverse("finance:statement", args=[acme.pk])
    assert "Doesn’t reconcile" not in client_as("sales").get(url).content.decode()
    Payment.objects.filter(pk=paid.pk).update(deleted_at="2026-01-01T00:00Z")
    [held] = balances(acme, MONTH, today())
    assert (held.closing, held.open, held.reconciles) == (100, 60, False)
    assert "Doesn’t reconcile" in client_as("leadership").get(url).content.decode()


def test_a_draft_says_what_it_is_and_each_line_why_it_comes_to_its_amount(acme: Account, ada: User) -> None:
    draft_invoices(until=today(), by=ada)
    [draft] = drafts()
    url = reverse("finance:invoice", args=[draft.pk])
    page = client_of(ada).get(url).content.decode()
    assert "Draft invoice" in page
    assert "A draft asks for nothing yet" in page
    assert "All of €10.01 a month" in page
    assert client_of(ada).get(url + "?export=csv").status_code == 200
    AccessGrant.objects.filter(function="sales", category="revenue").delete()
    assert "a month" not in client_as("sales").get(url).content.decode()
    assert b"Issue</button>" not in client_as("sales").get(url).content
    post(client_of(ada), act="throw", draft=[seen_of(draft)], confirmed="1", reason="No")
    gone = client_of(ada).get(url).content.decode()
    assert "Taken back" in gone
    assert "Deleted at the source" not in gone
    assert "Issue</button>" not in gone
