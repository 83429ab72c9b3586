"""The rollout's criteria: what proves them, since when, and what nobody can tell yet."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError
from django.urls import Resolver404, resolve

from accounts.models import Tier, TierTenure
from common.registry import Registry
from metrics.checks import check_metrics
from metrics.models import CriterionFinding
from metrics.readiness import reading, services
from metrics.readiness.reading import read_readiness
from metrics.readiness.registry import PHASES, Criterion, Figure, Phase, counted, criteria
from metrics.readiness.services import store_findings
from people.access import access_of
from people.functions import Function
from people.models import Category, Level
from tests.metrics.facts import TODAY, ago, make_account, make_line, make_touch, refresh
from tests.metrics.test_concentration import furnish, make_night, pay
from tests.users import client_as

pytestmark = pytest.mark.django_db


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Put criteria of the test in the place of those that apps declare."""
    held: Registry[Criterion] = Registry("criterion of the rollout", "readiness")
    for module in (reading, services):
        monkeypatch.setattr(module, "criteria", held)
    return held


def finding(key: str, day: date = TODAY) -> CriterionFinding:
    return CriterionFinding.objects.get(key=key, as_of=day)


def test_every_criterion_proves_itself_or_says_what_it_waits_for() -> None:
    assert check_metrics(None) == []
    assert {criterion.phase for criterion in criteria} == set(PHASES)
    for criterion in criteria:
        assert criterion.label[0] == criterion.label[0].upper()
        assert criterion.formula.endswith(".")
        if criterion.measure is None:
            assert criterion.waits_for.endswith(".")
            assert not criterion.is_gate
            continue
        assert criterion.evidence is not None
        assert criterion.action.endswith(".")
        try:
            resolve(criterion.evidence().partition("?")[0])
        except Resolver404:  # pragma: no cover
            pytest.fail(f"The evidence of {criterion.key} leads nowhere.")


def test_a_criterion_that_neither_counts_nor_waits_is_refused_at_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from metrics import checks

    held: Registry[Criterion] = Registry("criterion of the rollout", "readiness")
    plain = Criterion(key="t.a", phase=Phase.PODS, label="A", formula="A.")
    held.register(plain)
    held.register(replace(plain, key="t.b", measure=lambda day: counted(1), waits_for="B."))
    held.register(replace(plain, key="t.c", measure=lambda day: counted(1)))
    monkeypatch.setattr(checks, "criteria", held)
    assert [error.id for error in checks._check_criteria()] == [
        *("metrics.E011", "metrics.E011", "metrics.E012", "metrics.E012")
    ]


def test_the_night_holds_every_measured_criterion_against_live_data() -> None:
    furnish()
    refresh()
    found = {one.key: one for one in CriterionFinding.objects.filter(as_of=TODAY)}
    assert set(found) == {one.key for one in criteria if one.measure is not None}
    # The night made ARR anew, from contracts that these accounts don't have.
    assert found["metrics.concentrated"].state == "unmeasured"
    assert "Fewer than 5 accounts" in found["metrics.concentrated"].told
    assert found["metrics.owners_named"].value == 0
    assert found["metrics.data_fed"].value == 0
    assert "Never sent: Account profile" in found["metrics.data_fed"].told
    assert found["metrics.data_fresh"].state == "unmet"
    before = list(CriterionFinding.objects.order_by("key").values("key", "state", "value", "told"))
    store_findings(as_of=TODAY, is_newest=True)
    assert list(CriterionFinding.objects.order_by("key").values("key", "state", "value", "told")) == before


def test_the_test_of_80_20_is_met_from_half_on() -> None:
    furnish()
    store_findings(as_of=TODAY, is_newest=True)
    assert (finding("metrics.concentrated").state, finding("metrics.concentrated").value) == (
        "met",
        Decimal("0.5"),
    )
    pay(make_account(), 1)
    make_night()
    store_findings(as_of=TODAY, is_newest=True)
    assert finding("metrics.concentrated").state == "unmet"


