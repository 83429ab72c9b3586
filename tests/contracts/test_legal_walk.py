"""Legal reads contracts and no revenue, on whatever way: every page, file, endpoint, feed and PDF."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import pytest
from django.apps import apps
from django.db import models
from django.test import Client
from django.urls import resolve, reverse

from accounts.lenses import lenses
from accounts.models import Account
from common.formatting import format_short
from finance.billing.arranging import add_milestone
from finance.contracts.amendments import draft_amendment, propose_amendment, save_amendment
from finance.models import CalendarFeed, Contract
from metrics.engine.plan import today
from metrics.registry import metrics, segment_definitions
from people.approvals.models import ApprovalRequest
from people.functions import Function
from people.links.services import create_link
from people.models import User
from people.services import change_access
from sync.registry import resources
from sync.services import issue_token
from tests.contracts.test_exports import addresses
from tests.finance.amending import billing, contract_record, line_record, send
from tests.finance.bills import invoice as bill
from tests.finance.bills import line as bill_line
from tests.finance.bills import payment as paid
from tests.finance.owing import make_invoice, pay
from tests.sync.conftest import settle
from tests.users import client_of, make_user

pytestmark = pytest.mark.django_db

# Nobody comes by a number of this size by chance; limits of liability in clauses are not kept in columns.
LARGE = Decimal(100_000)
HREF = re.compile(r'(?:href|hx-get|data-src)="([^"]+)"')
DEPTH, A_FEW = 1, 2
LEFT_OUT = ("//", "/static/", "/login/", "/api/docs", "/api/schema")
# Where the figures are for those who may read them, else the walk would show nothing.
ALLOWED = {
    "accounts:detail",
    "accounts:export",
    "accounts:list",
    "accounts:panel",
    "api:accounts_360",
    "api:contract-lines-object",
    "api:invoices-object",
    "api:metrics-list",
    "finance:amendment",
    "finance:contract",
    "finance:invoice",
    "finance:retention",
    "home",
    "metrics:explain",
    "people:approval",
}
NUMBER = re.compile(r"(?<![\w.])(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?[kMB]?")
Figure = Decimal | str


def money_kept() -> set[Figure]:
    """Return every large figure that finance, metrics and accounts keep in a column, as it may be written."""
    kept: set[Decimal] = set()
    for model in apps.get_models():
        if model._meta.app_label not in {"finance", "metrics", "accounts"} or not model._meta.managed:
            continue
        for field in model._meta.concrete_fields:
            if isinstance(field, models.DecimalField):
                over = model._default_manager.filter(**{f"{field.name}__gte": LARGE})
                kept |= set(over.order_by().values_list(field.name, flat=True).distinct()[:2000])
    found: set[Figure] = set()
    for figure in kept:
        for shown in (figure, figure * 12, figure / 12):
            if shown >= LARGE:
                found |= {shown, format_short(shown), *(round(shown, places) for places in range(3))}
    return found


def figures_in(text: str) -> set[Figure]:
    """Return the numbers of a text: ``7,654,321`` and ``7654321.00`` are one, ``7.65M`` stays as it is."""
    told = NUMBER.findall(text)
    return {each if each[-1] in "kMB" else Decimal(each.replace(",", "")) for each in told}


@dataclass(frozen=True)
class Answer:
    """What one address gave."""

    url: str
    status: int
    kind: str
    raw: str

    @property
    def text(self) -> str:
        """What a reader sees of it, and its markup."""
        return unescape(self.raw)

    def figures(self) -> set[Figure]:
        """Return the numbers in it, without those that the question itself holds."""
        return figures_in(self.text) - figures_in(self.url)


def answer_of(client: Client, url: str, **headers: str) -> Answer:
    response: Any = client.get(url, headers=headers)
    body = b"".join(response.streaming_content) if response.streaming else response.content
    assert response.status_code < 500, url
    kind = response.get("Content-Type", "")
    text = (
        body.decode()
        if kind.startswith(("text/", "application/json", "application/problem", "application/x-nd"))
        else ""
    )
    return Answer(url, response.status_code, kind, text)


def walk(client: Client, urls: Iterable[str]) -> dict[str, Answer]:
    """Return what each address answers, each file that a page offers, and what it leads to, a few of each kind."""
    seen: dict[str, Answer] = {}
    kinds: Counter[tuple[str, frozenset[str]]] = Counter()
    waiting = deque((url, 0) for url in urls)
    while waiting:
        url, depth = waiting.popleft()
        if url in seen:
            continue
        held = seen[url] = answer_of(client, url)
        if not held.kind.startswith("text/html"):
            continue
        for link in HREF.findall(held.raw):
            to = urljoin(url, unescape(link)).partition("#")[0]
            if (
                not to.startswith("/")
                or to.startswith(LEFT_OUT)
                or re.search("export=(xlsx|ndjson)", to)
                or to in seen
            ):
                continue
            parts = urlsplit(to)
            kind = (resolve(parts.path).view_name, frozenset(parse_qs(parts.query)))
            is_file = "export" in kind[1]
            if is_file or (depth < DEPTH and kinds[kind] < A_FEW):
                kinds[kind] += 1
                waiting.append((to, depth + 1))
    return seen


def endpoints(account: Account) -> Iterator[str]:
    for resource in resources:
        yield f"/api/v1/{resource.key}/"
        yield f"/api/v1/{resource.key}/?updated_since=2020-01-01"
        for pk in resource.model._default_manager.order_by("-pk").values_list("pk", flat=True)[:5]:
            yield f"/api/v1/{resource.key}/{pk}/"
    for lens in lenses:
        yield f"/api/v1/accounts/{account.pk}/360/?lens={lens.key}"
    for metric in metrics:
        yield f"/api/v1/metrics/?key={metric.key}&dimension=account&account={account.pk}"
    for key in segment_definitions:
        for dimension in ("all", "tier", "industry", "country"):
            yield f"/api/v1/metrics/?key={key.key}&dimension={dimension}"


def send_all() -> None:
    """Have billing send a contract with a line, an invoice and a payment, each of its own amount."""
    api = billing()
    send(api, "accounts", {"external_id": "A1", "name": "Sent Works", "country": "DE"})
    send(api, "contracts", contract_record())
    send(api, "contract-lines", line_record(amount="5678901"))
    send(api, "invoices", bill("i-1", account="A1", lines=[bill_line("3456789")]))
    send(api, "payments", paid("p-1", account="A1", amount="2345678"))


def furnish(account: Account) -> list[str]:
    """Add to the house what comes to large sums and isn't there yet; return the addresses that show it."""
    finance = make_user("finance")
    contract = Contract.objects.get(account=account, number="C-1")
    begun = draft_amendment(contract=contract, by=finance)
    line = contract.lines.order_by("pk").first()
    assert line is not None
    amendment = save_amendment(
        amendment=begun,
        changes={"lines": [{"do": "change", "line": line.pk, "amount": "6543210"}]},
        effective_on=today() + timedelta(days=40),
        note="Agreed",
        by=finance,
    )
    propose_amendment(amendment=amendment, by=finance)
    invoice = make_invoice(account, 8765432)
    pay(invoice, 4321098)
    add_milestone(
        account=account, label="Roof", amount=Decimal(5432109), currency="EUR", by=finance, event="On"
    )
    send_all()
    return [
        *(request.get_absolute_url() for request in ApprovalRequest.objects.all()),
        reverse("finance:amendment", args=[contract.pk, amendment.pk]),
        reverse("finance:amendment_edit", args=[contract.pk, amendment.pk]),
        reverse("finance:invoice", args=[invoice.pk]),
        reverse("finance:invoice_pdf", args=[invoice.pk]),
        "/accounts/export.csv?columns=finance.arr,finance.mrr,finance.nrr",
        reverse("accounts:list") + "?columns=finance.arr,finance.mrr&sort=-finance.arr",
    ]


