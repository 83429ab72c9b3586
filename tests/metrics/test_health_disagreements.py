"""Where judgements contradict each other: on the account, in lists, in conditions, and only for who may know."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from accounts.conditions.expression import ConditionError, parse_condition
from accounts.conditions.query import matching
from accounts.lenses import columns, panels
from accounts.listing.keyset import Order, decode_cursor, read_page
from accounts.models import Account, Standing
from metrics.engine.plan import today
from metrics.health.disagreement import disagreements
from metrics.health.sentiment import end_sentiment, set_sentiment
from metrics.models import AccountSentiment, HealthModel, HealthScore, MetricValue, RefreshRun, Sentiment
from people.access import access_of
from people.services import change_access
from tests.accounts.rows import make_listed
from tests.users import client_as, make_user

pytestmark = pytest.mark.django_db
LIST = "metrics.health_score,metrics.confidence,metrics.sentiment,metrics.disagreements"


def make(name: str, band: str, **numbers: float) -> Account:
    """Create an account of a band with stored numbers of today."""
    score = {"green": Decimal(90), "amber": Decimal(60), "red": Decimal(20)}[band]
    account = make_listed(name, standing={"health": score, "health_band": band})
    RefreshRun.objects.get_or_create(as_of=today(), state="done", defaults={"cause": "test"})
    model = HealthModel.objects.published().earliest("pk")
    count = model.components.count()
    HealthScore.objects.create(
        as_of=today(),
        account=account,
        model=model,
        values=[1] * count,
        points=[score] * count,
        score=score,
        exact=score,
        band=band,
        coverage=1,
        confidence=Decimal("0.8"),
    )
    for key, value in numbers.items():
        MetricValue.objects.create(
            account=account, as_of=today(), key=key.replace("__", "."), value=Decimal(str(value))
        )
    return account


def say(account: Account, value: int) -> None:
    set_sentiment(
        account=account,
        value=value,
        reason="Seen closely.",
        expires_on=today() + timedelta(days=5),
        by=make_user("sales"),
    )


def chips(account: Account, function: str = "revops") -> list[str]:
    page = client_as(function).get(account.get_absolute_url())
    return [chip.text for chip in page.context["header"].chips]


def names(query: str, function: str = "revops") -> list[str]:
    page = client_as(function).get(f"{reverse('accounts:list')}?{query}")
    return [row.name for row in page.context["page"].rows]


@pytest.mark.parametrize(
    ("key", "band", "numbers", "value"),
    [
        ("metrics.green_but_seen_badly", "green", {}, Sentiment.NEGATIVE),
        ("metrics.red_but_seen_well", "red", {}, Sentiment.VERY_POSITIVE),
        ("support.green_but_escalated", "green", {"support__escalations_90d": 1}, None),
        ("support.green_but_late", "green", {"support__late_urgent_tickets": 2}, None),
        ("finance.green_but_shrinking", "green", {"finance__arr_change_90d": -0.05}, None),
        ("finance.green_but_unpaid", "green", {"finance__most_days_late": 60}, None),
        ("engagement.red_but_renewed", "red", {"engagement__renewals_won_90d": 1}, None),
    ],
)
def test_each_shows_where_it_holds_and_nowhere_else(
    key: str, band: str, numbers: dict[str, float], value: int | None
) -> None:
    held, other = make("Held", band, **numbers), make("Other", "amber", **numbers)
    for account in (held, other):
        if value is not None:
            say(account, value)
    asked = parse_condition({"field": "metrics.disagreements", "op": "eq", "value": key})
    assert [account.pk for account in matching(asked)] == [held.pk]
    assert disagreements[key].label in chips(held)
    assert disagreements[key].label not in chips(other)
    shown = panels["metrics.health_makeup"].load_for(held, today(), access_of("revops"))
    assert [one["label"] for one in shown["disagreements"]] == [disagreements[key].label]


def test_every_declared_disagreement_is_tested_above() -> None:
    assert {one.key for one in disagreements} == {
        "metrics.green_but_seen_badly",
        "metrics.red_but_seen_well",
        "support.green_but_escalated",
        "support.green_but_late",
        "finance.green_but_shrinking",
        "finance.green_but_unpaid",
        "engagement.red_but_renewed",
    }


def test_the_list_shows_sorts_and_filters_what_stands_beside_the_score() -> None:
    bad = make("Bad", "green", support__escalations_90d=2)
    good, silent = make("Good", "green"), make("Silent", "red")
    say(bad, Sentiment.VERY_NEGATIVE)
    say(good, Sentiment.POSITIVE)
    page = client_as("revops").get(f"{reverse('accounts:list')}?columns={LIST}&sort=metrics.sentiment")
    assert [row.pk for row in page.context["page"].rows] == [bad.pk, good.pk, silent.pk]
    text = page.content.decode()
    for words in ("Very negative", "Green, but seen badly", "Green, but escalated", "80.0%"):
        assert words in text
    assert names("sentiment=very_negative") == ["Bad"]
    assert names("sentiment=positive&sentiment=very_negative&sort=-metrics.sentiment") == ["Good", "Bad"]
    assert names("disagreement=support.green_but_escalated") == ["Bad"]
    assert names(f"columns={LIST}&sort=-metrics.disagreements")[0] == "Bad"
    export = client_as("revops").get(f"{reverse('accounts:export')}?columns={LIST}")
    assert "Very negative" in b"".join(export.streaming_content).decode()


@pytest.mark.parametrize("key", ["metrics.confidence", "metrics.sentiment", "metrics.disagreements"])
@pytest.mark.parametrize("descending", [False, True])
def test_columns_worked_out_for_the_reader_are_walked_in_order_both_ways(key: str, descending: bool) -> None:
    column, access = columns[key], access_of("revops")
    assert column.annotation is not None
    made = []
    for place, value in enumerate(
        (Sentiment.POSITIVE, None, Sentiment.VERY_NEGATIVE, None, Sentiment.NEGATIVE)
    ):
        made.append(
            make(f"Walked {place}", "green", **({} if place % 2 else {"support__escalations_90d": 1}))
        )
        HealthScore.objects.filter(account=made[-1]).update(confidence=Decimal(place % 3) / 10)
        if value is not None:
            say(made[-1], value)
    accounts = Account.objects.live().annotate(**{column.field: column.annotation(access)})
    values = dict(accounts.values_list("pk", column.field))
    known = sorted((pk for pk in values if values[pk] not in (None, "")), key=lambda pk: (values[pk], pk))
    blank = sorted(pk for pk in values if values[pk] in (None, ""))
    expected = [*known[::-1], *blank[::-1]] if descending else [*known, *blank]
    assert len(known) > 1
    order, seen, cursor = Order(column, descending), [], ""
    while True:
        after = decode_cursor(cursor, column) if cursor else None
        page = read_page(accounts, order, ["name"], 2, after=after)
        seen += [row[0] for row in page.rows]
        cursor = page.next
        if not cursor:
            break
    assert seen == expected
    back = read_page(accounts, order, ["name"], 2, before=decode_cursor(page.previous, column))
    assert [row[0] for row in back.rows] == expected[-3:-1]


def test_what_ended_or_expired_is_nowhere_any_more() -> None:
    account = make("Fine", "green")
    say(account, Sentiment.NEGATIVE)
    assert "Seen as negative" in chips(account)
    AccountSentiment.objects.update(starts_on=today() - timedelta(days=9), expires_on=today())
    assert chips(account) == []
    assert names("sentiment=negative") == []
    say(account, Sentiment.NEGATIVE)
    end_sentiment(account=account, by=make_user("sales"))
    assert chips(account) == []
    asked = parse_condition({"field": "metrics.sentiment", "op": "eq", "value": "negative"})
    assert not matching(asked).exists()
    past = matching(asked, as_of=today() - timedelta(days=5))
    assert [one.pk for one in past] == [account.pk]


def test_whoever_may_not_read_the_reason_knows_nothing_of_it() -> None:
    change_access(levels={("finance", "support_history"): "none"})
    account = make("Quiet", "green", support__escalations_90d=2)
    label = disagreements["support.green_but_escalated"].label
    assert label not in chips(account, "finance")
    assert label in chips(account, "support")
    page = client_as("finance").get(f"{reverse('accounts:list')}?columns={LIST}")
    assert label not in "".join(row.cells for row in page.context["page"].rows)
    for asked in (
        {"field": "metrics.disagreements", "op": "eq", "value": "support.green_but_escalated"},
        {"field": "metrics.disagreements", "op": "is_set"},
    ):
        with pytest.raises(ConditionError):
            parse_condition(asked, access=access_of("finance"))
    told = client_as("finance").get(reverse("metrics:health", args=[account.pk])).content.decode()
    assert disagreements["support.green_but_escalated"].told not in told


def test_a_header_tells_nobody_that_a_disagreement_is_kept_from_them() -> None:
    """A mark in its place would say the same: that something of support speaks against a green score."""
    account, other = make("Told", "green", support__escalations_90d=2), make("Plain", "green")
    headers = []
    for one in (account, other):
        page = client_as("finance").get(f"{reverse('accounts:detail', args=[one.pk])}?lens=finance")
        header = page.context["header"]
        headers.append(([chip.text for chip in header.chips], header.hidden_chips))
    assert headers[0] == headers[1]


def test_totals_are_enough_for_what_asks_no_more() -> None:
    """Sales read totals of revenue, which a fall of ARR is; the panel says it to them, so the header does too."""
    account = make("Shrunk", "green", finance__arr_change_90d=-0.2)
    label = disagreements["finance.green_but_shrinking"].label
    assert label in chips(account, "sales")
    assert label not in chips(account, "marketing")


def test_a_present_disagreement_can_be_asked_at_large() -> None:
    account, _ = make("Held", "green", support__escalations_90d=1), make("Other", "green")
    found: Any = {
        op: matching(parse_condition({"field": "metrics.disagreements", "op": op}))
        for op in ("is_set", "is_empty")
    }
    assert {op: sorted(one.name for one in accounts) for op, accounts in found.items()} == {
        "is_set": [account.name],
        "is_empty": ["Other"],
    }


def test_the_card_of_disagreements_is_in_the_order_of_revenue_only_for_who_may_read_it() -> None:
    small, large = (make(name, "green", support__escalations_90d=1) for name in ("Small", "Large"))
    for account, arr in ((small, 10), (large, 900)):
        Standing.objects.filter(account=account).update(arr=arr)

    def listed() -> list[str]:
        page = client_as("customer_success").get(reverse("home_panel", args=["metrics.disagreements"]))
        return [row["name"] for row in page.context["card"].data["accounts"]]

    assert listed() == ["Large", "Small"]
    change_access(levels={("customer_success", "revenue"): "none"})
    assert listed() == ["Small", "Large"]
