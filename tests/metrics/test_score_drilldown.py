"""The accounts behind a line of the scoreboard: all of the segment and no others, the worst first either way."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from accounts.models import Account, Tier, TierTenure
from metrics.models import MetricValue
from metrics.registry import segment_definitions
from metrics.scoreboard.accounts import BEST, read_accounts
from metrics.scoreboard.registry import WHOLE
from people.access import access_of
from tests.metrics.facts import TODAY, ago, make_account

pytestmark = pytest.mark.django_db


@pytest.fixture
def placed() -> dict[str, Account]:
    """Four accounts in two tiers, industries and countries, with a number for each."""
    made = {}
    for name, tier, industry, country, health, raised in (
        ("Ann", "strategic", "Retail", "DE", 40, 3),
        ("Ben", "strategic", "Energy", "FR", 90, 0),
        ("Cem", "growth", "Retail", "FR", 60, 1),
        ("Dee", "growth", "Retail", "DE", 80, 5),
    ):
        made[name] = make_account(name=name, industry=industry, country=country)
        TierTenure.objects.create(
            account=made[name],
            tier=Tier.objects.get(slug=tier),
            during=(date(2020, 1, 1), None),
            cause="rule",
        )
        for key, value in (("metrics.health_score", health), ("support.escalations_90d", raised)):
            MetricValue.objects.create(key=key, as_of=TODAY, account=made[name], value=value)
        MetricValue.objects.create(key="metrics.health_score", as_of=ago(1), account=made[name], value=1)
    return made


@pytest.mark.parametrize(
    ("segment", "names", "mean"),
    [
        (WHOLE, ["Ann", "Cem", "Dee", "Ben"], "67.5"),
        (("tier", "strategic"), ["Ann", "Ben"], "65"),
        (("tier", "growth"), ["Cem", "Dee"], "70"),
        (("industry", "Retail"), ["Ann", "Cem", "Dee"], "60"),
        (("country", "FR"), ["Cem", "Ben"], "75"),
        (("country", "DE"), ["Ann", "Dee"], "60"),
    ],
)
def test_behind_a_figure_stand_the_accounts_of_its_segment(
    placed: dict[str, Account], segment: tuple[str, str], names: list[str], mean: str
) -> None:
    found = read_accounts(segment_definitions["metrics.health_mean"], segment, TODAY, access_of("revops"))
    assert [row.name for row in found.shown] == names
    assert (found.total, found.hidden) == (len(names), 0)
    assert found.numerator is not None
    assert found.denominator is not None
    assert found.numerator / found.denominator == Decimal(mean)


def test_where_less_is_better_the_most_comes_first(placed: dict[str, Account]) -> None:
    definition = segment_definitions["support.escalations_per_100"]
    assert definition.direction == "down"
    worst = read_accounts(definition, WHOLE, TODAY, access_of("revops"))
    assert [row.name for row in worst.shown] == ["Dee", "Ann", "Cem", "Ben"]
    assert worst.shown[0].effect is not None
    assert worst.shown[0].effect > 0 > (worst.shown[-1].effect or 0)
    best = read_accounts(definition, WHOLE, TODAY, access_of("revops"), order=BEST)
    assert [row.name for row in best.shown] == ["Ben", "Cem", "Ann", "Dee"]
