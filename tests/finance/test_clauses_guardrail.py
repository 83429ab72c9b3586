"""The guardrail: preferred, pre-approved for this tier, or outside, each with the rule that says so."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from accounts.models import Tier
from finance.clauses.defaults import FIRST_FAMILIES
from finance.clauses.guardrail import Finding, assess, assess_by
from finance.clauses.library import Standard, Step, Text, read_library
from finance.clauses.terms import SHAPES
from finance.models import ClauseVersion
from tests.metrics.facts import make_account

STRATEGIC, GROWTH = Tier(slug="strategic", label="Strategic"), Tier(slug="growth", label="Growth")


def text(key: str, wording: str, terms: dict[str, Any], *tiers: str, place: int = 1) -> Text:
    return Text(
        id=place,
        key=key,
        label=key.capitalize(),
        wording=wording,
        terms=terms,
        is_preferred=place == 1,
        tiers=tiers,
    )


PAYMENT = Standard(
    family="pay",
    label="Payment",
    shape=SHAPES["payment"],
    version=3,
    version_id=9,
    texts=(
        text("net30", "Due after 30 days.", {"payment_days": 30}),
        text("net45", "Due after 45 days.", {"payment_days": 45}, "strategic", "enterprise", place=2),
        text("net90", "Due after 90 days.", {"payment_days": 90}, place=3),
    ),
    steps=(Step(function="finance", hours=24), Step(function="legal", hours=48)),
)


def judge(tier: Tier | None = STRATEGIC, **clause: Any) -> Finding:
    given = {"family": "pay", "text": None, "wording": "", "terms": {}} | clause
    return assess_by({"pay": PAYMENT}, tier, [given])[0]


def test_the_preferred_text_is_for_everybody() -> None:
    for tier in (STRATEGIC, GROWTH, None):
        found = judge(tier, text=1, terms={"payment_days": 30})
        assert (found.kind, found.steps) == ("preferred", ())
        assert found.sentence == "“Net30” is the preferred text in version 3 of Payment."


def test_a_fallback_is_within_for_its_tiers_alone() -> None:
    within = judge(STRATEGIC, text=2, terms={"payment_days": 45})
    assert (within.kind, within.steps) == ("fallback", ())
    assert within.sentence == "“Net45” is pre-approved for Strategic in version 3 of Payment."
    outside = judge(GROWTH, text=2, terms={"payment_days": 45})
    assert outside.kind == "outside"
    assert [step.function for step in outside.steps] == ["finance", "legal"]
    assert "pre-approved for Strategic and Enterprise, not for Growth" in outside.sentence
    assert judge(None, text=2, terms={"payment_days": 45}).kind == "outside"
    assert "for no tier" in judge(STRATEGIC, text=3, terms={"payment_days": 90}).sentence


def test_terms_may_stay_below_what_a_text_allows_but_not_go_beyond() -> None:
    assert judge(text=2, terms={"payment_days": 40}).kind == "fallback"
    beyond = judge(text=2, terms={"payment_days": 46})
    assert beyond.kind == "outside"
    assert "Days to pay of 46 days is more than the 45 days in “Net45”" in beyond.sentence
    assert "Further ways to pay of milestone isn’t part of it" in (
        judge(text=2, terms={"payment_days": 45, "payment_options": ["milestone"]}).sentence
    )
    assert "left open" in judge(text=2).sentence


def test_it_says_which_text_would_be_within() -> None:
    found = judge(text=1, terms={"payment_days": 45})
    assert "“Net45” goes as far and is within the guardrail." in found.sentence
    assert "goes as far" not in judge(GROWTH, text=1, terms={"payment_days": 45}).sentence


def test_a_wording_of_its_own_is_outside_and_that_of_a_text_is_the_text() -> None:
    own = judge(wording="Whenever we like.", terms={"payment_days": 1})
    assert own.kind == "outside"
    assert "none of the 3 texts in version 3 of Payment" in own.sentence
    same = judge(wording="  due AFTER 45\n days. ", terms={"payment_days": 45})
    assert same.kind == "fallback"


def test_nothing_is_pre_approved_where_the_library_is_silent() -> None:
    (found,) = assess_by({}, STRATEGIC, [{"family": "escrow", "text": None, "wording": "x", "terms": {}}])
    assert (found.kind, [step.function for step in found.steps]) == ("outside", ["legal"])


@pytest.mark.parametrize(
    ("shape", "term", "within", "beyond"),
    [
        ("service_level", "first_response", 60, 29),
        ("service_level", "uptime", "99.9", "99.951"),
        ("liability", "cap_fees", "1.5", "2.01"),
        (
            "liability",
            "cap_amount",
            {"amount": "100", "currency": "EUR"},
            {"amount": "101", "currency": "EUR"},
        ),
        ("liability", "cap_amount", {"amount": "1", "currency": "EUR"}, {"amount": "1", "currency": "USD"}),
        ("termination", "termination_right", "cause", "any"),
        ("termination", "termination_notice", 90, 29),
    ],
)
def test_each_kind_of_term_knows_which_way_costs_us(shape: str, term: str, within: Any, beyond: Any) -> None:
    allowed = {
        "first_response": 30,
        "uptime": "99.95",
        "cap_fees": "2",
        "cap_amount": {"amount": "100", "currency": "EUR"},
        "termination_right": "term_end",
        "termination_notice": 30,
    }[term]
    held = SHAPES[shape]
    assert not list(held.beyond({term: within}, {term: allowed}))
    assert len(list(held.beyond({term: beyond}, {term: allowed}))) == 1


@pytest.mark.parametrize(
    ("shape", "terms", "problem"),
    [
        ("payment", {"payment_days": "x"}, "payment_days"),
        ("payment", {"payment_days": True}, "payment_days"),
        ("payment", {"payment_options": ["gold"]}, "payment_options"),
        ("payment", {"first_response": 1}, "first_response"),
        ("liability", {"cap_fees": "NaN"}, "cap_fees"),
        ("liability", {"cap_fees": "-1"}, "cap_fees"),
        ("liability", {"cap_amount": {"amount": "1", "currency": "XXZ"}}, "cap_amount__currency"),
        ("liability", {"cap_amount": {"amount": "1.005", "currency": "EUR"}}, "cap_amount__amount"),
        ("changes", {"contract_changes": "never"}, "contract_changes"),
        ("service_level", {"first_response": "soon"}, "first_response"),
    ],
)
def test_what_no_clause_can_say_is_refused_at_its_field(shape: str, terms: Any, problem: str) -> None:
    with pytest.raises(ValidationError) as refused:
        SHAPES[shape].check(terms)
    assert list(refused.value.message_dict) == [problem]


def test_terms_are_stored_in_one_way_and_said_with_units() -> None:
    held = SHAPES["liability"].check(
        {"cap_fees": " 1.50 ", "cap_amount": {"amount": "250,000", "currency": "eur"}}
    )
    assert held == {"cap_fees": "1.5", "cap_amount": {"amount": "250000", "currency": "EUR"}}
    assert SHAPES["liability"].words(held) == [
        ("Cap in yearly fees", "1.5 × yearly fees"),
        ("Cap as an amount", "€250,000"),
    ]
    assert SHAPES["liability"].check({"cap_fees": "", "cap_amount": {"amount": "", "currency": ""}}) == {}


@pytest.mark.django_db
def test_the_library_that_comes_with_the_product_holds_by_its_own_rules() -> None:
    library = read_library()
    assert list(library) == [first.key for first in FIRST_FAMILIES]
    assert not ClauseVersion.objects.exclude(state="published").exists()
    for standard in library.values():
        for each in standard.texts:
            assert standard.shape.check(each.terms) == each.terms
            tier = Tier(slug=each.tiers[0], label="T") if each.tiers else None
            (found,) = assess_by(library, tier, [each.clause(standard.family)])
            assert found.kind == ("preferred" if each.is_preferred else "fallback")


@pytest.mark.django_db
def test_an_account_is_judged_by_its_tier_in_few_queries(django_assert_max_num_queries: Any) -> None:
    library = read_library()
    clauses = [library[key].texts[1].clause(key) for key in library]
    for tier, kinds in (("strategic", {"fallback"}), ("standard", {"outside"})):
        account = make_account(tier)
        with django_assert_max_num_queries(4):
            assert {found.kind for found in assess(account, clauses)} == kinds
