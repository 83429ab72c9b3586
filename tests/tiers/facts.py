"""Rule sets and accounts that they judge, with as few words as a test needs."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange

from accounts.models import Account, Standing, TierTenure
from people.models import User
from tests.metrics.facts import make_account
from tests.users import make_user
from tiers.content import EVERYONE, Content, Rule
from tiers.models import RuleSet
from tiers.services import create_draft, publish_rule_set, seen_of


def at_least(value: int, stay: int | None = None, field: str = "finance.arr") -> dict[str, Any]:
    """Return the comparison with a threshold and perhaps one to stay."""
    leaf = {"field": field, "op": "gte", "value": value}
    return leaf if stay is None else {**leaf, "stay": stay}


def plain_rules(**terms: Any) -> Content:
    """Return three rules over ARR, with a tenth between entering and staying."""
    return Content(
        rules=(
            Rule(name="Large", tier="strategic", condition=at_least(100_000, 90_000)),
            Rule(name="Middle", tier="growth", condition=at_least(20_000, 18_000)),
            Rule(name="Everyone else", tier="standard", condition=EVERYONE),
        ),
        **terms,
    )


def make_draft(content: Content | None = None, by: User | None = None) -> RuleSet:
    """Create a draft."""
    return create_draft(by=by or make_user("revops"), content=content or plain_rules())


def publish(content: Content | None = None, by: User | None = None, starts_on: date | None = None) -> RuleSet:
    """Put a new version in force; accounts are not looked at yet."""
    by = by or make_user("revops")
    draft = make_draft(content, by)
    return publish_rule_set(rule_set=draft, by=by, expected=seen_of(draft), starts_on=starts_on)


def make_worth(arr: int | None, **fields: Any) -> Account:
    """Create an account whose standing says what it is worth a year."""
    account = make_account(**fields)
    Standing.objects.create(account=account, arr=None if arr is None else Decimal(arr))
    return account


def set_worth(account: Account, arr: int | None) -> None:
    """Let an account be worth something else today."""
    Standing.objects.filter(account=account).update(arr=arr)


def tier_of(account: Account) -> str | None:
    """Return the slug of the tier that the account's standing shows."""
    return Standing.objects.values_list("tier__slug", flat=True).get(account=account)


def tenures(account: Account) -> list[tuple[str, date | None, date | None, str]]:
    """Return tier, from, to and cause of each tenure, oldest first."""
    held = TierTenure.objects.filter(account=account).order_by("during").select_related("tier")
    return [(one.tier.slug, one.during.lower, one.during.upper, one.cause) for one in held]


def began(account: Account, day: date) -> None:
    """Let the account's only tenure have begun on ``day``."""
    TierTenure.objects.filter(account=account).update(during=DateRange(day, None))


def at(monkeypatch: pytest.MonkeyPatch, day: date) -> None:
    """Let it be another day for what schedules, previews, publishes and assigns."""
    for module in (
        "services.publishing",
        "assignment.assign",
        "preview.publishing",
        "preview.services",
        "publication.services",
        "publication.work",
        "scheduled.due",
        "scheduled.renewing",
        "tasks",
    ):
        monkeypatch.setattr(f"tiers.{module}.today", lambda: day)
