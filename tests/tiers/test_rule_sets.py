"""Rule sets: what is refused and where, versions that never change, and what changed in words."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, transaction

from common.versions.errors import VersionChangedError
from metrics.engine.plan import today
from people.functions import Function
from tests.tiers.facts import at_least, make_draft, plain_rules, publish
from tests.users import make_user
from tiers.content import (
    EVERYONE,
    Content,
    Points,
    Rule,
    RuleSetError,
    Threshold,
    content_data,
    decode_content,
    read_content,
    read_whole,
)
from tiers.defaults import default_content
from tiers.models import RuleSet, ScoreThreshold, TierRule
from tiers.services import (
    create_draft,
    delete_draft,
    override_tier,
    publish_rule_set,
    retire_rule_set,
    save_draft,
    schedule_rule_set,
    seen_of,
)
from tiers.words import differences

pytestmark = pytest.mark.django_db
LARGE = Rule(name="Large", tier="strategic", condition=at_least(100_000, 90_000))
REST = Rule(name="Everyone else", tier="standard", condition=EVERYONE)
POINTS = Points(name="Revenue", points=Decimal(10), condition=at_least(10))


def deep(levels: int) -> dict[str, Any]:
    condition: dict[str, Any] = at_least(1)
    for _ in range(levels):
        condition = {"not": condition}
    return condition


def rules(*found: Rule) -> Content:
    return Content(rules=found)


def scores(*thresholds: Threshold, points: tuple[Points, ...] = (POINTS,)) -> Content:
    return Content(kind="score", points=points, thresholds=thresholds)


REFUSED = [
    (rules(), "/rules", "There are no rules"),
    (rules(LARGE), "/rules/0/condition", "must take everyone else"),
    (rules(REST, LARGE, REST), "/rules/0/condition", "no rule below it is ever asked"),
    (rules(LARGE, Rule(name=" large ", tier="growth", condition=at_least(1)), REST), "/rules/1/name", "also number 1"),
    (rules(Rule(name="", tier="growth", condition=at_least(1)), REST), "/rules/0/name", "missing"),
    (rules(Rule(name="x" * 129, tier="growth", condition=at_least(1)), REST), "/rules/0/name", "too long"),
    (rules(Rule(name="a\x00", tier="growth", condition=at_least(1)), REST), "/rules/0/name", "can't be kept"),
    (rules(Rule(name="A", tier="gold", condition=at_least(1)), REST), "/rules/0/tier", "no tier “gold”"),
    (
        rules(Rule(name="A", tier="growth", condition=at_least(100, 110)), REST),
        "/rules/0/condition/stay",
        "harder to meet",
    ),
    (
        rules(Rule(name="A", tier="growth", condition=at_least(1, field="finance.gone")), REST),
        "/rules/0/condition/field",
        "no field “finance.gone”",
    ),
    (
        rules(Rule(name="A", tier="growth", condition={"field": "accounts.tier", "op": "eq", "value": "growth"}), REST),
        "/rules/0/condition/field",
        "the tier that it gives",
    ),
    (
        rules(Rule(name="A", tier="growth", condition={"any": [at_least(1)] * 10_000}), REST),
        "/rules/0/condition",
        "The condition has more than",
    ),
    (rules(Rule(name="A", tier="growth", condition=deep(500)), REST), "/rules/0/condition" + "/not" * 8, "levels deep"),
    (rules(Rule(name="A", tier="growth", condition="ARR > 3"), REST), "/rules/0/condition", "should be a condition"),
    (rules(*[LARGE] * 101, REST), "/rules", "more than 100 rules"),
    (Content(rules=(LARGE, REST), minimum_dwell_days=-1), "/minimum_dwell_days", "can't be kept"),
    (Content(rules=(LARGE, REST), demotion_grace_days=4_000), "/demotion_grace_days", "can't be kept"),
    (Content(kind="magic", rules=(LARGE, REST)), "/kind", "no kind “magic”"),
    (Content(rules=(LARGE, REST), note="\x00"), "/note", "can't be kept"),
    (Content(rules=(LARGE, REST), note="\ud800"), "/note", "can't be kept"),
    (rules(Rule(name="a\ud800", tier="growth", condition=at_least(1)), REST), "/rules/0/name", "can't be kept"),
    (Content(rules=(LARGE, REST), points=(POINTS,)), "/points", "kind score"),
    (scores(Threshold(tier="growth", enter=Decimal(5), stay=Decimal(4))), "/thresholds", "takes everyone else"),
    (
        scores(Threshold(tier="growth", enter=Decimal(5), stay=Decimal(6)), Threshold(tier="standard")),
        "/thresholds/0/stay",
        "not exceed those to enter",
    ),
    (
        scores(
            Threshold(tier="strategic", enter=Decimal(5), stay=Decimal(5)),
            Threshold(tier="growth", enter=Decimal(5), stay=Decimal(4)),
            Threshold(tier="standard"),
        ),
        "/thresholds/1/enter",
        "fewer points than the one above",
    ),
    (
        scores(Threshold(tier="growth"), Threshold(tier="standard", enter=Decimal(1), stay=Decimal(1))),
        "/thresholds/0/enter",
        "lowest",
    ),
    (scores(Threshold(tier="growth"), Threshold(tier="growth")), "/thresholds/0/tier", "stands twice"),
    (
        scores(Threshold(tier="growth", enter=Decimal("NaN"), stay=Decimal(1)), Threshold(tier="standard")),
        "/thresholds/0/enter",
        "no number",
    ),
    (scores(Threshold(tier="standard"), points=()), "/points", "no points"),
    (
        scores(Threshold(tier="standard"), points=(Points(name="A", points=Decimal(10**9), condition=at_least(1)),)),
        "/points/0/points",
        "no number of points",
    ),
    (
        scores(Threshold(tier="standard"), points=(Points(name="A", points=Decimal("0.001"), condition=at_least(1)),)),
        "/points/0/points",
        "no number of points",
    ),
    (
        scores(Threshold(tier="standard"), points=(Points(name="A", points=Decimal(1), condition=at_least(10, 9)),)),
        "/points/0/condition/stay",
        "no threshold to stay",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("content", "path", "message"), REFUSED)
def test_what_can_not_work_is_refused_at_its_place(content: Content, path: str, message: str) -> None:
    with pytest.raises(RuleSetError) as refused:
        make_draft(content)
    told = {problem.path: problem for problem in refused.value.problems}
    assert path in told, told
    assert message in told[path].message
    assert told[path].remedy
    assert not RuleSet.objects.exists()


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ({"rules": [{"name": 3}]}, "/rules/0"),
        ({"rules": "all"}, "/rules"),
        ([], ""),
        ({"minimum_dwell_days": "soon"}, "/minimum_dwell_days"),
    ],
)
def test_what_is_no_rule_set_is_refused_at_its_place(data: Any, path: str) -> None:
    with pytest.raises(RuleSetError) as refused:
        decode_content(data)
    assert refused.value.problems[0].path.startswith(path)


def test_a_content_is_read_as_it_was_written() -> None:
    for content in (default_content(), plain_rules(note="A", demotions_need_approval=True)):
        draft = make_draft(content)
        assert decode_content(content_data(read_content(draft))) == read_content(draft)
        assert [rule.name for rule in read_content(draft).rules] == [rule.name for rule in content.rules]


def test_a_draft_begins_with_the_version_in_force_and_a_first_one_with_the_default() -> None:
    by = make_user("revops")
    assert read_content(create_draft(by=by)) == read_content(make_draft(default_content(), by))
    published = publish(plain_rules(note="Ours"), by)
    draft = create_draft(by=by)
    assert (draft.version, draft.based_on, read_content(draft).note) == (4, published, "Ours")


@pytest.mark.parametrize("function", [one for one in Function if one != Function.REVOPS])
def test_only_revops_changes_publishes_and_overrides(function: Function) -> None:
    revops, other = make_user("revops"), make_user(function)
    draft = make_draft(by=revops)
    from tests.metrics.facts import make_account

    account = make_account("growth")
    attempts: list[Any] = [
        lambda: create_draft(by=other),
        lambda: save_draft(rule_set=draft, by=other, content=plain_rules(), expected=draft.digest),
        lambda: delete_draft(rule_set=draft, by=other),
        lambda: publish_rule_set(rule_set=draft, by=other, expected=seen_of(draft)),
        lambda: schedule_rule_set(
            rule_set=draft, by=other, expected=seen_of(draft), starts_on=today() + timedelta(days=1)
        ),
        lambda: retire_rule_set(rule_set=draft, by=other, expected=seen_of(draft)),
        lambda: override_tier(
            account=account,
            tier=account.tier,  # type: ignore[arg-type]
            reason="x",
            by=other,
            ends_on=today() + timedelta(days=1),
        ),
    ]
    for attempt in attempts:
        with pytest.raises(PermissionDenied, match="is for RevOps"):
            attempt()
    assert RuleSet.objects.get().state == "draft"


def test_the_database_refuses_every_change_of_a_version_that_was_published() -> None:
    by = make_user("revops")
    first = publish(by=by)
    second = publish(plain_rules(note="Second"), by)
    first.refresh_from_db()
    assert (first.state, second.state) == ("retired", "published")
    tier = first.rules.first().tier_id  # type: ignore[union-attr]
    for rule_set in (first, second):
        attempts: list[Any] = [
            lambda pk=rule_set.pk: RuleSet.objects.filter(pk=pk).update(note="Rewritten"),
            lambda pk=rule_set.pk: RuleSet.objects.filter(pk=pk).update(version=99),
            lambda pk=rule_set.pk: RuleSet.objects.filter(pk=pk).update(state="draft"),
            lambda pk=rule_set.pk: RuleSet.objects.filter(pk=pk).update(minimum_dwell_days=0),
            lambda pk=rule_set.pk: RuleSet.objects.filter(pk=pk).update(published_by=None),
            lambda pk=rule_set.pk: RuleSet.objects.filter(pk=pk).update(starts_on="2020-01-01"),
            lambda pk=rule_set.pk: TierRule.objects.filter(rule_set=pk).update(name="Rewritten"),
            lambda pk=rule_set.pk: TierRule.objects.filter(rule_set=pk, position=1).update(
                condition=EVERYONE
            ),
            lambda pk=rule_set.pk: TierRule.objects.filter(rule_set=pk).delete(),
            lambda pk=rule_set.pk: TierRule.objects.create(
                rule_set_id=pk, position=9, tier_id=tier, name="Late", condition=EVERYONE
            ),
            lambda pk=rule_set.pk: ScoreThreshold.objects.create(rule_set_id=pk, tier_id=tier),
            lambda pk=rule_set.pk: _sql(f"DELETE FROM tiers_ruleset WHERE id = {pk}"),
        ]
        before = read_whole(rule_set)
        for attempt in attempts:
            with pytest.raises(IntegrityError), transaction.atomic():
                attempt()
        assert read_whole(rule_set) == before
    draft = make_draft(by=by)
    with pytest.raises(IntegrityError, match="is kept as it is"), transaction.atomic():
        TierRule.objects.filter(rule_set=draft, position=1).update(rule_set=second)


def _sql(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def test_only_one_version_is_published_at_a_time_in_the_database_too() -> None:
    publish()
    draft = make_draft()
    with pytest.raises(IntegrityError, match="tiers_ruleset_one_published"), transaction.atomic():
        RuleSet.objects.filter(pk=draft.pk).update(
            state="published", starts_on=today(), published_at="2026-01-01T00:00:00Z"
        )


def test_a_published_version_can_not_be_saved_or_thrown_away() -> None:
    by = make_user("revops")
    rule_set = publish(by=by)
    for attempt in (
        lambda: save_draft(rule_set=rule_set, by=by, content=plain_rules(), expected=rule_set.digest),
        lambda: delete_draft(rule_set=rule_set, by=by),
        lambda: publish_rule_set(rule_set=rule_set, by=by, expected=seen_of(rule_set)),
    ):
        with pytest.raises(ValidationError, match="published"):
            attempt()


def test_of_two_editors_of_a_draft_the_second_gets_what_changed() -> None:
    first, second = make_user("revops"), make_user("revops", name="Second Editor")
    draft = make_draft(by=first)
    seen = draft.digest
    changed = plain_rules()
    changed = Content(
        rules=(Rule(name="Large", tier="strategic", condition=at_least(120_000, 100_000)), *changed.rules[1:])
    )
    save_draft(rule_set=draft, by=second, content=changed, expected=seen)
    with pytest.raises(VersionChangedError, match="was saved by Second Editor") as refused:
        save_draft(rule_set=draft, by=first, content=plain_rules(), expected=seen)
    assert refused.value.differences
    assert all("Large" in one for one in refused.value.differences)
    assert "120,000" in " ".join(refused.value.differences)
    draft.refresh_from_db()
    save_draft(rule_set=draft, by=first, content=changed, expected=draft.digest)
    assert draft.revisions.count() == 2, "saving the same again is no revision"


def test_differences_are_told_in_words() -> None:
    held = read_whole(make_draft())
    wanted = read_whole(
        make_draft(
            Content(
                note="New",
                demotion_grace_days=45,
                demotions_need_approval=True,
                rules=(
                    Rule(name="Middle", tier="enterprise", condition=at_least(20_000, 18_000)),
                    Rule(name="Large", tier="strategic", condition=at_least(100_000, 90_000)),
                    Rule(name="Special", tier="growth", condition=at_least(5, field="accounts.employees")),
                    REST,
                ),
            )
        )
    )
    assert differences(held, held) == []
    assert differences(held, wanted) == [
        "Demotion grace: 30 days, now 45",
        "Demotions now need approval",
        "Note: “”, now “New”",
        "Rule “Middle”: gave Growth, now Enterprise",
        "Rule “Special” added: Employees ≥ 5\xa0people",
        "Order of the rules changed",
    ]
    score = read_whole(
        make_draft(
            scores(Threshold(tier="growth", enter=Decimal(5), stay=Decimal(4)), Threshold(tier="standard"))
        )
    )
    assert "Growth: not given, now from 5 points (to stay: 4)" in differences(held, score)
    assert "Kind: rules, the first that fits counts, now points with thresholds" in differences(held, score)
