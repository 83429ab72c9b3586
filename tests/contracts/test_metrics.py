"""What every declared number must keep, whoever declares it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction

from accounts.lists.models import ListSignature
from accounts.lists.services import add_accounts, create_list, propose_list, sign_list
from accounts.models import Account
from finance.clauses.services.deviations import Wanted
from finance.clauses.services.paper import record_clause
from finance.costs.rates import write_rate
from finance.models import Contract, ContractObligation, Invoice, InvoiceDispute
from metrics.engine.store import store_metric, store_segments
from metrics.models import MetricValue, SegmentValue
from metrics.registry import (
    AccountParts,
    Definition,
    Metric,
    SegmentMetric,
    account_parts,
    metrics,
    segment_definitions,
    segment_metrics,
)
from metrics.statements import load
from support.models import Priority, Ticket
from tests.finance.clauses import family
from tests.finance.test_contract_pages import record
from tests.metrics.facts import (
    LAST,
    TODAY,
    ago,
    at,
    follow_revenue,
    make_account,
    make_answer,
    make_contact,
    make_deal,
    make_entitled,
    make_event,
    make_invoice,
    make_invoices,
    make_line,
    make_payment,
    make_rate,
    make_rating,
    make_ticket,
    make_touch,
    make_use,
    make_worked,
    refresh,
    roll_up,
)
from tests.support.promises import keep_all, publish_policies
from tests.users import make_user

pytestmark = pytest.mark.django_db
DEFINITIONS = [*metrics, *segment_definitions]
UNITS = {
    "tickets", "events", "users", "days", "ratio", "money", "points", "date", "minutes", "features", "touches",
    "promises", "contacts", "roles", "opportunities", "ratings", "respondents", "seats", "hours", "renewals",
}  # fmt: skip


def make_facts() -> None:
    """Create four customers with facts of every kind up to yesterday."""
    for place in range(4):
        industry, sponsor = f"I{place % 2}", f"s{place}@us.example"
        tier = ("growth", "strategic", None, "standard")[place]
        account = make_account(
            tier, industry=industry, country=("DE", "FR")[place % 2], sponsor_email=sponsor
        )
        contact = make_contact(account, ("champion", "legal", "user", "economic_buyer")[place])
        terms = {"end_on": TODAY + timedelta(days=50)}
        line = {"currency": ("USD", "EUR")[place % 2], "is_per_seat": True, "quantity": 20 + place}
        make_line(account, ago(700), amount=1000 + place, terms=terms, **line)
        make_told(account, place)
        make_line(account, ago(100), ago(20 * place), amount=50)
        make_invoices(account, place)
        make_duty(account, ago(30 + place), is_done=place > 0)
        for days in (1, 20, 45, 80, 110):
            day = ago(days + place)
            make_ticket(account, day, day, priority=("urgent", "low")[place % 2], first_replied_at=at(day))
            make_ticket(account, day)
            make_touch(account, day, contact)
            make_deal(account, day, day + timedelta(days=90), is_closed=days > 40)
            make_use(account, day, place + 1, user=f"u{days}", feature=f"f{days % 2}")
    make_rate("EUR", ago(800), "1.1")
    write_rate(
        function="support",
        loaded_cost=Decimal(12_000),
        capacity_hours=Decimal(180),
        starts_on=ago(300),
        by=None,
    )
    make_signed_list()
    make_sla()
    cells = [(of, each, "", 600) for of in ("first_response", "resolution") for each in Priority.values]
    publish_policies({"cells": cells})
    keep_all()


def make_sla() -> None:
    """Write into a contract what it credits where a first response is late."""
    record()
    record_clause(
        contract=Contract.objects.earliest("pk"),
        family=family("custom-sla"),
        signed_on=ago(200),
        paper="§ 9",
        by=make_user("legal"),
        wanted=Wanted(text="thirty-minutes"),
    )


def make_told(account: Account, place: int) -> None:
    """Let a customer rate, recommend and be reviewed, reopen a ticket and escalate another."""
    for number in range(6):
        make_rating(account, ago(10 * number + place), (5, 1, None, 4, 3, 2)[number])
        make_answer(account, ago(50 * number + place), (10, 9, 7, 3, None, 0)[number], f"p{number}@x.example")
        make_answer(account, ago(300 + number), 8, f"q{number % 2}@x.example")
    ticket = make_ticket(account, ago(60), ago(1))
    for days, value, before in (
        (50, "solved", "open"),
        (45 - place, "open", "solved"),
        (40, "solved", "open"),
    ):
        make_event(ticket, ago(days), "status", value, before)
    make_worked(make_ticket(account, ago(30), ago(20)), ago(25), 40)
    make_event(make_ticket(account, ago(30), ago(20)), ago(29), "priority", "urgent", "normal")
    make_touch(account, ago(40 + place), kind="business_review", user_email=account.sponsor_email)
    make_entitled(account, "f0", ago(200))
    make_entitled(account, "f9", ago(200))


def make_duty(account: Account, due_on: date, *, is_done: bool) -> None:
    """Oblige us to something by the account's first contract, done a day before it was due or not at all."""
    done = {"done_at": at(due_on - timedelta(days=1)), "done_by": make_user("legal")} if is_done else {}
    ContractObligation.objects.create(
        contract=Contract.objects.filter(account=account).earliest("pk"),
        title="Report",
        first_due_on=due_on,
        due_on=due_on,
        **done,
    )


