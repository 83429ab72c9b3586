"""Policies: written as drafts, put in force now or on a day, told in words, kept in files."""

from __future__ import annotations

import copy
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pgtrigger
import pytest
import yaml
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse

from accounts.lists.services import create_list
from accounts.lists.uses import uses_of
from common.versions.errors import VersionChangedError
from metrics.engine.plan import today
from people.configuration.files import apply_import, export_yaml, plan_import, read_yaml
from people.configuration.registry import ConfigError
from people.models import User
from support.calendars.hours import Span
from support.calendars.services import create_calendar, make_default, take_back, write_hours
from support.calendars.terms import Terms
from support.clocks.keeping import keep_clocks
from support.models import BusinessCalendar, Policy, PolicySet, PolicyTenure, TicketToClock
from support.policies.content import PolicyDraft, check_content, content_of, plain_data, read_target
from support.policies.services import (
    create_policy_draft,
    cycle,
    discard_policy_draft,
    in_force,
    publish_due_policies,
    publish_policies,
    save_policy_draft,
    schedule_policies,
    unschedule_policies,
)
from support.policies.tenures import review_tenures
from support.policies.words import broken_policies, differences
from support.tasks import review_promises
from tests.metrics.facts import make_account
from tests.support.promises import clock, keep, make_calendar, open_ticket
from tests.users import client_of, make_user

pytestmark = pytest.mark.django_db

OPENED = "2026-11-16 09:00"  # A Monday.
EVERYONE: dict[str, Any] = {"all": []}
GERMANS = {"field": "accounts.country", "op": "eq", "value": "DE"}
GONE = {"field": "nobody.knows", "op": "gte", "value": 1}
HOUR = PolicyDraft(
    name="Everybody",
    condition=EVERYONE,
    clock="24x7",
    cells={("first_response", "normal", ""): 60, ("first_response", "normal", "strategic"): 15},
)
RESOLVED = PolicyDraft(
    name="Germans", condition=GERMANS, clock="24x7", cells={("resolution", "normal", ""): 240}
)


@pytest.fixture
def desk() -> User:
    return make_user("support")


def put_in_force(*policies: PolicyDraft, by: User) -> PolicySet:
    draft = create_policy_draft(by=by, content=policies)
    held = publish_policies(draft=draft, by=by, expected=cycle.seen(draft))
    review_tenures()
    return held


def force_condition(held: PolicySet, condition: Any) -> None:
    """Let a condition speak of something that is gone, as of a field that an app no longer declares."""
    with pgtrigger.ignore("support.Policy:frozen_with_version"):
        Policy.objects.filter(policy_set=held).update(condition=condition)


def test_a_draft_is_kept_and_published_and_open_tickets_run_by_it(desk: User) -> None:
    german, other = make_account("standard", country="DE"), make_account("standard", country="FR")
    tickets = [open_ticket(one, OPENED) for one in (german, other)]
    keep(OPENED)
    held = put_in_force(RESOLVED, HOUR, by=desk)
    assert content_of(held) == (RESOLVED, HOUR)
    assert (held.state, held.starts_on, held.version) == ("published", today(), 2)
    assert PolicySet.objects.get(version=1).ends_on == today()
    assert TicketToClock.objects.count() == 2
    keep_clocks()
    assert clock(tickets[0], "resolution").minutes == 240
    assert clock(tickets[0]).state == "cleared"
    assert clock(tickets[1]).minutes == 60


def test_what_is_published_is_never_edited(desk: User) -> None:
    held = put_in_force(HOUR, by=desk)
    with pytest.raises(VersionChangedError, match="kept as it is"):
        save_policy_draft(draft=held, by=desk, content=(RESOLVED,), expected=cycle.mark(held))
    with pytest.raises(IntegrityError), transaction.atomic():
        Policy.objects.filter(policy_set=held).update(name="Other")


