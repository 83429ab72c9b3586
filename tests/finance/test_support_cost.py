"""What support costs: each minute at the rate of its day, none silently for nothing, for those who may know."""

from __future__ import annotations

import csv
import io
import random
import re
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags

from accounts.conditions.registry import condition_fields
from accounts.lenses.registry import panels
from accounts.models import Account
from finance.costs.costing import Wanted, effect_of
from finance.costs.metrics import SUPPORT_COST, UNRATED, unrated_days
from finance.models import CostRate
from metrics.engine.plan import today
from metrics.models import MetricValue, RefreshStep
from metrics.registry import metrics
from people.access import access_of
from people.functions import Function
from people.models import RESERVED, Category
from support.models import Ticket, TimeEntry
from support.worktime.services import take_back, write_time
from sync.services import issue_token
from tests.finance.test_cost_rates import rate
from tests.metrics.facts import (
    TODAY,
    ago,
    make_account,
    make_ticket,
    make_worked,
    measure,
    refresh,
)
from tests.users import client_as, make_user

pytestmark = pytest.mark.django_db
READERS = set(RESERVED[Category.COST_RATES])
PLACES = Decimal("0.000001")


def work(account: Account, *minutes: tuple[int, int]) -> Ticket:
    """Write down time by ``(days before TODAY, minutes)`` on a new ticket."""
    ticket = make_ticket(account, ago(400))
    for days, spent in minutes:
        make_worked(ticket, ago(days), spent)
    return ticket


def test_each_minute_costs_the_rate_of_its_day_and_what_has_none_is_named() -> None:
    rate(ago(60), "12000", "200")  # 1 a minute
    rate(ago(10), "24000", "200")  # 2 a minute
    mixed, quiet, early, both = (make_account(name=name) for name in ("Mixed", "Quiet", "Early", "Both"))
    work(mixed, (60, 100), (11, 10), (10, 10), (0, 1), (-1, 500))
    work(early, (61, 30), (89, 12), (90, 999))
    work(both, (61, 30), (59, 7))
    assert measure(SUPPORT_COST) == {mixed.pk: 132, quiet.pk: 0, both.pk: 7}
    assert measure(UNRATED) == {mixed.pk: 0, quiet.pk: 0, early.pk: 42, both.pk: 30}
    assert unrated_days(TODAY, 0, 2**63 - 1) == (
        "What was worked on 2 days from 23 Aug 2026 to 20 Sep 2026 has no cost rate and is in no cost. From "
        "which day there are rates stands under Cost to serve → Rates."
    )
    assert unrated_days(TODAY, mixed.pk, mixed.pk) == ""


def test_a_night_notes_what_has_no_rate() -> None:
    work(make_account(), (3, 42))
    run = refresh()
    step = RefreshStep.objects.get(run=run, key=SUPPORT_COST)
    assert step.note.startswith("What was worked on 17 Nov 2026 has no cost rate")


def test_nothing_costs_nothing_before_anybody_writes_time_down() -> None:
    rate(ago(60))
    make_account()
    assert measure(SUPPORT_COST) == {}
    assert measure(UNRATED) == {}


def test_a_rate_in_another_currency_is_none(settings: Any) -> None:
    rate(ago(60))
    account = make_account()
    work(account, (3, 60))
    settings.REPORTING_CURRENCY = "CHF"
    assert measure(SUPPORT_COST) == {}
    assert measure(UNRATED) == {account.pk: 60}


def test_a_rate_that_was_taken_out_of_force_counts_until_then() -> None:
    held = rate(ago(60))
    account = make_account()
    work(account, (20, 60), (5, 60))
    CostRate.objects.filter(pk=held.pk).update(state="retired", ends_on=ago(10), retired_at=timezone.now())
    assert measure(SUPPORT_COST) == {account.pk: 60}
    assert measure(UNRATED) == {account.pk: 60}


