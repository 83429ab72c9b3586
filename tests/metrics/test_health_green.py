"""What would bring an account to green: proposals that hold, the cheapest first, and honesty where there is none."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache
from django.db import transaction
from hypothesis import HealthCheck, given, settings

from accounts.models import Account
from metrics.health.content import ComponentDraft, Content, LimitDraft
from metrics.health.green import WayToGreen, way_to_green
from metrics.health.score import store_scores
from metrics.health.services import create_health_draft, publish_health_model
from metrics.models import HealthScore, MetricValue
from people.access import access_of
from tests.metrics.facts import LAST, TODAY, make_account
from tests.metrics.test_health_sums import contents, days

pytestmark = pytest.mark.django_db
TREND, TICKETS, TOUCH, LATE = (
    "product.usage_trend",
    "support.ticket_trend",
    "engagement.days_since_touch",
    "support.late_urgent_tickets",
)


@pytest.fixture(autouse=True)
def no_spreads_held() -> None:
    cache.clear()


def part(key: str, weight: int, *curve: tuple[float, float], group: str = "usage") -> ComponentDraft:
    pairs = tuple((Decimal(str(x)), Decimal(str(y))) for x, y in curve)
    return ComponentDraft(key=key, label=key, group=group, weight=Decimal(weight), curve=pairs)


def ceiling(condition: Any, points: int, label: str = "Held") -> LimitDraft:
    return LimitDraft(label=label, kind="ceiling", condition=condition, points=Decimal(points))


def at_least(key: str, value: Any) -> dict[str, Any]:
    return {"field": key, "op": "gte", "value": value}


def put(account: Account, **values: float) -> None:
    for name, value in values.items():
        MetricValue.objects.update_or_create(
            account=account,
            as_of=TODAY,
            key={"trend": TREND, "tickets": TICKETS, "touch": TOUCH, "late": LATE}.get(name, name),
            defaults={"value": Decimal(str(value))},
        )


def score(account: Account) -> HealthScore:
    store_scores(TODAY, 0, LAST)
    return HealthScore.objects.with_parts().get(account=account, as_of=TODAY)


def model(*components: ComponentDraft, limits: tuple[LimitDraft, ...] = ()) -> None:
    content = Content(components=components, limits=limits, minimum_coverage=Decimal("0.1"))
    publish_health_model(model=create_health_draft(by=None, content=content))


def way(account: Account, function: str = "revops") -> WayToGreen:
    found = way_to_green(score(account), access_of(function))
    assert found is not None
    return found


def apply(account: Account, moves: Any) -> HealthScore:
    for move in moves:
        MetricValue.objects.update_or_create(
            account=account, as_of=TODAY, key=move.key, defaults={"value": move.to}
        )
    return score(account)


def test_the_cheapest_move_comes_first_by_gain_for_effort() -> None:
    # The same points lie 50 days of touch away, or half a trend: among accounts that is a fifth, and a whole.
    model(part(TREND, 1, (0, 0), (1, 100)), part(TOUCH, 1, (0, 100), (100, 0)))
    account = make_account()
    put(account, trend=0.5, touch=50)
    for trend, touch in ((0.3, 0), (0.8, 250)):
        for _ in range(5):
            put(make_account(), trend=trend, touch=touch)
    found = way(account)
    assert found.lacking == Decimal("25.00")
    first = found.proposals[0]
    [move] = first.moves
    assert (move.key, move.now, move.to, move.gain) == (TOUCH, 50, 0, 25)
    assert move.effort == Decimal("0.2")
    assert first.reaches == Decimal("75.00")
    assert [one.key for one in found.proposals[-1].moves] == [TREND]
    assert apply(account, first.moves).band == "green"


def test_a_limit_is_lifted_first_and_only_as_far_as_it_takes() -> None:
    model(
        part(TREND, 1, (0, 0), (1, 100)),
        limits=(ceiling({"all": [at_least(LATE, 3), at_least(TREND, 0.2)]}, 40),),
    )
    account = make_account()
    put(account, trend=0.9, late=5)
    found = way(account)
    assert [(one.label, one.points, one.can_be_lifted) for one in found.ceilings] == [("Held", 40, True)]
    first = found.proposals[0]
    assert [(move.key, move.to, move.gain) for move in first.moves] == [(LATE, 2, 0)]
    assert first.reaches == Decimal("90.00")
    assert apply(account, first.moves).band == "green"


def test_where_nothing_reaches_green_the_best_and_the_reason_are_told() -> None:
    model(
        part(TREND, 1, (0, 0), (1, 100)),
        limits=(ceiling({"field": "accounts.country", "op": "eq", "value": "DE"}, 72, "Sold in Germany"),),
    )
    account = make_account(country="DE")
    put(account, trend=0.6)
    found = way(account)
    assert not found.is_reachable
    assert (found.best, found.fixed) == (Decimal("72.00"), ["Sold in Germany"])


def test_curves_that_end_below_green_are_told_too_and_what_passes_by_itself_is_no_advice() -> None:
    model(
        part(TREND, 1, (0, 0), (1, 80)),
        part("finance.days_until_renewal", 1, (0, 0), (90, 100), group="contract"),
    )
    account = make_account()
    put(account, trend=0.5, **{"finance.days_until_renewal": 45})
    found = way(account)
    assert (found.is_reachable, found.best) == (False, Decimal("65.00"))
    assert found.unmoved == [("finance.days_until_renewal", "since time moves them")]


def test_what_a_reader_may_not_see_is_neither_told_nor_moved() -> None:
    model(part(TREND, 1, (0, 0), (1, 100)), part(TICKETS, 1, (0, 100), (4, 0)))
    account = make_account()
    put(account, trend=0.5, tickets=2)
    found = way(account, "support")
    assert [label for label, reason in found.unmoved if "not shown" in reason] == [TREND]
    assert all(move.key != TREND for one in found.proposals for move in one.moves)


def test_a_green_account_and_one_without_a_number_need_no_way() -> None:
    model(part(TREND, 1, (0, 0), (1, 100)))
    green, unknown = make_account(), make_account()
    put(green, trend=1)
    assert way_to_green(score(green), access_of("revops")) is None
    assert way_to_green(score(unknown), access_of("revops")) is None


def test_no_move_makes_another_limit_hold() -> None:
    """The cheaper of two would run into a limit that doesn't hold yet."""
    limit = ceiling({"all": [at_least(TREND, 0.6), {"field": TOUCH, "op": "gt", "value": 20}]}, 60)
    model(part(TREND, 1, (0, 0), (1, 100)), part(TOUCH, 1, (0, 100), (100, 0)), limits=(limit,))
    account = make_account()
    put(account, trend=0.5, touch=50)
    for trend, touch in ((0, 0), (50, 60)):  # so that a move of the trend takes next to nothing
        for _ in range(5):
            put(make_account(), trend=trend, touch=touch)
    found = way(account)
    assert not found.ceilings
    assert found.proposals
    for proposal in found.proposals:
        with transaction.atomic():
            assert apply(account, proposal.moves).band == "green", proposal
            transaction.set_rollback(True)
    model(part(TREND, 1, (0, 0), (1, 100)), limits=(ceiling(at_least(TREND, 0.7), 60),))
    alone = way(account)
    assert (alone.is_reachable, alone.best) == (False, Decimal("100.00"))


