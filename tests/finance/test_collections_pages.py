"""Pages of collections: the board, an account, messages, and the policy with its preview."""

from __future__ import annotations

import csv
import io
import re
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Account
from finance.collections.metrics import broken_promises
from finance.collections.planning import plan_dunning
from finance.collections.policy import stages_of
from finance.collections.promises import Kept, record_promise
from finance.collections.sending import HELD_FOR, claim_message, send_due
from finance.collections.services import set_hold
from finance.models import CollectionHold, DunningMessage, DunningPolicy, PaymentPromise
from people.models import AccessGrant
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
from tests.finance.test_clauses_in_contracts import sell, write
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


def test_a_first_policy_asks_for_ancient_invoices_only_when_told_so(finance: Client) -> None:
    make_invoice(make_debtor(name="Recent"), 900, overdue=80)
    make_invoice(make_debtor(name="Ancient"), 900, overdue=800)
    held = make_debtor(name="Held")
    make_invoice(held, 900, overdue=900)
    set_hold(account=held, reason="Court", ends_on=in_days(9), by=make_user("finance"), day=DAY)
    preview = finance.get("/collections/policy/1/preview/")
    assert preview.context["rows"][0].after.account.name == "Ancient"
    assert (preview.context["ancient"], preview.context["oldest"]) == (1, 800)
    assert b"more than 90 days, the oldest for 800" in preview.content
    file = finance.get("/collections/policy/1/preview/?export=csv")
    rows = list(csv.DictReader(io.StringIO(b"".join(file.streaming_content).decode("utf-8-sig"))))  # type: ignore[attr-defined]
    assert [row["Account"] for row in rows if row["First asked after 90 days"] == "yes"] == ["Ancient"]
    given = {"do": "publish", "seen": preview.context["seen"]}
    refused = finance.post("/collections/policy/1/act/", given)
    assert refused.status_code == 422
    assert b"Tick this, or hold them first" in refused.content
    assert DunningPolicy.objects.get().is_draft
    assert finance.post("/collections/policy/1/act/", {**given, "ancient": "1"}).status_code == 302
    run()
    assert DunningMessage.objects.count() == 2
    # Who was asked once isn't asked for the first time by a further version.
    finance.post("/collections/policy/1/act/", {"do": "draft"})
    assert finance.get("/collections/policy/2/preview/").context["ancient"] == 0


def test_whom_nobody_can_write_to_is_told_on_the_board_and_in_the_preview(finance: Client) -> None:
    make_invoice(make_debtor(email=""), 900)
    preview = finance.get("/collections/policy/1/preview/")
    assert preview.context["asked"] == 0
    assert b"Nobody with an address is known" in preview.content
    put_in_force()
    assert b"Nobody with an address is known" in finance.get("/collections/").content


def test_the_board_leads_to_disputes_and_to_what_is_to_be_allocated(finance: Client) -> None:
    account = make_debtor(name="A & B")
    invoices = [make_invoice(account, 900) for _ in range(5)]
    for invoice in invoices:
        dispute(invoice)
    page = finance.get("/collections/").content.decode()
    assert [f'href="/finance/invoices/{each.pk}/"' in page for each in invoices] == [True] * 3 + [False] * 2
    assert "and 2 more" in page
    own = finance.get(f"/collections/accounts/{account.pk}/").content.decode()
    assert all(f'href="/finance/invoices/{each.pk}/"' in own for each in invoices)
    pay_ahead(account, 900)
    make_invoice(account, 50)
    assert "show=unallocated&amp;q=A%20%26%20B" in finance.get("/collections/").content.decode()


def test_the_board_tells_that_messages_wait_and_how_promises_were_kept(finance: Client) -> None:
    account = make_debtor()
    make_invoice(account, 900)
    put_in_force()
    plan_dunning(DAY)
    assert b"Messages wait since" not in finance.get("/collections/").content
    DunningMessage.objects.update(created_at=timezone.now() - HELD_FOR * 2)
    assert b"Messages wait since" in finance.get("/collections/").content
    for state, days in (("broken", 9), ("kept", 8), ("broken", 366), ("withdrawn", 5)):
        PaymentPromise.objects.create(
            account=account,
            currency="EUR",
            amount=5,
            made_on=in_days(-days),
            due_on=in_days(-days),
            promised_by="Ida",
            recorded_by=make_user("finance"),
            state=state,
            decided_at=timezone.now(),
        )
    for url in ("/collections/", f"/collections/accounts/{account.pk}/"):
        page = finance.get(url)
        assert page.context["kept"] == Kept(decided=2, broken=1), url
        assert b"that fell due within a year was broken." in page.content
    counted: Any = broken_promises
    assert list(counted(DAY)) == [{"account_id": account.pk, "value": 1}]
    assert not counted(in_days(-366))


def test_a_contract_that_may_not_be_read_is_not_named(finance: Client) -> None:
    account = make_debtor(name="Nordwind")
    make_invoice(account, 900)
    contract = sell(account, "FW-7")
    write(contract, "late-payment", "account-team")
    url = f"/collections/accounts/{account.pk}/"
    assert "Relationship-based, CSM involved, by Contract FW-7" in finance.get(url).content.decode()
    AccessGrant.objects.filter(function="finance", category="contracts").update(level="none")
    page = finance.get(url).content.decode()
    assert "FW-7" not in page
    assert "CSM involved" not in page
    for where in ("/collections/?export=csv", f"{url}?export=csv"):
        file = b"".join(finance.get(where).streaming_content).decode()  # type: ignore[attr-defined]
        assert "Nordwind" in file
        assert "CSM involved" not in file


