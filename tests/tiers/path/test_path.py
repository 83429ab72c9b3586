"""The path to the next tier: the gap in numbers, the nearest way first, and honesty where there is none."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.conditions.explain import explain
from accounts.conditions.expression import parse_condition
from accounts.models import Account, Standing, Tier
from people.access import Access, Redacted, access_of
from tests.tiers.entitlements.facts import publish_values
from tests.tiers.facts import at_least, make_worth, plain_rules, publish
from tests.users import client_as, make_user
from tiers.content import EVERYONE, Content, Points, Rule, Threshold
from tiers.entitlements.resolution import today
from tiers.path.reading import Path, path_of
from tiers.path.steps import steps_to
from tiers.services import override_tier

pytestmark = pytest.mark.django_db

LARGE = {"field": "accounts.employees", "op": "gte", "value": 5000}


@pytest.fixture
def revops() -> Access:
    return access_of("revops")


def worth(arr: int | None, tier: str | None, **fields: Any) -> Account:
    account = make_worth(arr, **fields)
    Standing.objects.filter(account=account).update(tier=Tier.objects.get(slug=tier) if tier else None)
    return Account.objects.get(pk=account.pk)


def rules(*given: Rule) -> Content:
    return Content(rules=(*given, Rule(name="Rest", tier="standard", condition=EVERYONE)))


def gaps(path: Path) -> list[str]:
    return [step.gap for way in path.ways for step in way.step.criteria() if not step.is_met]


def test_the_gap_stands_in_numbers_with_what_closes_it_and_what_it_brings(revops: Access) -> None:
    publish_values({"growth": {"first_response": 60}})
    path = path_of(worth(12_500, "standard"), revops)
    assert (path.state, path.tier and path.tier.slug, path.next and path.next.slug) == (
        "open",
        "standard",
        "growth",
    )
    assert gaps(path) == ["$7,500 more"]
    assert path.todo == ["ARR: $7,500 more"]
    assert "first response: 1 h instead of 24 h" in path.brings
    assert "channels: email, chat instead of self-service, email" in path.brings


def test_it_measures_by_the_threshold_to_enter(revops: Access) -> None:
    """18,000 keeps an account in, but 20,000 is what lets one in."""
    publish(plain_rules())
    assert gaps(path_of(worth(19_000, "standard"), revops)) == ["$1,000 more"]


def test_the_next_tier_is_the_nearest_that_a_rule_gives(revops: Access) -> None:
    publish(plain_rules())
    path = path_of(worth(30_000, "growth"), revops)
    assert path.next is not None
    assert path.next.slug == "strategic"
    assert gaps(path) == ["$70,000 more"]


def test_the_nearest_way_comes_first(revops: Access) -> None:
    publish(
        rules(
            Rule(name="By revenue", tier="growth", condition=at_least(100_000)),
            Rule(name="By size", tier="growth", condition=LARGE),
            Rule(
                name="By trade",
                tier="growth",
                condition={"field": "accounts.industry", "op": "eq", "value": "Energy"},
            ),
        )
    )
    path = path_of(worth(50_000, "standard", employees=4900, industry="Retail"), revops)
    assert [way.name for way in path.ways] == ["By size", "By revenue", "By trade"]
    assert path.todo == ["Employees: 100\xa0people more"]


def test_alternatives_inside_a_rule_stand_nearest_first_and_what_must_end_is_turned_round(
    revops: Access,
) -> None:
    publish(
        rules(
            Rule(
                name="Grown",
                tier="growth",
                condition={
                    "all": [
                        {"any": [at_least(100_000), LARGE]},
                        {"not": at_least(5, field="support.open_tickets")},
                        {"field": "accounts.country", "op": "eq", "value": "DE"},
                    ]
                },
            )
        )
    )
    account = worth(99_000, "standard", employees=10, country="DE")
    Standing.objects.filter(account=account).update(open_tickets=7)
    path = path_of(account, revops)
    assert path.todo == ["ARR: $1,000 more", "Open tickets: 2\xa0tickets less"]
    either, tickets, country = path.ways[0].criteria
    assert [part.label for part in either.parts] == ["ARR", "Employees"]
    assert (tickets.is_met, tickets.needed) == (False, "not ≥ 5\xa0tickets")
    assert (country.is_met, country.gap) == (True, "")


def test_a_gap_without_a_number_says_so(revops: Access) -> None:
    publish(
        rules(
            Rule(
                name="Trade",
                tier="growth",
                condition={"field": "accounts.industry", "op": "in", "value": ["Energy", "Retail"]},
            )
        )
    )
    path = path_of(worth(1, "standard", industry="Farming"), revops)
    (step,) = path.ways[0].criteria
    assert (step.is_met, step.gap, step.actual) == (False, "", "“Farming”")
    assert "Farming" in path.todo[0]


def test_a_missing_value_is_said_to_be_missing(revops: Access) -> None:
    publish(plain_rules())
    (step,) = path_of(worth(None, "standard"), revops).ways[0].criteria
    assert (step.missing, step.gap, step.is_met) == (True, "", False)
    assert step.closes == "ARR has no value; it takes one that is ≥ $20,000"


def test_what_may_not_be_read_is_redacted_and_decides_nothing() -> None:
    publish(plain_rules())
    path = path_of(worth(12_345, "standard"), access_of("support"))
    (step,) = path.ways[0].criteria
    assert path.state == "hidden"
    assert step.is_met is None
    assert isinstance(step.actual, Redacted)
    assert not step.gap
    assert "12,345" not in str(path)
    assert "7,655" not in str(path)


@pytest.mark.parametrize(
    ("arr", "tier", "state"), [(150_000, "strategic", "highest"), (150_000, "growth", "met")]
)
def test_where_there_is_nothing_to_close(arr: int, tier: str, state: str, revops: Access) -> None:
    publish(plain_rules())
    path = path_of(worth(arr, tier), revops)
    assert path.state == state
    assert path.todo == []


def test_without_rules_or_a_tier_nothing_is_made_up(revops: Access) -> None:
    account = worth(5, "standard")
    assert path_of(account, revops).state == "no_rules"
    publish(plain_rules())
    assert path_of(worth(5, None), revops).state == "no_tier"


def test_an_override_is_told(revops: Access) -> None:
    publish(plain_rules())
    account = worth(5, "standard")
    override_tier(
        account=account,
        tier=Tier.objects.get(slug="growth"),
        reason="Promised",
        by=make_user("revops", name="Rita Ops"),
        ends_on=today() + timedelta(days=30),
    )
    path = path_of(Account.objects.get(pk=account.pk), revops)
    assert path.override is not None
    page = client_as("sales").get(reverse("tiers:path", args=[account.pk])).content.decode()
    assert "Rita Ops holds the account in Growth until" in page


def test_a_rule_that_comes_first_and_gives_less_stands_in_the_way(revops: Access) -> None:
    publish(
        rules(
            Rule(
                name="Partners",
                tier="standard",
                condition={"field": "accounts.industry", "op": "eq", "value": "Partner"},
            ),
            Rule(name="Large", tier="growth", condition=at_least(20_000)),
        )
    )
    path = path_of(worth(50_000, "standard", industry="Partner"), revops)
    assert path.state == "open"
    assert path.before == ["“Partners” comes first and gives Standard"]
    assert path_of(worth(50_000, "standard"), revops).state == "met"


def test_points_say_how_many_are_missing_and_what_brings_some(revops: Access) -> None:
    publish(
        Content(
            kind="score",
            points=(
                Points(name="Revenue", points=Decimal(40), condition=at_least(50_000)),
                Points(name="Size", points=Decimal(40), condition=LARGE),
                Points(
                    name="Noise", points=Decimal(-15), condition=at_least(5, field="support.open_tickets")
                ),
            ),
            thresholds=(
                Threshold(tier="growth", enter=Decimal(60), stay=Decimal(50)),
                Threshold(tier="standard"),
            ),
        )
    )
    account = worth(60_000, "standard", employees=1000)
    Standing.objects.filter(account=account).update(open_tickets=6)
    path = path_of(account, revops)
    assert path.points is not None
    assert (path.state, path.points.now, path.points.needed, path.points.gap) == ("open", 25, 60, 35)
    assert [(points, way.name) for points, way in path.points.offers] == [(40, "Size"), (15, "Noise")] or [
        way.name for _, way in path.points.offers
    ] == ["Noise", "Size"]
    assert path_of(account, access_of("people")).state == "hidden"


def test_a_small_gap_is_never_shown_as_none(revops: Access) -> None:
    publish(rules(Rule(name="R", tier="growth", condition=at_least(1, field="finance.nrr"))))
    account = worth(5, "standard")
    Standing.objects.filter(account=account).update(nrr=Decimal("0.9999"))
    assert gaps(path_of(account, revops)) == ["0.01 percentage points more"]


def test_closing_the_gap_moves_the_finding(revops: Access) -> None:
    """What the path says is missing is exactly what the rule then finds."""
    condition = parse_condition({"all": [at_least(80_000), LARGE]})
    account = worth(79_999, "standard", employees=4999)
    step = steps_to(explain(condition, account)[account.pk])
    assert step.todo() == ["ARR: $1.00 more", "Employees: 1\xa0person more"]
    Standing.objects.filter(account=account).update(arr=80_000)
    Account.objects.filter(pk=account.pk).update(employees=5000)
    assert steps_to(explain(condition, account)[account.pk]).is_met is True


@pytest.mark.parametrize("function", ["revops", "sales", "support", "people"])
@pytest.mark.parametrize("tier", ["strategic", "growth", "standard", None])
def test_page_and_panel_answer_everybody(function: str, tier: str | None) -> None:
    publish(plain_rules())
    account = worth(12_345, tier)
    client = client_as(function)
    may = access_of(function).allows("revenue", "totals")
    for url in (
        reverse("tiers:path", args=[account.pk]),
        reverse("accounts:panel", args=[account.pk, "tiers.path"]),
        reverse("accounts:panel", args=[account.pk, "tiers.entitlements"]),
        reverse("tiers:origin", args=[account.pk, "payment_terms"]),
    ):
        answer = client.get(url)
        assert answer.status_code == 200
        text = answer.content.decode()
        assert "could not be loaded" not in text
        if not may:
            assert "12,345" not in text
            assert "7,655" not in text


def test_many_rules_cost_no_more_queries(revops: Access) -> None:
    publish(rules(Rule(name="One", tier="growth", condition=at_least(99_000))))
    account = worth(5, "standard")
    path_of(account, revops)
    with CaptureQueriesContext(connection) as of_one:
        path_of(account, revops)
    publish(
        rules(
            *(
                Rule(
                    name=f"Rule {number}",
                    tier="growth",
                    condition={"all": [at_least(99_000 + number), LARGE]},
                )
                for number in range(30)
            )
        )
    )
    with CaptureQueriesContext(connection) as of_many:
        path_of(account, revops)
    assert len(of_many) == len(of_one) <= 8
