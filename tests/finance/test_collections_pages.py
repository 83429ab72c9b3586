"""Pages of collections: the board, an account, messages, and the policy with its preview."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Account
from finance.collections.planning import plan_dunning
from finance.collections.policy import stages_of
from finance.collections.promises import record_promise
from finance.collections.sending import claim_message, send_due
from finance.collections.services import set_hold
from finance.models import CollectionHold, DunningMessage, DunningPolicy, PaymentPromise
from tests.finance.owing import (
    DAY,
    dispute,
    in_days,
    make_debtor,
    make_invoice,
    make_stage,
    pay_ahead,
    put_in_force,
)
from tests.users import client_as, client_of, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def finance() -> Client:
    return client_as("finance")


def run() -> None:
    plan_dunning(DAY)
    send_due(DAY)


def furnish() -> dict[str, Account]:
    """Put one account into each column of the board."""
    found = {
        name: make_debtor("strategic" if name == "relationship" else "standard", name=f"={name}")
        for name in ("unasked", "relationship", "asked", "promised", "paid", "disputed", "held")
    }
    put_in_force()
    for name, account in found.items():
        invoice = make_invoice(account, 20 if name == "unasked" else 900)
        if name == "disputed":
            dispute(invoice)
        if name == "paid":
            pay_ahead(account, 900)
    by = make_user("finance")
    record_promise(
        account=found["promised"],
        currency="EUR",
        amount=Decimal(900),
        due_on=in_days(3),
        promised_by="Ida",
        by=by,
        day=DAY,
    )
    set_hold(account=found["held"], reason="Merger", ends_on=in_days(9), by=by, day=DAY)
    run()
    return found


def columns(page: object) -> dict[str, list[str]]:
    shown = page.context["columns"]  # type: ignore[attr-defined]
    return {column.key: [card.position.account.name for card in column.cards] for column in shown}


def names_of(page: object) -> list[str]:
    return [name for names in columns(page).values() for name in names]


def test_the_board_shows_each_claim_in_the_column_of_what_stands_in_its_way(finance: Client) -> None:
    found = furnish()
    page = finance.get("/collections/")
    assert columns(page) == {name: [f"={name}"] for name in columns(page)}
    assert set(columns(page)) == set(found)
    assert page.context["totals"] == ["€5,420.00"]
    assert b"Below the threshold of" in page.content
    assert b"Merger" in page.content


def test_the_board_narrows_and_exports_what_it_shows(finance: Client) -> None:
    found = furnish()
    Account.objects.filter(pk=found["asked"].pk).update(owner_email="owner@example.com")
    owner = client_of(make_user("customer_success", email="owner@example.com"))
    assert names_of(owner.get("/collections/?mine=1")) == ["=asked"]
    for query, names in {
        "?q=held": ["=held"],
        "?column=promised": ["=promised"],
        "?tier=strategic": ["=relationship"],
        "?currency=USD": [],
    }.items():
        assert names_of(finance.get(f"/collections/{query}")) == names, query
    assert not names_of(finance.get("/collections/?column=no&currency=%00&tier=no&q=%00"))
    file = finance.get("/collections/?export=csv&column=held")
    rows = list(csv.DictReader(io.StringIO(b"".join(file.streaming_content).decode("utf-8-sig"))))  # type: ignore[attr-defined]
    assert [(row["Account"], row["Held"]) for row in rows] == [("'=held", "900.0000")]


def test_more_claims_cost_no_more_queries(finance: Client) -> None:
    put_in_force()
    make_invoice(make_debtor(), 900)
    run()
    finance.get("/collections/")
    with CaptureQueriesContext(connection) as few:
        finance.get("/collections/")
    for _ in range(5):
        make_invoice(make_debtor(), 900)
    run()
    with CaptureQueriesContext(connection) as many:
        finance.get("/collections/")
    assert len(many) <= len(few)


@pytest.mark.parametrize("function", ["legal", "marketing", "support", "engineering"])
def test_whoever_does_not_read_financial_health_sees_nothing(function: str) -> None:
    account = furnish()["asked"]
    client = client_as(function)
    message = DunningMessage.objects.get()
    for url in (
        "/collections/",
        f"/collections/accounts/{account.pk}/",
        "/collections/messages/",
        f"/collections/messages/{message.pk}/",
        "/collections/policy/",
        "/collections/policy/2/preview/",
    ):
        assert client.get(url).status_code == 403, url
    panel = client.get(f"/accounts/{account.pk}/panels/finance.collections/").content
    assert b"900" not in panel
    assert b"/collections/" not in client.get("/accounts/").content


def test_only_finance_writes_and_revops_the_policy_too() -> None:
    account = furnish()["asked"]
    for function in ("customer_success", "sales", "revops", "leadership"):
        client = client_as(function)
        assert client.get(f"/collections/accounts/{account.pk}/").status_code == 200
        for what in ("promise", "hold", "release", "end"):
            assert client.post(f"/collections/accounts/{account.pk}/{what}/").status_code == 403
        may = function == "revops"
        assert (client.post("/collections/policy/2/act/", {"do": "draft"}).status_code == 302) is may


def test_finance_records_promises_and_holds_on_the_account(finance: Client) -> None:
    account = make_debtor()
    invoice = make_invoice(account, 900)
    url = f"/collections/accounts/{account.pk}/"
    refused = finance.post(
        f"{url}promise/",
        {"currency": "EUR", "amount": "901", "due_on": in_days(2), "promised_by": "Ida Berg"},
    )
    assert refused.status_code == 422
    assert "up to €900.00" in refused.content.decode()
    assert b"Ida Berg" in refused.content
    given = {"currency": "EUR", "amount": "500", "due_on": in_days(2), "promised_by": "Ida Berg"}
    assert finance.post(f"{url}promise/", given).status_code == 302
    assert (
        finance.post(
            f"{url}hold/", {"reason": "PO", "ends_on": in_days(9), "invoice": invoice.pk}
        ).status_code
        == 302
    )
    page = finance.get(url).content.decode()
    assert "promised by" in page
    assert f"Invoice {invoice.number} is held" in page
    finance.post(f"{url}end/", {"hold": CollectionHold.objects.get().pk})
    finance.post(f"{url}end/", {"promise": PaymentPromise.objects.get().pk})
    assert CollectionHold.objects.get().ended_at is not None
    assert PaymentPromise.objects.get().state == "withdrawn"
    for nonsense in ({"hold": "x"}, {"promise": "9" * 30}, {}):
        assert finance.post(f"{url}end/", nonsense).status_code == 404
    assert finance.post(f"{url}hold/", {"reason": "", "ends_on": "no", "invoice": "no"}).status_code == 422
    other = make_invoice(make_debtor(), 900)
    taken = finance.post(f"{url}hold/", {"reason": "PO", "ends_on": in_days(9), "invoice": other.pk})
    assert taken.status_code == 422


def test_finance_releases_a_relationship_based_account_on_its_page(finance: Client) -> None:
    account = furnish()["relationship"]
    url = f"/collections/accounts/{account.pk}/release/"
    assert finance.post(url, {"currency": "EUR", "reason": ""}).status_code == 422
    assert finance.post(url, {"currency": "USD", "reason": "They asked for it"}).status_code == 422
    assert finance.post(url, {"currency": "EUR", "reason": "They asked for it"}).status_code == 302
    run()
    assert DunningMessage.objects.get(cycle__account=account).state == "sent"
    assert b"They asked for it" in finance.get(f"/collections/accounts/{account.pk}/").content


def test_a_message_in_doubt_is_decided_on_its_page(finance: Client) -> None:
    put_in_force()
    make_invoice(make_debtor(), 900)
    plan_dunning(DAY)
    message = claim_message(DunningMessage.objects.get().pk, DAY)
    assert message is not None
    DunningMessage.objects.update(state="unknown")
    url = f"/collections/messages/{message.pk}/"
    assert b"It went out" in finance.get(url).content
    assert b"It went out" not in client_as("sales").get(url).content
    assert client_as("sales").post(f"{url}decide/", {"decision": "sent"}).status_code == 403
    finance.post(f"{url}decide/", {"decision": "perhaps"})
    finance.post(f"{url}decide/", {"decision": "sent"})
    message.refresh_from_db()
    assert message.state == "sent"
    rows = finance.get("/collections/messages/?state=sent&q=overdue&sort=written").context["rows"]
    assert [row[0].pk for row in rows] == [message.pk]
    assert not finance.get("/collections/messages/?state=failed").context["rows"]


# The policy

STAGE = {
    "name": "Reminder",
    "days_overdue": "3",
    "attempts": "2",
    "delay_days": "2",
    "thresholds": "EUR 150\nUSD 100",
    "subject": "{amount} is overdue",
    "text": "Hello {recipient}",
}


def test_a_new_installation_has_a_draft_and_asks_nobody(finance: Client) -> None:
    make_invoice(make_debtor(), 900)
    run()
    assert not DunningMessage.objects.exists()
    policy = DunningPolicy.objects.get()
    assert policy.is_draft
    assert [stage.name for stage in stages_of(policy)] == ["Reminder", "Second notice", "Last notice"]
    assert b"No dunning policy is in force" in finance.get("/collections/").content


def test_a_policy_is_drafted_previewed_and_published(finance: Client) -> None:
    account = make_debtor(name="Nordwind")
    make_invoice(account, 900)
    make_invoice(make_debtor("strategic"), 900)
    assert finance.get("/collections/policy/").status_code == 200
    page = finance.get("/collections/policy/1/")
    seen = page.context["mark"]
    assert (
        finance.post(
            "/collections/policy/1/save/", {"seen": seen, "remove": "1", "note": "Kinder"}
        ).status_code
        == 302
    )
    seen = finance.get("/collections/policy/1/").context["mark"]
    added = finance.post("/collections/policy/1/stages/new/", {**STAGE, "seen": seen})
    assert added.status_code == 302
    assert [stage.name for stage in stages_of(DunningPolicy.objects.get())] == [
        "Reminder",
        "Second notice",
        "Last notice",
    ]
    preview = finance.get("/collections/policy/1/preview/")
    assert (preview.context["asked"], preview.context["asked_now"], preview.context["tasks"]) == (1, 0, 1)
    assert b"Nordwind" in preview.content
    assert not DunningMessage.objects.exists()
    finance.post("/collections/policy/1/act/", {"do": "publish", "seen": preview.context["seen"]})
    assert DunningPolicy.objects.get().state == "published"
    run()
    assert DunningMessage.objects.get().email == "pay@customer.example"


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("text", "Hello {name}", "{name} isn’t a placeholder"),
        ("subject", "{amount:x}", "isn’t a placeholder"),
        ("subject", "{", "A brace stands alone"),
        ("thresholds", "EUR", "isn’t a currency and an amount"),
        ("thresholds", "XXQ 5", "XXQ is no currency"),
        ("days_overdue", "0", "Use 1 to 730"),
        ("attempts", "99", "Use 1 to 10"),
        ("name", "", "This field is required"),
        ("days_overdue", "21", "Another stage begins on this day"),
    ],
)
def test_what_a_stage_cannot_say_is_refused_at_its_field(
    finance: Client, field: str, value: str, told: str
) -> None:
    seen = finance.get("/collections/policy/1/").context["mark"]
    page = finance.post("/collections/policy/1/stages/new/", {**STAGE, field: value, "seen": seen})
    assert page.status_code == 422
    errors = page.context["form"].errors
    assert list(errors) == [field]
    assert told.replace("’", "'") in errors[field][0]
    assert len(DunningPolicy.objects.get().stages) == 3


def test_of_two_who_save_at_once_the_second_is_told_and_nothing_is_lost(finance: Client) -> None:
    seen = finance.get("/collections/policy/1/").context["mark"]
    first = finance.post("/collections/policy/1/save/", {"seen": seen, "note": "Ours"})
    second = finance.post("/collections/policy/1/save/", {"seen": seen, "note": "Theirs"})
    assert (first.status_code, second.status_code) == (302, 409)
    assert b"Theirs" in second.content
    assert DunningPolicy.objects.get().note == "Ours"
    stage = finance.post("/collections/policy/1/stages/1/", {**STAGE, "seen": seen})
    assert stage.status_code == 409
    assert b"Hello {recipient}" in stage.content


def test_publishing_what_was_overtaken_is_refused(finance: Client) -> None:
    put_in_force()
    finance.post("/collections/policy/2/act/", {"do": "draft"})
    seen = finance.get("/collections/policy/3/preview/").context["seen"]
    put_in_force(make_stage(attempts=5))
    refused = finance.post("/collections/policy/3/act/", {"do": "publish", "seen": seen})
    assert refused.status_code == 409
    assert b"was published" in refused.content
    assert DunningPolicy.objects.published().get().version == 4


def test_a_policy_without_stages_is_not_published(finance: Client) -> None:
    for _ in range(3):
        seen = finance.get("/collections/policy/1/").context["mark"]
        finance.post("/collections/policy/1/save/", {"seen": seen, "remove": "1", "note": ""})
    preview = finance.get("/collections/policy/1/preview/")
    assert b"Add at least one stage" in preview.content
    refused = finance.post("/collections/policy/1/act/", {"do": "publish", "seen": preview.context["seen"]})
    assert refused.status_code == 422
    assert DunningPolicy.objects.get().is_draft


def test_the_panel_tells_what_was_asked_and_why_nobody_asks(finance: Client) -> None:
    found = furnish()
    asked = finance.get(f"/accounts/{found['asked'].pk}/panels/finance.collections/").content.decode()
    assert "Reminder, attempt 1" in asked
    relationship = client_as("customer_success").get(
        f"/accounts/{found['relationship'].pk}/panels/finance.collections/"
    )
    assert b"must agree" in relationship.content


@pytest.mark.parametrize(
    "url",
    [
        "/collections/accounts/99999999999999999999/",
        "/collections/messages/99999999999999999999/",
        "/collections/policy/99999999999999999999/",
        "/collections/policy/1/stages/99999999999999999999/",
    ],
)
def test_what_is_not_there_is_not_found(finance: Client, url: str) -> None:
    assert finance.get(url).status_code == 404
