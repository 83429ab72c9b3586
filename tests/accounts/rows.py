"""Accounts with a standing and a history, for tests of the pages."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from accounts.models import Account, Standing, Tier, TimelineEvent
from engagement.models import AccountScore, ScoreModel
from finance.models import ClauseVersion, Deviation
from metrics.models import HealthModel, HealthScore, MetricValue, RefreshRun
from people.models import Category
from pods.models import Signal
from product.models import UsageFeatureDay, UsageUserDay
from tests.metrics.facts import (
    at,
    follow_revenue,
    make_account,
    make_contact,
    make_line,
    make_ticket,
    make_touch,
)
from tests.users import make_user

TODAY = datetime.now(UTC).date()
# A figure nobody writes by chance, in the forms in which a page could let it out.
SECRET_ARR = Decimal("7654321.00")
SECRET_MRR = Decimal("637860.08")
SECRET_FORMS = ("7,654,321", "7654321", "7.65M", "637,860", "637860", "638k")


def days_ago(days: int) -> date:
    """Return the day so many days ago."""
    return TODAY - timedelta(days=days)


def make_standing(account: Account, **fields: Any) -> Standing:
    """Give an account its standing of today."""
    fields.setdefault("as_of", TODAY)
    fields.setdefault("updated_at", datetime.now(UTC))
    fields.setdefault("tier", account.tier)
    return Standing.objects.create(account=account, **fields)


def make_listed(
    name: str, tier: str | None = None, *, standing: dict[str, Any] | None = None, **fields: Any
) -> Account:
    """Create an account as the list shows it; without ``standing`` it has not been refreshed yet."""
    account = make_account(tier, name=name, **fields)
    if standing is not None:
        make_standing(account, **standing)
    return account


def make_quiet(name: str = "Quiet Works") -> Account:
    """Create a customer about whom little is known."""
    return make_listed(name, "standard", standing={"health_band": "unknown"})


def make_busy(name: str = "Busy Works", owner_email: str = "owner@example.com") -> Account:
    """Create a customer with something of everything, more than any panel shows."""
    account = make_listed(
        name,
        "strategic",
        owner_email=owner_email,
        sponsor_email="sponsor@example.com",
        domain="busy.example",
        industry="Energy",
        country="DE",
        employees=1200,
        custom={"region": "EMEA"},
        standing={
            "arr": SECRET_ARR,
            "mrr": SECRET_MRR,
            "nrr": Decimal("1.0731"),
            "health": Decimal("61.5"),
            "health_band": "amber",
            "health_change": Decimal("-7.5"),
            "renewal_on": TODAY + timedelta(days=40),
            "open_tickets": 12,
            "usage_events": 900,
            "usage_trend": Decimal("0.62"),
            "last_touch_on": days_ago(3),
        },
    )
    for number in range(12):
        make_listed(
            f"{name} division {number:02}",
            parent=account,
            billing_parent=account,
            standing={"arr": Decimal(9)},
        )
        make_ticket(
            account, days_ago(20 + number), priority="urgent" if number % 2 else "high", product_area="API"
        )
        make_ticket(
            account, days_ago(60 + number), days_ago(40 + number), first_replied_at=at(days_ago(59 + number))
        )
        Signal.objects.create(
            account=account,
            trigger=f"test.{number}",
            severity=("risk", "due", "opportunity")[number % 3],
            category=Category.values[number % 8],
            reason=f"Something of {Category.values[number % 8]} wants attention",
            opened_on=days_ago(number),
        )
    _revenue(account)
    _usage(account)
    _people(account)
    _clauses(account)
    _history(account)
    return account


def _revenue(account: Account) -> None:
    line = make_line(
        account,
        days_ago(400),
        amount=SECRET_ARR,
        terms={"end_on": TODAY + timedelta(days=40), "notice_days": 30, "auto_renew": True, "number": "C-1"},
    )
    for number in range(30):
        make_line(account, days_ago(300 - number), amount=1000 + number, contract=line.contract)
    follow_revenue(TODAY)


def _usage(account: Account) -> None:
    UsageUserDay.objects.bulk_create(
        UsageUserDay(account=account, day=days_ago(back), user=f"u{user}", events=5 + user)
        for back in range(0, 170, 3)
        for user in range(4)
    )
    UsageFeatureDay.objects.bulk_create(
        UsageFeatureDay(account=account, day=days_ago(back), feature=f"Feature {feature}", events=7)
        for back in range(0, 80, 4)
        for feature in range(16)
    )


def _people(account: Account) -> None:
    for role in ("economic_buyer", "champion", "user", "user", "user", "user"):
        contact = make_contact(account, role)
        make_touch(account, days_ago(5), contact, subject="Roadmap")
        make_touch(account, days_ago(15), contact)


def _clauses(account: Account) -> None:
    version = ClauseVersion.objects.published().select_related("family").get(family__key="termination")
    Deviation.objects.create(
        account=account,
        family=version.family,
        version=version,
        wording="They may end it whenever they like.",
        reason="Their template.",
        kind="outside",
        by_rule=False,
        sentence="The wording is none of the 2 texts.",
        state="waiting",
        asked_by=make_user("sales"),
        asked_at=at(days_ago(4)),
        expires_on=days_ago(-90),
    )


def _history(account: Account) -> None:
    TimelineEvent.objects.bulk_create(
        TimelineEvent(
            account=account,
            kind="test.event",
            category=Category.values[number % 8],
            happened_at=at(days_ago(number * 2)),
            title=f"Event {number} of {Category.values[number % 8]}",
            subject_id=account.pk * 1000 + number,
        )
        for number in range(60)
    )
    model = HealthModel.objects.get(state="published", tier=None)
    keys = ("product.usage_trend", "support.ticket_trend", "engagement.days_since_touch")
    components = list(model.components.all())
    for back in (40, 7, 0):
        RefreshRun.objects.create(as_of=days_ago(back), cause="test", state=RefreshRun.State.DONE)
        HealthScore.objects.create(
            as_of=days_ago(back),
            account=account,
            model=model,
            score=Decimal("61.5"),
            band="amber",
            coverage=Decimal("0.9"),
            exact=Decimal("61.5"),
            confidence=Decimal("0.9"),
            values=[1 if part.key in keys else None for part in components],
            points=[60 if part.key in keys else None for part in components],
        )
        for fits in ScoreModel.objects.filter(state="published"):
            AccountScore.objects.create(
                as_of=days_ago(back),
                account=account,
                kind=fits.kind,
                model=fits,
                score=30,
                parts=[{"rule": place, "points": 10, "count": 1} for place in (1, 2, 3)],
            )
        MetricValue.objects.create(key="finance.arr", as_of=days_ago(back), account=account, value=SECRET_ARR)
        MetricValue.objects.create(key="finance.mrr", as_of=days_ago(back), account=account, value=SECRET_MRR)
        MetricValue.objects.create(key="support.open_tickets", as_of=days_ago(back), account=account, value=3)


def tier_of(slug: str) -> Tier:
    """Return a tier of the vocabulary."""
    return Tier.objects.get(slug=slug)
