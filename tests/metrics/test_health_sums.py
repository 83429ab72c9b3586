"""Contributions add up to the score and to the change, exactly, whatever is missing, limited or changed."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metrics.health.change import change_between
from metrics.health.comparing import compare_scores
from metrics.health.content import ComponentDraft, Content, LimitDraft
from metrics.health.explain import explain_health
from metrics.health.parts import added_up, as_shown, held_by_limits, parts_of, to_shown
from metrics.health.score import store_scores
from metrics.health.services import create_health_draft, publish_health_model
from metrics.models import HealthScore, MetricValue
from people.access import access_of
from tests.metrics.facts import LAST, TODAY, ago, make_account

pytestmark = pytest.mark.django_db
KEYS = (
    "product.usage_trend",
    "product.days_since_last_use",
    "support.ticket_trend",
    "support.urgent_open_tickets",
    "engagement.days_since_touch",
    "engagement.committee_roles",
    "finance.nrr",
)
LIMIT_KEY = "support.tickets_30d"


def spread(low: int, high: int, places: int) -> st.SearchStrategy[Decimal]:
    """Return numbers that lie all over a range; those of ``st.decimals`` are nearly all close to 0."""
    unit = Decimal(1).scaleb(-places)
    return st.integers(low * 10**places, high * 10**places).map(lambda number: number * unit)


cents = spread(0, 100, 2)
some = spread(-5, 130, 6)
# Every third account lacks any one number, so that coverage falls below what a model asks for too.
values = st.one_of(some, some, st.none())


@st.composite
def contents(draw: Any) -> Content:
    keys = draw(st.lists(st.sampled_from(KEYS), min_size=1, unique=True))
    components = [
        ComponentDraft(
            key=key,
            label=key,
            group="usage",
            weight=draw(spread(0, 60, 3)) + Decimal("0.001"),
            curve=tuple(
                (Decimal(x), draw(cents))
                for x in sorted(draw(st.sets(st.integers(-3, 120), min_size=2, max_size=4)))
            ),
        )
        for key in keys
    ]
    limits = [
        LimitDraft(
            label=f"Limit {at}",
            kind=kind,
            condition={"field": key, "op": "gte", "value": at},
            points=draw(spread(1, 99, 1)),
        )
        for at, kind, key in draw(
            st.lists(
                st.tuples(
                    st.integers(0, 60),
                    st.sampled_from(["ceiling", "ceiling", "floor"]),
                    st.sampled_from([LIMIT_KEY, *KEYS]),
                ),
                max_size=3,
            )
        )
    ]
    return Content(
        minimum_coverage=draw(st.sampled_from([Decimal("0.1"), Decimal("0.35"), Decimal("0.6"), Decimal(1)])),
        components=components,
        limits=limits,
    )


figures = st.fixed_dictionaries({**dict.fromkeys(KEYS, values), LIMIT_KEY: some})
days = st.lists(figures, min_size=3, max_size=3)


def test_what_is_told_adds_up_to_score_and_change() -> None:
    seen: Counter[str] = Counter()

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(old=contents(), new=contents(), is_new=st.booleans(), before=days, after=days)
    def check_both_days(
        old: Content, new: Content, is_new: bool, before: list[dict[str, Any]], after: list[dict[str, Any]]
    ) -> None:
        sid = transaction.savepoint()
        try:
            accounts = [make_account() for _ in before]
            publish_health_model(model=create_health_draft(by=None, content=old))
            _store(accounts, ago(30), before)
            store_scores(ago(30), 0, LAST)
            if is_new:
                publish_health_model(model=create_health_draft(by=None, content=new))
            _store(accounts, TODAY, after)
            store_scores(TODAY, 0, LAST)
            for account in accounts:
                _check(account.pk, seen)
        finally:
            transaction.savepoint_rollback(sid)

    check_both_days()
    # Sums of scores that lack nothing and that no limit holds would prove little.
    assert all(seen[kind] for kind in ("limit", "missing", "unknown", "change", "changed model")), seen


def _store(accounts: list[Any], day: Any, figures: list[dict[str, Any]]) -> None:
    MetricValue.objects.bulk_create(
        MetricValue(account=account, as_of=day, key=key, value=value)
        for account, held in zip(accounts, figures, strict=True)
        for key, value in held.items()
        if value is not None
    )


def _check(account: int, seen: Counter[str]) -> None:
    access = access_of("revops")
    scores = list(HealthScore.objects.of(account).with_parts())
    for score in scores:
        parts = parts_of(score)
        told = explain_health(account, score.as_of, access)
        assert told is not None
        shown = sum((part.contribution for part in told.components if not part.is_missing), Decimal(0))
        if score.exact is None:
            assert (told.total, told.held) == (None, 0)
            seen["unknown"] += 1
            continue
        seen["missing"] += any(part.added is None for part in parts)
        seen["limit"] += bool(score.limit)
        # What no limit took or gave is the components' alone, to the last digit.
        assert score.limit or held_by_limits(score, parts) == 0
        assert told.unlimited == shown
        assert added_up(parts) + held_by_limits(score, parts) == score.exact
        assert shown + told.held == told.total == to_shown(score.exact)
        assert told.waterfall is not None
        *bars, total = told.waterfall.series[0].values
        assert sum(bars) == total == told.total
    if len(scores) == 2 and all(score.exact is not None for score in scores):
        first, last = scores
        whole = change_between(first, last)
        assert first.exact is not None
        assert last.exact is not None
        assert sum(part.points for part in whole.parts) == whole.change == last.exact - first.exact
        told_change = compare_scores(first, last, access)
        assert sum(part.points for part in told_change.parts) == told_change.total
        assert told_change.total == to_shown(last.exact) - to_shown(first.exact)
        for row, part in zip(told_change.parts, whole.parts, strict=True):
            assert abs(row.points - part.points) <= Decimal("0.01")
        seen["change"] += 1
        seen["changed model"] += first.model_id != last.model_id
        is_told = any(part.key == "model" for part in told_change.parts)
        assert is_told is (first.model_id != last.model_id)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(spread(-100, 100, 4), max_size=20), cents)
def test_rounded_amounts_lose_nothing(amounts: list[Decimal], start: Decimal) -> None:
    assert to_shown(start) + sum(as_shown(amounts, start=start)) == to_shown(start + sum(amounts))


def test_with_the_same_numbers_a_new_model_is_the_whole_change() -> None:
    account = make_account()
    numbers = [{"product.usage_trend": Decimal("0.8"), "support.ticket_trend": Decimal(2)}]
    for day, weights in ((ago(30), (1, 1)), (TODAY, (3, 1))):
        content = Content(
            components=[
                ComponentDraft(
                    key=key,
                    label=key,
                    group="usage",
                    weight=Decimal(weight),
                    curve=((Decimal(0), Decimal(0)), (Decimal(4), Decimal(100))),
                )
                for key, weight in zip(numbers[0], weights, strict=True)
            ]
        )
        publish_health_model(model=create_health_draft(by=None, content=content))
        _store([account], day, numbers)
        store_scores(day, 0, LAST)
    first, last = HealthScore.objects.of(account.pk).with_parts()
    change = change_between(first, last)
    assert {part.key: part.points for part in change.parts if part.points} == {"model": Decimal("-7.5000")}
    # Without the numbers of that day, the model can't be told from them: the components stand for it.
    MetricValue.objects.filter(as_of=ago(30)).delete()
    change = change_between(first, last)
    assert sum(part.points for part in change.parts) == Decimal("-7.5")
