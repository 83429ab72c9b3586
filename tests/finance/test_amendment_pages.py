"""Pages where contracts are amended: what they show to whom, what is typed, and who may do what."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from finance.clauses.offers import clause_of
from finance.models import Amendment, Contract, ContractVersion, Deviation
from people.approvals.models import ApprovalRequest
from tests.finance.amending import (
    approve,
    billing,
    contract_record,
    draft,
    in_days,
    line_record,
    propose,
    quiet,
    sell,
    send,
)
from tests.finance.clauses import ask_for, publish_next
from tests.users import client_as, client_of, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def sold() -> Contract:
    return sell()


def url(name: str, held: Amendment) -> str:
    return reverse(f"finance:{name}", args=[held.version.contract_id, held.pk])


def typed(held: Amendment, **fields: Any) -> dict[str, Any]:
    """Return what the form holds as it is opened, with some fields typed over."""
    line = held.version.contract.lines.get().pk
    return {
        "expected": held_mark(held),
        "new_count": "1",
        "do": "save",
        "effective_on": in_days(10).isoformat(),
        "end_on": in_days(100).isoformat(),
        "notice_days": "60",
        "renewal_months": "",
        "payment_terms_days": "",
        "auto_renew": "on",
        "note": "Agreed",
        f"line-{line}-amount": "1200",
        f"line-{line}-quantity": "100",
        f"line-{line}-discount_percent": "0",
        "new-0-billing_period": "year",
    } | {name.replace("LINE", f"line-{line}"): value for name, value in fields.items()}


def held_mark(held: Amendment) -> str:
    from finance.contracts.amendments import mark_of

    return mark_of(Amendment.objects.get(pk=held.pk))


def begin(contract: Contract, client: Client) -> Amendment:
    answer = client.post(reverse("finance:amend", args=[contract.pk]))
    held = Amendment.objects.latest("pk")
    assert answer.status_code == 302
    assert answer["Location"] == url("amendment_edit", held)
    return held


def test_finance_amends_a_contract_from_its_page_to_its_version(sold: Contract) -> None:
    client = client_as("finance")
    held = begin(sold, client)
    assert client.get(url("amendment_edit", held)).status_code == 200
    fields = typed(held, **{"LINE-amount": "1500.50", "notice_days": "90"})
    assert client.post(url("amendment_edit", held), fields).status_code == 302
    page = client.get(url("amendment", held)).content.decode()
    assert "Notice period" in page or "notice period" in page
    assert "€1,500.50" in page
    assert "Needs" in page
    answer = client.post(url("amendment_propose", held), {"expected": held_mark(held)})
    assert answer.status_code == 302
    request = ApprovalRequest.objects.get()
    facts = client_as("legal").get(request.get_absolute_url()).content.decode()
    assert "60 days" in facts
    assert "1,500" not in facts, "legal decides on what it may read"
    assert "1,500.50" in client_as("finance").get(request.get_absolute_url()).content.decode()
    approve(request)
    assert "takes effect on" in client.get(url("amendment", held)).content.decode()
    contract_page = client.get(sold.get_absolute_url()).content.decode()
    assert url("amendment", held) in contract_page


def test_what_can_not_be_is_said_at_its_field_and_nothing_typed_is_lost(sold: Contract) -> None:
    client = client_as("finance")
    held = begin(sold, client)
    fields = typed(
        held,
        **{"effective_on": "soon", "LINE-discount_percent": "101", "new-0-amount": "7", "note": "My reason"},
    )
    answer = client.post(url("amendment_edit", held), fields)
    assert answer.status_code == 422
    forms = answer.context["forms"]
    assert "effective_on" in forms.terms.errors
    assert "discount_percent" in forms.lines[0][1].errors
    assert "product" in forms.new[0].errors
    text = answer.content.decode()
    for kept in ("My reason", "soon", "101", 'value="7"'):
        assert kept in text
    fields = typed(held, **{"effective_on": in_days(-300).isoformat(), "LINE-ends": "on"})
    answer = client.post(url("amendment_edit", held), fields)
    assert answer.status_code == 422
    assert "effective_on" in answer.context["forms"].terms.errors
    assert "ends" in answer.context["forms"].lines[0][1].errors
    held.refresh_from_db()
    assert held.changes == {}


def test_what_is_wrong_with_a_new_line_is_said_there(sold: Contract) -> None:
    client = client_as("finance")
    held = begin(sold, client)
    new = {"new_count": "2", "new-1-product": "Extra", "new-1-amount": "9", "new-1-billing_period": "month"}
    new |= {"new-0-billing_period": "year", "new-1-end_on": in_days(-3).isoformat()}
    answer = client.post(url("amendment_edit", held), typed(held, **new))
    assert answer.status_code == 422
    forms = answer.context["forms"]
    assert "end_on" in forms.new[1].errors, "beside the second place: the first was left blank"
    assert not forms.terms.errors


def test_what_was_granted_is_offered_and_comes_into_the_contract(sold: Contract) -> None:
    granted = ask_for(sold.account)
    assert granted.state == "granted", "pre-approved for strategic accounts"
    client = client_as("legal")
    held = begin(sold, client)
    key = f"granted-{granted.pk}"
    page = client.get(url("amendment_edit", held)).content.decode()
    assert f'value="{key}"' in page
    assert "Granted, and not in the contract yet" in page
    fields = typed(held, **{"clause-payment-schedule-choice": key, "effective_on": in_days(0).isoformat()})
    preview = client.post(
        url("amendment_edit", held), fields | {"do": "preview"}, headers={"HX-Request": "true"}
    )
    assert "<strong>Payment schedule</strong>" in preview.content.decode()
    assert client.post(url("amendment_edit", held), fields).status_code == 302
    held.refresh_from_db()
    assert held.changes["clauses"] == [clause_of(granted)]
    assert f'value="{key}" selected' in client.get(url("amendment_edit", held)).content.decode()
    assert client.post(url("amendment_propose", held), {"expected": held_mark(held)}).status_code == 302
    approve(ApprovalRequest.objects.get())
    granted.refresh_from_db()
    assert (granted.state, granted.entered_id) == ("in_contract", held.pk)
    contract_page = client.get(sold.get_absolute_url()).content.decode()
    assert "What the contract says in each clause" in contract_page
    assert granted.wording in contract_page
    again = begin(sold, client)
    offered = client.get(url("amendment_edit", again)).context["forms"]
    assert not offered.granted, "it is in the contract by now"
    fields = typed(again, **{"clause-payment-schedule-choice": "end"})
    assert client.post(url("amendment_edit", again), fields).status_code == 302
    again.refresh_from_db()
    assert again.changes["clauses"] == [{"do": "end", "family": "payment-schedule"}]
    assert again.version.statement["clauses"] == []


def test_what_was_typed_of_a_clause_stays_though_it_is_offered_no_more(sold: Contract) -> None:
    granted = ask_for(sold.account)
    client = client_as("legal")
    held = begin(sold, client)
    key = f"granted-{granted.pk}"
    client.post(url("amendment_edit", held), typed(held, **{"clause-payment-schedule-choice": key}))
    publish_next("payment-schedule", net_60_milestones={"wording": "Sixty days, by milestones, in writing."})
    Deviation.objects.update(state="withdrawn")
    page = client.get(url("amendment_edit", held)).content.decode()
    assert 'value="typed" selected' in page
    fields = typed(held, **{"clause-payment-schedule-choice": "typed", "note": "Still so"})
    assert client.post(url("amendment_edit", held), fields).status_code == 302
    held.refresh_from_db()
    assert held.changes["clauses"] == [clause_of(granted)]
    for made_up in ("granted-999999", "text-0", "\x00", "1" * 100_000):
        answer = client.post(
            url("amendment_edit", held), typed(held, **{"clause-payment-schedule-choice": made_up})
        )
        assert answer.status_code == 422
        assert "choice" in answer.context["forms"].clauses[3].errors


def test_begun_twice_it_is_one_draft(sold: Contract) -> None:
    client = client_as("finance")
    assert begin(sold, client) == begin(sold, client)
    assert begin(sold, client_as("finance")) != Amendment.objects.earliest("pk"), "others have their own"


def test_the_effect_is_shown_while_typing_and_writes_nothing(sold: Contract) -> None:
    client = client_as("finance")
    held = begin(sold, client)
    fields = typed(held, do="preview", **{"LINE-amount": "2400", "end_on": in_days(400).isoformat()})
    answer = client.post(url("amendment_edit", held), fields, headers={"HX-Request": "true"})
    text = answer.content.decode()
    assert "<html" not in text
    assert "€2,400" in text
    assert "Term ends" in text
    held.refresh_from_db()
    assert held.changes == {}
    more = client.post(url("amendment_edit", held), typed(held, do="more", **{"new-0-product": "X"}))
    assert more.status_code == 200
    assert len(more.context["forms"].new) == 2
    assert 'value="X"' in more.content.decode()


def test_without_scripts_the_effect_is_on_the_page(sold: Contract) -> None:
    client = client_as("finance")
    held = begin(sold, client)
    text = client.post(
        url("amendment_edit", held), typed(held, do="preview", notice_days="30")
    ).content.decode()
    assert "<html" in text
    assert "60 days → 30 days" in text


def test_legal_amends_terms_without_reading_prices(sold: Contract) -> None:
    author = make_user("finance")
    held = draft(sold, author)
    client = client_as("legal")
    page = client.get(url("amendment_edit", held)).content.decode()
    assert "1,500" not in page
    assert "1500" not in page
    assert 'value="1200"' not in page
    answer = client.post(url("amendment_edit", held), typed(held, notice_days="45"))
    assert answer.status_code == 302
    held.refresh_from_db()
    assert held.changes["terms"] == {"notice_days": 45}
    assert held.changes["lines"][0]["amount"] == "1500", "what finance typed stays"
    shown = client.get(url("amendment", held)).content.decode()
    assert "1,500" not in shown
    assert "45 days" in shown


def test_who_was_overtaken_sees_it_and_keeps_what_was_typed(sold: Contract) -> None:
    client = client_as("finance")
    held = begin(sold, client)
    mine = typed(held, notice_days="91", note="Mine")
    client_as("finance").post(url("amendment_edit", held), typed(held, notice_days="92"))
    answer = client.post(url("amendment_edit", held), mine)
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "saved since you opened it" in text.replace("was saved", "saved").replace("by", "by")
    assert 'value="91"' in text
    assert "Mine" in text
    again = typed(held, notice_days="91")
    assert client.post(url("amendment_edit", held), again).status_code == 302


def test_a_draft_of_an_earlier_version_says_what_differs_and_takes_it_up(sold: Contract) -> None:
    author = make_user("finance")
    held = draft(sold, author)
    send(billing(), "contracts", contract_record(notice_days=75))
    quiet()
    client = client_of(author)
    page = client.get(url("amendment", held)).content.decode()
    assert "60 days → 75 days" in page
    answer = client.post(url("amendment_propose", held), {"expected": held_mark(held)})
    assert answer.status_code == 409
    assert not ApprovalRequest.objects.exists()
    client.post(url("amendment_reopen", held))
    answer = client.post(url("amendment_propose", held), {"expected": held_mark(held)})
    assert answer.status_code == 302


@pytest.mark.parametrize("function", ["sales", "customer_success"])
def test_others_who_read_contracts_see_amendments_but_write_none(sold: Contract, function: str) -> None:
    held = draft(sold, make_user("finance"))
    client = client_as(function)
    assert client.get(url("amendment", held)).status_code == 200
    assert "Amend</button>" not in client.get(sold.get_absolute_url()).content.decode()
    assert client.post(reverse("finance:amend", args=[sold.pk])).status_code == 403
    for name in ("amendment_edit", "amendment_propose", "amendment_reopen", "amendment_withdraw"):
        assert client.post(url(name, held)).status_code == 403
    assert client_as("support").get(url("amendment", held)).status_code == 403


def test_giving_up_asks_first(sold: Contract) -> None:
    author = make_user("finance")
    request = propose(sold, author)
    held = Amendment.objects.get()
    client = client_of(author)
    assert "Give it up" in client.get(url("amendment_withdraw", held)).content.decode()
    assert client_as("finance").post(url("amendment_withdraw", held)).status_code == 422, "only who asked"
    assert client.post(url("amendment_withdraw", held)).status_code == 302
    held.refresh_from_db()
    request.refresh_from_db()
    assert (held.stage, request.state) == ("withdrawn", "withdrawn")


def test_any_two_versions_can_be_compared(sold: Contract) -> None:
    api = billing()
    for days in (75, 80):
        send(api, "contracts", contract_record(notice_days=days))
        quiet()
    send(api, "contract-lines", line_record(amount="1300"))
    quiet()
    page = client_as("finance").get(f"{sold.get_absolute_url()}?from=1&to=4")
    compared = page.context["compared"]
    assert [(each.what, each.before, each.after) for each in compared.differences] == [
        ("Notice period", "60 days", "80 days"),
        ("Amount", "€1,200.00", "€1,300.00"),
    ]
    back = client_as("legal").get(f"{sold.get_absolute_url()}?from=4&to=1")
    assert "1,300" not in back.content.decode()
    file = client_as("finance").get(f"{sold.get_absolute_url()}?from=4&to=1&export=csv&table=compared")
    assert "80 days" in file.getvalue().decode()  # type: ignore[attr-defined]
    for odd in ("?from=9&to=1", "?from=x&to=", "?from=1"):
        assert client_as("finance").get(sold.get_absolute_url() + odd).context["compared"] is None


def test_on_a_past_day_only_versions_known_by_then_are_told(sold: Contract) -> None:
    page = client_as("finance").get(f"{sold.get_absolute_url()}?as_of={in_days(-3)}")
    assert page.context["versions"] == []
    assert "No version was known then" in page.content.decode()


def test_the_contract_page_says_what_a_source_says_otherwise(sold: Contract) -> None:
    approve(propose(sold, make_user("finance"), {"terms": {"notice_days": 90}}, days=0))
    page = client_as("legal").get(sold.get_absolute_url())
    (told,) = page.context["contradictions"]
    assert (told.counts, told.said, told.source) == (90, 60, "billing")
    send(billing(), "contracts", contract_record(notice_days=90))
    assert client_as("legal").get(sold.get_absolute_url()).context["contradictions"] == []


def test_one_that_is_over_is_no_form_any_more(sold: Contract) -> None:
    approve(propose(sold, make_user("finance"), days=0))
    held = Amendment.objects.get()
    client = client_as("finance")
    assert client.get(url("amendment_edit", held)).status_code == 302
    assert client.post(url("amendment_reopen", held)).status_code == 422
    assert client.get(reverse("finance:amendment", args=[sold.pk + 1, held.pk])).status_code == 404
    assert client.get(reverse("finance:amendment", args=[10**30, 10**30])).status_code == 404
    assert ContractVersion.objects.count() == 2


def test_a_line_that_billing_sends_too_is_pointed_out(sold: Contract) -> None:
    approve(propose(sold, make_user("finance"), days=0))
    client = client_as("finance")
    assert client.get(sold.get_absolute_url()).context["doubles"] == []
    today = in_days(0)
    send(
        billing(), "contract-lines", line_record(external_id="L2", product="CORE", start_on=today.isoformat())
    )
    page = client.get(sold.get_absolute_url())
    assert page.context["doubles"] == [("CORE", today)]
    assert "Perhaps counted twice" in page.content.decode()
    assert billing().call("delete", "contract-lines/billing/L2/").status_code in {200, 204}
    assert client.get(sold.get_absolute_url()).context["doubles"] == []


def test_lines_that_are_over_are_no_part_of_the_form_and_running_ones_are_never_cut_off(
    sold: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in range(3):
        over = {"product": f"A{place}", "end_on": in_days(-9 - place).isoformat()}
        send(billing(), "contract-lines", line_record(external_id=f"OLD{place}", **over))
    quiet()
    client = client_as("finance")
    held = begin(sold, client)
    forms = client.get(url("amendment_edit", held)).context["forms"]
    assert [line["product"] for line, _ in forms.lines] == ["Core"]
    monkeypatch.setattr("finance.views.contracts.LINES_SHOWN", 2)
    page = client.get(sold.get_absolute_url())
    assert [line["product"] for line in page.context["lines"]] == ["Core", "A0"]
    assert "the export has all" in page.content.decode()
    file = client.get(sold.get_absolute_url() + "?export=csv&table=lines").getvalue().decode()
    assert file.count("ended") == 3


def test_what_is_over_is_not_given_up_again(sold: Contract) -> None:
    approve(propose(sold, make_user("finance"), days=0))
    held = Amendment.objects.get()
    answer = client_as("finance").get(url("amendment_withdraw", held))
    assert answer.status_code == 302
    assert answer["Location"] == url("amendment", held)


def test_an_amendment_says_whose_word_it_waits_for_and_they_give_it_on_its_page(sold: Contract) -> None:
    make_user("legal")
    propose(sold, make_user("finance"))
    held = Amendment.objects.get()
    where = url("amendment", held)
    other = client_as("finance").get(where).content.decode()
    assert "It waits for Legal since" in other
    assert "Your decision" not in other
    page = client_as("legal").get(where)
    decision = page.context["decision"]
    address = reverse("people:approval_decide", args=[decision.approval.pk])
    assert f'action="{address}"' in page.content.decode()
    sent = {"step": decision.step.pk, "decision": "approve", "comment": ""}
    assert client_as("legal").post(address, sent).status_code == 302
    assert "It waits for Legal" not in client_as("finance").get(where).content.decode()
