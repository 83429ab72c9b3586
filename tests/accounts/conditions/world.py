"""Sixty accounts with every oddity a field can hold, now and on a past day, and what is known of each."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from accounts.lists.models import ListChange, ListMembership, TargetList
from accounts.models import Account, HealthBand, Standing, Tier, TierTenure
from metrics.health.disagreement import disagreements
from metrics.models import AccountSentiment, HealthModel, HealthScore, MetricValue, RefreshRun, Sentiment
from metrics.registry import metrics
from sync.models import Change
from tests.accounts.conditions.oracle import holds
from tests.sync.conftest import Api, make_api
from tests.users import make_user

TODAY = datetime.now(UTC).date()
THEN = TODAY - timedelta(days=20)
CHANGED = TODAY - timedelta(days=10)
CAME = TODAY - timedelta(days=40)
EPOCH = date(1970, 1, 1)

TEXTS = [
    "Energy",
    "energy",
    "ENERGY",
    "Straße",
    "STRASSE",
    "100%_\\",
    "O'Brien; --",
    "Ünïcode ñ",
    "عربي",
    "🚀 labs",
    "x",
]
NUMBERS = [0, 1, -1, 12, 0.1, 149999.99, 150000, 1e300, -1e300, 123456789012345678]
CUSTOM: dict[str, list[Any]] = {
    "seats": [*NUMBERS, None],
    "region": [*TEXTS, "", None],
    "strategic": [True, False, None],
    "mixed ‘field’.x": [1, 2.5, "1", "Energy", True, "", None],
    "12": ["a", "b", None],
    "a__gte": [5, 6, None],
}
METRIC_NUMBERS = [
    Decimal(text) for text in ("0", "1", "-1", "149999.99", "150000", "0.5", "1.2", "30", "99999")
]
UP_TO_A_HUNDRED = frozenset(
    {"health", "health_change", "nrr", "usage_trend", "fit_score", "engagement_score", "intent_score"}
)
STORED_ONLY = [Decimal("0.000001"), Decimal("999999999999999.5"), Decimal(-999999999999)]


@dataclass
class World:
    """The accounts, and the value of each field of each account, now and then; None is missing."""

    ids: list[int]
    now: dict[int, dict[str, Any]]
    then: dict[int, dict[str, Any]]


def make_world(size: int = 60, seed: int = 7) -> World:
    """Build the accounts through the API, with one change of each between then and now."""
    chance = random.Random(seed)
    api = make_api()
    send(api, [record(chance, number) for number in range(size)])
    Change.objects.update(changed_at=datetime.combine(CAME, datetime.min.time(), UTC))
    seen = Change.objects.order_by("-pk").values_list("pk", flat=True)[0]
    ids = list(Account.objects.order_by("pk").values_list("pk", flat=True))
    past = {pk: profile(pk) for pk in ids}
    # Some never change, and some twice: the first change says what was held then.
    send(api, [record(chance, number) for number in range(0, size, 2)])
    send(api, [record(chance, number) for number in range(0, size, 4)])
    Change.objects.filter(pk__gt=seen).update(changed_at=datetime.combine(CHANGED, datetime.min.time(), UTC))
    present = {pk: profile(pk) for pk in ids}
    for day in (THEN, TODAY):
        RefreshRun.objects.create(as_of=day, cause="test", state=RefreshRun.State.DONE)
    for pk in ids:
        past[pk] |= numbers(chance, pk, THEN, is_today=False)
        present[pk] |= numbers(chance, pk, TODAY, is_today=True)
    tenures(chance, ids, past)
    memberships(chance, ids, past, present)
    sentiments(chance, ids, past, present)
    for day, known in ((THEN, past), (TODAY, present)):
        for values in known.values():
            values["metrics.disagreements"] = frozenset(
                one.key for one in disagreements if holds(dict(one.condition), values, day, is_held=False)
            )
    return World(ids=ids, now=present, then=past)


def send(api: Api, records: list[dict[str, Any]]) -> None:
    """Post accounts, all of which must be taken."""
    answer = api.bulk("accounts", records)
    assert not answer["rejected"], [one for one in answer["results"] if one["errors"]][:3]


def record(chance: random.Random, number: int) -> dict[str, Any]:
    """Return an account as a source may send it."""
    return {
        "external_id": f"W{number}",
        "name": f"{chance.choice(TEXTS)} {number}",
        "industry": chance.choice([*TEXTS, None]),
        "employees": chance.choice([0, 1, 12, 250, 2147483647, None]),
        "country": chance.choice(["DE", "FR", "US", None]),
        "currency": chance.choice(["EUR", "JPY", None]),
        "lifecycle": chance.choice(["target", "customer", "churned"]),
        "owner_email": chance.choice(["a@example.com", "B@example.com", None]),
        "sponsor_email": chance.choice(["a@example.com", None]),
        "workspace_ids": chance.choice([[], [f"w{number}"], [f"w{number}", f"W-{number} ü"]]),
        "tier": chance.choice(["strategic", "growth", None]),
        "parent": "W0" if number and chance.random() < 0.5 else None,
        "custom": {name: chance.choice(values) for name, values in CUSTOM.items()},
    }


def profile(pk: int) -> dict[str, Any]:
    """Return what the account's own row says, by the keys of conditions."""
    account = Account.objects.select_related("tier").get(pk=pk)
    shown: dict[str, Any] = {
        "accounts.name": account.name,
        "accounts.domain": account.domain or None,
        "accounts.industry": account.industry or None,
        "accounts.employees": account.employees,
        "accounts.country": account.country or None,
        "accounts.currency": account.currency or None,
        "accounts.lifecycle": account.lifecycle,
        "accounts.workspaces": account.workspace_ids or None,
        "accounts.has_parent": account.parent_id is not None,
        "accounts.has_billing_parent": account.billing_parent_id is not None,
        "accounts.owner": account.owner_email or None,
        "accounts.sponsor": account.sponsor_email or None,
        "accounts.crm_tier": account.tier.slug if account.tier else None,
    }
    return shown | {f"custom.{name}": account.custom.get(name) for name in CUSTOM}


