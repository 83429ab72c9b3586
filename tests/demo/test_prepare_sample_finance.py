"""What the sample company's finance and legal people have done by today, over the whole company without its events."""

import io
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from django.core import mail
from django.core.management import call_command
from django.db import connection, transaction

from accounts.models import Standing, Tier
from demo.company import Company, build_company
from demo.exports import FILES, SEED
from demo.mapping import FEEDS
from finance.collections.board import COLUMNS, column_of
from finance.collections.positions import positions_on
from finance.models import (
    AllocationRun,
    Amendment,
    BillingArrangement,
    BillingMilestone,
    BillingPass,
    CollectionHold,
    ContractObligation,
    DunningMessage,
    DunningPolicy,
    Invoice,
    InvoiceDispute,
    InvoiceLine,
    Payment,
    PaymentPromise,
)
from metrics.engine.plan import today
from people.approvals.clock import announce_turns
from people.approvals.models import ApprovalRequest
from people.models import Notice
from pods.models import Task
from sync.pipeline.decode import decode_body
from sync.pipeline.run import run_batch
from sync.registry import resources
from sync.services import ensure_source

LEFT_OUT = (
    "opportunities", "tickets", "ticket-events", "csat-responses", "nps-responses", "entitled-features",
    "engagements", "usage-events",
)  # fmt: skip
# In the order in which ``abe.sample`` calls them.
COMMANDS = ("invoices", "collections", "contracts")


def prepare(what: str) -> str:
    out = io.StringIO()
    call_command(f"prepare_sample_{what}", stdout=out)
    return out.getvalue()


def load(company: Company) -> None:
    """Send what the sources export through the pipeline, as the load does over HTTP."""
    for feed in FEEDS:
        if feed.resource not in LEFT_OUT:
            rows = [msgspec.json.decode(msgspec.json.encode(row)) for row in FILES[feed.files[0]](company)]
            body = msgspec.json.encode([feed.convert(row) for row in rows])
            resource = resources[feed.resource]
            decoded = decode_body(body, resource, lines=False)
            outcome = run_batch(resource=resource, source=ensure_source(slug=feed.source), decoded=decoded)
            assert not [result for result in outcome.results if result.status == "rejected"]


def find_tiers(company: Company) -> None:
    """Give accounts the tier and ARR that the first refresh would."""
    tiers = {tier.slug: tier for tier in Tier.objects.all()}
    held = {account.name: account for account in company.accounts}
    for standing in Standing.objects.filter(account__name__in=held).select_related("account"):
        account = held[standing.account.name]
        standing.tier, standing.arr = tiers[account.tier], Decimal(round(account.size))
        standing.save(update_fields=["tier", "arr"])