def test_only_support_and_revops_write(desk: User) -> None:
    sales = make_user("sales")
    with pytest.raises(PermissionDenied):
        create_policy_draft(by=sales)
    draft = create_policy_draft(by=make_user("revops"))
    for write in (
        lambda: save_policy_draft(draft=draft, by=sales, content=(), expected=""),
        lambda: discard_policy_draft(draft=draft, by=sales),
        lambda: publish_policies(draft=draft, by=sales, expected=cycle.seen(draft)),
        lambda: schedule_policies(draft=draft, by=sales, expected="", starts_on=today()),
        lambda: unschedule_policies(version=draft, by=sales),
    ):
        with pytest.raises(PermissionDenied):
            write()


@pytest.mark.parametrize(
    ("changed", "field", "told"),
    [
        ({"name": " "}, "name", "Name the policy"),
        ({"name": "x" * 81}, "name", "80 letters"),
        ({"clock": "sometimes"}, "clock", "Use entitled"),
        ({"clock": "calendar", "calendar": "Mars"}, "calendar", "no calendar “Mars”"),
        ({"calendar": "Business hours"}, "calendar", "only where the clock runs by a calendar"),
        ({"condition": GONE}, "condition", "nobody.knows"),
        ({"condition": {"any": 3}}, "condition", "any"),
        ({"cells": {("resolution", "normal", ""): None}}, "targets", "how long a resolution takes"),
        ({"cells": {("resolution", "normal", ""): 0}}, "targets", "from 1 min to 366 days"),
        (
            {"cells": {("resolution", "normal", "gold"): 5}},
            "targets",
            "no target for resolution, normal, gold",
        ),
        ({"cells": {("delight", "normal", ""): 5}}, "targets", "no target for delight"),
    ],
)
def test_what_can_not_be_promised_is_refused_by_field(changed: dict[str, Any], field: str, told: str) -> None:
    with pytest.raises(ValidationError) as refused:
        check_content((HOUR, replace(RESOLVED, **changed)))
    assert told in " ".join(refused.value.message_dict[f"policies.1.{field}"])


def test_a_version_without_policies_is_not_published(desk: User) -> None:
    draft = create_policy_draft(by=desk, content=())
    with pytest.raises(ValidationError, match="Add at least one policy"):
        publish_policies(draft=draft, by=desk, expected=cycle.seen(draft))


def test_two_policies_of_one_name_are_refused() -> None:
    with pytest.raises(ValidationError, match="stands twice"):
        check_content((HOUR, HOUR))


@pytest.mark.parametrize(
    ("text", "minutes"), [("30 min", 30), (" 2 h ", 120), ("3 days", 4320), ("Entitled", None)]
)
def test_targets_are_read_as_people_type_them(text: str, minutes: int | None) -> None:
    assert read_target(text, "next_response") == minutes


@pytest.mark.parametrize("text", ["soon", "0 min", "367 days", "-5 min", "9" * 50 + " h", "1.5 h"])
def test_other_targets_are_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        read_target(text, "first_response")


@pytest.mark.parametrize("text", ["soon", "entitled"])
def test_what_is_suggested_for_a_resolution_can_be_saved_there(text: str) -> None:
    with pytest.raises(ValidationError, match="or nothing: tiers and contracts") as refused:
        read_target(text, "resolution")
    assert "the word entitled" not in str(refused.value)


def test_versions_differ_in_words(desk: User) -> None:
    slower = replace(HOUR, clock="entitled", cells={("first_response", "normal", ""): None})
    assert differences((RESOLVED, HOUR), (slower, RESOLVED)) == [
        "“Everybody”: time runs as the tier or contract says, until now around the clock",
        "“Everybody”: first response, normal, any tier: as entitled instead of 1 h",
        "“Everybody”: first response, normal, Strategic tier: nothing instead of 15 min",
        "asked in another order: “Everybody”, “Germans”",
    ]
    assert differences((HOUR,), (RESOLVED,)) == [
        "“Everybody” left out",
        "“Germans” added, for Country is Germany",
    ]
    assert differences((HOUR,), (HOUR,)) == []


