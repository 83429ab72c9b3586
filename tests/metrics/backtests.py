"""A past to test health models against: month-ends of accounts, some of whom leave after a sign and some without."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from accounts.models import Account
from metrics.backtest.services import request_backtest
from metrics.health.content import ComponentDraft, Content, LimitDraft
from metrics.health.services import create_health_draft
from metrics.models import Backtest, HealthModel, MetricValue
from metrics.runs.work import work_off
from tests.users import make_user

FIRST = date(2025, 1, 31)
CURVE = ((Decimal(0), Decimal(0)), (Decimal(1), Decimal(100)))
SIGN, NOISE = "product.usage_trend", "support.ticket_trend"
USAGE, REVENUE = "product.usage_events_30d", "finance.arr"


def month_end(place: int) -> date:
    """Return the month-end so many months after the first."""
    index = FIRST.year * 12 + FIRST.month + place
    return date(index // 12, index % 12 + 1, 1) - timedelta(days=1)


def make_model(weights: Mapping[str, int] | None = None, limits: Sequence[LimitDraft] = ()) -> HealthModel:
    """Create a draft whose components map 0 to 1 onto 0 to 100 points."""
    weighed = {SIGN: 60, NOISE: 40} if weights is None else weights
    content = Content(
        components=tuple(
            ComponentDraft(key=key, label=key, group="usage", weight=Decimal(weight), curve=CURVE)
            for key, weight in weighed.items()
        ),
        limits=tuple(limits),
    )
    return create_health_draft(by=None, content=content)


@dataclass
class Past:
    """Stored numbers by account and month-end; ``lost`` maps an account to the place of its first month-end gone."""

    accounts: list[int] = field(default_factory=list)
    lost: dict[int, int] = field(default_factory=dict)


def make_past(
    accounts: int = 120, months: int = 17, *, losses: int = 40, silent: float = 0.2, seed: int = 5
) -> Past:
    """Store a past: of those lost, all but the ``silent`` share lose the sign four month-ends ahead."""
    rng = random.Random(seed)
    made = Account.objects.bulk_create(
        Account(name=f"Account {number}", lifecycle="customer") for number in range(accounts)
    )
    past = Past(accounts=[account.pk for account in made])
    rows = []
    for place, pk in enumerate(past.accounts):
        end = rng.randint(4, months - 1) if place < losses else months + 9
        is_silent = rng.random() < silent
        if end < months:
            past.lost[pk] = end
        for month in range(min(end, months)):
            is_low = end - month <= 4 and not is_silent
            values = {
                REVENUE: 1000 + place,
                SIGN: rng.uniform(0, 0.5) if is_low else rng.uniform(0.35, 1),
                NOISE: rng.random(),
                USAGE: rng.randint(1, 5000),
            }
            rows += [
                MetricValue(
                    account_id=pk, key=key, as_of=month_end(month), value=Decimal(str(round(value, 4)))
                )
                for key, value in values.items()
            ]
    MetricValue.objects.bulk_create(rows, batch_size=5000)
    return past


def backtest(model: HealthModel, **asked: object) -> Backtest:
    """Test a version to the end of the run."""
    wanted = {"first": FIRST, "last": month_end(40), "seed": 7, **asked}
    run = request_backtest(model=model, by=make_user("revops"), **wanted)  # type: ignore[arg-type]
    assert not work_off("metrics.backtest", run.pk, seconds=600)
    run.refresh_from_db()
    return run