def test_a_number_is_never_moved_against_what_is_good_news_of_it() -> None:
    """Five tickets give more points than none, yet nobody should ask for tickets."""
    model(part(TREND, 1, (0, 0), (1, 100)), part(TICKETS, 1, (0, 40), (5, 100), (20, 0)))
    few, many = make_account(), make_account()
    put(few, trend=0.7, tickets=0)
    put(many, trend=0.7, tickets=20)
    assert {move.key for one in way(few).proposals for move in one.moves} == set()
    assert way(few).best == Decimal("70.00")
    moves = [move for one in way(many).proposals for move in one.moves if move.key == TICKETS]
    assert moves
    assert all(move.to < move.now for move in moves)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(content=contents(), figures=days)
def test_whoever_follows_a_proposal_is_green(content: Content, figures: list[dict[str, Any]]) -> None:
    sid = transaction.savepoint()
    cache.clear()
    try:
        publish_health_model(model=create_health_draft(by=None, content=content))
        accounts = [make_account() for _ in figures]
        MetricValue.objects.bulk_create(
            MetricValue(account=account, as_of=TODAY, key=key, value=value)
            for account, held in zip(accounts, figures, strict=True)
            for key, value in held.items()
            if value is not None
        )
        store_scores(TODAY, 0, LAST)
        for account in accounts:
            found = way_to_green(score(account), access_of("revops"))
            for proposal in found.proposals if found else ():
                inner = transaction.savepoint()
                told = apply(account, proposal.moves)
                assert told.band == "green", proposal
                transaction.savepoint_rollback(inner)
    finally:
        transaction.savepoint_rollback(sid)
