"""Amendments: drafted, proposed, approved and in effect on their day, and what sources say meanwhile."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from accounts.models import Account, Tier
from common.formatting import format_date
from common.versions.errors import VersionChangedError
from finance.clauses.services.deviations import Wanted
from finance.clauses.services.paper import record_clause
from finance.contracts import taking_effect
from finance.contracts.amendments import (
    draft_amendment,
    mark_of,
    propose_amendment,
    reopen_amendment,
    save_amendment,
    withdraw_amendment,
)
from finance.contracts.calendar import Calendar
from finance.contracts.judging import findings_of, steps_for
from finance.contracts.reading import recorded_versions, versions_of
from finance.contracts.statements import TERMS, differences, sentence
from finance.contracts.taking_effect import hold_overtaken, take_due_effects
from finance.models import Amendment, Contract, ContractLine, ContractVersion, RevenueEntry
from finance.revenue.ledger import follow_everything
from people.access import access_of
from people.approvals.models import ApprovalRequest
from people.approvals.services import RefusedError, decide_step, withdraw_request
from people.models import Notice
from sync.models import FieldClaim, Link
from sync.own import OwnRecordsError
from sync.pipeline.batch import FieldError, Result
from tests.finance.amending import (
    PRICE_UP,
    approve,
    billing,
    changes_of,
    contract_record,
    draft,
    in_days,
    in_force,
    line_record,
    propose,
    quiet,
    sell,
    send,
)
from tests.finance.clauses import ask_for, family
from tests.users import make_user

pytestmark = pytest.mark.django_db
LEAVE: dict[str, Any] = {
    "family": "termination",
    "text": None,
    "wording": "Either side may leave.",
    "terms": {},
}


@pytest.fixture
def sold() -> Contract:
    return sell()


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let days pass for amendments."""

    def go(days: int) -> None:
        day = in_days(days)
        for module in ("amendments", "taking_effect"):
            monkeypatch.setattr(f"finance.contracts.{module}.today", lambda: day)

    return go


def lines() -> list[tuple[Any, ...]]:
    held = ContractLine.objects.order_by("start_on", "pk")
    return [(line.amount, line.start_on, line.end_on) for line in held]


def test_an_approved_amendment_waits_for_its_day_and_then_ends_a_line_and_begins_another(
    sold: Contract, later: Any
) -> None:
    author = make_user("finance")
    request = propose(sold, author)
    assert [step.function for step in request.steps.all()] == ["legal", "finance", "customer_success"]
    approve(request)
    amendment = Amendment.objects.get()
    assert amendment.stage == "scheduled"
    assert take_due_effects() == 0
    before = lines()
    later(9)
    assert take_due_effects() == 0
    assert lines() == before
    later(10)
    assert take_due_effects() == 1
    assert lines() == [
        (Decimal(1200), in_days(-265), in_days(10)),
        (Decimal(1500), in_days(10), None),
    ]
    version = in_force(sold)
    assert (version.version, version.cause, version.starts_on) == (2, "amendment", in_days(10))
    assert version.author == author
    assert {line["line"] for line in version.statement["lines"]} == set(
        ContractLine.objects.values_list("pk", flat=True)
    )
    assert take_due_effects() == 0, "it takes effect once"
    assert quiet() == 0, "what was sent is what the version says"
    assert Notice.objects.filter(user=author, text__contains="is in effect").count() == 1


def test_what_counts_from_today_takes_effect_with_the_approval(sold: Contract) -> None:
    approve(propose(sold, make_user("finance"), days=0))
    assert Amendment.objects.get().stage == "in_effect"
    assert in_force(sold).version == 2


def test_terms_change_and_lines_are_added_and_ended(sold: Contract) -> None:
    changes = {
        "terms": {
            "auto_renew": False,
            "notice_days": 90,
            "payment_terms_days": None,
            "end_on": in_days(400).isoformat(),
        },
        "lines": [
            {"do": "end"},
            {"do": "add", "product": "Extra", "amount": "99.5", "billing_period": "month"},
        ],
    }
    approve(propose(sold, make_user("finance"), changes, days=0))
    sold.refresh_from_db()
    assert (sold.auto_renew, sold.notice_days, sold.end_on) == (False, 90, in_days(400))
    assert lines() == [(Decimal(1200), in_days(-265), in_days(0)), (Decimal("99.5"), in_days(0), None)]