def test_tiers_count_by_the_day_and_the_ten_largest_by_their_arr() -> None:
    accounts = furnish()
    strategic = Tier.objects.get(slug="strategic")
    for number, account in enumerate(accounts[:3]):
        TierTenure.objects.create(
            account=account, tier=strategic, during=(ago(9), None if number else ago(2)), cause="rule"
        )
    for account, days in zip(accounts, (0, 90, 91, 300), strict=False):
        pay(account, days, key="engagement.days_since_business_review")
    for number in range(9):
        pay(make_account(), 200 + number)
    store_findings(as_of=TODAY, is_newest=True)
    tiers = finding("metrics.tiers_assigned")
    assert (tiers.part, tiers.whole, tiers.state) == (2, 15, "unmet")
    reviews = finding("engagement.strategic_reviews")
    assert (reviews.part, reviews.whole, reviews.state) == (1, 2, "unmet")
    # The first with 500, and the nine of more than 200: of these, the first was reviewed.
    top = finding("engagement.top_reviews")
    assert (top.part, top.whole) == (1, 10)
    make_touch(accounts[0], TODAY)


def make_criterion(key: str = "t.one", **fields: Any) -> Criterion:
    given: dict[str, Any] = {
        "key": key,
        "phase": Phase.FOUNDATION,
        "label": "One",
        "formula": "One.",
        "evidence": lambda: "/accounts/",
        "measure": lambda day: counted(1),
    }
    return Criterion(**(given | fields))


def test_the_dates_tell_when_it_was_first_met_and_since_when_it_is(only: Registry[Criterion]) -> None:
    met: dict[date, Figure] = {}
    only.register(make_criterion(measure=lambda day: met[day]))
    for days, number in ((9, 0), (8, 1), (7, 0), (5, 1), (3, 2)):
        met[ago(days)] = counted(number)
        store_findings(as_of=ago(days), is_newest=False)
    access = access_of("revops")

    def dates(day: date) -> tuple[Any, ...]:
        (gate,) = [gate for phase in read_readiness(day, access).phases for gate in phase.gates]
        return gate.as_of, gate.state, gate.first_met, gate.met_since

    assert dates(ago(9)) == (ago(9), "unmet", None, None)
    assert dates(ago(8)) == (ago(8), "met", ago(8), ago(8))
    assert dates(ago(6)) == (ago(7), "unmet", ago(8), None)
    assert dates(TODAY) == (ago(3), "met", ago(8), ago(5))


def test_what_has_no_history_is_asked_of_the_newest_day_alone(only: Registry[Criterion]) -> None:
    only.register(make_criterion("t.now", is_today_only=True))
    only.register(make_criterion("t.past"))
    assert store_findings(as_of=ago(3), is_newest=False) == 1
    assert store_findings(as_of=TODAY, is_newest=True) == 2
    assert store_findings(as_of=TODAY, is_newest=False) == 1
    assert finding("t.now").state == "met"
    gates = {g.criterion.key: g for p in read_readiness(ago(3), access_of("revops")).phases for g in p.gates}
    assert gates["t.now"].state == "unmeasured"
    assert "newest day only" in gates["t.now"].told


def test_one_that_fails_takes_no_other_along(only: Registry[Criterion]) -> None:
    def fail(day: date) -> Figure:
        raise DatabaseError

    only.register(make_criterion("t.fails", measure=fail))
    only.register(make_criterion("t.works"))
    store_findings(as_of=TODAY, is_newest=True)
    assert (finding("t.fails").state, finding("t.works").state) == ("unmeasured", "met")
    assert "could not be counted" in finding("t.fails").told


def test_at_most_is_met_below(only: Registry[Criterion]) -> None:
    only.register(
        make_criterion("t.low", direction="at most", target=Decimal(0), measure=lambda d: counted(0))
    )
    only.register(make_criterion("t.high", direction="at most", target=Decimal(0)))
    store_findings(as_of=TODAY, is_newest=True)
    assert (finding("t.low").state, finding("t.high").state) == ("met", "unmet")


def test_what_comes_later_is_never_met_and_keeps_its_phase_from_passing(only: Registry[Criterion]) -> None:
    only.register(make_criterion("t.done"))
    store_findings(as_of=TODAY, is_newest=True)

    def foundation() -> Any:
        return next(
            p for p in read_readiness(TODAY, access_of("revops")).phases if p.phase == Phase.FOUNDATION
        )

    assert foundation().is_passed
    only.register(make_criterion("t.later", measure=None, waits_for="It comes later."))
    phase = foundation()
    assert (phase.met, phase.total, phase.waiting, phase.is_passed) == (1, 2, 1, False)
    # One stored before its part was taken out doesn't count either.
    CriterionFinding.objects.create(key="t.later", as_of=TODAY, state="met", value=1, target=1)
    assert foundation().met == 1


