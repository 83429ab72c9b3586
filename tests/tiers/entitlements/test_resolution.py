"""What an account is entitled to: by which version, by which tier, or by its contract."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F, Value
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Account, Tier, TierTenure
from finance.models import Contract
from people.access import Redacted, access_of
from people.models import Category
from tests.metrics.facts import make_account, make_line, make_ticket
from tests.support.promises import keep_all
from tests.tiers.entitlements.facts import TIERS, publish_values, set_values
from tests.tiers.facts import make_draft, publish
from tests.users import make_user
from tiers.entitlements.registry import Clause, ContractSource, contract_sources, kinds
from tiers.entitlements.resolution import entitlement, entitlements_of, today
from tiers.entitlements.tables import differences, table_in_force, table_of
from tiers.models import EntitlementValue
from tiers.services import create_draft

pytestmark = pytest.mark.django_db


def days_ago(days: int) -> date:
    return today() - timedelta(days=days)


def hold(account: Account, tier: str) -> None:
    """Let an account have had a tier for ever."""
    TierTenure.objects.create(
        account=account,
        tier=Tier.objects.get(slug=tier),
        during=(None, None),
        cause=TierTenure.Cause.IMPORT,
    )


def with_terms(account: Account, days: int | None, number: str = "C-1", **line: Any) -> Contract:
    """Give an account a running contract."""
    made = make_line(account, days_ago(100), terms={"payment_terms_days": days, "number": number}, **line)
    return made.contract


@pytest.mark.parametrize("tier", TIERS)
def test_without_a_published_version_the_defaults_hold(tier: str) -> None:
    account = make_account(tier)
    for kind in kinds:
        held = entitlement(account, kind.key)
        assert held.value == kind.defaults.get(tier, kind.defaults["standard"])
        assert (held.source, held.version, held.clause) == ("tier", None, None)
        assert held.tier is not None
        assert held.tier.slug == tier


def test_the_issue_s_own_question_is_answered() -> None:
    held = entitlement(make_account("strategic"), "first_response")
    assert (held.words, held.source, held.origin) == ("30 min", "tier", "Strategic tier")


def test_an_account_without_a_tier_is_treated_as_the_lowest() -> None:
    held = entitlement(make_account(None), "first_response")
    assert (held.words, held.tier, held.origin) == ("24 h", None, "No tier yet")


def test_an_unknown_kind_is_an_error_of_the_asker() -> None:
    with pytest.raises(KeyError):
        entitlement(make_account(), "free_lunch")


def test_a_published_version_counts_and_names_itself() -> None:
    rule_set = publish_values({"growth": {"first_response": 45, "channels": ["phone"]}})
    held = entitlements_of([make_account("growth")])
    (of_account,) = held.values()
    assert of_account["first_response"].words == "45 min"
    assert of_account["channels"].words == "phone"
    assert of_account["clock"].words == "business hours"
    assert of_account["first_response"].version == rule_set.version


def test_a_draft_changes_nothing() -> None:
    by = make_user("revops")
    set_values(make_draft(by=by), by, {"growth": {"first_response": 1}})
    assert entitlement(make_account("growth"), "first_response").value == 480


def test_the_contract_s_clause_beats_the_tier() -> None:
    account = make_account("growth")
    with_terms(account, 75)
    held = entitlement(account, "payment_terms")
    assert (held.words, held.source, held.origin) == ("net 75 days", "contract", "Contract C-1")
    assert kinds["payment_terms"].words(held.by_tier) == "net 30 days, prepay"
    assert entitlement(account, "first_response").source == "tier"


def test_contracts_that_differ_give_the_span_between_them() -> None:
    account = make_account("growth")
    with_terms(account, 14, "A")
    with_terms(account, 60, "B")
    held = entitlement(account, "payment_terms")
    assert (held.words, held.origin) == ("net 14 to 60 days", "Contracts A, B")


def test_only_running_paid_contracts_that_say_so_count() -> None:
    account = make_account("growth")
    with_terms(account, None, "silent")
    with_terms(account, 90, "trial", is_trial=True)
    with_terms(account, 90, "over", end=days_ago(1))
    gone = with_terms(account, 90, "gone")
    Contract.objects.filter(pk=gone.pk).update(deleted_at=timezone.now())
    assert entitlement(account, "payment_terms").source == "tier"
    with_terms(make_account(), 90, "another's")
    assert entitlement(account, "payment_terms").source == "tier"


def test_terms_of_any_length_can_be_said() -> None:
    account = make_account()
    with_terms(account, 2**31 - 1)
    assert "2147483647" in entitlement(account, "payment_terms").words


@pytest.mark.parametrize(("function", "is_seen"), [("finance", True), ("legal", True), ("support", False)])
def test_what_a_contract_gave_is_for_readers_of_contracts(function: str, is_seen: bool) -> None:
    account = make_account("growth")
    with_terms(account, 75)
    seen = entitlement(account, "payment_terms").seen_with(access_of(function))
    assert isinstance(seen, Redacted) is not is_seen


def test_many_accounts_cost_no_more_queries_than_one() -> None:
    publish()
    accounts = [make_account(TIERS[number % 4]) for number in range(30)]
    for account in accounts[::3]:
        with_terms(account, 45)
    with CaptureQueriesContext(connection) as of_one:
        entitlements_of(accounts[:1])
    with CaptureQueriesContext(connection) as of_all:
        found = entitlements_of([account.pk for account in accounts])
    assert len(of_all) == len(of_one) == 3
    assert len(found) == 30
    assert sum(held["payment_terms"].source == "contract" for held in found.values()) == 10


def test_nobody_is_entitled_to_anything_by_an_empty_list() -> None:
    assert entitlements_of([]) == {}


values = st.fixed_dictionaries(
    {
        "first_response": st.integers(1, 5000),
        "clock": st.sampled_from(["24x7", "business_hours"]),
        "channels": st.lists(
            st.sampled_from(["phone", "email", "chat"]), min_size=1, max_size=3, unique=True
        ),
        "payment_terms": st.tuples(st.integers(0, 100), st.integers(0, 100)).map(
            lambda days: {"days_from": min(days), "days_to": max(days), "options": []}
        ),
    }
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    by_tier=st.fixed_dictionaries(dict.fromkeys(TIERS, values)),
    tiers=st.lists(st.sampled_from([*TIERS, None]), min_size=1, max_size=6),
    terms=st.lists(st.none() | st.integers(0, 200), min_size=6, max_size=6),
)
def test_every_value_is_the_contract_s_or_the_tier_s_and_says_which(
    by_tier: dict[str, dict[str, Any]], tiers: list[str | None], terms: list[int | None]
) -> None:
    with transaction.atomic():
        rule_set = publish_values(by_tier)
        accounts = [make_account(tier) for tier in tiers]
        agreed = dict(zip([account.pk for account in accounts], terms, strict=False))
        for account in accounts:
            if agreed[account.pk] is not None:
                with_terms(account, agreed[account.pk])
        found = entitlements_of(accounts)
        for account, tier in zip(accounts, tiers, strict=True):
            given_by_tier = by_tier[tier or "standard"]
            for key, kind in ((key, kinds[key]) for key in given_by_tier):
                held = found[account.pk][key]
                wanted = kind.value.check(given_by_tier[key])
                days = agreed[account.pk] if key == "payment_terms" else None
                is_agreed = days is not None
                if is_agreed:
                    wanted = {"days_from": days, "days_to": days, "options": []}
                assert held.value == wanted
                assert held.source == ("contract" if is_agreed else "tier")
                assert held.by_tier == kind.value.check(given_by_tier[key])
                assert held.words == kind.words(wanted)
                assert held.version == rule_set.version
                assert held == entitlement(account, key)
        transaction.set_rollback(True)


def test_a_past_day_has_its_own_tier_and_rules() -> None:
    account = make_account("strategic")
    growth = Tier.objects.get(slug="growth")
    first = publish_values({"growth": {"first_response": 99}}, starts_on=days_ago(20))
    TierTenure.objects.create(
        account=account, tier=growth, during=(None, days_ago(10)), cause=TierTenure.Cause.IMPORT
    )
    publish_values({"growth": {"first_response": 11}})
    then = entitlement(account, "first_response", as_of=days_ago(15))
    assert (then.words, then.version) == ("1 h 39 min", first.version)
    assert then.tier == growth
    assert entitlement(account, "first_response", as_of=days_ago(30)).words == "8 h"
    now = entitlement(account, "first_response")
    assert (now.words, now.tier and now.tier.slug) == ("30 min", "strategic")


def test_a_new_draft_begins_with_what_it_is_based_on() -> None:
    first = publish_values({"growth": {"first_response": 99}})
    by = make_user("revops")
    draft = create_draft(by=by)
    assert draft.based_on == first
    table = table_of(draft)
    growth = table.tiers["growth"]
    assert table.words(kinds["first_response"], growth) == "1 h 39 min"
    assert EntitlementValue.objects.filter(rule_set=draft).count() == len(TIERS) * len(kinds)
    set_values(draft, by, {"growth": {"first_response": 60}, "standard": {"clock": "24x7"}})
    assert differences(table_of(first), table_of(draft)) == [
        "Growth, first response: 1 h instead of 1 h 39 min",
        "Standard, clock: 24x7 instead of business hours",
    ]


def test_the_version_s_content_and_its_differences_hold_its_entitlements() -> None:
    by = make_user("revops")
    draft = make_draft(by=by)
    digest = draft.digest
    set_values(draft, by, {"growth": {"first_response": 60}})
    assert draft.digest != digest
    from tiers.words import differences as told

    newest, before = draft.revisions.all()[:2]
    assert told(before.content, newest.content) == ["Growth, first response: 8 h, now 1 h"]


@pytest.mark.parametrize("write", ["update", "delete", "insert"])
def test_the_database_keeps_a_published_version_s_values(write: str) -> None:
    rule_set = publish()
    rows = EntitlementValue.objects.filter(rule_set=rule_set)
    tier = Tier.objects.all()[0]
    writes: dict[str, Callable[[], object]] = {
        "update": lambda: rows.update(value=1),
        "delete": rows.delete,
        "insert": lambda: EntitlementValue.objects.create(rule_set=rule_set, tier=tier, key="new", value=1),
    }
    with pytest.raises(IntegrityError), transaction.atomic():
        writes[write]()
    assert table_in_force().value(kinds["first_response"], Tier.objects.get(slug="growth")) == 480


def test_a_kind_declared_after_a_version_has_its_defaults_there() -> None:
    by = make_user("revops")
    draft = make_draft(by=by)
    EntitlementValue.objects.filter(rule_set=draft, key="clock").delete()
    table = table_of(draft)
    assert table.words(kinds["clock"], table.tiers["strategic"]) == "24x7"


def test_late_tickets_are_judged_by_the_contract_where_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clause about first responses counts in the nightly number too, the day somebody declares one."""
    from support.models import Ticket

    patient, eager = make_account("strategic"), make_account("strategic")
    for account in (patient, eager):
        hold(account, "strategic")
        make_ticket(account, days_ago(1))
    source = ContractSource(
        key="first_response",
        category=Category.CONTRACTS,
        query=lambda day: Account.objects.filter(pk=patient.pk).values(
            account_id=F("pk"), value=Value(5 * 24 * 60)
        ),
        value=lambda row: row["value"],
        clause=lambda row: Clause(words="Contract X"),
    )
    monkeypatch.setitem(contract_sources._items, "first_response", source)
    keep_all()
    assert [ticket.account for ticket in Ticket.objects.late_on(days_ago(1))] == [eager]


def test_late_tickets_are_judged_by_the_rules_in_force_that_day() -> None:
    from support.models import Ticket

    make_ticket(make_account("strategic"), days_ago(2))
    publish_values({"strategic": {"first_response": "3 days"}})
    keep_all()
    assert not Ticket.objects.late_on(days_ago(0)).exists()
    publish_values({"strategic": {"first_response": "5 min"}})
    keep_all()
    assert Ticket.objects.late_on(days_ago(0)).exists()
    assert not Ticket.objects.late_on(days_ago(1)).exists()