@pytest.mark.parametrize("seed", range(8))
def test_the_accounts_and_what_has_no_rate_make_all_minutes_at_their_rates(seed: int) -> None:
    chance = random.Random(seed)
    start = ago(100)
    for _ in range(chance.randrange(1, 5)):
        start += timedelta(days=chance.randrange(0, 40))
        if start > min(TODAY, today()):
            break
        rate(start, f"{chance.randrange(1, 3_000_000) / 100:.2f}", f"{chance.randrange(1, 90_000) / 100:.2f}")
    accounts = [make_account() for _ in range(6)]
    tickets = [make_ticket(chance.choice(accounts), ago(400)) for _ in range(12)]
    for _ in range(60):
        make_worked(chance.choice(tickets), ago(chance.randrange(-2, 95)), chance.randrange(1, 1441))
    exact: dict[int, Fraction] = defaultdict(Fraction)
    unrated: dict[int, int] = defaultdict(int)
    rated = set()
    every = TimeEntry.objects.filter(worked_on__range=(ago(89), TODAY)).select_related("ticket")
    for entry in every:
        held = CostRate.objects.on("support", entry.worked_on)
        account = entry.ticket.account_id
        if held is None:
            unrated[account] += entry.minutes
        else:
            rated.add(account)
            exact[account] += (
                entry.minutes * Fraction(held.loaded_cost) / (Fraction(held.capacity_hours) * 60)
            )
    stored, without = measure(SUPPORT_COST), measure(UNRATED)
    worked = {entry.ticket.account_id for entry in every}
    assert stored.keys() == {one.pk for one in accounts if one.pk not in worked or one.pk in rated}
    for account, value in stored.items():
        assert abs(Fraction(value) - exact[account]) <= Fraction(PLACES)
    assert without == {one.pk: unrated[one.pk] for one in accounts}
    assert abs(Fraction(sum(stored.values())) - sum(exact.values())) <= len(accounts) * Fraction(PLACES)
    minutes = sum(entry.minutes for entry in every)
    assert sum(without.values()) == minutes - sum(
        entry.minutes for entry in every if CostRate.objects.on("support", entry.worked_on)
    )


def test_a_correction_changes_what_its_day_cost_the_next_night() -> None:
    rate(today() - timedelta(days=60), "12000", "200")
    rate(today() - timedelta(days=10), "24000", "200")
    ann, account = make_user("support"), make_account()
    ticket = make_ticket(account, today() - timedelta(days=30))
    given = {"ticket": ticket, "by": ann, "note": "", "key": uuid4()}
    entry = write_time(minutes=60, worked_on=today() - timedelta(days=20), **given)
    assert measure(SUPPORT_COST, today()) == {account.pk: 60}
    mended = write_time(
        minutes=40, worked_on=today() - timedelta(days=5), instead_of=entry, **given | {"key": uuid4()}
    )
    assert measure(SUPPORT_COST, today()) == {account.pk: 80}
    take_back(entry=mended, by=ann)
    # Nobody wrote down anything that still counts.
    assert measure(SUPPORT_COST, today()) == {}


def test_the_effect_is_what_the_next_night_stores() -> None:
    rate(today() - timedelta(days=60), "12000", "200")
    accounts = [make_account() for _ in range(3)]
    for place, account in enumerate(accounts):
        ticket = make_ticket(account, today() - timedelta(days=80))
        for days in (70, 30, 3):
            make_worked(ticket, today() - timedelta(days=days), 10 * (place + 1))
    before = measure(SUPPORT_COST, today())
    wanted = Wanted("support", today() - timedelta(days=10), Decimal(15_000), Decimal(200))
    effect = effect_of(wanted, today())
    rate(wanted.starts_on, "15000", "200")
    after = measure(SUPPORT_COST, today())
    assert (effect.was, effect.becomes) == (sum(before.values()), sum(after.values()))
    assert {one.account_id: (one.was, one.becomes) for one in effect.most} == {
        account.pk: (before[account.pk], after[account.pk]) for account in accounts
    }
    assert (effect.changed, effect.unrated_was, effect.unrated_becomes) == (3, 60, 60)


def stored(account: Account, cost: str = "7654.321", arr: str = "43210") -> None:
    """Store what an account cost, as a night does."""
    for key, value in ((SUPPORT_COST, cost), (UNRATED, "15"), ("finance.arr", arr)):
        MetricValue.objects.create(key=key, as_of=today(), account=account, value=Decimal(value))