def test_who_may_not_read_a_criterion_sees_neither_figure_nor_state(only: Registry[Criterion]) -> None:
    only.register(make_criterion("t.open", is_gate=True))
    only.register(
        make_criterion(
            "t.closed",
            category=Category.REVENUE,
            level=Level.TOTALS,
            is_gate=True,
            measure=lambda d: counted(777),
        )
    )
    store_findings(as_of=TODAY, is_newest=True)
    read = read_readiness(TODAY, access_of("support"))
    phase = next(p for p in read.phases if p.phase == Phase.FOUNDATION)
    closed = next(gate for gate in phase.gates if gate.criterion.key == "t.closed")
    assert (closed.state, closed.value, closed.met_since) == ("closed", None, None)
    assert (phase.met, phase.total, phase.is_passed, read.is_ready) == (1, 1, False, None)
    assert read_readiness(TODAY, access_of("finance")).is_ready is True
    for query in ({"as_of": TODAY}, {"as_of": TODAY, "export": "csv"}):
        response = client_as("support").get("/metrics/readiness/", query)
        body = response.getvalue() if response.streaming else response.content
        assert response.status_code == 200
        assert b"777" not in body


def test_the_page_shows_the_check_and_the_phases_with_their_evidence(
    django_assert_max_num_queries: Any,
) -> None:
    client = client_as("leadership")
    assert "Nothing has been held against the criteria" in client.get("/metrics/readiness/").content.decode()
    furnish()
    store_findings(as_of=TODAY, is_newest=True)
    with django_assert_max_num_queries(8):
        page = client.get("/metrics/readiness/", {"as_of": TODAY}).content.decode()
    for words in (
        "Not ready yet",
        "Phase 1: Foundation",
        "Phase 5: Pods",
        "can't be told until their part of the product comes",
        "Playbooks with their steps come with the part about pods",
        "What to do:",
        '<a href="/metrics/concentration/">Look',
    ):
        assert words in page, words
    assert client.get("/metrics/readiness/", {"as_of": "never"}).status_code == 200


def test_the_first_screens_of_leadership_and_revops_show_the_phases() -> None:
    furnish()
    store_findings(as_of=TODAY, is_newest=True)
    for function in ("leadership", "revops"):
        cards = {card.key: card for card in client_as(function).get("/").context["cards"]}
        phases = cards["metrics.phase_gates"].data["phases"]
        assert [phase["number"] for phase in phases] == [0, 1, 2, 3, 4, 5]
        assert phases[0]["is_passed"]
        assert phases[1]["next"]["url"]
    assert "metrics.phase_gates" not in {c.key for c in client_as("support").get("/").context["cards"]}


@pytest.mark.parametrize("function", [*Function])
def test_who_reads_a_criterion_can_open_its_evidence(function: str) -> None:
    """One click away, and as it is meant: no filter of it may be refused."""
    furnish()
    access, client = access_of(function), client_as(function)
    for criterion in criteria:
        if criterion.evidence is None or not access.allows(criterion.category, criterion.level):
            continue
        if not criterion.evidence_of(function):
            assert client.get(criterion.evidence()).status_code == 403, criterion.key
            continue
        answer = client.get(criterion.evidence_of(function))
        assert answer.status_code == 200, (criterion.key, answer.status_code)
        assert b"was left out" not in answer.content, criterion.key


def test_where_the_evidence_is_closed_the_page_says_to_whom_it_is_open() -> None:
    furnish()
    store_findings(as_of=TODAY, is_newest=True)
    page = client_as("leadership").get("/metrics/readiness/", {"as_of": TODAY}).content.decode()
    assert "open to RevOps" in page
    assert "/sync/sources/" not in page
    assert (
        "/sync/sources/" in client_as("revops").get("/metrics/readiness/", {"as_of": TODAY}).content.decode()
    )


def test_the_evidence_of_a_share_lists_who_lacks_it() -> None:
    seen, unseen = (make_account("strategic", name=name, lifecycle="customer") for name in ("Seen", "Unseen"))
    for account in (seen, unseen):
        make_line(account, ago(500))
    make_touch(seen, ago(20), kind="business_review")
    refresh()
    evidence = criteria["engagement.strategic_reviews"].evidence
    assert evidence is not None
    page = client_as("leadership").get(evidence()).content.decode()
    assert ">Unseen<" in page
    assert ">Seen<" not in page