def test_what_no_amendment_changes_is_not_sent_either(sold: Contract) -> None:
    terms = {"currency": "USD", "start_on": in_days(-9).isoformat(), "notice_days": 90}
    approve(propose(sold, make_user("finance"), {"terms": terms}, days=0))
    was = (sold.currency, sold.start_on)
    sold.refresh_from_db()
    assert (sold.currency, sold.start_on, sold.notice_days) == (*was, 90)


def test_all_that_is_said_of_a_new_line_comes_into_the_contract_and_its_version(sold: Contract) -> None:
    new = {"product": "Extra", "amount": "7", "billing_period": "month", "quantity": "3", "is_trial": True}
    new |= {"discount_percent": "12.5", "end_on": in_days(30).isoformat()}
    approve(propose(sold, make_user("finance"), {"lines": [{"do": "add"} | new]}, days=0))
    held = ContractLine.objects.get(product="Extra")
    assert (held.amount, held.quantity, held.discount_percent) == (7, 3, Decimal("12.5"))
    assert (held.billing_period, held.is_trial, held.end_on) == ("month", True, in_days(30))
    said = {line["line"]: line for line in in_force(sold).statement["lines"]}
    assert said[held.pk] == new | {"line": held.pk, "start_on": in_days(0).isoformat()}
    assert all(key > 0 for key in said), "no line is told by the place that it had in the draft"


def test_a_line_begun_here_stays_one_record_however_often_it_is_amended(sold: Contract) -> None:
    approve(propose(sold, make_user("finance"), days=0))
    begun = ContractLine.objects.get(amount=1500)
    ContractLine.objects.filter(pk=begun.pk).update(start_on=in_days(-1))
    quiet()
    change = {"do": "change", "line": begun.pk, "amount": "1800"}
    approve(propose(sold, make_user("finance"), {"lines": [change]}, days=0))
    begun.refresh_from_db()
    assert begun.end_on == in_days(0)
    [link] = Link.objects.filter(resource="contract-lines", object_id=begun.pk)
    assert link.source.slug == "abe"


def test_the_ledger_follows_and_the_past_stays(sold: Contract) -> None:
    follow_everything(as_of=in_days(0))
    past = list(RevenueEntry.objects.order_by("pk").values("line_id", "on", "arr"))
    approve(propose(sold, make_user("finance"), days=0))
    follow_everything(as_of=in_days(0))
    now = list(RevenueEntry.objects.order_by("pk").values("line_id", "on", "arr"))
    assert now[: len(past)] == past
    assert sum(entry["arr"] for entry in now if entry["on"] < in_days(0)) == 1200
    assert sum(entry["arr"] for entry in now if entry["on"] <= in_days(0)) == 1500


def test_a_routine_sync_with_the_old_values_does_not_undo_an_amendment(sold: Contract) -> None:
    api = billing()
    approve(propose(sold, make_user("finance"), {"terms": {"auto_renew": False, "notice_days": 90}}, days=0))
    send(api, "contracts", contract_record(source_updated_at="2099-01-01T00:00:00Z"))
    sold.refresh_from_db()
    assert (sold.auto_renew, sold.notice_days) == (False, 90)
    told = FieldClaim.objects.filter(object_id=sold.pk, field="notice_days", source__slug="billing")
    assert told.get().value == 60, "what billing says is kept, as a conflict"
    quiet()
    assert in_force(sold).cause == "amendment"


def test_once_the_source_says_the_same_its_word_counts_again(sold: Contract) -> None:
    api = billing()
    approve(propose(sold, make_user("finance"), {"terms": {"notice_days": 90}}, days=0))
    send(api, "contracts", contract_record(notice_days=90))
    assert not FieldClaim.objects.filter(field="notice_days", source__slug="abe").exists()
    send(api, "contracts", contract_record(notice_days=120))
    sold.refresh_from_db()
    assert sold.notice_days == 120