SECRETS = ("7654", "7,654", "98765", "98,765", "493.8")


def answers(client: Client, account: Account, **headers: Any) -> dict[str, str]:
    """Return whatever may tell what an account cost, by address."""
    explain = reverse("metrics:explain", args=[SUPPORT_COST])
    addresses = [
        "/",
        "/metrics/",
        f"{explain}?account={account.pk}",
        explain,
        f"{account.get_absolute_url()}?lens=finance",
        f"{account.get_absolute_url()}panels/finance.cost_to_serve/?lens=finance",
        f"{account.get_absolute_url()}panels/finance.cost_to_serve/?lens=finance&export=csv",
        reverse("finance:cost_to_serve"),
        f"{reverse('finance:cost_to_serve')}?export=csv",
        f"{reverse('finance:cost_to_serve')}?export=csv&table=tiers",
        f"/api/v1/metrics/?key={SUPPORT_COST}&dimension=account&account={account.pk}&from={today()}&to={today()}",
        f"/api/v1/accounts/{account.pk}/360/?lens=finance",
    ]
    found = {}
    for address in addresses:
        answer = client.get(address, **headers)
        assert answer.status_code < 500, address
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[attr-defined]
        found[address] = body.decode("utf-8", "replace")
    return found


@pytest.mark.parametrize("function", Function.values)
def test_what_accounts_cost_is_told_to_its_readers_alone(function: str) -> None:
    rate(today() - timedelta(days=20), "98765.43", "200", by=make_user("finance"))
    account = make_account("strategic")
    make_worked(make_ticket(account, today() - timedelta(days=5)), today() - timedelta(days=3), 60)
    stored(account)
    told = {
        address
        for address, body in answers(client_as(function), account).items()
        if any(secret in body for secret in SECRETS)
    }
    token = issue_token(source="crm", scopes=["*:read"], function=function).secret
    by_token = {
        address
        for address, body in answers(Client(), account, headers={"Authorization": f"Bearer {token}"}).items()
        if any(secret in body for secret in SECRETS)
    }
    if function in READERS:
        assert len(told) >= 6, told
        assert any("/api/v1/metrics/" in address for address in by_token)
    else:
        assert told == by_token == set()


def test_who_does_not_read_it_is_told_why_in_its_place() -> None:
    account = make_account("strategic")
    stored(account)
    reason = "RevOps does not read cost rates. Cost rates are for finance, people and leadership only."
    found = answers(client_as("revops"), account)
    for address, body in found.items():
        if ("panels" in address and "export" not in address) or "360" in address:
            assert reason in body, address
    page = strip_tags(found[reverse("finance:cost_to_serve")])
    assert reason in " ".join(page.split())


def test_no_condition_asks_what_accounts_cost() -> None:
    assert SUPPORT_COST in metrics
    assert SUPPORT_COST not in condition_fields


