"""The page of an account's health, and what people say of the account beside its score."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse

from accounts.models import Account, TimelineEvent
from metrics.engine.plan import today
from metrics.health.content import ComponentDraft, Content, LimitDraft
from metrics.health.explain import makeup_title
from metrics.health.redaction import CLOSED_LIMIT
from metrics.health.score import store_scores
from metrics.health.sentiment import LONGEST_DAYS, end_sentiment, set_sentiment
from metrics.health.services import create_health_draft, publish_health_model
from metrics.lens import HealthTrend
from metrics.models import AccountSentiment, HealthScore, MetricValue, Sentiment
from tests.metrics.facts import LAST, make_account
from tests.metrics.test_health import put, put_all
from tests.users import client_as, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("model_1")]


@pytest.fixture
def account() -> Account:
    """A customer who fell: usage halved, nobody called, one number missing today."""
    found = make_account(name="Falling Ltd")
    before = today() - timedelta(days=30)
    put_all(found, before)
    put_all(found, today(), product__usage_trend="0.41", engagement__days_since_touch=70)
    MetricValue.objects.filter(as_of=today(), key="engagement.committee_roles").delete()
    for day in (before, today()):
        store_scores(day, 0, LAST)
    return found


def url(account: Account, name: str = "health", query: str = "") -> str:
    return reverse(f"metrics:{name}", args=[account.pk]) + query


def page(account: Account, function: str = "customer_success", query: str = "") -> Any:
    return client_as(function).get(url(account, query=query))


def text(answer: Any) -> str:
    return str(answer.content.decode()).replace("&#x27;", "'").replace("&#39;", "'")


def say(account: Account, value: int = Sentiment.NEGATIVE, days: int = 30, **more: Any) -> AccountSentiment:
    by = more.pop("by", None) or make_user("sales")
    return set_sentiment(
        account=account,
        value=value,
        reason=more.pop("reason", "Their buyer left."),
        expires_on=today() + timedelta(days=days),
        by=by,
    )


def test_the_page_explains_the_score_its_gaps_the_change_and_the_way_to_green(account: Account) -> None:
    answer = page(account)
    told = answer.context["health"]
    shown = sum(part.contribution for part in told.components if not part.is_missing)
    assert shown + told.held == told.total
    assert [gap.label for gap in told.gaps] == ["Committee roles engaged"]
    assert "connect one" in told.gaps[0].remedy
    change = answer.context["comparison"].change
    assert sum(part.points for part in change.parts) == change.total < 0
    assert answer.context["way"]["proposals"]
    for words in ("What would bring it to green", "The least effort", "Missing and stale inputs"):
        assert words in text(answer)


def test_any_two_days_are_compared_and_what_cannot_be_says_why(account: Account) -> None:
    early = today() - timedelta(days=10)
    change = page(account, query=f"?start={early}&end={today()}").context["comparison"].change
    assert (change.before.as_of, change.after.as_of) == (today() - timedelta(days=30), today())
    assert "has no score on" in text(page(account, query="?start=2001-01-01"))
    assert "Choose days further apart" in text(page(account, query=f"?start={today()}"))
    assert "Write a day such as" in text(page(account, query="?start=soon"))


def test_an_account_without_a_number_is_told_what_is_missing(account: Account) -> None:
    for key in ("product.usage_trend", "product.days_since_last_use", "product.features_used_30d"):
        MetricValue.objects.filter(as_of=today(), key=key).delete()
    store_scores(today(), 0, LAST)
    answer = page(account)
    assert HealthScore.objects.get(account=account, as_of=today()).score is None
    assert "Insufficient data" in text(answer)
    assert {"Usage trend", "Last use"} <= {gap.label for gap in answer.context["health"].gaps}
    assert answer.context["way"] is None
    target = make_account(lifecycle="target")
    assert "No score yet" in text(page(target))


def test_closed_numbers_are_redacted_and_the_sum_stays_true(account: Account) -> None:
    answer = page(account, "marketing")
    told = answer.context["health"]
    *bars, total = told.waterfall.series[0].values
    assert sum(bars) == total == told.total
    assert "Redacted parts" in told.waterfall.categories
    assert "0.41" not in text(answer)
    assert all(
        move["key"] != "product.usage_trend"
        for one in answer.context["way"]["proposals"]
        for move in one["moves"]
    )


def test_the_title_names_the_limit_or_what_lacks_most(account: Account) -> None:
    answer = page(account)
    told = answer.context["health"]
    most = max((part.lost, part.label) for part in told.components if not part.is_missing)
    assert most[1] == "Usage trend"
    assert told.waterfall.title.startswith("Usage trend costs ")
    assert not page(account, "support").context["health"].waterfall.title.startswith("Usage trend")
    score = HealthScore(score=74, limit="Held")
    assert makeup_title(score, [], "Held") == "Held at 74 by a limit: Held"
    assert makeup_title(score, [], CLOSED_LIMIT) == "Held at 74 by a limit"


def test_a_limit_is_named_to_whoever_may_read_what_it_asks_and_to_nobody_else() -> None:
    """Whatever else is open: the components here are open to finance, the condition isn't, and the other way round."""
    part = ComponentDraft(
        key="finance.days_beyond_terms",
        label="Days beyond terms",
        group="finance",
        weight=Decimal(1),
        curve=((Decimal(0), Decimal(90)), (Decimal(60), Decimal(0))),
    )
    limit = LimitDraft(
        label="Burning tickets",
        kind="ceiling",
        condition={"field": "support.urgent_open_tickets", "op": "gte", "value": 2},
        points=Decimal(40),
    )
    publish_health_model(
        model=create_health_draft(by=None, content=Content(components=(part,), limits=(limit,)))
    )
    found, before = make_account(), today() - timedelta(days=30)
    for day, urgent in ((before, 0), (today(), 3)):
        put(found, day, finance__days_beyond_terms=6, support__urgent_open_tickets=urgent)
        store_scores(day, 0, LAST)
    assert HealthScore.objects.get(account=found, as_of=today()).limit == "Burning tickets"
    lens = reverse("accounts:panel", args=[found.pk, "metrics.health_makeup"])
    for function, is_named in (("finance", False), ("support", True), ("revops", True)):
        answer = page(found, function)
        told, change = answer.context["health"], answer.context["comparison"].change
        assert told.limit == ("Burning tickets" if is_named else "A limit"), function
        assert told.waterfall.title.endswith("Burning tickets") is is_named
        assert [part.label for part in change.parts if part.key == "limit"] == [told.limit]
        assert [one["label"] for one in answer.context["way"]["ceilings"]] == [told.limit]
        files = "".join(str(list(offer.table().rows)) for offer in answer.context["exports"])
        shown = text(answer) + text(client_as(function).get(lens)) + files
        assert ("Burning tickets" in shown) is is_named, function