def test_a_second_amendment_of_a_field_counts_until_the_source_follows(sold: Contract) -> None:
    api = billing()
    for days in (90, 30):
        approve(propose(sold, make_user("finance"), {"terms": {"notice_days": days}}, days=0))
    send(api, "contracts", contract_record(notice_days=90))
    sold.refresh_from_db()
    assert sold.notice_days == 30, "the source has followed the first one only"
    send(api, "contracts", contract_record(notice_days=30))
    send(api, "contracts", contract_record(notice_days=45))
    sold.refresh_from_db()
    assert sold.notice_days == 45


def test_taking_the_following_batch_back_keeps_the_amendment(sold: Contract) -> None:
    from sync.models import Batch
    from sync.undoing.services import undo_batch

    api = billing()
    approve(propose(sold, make_user("finance"), {"terms": {"notice_days": 90}}, days=0))
    send(api, "contracts", contract_record(notice_days=90))
    batch = Batch.objects.filter(resource="contracts", source__slug="billing").latest("pk")
    undo_batch(batch=batch)
    send(api, "contracts", contract_record(notice_days=60, number="FW-1b"))
    sold.refresh_from_db()
    assert (sold.notice_days, sold.number) == (90, "FW-1b")


def test_a_contract_that_its_source_deletes_is_gone_although_it_was_amended(sold: Contract) -> None:
    api = billing()
    approve(propose(sold, make_user("finance"), {"terms": {"notice_days": 90}}, days=0))
    assert api.call("delete", "contracts/billing/C1/").status_code in {200, 204}
    sold.refresh_from_db()
    assert sold.deleted_at is not None
    assert sold.notice_days == 90


def test_a_change_at_the_source_holds_what_was_proposed_and_tells_its_author_what_differs(
    sold: Contract,
) -> None:
    author = make_user("finance")
    request = propose(sold, author)
    send(billing(), "contracts", contract_record(notice_days=75))
    quiet()
    assert hold_overtaken() == 1
    amendment = Amendment.objects.get()
    assert amendment.stage == "held"
    assert "Notice period" in amendment.problem or "notice period" in amendment.problem
    assert "60 days → 75 days" in amendment.problem
    request.refresh_from_db()
    assert request.state == "superseded"
    assert Notice.objects.filter(user=author, text__contains="is held").exists()
    assert hold_overtaken() == 0
    again = reopen_amendment(amendment=amendment, by=author)
    assert again.stage == "draft"
    approve(propose_amendment(amendment=again, by=author))
    assert Amendment.objects.get().stage == "scheduled"


def test_what_was_approved_is_held_where_the_source_was_quicker(sold: Contract, later: Any) -> None:
    request = propose(sold, make_user("finance"))
    approve(request)
    send(billing(), "contract-lines", line_record(amount="1300"))
    later(10)
    assert take_due_effects() == 0, "although no version of it is written yet"
    amendment = Amendment.objects.get()
    assert amendment.stage == "held"
    assert "has changed since" in amendment.problem
    assert "Core, amount, is otherwise." in amendment.problem
    assert "1,300" not in amendment.problem, "who reads no prices may read this"
    assert amendment.version.state == "draft"
    deciders = {step.decided_by for step in request.steps.all()}
    told = {notice.user for notice in Notice.objects.filter(text__contains="is held")}
    assert deciders <= told


def test_the_approver_is_told_where_the_contract_changed_or_the_day_has_passed(
    sold: Contract, later: Any
) -> None:
    request = propose(sold, make_user("finance"), {"terms": {"notice_days": 90}}, days=1)
    send(billing(), "contracts", contract_record(number="FW-9"))
    quiet()
    steps = request.steps.count()
    with pytest.raises(RefusedError, match="FW-1 → FW-9"):
        approve(request)
    assert steps == 2, "legal, and customer success within the term"
    assert Amendment.objects.get().stage == "proposed"
    later(5)
    with pytest.raises(RefusedError, match="has passed"):
        decide_step(request=request, by=make_user("customer_success"), is_approved=True)


