"""How fresh feeds are: by a rule, by habit, by schedule, or not judged; and which numbers that marks."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from metrics.provisional import categories_of, note_provisional
from metrics.registry import metrics
from sync.freshness.judging import in_words, judge_feeds
from sync.freshness.marks import provisional_numbers
from sync.freshness.rollup import roll_up_feeds
from sync.freshness.services import expect_freshness, expect_nothing
from sync.models import Batch, Connection, FeedDay, ProvisionalNumber
from sync.services import ensure_source
from tests.sync.conftest import make_api

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _clock(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: NOW)


def arrive(at, source="zendesk", resource="tickets", **counts):
    batch = Batch.objects.create(source=ensure_source(slug=source), resource=resource, **counts)
    Batch.objects.filter(pk=batch.pk).update(received_at=at)
    return batch


def feed(category="support_history", source="zendesk", at=None):
    roll_up_feeds()
    (found,) = [one for one in judge_feeds(at) if (one.source.slug, one.category) == (source, category)]
    return found


def arrive_daily(days, last=NOW, *, every=timedelta(hours=8), **what):
    """Batches on each of so many days before ``last``, at pauses of ``every``."""
    moment = last
    while moment > last - timedelta(days=days):
        arrive(moment, **what)
        moment -= every


def test_a_load_of_once_is_not_judged_however_old_it_is():
    for minute in range(30):
        arrive(NOW - timedelta(days=40, minutes=minute))
    found = feed()
    assert (found.state, found.why) == ("unjudged", "No habit yet")
    assert found.age == timedelta(days=40)


def test_a_habit_is_learned_and_its_nights_are_part_of_it():
    arrive_daily(20, last=NOW - timedelta(hours=7))
    assert feed().state == "fresh"
    assert feed(at=NOW + timedelta(hours=2)).state == "late"
    assert feed(at=NOW + timedelta(hours=6)).state == "stale"


def test_one_outage_teaches_no_patience():
    arrive_daily(10, last=NOW - timedelta(days=9))
    arrive_daily(6, last=NOW)
    late = feed(at=NOW + timedelta(hours=9))
    assert late.limits.late == timedelta(hours=8)
    assert late.state == "late"


def test_a_lively_feed_has_the_limits_of_its_category():
    arrive_daily(15, every=timedelta(minutes=10))
    found = feed()
    assert (found.limits.late, found.limits.stale) == (timedelta(minutes=15), timedelta(hours=1))


def test_what_comes_as_it_is_updated_is_never_late_by_itself():
    arrive_daily(20, last=NOW - timedelta(days=5), resource="contracts", source="salesforce")
    found = feed("contracts", "salesforce")
    assert (found.state, found.why) == ("unjudged", "Comes as it is updated")


def test_a_rule_of_revops_decides_at_once_and_can_be_taken_back():
    arrive(NOW - timedelta(hours=3))
    source = ensure_source(slug="zendesk")
    expect_freshness(source=source, category="support_history", warn_minutes=60, error_minutes=170)
    assert feed().state == "stale"
    expect_freshness(source=source, category="support_history", warn_minutes=60, error_minutes=200)
    assert feed().state == "late"
    expect_nothing(source=source, category="support_history")
    assert feed().state == "unjudged"


def test_a_rule_for_what_never_came_says_so():
    source = ensure_source(slug="stripe")
    expect_freshness(source=source, category="revenue", warn_minutes=60, error_minutes=200)
    found = feed("revenue", "stripe")
    assert (found.state, found.last_at) == ("stale", None)


def test_a_rule_can_look_at_the_time_of_the_source():
    source = ensure_source(slug="zendesk")
    arrive(NOW - timedelta(minutes=1), source_time=NOW - timedelta(hours=9))
    rule = {"source": source, "category": "support_history", "warn_minutes": 60, "error_minutes": 120}
    expect_freshness(**rule)
    assert feed().state == "fresh"
    expect_freshness(**rule, measure="source_time")
    assert feed().state == "stale"


@pytest.mark.parametrize(
    "wrong",
    [
        {"warn_minutes": 0},
        {"error_minutes": 1},
        {"error_minutes": 10**7},
        {"category": "x"},
        {"measure": "x"},
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(wrong):
    given = {"category": "revenue", "warn_minutes": 60, "error_minutes": 120, **wrong}
    with pytest.raises(ValidationError):
        expect_freshness(source=ensure_source(slug="zendesk"), **given)


def test_a_source_that_is_asked_on_schedule_is_judged_by_it():
    source = ensure_source(slug="salesforce")
    arrive(NOW - timedelta(days=9), source="salesforce", resource="accounts")
    asked = Connection.objects.create(
        kind="salesforce", name="CRM", source=source, state="active", interval_minutes=60, last_success_at=NOW
    )
    assert feed("account_profile", "salesforce").state == "fresh"
    assert feed("account_profile", "salesforce", NOW + timedelta(hours=3)).state == "late"
    assert feed("account_profile", "salesforce", NOW + timedelta(hours=5)).state == "stale"
    Connection.objects.filter(pk=asked.pk).update(state="paused")
    assert feed("account_profile", "salesforce").state == "unjudged"


def test_a_paused_connection_is_not_judged_by_the_habit_it_had():
    source = ensure_source(slug="salesforce")
    arrive_daily(27, NOW - timedelta(days=1), source="salesforce", resource="accounts")
    asked = Connection.objects.create(kind="salesforce", name="CRM", source=source, state="paused")
    found = feed("account_profile", "salesforce")
    assert (found.state, found.why) == ("unjudged", "Its connection is paused")
    expect_freshness(source=source, category="account_profile", warn_minutes=60, error_minutes=120)
    assert feed("account_profile", "salesforce").state == "stale", "what RevOps expects comes first"
    asked.delete()
    expect_nothing(source=source, category="account_profile")
    assert feed("account_profile", "salesforce").why == "Real time, by its habit"


def test_taking_a_batch_back_is_no_news_from_the_source():
    arrive_daily(27, NOW - timedelta(days=3))
    assert feed().state == "stale"
    arrive(NOW, mode=Batch.Mode.UNDO)
    found = feed()
    assert found.state == "stale"
    assert found.last_at < NOW - timedelta(days=2)
    assert not FeedDay.objects.filter(day=NOW.date()).exists()


def test_days_are_rolled_up_once_and_follow_what_comes_late():
    arrive(NOW - timedelta(days=3), created=5, rejected=2)
    arrive(NOW - timedelta(hours=2), updated=1)
    roll_up_feeds()
    assert roll_up_feeds() == 0
    first, second = FeedDay.objects.order_by("day")
    assert (first.rows, first.rejected, first.longest_pause) == (7, 2, None)
    assert second.longest_pause == (timedelta(days=3) - timedelta(hours=2)).total_seconds()
    arrive(NOW - timedelta(hours=1), created=10)
    assert roll_up_feeds() == 1
    second.refresh_from_db()
    assert (second.rows, second.batches) == (11, 2)


def test_batches_that_apply_what_waited_are_no_arrivals():
    arrive(NOW - timedelta(days=3))
    arrive(NOW, mode="pending")
    assert feed().age == timedelta(days=3)


def test_judging_costs_the_same_for_many_feeds():
    def cost():
        with CaptureQueriesContext(connection) as captured:
            judge_feeds()
        return len(captured)

    arrive(NOW)
    quiet = cost()
    for number in range(5):
        for resource in ("accounts", "tickets", "contracts", "contract-lines"):
            arrive(NOW, source=f"crm-{number}", resource=resource)
    assert cost() == quiet <= 5


def test_numbers_know_the_kinds_of_data_they_are_made_of():
    assert categories_of("support.open_tickets") == {"support_history"}
    assert categories_of("finance.arr") == {"revenue", "contracts"}
    assert {"product_usage", "support_history", "account_profile"} <= categories_of("metrics.health_score")
    for metric in metrics:
        assert str(metric.category) in categories_of(metric.key)


def test_numbers_of_a_stale_source_are_marked_and_a_later_refresh_clears_them():
    day = NOW.date() - timedelta(days=1)
    end = datetime.combine(NOW.date(), time.min, UTC)
    arrive(end - timedelta(hours=5))
    expect_freshness(
        source=ensure_source(slug="zendesk"), category="support_history", warn_minutes=60, error_minutes=240
    )
    note_provisional(day)
    marked = provisional_numbers(day)
    assert "5 hours old" in marked["support.open_tickets"]
    assert "metrics.health_score" in marked
    assert "finance.arr" not in marked
    assert provisional_numbers(day - timedelta(days=1)) == {}
    arrive(end + timedelta(hours=9))
    note_provisional(day)
    assert not ProvisionalNumber.objects.exists()


def test_past_days_are_not_doubted_for_what_is_late_today():
    arrive(NOW - timedelta(days=2))
    expect_freshness(
        source=ensure_source(slug="zendesk"), category="support_history", warn_minutes=60, error_minutes=240
    )
    assert note_provisional((NOW - timedelta(days=30)).date()) == 0
    assert note_provisional(NOW.date()) > 0


def test_the_sample_company_is_as_it_was_a_week_after_its_load():
    api = make_api()
    api.bulk("accounts", [{"external_id": "1", "name": "One"}])
    api.bulk("contacts", [{"external_id": "1", "name": "Ada", "account": "1"}])
    for days in range(8):
        roll_up_feeds()
        assert note_provisional(NOW.date() + timedelta(days=days)) == 0


@given(st.timedeltas(min_value=timedelta(), max_value=timedelta(days=4000)))
def test_spans_are_said_in_words(span):
    count, noun = in_words(span).split(" ")
    size = {"minute": 60, "hour": 3600, "day": 86400}[noun.rstrip("s")]
    assert int(count) * size <= span.total_seconds() < (int(count) + 1) * size
    assert noun.endswith("s") == (count != "1")
