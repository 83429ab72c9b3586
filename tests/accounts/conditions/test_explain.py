"""Why a condition holds for an account: sentences, gaps, what may not be shown, and past days."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.conditions.explain import Finding, explain
from accounts.conditions.expression import parse_condition
from accounts.conditions.query import matching
from accounts.models import Account
from metrics.models import MetricValue, RefreshRun
from people.access import access_of
from tests.accounts.rows import TODAY, days_ago, make_listed

pytestmark = pytest.mark.django_db

ARR = {"field": "finance.arr", "op": "gte", "value": 150000, "stay": 135000}


@pytest.fixture
def account(db: None) -> Account:
    return make_listed(
        "Acme",
        "growth",
        industry="Energy",
        country="DE",
        employees=1,
        workspace_ids=["w1"],
        standing={
            "arr": Decimal(140000),
            "nrr": Decimal("1.0731"),
            "renewal_on": TODAY + timedelta(days=40),
            "health_band": "amber",
        },
    )


def told(data: dict[str, Any], account: Account, **asked: Any) -> Finding:
    return explain(parse_condition(data), account, **asked)[account.pk]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (ARR, "ARR $140,000 ≥ $150,000: no"),
        ({**ARR, "value": 140000.5, "op": "lt", "stay": None}, "ARR $140,000 < $140,000.50: yes"),
        ({"field": "finance.nrr", "op": "gt", "value": 1.073}, "NRR 107.31% > 107.3%: yes"),
        ({"field": "finance.grr", "op": "gte", "value": 0.9}, "GRR has no value (≥ 90%): no"),
        ({"field": "accounts.employees", "op": "is_set"}, "Employees is set (1\u00a0person): yes"),
        ({"field": "accounts.domain", "op": "is_empty"}, "Domain has no value (is empty): yes"),
        (
            {"field": "accounts.industry", "op": "in", "value": ["Retail", "energy"]},
            "Industry “Energy” is one of “Retail” or “energy”: yes",
        ),
        (
            {"field": "accounts.country", "op": "not_in", "value": ["DE", "FR", "US"]},
            "Country Germany is none of Germany, France or United States: no",
        ),
        (
            {"field": "accounts.has_parent", "op": "eq", "value": True},
            "Has a parent company: no, wanted yes: no",
        ),
        ({"field": "accounts.workspaces", "op": "contains", "value": "w1"}, "Workspaces “w1” has “w1”: yes"),
    ],
)
def test_a_comparison_reads_as_a_sentence(account: Account, data: dict[str, Any], sentence: str) -> None:
    found = told(data, account)
    assert found.sentence == sentence
    assert found.holds is sentence.endswith("yes")


def test_figures_that_differ_are_told_apart(account: Account) -> None:
    account.standing.arr = Decimal("149999.60")
    account.standing.save()
    assert told(ARR, account).sentence == "ARR $149,999.6 ≥ $150,000: no"


@pytest.mark.parametrize(
    ("data", "gap"),
    [
        (ARR, 10000),
        ({**ARR, "op": "lte", "stay": None}, -10000),
        ({**ARR, "op": "between", "value": [100000, 130000], "stay": None}, 10000),
        ({"field": "finance.renewal_on", "op": "within_next_days", "value": 30}, 10),
        ({"field": "finance.renewal_on", "op": "within_last_days", "value": 30}, 40),
        ({"field": "finance.renewal_on", "op": "more_than_days_ahead", "value": 30}, -10),
        ({"field": "finance.renewal_on", "op": "after", "value": TODAY.isoformat()}, -40),
        ({"field": "finance.grr", "op": "gte", "value": 0.9}, None),
        ({"field": "accounts.industry", "op": "eq", "value": "Retail"}, None),
    ],
)
def test_the_gap_is_in_the_fields_unit(account: Account, data: dict[str, Any], gap: int | None) -> None:
    assert told(data, account).gap == gap


def test_whoever_is_in_is_held_to_the_threshold_to_stay(account: Account) -> None:
    entering, staying = told(ARR, account), told(ARR, account, is_held=True)
    assert (entering.holds, entering.is_stay) == (False, False)
    assert (staying.holds, staying.is_stay) == (True, True)
    assert staying.sentence == "ARR $140,000 ≥ $135,000 to stay: yes"
    assert matching(parse_condition(ARR)).count() == 0
    assert matching(parse_condition(ARR), is_held=True).get() == account


def test_groups_say_how_many_parts_hold(account: Account) -> None:
    energy = {"field": "accounts.industry", "op": "eq", "value": "Energy"}
    plain = {**ARR, "stay": None}
    found = told({"all": [ARR, energy, {"not": {"any": [plain, energy]}}]}, account)
    assert found.sentence == "All of these hold: no (1 of 3)"
    assert found.parts[2].sentence == "This doesn't hold: no"
    assert found.parts[2].parts[0].sentence == "At least one of these holds: yes (1 of 2)"
    assert [leaf.path for leaf in found.leaves()] == [
        "/all/0",
        "/all/1",
        "/all/2/not/any/0",
        "/all/2/not/any/1",
    ]
    assert told({"all": []}, account).sentence == "Every account: yes"


def test_a_missing_value_is_false_and_its_negation_true(account: Account) -> None:
    grr = {"field": "finance.grr", "op": "ne", "value": 1}
    assert told(grr, account).missing
    assert not told(grr, account).holds
    assert told({"not": grr}, account).holds


def test_what_may_not_be_read_is_redacted(account: Account) -> None:
    energy = {"field": "accounts.industry", "op": "eq", "value": "Energy"}
    support = access_of("support")
    found = told({"all": [ARR, energy]}, account, access=support)
    hidden = found.parts[0]
    assert (hidden.actual, hidden.actual_words, hidden.gap, hidden.holds) == (None, "", None, None)
    assert hidden.redacted == "Support does not read revenue. RevOps can change this."
    assert "140" not in str(found)
    assert found.holds is None
    assert told({"any": [ARR, energy]}, account, access=support).holds is True
    assert told({"all": [ARR, {"not": energy}]}, account, access=support).holds is False


def test_many_accounts_cost_the_queries_of_one(account: Account) -> None:
    tier = {"field": "accounts.tier", "op": "in", "value": ["growth"]}
    condition = parse_condition({"all": [ARR, tier, {"field": "finance.grr", "op": "gte", "value": 1}]})
    with CaptureQueriesContext(connection) as one:
        explain(condition, Account.objects.all())
    for number in range(30):
        make_listed(f"Other {number}", "growth", standing={"arr": number})
    with CaptureQueriesContext(connection) as many:
        assert len(explain(condition, Account.objects.all())) == 31
    assert len(many) == len(one)
    assert sum("accounts_account" in query["sql"] for query in many.captured_queries) == 1


def test_an_own_field_is_looked_for_once(account: Account) -> None:
    Account.objects.update(custom={"seats": 12, "plan": "gold"})
    seats = {"field": "custom.seats", "op": "gte", "value": 12}
    condition = parse_condition({"any": [{"not": seats}, seats, {**seats, "op": "lt"}]})
    with CaptureQueriesContext(connection) as queries:
        assert matching(condition).count() == 1
    # One look for the field, and the accounts; what types it holds is kept for ten minutes.
    assert len(queries) == 2


def test_a_past_day_says_whose_numbers_it_read(account: Account) -> None:
    RefreshRun.objects.create(as_of=days_ago(12), cause="test", state=RefreshRun.State.DONE)
    MetricValue.objects.create(key="finance.arr", as_of=days_ago(12), account=account, value=200000)
    found = told(ARR, account, as_of=days_ago(10))
    assert found.actual == 200000
    assert found.notes[0].startswith("Numbers are those of ")
    assert told(ARR, account, as_of=days_ago(12)).notes == ()
    too_early = told(ARR, account, as_of=days_ago(13))
    assert too_early.missing
    assert too_early.notes == ("No numbers had been stored by then.",)
    # Numbers older than 45 days stand for nothing.
    assert told(ARR, account, as_of=days_ago(12) + timedelta(days=46)).missing


def test_a_refresh_may_read_its_own_unfinished_day(account: Account) -> None:
    MetricValue.objects.create(key="finance.arr", as_of=days_ago(1), account=account, value=200000)
    RefreshRun.objects.create(as_of=days_ago(1), cause="test")
    condition = parse_condition(ARR)
    assert matching(condition, as_of=days_ago(1)).count() == 0
    assert matching(condition, as_of=days_ago(1), numbers_on=days_ago(1)).get() == account


def test_relative_dates_count_from_the_day_asked_about(account: Account) -> None:
    RefreshRun.objects.create(as_of=days_ago(20), cause="test", state=RefreshRun.State.DONE)
    renewal = (TODAY + timedelta(days=40)).toordinal() - 719163
    MetricValue.objects.create(key="finance.renewal_on", as_of=days_ago(20), account=account, value=renewal)
    soon = parse_condition({"field": "finance.renewal_on", "op": "within_next_days", "value": 40})
    assert matching(soon).count() == 1
    assert matching(soon, as_of=days_ago(20)).count() == 0
    sixty = parse_condition({"field": "finance.renewal_on", "op": "within_next_days", "value": 60})
    assert matching(sixty, as_of=days_ago(20)).count() == 1