def found_by(
    function: str, person: Client, account: Account, urls: Iterable[str], secret: set[Figure]
) -> set[str]:
    """Walk as a person, and as a program of the same function; return the names of addresses that let a figure out."""
    token = issue_token(source="crm", scopes=["*:read"], function=function).secret
    answers = list(walk(person, urls).values())
    answers += [answer_of(Client(), url, Authorization=f"Bearer {token}") for url in endpoints(account)]
    return {resolve(urlsplit(each.url).path).view_name for each in answers if each.figures() & secret}


def test_legal_finds_no_revenue_wherever_it_looks_unless_the_policy_says_so() -> None:
    urls = [address.url for address in addresses()]
    account = Account.objects.get(name="Busy Works")
    urls += furnish(account)
    legal = make_user(Function.LEGAL)
    urls.append(reverse("finance:calendar_feed", args=[feed_of(legal)]))
    secret, person = money_kept(), client_of(legal)
    assert len(urls) > 250
    assert found_by("legal", person, account, urls, secret) == set()
    for url in urls:
        if url.endswith(".pdf"):
            assert person.get(url).status_code == (200 if url.startswith("/tiers/") else 403), url
    contract = reverse("finance:contract", args=[Contract.objects.get(account=account, number="C-1").pk])
    assert "C-1" in answer_of(person, contract).text

    change_access(levels={("legal", "revenue"): "totals"})
    assert account_arr(person, account) & secret
    assert not answer_of(person, contract).figures() & secret, "Prices of lines are no totals."

    change_access(levels={("legal", "revenue"): "full", ("legal", "financial_health"): "full"})
    telling = [url for url in urls if resolve(urlsplit(url).path).view_name in ALLOWED]
    assert ALLOWED - found_by("legal", person, account, telling, secret) == set()


@pytest.mark.django_db(transaction=True)
def test_lists_of_the_api_keep_amounts_from_legal_too() -> None:
    send_all()
    settle()
    for function, reads in (("legal", False), ("finance", True)):
        token = issue_token(source="crm", scopes=["*:read"], function=function).secret
        for resource, amount in (("contract-lines", 5678901), ("invoices", 3456789), ("payments", 2345678)):
            url = f"/api/v1/{resource}/"
            answer = answer_of(Client(), url, Authorization=f"Bearer {token}")
            assert (Decimal(amount) in answer.figures()) is reads, (function, resource)


def account_arr(person: Client, account: Account) -> set[Figure]:
    return answer_of(person, account.get_absolute_url(lens="legal")).figures()


def feed_of(user: User) -> str:
    return create_link(CalendarFeed, note="Phone", days=9, by=user).secret