def test_every_label_has_a_field_of_its_own(finance: Client) -> None:
    put_in_force()
    account = make_debtor("strategic")
    make_invoice(account, 900)
    make_invoice(account, 900, "USD")
    run()
    url = f"/collections/accounts/{account.pk}/"
    page = finance.post(f"{url}release/", {"currency": "USD", "reason": ""}).content.decode()
    found = re.findall(r' id="([^"]+)"', page)
    assert len(found) == len(set(found))
    assert "release-USD-reason" in found
    assert page.count("Fill in “Reason”.") == 1


def test_what_takes_the_place_of_something_says_so(finance: Client) -> None:
    account = make_debtor()
    make_invoice(account, 900)
    url = f"/collections/accounts/{account.pk}/"
    given = {"currency": "EUR", "amount": "500", "due_on": in_days(2), "promised_by": "Ida Berg"}
    told = [finance.post(f"{url}promise/", given, follow=True).content.decode() for _ in range(2)]
    assert ["takes the place of €500.00 by" in page for page in told] == [False, True]
    hold = {"reason": "PO missing", "ends_on": in_days(9)}
    told = [finance.post(f"{url}hold/", hold, follow=True).content.decode() for _ in range(2)]
    assert [": PO missing" in page and "takes the place" in page for page in told] == [False, True]
    gone = finance.post(f"{url}promise/", {**given, "currency": "USD"})
    assert b"Nothing is overdue in this currency any more" in gone.content


JUNK = ("\x00", "9" * 31, "-0", "NaN", "1e400", "0001-01-01", "9999-12-31", "ü" * 100_000, "{amount", "٣")


@pytest.mark.parametrize("junk", JUNK, ids=range(len(JUNK)))
def test_no_input_is_an_error_of_ours(finance: Client, junk: str) -> None:
    found = furnish()
    url = f"/collections/accounts/{found['relationship'].pk}/"
    message = DunningMessage.objects.get()
    fields = ("currency", "amount", "due_on", "promised_by", "note", "invoice", "reason", "ends_on", "hold")
    for what in ("promise", "hold", "release", "end"):
        assert finance.post(f"{url}{what}/", dict.fromkeys(fields, junk)).status_code in (302, 404, 422)
    assert finance.post(f"/collections/messages/{message.pk}/decide/", {"decision": junk}).status_code == 302
    finance.post("/collections/policy/2/act/", {"do": "draft"})
    stage = ("name", "days_overdue", "attempts", "delay_days", "thresholds", "subject", "text", "seen")
    for given in (dict.fromkeys(stage, junk), {**STAGE, "thresholds": f"EUR {junk}"[:2000], "seen": junk}):
        assert finance.post("/collections/policy/3/stages/new/", given).status_code in (409, 422)
    answer = finance.post(
        "/collections/policy/3/save/", dict.fromkeys(("tiers", "note", "remove", "seen"), junk)
    )
    assert answer.status_code in (409, 422)
    for do in ("publish", "retire", "discard", junk):
        finance.post("/collections/policy/2/act/", {"do": do, "seen": junk, "ancient": junk})
    names = ("q", "column", "tier", "currency", "mine", "state", "sort", "after", "before", "show", "kind")
    for page in ("/collections/", "/collections/messages/", url, "/tasks/"):
        assert finance.get(page, dict.fromkeys(names, junk[:500])).status_code in (200, 400, 404), page
        assert finance.get(page, {"export": junk[:500]}).status_code in (200, 400, 404), page


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


def test_the_board_and_the_account_say_who_is_at_a_claim(finance: Client) -> None:
    found = furnish()["relationship"]
    page = finance.get("/collections/")
    [card] = [
        card for column in page.context["columns"] for card in column.cards if card.position.account == found
    ]
    assert {each.who for each in card.tasks} == {"Customer success", "Finance"}
    told = finance.get(f"/collections/accounts/{found.pk}/").content.decode()
    assert all(f'<a href="{each.task.get_absolute_url()}">{each.who}</a>' in told for each in card.tasks)
    [row] = [row for row in csv.DictReader(io.StringIO(sheet(finance))) if "relationship" in row["Account"]]
    assert "Customer success" in row["Who is at it"]


def sheet(client: Client) -> str:
    answer = client.get("/collections/?export=csv")
    return b"".join(answer).decode("utf-8-sig")


def test_what_may_be_released_is_named_by_what_it_does(finance: Client) -> None:
    page = finance.get(f"/collections/accounts/{furnish()['relationship'].pk}/").content.decode()
    assert "Ask for €900.00 without waiting" in page
    assert "Let the mail go" in page


def test_a_promise_begins_with_what_is_neither_disputed_nor_paid(finance: Client) -> None:
    account = make_debtor()
    dispute(make_invoice(account, 400))
    make_invoice(account, 900)
    pay_ahead(account, 100)
    form = finance.get(f"/collections/accounts/{account.pk}/").context["promise_form"]
    assert form["amount"].initial == Decimal(800)
    assert "€800.00" in form["amount"].help_text


def test_nothing_is_proposed_where_all_is_disputed(finance: Client) -> None:
    account = make_debtor()
    dispute(make_invoice(account, 400))
    form = finance.get(f"/collections/accounts/{account.pk}/").context["promise_form"]
    assert form["amount"].initial is None
