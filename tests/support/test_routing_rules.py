"""Drafts of routing rules: written rule by rule, previewed over the tickets of 90 days, published, taken back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.lists.services import create_list
from accounts.lists.uses import uses_of
from accounts.models import Account
from common.versions.errors import VersionChangedError
from metrics.engine.plan import today
from people.models import User
from people.skills.services import create_skill, delete_skill
from support.models import Assignment, RoutingRule, RoutingRules, SupportTeam, Ticket
from support.routing.facts import rules_on
from support.routing.previews import preview_rules
from support.routing.rules import (
    RuleDraft,
    create_rules_draft,
    cycle,
    discard_rules_draft,
    drafts_of,
    newest,
    publish_rules,
    save_rules_draft,
    unschedule_rules,
    write_rules,
)
from support.routing.services import set_engineers
from support.routing.sweep import route_waiting
from support.teams.services import create_team, set_member
from tests.accounts.rows import make_listed
from tests.users import client_as, client_of, make_user

pytestmark = pytest.mark.django_db

EVERYBODY: dict[str, Any] = {"all": []}
URGENT_ANYWHERE = RuleDraft(name="Urgent", condition=EVERYBODY, priorities=["urgent"])
URGENT = RuleDraft(name="Urgent", condition=EVERYBODY, priorities=["urgent"], team="Fire")


@pytest.fixture
def agent() -> User:
    return make_user("support", name="Ada Moss")


@pytest.fixture
def fire(agent: User) -> SupportTeam:
    return create_team(name="Fire", by=agent)


def draft_with(agent: User, *rules: RuleDraft) -> RoutingRules:
    """Begin a draft with rules ahead of those that count."""
    draft = create_rules_draft(by=agent)
    return save_rules_draft(
        draft=draft, rules=[*rules, *drafts_of(draft)], by=agent, expected=cycle.mark(draft)
    )


def test_a_draft_begins_with_what_counts_and_routes_nothing(agent: User, fire: SupportTeam) -> None:
    present = rules_on(today())
    draft = draft_with(agent, URGENT)
    assert [one.name for one in drafts_of(draft)] == ["Urgent", *(one.name for one in drafts_of(present))]  # type: ignore[arg-type]
    assert rules_on(today()) == present
    publish_rules(draft=draft, starts_on=today(), by=agent, expected=cycle.seen(draft), note="Fires first")
    assert rules_on(today()) == draft
    assert RoutingRules.objects.get(pk=draft.pk).note == "Fires first"


def test_a_day_ahead_is_waited_for_and_taken_back(agent: User, fire: SupportTeam) -> None:
    draft = draft_with(agent, URGENT)
    ahead = today() + timedelta(days=3)
    publish_rules(draft=draft, starts_on=ahead, by=agent, expected=cycle.seen(draft), note="Later")
    assert rules_on(today()) != draft
    assert rules_on(ahead) == draft
    unschedule_rules(version=draft, by=agent)
    assert rules_on(ahead) != draft
    with pytest.raises(ValidationError, match="Choose today or a day ahead"):
        publish_rules(
            draft=draft, starts_on=today() - timedelta(days=1), by=agent, expected=cycle.seen(draft), note="x"
        )


def test_of_two_who_save_a_draft_at_once_one_wins(agent: User, fire: SupportTeam) -> None:
    draft = draft_with(agent, URGENT)
    seen = cycle.mark(draft)
    rules = drafts_of(draft)
    save_rules_draft(draft=draft, rules=rules[1:], by=agent, expected=seen)
    with pytest.raises(VersionChangedError, match="was saved"):
        save_rules_draft(draft=draft, rules=rules[:1], by=agent, expected=seen)
    assert drafts_of(draft) == rules[1:]


def test_what_was_looked_at_is_what_is_published(agent: User, fire: SupportTeam) -> None:
    draft = draft_with(agent, URGENT)
    seen = cycle.seen(draft)
    save_rules_draft(
        draft=draft, rules=[replace(URGENT, priorities=["low"])], by=agent, expected=cycle.mark(draft)
    )
    with pytest.raises(VersionChangedError):
        publish_rules(draft=draft, starts_on=today(), by=agent, expected=seen, note="x")
    other = draft_with(agent)
    seen = cycle.seen(draft)
    publish_rules(draft=other, starts_on=today(), by=agent, expected=cycle.seen(other), note="First")
    with pytest.raises(VersionChangedError, match="was published by Ada Moss meanwhile"):
        publish_rules(draft=draft, starts_on=today(), by=agent, expected=seen, note="x")


def test_a_team_that_is_gone_keeps_a_draft_from_being_published(agent: User, fire: SupportTeam) -> None:
    draft = draft_with(agent, replace(URGENT, team=""))
    with pytest.raises(ValidationError, match="there is no team “Nowhere”"):
        save_rules_draft(
            draft=draft, rules=[replace(URGENT, team="Nowhere")], by=agent, expected=cycle.mark(draft)
        )
    with pytest.raises(PermissionDenied):
        create_rules_draft(by=make_user("sales"))


def test_the_preview_tells_where_tickets_would_have_gone(agent: User, fire: SupportTeam) -> None:
    now = timezone.now()
    named, plain = (
        make_listed(name, tier, standing={}) for name, tier in (("Named", "strategic"), ("Plain", "standard"))
    )
    set_engineers(account=named, named=agent, others=[], by=agent)
    rows = [(named, "urgent"), (named, "normal"), (plain, "urgent"), (plain, "normal")]
    for account, priority in rows:
        Ticket.objects.create(account=account, subject=priority, priority=priority, opened_at=now)
    Ticket.objects.create(account=plain, subject="Old", priority="urgent", opened_at=now - timedelta(days=91))
    before = drafts_of(rules_on(today()))  # type: ignore[arg-type]
    found = preview_rules(before, [URGENT, *before], now=now)
    general = SupportTeam.objects.get(is_general=True).name
    assert (found.tickets, found.changed) == (4, 2)
    assert {(one.label, one.before, one.after) for one in found.by_place} == {
        (f"Named engineer, else {general}", 2, 1),
        (general, 2, 1),
        ("Fire", 0, 2),
    }
    assert {one.label: (one.before, one.after) for one in found.by_rule}["Urgent"] == (0, 2)
    assert {(one.before, one.after) for one in found.moved} == {
        (f"Named engineer, else {general}", "Fire"),
        (general, "Fire"),
    }
    again = preview_rules(before, before, now=now)
    assert (again.changed, list(again.moved)) == (0, [])


def test_a_skill_sends_tickets_to_the_team_that_covers_it(agent: User) -> None:
    area = create_skill(name="Payments", kind="area", by=agent)
    create_team(name="Money", covers=[area], by=agent)
    account = make_listed("Acme", "standard")
    now = timezone.now()
    Ticket.objects.create(account=account, subject="Q", product_area="payments", opened_at=now)
    before = drafts_of(rules_on(today()))  # type: ignore[arg-type]
    assert [one.label for one in preview_rules(before, before, now=now).by_place] == ["Money"]


def typed(page: Any, **changed: Any) -> QueryDict:
    """Return what a browser sends of a rule's form."""
    data = QueryDict(mutable=True)
    for name, field in page.context["form"].fields.items():
        value = page.context["form"].get_initial_for_field(field, name)
        data.setlist(name, value if isinstance(value, list) else [value] if value else [])
    data["seen"] = page.context["seen"]
    data["condition-json"] = '{"all": []}'
    for name, value in changed.items():
        data.setlist(name, value if isinstance(value, list) else [value])
    return data