def test_approvers_read_amounts_in_the_currency_of_the_contract() -> None:
    added = {"do": "add", "product": "Extra", "amount": "7", "billing_period": "month"}
    request = propose(sell(currency="GBP"), make_user("finance"), {"lines": [*PRICE_UP["lines"], added]})
    guarded = {fact["label"]: fact for fact in request.data["facts"] if fact.get("category") == "revenue"}
    assert {label.partition(" from ")[0].partition(" on ")[0] for label in guarded} >= {
        "Core: amount",
        "Extra: price",
        "ARR",
    }
    assert guarded["Extra: price"]["after"] == "£7.00 a month"
    arr = next(fact for label, fact in guarded.items() if label.startswith("ARR"))
    assert (arr["before"], arr["after"]) == ("£1,200", "£1,584")
    assert not {sign for sign in "€$" if sign in str(request.data)}


def test_approvers_read_by_which_working_day_notice_is_to_be_given(sold: Contract) -> None:
    end = in_days(100)
    days = next(days for days in range(30, 37) if (end - timedelta(days=days)).isoweekday() == 7)
    request = propose(sold, make_user("finance"), {"terms": {"notice_days": days}})
    [told] = [fact["after"] for fact in request.data["facts"] if fact["label"] == "Notice then by"]
    sunday = end - timedelta(days=days)
    assert told == format_date(Calendar("DE").last_working_day(sunday)) != format_date(sunday)


def test_nobody_approves_their_own(sold: Contract) -> None:
    author = make_user("legal")
    request = propose(sold, author, {"terms": {"notice_days": 90}})
    with pytest.raises(RefusedError):
        decide_step(request=request, by=author, is_approved=True)


def test_of_two_who_save_one_wins_and_the_other_is_told(sold: Contract) -> None:
    author = make_user("finance")
    amendment = draft(sold, author)
    seen = mark_of(amendment)
    given = {
        "changes": changes_of(sold, {"terms": {"notice_days": 30}}),
        "effective_on": in_days(20),
        "note": "x",
    }
    save_amendment(amendment=amendment, by=author, expected=seen, **given)  # type: ignore[arg-type]
    with pytest.raises(VersionChangedError):
        save_amendment(amendment=amendment, by=make_user("finance"), expected=seen, **given)  # type: ignore[arg-type]


def test_two_amendments_of_one_version_can_not_both_hold(sold: Contract) -> None:
    first = propose(sold, make_user("finance"), days=0)
    second = propose(sold, make_user("finance"), {"terms": {"notice_days": 10}}, days=5)
    approve(first)
    with pytest.raises(RefusedError, match="Amount|amount"):
        approve(second)
    assert hold_overtaken() == 1
    assert Amendment.objects.get(pk=second.subject_id).stage == "held"