def test_the_panel_shows_the_quarter_months_and_tickets_to_each_what_they_may_know() -> None:
    rate(today() - timedelta(days=300), "12000", "200")
    account = make_account("strategic")
    large, small = (make_ticket(account, today() - timedelta(days=50)) for _ in range(2))
    make_worked(large, today(), 90)
    make_worked(small, today(), 30)
    make_worked(small, today() - timedelta(days=200), 999)
    stored(account, arr="365000")
    panel = panels["finance.cost_to_serve"]
    all_ = panel.load_for(account, today(), access_of("leadership"))
    assert all_["cost"] == 120
    days = (today() - date(today().year, (today().month - 1) // 3 * 3 + 1, 1)).days + 1
    assert all_["share"] == Decimal(120) / (1000 * days)
    assert [(row["minutes"], row["cost"]) for row in all_["tickets"]] == [(90, 90), (30, 30)]
    assert all_["chart"].series[0].values[-1] == 120
    finance = panel.load_for(account, today(), access_of("finance"))
    assert finance["tickets"] == []
    assert "does not read support history" in finance["tickets_closed"]
    assert finance["share"] == all_["share"]
    people = panel.load_for(account, today(), access_of("people"))
    assert people["cost"] == 120
    assert people["share"].is_redacted
    assert "120" in panel.load(account, today())["chart"].title
    assert not panel.load(make_account(), today())["has_work"]


def test_the_panel_names_time_without_a_rate() -> None:
    account = make_account()
    make_worked(make_ticket(account, today()), today(), 75)
    client = client_as("finance")
    page = client.get(f"{account.get_absolute_url()}panels/finance.cost_to_serve/", {"lens": "finance"})
    text = " ".join(strip_tags(page.content.decode()).split())
    assert "1 h 15 min were worked on days without a cost rate" in text
    strip = page.content.decode().partition("Support this quarter")[2].partition("</dl>")[0]
    assert "0" not in strip_tags(strip).partition("Q")[0]


def test_the_explanation_takes_the_cost_apart_by_rate() -> None:
    rate(ago(60), "12000", "200", by=make_user("finance"))
    rate(ago(10), "24000", "200", by=make_user("finance"))
    account = make_account()
    work(account, (61, 30), (59, 7), (3, 10))
    refresh()
    address = reverse("metrics:explain", args=[SUPPORT_COST])
    asked = {"account": account.pk, "as_of": TODAY.isoformat()}
    text = " ".join(strip_tags(client_as("leadership").get(address, asked).content.decode()).split())
    assert "$60.00 an hour" in text
    assert "$120.00 an hour" in text
    assert "$27" in text
    assert "No rate 20 Sep 2026 to 20 Sep 2026 30 in no cost" in text
    closed = " ".join(strip_tags(client_as("finance").get(address, asked).content.decode()).split())
    assert re.search(r"\$60\.00 an hour 22 Sep 2026 to 22 Sep 2026 .{0,120}Redacted.{0,120} \$7\.00", closed)


def test_the_report_adds_up_by_tier_and_tells_the_share_of_revenue() -> None:
    first, second, churned = (
        make_account("strategic"),
        make_account("growth"),
        make_account(lifecycle="churned"),
    )
    rows = (
        (first, "900", "0", "36500"),
        (second, "100", "30", "7300"),
        (churned, None, "45", None),
    )
    for account, cost, unrated, arr in rows:
        for key, value in ((SUPPORT_COST, cost), (UNRATED, unrated), ("finance.arr", arr)):
            if value is not None:
                MetricValue.objects.create(key=key, as_of=TODAY, account=account, value=Decimal(value))
    url = reverse("finance:cost_to_serve")
    client = client_as("finance")
    page = " ".join(strip_tags(client.get(url, {"as_of": TODAY.isoformat()}).content.decode()).split())
    assert "75 minutes were worked on days without a rate" in page

    def rows_of(reader: Client, table: str) -> list[dict[str, str]]:
        sent = reader.get(url, {"as_of": TODAY.isoformat(), "export": "csv", "table": table})
        return list(csv.DictReader(io.StringIO(b"".join(sent.streaming_content).decode("utf-8-sig"))))  # type: ignore[attr-defined]

    accounts = rows_of(client, "accounts")
    assert [
        (row["Account"], row["Support cost in 90 days"], row["Share of revenue"]) for row in accounts
    ] == [
        (first.name, "900.00", "0.100000"),
        (second.name, "100.00", "0.055556"),
        (churned.name, "", ""),
    ]
    tiers = rows_of(client, "tiers")
    assert [row["Tier"] for row in tiers][-1] == "All accounts"
    assert tiers[-1]["Support cost in 90 days"] == "1000.00"
    assert tiers[-1]["Share of revenue"] == "0.092593"
    assert tiers[-1]["Minutes without a rate"] == "75"
    # People know what it costs, and not what comes in.
    closed = rows_of(client_as("people"), "accounts")
    assert {row["Revenue in 90 days"] for row in closed} == {"redacted"}
    assert {row["Share of revenue"] for row in closed} == {"redacted"}
    assert closed[0]["Support cost in 90 days"] == "900.00"