def test_the_files_add_up_as_the_page_does(account: Account) -> None:
    say(account)
    offers = page(account).context["exports"]
    assert [offer.key for offer in offers] == ["components", "change", "green", "sentiment"]
    rows = list(offers[0].table().rows)
    assert sum(row[-1] for row in rows[:-1] if row[-1] is not None) == rows[-1][-1]


def test_a_sentiment_holds_until_its_day_and_is_replaced_by_the_next(account: Account) -> None:
    first = say(account, Sentiment.POSITIVE, days=5)
    second = say(account, Sentiment.VERY_NEGATIVE, days=10)
    assert [one.pk for one in AccountSentiment.objects.in_force(today())] == [second.pk]
    first.refresh_from_db()
    assert first.ended_on == today()
    for ahead, holds in ((9, True), (10, False)):
        assert AccountSentiment.objects.in_force(today() + timedelta(days=ahead)).exists() is holds
    assert [event.title for event in TimelineEvent.objects.filter(account=account).order_by("pk")][
        -1
    ].startswith("Sentiment: very negative")
    end_sentiment(account=account, by=make_user("leadership"))
    assert not AccountSentiment.objects.in_force(today()).exists()
    with pytest.raises(ValidationError, match="Nothing is in force"):
        end_sentiment(account=account, by=make_user("leadership"))
    assert AccountSentiment.objects.of(account.pk, today()).count() == 2