def test_a_rule_is_added_moved_previewed_and_published_on_pages(agent: User, fire: SupportTeam) -> None:
    client = client_of(agent)
    present = rules_on(today())
    assert present is not None
    begun = client.post(reverse("support:rules_act", args=[present.version]), {"do": "draft"})
    draft = RoutingRules.objects.drafts().get()
    edit = reverse("support:rules_edit", args=[draft.version])
    assert begun["Location"] == edit
    new = reverse("support:rule_new", args=[draft.version])
    page = client.get(new)
    data = typed(page, name="Urgent", priorities=["urgent"], team="Fire")
    prefix = page.context["editor"].prefix
    data[f"{prefix}-json"] = '{"all": []}'
    data[f"{prefix}-do"] = "read"
    page = client.post(new, data)
    assert page.status_code == 200
    sent = dict(data.lists())
    sent.pop(f"{prefix}-do")
    answer = client.post(new, sent)
    assert answer.status_code == 302, answer.context["form"].errors
    page = client.get(edit)
    place = len(drafts_of(draft))
    for _ in range(place - 1):
        page = client.get(edit)
        client.post(edit, {"do": f"up:{place}", "seen": page.context["seen"]})
        place -= 1
    assert drafts_of(draft)[0].name == "Urgent"
    assert "“Urgent” came as rule 1" in client.get(edit).content.decode()
    publish = reverse("support:rules_publish", args=[draft.version])
    page = client.get(publish)
    assert "would have gone elsewhere" in page.content.decode()
    assert client.post(publish, {"seen": page.context["seen"], "note": ""}).status_code == 422
    done = client.post(publish, {"seen": page.context["seen"], "note": "Fires first"})
    assert done.status_code == 302
    assert rules_on(today()) == draft
    assert "Fires first" in client.get(reverse("support:routing")).content.decode()


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"name": ""}, "name"),
        ({"name": "x", "priorities": ["dire"]}, "priorities"),
        ({"name": "x", "team": "Nowhere"}, "team"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(agent: User, changed: dict[str, Any], told: str) -> None:
    client = client_of(agent)
    new = reverse("support:rule_new", args=[create_rules_draft(by=agent).version])
    answer = client.post(new, typed(client.get(new), **changed))
    assert answer.status_code == 422
    assert told in answer.context["form"].errors


def test_others_read_the_rules_and_write_none(agent: User) -> None:
    draft = create_rules_draft(by=agent)
    client = client_as("customer_success")
    assert client.get(reverse("support:routing")).status_code == 200
    for name, place in (("rules_edit", []), ("rule_new", []), ("rule_part", [1]), ("rules_publish", [])):
        assert client.get(reverse(f"support:{name}", args=[draft.version, *place])).status_code == 403
    assert (
        client.post(reverse("support:rules_act", args=[draft.version]), {"do": "discard"}).status_code == 403
    )
    mine = client_of(agent)
    for place in (0, 99):
        assert mine.get(reverse("support:rule_part", args=[draft.version, place])).status_code == 404
    assert mine.get(reverse("support:rules_edit", args=[2**40])).status_code == 404
    mine.post(reverse("support:rules_act", args=[draft.version]), {"do": "discard"})
    assert not RoutingRules.objects.drafts().exists()


@pytest.fixture
def broken(agent: User) -> RoutingRules:
    """Rules that count, two of which ask for something that was there when they were written."""
    draft = cycle.begin(by=agent, based_on=newest())
    gone = {"field": "gone.by", "op": "eq", "value": 1}
    for place, name in enumerate(("One", "Two", "Three"), 1):
        condition = EVERYBODY if name == "Three" else gone
        RoutingRule.objects.create(rules=draft, position=place, name=name, condition=condition)
    cycle.publish(draft, by=agent, expected=cycle.seen(draft), starts_on=today())
    return draft


def test_rules_that_ask_for_something_that_is_gone_are_mended_one_by_one_on_pages(
    agent: User, broken: RoutingRules
) -> None:
    client = client_of(agent)
    assert "no longer known" in client.get(reverse("support:routing")).content.decode()
    client.post(reverse("support:rules_act", args=[broken.version]), {"do": "draft"})
    draft = RoutingRules.objects.drafts().get()
    Ticket.objects.create(account=make_listed("Acme", "standard"), subject="Q", opened_at=timezone.now())
    shown = client.get(reverse("support:rules_publish", args=[draft.version])).content.decode()
    assert "It can’t be published as it is" in shown
    assert "Rule 1, condition" in shown
    with pytest.raises(ValidationError, match="Rule 1, condition"):
        publish_rules(draft=draft, starts_on=today(), by=agent, expected=cycle.seen(draft), note="x")
    url = reverse("support:rule_part", args=[draft.version, 1])
    page = client.get(url)
    data, prefix = typed(page), page.context["editor"].prefix
    data[f"{prefix}-json"] = '{"all": []}'
    data[f"{prefix}-do"] = "read"
    client.post(url, data)
    data.pop(f"{prefix}-do")
    assert client.post(url, data).status_code == 302
    assert [one.condition for one in drafts_of(draft)][:2] == [EVERYBODY, drafts_of(broken)[1].condition]
    save_rules_draft(
        draft=draft, rules=[drafts_of(draft)[0], drafts_of(draft)[2]], by=agent, expected=cycle.mark(draft)
    )
    shown = client.get(reverse("support:rules_publish", args=[draft.version]))
    assert "What it would have meant" in shown.content.decode()
    data = {"seen": shown.context["seen"], "note": "Mended"}
    assert client.post(reverse("support:rules_publish", args=[draft.version]), data).status_code == 302
    assert rules_on(today()) == draft


def test_a_skill_that_is_gone_is_needed_by_no_rule(agent: User) -> None:
    skill = create_skill(name="Latin", kind="language", by=agent)
    set_member(team=SupportTeam.objects.get(is_general=True), person=agent, open_limit=5, by=agent)
    team = create_team(name="Classics", by=agent)
    set_member(team=team, person=agent, open_limit=5, by=agent)
    rule = RuleDraft(name="Latin", condition=EVERYBODY, team="Classics", skills=["Latin"])
    write_rules(rules=[rule], starts_on=today(), by=agent)
    delete_skill(skill=skill, by=agent)
    assert drafts_of(rules_on(today()))[0].skills == []  # type: ignore[arg-type]
    ticket = Ticket.objects.create(
        account=make_listed("Acme", "standard"), subject="Q", opened_at=timezone.now()
    )
    route_waiting()
    held = Assignment.objects.present().get(ticket=ticket)
    assert (held.team, held.engineer) == (team, agent)


def test_the_page_of_a_list_says_which_rule_asks_who_is_on_it(agent: User) -> None:
    target = create_list(name="Pilots", by=make_user("revops"), purpose="Whom we try it with.")
    asks = {"field": "accounts.in_list", "op": "in", "value": [str(target.pk)]}
    rule = RuleDraft(name="Pilots first", condition=asks)
    held = write_rules(rules=[rule], starts_on=today(), by=agent)
    assert f"Routing rule “Pilots first”, version {held.version} (published)" in [
        use.words for use in uses_of(target)
    ]


def test_what_a_rule_asks_is_closed_to_who_may_not_read_it(agent: User) -> None:
    asks = {"field": "finance.arr", "op": "gte", "value": 100_000}
    first = write_rules(
        rules=[RuleDraft(name="Large", condition=asks), RuleDraft(name="Others", condition=EVERYBODY)],
        starts_on=today(),
        by=None,
    )
    write_rules(rules=[replace(drafts_of(first)[0], team="General support")], starts_on=today(), by=None)
    url = reverse("support:routing")
    assert "100,000" in client_as("revops").get(url).content.decode()
    shown = client_as("engineering").get(url).content.decode()
    assert "100,000" not in shown
    assert "does not read" in shown
    assert "“Large”: " in shown


def test_the_page_of_rules_asks_as_much_with_many_versions(agent: User) -> None:
    client, url = client_of(agent), reverse("support:routing")
    write_rules(rules=[URGENT_ANYWHERE], starts_on=today(), by=agent)
    client.get(url)
    with CaptureQueriesContext(connection) as few:
        client.get(url)
    for number in range(22):
        rule = replace(URGENT_ANYWHERE, name=f"Rule {number}")
        newest_ = write_rules(rules=[rule], starts_on=today(), by=agent)
    with CaptureQueriesContext(connection) as many:
        page = client.get(url).content.decode()
    assert len(many) == len(few)
    assert f"Version {newest_.version}, from" in page
    assert "Version 2, from" not in page


def test_only_who_writes_rules_throws_drafts_away_and_takes_versions_back(
    agent: User, fire: SupportTeam
) -> None:
    seller = make_user("sales")
    draft, other = draft_with(agent, URGENT), draft_with(agent, URGENT)
    publish_rules(
        draft=other, starts_on=today() + timedelta(days=3), by=agent, expected=cycle.seen(other), note="Later"
    )
    with pytest.raises(PermissionDenied):
        discard_rules_draft(draft=draft, by=seller)
    with pytest.raises(PermissionDenied):
        unschedule_rules(version=other, by=seller)
    with pytest.raises(PermissionDenied):
        save_rules_draft(draft=draft, rules=[URGENT], by=seller, expected=cycle.mark(draft))
    with pytest.raises(PermissionDenied):
        publish_rules(draft=draft, starts_on=today(), by=seller, expected=cycle.seen(draft), note="x")
    discard_rules_draft(draft=draft, by=agent)
    assert not RoutingRules.objects.drafts().exists()


def test_the_preview_counts_what_is_there_and_what_goes_elsewhere(agent: User, fire: SupportTeam) -> None:
    now = timezone.now()
    here, gone = make_listed("Here", "standard"), make_listed("Gone", "standard")
    for account, fields in (
        (here, {}),
        (here, {"opened_at": now + timedelta(days=1)}),
        (here, {"deleted_at": now}),
        (gone, {}),
    ):
        Ticket.objects.create(**{"account": account, "subject": "Q", "opened_at": now, **fields})
    Account.objects.filter(pk=gone.pk).update(deleted_at=now)
    before = drafts_of(rules_on(today()))  # type: ignore[arg-type]
    renamed = [replace(one, name=f"{one.name} again") for one in before]
    found = preview_rules(before, [URGENT, *renamed], now=now)
    assert (found.tickets, found.changed) == (1, 0)
    assert [one.label for one in found.by_rule][: len(renamed) + 1] == [
        "Urgent",
        *(one.name for one in renamed),
    ]