def test_what_was_proposed_is_kept_as_it_was(sold: Contract) -> None:
    author = make_user("finance")
    request = propose(sold, author)
    amendment = Amendment.objects.get()
    with pytest.raises(VersionChangedError, match="waits for approval"):
        save_amendment(amendment=amendment, changes={}, effective_on=in_days(3), note="", by=author)
    for values in ({"changes": {}}, {"effective_on": in_days(3)}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Amendment.objects.update(**values)
    withdraw_request(request=request, by=author)
    amendment.refresh_from_db()
    assert amendment.stage == "draft"
    withdraw_amendment(amendment=amendment, by=author)
    amendment.refresh_from_db()
    assert amendment.stage == "withdrawn"
    with pytest.raises(IntegrityError), transaction.atomic():
        Amendment.objects.update(stage="draft")


def test_a_draft_that_nobody_was_asked_about_is_thrown_away(sold: Contract) -> None:
    author = make_user("finance")
    withdraw_amendment(amendment=draft(sold, author), by=author)
    assert ContractVersion.objects.count() == 1


def test_a_rejected_amendment_stays_on_record_and_changes_nothing(sold: Contract) -> None:
    request = propose(sold, make_user("finance"))
    decide_step(request=request, by=make_user("legal"), is_approved=False, comment="No")
    assert Amendment.objects.get().stage == "rejected"
    assert lines() == [(Decimal(1200), in_days(-265), None)]


def test_within_a_term_only_where_tier_or_contract_allow_it(sold: Contract) -> None:
    Account.objects.update(tier=Tier.objects.get(slug="growth"))
    author = make_user("finance")
    with pytest.raises(ValidationError, match="end of a term only. The next one is"):
        propose(sold, author)
    request = propose(sold, author, days=100)
    assert [step.function for step in request.steps.all()] == ["legal", "finance"], (
        "it begins with the next term"
    )


@pytest.mark.parametrize(
    ("changes", "days", "said"),
    [
        ({"terms": {"notice_days": 60}}, 10, "changes nothing"),
        ({"lines": [{"do": "end", "line": 10**9}]}, 10, "is gone"),
        ({"terms": {"end_on": "2000-01-01"}}, 10, "before the contract begins"),
        ({"terms": {"auto_renew": True, "renewal_months": 0}}, 10, "how many months"),
        (
            {
                "lines": [
                    {
                        "do": "add",
                        "product": "X",
                        "amount": "1",
                        "billing_period": "month",
                        "end_on": "2001-01-01",
                    }
                ]
            },
            9,
            "Choose a day after",
        ),
        ({"lines": [{"do": "end"}]}, -400, "begins on"),
        ({"lines": [{"do": "end"}]}, -1, "has passed"),
    ],
)
def test_what_can_not_be_is_refused_in_a_sentence(
    sold: Contract, changes: dict[str, Any], days: int, said: str
) -> None:
    with pytest.raises(ValidationError, match=said):
        propose(sold, make_user("finance"), changes, days=days)
    assert not Amendment.objects.exclude(stage="draft").exists()


def test_a_reason_is_needed(sold: Contract) -> None:
    author = make_user("finance")
    amendment = draft_amendment(contract=sold, by=author)
    save_amendment(
        amendment=amendment,
        changes={"terms": {"notice_days": 1}},
        effective_on=in_days(3),
        note=" ",
        by=author,
    )
    with pytest.raises(ValidationError, match="Say why"):
        propose_amendment(amendment=amendment, by=author)


def test_clauses_go_with_an_amendment_and_outlast_what_sources_say(sold: Contract) -> None:
    clause = LEAVE
    approve(propose(sold, make_user("finance"), {"clauses": [clause]}, days=0))
    assert in_force(sold).statement["clauses"] == [clause]
    assert quiet() == 0
    send(billing(), "contracts", contract_record(notice_days=75))
    assert quiet() == 1
    newest = in_force(sold)
    assert (newest.cause, newest.statement["clauses"]) == ("source", [clause])


def test_a_clause_that_came_meanwhile_is_not_swept_away(sold: Contract) -> None:
    """An amendment speaks of its own families alone."""
    author = make_user("finance")
    amendment = draft(sold, author, {"clauses": [LEAVE]}, days=0)
    record_clause(
        contract=sold,
        family=family("custom-sla"),
        wanted=Wanted(text="standard"),
        signed_on=in_days(-1),
        paper="§ 3",
        by=make_user("legal"),
    )
    again = reopen_amendment(amendment=amendment, by=author)
    approve(propose_amendment(amendment=again, by=author))
    said = {clause["family"]: clause for clause in in_force(sold).statement["clauses"]}
    assert set(said) == {"custom-sla", "termination"}
    assert said["termination"] == LEAVE


def test_clauses_are_told_in_words(sold: Contract) -> None:
    """The family by its name, a wording word by word, terms with their labels; nobody reads keys."""
    first = {
        "family": "custom-sla",
        "text": 7,
        "wording": "We answer in two hours.",
        "terms": {"first_response": 120},
    }
    then = first | {"wording": "We answer within two hours.", "terms": {"first_response": 60}}
    before, after = (
        {"currency": "EUR", "lines": []} | dict.fromkeys(TERMS) | {"clauses": [each]}
        for each in (first, then)
    )
    told = [(each.subject, each.what, each.before, each.after) for each in differences(before, after)]
    assert told[0][:2] == ("Custom SLA", "Wording")
    assert told[1] == ("Custom SLA", "First response", "2 h", "1 h")
    assert [(piece.text, piece.kind) for piece in differences(before, after)[0].pieces] == [
        ("We answer", "same"),
        ("in", "removed"),
        ("within", "added"),
        ("two hours.", "same"),
    ]
    came = differences(before | {"clauses": []}, after)
    assert [(each.what, each.before) for each in came] == [("Clause", "none"), ("First response", "none")]
    gone = differences(before, after | {"clauses": []})
    assert [(each.what, each.after) for each in gone] == [("Clause", "none"), ("First response", "none")]
    long = differences(before, after | {"clauses": [then | {"wording": "x" * 20_000}]})
    assert len(sentence(long[0])) < 400


def test_versions_with_clauses_cost_one_query_for_their_names(
    sold: Contract, django_assert_num_queries: Any
) -> None:
    for hours in (1, 2, 3):
        clause: dict[str, Any] = {
            "family": "custom-sla",
            "text": None,
            "wording": "So",
            "terms": {"first_response": 60 * hours},
        }
        approve(propose(sold, make_user("finance"), {"clauses": [clause]}, days=0))
    versions, access = recorded_versions(sold, in_days(0)), access_of("legal")
    with django_assert_num_queries(1):
        assert len(versions_of(versions, in_days(0), access)) == 4


def test_a_granted_deviation_needs_no_further_word(sold: Contract) -> None:
    wording = "Either side may leave at any time."
    asked = ask_for(sold.account, "", of="termination", wording=wording)
    request = ApprovalRequest.objects.get(kind="finance.deviation")
    assert asked.state == "waiting"
    clause: dict[str, Any] = {"family": "termination", "text": None, "wording": wording, "terms": {}}

    def asks(days: int = 0) -> list[str]:
        held = draft(sold, make_user("finance"), {"clauses": [clause]}, days=days)
        return [step.label for step in steps_for(ContractVersion.objects.get(pk=held.pk))]

    beyond = asks()
    while request.steps.filter(state="waiting").exists():
        step = request.steps.get(state="waiting")
        decide_step(request=request, by=make_user(step.function), is_approved=True)
    asked.refresh_from_db()
    assert asked.state == "granted"
    within = asks()
    assert set(within) < set(beyond) or "Legal agrees" in within
    told = findings_of(ContractVersion.objects.latest("pk"))
    assert [finding.steps for finding in told] == [()]
    assert "was granted on" in told[0].sentence
    asks(days=200)
    later = findings_of(ContractVersion.objects.latest("pk"))
    assert later[0].steps, "it counts no more by then"
    clause["wording"] = "Either side may leave at any time, for free."
    asks()
    assert findings_of(ContractVersion.objects.latest("pk"))[0].steps, "something else was granted"


def test_the_contract_s_own_clause_on_changes_comes_before_its_account(sold: Contract) -> None:
    paper = {"signed_on": in_days(-1), "paper": "§ 8", "by": make_user("legal")}
    changes = family("contract-changes")
    record_clause(contract=sold, family=changes, wanted=Wanted(text="at-renewal"), **paper)  # type: ignore[arg-type]
    with pytest.raises(ValidationError, match="By its own clause"):
        propose(sold, make_user("finance"))
    record_clause(contract=sold, family=changes, wanted=Wanted(text="mid-term"), **paper)  # type: ignore[arg-type]
    Account.objects.update(tier=Tier.objects.get(slug="standard"))
    assert propose(sold, make_user("finance"))


@pytest.mark.parametrize(
    ("changes", "days", "asked"),
    [
        ({"terms": {"notice_days": 90}}, 100, {"legal"}),
        ({"terms": {"payment_terms_days": 60}}, 100, {"legal", "finance"}),
        ({"terms": {"notice_days": 90}}, 10, {"legal", "customer_success"}),
        (PRICE_UP, 10, {"legal", "finance", "customer_success"}),
    ],
    ids=["terms", "days to pay", "within a term", "prices within a term"],
)
def test_whose_word_is_needed_follows_from_what_changes_and_when(
    sold: Contract, changes: dict[str, Any], days: int, asked: set[str]
) -> None:
    request = propose(sold, make_user("sales"), changes, days=days)
    assert {step.function for step in request.steps.all()} == asked


def test_what_is_refused_on_its_day_is_held_with_the_reason_and_writes_nothing(
    sold: Contract, later: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    approve(propose(sold, make_user("finance"), PRICE_UP | {"terms": {"notice_days": 90}}, days=1))
    sends = taking_effect.send_own_records

    def refuse(resource: str, records: Any, **more: Any) -> Any:
        if resource == "contract-lines":
            error = FieldError("amount", "negative", "amount can't be negative.")
            raise OwnRecordsError([Result(0, "amendment-1", None, "rejected", (error,))])
        return sends(resource, records, **more)

    monkeypatch.setattr(taking_effect, "send_own_records", refuse)
    later(1)
    assert take_due_effects() == 0
    amendment = Amendment.objects.get()
    assert (amendment.stage, amendment.version.state) == ("held", "draft")
    assert amendment.problem == "amendment-1: amount: amount can't be negative."
    sold.refresh_from_db()
    assert (sold.notice_days, ContractLine.objects.count()) == (60, 1), "neither half of it counts"
    assert Notice.objects.filter(text__contains="is held").exists()


def test_whoever_approves_last_is_told_where_the_tier_allows_it_no_more(sold: Contract) -> None:
    request = propose(sold, make_user("finance"))
    Account.objects.update(tier=Tier.objects.get(slug="standard"))
    with pytest.raises(RefusedError, match="end of a term only"):
        approve(request)
    assert Amendment.objects.get().stage == "proposed"


def test_an_amendment_counts_by_its_stage_whatever_its_request_or_version_still_says(
    sold: Contract, later: Any
) -> None:
    request = propose(sold, make_user("finance"), days=1)
    Amendment.objects.update(stage="held", problem="Looked into by hand.")
    with pytest.raises(RefusedError, match="isn't proposed any more"):
        approve(request)
    Amendment.objects.update(stage="proposed", problem="")
    approve(request)
    Amendment.objects.update(stage="held", problem="Looked into by hand.")
    later(1)
    assert not taking_effect.take_effect(version_id=request.subject_id)
    assert ContractLine.objects.count() == 1
    other = propose(sold, make_user("finance"), days=5)
    Amendment.objects.filter(pk=other.subject_id).update(stage="held", problem="Looked into by hand.")
    decide_step(request=other, by=make_user("legal"), is_approved=False, comment="No")
    assert Amendment.objects.get(pk=other.subject_id).stage == "held"


def test_taken_up_again_an_amendment_leaves_out_lines_that_are_gone(sold: Contract) -> None:
    author = make_user("finance")
    added = {"do": "add", "product": "Extra", "amount": "7", "billing_period": "month"}
    amendment = draft(sold, author, {"lines": [*PRICE_UP["lines"], added]})
    assert billing().call("delete", "contract-lines/billing/L1/").status_code in {200, 204}
    quiet()
    again = reopen_amendment(amendment=amendment, by=author)
    assert again.changes["lines"] == [added]
    assert [line["product"] for line in again.version.statement["lines"]] == ["Extra"]
    assert propose_amendment(amendment=again, by=author)


def test_one_that_fails_does_not_hold_up_the_others(
    sold: Contract, later: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = propose(sold, make_user("finance"), days=1)
    approve(first)
    real = taking_effect.take_effect

    def fails(*, version_id: int) -> bool:
        if version_id == first.subject_id:
            raise IntegrityError("something nobody thought of")
        return real(version_id=version_id)

    second = propose(sold, make_user("finance"), {"terms": {"notice_days": 30}}, days=2)
    approve(second)
    monkeypatch.setattr(taking_effect, "take_effect", fails)
    later(2)
    assert take_due_effects() == 1
    sold.refresh_from_db()
    assert sold.notice_days == 30


def test_origins_tell_by_which_amendment(sold: Contract) -> None:
    from sync.provenance.reading import read_origins
    from sync.registry import resources

    author = make_user("finance")
    approve(propose(sold, author, {"terms": {"notice_days": 90}}, days=0))
    origins = {
        each.field: each for each in read_origins(resources["contracts"], sold.pk, access_of("finance"))
    }
    said = origins["notice_days"].said
    assert said is not None
    assert (said.source, said.external_id) == ("abe", f"amendment-{Amendment.objects.get().pk}")
    assert [each.value for each in origins["notice_days"].conflicts] == [60]