def test_a_sentiment_never_touches_the_score(account: Account) -> None:
    before = HealthScore.objects.get(account=account, as_of=today()).exact
    say(account, Sentiment.VERY_NEGATIVE)
    assert HealthScore.objects.get(account=account, as_of=today()).exact == before, "at once"
    store_scores(today(), 0, LAST)
    assert HealthScore.objects.get(account=account, as_of=today()).exact == before, "nor in the next night"


def test_what_is_said_needs_a_reason_a_word_and_a_near_end(account: Account) -> None:
    by = make_user("sales")
    for wrong in ({"value": 3}, {"reason": " "}, {"reason": "x" * 501}):
        with pytest.raises(ValidationError):
            say(account, **{"by": by, **wrong})  # type: ignore[arg-type]
    for days in (0, LONGEST_DAYS + 1):
        with pytest.raises(ValidationError, match="Choose a day"):
            say(account, days=days, by=by)
    with pytest.raises(PermissionDenied, match="Finance reads it"):
        say(account, by=make_user("finance"))
    say(account, by=by)
    with pytest.raises(IntegrityError), transaction.atomic():
        AccountSentiment.objects.create(
            account=account,
            value=0,
            reason="Beside it",
            author=by,
            starts_on=today(),
            expires_on=today() + timedelta(days=1),
        )


def test_the_form_says_it_refuses_with_the_remedy_and_takes_back(account: Account) -> None:
    client = client_as("sales")
    sent = {"value": "-2", "reason": "Board wants out.", "expires_on": str(today() + timedelta(days=9))}
    refused = client.post(url(account, "sentiment"), {**sent, "reason": ""})
    assert refused.status_code == 422
    assert "Say why" in text(refused)
    far = client.post(url(account, "sentiment"), {**sent, "expires_on": str(today() + timedelta(days=999))})
    assert "Choose a day from tomorrow" in text(far)
    assert client.post(url(account, "sentiment"), sent).status_code == 302
    shown = text(client.get(url(account)))
    assert "Very negative" in shown
    assert "Board wants out." in shown
    assert client.post(url(account, "sentiment_end")).status_code == 302
    assert "Nothing is in force" in text(client.post(url(account, "sentiment_end"), follow=True))
    assert client_as("finance").post(url(account, "sentiment"), sent).status_code == 403
    assert "Finance reads it" in text(page(account, "finance"))


def test_a_past_day_shows_what_was_said_then(account: Account) -> None:
    AccountSentiment.objects.create(
        account=account,
        value=Sentiment.POSITIVE,
        reason="Went live.",
        author=make_user("sales"),
        starts_on=today() - timedelta(days=40),
        expires_on=today() - timedelta(days=20),
    )
    past = page(account, query=f"?as_of={today() - timedelta(days=30)}")
    assert past.context["sentiment"].reason == "Went live."
    assert past.context["health"].score.band == "green"
    assert page(account).context["sentiment"] is None
    assert Decimal(1) == past.context["health"].score.coverage
    today_page = f'<a href="{url(account)}">Say how you see it</a>'
    assert today_page in text(past), "no dead end: where it can be said"
    assert today_page not in text(page(account))


def test_the_trend_gives_each_day_its_place_so_that_a_month_is_longer_than_a_night(account: Account) -> None:
    put_all(account, today() - timedelta(days=1))
    store_scores(today() - timedelta(days=1), 0, LAST)
    chart = HealthTrend().load(account, today())["chart"]
    values = chart.series[0].values
    assert [index for index, value in enumerate(values) if value is not None] == [0, 29, 30]
    assert len(chart.rows()) == 3, "the table tells only of days with a score"
