"""Pages of clauses and deviations: who opens and writes them, what they say, and what made-up addresses get."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Account
from finance.clauses.services.library import (
    create_clause_draft,
    cycle,
    draft_texts,
    save_clause_draft,
    steps_of,
)
from finance.models import ClauseVersion, Deviation
from people.approvals.models import ApprovalRequest
from people.approvals.services import decide_step, return_request
from tests.accounts.rows import make_listed
from tests.finance.clauses import ask_for, family, publish_next
from tests.finance.test_clauses_in_contracts import sell, write
from tests.metrics.facts import ago, make_account, make_line
from tests.users import client_as, client_of, make_user

pytestmark = pytest.mark.django_db
TODAY = timezone.now().date()


@pytest.fixture
def acme() -> Account:
    return make_account("growth", name="Acme")


def text_of(response: Any) -> str:
    return str(response.content.decode())


def words_of(response: Any) -> str:
    return re.sub(r"<[^>]*>", "", text_of(response))


def url(name: str, *args: Any) -> str:
    return reverse(f"finance:{name}", args=args)


def listed(client: Client, query: str = "") -> list[int]:
    response = client.get(url("deviations") + query)
    assert response.status_code == 200
    return [row.deviation.pk for row in response.context["rows"]]


def ask_form(text: str, **more: Any) -> dict[str, Any]:
    ends = (TODAY + timedelta(days=90)).isoformat()
    return {"text": text, "wording": "", "reason": "They insist.", "expires_on": ends} | more


@pytest.mark.parametrize("name", ["clauses", "clause_use", "deviations", "deviation_new"])
def test_who_reads_no_contracts_is_told_so(name: str) -> None:
    for function in ("support", "marketing", "product"):
        assert client_as(function).get(url(name)).status_code == 403
    for function in ("legal", "sales", "finance", "revops"):
        assert client_as(function).get(url(name)).status_code == 200


def test_a_clause_is_checked_before_it_is_asked_for_and_granted_within_the_guardrail(acme: Account) -> None:
    client = client_as("sales")
    where = f"{url('deviation_new')}?account={acme.pk}&family=payment-schedule"
    assert "Net 60, by milestones" in text_of(client.get(where))
    checked = client.post(where, ask_form("net-45", do="check"))
    assert "not for Growth, in version 1 of Payment schedule" in text_of(checked)
    assert "It would need Finance within 24 h" in text_of(checked)
    assert not Deviation.objects.exists()
    publish_next("payment-schedule", net_45={"tiers": ["growth"]})
    done = client.post(where, ask_form("net-45", do="ask"), follow=True)
    assert "Granted: “Net 45” is pre-approved for Growth in version 2" in text_of(done)
    assert Deviation.objects.get().by_rule


def test_what_was_typed_stays_where_it_cannot_be_asked(acme: Account) -> None:
    where = f"{url('deviation_new')}?account={acme.pk}&family=liability-cap"
    typed = ask_form("", wording="No limit at all.", terms__cap_amount__amount="12x", reason="")
    response = client_as("sales").post(where, typed)
    assert response.status_code == 422
    page = text_of(response)
    assert "No limit at all." in page
    assert "12x" in page
    assert not Deviation.objects.exists()
    bad = client_as("sales").post(where, ask_form("", terms__cap_fees="many", wording="W"))
    assert bad.status_code == 422
    assert "Choose from 0 to 100" in text_of(bad)


def test_the_second_who_asks_is_led_to_the_first(acme: Account) -> None:
    first = ask_for(acme)
    where = f"{url('deviation_new')}?account={acme.pk}&family=payment-schedule"
    response = client_as("sales").post(where, ask_form("net-45"))
    assert response.status_code == 409
    assert url("deviation", first.pk) in text_of(response)
    assert Deviation.objects.count() == 1


def test_a_contract_of_the_account_can_be_named_and_no_other(acme: Account) -> None:
    contract = make_line(acme, ago(9), terms={"number": "FW-9"}).contract
    other = make_line(make_account(), ago(9)).contract
    client = client_as("sales")
    where = f"{url('deviation_new')}?account={acme.pk}&family=payment-schedule"
    assert client.post(where, ask_form("net-45", contract=other.pk)).status_code == 422
    assert client.post(where, ask_form("net-45", contract=contract.pk)).status_code == 302
    assert Deviation.objects.get().contract == contract


def test_the_register_narrows_sorts_and_exports(acme: Account) -> None:
    big = make_account("strategic", name="Big")
    waiting, granted = ask_for(acme), ask_for(big, "two-years", of="liability-cap", reason="Board asks.")
    client = client_as("legal")
    assert set(listed(client)) == {waiting.pk, granted.pk}
    assert listed(client, "?show=waiting") == [waiting.pk]
    assert listed(client, "?show=granted") == [granted.pk]
    assert listed(client, "?kind=at_once") == [granted.pk]
    assert listed(client, "?family=payment-schedule") == [waiting.pk]
    assert listed(client, "?tier=strategic") == [granted.pk]
    assert listed(client, f"?account={big.pk}") == [granted.pk]
    assert listed(client, "?q=board+big") == [granted.pk]
    assert listed(client, "?sort=account") == [waiting.pk, granted.pk]
    assert listed(client, "?late=1") == []
    ApprovalRequest.objects.update(due_at=timezone.now() - timedelta(hours=1))
    assert listed(client, "?late=1") == [waiting.pk]
    file = client.get(url("deviations") + "?show=waiting&export=csv").getvalue().decode()  # type: ignore[attr-defined]
    assert "Net 60, by milestones" in file
    assert "Board asks." not in file
    assert "Days to pay: 60 days" in file


@pytest.mark.parametrize(
    "query", ["?show=no&sort=%00&tier=%00", "?after=!!&q=%00", "?account=99999999999999999999", "?account=x"]
)
def test_an_address_made_up_shows_the_usual_register(acme: Account, query: str) -> None:
    held = ask_for(acme)
    assert listed(client_as("legal"), query) == [held.pk]


def test_a_long_register_costs_no_more_than_a_short_one(django_assert_max_num_queries: Any) -> None:
    for _ in range(12):
        ask_for(make_account("growth"))
    client = client_as("legal")
    listed(client)
    with django_assert_max_num_queries(8):
        assert len(listed(client)) == 12


def test_one_deviation_tells_what_was_asked_and_how_it_stands(acme: Account) -> None:
    held = ask_for(acme, reason="They always pay late.")
    page = text_of(client_as("legal").get(url("deviation", held.pk)))
    for told in (
        "They always pay late.",
        "<strong>60 days</strong>",
        "<del>30</del>",
        "<ins>60</ins>",
        "Outside",
    ):
        assert told in page
    assert 'value="withdraw"' not in page
    assert client_as("legal").get(url("deviation", 2**63)).status_code == 404
    assert client_as("support").get(url("deviation", held.pk)).status_code == 403


def test_who_asked_withdraws_on_its_page(acme: Account) -> None:
    by = make_user("sales")
    held = ask_for(acme, by=by)
    other = client_as("sales").post(url("deviation", held.pk), {"do": "withdraw"})
    assert other.status_code == 403
    client_of(by).post(url("deviation", held.pk), {"do": "withdraw"})
    held.refresh_from_db()
    assert held.state == "withdrawn"


def test_what_was_returned_is_changed_and_asked_again_on_its_page(acme: Account) -> None:
    by = make_user("sales")
    held = ask_for(acme, by=by)
    request = ApprovalRequest.objects.get(subject_id=held.pk)
    return_request(request=request, by=make_user("finance"), comment="Ask for 45 days.")
    assert "Ask again" not in text_of(client_as("legal").get(url("deviation", held.pk)))
    client = client_of(by)
    assert "Ask for 45 days." in text_of(client.get(url("deviation", held.pk)))
    typed = {"do": "again", "text": "net-45", "wording": "", "reason": ""}
    assert client.post(url("deviation", held.pk), typed).status_code == 422
    assert client.post(url("deviation", held.pk), typed | {"reason": "45 will do."}).status_code == 302
    held.refresh_from_db()
    assert (held.state, held.text and held.text.key, held.terms["payment_days"]) == ("waiting", "net-45", 45)


def test_legal_writes_the_library_from_draft_to_publication() -> None:
    client = client_as("legal")
    began = client.post(url("clause_act", "payment-schedule", 1), {"do": "draft"})
    assert began.url == url("clause_version", "payment-schedule", 2)  # type: ignore[attr-defined]
    draft = ClauseVersion.objects.get(version=2, family=family())
    typed = {
        "seen": cycle.mark(draft),
        "label": "Net 90",
        "wording": "Invoices are due after 90 days.",
        "terms__payment_days": "90",
        "tiers": ["strategic"],
    }
    added = client.post(url("clause_text_new", "payment-schedule", 2), typed)
    assert added.status_code == 302
    stale = client.post(url("clause_text_new", "payment-schedule", 2), typed | {"label": "Net 91"})
    assert stale.status_code == 409
    assert "Net 91" in text_of(stale)
    draft.refresh_from_db()
    steps = {
        "function_0": "finance",
        "hours_0": "12",
        "function_1": "legal",
        "hours_1": "",
        "note": "Longer.",
    }
    refused = client.post(url("clause_draft", "payment-schedule", 2), steps | {"seen": cycle.mark(draft)})
    assert refused.status_code == 422
    assert "Give from 1 to 720 hours." in text_of(refused)
    saved = steps | {"seen": cycle.mark(draft), "hours_1": "24", "do": "up:4"}
    assert client.post(url("clause_draft", "payment-schedule", 2), saved).status_code == 302
    preview = client.get(url("clause_preview", "payment-schedule", 2))
    assert [(shift.text, shift.tier, shift.is_gained) for shift in preview.context["preview"].shifts] == [
        ("Net 90", "Strategic", True)
    ]
    assert "Finance within 12 h, then Legal within 24 h" in text_of(preview)
    done = client.post(
        url("clause_act", "payment-schedule", 2), {"do": "publish", "seen": preview.context["seen"]}
    )
    assert done.status_code == 302
    held = ClauseVersion.objects.published().get(family=family())
    assert [text.label for text in held.texts.all()] == [
        "Net 30",
        "Net 45",
        "Net 90",
        "Net 60, by milestones",
    ]
    back = client.post(url("clause_act", "payment-schedule", 1), {"do": "restore"}, follow=True)
    assert "in force again, as version 3" in text_of(back)


def test_a_preview_names_who_would_be_judged_otherwise() -> None:
    held = ask_for(make_account("growth", name="Waits Ltd"))
    draft = create_clause_draft(family=family(), by=None)
    texts = [replace(text, tiers=["growth"]) if text.tiers else text for text in draft_texts(draft)]
    save_clause_draft(version=draft, by=None, texts=texts, steps=steps_of(draft))
    page = client_as("legal").get(url("clause_preview", "payment-schedule", draft.version))
    (judged,) = page.context["preview"].judged
    assert (judged.row.deviation.pk, judged.after.kind) == (held.pk, "fallback")
    assert "Waits Ltd" in text_of(page)


def test_a_preview_counts_what_running_contracts_say() -> None:
    contract = sell(make_listed("Signed Ltd", "strategic", standing={}))
    gone = sell(make_listed("Over Ltd", "strategic", standing={}), "FW-2")
    kept = sell(make_listed("Usual Ltd", "growth", standing={}), "FW-3")
    for each, text in ((contract, "net-60-milestones"), (gone, "net-60-milestones"), (kept, "net-30")):
        write(each, "payment-schedule", text)
    gone.lines.update(end_on=TODAY)
    texts = [replace(text, tiers=[]) for text in draft_texts(ClauseVersion.objects.get(family=family()))]
    draft = create_clause_draft(family=family(), by=None)
    save_clause_draft(version=draft, by=None, texts=texts, steps=steps_of(draft))
    address = url("clause_preview", "payment-schedule", draft.version)
    legal = client_as("legal")
    preview = legal.get(address).context["preview"]
    assert preview.running == 2
    assert [(each.contract, each.before.kind, each.after.kind) for each in preview.agreed] == [
        (contract, "fallback", "outside")
    ]
    assert "1 of 2 running contracts" in words_of(legal.get(address))
    file: Any = legal.get(f"{address}?export=csv&table=contracts")
    rows = b"".join(file.streaming_content).decode()
    assert "Signed Ltd" in rows
    assert "Usual Ltd" not in rows


def test_a_preview_judges_every_open_deviation_and_lists_some(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("finance.clauses.preview.MOST", 1)
    for name in ("One", "Two", "Three"):
        ask_for(make_account("growth", name=name))
    draft = create_clause_draft(family=family(), by=None)
    texts = [replace(text, tiers=["growth"]) if text.tiers else text for text in draft_texts(draft)]
    save_clause_draft(version=draft, by=None, texts=texts, steps=steps_of(draft))
    page = client_as("legal").get(url("clause_preview", "payment-schedule", draft.version))
    assert (page.context["preview"].open, len(page.context["preview"].judged)) == (3, 3)
    assert "3 of 3 open deviations" in words_of(page)
    assert "The newest 1 are listed" in words_of(page)


def test_the_library_counts_what_its_links_list(acme: Account) -> None:
    gone = make_account("growth", name="Gone Ltd")
    for each in (gone, acme):
        ask_for(each)
    Account.objects.filter(pk=gone.pk).update(deleted_at=timezone.now())
    legal = client_as("legal")
    counted = {row["family"].key: row["live"] for row in legal.get(url("clauses")).context["rows"]}
    assert counted["payment-schedule"]["waiting"] == 1
    assert len(listed(legal, "?show=waiting&family=payment-schedule")) == 1


def test_others_read_the_library_but_write_nothing() -> None:
    draft = create_clause_draft(family=family(), by=None)
    client = client_as("sales")
    assert "Start a draft" not in text_of(client.get(url("clause", "payment-schedule")))
    assert client.get(url("clause_version", "payment-schedule", draft.version)).status_code == 404
    assert client.get(url("clause_version", "payment-schedule", 2**60)).status_code == 404
    for name, args in (
        ("clause_act", ["payment-schedule", 1]),
        ("clause_draft", ["payment-schedule", draft.version]),
        ("clause_text_new", ["payment-schedule", draft.version]),
        ("clause_new", []),
    ):
        assert client.post(url(name, *args), {"do": "draft"}).status_code == 403
    assert client_as("legal").post(url("clause_draft", "payment-schedule", 1)).status_code == 403


def test_a_family_is_added_on_a_page() -> None:
    client = client_as("revops")
    assert client.post(url("clause_new"), {"label": "Termination", "shape": "wording"}).status_code == 422
    made = client.post(url("clause_new"), {"label": "Escrow", "shape": "wording"})
    assert made.url == url("clause_version", "escrow", 1)  # type: ignore[attr-defined]
    assert "Not published yet" in text_of(client.get(url("clauses")))
    assert client.get(url("clause", "escrow")).status_code == 200


def test_statistics_count_what_was_asked_and_suggest_what_is_always_approved(acme: Account) -> None:
    approver = make_user("finance")
    for place in range(6):
        held = ask_for(make_account("growth"), "net-45")
        request = ApprovalRequest.objects.get(subject_id=held.pk)
        decide_step(request=request, by=approver, is_approved=place > 0)
    ask_for(make_account("strategic"), "net-45")
    ask_for(acme, "", wording="Never.", terms={"payment_days": 300})
    page = client_as("legal").get(url("clause_use"))
    found = page.context["statistics"]
    by_text = {use.text: use for use in found.texts}
    net = by_text["Net 45"]
    assert (net.asked, net.at_once, net.approved, net.rejected, net.waiting) == (7, 1, 5, 1, 0)
    assert by_text["Own wording"].waiting == 1
    assert [use.asked for use in found.families] == [8]
    (suggested,) = found.suggestions
    assert "“Net 45” of Payment schedule was approved 5 times out of 6 for Growth" in suggested.sentence
    publish_next("payment-schedule", net_45={"tiers": ["growth"]})
    assert not client_as("legal").get(url("clause_use")).context["statistics"].suggestions
