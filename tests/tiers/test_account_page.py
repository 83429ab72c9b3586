"""The page of an account's tier: what it shows to whom, and what RevOps decides there."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Standing, Tier
from metrics.engine.plan import today
from people.access import access_of
from people.configuration.history import Asked, read_saves
from people.configuration.registry import sections
from people.functions import Function
from tests.metrics.facts import make_account, refresh
from tests.tiers.facts import at_least, began, make_worth, publish, set_worth, tier_of
from tests.users import client_as, client_of, make_user
from tiers.assignment.assign import apply_rule_set
from tiers.content import EVERYONE, Content, Rule
from tiers.history import answers_of
from tiers.models import RuleSet, TierOverride
from tiers.services import override_tier

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def test_it_tells_how_the_account_came_to_its_tier_and_what_waits() -> None:
    account = make_worth(100_000, name="Acme")
    publish(by=make_user("revops", name="Rita Rule"))
    apply_rule_set()
    began(account, today() - 200 * DAY)
    set_worth(account, 50_000)
    apply_rule_set()
    page = client_as("revops").get(reverse("tiers:account", args=[account.pk])).content.decode()
    for text in (
        "Rule “Large” of version 1",
        "which Rita Rule published",
        "Waits to move from Strategic to Growth",
        "ARR $50,000 ≥ $90,000 to stay: no",
        "ARR $50,000 ≥ $18,000 to stay: yes",
        "Put into this tier",
    ):
        assert text in page, text


def test_values_that_the_reader_may_not_see_stay_closed() -> None:
    account = make_worth(123_456, name="Acme")
    publish()
    apply_rule_set()
    page = client_as("support").get(reverse("tiers:account", args=[account.pk])).content.decode()
    assert "123,456" not in page
    assert "not shown" in page
    assert "Rule “Large” of version 1" in page
    assert "Put into this tier" not in page


def test_revops_overrides_and_ends_it_there() -> None:
    account, by = make_worth(30_000, name="Acme"), make_user("revops")
    publish(by=by)
    apply_rule_set()
    began(account, today() - 5 * DAY)
    client = client_of(by)
    given = {"tier": "strategic", "how": "override", "ends_on": str(today() + 20 * DAY), "reason": "Board"}
    refused = client.post(reverse("tiers:decide", args=[account.pk]), {**given, "ends_on": ""})
    assert refused.status_code == 422
    assert "Choose the day on which it ends." in refused.content.decode()
    assert "Board" in refused.content.decode(), "nothing typed is lost"
    late = client.post(reverse("tiers:decide", args=[account.pk]), {**given, "ends_on": str(today())})
    assert "Choose a day after the first one" in late.content.decode()
    done = client.post(reverse("tiers:decide", args=[account.pk]), given, follow=True)
    assert "Acme is Strategic until" in done.content.decode()
    assert tier_of(account) == "strategic"
    override = TierOverride.objects.get()
    shown = client.get(reverse("tiers:account", args=[account.pk])).content.decode()
    assert "By the rules the account becomes Growth at once." in shown
    ending = reverse("tiers:end_override", args=[account.pk, override.pk])
    silent = client.post(ending)
    assert silent.status_code == 422
    assert "Say why, so that others understand it later." in silent.content.decode()
    assert tier_of(account) == "strategic"
    client.post(ending, {"reason": "A mistake"})
    assert tier_of(account) == "growth"
    assert TierOverride.objects.get().end_reason == "A mistake"
    again = client.post(ending, {"reason": "A mistake"}, follow=True)
    assert "ended already" in again.content.decode()
    client.post(reverse("tiers:decide", args=[account.pk]), {**given, "how": "hand", "tier": "enterprise"})
    assert tier_of(account) == "enterprise"


@pytest.mark.parametrize("function", [one for one in Function if one != Function.REVOPS])
def test_others_may_look_and_not_decide(function: Function) -> None:
    account = make_account("growth")
    client = client_as(function)
    assert client.get(reverse("tiers:account", args=[account.pk])).status_code == 200
    given = {"tier": "strategic", "how": "override", "ends_on": str(today() + DAY), "reason": "x"}
    assert client.post(reverse("tiers:decide", args=[account.pk]), given).status_code == 403
    assert not TierOverride.objects.exists()


def test_no_form_data_gives_an_error_page() -> None:
    account = make_account("growth")
    client = client_as("revops")
    for given in (
        {},
        {"tier": "\x00", "how": "x", "ends_on": "9999-12-31", "reason": "\x00"},
        {"tier": "growth", "how": "override", "ends_on": "9999-12-31", "reason": "x"},
        {"tier": "growth", "how": "override", "ends_on": "2026-13-01", "reason": "x" * 5000},
    ):
        assert client.post(reverse("tiers:decide", args=[account.pk]), given).status_code == 422
    assert client.get(reverse("tiers:account", args=[10**12])).status_code == 404


def test_the_account_page_shows_the_newest_times() -> None:
    account = make_worth(30_000)
    publish()
    apply_rule_set()
    client = client_as("revops")
    assert "Tier history" in client.get(f"{account.get_absolute_url()}?lens=overview").content.decode()
    page = client.get(reverse("accounts:panel", args=[account.pk, "tiers.history"])).content.decode()
    assert "Rule “Middle” of version 1" in page


def test_a_time_that_began_before_records_is_shown_and_an_override_asks_by_what_was_held_before_it() -> None:
    account = make_account("strategic", name="Acme")
    refresh(today() - DAY)
    Standing.objects.filter(account=account).update(arr=95_000)
    publish()
    apply_rule_set()
    client = client_as("revops")
    page = client.get(reverse("tiers:account", args=[account.pk])).content.decode()
    assert "before records" in page
    assert "ARR $95,000 ≥ $90,000 to stay: yes" in page
    override_tier(
        account=account,
        tier=Tier.objects.get(slug="standard"),
        reason="Dormant",
        by=make_user("revops"),
        ends_on=today() + DAY,
    )
    page = client.get(reverse("tiers:account", args=[account.pk])).content.decode()
    assert "ARR $95,000 ≥ $90,000 to stay: yes" in page, "the override takes no threshold away"


def test_the_audit_names_who_overrode_and_who_ended_it() -> None:
    account, one, other = make_worth(30_000), make_user("revops"), make_user("revops")
    publish(by=one)
    given = {"tier": "strategic", "how": "override", "ends_on": str(today() + 20 * DAY), "reason": "Board"}
    client_of(one).post(reverse("tiers:decide", args=[account.pk]), given)
    held = TierOverride.objects.get()
    later = {"ends_on": str(today() + 30 * DAY)}
    client_of(other).post(reverse("tiers:extend_override", args=[account.pk, held.pk]), later)
    client_of(one).post(reverse("tiers:end_override", args=[account.pk, held.pk]), {"reason": "Left"})
    saves = read_saves(Asked([sections["overrides"]]), size=5)[0]
    assert [save.author for save in saves] == [str(one), str(other), str(one)]


def test_a_decision_begins_with_no_tier_chosen() -> None:
    account = make_account("growth")
    client = client_as(Function.REVOPS)
    given = {"tier": "", "how": "override", "ends_on": str(today() + DAY), "reason": "x"}
    refused = client.post(reverse("tiers:decide", args=[account.pk]), given)
    assert refused.status_code == 422
    assert "Choose the tier." in refused.content.decode()
    assert '<option value="" selected>Choose a tier</option>' in refused.content.decode()


def test_what_many_rules_say_costs_no_query_each() -> None:
    account = make_worth(5_000)

    def queries(count: int) -> int:
        rules = [
            Rule(name=f"From {size}", tier="growth", condition=at_least(10_000 + size, 9_000 + size))
            for size in range(count)
        ]
        publish(Content(rules=(*rules, Rule(name="Rest", tier="standard", condition=EVERYONE))), revops)
        rule_set = RuleSet.objects.published().get()
        with CaptureQueriesContext(connection) as asked:
            answers = answers_of(account, rule_set, access_of("support"))
        assert len(answers) == count + 1
        return len(asked)

    revops = make_user("revops")
    assert queries(12) == queries(2)