def test_a_version_waits_for_its_day_and_can_be_taken_back(desk: User, monkeypatch: Any) -> None:
    draft = create_policy_draft(by=desk, content=(HOUR,))
    with pytest.raises(ValidationError, match="a day after today"):
        schedule_policies(draft=draft, by=desk, expected=cycle.seen(draft), starts_on=today())
    tomorrow = today() + timedelta(days=1)
    schedule_policies(draft=draft, by=desk, expected=cycle.seen(draft), starts_on=tomorrow)
    assert publish_due_policies() == 0
    held = unschedule_policies(version=draft, by=desk)
    assert held.is_draft
    schedule_policies(draft=held, by=desk, expected=cycle.seen(held), starts_on=tomorrow)
    monkeypatch.setattr("support.policies.services.today", lambda: tomorrow)
    review_promises()
    assert in_force() == held
    assert PolicySet.objects.get(pk=held.pk).starts_on == tomorrow


def test_one_that_can_not_come_into_force_waits_and_is_named(desk: User, monkeypatch: Any) -> None:
    tomorrow = today() + timedelta(days=1)
    broken = create_policy_draft(by=desk, content=(HOUR,))
    schedule_policies(draft=broken, by=desk, expected=cycle.seen(broken), starts_on=tomorrow)
    later = create_policy_draft(by=desk, content=(RESOLVED,))
    schedule_policies(
        draft=later, by=desk, expected=cycle.seen(later), starts_on=tomorrow + timedelta(days=1)
    )
    force_condition(broken, GONE)
    monkeypatch.setattr("support.policies.services.today", lambda: tomorrow + timedelta(days=3))
    assert publish_due_policies() == 1
    assert in_force() == later
    assert PolicySet.objects.get(pk=broken.pk).state == "scheduled"
    page = client_of(desk).get(reverse("support:policies"))
    assert f"Version {broken.version} waits for" in page.content.decode()


def test_while_a_policy_is_broken_accounts_keep_their_promises_and_new_ones_wait(desk: User) -> None:
    account = make_account("standard")
    held = put_in_force(HOUR, by=desk)
    before = list(PolicyTenure.objects.values())
    force_condition(held, GONE)
    new = open_ticket(make_account("standard"), OPENED)
    assert review_tenures() == 0
    keep(OPENED)
    assert list(PolicyTenure.objects.values()) == before
    assert [policy.name for policy, _ in broken_policies(held)] == ["Everybody"]
    page = client_of(desk).get(reverse("support:policies")).content.decode()
    assert "every account keeps what it was promised before" in page
    assert "nobody.knows" in page
    put_in_force(HOUR, by=desk)
    keep_clocks()
    assert clock(new).minutes == 60
    assert PolicyTenure.objects.filter(account=account).count() == 2


def test_of_two_who_publish_at_once_one_wins_and_the_other_is_told(desk: User) -> None:
    mine, theirs = (create_policy_draft(by=desk, content=(one,)) for one in (HOUR, RESOLVED))
    seen = cycle.seen(mine)
    put_it = publish_policies(draft=theirs, by=make_user("revops"), expected=cycle.seen(theirs))
    with pytest.raises(VersionChangedError, match=f"{put_it} was published") as told:
        publish_policies(draft=mine, by=desk, expected=seen)
    assert "“Germans” added, for Country is Germany" in told.value.differences


def test_a_target_list_says_that_policies_ask_about_it(desk: User) -> None:
    owner = make_user("revops")
    target = create_list(name="Dear ones", by=owner, purpose="Whom we answer first.")
    asks = PolicyDraft(
        name="Dear ones",
        condition={"field": "accounts.in_list", "op": "in", "value": [str(target.pk)]},
        cells={("first_response", "normal", ""): 10},
    )
    held = put_in_force(asks, by=owner)
    assert f"Policies of support, version {held.version} (published)" in [
        use.words for use in uses_of(target)
    ]