@pytest.fixture(scope="module")
def told(django_db_setup: None, django_db_blocker: Any) -> Iterator[list[str]]:
    """Prepare everything once for all tests here; what the commands said, and what they say when called again."""
    company = build_company(seed=SEED, today=today(), scale=0.001)
    with django_db_blocker.unblock(), transaction.atomic():
        call_command("create_sample_users", stdout=io.StringIO())
        load(company)
        find_tiers(company)
        with connection.cursor() as cursor:  # as the server would have done by itself
            cursor.execute("ANALYZE")
        mail.outbox = []
        said = [prepare(what) for what in COMMANDS]
        assert not mail.outbox
        yield [*said, *(prepare(what) for what in COMMANDS)]
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def prepared(told: list[str], django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock():
        yield


def test_each_command_does_it_once(told: list[str]) -> None:
    first, second = told[: len(COMMANDS)], told[len(COMMANDS) :]
    assert first[0].endswith("disputes noted.\n2 cost rates entered.\nCustomers billed.\n")
    assert first[1:] == ["Customers asked.\n", "Clauses put to use.\nContracts amended.\n"]
    assert second == [
        "0 disputes noted.\n0 cost rates entered.\nCustomers were billed already.\n",
        "A policy was published already.\n",
        "Clauses were in use already.\nContracts were amended already.\n",
    ]


def test_nobody_is_mailed_about_the_past() -> None:
    assert Notice.objects.filter(topic="tasks").exists()
    assert not Notice.objects.filter(sent_at=None).exists()
    assert announce_turns() == 0
    assert not DunningMessage.objects.filter(state__in=("queued", "claimed")).exists()


def test_every_schedule_is_billed_by() -> None:
    agreed = BillingArrangement.objects.filter(state="published")
    assert set(agreed.values_list("schedule", flat=True)) == set(BillingArrangement.Schedule.values)
    assert set(agreed.values_list("timing", flat=True)) == {"advance", "arrears"}
    assert BillingArrangement.objects.filter(state="scheduled", starts_on__gt=today()).exists()
    waits = ApprovalRequest.objects.live().get(kind="finance.billing")
    assert BillingArrangement.objects.get(pk=waits.subject_id).state == "draft"
    assert not agreed.filter(published_at__date=today()).exists()


def test_a_group_gets_one_bill_with_the_lines_of_its_divisions() -> None:
    group = BillingArrangement.objects.get(is_consolidated=True)
    assert group.email.startswith("accounts-payable@")
    lines = InvoiceLine.objects.filter(invoice__account=group.account_id, invoice__number__startswith="INV-")
    assert len(set(lines.values_list("account_id", flat=True))) > 1


def test_invoices_are_numbered_by_their_days_paid_credited_and_some_wait() -> None:
    made = Invoice.objects.filter(number__startswith="INV-").order_by("number")
    assert made.count() > 30
    assert list(made) == sorted(made, key=lambda one: (one.issued_on, one.number))
    assert made.earliest("issued_on").issued_on < today() - timedelta(days=200)
    assert Invoice.objects.filter(number="Draft", status="draft").count() > 1
    given = Invoice.objects.filter(number__startswith="CN-")
    assert set(given.values_list("root_cause", flat=True)) == {"wrong_price", "goodwill"}
    assert Payment.objects.filter(invoice__in=made).count() > 20
    assert AllocationRun.objects.exists()
    assert BillingPass.objects.count() == 1
    reached = BillingMilestone.objects.values_list("reached_on", flat=True)
    assert {day is None for day in reached} == {True, False}


def test_no_period_is_billed_by_both_systems() -> None:
    lines = InvoiceLine.objects.filter(
        is_current=True, contract_line__isnull=False, invoice__kind="invoice", invoice__deleted_at=None
    ).exclude(description__startswith="Correction")
    here = lines.filter(invoice__number__startswith="INV-")
    there = lines.filter(invoice__number__startswith="FI-")
    assert here.exists()
    for line in here.values("contract_line", "period_start", "period_end"):
        assert not there.filter(
            contract_line=line["contract_line"],
            period_start__lt=line["period_end"],
            period_end__gt=line["period_start"],
        ).exists()


def test_customers_were_asked_day_by_day_under_the_policy() -> None:
    policy = DunningPolicy.objects.get()
    assert policy.published_at is not None
    assert policy.published_by is not None
    assert policy.published_by.function == "finance"
    assert policy.published_at.date() < today() - timedelta(days=28)
    messages = DunningMessage.objects.select_related("cycle")
    assert len(set(messages.values_list("asked_on", flat=True))) > 10
    for message in messages:
        written = [message.created_at, message.claimed_at, message.sent_at]
        assert {at.date() for at in written if at} == {message.asked_on}
        assert message.asked_on > policy.published_at.date()
        assert message.cycle.opened_on <= message.asked_on
    assert Counter(messages.values_list("state", flat=True))["unknown"] == 1
    assert {1, 2} <= set(messages.values_list("stage", flat=True))


def test_promises_and_holds_are_dated_as_of_then() -> None:
    promises = PaymentPromise.objects.all()
    assert {"kept", "broken", "open"} <= set(promises.values_list("state", flat=True))
    for promise in promises:
        assert promise.recorded_at.date() == promise.made_on
        assert promise.decided_at is None or promise.made_on < promise.decided_at.date() <= today()
    holds = CollectionHold.objects.all()
    assert {hold.invoice_id is None for hold in holds.filter(ended_at=None, ends_on__gt=today())} == {
        True,
        False,
    }
    ended = holds.exclude(ended_at=None).get()
    assert ended.ended_at is not None
    assert ended.ended_at.date() == ended.ends_on + timedelta(days=1)


def test_every_column_of_the_board_holds_somebody() -> None:
    assert {column_of(position) for position in positions_on(today())} == set(COLUMNS)


def test_relationship_based_accounts_have_tasks_and_no_mail_without_leave() -> None:
    kinds = set(Task.objects.filter(state="open").values_list("kind", flat=True))
    assert {"finance.agree_to_dunning", "finance.release_dunning", "finance.unclear_message"} <= kinds
    assert not Task.objects.filter(opened_at__date__gt=today()).exists()
    relationship = [each for each in positions_on(today()) if each.is_relationship]
    assert relationship
    for position in relationship:
        assert {message.stage for message in position.messages} <= position.released


def test_disputes_were_opened_after_their_invoice_and_some_have_ended() -> None:
    disputes = InvoiceDispute.objects.select_related("line__invoice")
    assert {"", "upheld", "rejected", "withdrawn"} == set(disputes.values_list("outcome", flat=True))
    for dispute in disputes:
        assert dispute.line.invoice.issued_on <= dispute.opened_at.date() < today()
        assert dispute.resolved_at is None or dispute.resolved_at > dispute.opened_at


def test_amendments_stand_at_every_stage() -> None:
    amendments = Amendment.objects.select_related("version")
    stages = Counter(amendments.values_list("stage", flat=True))
    assert stages.keys() >= {"draft", "proposed", "scheduled", "in_effect", "held", "rejected"}
    (taken,) = amendments.filter(stage="in_effect")
    assert (taken.version.state, taken.effective_on) == ("published", today())
    returned = ApprovalRequest.objects.filter(kind="finance.amendment", state="returned")
    assert returned.exists()


def test_obligations_are_open_late_met_and_come_again() -> None:
    duties = ContractObligation.objects.all()
    undone = duties.filter(done_at=None, dropped_at=None)
    assert undone.filter(due_on__lt=today()).exists()
    assert undone.filter(due_on__gt=today()).exists()
    assert duties.filter(follows__isnull=False, months__gt=0).exists()
    assert duties.filter(survives=True).exists()
    assert duties.exclude(dropped_at=None).exists()
    met = duties.exclude(done_at=None)
    assert met.exists()
    assert all(duty.evidence and duty.done_at and duty.done_at.date() < today() for duty in met)