def numbers(chance: random.Random, pk: int, day: date, *, is_today: bool) -> dict[str, Any]:
    """Store a number of each metric where a condition reads it; return them by key."""
    found: dict[str, Any] = {}
    columns: dict[str, Any] = {}
    for metric in metrics:
        value: Any = None
        shown = is_today and metric.standing
        if chance.random() < 0.8:
            pool = METRIC_NUMBERS if metric.standing else [*METRIC_NUMBERS, *STORED_ONLY]
            value = chance.choice(pool)
            if metric.unit == "date":
                value = day + timedelta(days=chance.choice([-400, -91, -30, -1, 0, 1, 30, 90, 365]))
            elif shown in UP_TO_A_HUNDRED:
                value = Decimal(chance.choice(["0", "1", "49.5", "75", "100"]))
            elif shown in ("open_tickets", "usage_events"):
                value = Decimal(chance.choice([0, 1, 12, 150000]))
        found[metric.key] = value
        if shown:
            columns[str(metric.standing)] = value
        elif value is not None:
            stored = (value - EPOCH).days if isinstance(value, date) else value
            MetricValue.objects.create(key=metric.key, as_of=day, account_id=pk, value=stored)
    band = chance.choice([*HealthBand.values, None])
    if is_today:
        Standing.objects.filter(account_id=pk).update(**columns, health_band=band or "unknown", as_of=day)
    elif band:
        HealthScore.objects.create(
            account_id=pk,
            as_of=day,
            model=HealthModel.objects.get(state="published", tier=None),
            band=band,
            coverage=1,
        )
    return found | {"metrics.health_band": band or "unknown"}


def tenures(chance: random.Random, ids: list[int], past: dict[int, dict[str, Any]]) -> None:
    """Give accounts a past tier, and today's standing another or none."""
    for pk in ids:
        slug = chance.choice(["strategic", "standard", None])
        past[pk]["accounts.tier"] = slug
        if slug:
            TierTenure.objects.create(
                account_id=pk, tier=Tier.objects.get(slug=slug), during=(CAME, CHANGED), cause="import"
            )
        Standing.objects.filter(account_id=pk).update(
            tier=Tier.objects.get(slug="growth") if pk % 2 else None
        )


def memberships(
    chance: random.Random, ids: list[int], past: dict[int, dict[str, Any]], present: dict[int, dict[str, Any]]
) -> None:
    """Put accounts on two shared lists, some only then and some only now."""
    owner = make_user("marketing")
    came, changed = (datetime.combine(day, datetime.min.time(), UTC) for day in (CAME, CHANGED))
    spans = {"both": (came, None), "then": (came, changed), "now": (changed, None), "never": None}
    held: dict[str, dict[int, set[str]]] = {
        "then": {pk: set() for pk in ids},
        "now": {pk: set() for pk in ids},
    }
    for name in ("One", "Two"):
        target = TargetList.objects.create(name=name, owner=owner, kind="static")
        first, second = (
            ListChange.objects.create(list=target, number=number, cause="hand", at=at)
            for number, at in ((1, came), (2, changed))
        )
        for pk in ids:
            when = chance.choice(list(spans))
            span = spans[when]
            if span is None:
                continue
            ListMembership.objects.create(
                list=target,
                account_id=pk,
                during=span,
                came_with=second if when == "now" else first,
                left_with=second if when == "then" else None,
            )
            for day in ("then", "now"):
                if when in ("both", day):
                    held[day][pk].add(str(target.pk))
    for pk in ids:
        past[pk]["accounts.in_list"] = frozenset(held["then"][pk])
        present[pk]["accounts.in_list"] = frozenset(held["now"][pk])


def sentiments(
    chance: random.Random, ids: list[int], past: dict[int, dict[str, Any]], present: dict[int, dict[str, Any]]
) -> None:
    """Let people say how they see some accounts, of some only then and of some only now."""
    author = make_user("sales")
    for pk in ids:
        for starts_on, expires_on, known in ((CAME, CHANGED, past), (CHANGED, None, present)):
            said = chance.choice([*Sentiment, None])
            known[pk]["metrics.sentiment"] = said.slug if said is not None else None
            if said is not None:
                AccountSentiment.objects.create(
                    account_id=pk,
                    value=said,
                    reason="So I see it.",
                    author=author,
                    starts_on=starts_on,
                    expires_on=expires_on or TODAY + timedelta(days=9),
                )


def now_of(world: World, pk: int) -> dict[str, Any]:
    """Return the present values of an account, its tier of today among them."""
    return world.now[pk] | {"accounts.tier": "growth" if pk % 2 else None}