def test_a_file_drafts_or_publishes_what_it_says(desk: User) -> None:
    put_in_force(RESOLVED, HOUR, by=desk)
    data = read_yaml(export_yaml(["policies"]))
    [first, second] = data["policies"]["in_order"]
    assert first["targets"] == {"resolution": {"normal": {"any": "4 h"}}}
    assert second["targets"]["first_response"]["normal"] == {"any": "1 h", "strategic": "15 min"}
    assert [list(one.changes) for one in plan_import(data)] == [[]]
    wanted = copy.deepcopy(data)
    wanted["policies"]["in_order"][1]["targets"]["first_response"]["normal"]["any"] = "45 min"
    apply_import(wanted, by=desk)
    [draft] = PolicySet.objects.drafts()
    assert content_of(draft)[1].cells["first_response", "normal", ""] == 45
    apply_import(wanted, by=desk)
    assert PolicySet.objects.drafts().count() == 1
    apply_import(wanted, by=desk, is_published=True)
    assert in_force() == draft
    assert plain_data(content_of(draft)) == wanted["policies"]["in_order"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda one: one["targets"]["resolution"]["normal"].update(any="soon"), "in_order[0].targets"),
        (lambda one: one["targets"]["resolution"]["normal"].update(gold="1 h"), "no target for"),
        (lambda one: one["targets"].update(delight={}), "delight"),
        (lambda one: one.update(clock="calendar", calendar="Mars"), "no calendar “Mars”"),
        (lambda one: one.update(condition=GONE), "nobody.knows"),
    ],
)
def test_a_file_with_what_can_not_be_is_refused_by_place(desk: User, change: Any, told: str) -> None:
    put_in_force(RESOLVED, by=desk)
    data = read_yaml(export_yaml(["policies"]))
    change(data["policies"]["in_order"][0])
    with pytest.raises(ConfigError) as refused:
        apply_import(read_yaml(yaml.safe_dump({"abe_configuration": 1, **data})), by=desk)
    assert told in str(refused.value)


def calendar_terms(opens: int = 9) -> Terms:
    return Terms(zone="UTC", spans=tuple(Span(day, opens * 60, 17 * 60) for day in range(5)))


def test_open_tickets_are_told_anew_when_the_hours_of_their_calendar_change(desk: User) -> None:
    calendar = make_calendar()
    by_it = PolicyDraft(
        name="By it",
        condition=EVERYONE,
        clock="calendar",
        calendar=calendar.name,
        cells={("first_response", "normal", ""): 60},
    )
    put_in_force(by_it, by=desk)
    account = make_account("standard")
    waiting, done = open_ticket(account, OPENED), open_ticket(account, OPENED, status="solved")
    keep(OPENED)
    assert clock(waiting).due_at is not None
    assert not TicketToClock.objects.exists()
    ahead = today() + timedelta(days=10)
    version = write_hours(calendar=calendar, terms=calendar_terms(10), starts_on=ahead, by=desk)
    assert list(TicketToClock.objects.values_list("ticket_id", flat=True)) == [waiting.pk]
    TicketToClock.objects.all().delete()
    take_back(version=version, by=desk)
    assert list(TicketToClock.objects.values_list("ticket_id", flat=True)) == [waiting.pk]
    assert done.pk != waiting.pk


def test_another_default_calendar_has_promises_reviewed(
    desk: User, django_capture_on_commit_callbacks: Any, monkeypatch: Any
) -> None:
    asked: list[dict[str, Any]] = []
    monkeypatch.setattr(review_promises, "apply_async", lambda **how: asked.append(how))
    ticket = open_ticket(make_account("standard"), OPENED)
    keep(OPENED)
    other = create_calendar(name="Nights", terms=calendar_terms(), starts_on=today(), by=desk)
    with django_capture_on_commit_callbacks(execute=True):
        make_default(calendar=other, by=desk)
    assert asked == [{"retry": False}]
    review_promises()
    newest = PolicyTenure.objects.filter(account=ticket.account).order_by("-pk").first()
    assert newest is not None
    assert newest.calendar == BusinessCalendar.objects.get(name="Nights")
    assert TicketToClock.objects.filter(ticket=ticket).exists()


def test_publishing_has_promises_reviewed_behind_the_commit(
    desk: User, django_capture_on_commit_callbacks: Any, monkeypatch: Any
) -> None:
    asked: list[dict[str, Any]] = []
    monkeypatch.setattr(review_promises, "apply_async", lambda **how: asked.append(how))
    with django_capture_on_commit_callbacks(execute=True):
        put_in_force(HOUR, by=desk)
    assert asked == [{"retry": False}]
