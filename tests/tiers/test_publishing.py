"""Publishing: one wins and the other gets the difference, scheduled versions come once, the past is left alone."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from accounts.models import TierTenure
from common.versions.errors import VersionChangedError
from metrics.engine.plan import today
from tests.metrics.facts import make_account, refresh
from tests.tiers.facts import at, at_least, make_draft, make_worth, plain_rules, publish, tier_of
from tests.users import make_user
from tiers.assignment.assign import apply_rule_set
from tiers.content import EVERYONE, Content, Rule, RuleSetError
from tiers.models import RuleSet
from tiers.scheduled.due import publish_due
from tiers.services import (
    publish_rule_set,
    retire_rule_set,
    save_draft,
    schedule_rule_set,
    seen_of,
    unschedule_rule_set,
)
from tiers.tasks import keep_tiers

DAY = timedelta(days=1)
HARDER = Content(
    rules=(
        Rule(name="Large", tier="strategic", condition=at_least(200_000, 180_000)),
        Rule(name="Everyone else", tier="standard", condition=EVERYONE),
    )
)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_publish_at_once_one_wins_and_the_other_gets_the_difference() -> None:
    by = make_user("revops")
    publish(by=by)
    drafts = [make_draft(HARDER, by), make_draft(plain_rules(minimum_dwell_days=10), by)]
    seen = [seen_of(draft) for draft in drafts]
    ready = threading.Barrier(2)
    outcomes: dict[int, Any] = {}

    def attempt(place: int) -> None:
        try:
            ready.wait(timeout=20)
            outcomes[place] = publish_rule_set(rule_set=drafts[place], by=by, expected=seen[place])
        except VersionChangedError as error:
            outcomes[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=attempt, args=(place,)) for place in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    lost = [one for one in outcomes.values() if isinstance(one, VersionChangedError)]
    won = [one for one in outcomes.values() if isinstance(one, RuleSet)]
    assert (len(won), len(lost)) == (1, 1)
    assert f"Version {won[0].version} was published by {by} meanwhile." in lost[0].message
    expected = "Rule “Middle” removed" if won[0] == drafts[0] else "Minimum dwell: 90 days, now 10"
    assert expected in lost[0].differences
    assert RuleSet.objects.published().get() == won[0]


@pytest.mark.django_db
def test_a_draft_that_was_saved_since_it_was_seen_is_not_published() -> None:
    by = make_user("revops")
    draft = make_draft(by=by)
    seen = seen_of(draft)
    save_draft(rule_set=draft, by=by, content=HARDER, expected=draft.digest)
    with pytest.raises(VersionChangedError) as refused:
        publish_rule_set(rule_set=draft, by=by, expected=seen)
    assert "Rule “Middle” removed" in refused.value.differences
    for nonsense in ("", "x", "1.2.3", "999999999999999999999.a", "\x00"):
        with pytest.raises(VersionChangedError):
            publish_rule_set(rule_set=draft, by=by, expected=nonsense)
    assert RuleSet.objects.get().state == "draft"


@pytest.mark.django_db
def test_publishing_retires_the_version_before_and_says_who_and_when() -> None:
    first_by, second_by = make_user("revops"), make_user("revops")
    first = publish(by=first_by)
    assert (first.published_by, first.starts_on, first.published_at is not None) == (first_by, today(), True)
    second = publish(HARDER, second_by)
    first.refresh_from_db()
    assert (first.state, first.ends_on, first.retired_by) == ("retired", today(), second_by)
    assert RuleSet.objects.in_force(today()).get() == second


@pytest.mark.django_db
def test_a_scheduled_version_comes_on_its_day_exactly_once(monkeypatch: pytest.MonkeyPatch) -> None:
    by = make_user("revops")
    account = make_worth(150_000)
    publish(by=by)
    draft = make_draft(HARDER, by)
    tomorrow = today() + DAY
    schedule_rule_set(rule_set=draft, by=by, expected=seen_of(draft), starts_on=tomorrow)
    with pytest.raises(ValidationError, match="scheduled"):
        save_draft(rule_set=draft, by=by, content=plain_rules(), expected=draft.digest)
    assert publish_due() == []
    keep_tiers()
    assert tier_of(account) == "strategic"
    at(monkeypatch, tomorrow)
    assert [one.pk for one in publish_due()] == [draft.pk]
    assert publish_due() == []
    draft.refresh_from_db()
    assert (draft.state, draft.starts_on, draft.published_by) == ("published", tomorrow, by)
    assert RuleSet.objects.in_force(tomorrow).get() == draft


@pytest.mark.django_db(transaction=True)
def test_workers_that_publish_what_is_due_at_once_publish_it_once(monkeypatch: pytest.MonkeyPatch) -> None:
    by = make_user("revops")
    draft = make_draft(by=by)
    schedule_rule_set(rule_set=draft, by=by, expected=seen_of(draft), starts_on=today() + DAY)
    tomorrow = today() + DAY
    at(monkeypatch, tomorrow)
    found: list[int] = []

    def work() -> None:
        try:
            found.extend(one.pk for one in publish_due())
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert found == [draft.pk]


@pytest.mark.django_db
def test_a_scheduled_version_whose_field_has_gone_waits_and_stops_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    by = make_user("revops")
    holder = make_account("growth", custom={"region": "EMEA"})
    broken = make_draft(
        Content(
            rules=(
                Rule(
                    name="Here",
                    tier="growth",
                    condition={"field": "custom.region", "op": "eq", "value": "EMEA"},
                ),
                Rule(name="Rest", tier="standard", condition=EVERYONE),
            )
        ),
        by,
    )
    sound = make_draft(by=by)
    for days, draft in ((1, broken), (2, sound)):
        schedule_rule_set(rule_set=draft, by=by, expected=seen_of(draft), starts_on=today() + days * DAY)
    holder.custom = {}
    holder.save()
    later = today() + 3 * DAY
    at(monkeypatch, later)
    assert [one.pk for one in publish_due()] == [sound.pk]
    broken.refresh_from_db()
    assert broken.state == "scheduled"


@pytest.mark.django_db
def test_schedules_are_dated_ahead_apart_and_can_be_taken_back() -> None:
    by = make_user("revops")
    one, two = make_draft(by=by), make_draft(by=by)
    with pytest.raises(ValidationError) as refused:
        schedule_rule_set(rule_set=one, by=by, expected=seen_of(one), starts_on=today())
    assert "starts_on" in refused.value.message_dict
    schedule_rule_set(rule_set=one, by=by, expected=seen_of(one), starts_on=today() + DAY)
    with pytest.raises(ValidationError, match="scheduled for"):
        schedule_rule_set(rule_set=two, by=by, expected=seen_of(two), starts_on=today() + DAY)
    taken = unschedule_rule_set(rule_set=one, by=by)
    assert (taken.state, taken.starts_on, taken.published_by) == ("draft", None, None)
    with pytest.raises(ValidationError, match="not scheduled"):
        unschedule_rule_set(rule_set=one, by=by)


@pytest.mark.django_db
def test_a_version_begins_in_the_past_only_where_nothing_was_counted() -> None:
    account = make_worth(150_000)
    rule_set = publish(starts_on=today() - 100 * DAY)
    assert rule_set.starts_on == today() - 100 * DAY
    apply_rule_set()
    assert tier_of(account) == "strategic"
    draft = make_draft(HARDER)
    for day in (today() - DAY, today() + DAY):
        with pytest.raises(ValidationError):
            publish_rule_set(rule_set=draft, by=make_user("revops"), expected=seen_of(draft), starts_on=day)


@pytest.mark.django_db
def test_history_is_made_by_the_rules_from_the_day_on_which_they_began() -> None:
    from tests.metrics.facts import make_line

    account = make_account("standard")
    make_line(account, today() - 800 * DAY, amount=150_000)
    publish(starts_on=today() - 99 * DAY)
    refresh(today() - 130 * DAY)
    refresh(today() - 100 * DAY)
    refresh(today() - DAY)
    held = TierTenure.objects.filter(account=account).order_by("during")
    assert [(one.tier.slug, one.during.lower, one.cause) for one in held] == [
        ("standard", None, "import"),
        ("strategic", today() - 99 * DAY, "rule"),
    ]


@pytest.mark.django_db
def test_a_published_set_is_retired_once_and_a_draft_never() -> None:
    by = make_user("revops")
    rule_set = publish(by=by)
    retire_rule_set(rule_set=rule_set, by=by, expected=seen_of(rule_set))
    assert not RuleSet.objects.in_force(today()).exists()
    with pytest.raises(ValidationError, match="not published"):
        retire_rule_set(rule_set=rule_set, by=by, expected=seen_of(rule_set))


@pytest.mark.django_db
def test_what_no_longer_holds_is_not_published() -> None:
    by = make_user("revops")
    draft = make_draft(by=by)
    from tiers.models import TierRule

    TierRule.objects.filter(rule_set=draft, position=3).delete()
    with pytest.raises(RuleSetError, match="must take everyone else"):
        publish_rule_set(rule_set=draft, by=by, expected=seen_of(draft))