def make_signed_list() -> None:
    """Create a list by hand of all accounts but one, for which sales and marketing signed ten days ago."""
    owner = make_user("marketing")
    target = create_list(name="Signed", by=owner)
    add_accounts(target=target, accounts=Account.objects.exclude(industry="I0", tier=None), by=owner)
    target = propose_list(target=target, by=owner)
    for person in (owner, make_user("sales")):
        sign_list(target=target, by=person, version=target.version)
    ListSignature.objects.update(at=at(ago(10)))


def make_later_facts() -> None:
    """Let something of every kind happen to the same customers on the next day."""
    tomorrow = TODAY + timedelta(days=1)
    for account in Account.objects.all():
        make_line(account, tomorrow, amount=7000)
        make_line(account, ago(90), amount=0, product="Extra", quantity=900)
        make_line(account, tomorrow, product="Extra", is_per_seat=True)
        make_rating(account, tomorrow, 1)
        make_rating(account, ago(3), 1, responded_at=at(tomorrow))
        make_answer(account, tomorrow, 0, "p0@x.example")
        for event in (("status", "open", "solved"), ("status", "solved", "open"), ("priority", "urgent", "")):
            make_event(Ticket.objects.filter(account=account).latest("pk"), tomorrow, *event)
        make_worked(Ticket.objects.filter(account=account).latest("pk"), tomorrow, 90)
        make_touch(account, tomorrow, kind="business_review", user_email=account.sponsor_email)
        make_entitled(account, "f1", tomorrow)
        make_ticket(account, tomorrow, priority="urgent")
        make_touch(account, tomorrow, make_contact(account, "executive_sponsor"))
        make_deal(account, tomorrow, tomorrow + timedelta(days=30))
        make_payment(make_invoice(account, tomorrow, tomorrow), tomorrow)
        make_payment(Invoice.objects.filter(account=account, number="R-2").get(), tomorrow)
        make_use(account, tomorrow, 50, user="new", feature="new")
    ListSignature.objects.update(ended_at=at(tomorrow))
    InvoiceDispute.objects.update(resolved_at=at(tomorrow), outcome="rejected")
    Ticket.objects.filter(solved_at=None).update(solved_at=at(tomorrow), first_replied_at=at(tomorrow))
    keep_all()
    make_rate("EUR", tomorrow, "9")
    roll_up("product.usage_days")
    follow_revenue()


