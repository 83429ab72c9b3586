"""A house with something on every page, and the address of every page that shows it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django.db.backends.postgresql.psycopg_any import DateRange
from django.urls import reverse
from django.utils import timezone

from accounts.home import home_panels
from accounts.identity.models import AccountMerge, DuplicatePair
from accounts.lenses import lenses, panels
from accounts.lists.services import add_accounts, create_list, create_view, keep_file, propose_list, sign_list
from accounts.models import Account, Tier, TierTenure
from engagement.scoring.previews.publishing import request_score_publication
from engagement.scoring.previews.services import request_score_preview
from engagement.scoring.services import RuleDraft, create_score_draft, save_score_draft
from finance.billing.arranging import add_milestone, expected_of, propose_arrangement
from finance.billing.drafting import draft_invoices
from finance.billing.issuing import issue_drafts
from finance.billing.issuing import seen_of as seen_draft
from finance.billing.terms import BillingTerms
from finance.clauses.querysets import DEVIATION
from finance.clauses.services.deviations import Wanted, request_deviation
from finance.clauses.services.library import (
    TextDraft,
    create_clause_draft,
    draft_texts,
    save_clause_draft,
    steps_of,
)
from finance.collections.planning import plan_dunning
from finance.collections.policy_services import create_policy_draft
from finance.contracts.amendments import draft_amendment
from finance.contracts.recording import QUIET, record_due_versions
from finance.costs.rates import write_rate
from finance.models import (
    CalendarFeed,
    ClauseFamily,
    Contract,
    ContractToRecord,
    DunningMessage,
    Invoice,
    InvoiceCorrection,
    InvoiceDispute,
    InvoiceLine,
    Payment,
    RevenueClose,
)
from finance.obligations.services import Terms, add_obligation
from finance.revenue.publication import close_months
from metrics.engine.plan import today
from metrics.engine.store import store_segments
from metrics.health.content import ComponentDraft, Content, LimitDraft
from metrics.health.previews.past import request_health_past
from metrics.health.previews.services import request_health_preview
from metrics.health.sentiment import set_sentiment
from metrics.health.services import create_health_draft
from metrics.models import Backfill, MetricValue, NightAlert, RefreshRun, RefreshStep, SegmentValue, Sentiment
from metrics.nights.answering import mute_number
from metrics.nights.backfill import begin_backfill
from metrics.nights.figures import store_figures
from metrics.readiness.services import store_findings
from metrics.registry import segment_metrics
from metrics.runs.work import work_off
from metrics.scoreboard.targets import set_target
from people.absences.services import write_absence
from people.approvals.models import ApprovalDelegation, ApprovalRequest
from people.approvals.services import decide_step
from people.functions import Function
from people.links.services import create_link, revoke_link
from people.models import NoticeChannel, User
from people.services import change_access
from people.skills.services import create_skill, set_skills
from pods.checks.opening import open_due
from pods.models import HealthCheck
from pods.surveys.registry import survey_kinds
from pods.surveys.services import ask as ask_customer
from pods.surveys.services import record_answer
from pods.surveys.tokens import token_of
from pods.tasks.registry import TaskKind, task_kinds
from pods.tasks.services import open_task
from support.calendars.hours import Span
from support.calendars.services import create_calendar
from support.calendars.terms import Terms as CalendarTerms
from support.models import Ticket
from support.policies.content import PolicyDraft
from support.policies.previews.services import request_policy_preview
from support.policies.services import create_policy_draft as draft_support_policies
from support.routing.rules import create_rules_draft
from support.routing.services import set_engineers
from support.routing.sweep import route_waiting
from support.teams.services import create_team, set_member
from support.worktime.services import write_time
from sync.models import (
    Batch,
    ConnectedObject,
    Connection,
    ConnectorRun,
    PendingRecord,
    Source,
    Undoing,
    WebhookDelivery,
    WebhookEndpoint,
)
from sync.services import issue_credential
from tests.accounts.rows import TODAY, make_busy, make_listed
from tests.finance.billing import sell_as
from tests.finance.owing import make_debtor, make_invoice, put_in_force
from tests.metrics.backtests import backtest, make_model, make_past
from tests.metrics.facts import follow_revenue, make_account, make_contact, make_invoices, make_line
from tests.people.approving import ask, declared
from tests.product.tracking import Tracker, track
from tests.support.promises import happen, keep, open_ticket, publish_policies
from tests.sync.conftest import make_api
from tests.sync_files.conftest import bring_in, check, upload_file
from tests.users import make_user
from tiers.models import GuideLink, NearBoundary, PendingMove, RuleSet, TierOverride
from tiers.preview.services import request_preview
from tiers.publication.services import request_publication
from tiers.services import create_draft, publish_rule_set, schedule_rule_set, seen_of

CALL = TaskKind(key="test.walk", label="Call")


@dataclass(frozen=True)
class Address:
    """One page to look at, as somebody of a function."""

    name: str
    url: str
    function: str = Function.REVOPS


def build() -> list[Address]:
    """Fill the house; return a page of every route that takes arguments, and every variant that differs."""
    account = make_busy()
    other, gone = make_listed("Brill"), make_listed("=Gone")
    DuplicatePair.objects.create(low=account, high=other, score=90, evidence=[{"text": "=One name"}])
    changed = [{"what": "name", "field": "name", "count": 1, "where": "winner", "why": "It was renamed."}]
    merge = AccountMerge.objects.create(
        winner=account, loser=gone, unmerged_at=timezone.now(), report=changed, counts={}, choices={}
    )
    set_sentiment(
        account=account,
        value=Sentiment.NEGATIVE,
        reason="=Their buyer left.",
        expires_on=today() + timedelta(days=9),
        by=make_user("customer_success"),
    )
    change_access(levels={("sales", "support_history"): "full"})
    RefreshStep.objects.create(
        run=RefreshRun.objects.latest("pk"), key="finance.arr", wave=0, first=0, last=9, state="done"
    )
    for member in ("strategic", "growth"):
        SegmentValue.objects.create(
            as_of=TODAY, key="finance.nrr", dimension="tier", member=member, value=Decimal("1.1"), accounts=3
        )
    return [
        *_accounts(account.pk, merge.pk),
        *_nights(account.pk),
        *_records(),
        *_connections(),
        *_webhooks(),
        *_files(),
        *_tracking(),
        *_people(),
        *_tiers(account.pk),
        *_backtests(),
        *_scores(),
        *_health(),
        *_lists(account.pk),
        *_contracts(account),
        *_tasks(account),
        *_surveys(account),
        *_checks(account),
        *_billing(account),
        *_invoices(account),
        *_collections(),
        *_scoreboard(),
        *_concentration(account),
        *_calendars(),
        *_policies(),
        *_clocks(account),
        *_absences(),
        *_teams(),
    ]


def _clocks(account: Account) -> Iterator[Address]:
    publish_policies({"name": "=Everyone", "cells": [("resolution", "normal", "", 60)]})
    ticket = open_ticket(account, "2026-11-16 09:00", requester_email="=who@example.com")
    happen(ticket, "status", "2026-11-16 09:10", "pending")
    happen(ticket, "customer_reply", "2026-11-16 09:20", "=What")
    keep("2026-11-16 09:30")
    worker = make_user("support")
    write_time(ticket=ticket, minutes=15, worked_on=today(), note="=Traced", key=uuid4(), by=worker)
    for function in (Function.SUPPORT, Function.ENGINEERING):
        yield Address("support:ticket", ticket.get_absolute_url(), function)
    yield Address("support:ticket_story", reverse("support:ticket_story", args=[ticket.pk]), Function.SUPPORT)


def _teams() -> Iterator[Address]:
    support = make_user("support", name="=Tess")
    skill = create_skill(name="=Payments", kind="area", by=support)
    set_skills(person=support, skills=[skill], by=support)
    team = create_team(name="=Billing", purpose="=Invoices", covers=[skill], by=support)
    member = set_member(team=team, person=support, open_limit=9, by=support)
    for name in ("team", "team_change"):
        yield Address(f"support:{name}", reverse(f"support:{name}", args=[team.pk]), Function.SUPPORT)
    account = make_listed("=Routed", "strategic")
    routed = open_ticket(account, "2026-11-16 09:00")
    set_engineers(account=account, named=support, others=[], by=support)
    route_waiting()
    for function in (Function.SUPPORT, Function.CUSTOMER_SUCCESS):
        page = reverse("support:ticket_routing", args=[routed.pk])
        yield Address("support:ticket_routing", page, function)
        yield Address("support:routing", reverse("support:routing"), function)
        yield Address("support:queue", reverse("support:queue"), function)
        yield Address("support:queue_board", reverse("support:queue_board"), function)
    entry = write_time(ticket=routed, minutes=45, worked_on=today(), note="=Looked", key=uuid4(), by=support)
    yield Address(
        "support:ticket_time", reverse("support:ticket_time", args=[routed.pk]), Function.CUSTOMER_SUCCESS
    )
    page = reverse("support:ticket_time_entry", args=[routed.pk, entry.pk])
    yield Address("support:ticket_time_entry", page)
    page = reverse("support:account_engineers", args=[account.pk])
    yield Address("support:account_engineers", page, Function.SUPPORT)
    for function in (Function.SUPPORT, Function.CUSTOMER_SUCCESS):
        yield Address("support:teams", reverse("support:teams"), function)
    draft = create_rules_draft(by=support)
    for name, place in (("rules_edit", []), ("rules_publish", []), ("rule_new", []), ("rule_part", [1])):
        page = reverse(f"support:{name}", args=[draft.version, *place])
        yield Address(f"support:{name}", page, Function.SUPPORT)
    late = open_ticket(account, "2026-11-16 09:00")
    Ticket.objects.filter(pk=late.pk).update(created_at=late.opened_at, subject="=Late")
    keep("2026-11-20 09:30")
    for function in (Function.SUPPORT, Function.CUSTOMER_SUCCESS):
        yield Address("support:escalations", reverse("support:escalations"), function)
        yield Address("support:ladder", reverse("support:ladder"), function)
    yield Address("support:ladder_edit", reverse("support:ladder_edit"), Function.SUPPORT)
    yield Address("support:ticket", late.get_absolute_url(), Function.SUPPORT)
    yield Address("people:skill", reverse("people:skill", args=[skill.pk]), Function.SUPPORT)
    for function in (Function.SUPPORT, Function.SALES):
        yield Address("people:skills", reverse("people:skills"), function)
        yield Address("people:skills", reverse("people:skills") + "?show=people", function)
    yield Address("people:skills_of", reverse("people:skills_of", args=[member.person_id]), Function.SUPPORT)


def _absences() -> Iterator[Address]:
    support, other = make_user("support", name="=Ann"), make_user("support")
    for first, last in ((0, 2), (5, 9)):
        held = write_absence(
            person=support,
            starts_on=today() + timedelta(days=first),
            ends_on=today() + timedelta(days=last),
            stand_in=other,
            note="=Away",
            by=support,
        )
        yield Address("people:absence", reverse("people:absence", args=[held.pk]), Function.SUPPORT)
    for function in (Function.SUPPORT, Function.SALES):
        yield Address("people:absences", reverse("people:absences"), function)
        yield Address("people:absences", reverse("people:absences") + "?show=past", function)


def _calendars() -> Iterator[Address]:
    terms = CalendarTerms(zone="Europe/Berlin", spans=(Span(0, 540, 1020),), country="DE")
    row = create_calendar(name="=Desk", terms=terms, starts_on=today(), by=make_user("support"), note="=Why")
    for name in ("calendar", "calendar_change", "calendar_name"):
        yield Address(f"support:{name}", reverse(f"support:{name}", args=[row.pk]), Function.SUPPORT)
    asked = f"{reverse('support:calendar', args=[row.pk])}?start=2026-11-23T09:00&minutes=60"
    yield Address("support:calendar", asked, Function.SALES)


def _policies() -> Iterator[Address]:
    asked = PolicyDraft(
        name="=Everybody", condition={"all": []}, clock="24x7", cells={("resolution", "high", ""): 90}
    )
    draft = draft_support_policies(by=make_user("support"), content=(asked,), note="=Why")
    for name in ("policy_version", "policy_edit", "policy_part_new", "policy_publish"):
        yield Address(f"support:{name}", reverse(f"support:{name}", args=[draft.version]), Function.SUPPORT)
    yield Address(
        "support:policy_part", reverse("support:policy_part", args=[draft.version, 1]), Function.REVOPS
    )
    # The page of a draft that is previewed already leads to that preview.
    other = draft_support_policies(by=make_user("support"), content=(asked,), note="=Other")
    asked_new = reverse("support:policy_preview_new", args=[other.version])
    yield Address("support:policy_preview_new", asked_new, Function.SUPPORT)
    run = request_policy_preview(version=draft, by=make_user("revops"))
    work_off("support.policy_preview", run.pk)
    yield Address(
        "support:policy_preview", reverse("support:policy_preview", args=[run.pk]), Function.SUPPORT
    )


def _concentration(account: Account) -> Iterator[Address]:
    other = make_listed("=Division", parent=account)
    for paid, each in ((70, account), (30, other)):
        for key in ("finance.arr", "finance.arr_year_before", "product.active_users_30d"):
            MetricValue.objects.update_or_create(
                key=key, as_of=today(), account=each, defaults={"value": Decimal(paid)}
            )
    for key in ("metrics.concentration:segments", "metrics.arr_spread:segments"):
        store_segments(segment_metrics[key], today())
    store_findings(as_of=today(), is_newest=True)
    for function in (Function.LEADERSHIP, Function.CUSTOMER_SUCCESS):
        for query in ("", "?counted=group&over=renewal_quarter"):
            yield Address("metrics:concentration", reverse("metrics:concentration") + query, function)
        for query in ("?top=1", f"?counted=group&lose={other.pk}&by=country"):
            yield Address("metrics:shock", reverse("metrics:shock") + query, function)
        yield Address("metrics:readiness", reverse("metrics:readiness"), function)


def _scoreboard() -> Iterator[Address]:
    revops = make_user("revops")
    set_target(
        line="finance.nrr",
        segment=("tier", "strategic"),
        goal="at_least",
        value=Decimal("1.25"),
        starts_on=TODAY,
        reason="=Agreed",
        by=revops,
    )
    channel = NoticeChannel.objects.create(
        name="=#revenue", url="sealed", host="hooks.example", function="sales", topics=["scoreboard"]
    )
    yield Address("people:channels", reverse("people:channels"))
    yield Address("people:channel", reverse("people:channel", args=[channel.pk]))
    for function in (Function.REVOPS, Function.SALES, Function.MARKETING):
        yield Address("metrics:scoreboard", reverse("metrics:scoreboard"), function)
        for key in ("finance.nrr", "metrics.health"):
            yield Address("metrics:score_line", reverse("metrics:score_line", args=[key]), function)
    yield Address("metrics:score_target", reverse("metrics:score_target", args=["finance.nrr"]))


def _collections() -> Iterator[Address]:
    debtor = make_debtor(name="=Debtor")
    make_invoice(debtor, 900)
    put_in_force(by=make_user("finance"))
    plan_dunning(today())
    message = DunningMessage.objects.get()
    draft = create_policy_draft(by=make_user("finance"))
    for name, key in (
        ("collection", debtor.pk),
        ("dunning_message", message.pk),
        ("dunning_version", draft.version),
        ("dunning_preview", draft.version),
    ):
        yield Address(f"finance:{name}", reverse(f"finance:{name}", args=[key]), Function.FINANCE)
    yield Address("accounts:panel", reverse("accounts:panel", args=[debtor.pk, "finance.collections"]))


def _tasks(account: Account) -> Iterator[Address]:
    task_kinds.register(CALL)
    task = open_task(
        kind=CALL.key,
        about="=1",
        account=account,
        title="=Call",
        body="=Ring",
        function=Function.REVOPS,
        due_on=today(),
    )
    yield Address("pods:task", reverse("pods:task", args=[task.pk]))


def _checks(account: Account) -> Iterator[Address]:
    open_due(today())
    check = HealthCheck.objects.filter(task__account=account).first() or HealthCheck.objects.latest("pk")
    page = reverse("pods:health_check", args=[check.pk])
    for function in (Function.CUSTOMER_SUCCESS, Function.LEGAL):
        yield Address("pods:health_check", page, function)
        yield Address("pods:health_checks", reverse("pods:health_checks"), function)
    panel = reverse("accounts:panel", args=[check.task.account_id, "pods.health_checks"])
    yield Address("accounts:panel", panel)


def _surveys(account: Account) -> Iterator[Address]:
    contact = make_contact(account, email="ada@customer.example", title="=Director")
    request = ask_customer(kind=survey_kinds["nps"], subject_id=contact.pk, by=make_user("revops"))
    record_answer(request=request, rating=3, comment="=Too dear")
    for function in (Function.REVOPS, Function.FINANCE):
        yield Address("pods:surveys", f"{reverse('pods:surveys')}?kind=nps", function)
        yield Address(
            "accounts:panel", reverse("accounts:panel", args=[account.pk, "pods.surveys"]), function
        )
    yield Address("pods:survey_ask", reverse("pods:survey_ask", args=["nps", account.pk]))
    yield Address("pods:survey_answer", reverse("pods:survey_answer", args=[token_of(request)]))


def _contracts(account: Account) -> Iterator[Address]:
    contract = Contract.objects.get(account=account)
    for notice_days in (30, 60):
        Contract.objects.filter(pk=contract.pk).update(notice_days=notice_days)
        ContractToRecord.objects.create(contract=contract)
        record_due_versions(now=timezone.now() + QUIET)
    for function in (Function.FINANCE, Function.LEGAL):
        yield Address("finance:contract", reverse("finance:contract", args=[contract.pk]), function)
        compared = reverse("finance:contract", args=[contract.pk]) + "?from=1&to=2"
        yield Address("finance:contract", compared, function)
    terms = Terms(title="=Report", party="ours", due_on=today(), months=1)
    obligation = add_obligation(contract=contract, terms=terms, by=make_user("legal"))
    for name in ("obligation_edit", "obligation_done"):
        yield Address(f"finance:{name}", reverse(f"finance:{name}", args=[obligation.pk]), Function.LEGAL)
    yield Address(
        "finance:obligation_new", reverse("finance:obligation_new", args=[contract.pk]), Function.LEGAL
    )
    revops = make_user("revops")
    for note in ("=Phone", "Outlook"):
        link = create_link(CalendarFeed, note=note, days=9, by=revops).link
    revoke_link(link=link, by=revops)
    amendment = draft_amendment(contract=contract, by=make_user("finance"))
    for name in ("amendment", "amendment_edit"):
        yield Address(
            f"finance:{name}", reverse(f"finance:{name}", args=[contract.pk, amendment.pk]), Function.FINANCE
        )
    close_months(until=today() - timedelta(days=40))
    closed = f"{RevenueClose.objects.latest('month').month:%Y-%m}"
    yield Address("finance:revenue_month", reverse("finance:revenue_month", args=[closed]), Function.FINANCE)
    began = (today().replace(day=1) - timedelta(days=1)).replace(day=1)
    make_line(make_account(name="Began lately"), began)
    follow_revenue()
    month = f"{began:%Y-%m}"
    cohort = reverse("finance:retention_cohort", args=[month])
    yield Address("finance:retention_cohort", f"{cohort}?each=month&to={month}", Function.FINANCE)
    yield Address(
        "finance:retention_account", reverse("finance:retention_account", args=[account.pk]), Function.FINANCE
    )
    yield from _clauses(account, contract)


def _clauses(account: Account, contract: Contract) -> Iterator[Address]:
    sales, legal = make_user("sales"), make_user("legal")
    payment = ClauseFamily.objects.get(key="payment-schedule")
    wanted = Wanted(wording="=Whenever we like.", terms={"payment_days": 300})
    held = [
        request_deviation(
            account=each, family=payment, wanted=wanted, reason="=They insist.", by=sales, contract=of
        )
        for each, of in ((account, contract), (make_listed("Waits", "growth"), None))
    ]
    for at, step in ((held[0], "finance"), (held[1], "")):
        yield Address("finance:deviation", reverse("finance:deviation", args=[at.pk]), Function.LEGAL)
        request = ApprovalRequest.objects.get(kind=DEVIATION, subject_id=at.pk)
        if step:
            decide_step(request=request, by=make_user(step), is_approved=True)
    paper = reverse("finance:contract_paper", args=[contract.pk])
    yield Address("finance:contract_paper", f"{paper}?family={payment.key}", Function.LEGAL)
    draft = create_clause_draft(family=payment, by=legal)
    texts = [*draft_texts(draft), TextDraft(label="=Own", wording=wanted.wording, terms=dict(wanted.terms))]
    texts[-1] = replace(texts[-1], tiers=["growth"])
    save_clause_draft(version=draft, by=legal, texts=texts, steps=steps_of(draft))
    yield Address("finance:clause", reverse("finance:clause", args=[payment.key]), Function.LEGAL)
    for name, more in (
        ("clause_version", ()),
        ("clause_preview", ()),
        ("clause_text_new", ()),
        ("clause_text", (2,)),
    ):
        args = [payment.key, draft.version, *more]
        yield Address(f"finance:{name}", reverse(f"finance:{name}", args=args), Function.LEGAL)


def _billing(account: Account) -> Iterator[Address]:
    finance = make_user("finance")
    terms = BillingTerms(schedule="monthly", payment_days=30, purchase_order="=PO 7")
    propose_arrangement(
        account=account, terms=terms, starts_on=today(), by=finance, expected=expected_of(account)
    )
    for label in ("=Go-live", "Acceptance"):
        add_milestone(
            account=account, label=label, amount=Decimal(500), currency="EUR", by=finance, event="=Signed"
        )
    make_line(account, today(), None, 10, period="month", currency="EUR", terms={"number": "=C-9"})
    make_line(account, today(), None, 10, period="usage", currency="EUR")
    sell_as()
    for name in ("seller", "seller_change"):
        yield Address(f"finance:{name}", reverse(f"finance:{name}"), Function.FINANCE)
    write_rate(
        function="support",
        loaded_cost=Decimal(12_000),
        capacity_hours=Decimal(240),
        starts_on=today() - timedelta(days=30),
        by=finance,
        note="=Pay round",
    )
    for key, value in (("finance.support_cost", 480), ("finance.unrated_support_minutes", 15)):
        MetricValue.objects.get_or_create(
            key=key, as_of=today(), account_id=account.pk, defaults={"value": value}
        )
    for name in ("cost_to_serve", "cost_rates", "cost_rate_new"):
        yield Address(f"finance:{name}", reverse(f"finance:{name}"), Function.FINANCE)
    yield Address("finance:cost_to_serve", reverse("finance:cost_to_serve"), Function.PEOPLE)
    panel = reverse("accounts:panel", args=[account.pk, "finance.cost_to_serve"])
    for function in (Function.FINANCE, Function.PEOPLE):
        yield Address("accounts:panel", panel, function)
    explained = reverse("metrics:explain", args=["finance.support_cost"])
    yield Address("metrics:explain", f"{explained}?account={account.pk}", Function.FINANCE)
    draft_invoices(until=today(), by=finance)
    drafts = Invoice.objects.filter(status="draft", account=account)
    issued = issue_drafts(seen=[seen_draft(one) for one in drafts], on=today(), by=finance)[0]
    make_line(account, today(), None, 10, period="month", currency="USD")
    draft_invoices(until=today(), by=finance)
    for function in (Function.FINANCE, Function.SALES):
        for name in ("billing", "statement", "statement_pdf", "divisions_statement", "divisions_pdf"):
            yield Address(f"finance:{name}", reverse(f"finance:{name}", args=[account.pk]), function)
    yield Address("finance:invoice_pdf", reverse("finance:invoice_pdf", args=[issued.pk]), Function.SALES)
    yield Address(
        "finance:invoice_credit", reverse("finance:invoice_credit", args=[issued.pk]), Function.FINANCE
    )
    yield Address(
        "finance:billing_change", reverse("finance:billing_change", args=[account.pk]), Function.FINANCE
    )


def _invoices(account: Account) -> Iterator[Address]:
    make_invoices(account, 0)
    invoice = Invoice.objects.filter(account=account, number="=R-1").get()
    late = Invoice.objects.filter(account=account, number="R-2").get()
    payment = Payment.objects.get(invoice=invoice)
    finance, other = Function.FINANCE, Function.CUSTOMER_SUCCESS
    for held in (invoice, late):
        for function in (finance, other):
            yield Address("finance:invoice", reverse("finance:invoice", args=[held.pk]), function)
    for show in ("all", "overdue", "disputed"):
        yield Address("finance:invoices", reverse("finance:invoices") + f"?show={show}", finance)
    yield Address("finance:payments", reverse("finance:payments") + "?show=all", finance)
    yield Address("finance:ageing", reverse("finance:ageing"), other)
    yield Address("finance:invoice_accuracy", reverse("finance:invoice_accuracy"), finance)
    yield Address("finance:payment", reverse("finance:payment", args=[payment.pk]), finance)
    correction = InvoiceCorrection.objects.get(invoice=invoice)
    dispute = InvoiceDispute.objects.get(line__invoice=late)
    for name, pk in (
        ("correction_cause", correction.pk),
        ("dispute_resolve", dispute.pk),
        ("dispute_open", InvoiceLine.objects.filter(invoice=late).earliest("pk").pk),
    ):
        yield Address(f"finance:{name}", reverse(f"finance:{name}", args=[pk]), finance)


def _nights(pk: int) -> Iterator[Address]:
    run, by = RefreshRun.objects.latest("pk"), make_user("revops")
    for day, value in ((TODAY - timedelta(days=1), 5), (TODAY, 7)):
        MetricValue.objects.get_or_create(
            key="finance.arr", as_of=day, account_id=pk, defaults={"value": value}
        )
        store_figures(day)
    told = {"first_on": TODAY, "last_on": TODAY, "key": "finance.arr", "text": "=It moved."}
    alert = NightAlert.objects.create(kind="band", measure="mean", value=7, **told)
    NightAlert.objects.create(kind="failed", closed_at=timezone.now(), **told)
    mute_number(key="finance.mrr", days=3, reason="=Known", by=by)
    backfill = begin_backfill(first_on=TODAY - timedelta(days=1), last_on=TODAY, by=by)
    Backfill.objects.filter(pk=backfill.pk).update(
        runs=[run.pk], state="cancelled", finished_at=timezone.now()
    )
    yield Address("metrics:run", reverse("metrics:run", args=[run.pk]))
    yield Address("metrics:run", reverse("metrics:run", args=[run.pk]) + "?item=finance.arr")
    yield Address("metrics:backfill", reverse("metrics:backfill", args=[backfill.pk]))
    yield Address("metrics:night_alert", reverse("metrics:night_alert", args=[alert.pk]))
    yield Address("metrics:compare_nights", reverse("metrics:compare_nights") + "?key=finance.arr")
    yield Address("metrics:compare_nights", reverse("metrics:compare_nights"), Function.SUPPORT)


def _accounts(pk: int, merge: int) -> Iterator[Address]:
    for lens in lenses:
        yield Address("accounts:detail", reverse("accounts:detail", args=[pk]) + f"?lens={lens.key}")
    for panel in panels:
        yield Address("accounts:panel", reverse("accounts:panel", args=[pk, panel.key]))
    for function in Function.values:
        yield Address("home", reverse("home"), function)
    for home_panel in home_panels:
        yield Address(
            "home_panel", reverse("home_panel", args=[home_panel.key]), next(iter(home_panel.functions))
        )
    yield Address("accounts:timeline", reverse("accounts:timeline", args=[pk]))
    yield Address("accounts:merge_done", reverse("accounts:merge_done", args=[merge]))
    yield Address("accounts:merge", reverse("accounts:merge", args=[pk, pk + 1]))
    for query in (f"?account={pk}", ""):
        for key in ("finance.arr", "metrics.health_score"):
            yield Address("metrics:explain", reverse("metrics:explain", args=[key]) + query)
    for function in ("customer_success", "marketing"):
        yield Address("metrics:health", reverse("metrics:health", args=[pk]), function)
    segment = "?dimension=tier&member=growth"
    yield Address("metrics:explain", reverse("metrics:explain", args=["finance.nrr"]) + segment)
    yield Address(
        "metrics:explain", reverse("metrics:explain", args=["finance.renewal_on"]) + f"?account={pk}"
    )


def _lists(pk: int) -> Iterator[Address]:
    owner, sales = make_user("marketing"), make_user("sales")
    create_view(name="=Ours", by=owner, params={"tier": ["strategic"]}, sharing="all")
    target = create_list(name="=Spring", by=owner)
    add_accounts(target=target, accounts=Account.objects.filter(pk__in=[pk, pk + 1]), by=owner)
    target = propose_list(target=target, by=owner)
    sign_list(target=target, by=owner, version=target.version)
    sign_list(target=target, by=sales, version=target.version, picks=[pk])
    kept = keep_file(target=target, by=sales, name="targets.csv", data=f"Account id\n{pk}\n".encode())
    for name, more in (
        ("target_list", ()),
        ("list_file", (kept.pk,)),
        ("list_history", ()),
        ("list_change", (2,)),
        ("list_only", ("marketing",)),
    ):
        yield Address(f"accounts:{name}", reverse(f"accounts:{name}", args=[target.pk, *more]))


def _tiers(pk: int) -> Iterator[Address]:
    revops = make_user("revops")
    draft = create_draft(by=revops)
    publish_rule_set(rule_set=draft, by=revops, expected=seen_of(draft))
    for note in ("=Acme", "Brill"):
        link = create_link(GuideLink, note=note, days=9, by=revops).link
    revoke_link(link=link, by=revops)
    version = [draft.version]
    yield Address("tiers:entitlements_of_version", reverse("tiers:entitlements_of_version", args=version))
    yield Address("tiers:version", reverse("tiers:version", args=version))
    next_one = create_draft(by=revops)
    run = request_preview(rule_set=next_one, by=revops)
    work_off("tiers.preview", run.pk)
    yield Address("tiers:preview", reverse("tiers:preview", args=[run.pk]))
    run.refresh_from_db()
    asked = request_publication(preview=run, by=revops)
    yield Address("tiers:publication", reverse("tiers:publication", args=[asked.pk]))
    yield Address("tiers:terms", reverse("tiers:terms", args=[next_one.version]))
    yield Address("tiers:rule", reverse("tiers:rule", args=[next_one.version, 1]))
    yield Address("tiers:origin", reverse("tiers:origin", args=[pk, "first_response"]))
    yield Address("tiers:path", reverse("tiers:path", args=[pk]))
    lower = make_listed("Lower", "standard", standing={"arr": Decimal(1)})
    yield Address("accounts:panel", reverse("accounts:panel", args=[lower.pk, "tiers.path"]))
    yield Address("tiers:account", reverse("tiers:account", args=[_moving(lower, revops)]))
    ahead = create_draft(by=revops)
    day = today() + timedelta(days=9)
    schedule_rule_set(rule_set=ahead, by=revops, expected=seen_of(ahead), starts_on=day)
    yield Address("tiers:version", reverse("tiers:version", args=[ahead.version]))


def _moving(account: Account, by: User) -> int:
    """Give each card of the first screen about tiers a row; return the account with the longest history."""
    today = timezone.now().date()
    growth, standard = Tier.objects.get(slug="growth"), Tier.objects.get(slug="standard")
    rule_set = RuleSet.objects.get(state="published")
    rule = rule_set.rules.order_by("position")[0]
    for tier, during, cause in (
        (standard, (None, today), "import"),
        (growth, (today, None), "rule"),
    ):
        TierTenure.objects.create(
            account=account,
            tier=tier,
            during=DateRange(*during),
            cause=cause,
            reason="=rule",
            rule_set=rule_set if cause == "rule" else None,
            rule=rule if cause == "rule" else None,
        )
    NearBoundary.objects.create(
        account=account, rule_set=rule_set, rule=rule, tier=growth, is_met=False, is_held=True, as_of=today
    )
    PendingMove.objects.create(
        account=account,
        rule_set=rule_set,
        rule=rule,
        from_tier=growth,
        to_tier=standard,
        since=today,
        until=today,
        why="grace",
    )
    TierOverride.objects.create(
        account=account,
        tier=growth,
        reason="=1+1",
        author=by,
        starts_on=today,
        ends_on=today + timedelta(days=9),
    )
    return account.pk


def _records() -> Iterator[Address]:
    crm, desk = make_api("crm"), make_api("desk")
    crm.bulk("accounts", [{"external_id": key, "name": f"Acme {key}", "domain": "acme.com"} for key in "AB"])
    desk.bulk("accounts", [{"external_id": "Z", "name": "=Acme", "domain": "acme.com"}])
    crm.bulk("contacts", [{"external_id": "1", "name": "Jane", "account": "none"}])
    crm.bulk("accounts", [{"external_id": "A", "name": "=Renamed"}, {"external_id": "X"}])
    batch = Batch.objects.filter(rejected=1).latest("pk")
    left = [{"object_id": 1, "field": "name", "detail": "It has changed since."}]
    Undoing.objects.create(batch=batch, conflicts=left, conflict_count=1)
    waiting = PendingRecord.objects.waiting().latest("pk")
    renamed = crm.get("accounts/crm/A/")["id"]
    issue_credential(source="crm", scopes=["*:read"])
    yield Address("sync:batch", reverse("sync:batch", args=[batch.pk]))
    yield Address("sync:pending_record", reverse("sync:pending_record", args=[waiting.pk]))
    yield Address("sync:origins", reverse("sync:origins", args=["accounts", renamed]))
    yield Address("sync:origin", reverse("sync:origin", args=["accounts", renamed, "name"]))
    yield Address("sync:expectation", reverse("sync:expectation", args=["crm", "account_profile"]))


def _connections() -> Iterator[Address]:
    source = Source.objects.create(slug="stripe", name="Stripe")
    held = Connection.objects.create(kind="stripe", name="Our Stripe", source=source)
    ConnectedObject.objects.create(connection=held, key="customers")
    error = {"field": "name", "detail": "Missing"}
    run = ConnectorRun.objects.create(
        connection=held,
        state=ConnectorRun.State.DONE,
        progress={"customers": {"pages": 1, "rows": 2, "done": True}},
        left_out={"=No account": 2},
        samples=[{"resource": "accounts", "external_id": "=1", "errors": [error]}],
        cursor_after={"customers": {"since": 1}},
    )
    yield Address("sync:connection", reverse("sync:connection", args=[held.pk]))
    yield Address("sync:connector_run", reverse("sync:connector_run", args=[held.pk, run.pk]))


def _webhooks() -> Iterator[Address]:
    endpoint = WebhookEndpoint.objects.create(name="Ours", url="https://x.example/", kinds=["*"], secret=b"x")
    delivery = WebhookDelivery.objects.create(
        endpoint=endpoint,
        event_id="e1",
        kind="account.created",
        body="{}",
        happened_at=timezone.now(),
        attempts=[{"at": timezone.now().isoformat(), "status": 500, "seconds": 0.1, "error": ""}],
    )
    yield Address("sync:webhook", reverse("sync:webhook", args=[endpoint.pk]))
    yield Address("sync:delivery", reverse("sync:delivery", args=[delivery.pk]))


def _files() -> Iterator[Address]:
    text = "external_id,name,employees\n1,=Acme,7\n2,Brill,none\n"
    checked, done = check(upload_file(text)), bring_in(check(upload_file(text, name="other.csv")))
    for imported in (checked, done):
        yield Address("sync:import", reverse("sync:import", args=[imported.pk]))


def _people() -> Iterator[Address]:
    giver, taker = make_user("finance"), make_user("finance")
    ApprovalDelegation.objects.create(giver=giver, taker=taker, starts_on=TODAY, ends_on=TODAY)
    with declared():
        ask(giver, title="=Discount")
    yield Address("people:approvals", f"{reverse('people:approvals')}?show=all")


def _scores() -> Iterator[Address]:
    draft = create_score_draft(kind="fit", by=None)
    everybody = RuleDraft(name="=Everybody", points=Decimal(60), condition={"all": []})
    save_score_draft(model=draft, by=None, rules=[everybody], half_life_days=None)
    yield Address("engagement:score_model", reverse("engagement:score_model", args=["engagement"]))
    yield Address(
        "engagement:score_version", reverse("engagement:score_version", args=["fit", draft.version])
    )
    draft.refresh_from_db()
    run = request_score_preview(model=draft, by=make_user("revops"))
    work_off("engagement.score_preview", run.pk)
    yield Address("engagement:score_preview", reverse("engagement:score_preview", args=[run.pk]))
    asked = request_score_publication(preview=run, by=make_user("revops"))
    yield Address("engagement:score_publication", reverse("engagement:score_publication", args=[asked.pk]))


def _backtests() -> Iterator[Address]:
    make_past(accounts=40, months=8, losses=14)
    run = backtest(make_model())
    yield Address("metrics:backtest", reverse("metrics:backtest", args=[run.pk]))


def _health() -> Iterator[Address]:
    revops = make_user("revops")
    draft = None
    for points in (20, 90):
        part = ComponentDraft(
            key="product.usage_trend",
            label=f"=Trend {points}",
            group="usage",
            weight=Decimal(1),
            curve=((Decimal(0), Decimal(points)), (Decimal(1), Decimal(points))),
        )
        name = LimitDraft(label="=Everybody", kind="ceiling", condition={"all": []}, points=Decimal(95))
        draft = create_health_draft(by=revops, content=Content(components=(part,), limits=(name,)))
        for page in ("version", "edit"):
            yield Address(f"metrics:health_{page}", reverse(f"metrics:health_{page}", args=[draft.pk]))
    assert draft is not None
    run = request_health_preview(model=draft, by=revops)
    work_off("metrics.health_preview", run.pk)
    yield Address("metrics:health_preview", reverse("metrics:health_preview", args=[run.pk]))
    past = request_health_past(model=draft, by=revops, first=TODAY - timedelta(days=40), last=TODAY)
    work_off("metrics.health_past", past.pk)
    yield Address("metrics:health_past", reverse("metrics:health_past", args=[past.pk]))


def _tracking() -> Iterator[Address]:
    group: dict[str, Any] = {
        "type": "group",
        "userId": "g",
        "groupId": "ws_lost",
        "traits": {"name": "=Lost"},
    }
    Tracker().batch(group, track("m1", context={"groupId": "ws_lost"}))
    yield Address("product:intake", reverse("product:intake"), Function.PRODUCT)
