"""Point models: what they count, how it fades, and that a published version stays as it is."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.conditions.explain import explain
from accounts.conditions.expression import parse_condition
from accounts.conditions.query import matching
from accounts.lenses.registry import panels
from common.versions.errors import VersionChangedError
from engagement.models import AccountScore, ScoreKind, ScoreModel, ScoreRule
from engagement.scoring.explain import how
from engagement.scoring.score import fields_read
from engagement.scoring.services import (
    RuleDraft,
    check_rules,
    create_score_draft,
    cycle,
    discard_score_draft,
    publish_score_model,
    restore_score_model,
    save_score_draft,
)
from metrics.models import MetricValue
from people.access import access_of
from tests.metrics.facts import TODAY, ago, make_account, make_deal, make_touch, measure, refresh, roll_up
from tests.users import client_as

pytestmark = pytest.mark.django_db


def rule(name: str = "Meeting", points: Any = 20, **fields: Any) -> RuleDraft:
    fields = fields or {"signal": "meeting"}
    return RuleDraft(name=name, points=None if points is None else Decimal(points), **fields)


def is_large(points: int = 30, employees: int = 100) -> RuleDraft:
    condition = {"field": "accounts.employees", "op": "gte", "value": employees}
    return rule(f"{employees} employees", points, condition=condition)


def publish(kind: str, *rules: RuleDraft, half_life_days: int | None = 30) -> ScoreModel:
    draft = create_score_draft(kind=kind, by=None)
    save_score_draft(model=draft, by=None, rules=rules, half_life_days=half_life_days)
    return publish_score_model(model=draft, by=None)


def score(kind: str = "engagement", day: Any = TODAY) -> dict[int, float]:
    roll_up("engagement.scores", day)
    found = AccountScore.objects.filter(kind=kind, as_of=day)
    return {row.account_id: float(row.score) for row in found}


def test_what_happened_counts_half_after_each_half_life() -> None:
    publish("engagement", rule(points=20))
    account, quiet = make_account(), make_account()
    for days in (0, 30, 60):
        make_touch(account, ago(days), kind="meeting")
    make_touch(account, ago(0), kind="call")
    assert score() == {account.pk: 35, quiet.pk: 0}
    assert score(day=ago(30)) == {account.pk: 30, quiet.pk: 0}
    [row] = AccountScore.objects.filter(account=account, kind="engagement", as_of=TODAY)
    assert row.parts == [{"rule": 1, "points": 35, "count": 3}]


def test_points_of_one_rule_end_at_its_limit_and_scores_at_0_and_100() -> None:
    publish(
        "intent",
        rule("Visits", 10, signal="web", at_most=Decimal(25)),
        rule("Meetings", 100, signal="meeting"),
        rule("Calls from us", -50, signal="call.outbound", at_most=Decimal(60)),
    )
    visited, met, called = (make_account() for _ in range(3))
    for _ in range(9):
        make_touch(visited, TODAY, kind="web")
    for _ in range(3):
        make_touch(met, TODAY, kind="meeting")
        make_touch(called, TODAY, kind="call", direction="outbound")
    assert score("intent") == {visited.pk: 25, met.pk: 100, called.pk: 0}
    [row] = AccountScore.objects.filter(account=called, kind="intent")
    assert row.parts == [{"rule": 3, "points": -60, "count": 3}]


def test_fit_says_what_an_account_is() -> None:
    publish("fit", is_large(30, 100), is_large(20, 1000), half_life_days=None)
    small, large = make_account(employees=20), make_account(employees=5000)
    assert score("fit") == {small.pk: 0, large.pk: 50}


def test_an_opportunity_counts_from_the_day_it_was_opened() -> None:
    publish("intent", rule("New business", 40, signal="opportunity.new"))
    account = make_account()
    make_deal(account, ago(30), TODAY + timedelta(days=30), kind="new")
    make_deal(account, TODAY + timedelta(days=1), TODAY + timedelta(days=30), kind="new")
    assert score("intent") == {account.pk: 20}


def test_the_first_models_score_and_the_numbers_show_it() -> None:
    account = make_account(employees=300)
    make_touch(account, TODAY, kind="meeting")
    refresh()
    assert measure("engagement.fit_score") == {account.pk: 50}
    assert measure("engagement.engagement_score") == {account.pk: 20}
    assert measure("engagement.intent_score") == {account.pk: 0}


@settings(max_examples=20, deadline=None)
@given(
    points=st.lists(st.integers(-100, 100).filter(bool), min_size=1, max_size=5),
    days=st.lists(st.integers(0, 300), max_size=8),
    half_life=st.integers(1, 400),
)
def test_the_parts_add_up_to_the_score(points: list[int], days: list[int], half_life: int) -> None:
    with transaction.atomic():
        publish(
            "engagement",
            *(rule(f"Rule {place}", value, signal="meeting") for place, value in enumerate(points)),
            half_life_days=half_life,
        )
        account = make_account()
        for age in days:
            make_touch(account, ago(age), kind="meeting")
        score()
        row = AccountScore.objects.get(account=account, kind="engagement", as_of=TODAY)
        told = sum(part["points"] for part in row.parts)
        assert float(row.score) == pytest.approx(min(100, max(0, told)), abs=0.01)
        fades = sum(0.5 ** (age / half_life) for age in days if age <= 10 * half_life)
        assert told == pytest.approx(sum(points) * fades, abs=0.01)
        transaction.set_rollback(True)


def test_a_published_version_stays_as_it_is() -> None:
    model = publish("engagement", rule())
    changes = (
        lambda: ScoreModel.objects.filter(pk=model.pk).update(half_life_days=5),
        lambda: ScoreModel.objects.filter(pk=model.pk).update(state="draft"),
        lambda: ScoreModel.objects.filter(pk=model.pk).delete(),
        lambda: ScoreRule.objects.filter(model=model).update(points=1),
        lambda: ScoreRule.objects.filter(model=model).delete(),
        lambda: ScoreRule.objects.create(model=model, position=9, name="New", points=1, signal="web"),
    )
    for change in changes:
        with pytest.raises(IntegrityError, match="kept as it is"), transaction.atomic():
            change()


def test_of_two_drafts_the_second_is_told_of_the_first() -> None:
    publish("engagement", rule())
    one, two = (create_score_draft(kind="engagement", by=None) for _ in range(2))
    publish_score_model(model=one, by=None)
    with pytest.raises(VersionChangedError, match=f"version {one.version} was published"):
        publish_score_model(model=two, by=None)
    with pytest.raises(VersionChangedError, match="is published and is kept"):
        save_score_draft(model=one, by=None, rules=[rule()], half_life_days=30)


def test_of_two_editors_of_one_draft_the_second_is_told() -> None:
    draft = create_score_draft(kind="engagement", by=None)
    draft.refresh_from_db()
    seen = cycle.mark(draft)
    save_score_draft(model=draft, by=None, rules=[rule()], half_life_days=30, expected=seen)
    with pytest.raises(VersionChangedError, match="was saved since"):
        save_score_draft(model=draft, by=None, rules=[rule("Other")], half_life_days=30, expected=seen)
    discard_score_draft(model=draft, by=None)
    with pytest.raises(VersionChangedError, match="thrown away"):
        discard_score_draft(model=draft, by=None)


def test_going_back_makes_a_version_of_its_own() -> None:
    first = publish("engagement", rule(points=11))
    publish("engagement", rule(points=22), half_life_days=60)
    again = restore_score_model(model=first, by=None)
    assert again.version == first.version + 2
    assert again.half_life_days == 30
    assert [one.points for one in again.rules.all()] == [11]
    assert ScoreModel.objects.filter(kind="engagement", state="published").get() == again


@pytest.mark.parametrize(
    ("rules", "half_life", "field"),
    [
        ([], 30, "rules"),
        ([rule()], None, "half_life_days"),
        ([rule()], 0, "half_life_days"),
        ([rule()], 99_999, "half_life_days"),
        ([rule(" ")], 30, "rules.0.name"),
        ([rule("x" * 129)], 30, "rules.0.name"),
        ([rule(), rule("meeting ", 5)], 30, "rules.1.name"),
        ([rule(points=0)], 30, "rules.0.points"),
        ([rule(points=None)], 30, "rules.0.points"),
        ([rule(points=101)], 30, "rules.0.points"),
        ([rule(points="1.005")], 30, "rules.0.points"),
        ([rule(signal="no.such")], 30, "rules.0.signal"),
        ([rule(signal="", condition=None)], 30, "rules.0.condition"),
        ([rule(signal="web", condition={"all": []})], 30, "rules.0.condition"),
        ([rule(condition={"field": "no.such", "op": "eq", "value": 1})], 30, "rules.0.condition"),
        ([rule(signal="web", at_most=Decimal(0))], 30, "rules.0.at_most"),
        ([rule(f"Rule {n}") for n in range(51)], 30, "rules"),
    ],
)  # fmt: skip
def test_a_bad_model_is_refused_at_the_field(rules: list[RuleDraft], half_life: Any, field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        check_rules("engagement", rules, half_life)
    assert list(refused.value.message_dict) == [field]


def test_fit_counts_nothing_that_happens_and_no_score_depends_on_itself() -> None:
    with pytest.raises(ValidationError, match="what an account is"):
        check_rules("fit", [rule()], 30)
    for field in ("engagement.fit_score", "engagement.intent_score"):
        circle = rule("Circle", 5, condition={"field": field, "op": "gte", "value": 5})
        with pytest.raises(ValidationError, match="depend on themselves"):
            check_rules("fit", [circle], None)


def test_a_score_is_told_with_what_each_rule_gave_and_closed_rules_only_as_a_sum() -> None:
    pays = {"field": "finance.arr", "op": "gte", "value": 0}
    publish("fit", is_large(30, 100), rule("Pays us", 25, condition=pays), half_life_days=None)
    account = make_account(employees=300)
    MetricValue.objects.create(key="finance.arr", as_of=TODAY, account=account, value=900)
    score("fit")
    panel = panels["engagement.scores"]
    [told, *_] = panel.load_for(account, TODAY, access_of("finance"))["scores"]
    assert [(part["name"], part["points"]) for part in told["parts"]] == [
        ("100 employees", 30),
        ("Pays us", 25),
    ]
    [told, *_] = panel.load_for(account, TODAY, access_of("support"))["scores"]
    assert (told["score"], told["closed"]) == (55, 25)
    assert [part["name"] for part in told["parts"]] == ["100 employees"]
    assert "revenue" in told["reasons"][0]
    assert panel.load_for(account, ago(1), access_of("support")) == {"scores": []}


def test_the_explanation_of_a_score_goes_rule_by_rule_with_the_days_it_counted() -> None:
    publish(
        "engagement",
        rule("Meeting", 20, signal="meeting", at_most=Decimal(35)),
        rule("Call", 10, signal="call.inbound"),
        rule("Large", 5, condition={"field": "finance.arr", "op": "gte", "value": 5}),
    )
    account = make_account()
    for days in (0, 30, 0):
        make_touch(account, ago(days), kind="meeting")
    MetricValue.objects.create(key="finance.arr", as_of=TODAY, account=account, value=9)
    score()
    told = how(ScoreKind.ENGAGEMENT, account, TODAY, access_of("revops"))
    assert told is not None
    assert [(one.name, one.points, one.times) for one in told.rules] == [
        ("Meeting", 35, 3),
        ("Large", 5, 0),
        ("Call", 0, 0),
    ]
    assert [(one.on, one.points) for one in told.rules[0].newest] == [
        (TODAY, 20),
        (TODAY, 20),
        (ago(30), 10),
    ]
    assert told.rules[0].is_limited
    hidden = how(ScoreKind.ENGAGEMENT, account, TODAY, access_of("marketing"))
    assert hidden is not None
    assert [one.name for one in hidden.rules] == ["Meeting", "Call"]
    assert (hidden.closed, len(hidden.reasons)) == (5, 1)
    assert how(ScoreKind.INTENT, account, ago(9), access_of("marketing")) is None


def test_the_how_page_shows_it_and_a_score_is_a_field_of_conditions() -> None:
    account, other = make_account(employees=900), make_account(employees=3)
    make_touch(account, TODAY, kind="meeting")
    refresh()
    client = client_as("marketing")
    text = client.get(f"/metrics/explain/engagement.engagement_score/?account={account.pk}").content.decode()
    assert "What the score is made of" in text
    assert "counts half after 30 days, a quarter after 60 days" in text
    assert "20 Nov 2026" in text
    assert "20.0" in text
    assert (
        client_as("support")
        .get(f"/metrics/explain/engagement.engagement_score/?account={account.pk}")
        .content.decode()
        .count("What the score is made of")
        == 0
    )
    fits = parse_condition({"field": "engagement.fit_score", "op": "gte", "value": 40})
    assert set(matching(fits, as_of=TODAY)) == {account}
    [found] = explain(fits, other, as_of=TODAY).values()
    assert not found.holds
    assert "Fit" in found.sentence


def test_a_score_waits_for_the_number_behind_a_field_that_it_reads() -> None:
    band = {"field": "metrics.health_band", "op": "eq", "value": "green"}
    publish("fit", RuleDraft(name="Healthy", points=Decimal(10), condition=band))
    assert "metrics.health_score" in fields_read()