@pytest.fixture(scope="module")
def facts(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Make the facts and two refreshes once; each test works in a savepoint inside this transaction."""
    with django_db_blocker.unblock(), transaction.atomic():
        make_facts()
        refresh(ago(30))
        refresh()
        yield
        transaction.set_rollback(True)


def values_of(metric: Metric, as_of: date = TODAY) -> list[tuple[int, Decimal]]:
    store_metric(metric, as_of, 0, LAST)
    stored = MetricValue.objects.on(as_of).filter(key=metric.key)
    return sorted(stored.values_list("account_id", "value"))


@pytest.mark.parametrize("metric", list(metrics), ids=lambda item: item.key)
def test_a_rerun_equals_the_run_and_reads_the_past_only(metric: Metric, facts: None) -> None:
    first = values_of(metric)
    assert first, "the facts give this metric nothing to count"
    assert values_of(metric) == first
    make_later_facts()
    assert values_of(metric) == first, "what happens later reaches back"


@pytest.mark.parametrize("metric", list(metrics), ids=lambda item: item.key)
def test_slices_give_the_same_as_the_whole(metric: Metric, facts: None) -> None:
    whole = values_of(metric)
    accounts = sorted({account for account, _ in whole})
    middle = accounts[len(accounts) // 2]
    MetricValue.objects.filter(key=metric.key).delete()
    store_metric(metric, TODAY, 0, middle - 1)
    store_metric(metric, TODAY, middle, LAST)
    stored = MetricValue.objects.on(TODAY).filter(key=metric.key)
    assert sorted(stored.values_list("account_id", "value")) == whole


@pytest.mark.parametrize("metric", list(metrics), ids=lambda item: item.key)
@pytest.mark.parametrize("day", [date(2024, 2, 29), date(2026, 3, 29), date(2000, 1, 1)], ids=str)
def test_every_day_of_the_calendar_can_be_counted(metric: Metric, day: date, facts: None) -> None:
    values_of(metric, day)


@pytest.mark.parametrize("segments", list(segment_metrics), ids=lambda item: item.key)
def test_segment_numbers_rerun_to_the_same_and_cover_their_dimensions(
    segments: SegmentMetric, facts: None
) -> None:
    def stored() -> list[tuple[Any, ...]]:
        store_segments(segments, TODAY)
        rows = SegmentValue.objects.filter(as_of=TODAY, key__in=[item.key for item in segments.definitions])
        fields = ("key", "dimension", "member", "value", "numerator", "denominator", "accounts")
        return sorted(rows.values_list(*fields))

    first = stored()
    assert stored() == first
    assert {row[1] for row in first} == set(segments.dimensions)
    assert {row[0] for row in first} == {item.key for item in segments.definitions}


@pytest.mark.parametrize("parts", list(account_parts), ids=lambda item: item.key)
def test_what_accounts_bring_adds_up_to_each_segment(parts: AccountParts, facts: None) -> None:
    rows = load("metrics", "segment_ratio", placed=parts.query(TODAY), key=parts.key, fewest=0).fetch()
    told = {row[1:3]: (row[4], row[5]) for row in rows}
    stored = SegmentValue.objects.filter(key=parts.key, as_of=TODAY)
    assert stored.exists()
    for row in stored:
        if row.numerator is not None:
            numerator, denominator = told[row.dimension, row.member]
            assert abs(row.numerator - numerator) < Decimal("0.0001")
            assert row.denominator == denominator


@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda item: item.key)
def test_every_number_says_in_plain_words_what_it_is(definition: Definition) -> None:
    assert definition.label
    assert definition.label[0].isupper()
    assert definition.formula.endswith(".")
    assert len(definition.formula) > 20
    assert "!" not in definition.formula
    assert definition.inputs
    assert definition.unit in UNITS
    assert len(definition.key) <= 64


@pytest.mark.parametrize("metric", list(metrics), ids=lambda item: item.key)
def test_a_metric_is_one_insert_for_a_slice(
    metric: Metric, facts: None, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(6):  # savepoint, delete, insert, release, and room for one look-up
        store_metric(metric, TODAY, 0, LAST)


def test_facts_of_the_last_second_of_the_day_count_and_those_of_the_next_do_not(facts: None) -> None:
    account = make_account()
    midnight = at(TODAY, 0) + timedelta(days=1)
    moments: list[datetime] = [midnight - timedelta(microseconds=1), midnight]
    for moment in moments:
        make_ticket(account, TODAY, opened_at=moment)
    assert dict(values_of(metrics["support.open_tickets"]))[account.pk] == 1
