"""The pages on which RevOps edits rule sets, previews and publishes them, without scripts; others may read."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from accounts.models import Tier
from metrics.engine.plan import today
from metrics.runs.work import do_next_step, work_off
from people.models import User
from tests.tiers.facts import began, make_draft, make_worth, plain_rules, publish, set_worth, tier_of
from tests.tiers.test_preview import HARDER, preview
from tests.users import client_as, client_of, make_user
from tiers.assignment.assign import apply_rule_set
from tiers.content import read_content
from tiers.models import PreviewRun, Publication, RuleSet, TierOverride
from tiers.preview.services import request_preview
from tiers.services import override_tier, save_draft, seen_of

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def revops() -> User:
    return make_user("revops")


@pytest.fixture
def client(revops: User) -> Client:
    return client_of(revops)


def page(client: Client, name: str, *args: Any, status: int = 200) -> str:
    answer = client.get(reverse(f"tiers:{name}", args=args))
    assert answer.status_code == status, answer.status_code
    return answer.content.decode()


def hidden(html: str) -> dict[str, Any]:
    """Return what the hidden inputs and controls of a page's edit form hold."""
    found: dict[str, Any] = {}
    for tag in re.findall(r'<input type="hidden"[^>]*>', html):
        name, value = (re.search(rf'{key}="([^"]*)"', tag) for key in ("name", "value"))
        if name and value and name[1] != "csrfmiddlewaretoken":
            found.setdefault(name[1], []).append(value[1])
    return found


def post(client: Client, name: str, /, *args: Any, **data: Any) -> HttpResponse:
    answer: Any = client.post(reverse(f"tiers:{name}", args=args), data)
    return answer


def rule_form(html: str, **changes: Any) -> dict[str, Any]:
    """Return the form of a rule with one comparison as the page shows it, with changes."""
    return {
        **{key: value for key, value in hidden(html).items() if key in ("expected", "was", "rule-node")},
        "rule-0-match": "all",
        "rule-1-field": "finance.arr",
        "rule-1-op": "gte",
        "rule-1-value": "70000",
        "rule-1-stay": "60000",
        **changes,
    }


def test_the_list_and_a_version_say_who_published_what_when(client: Client, revops: User) -> None:
    one = publish(by=revops)
    make_draft(HARDER, revops)
    listed = page(client, "rule_sets")
    assert "Version 1" in listed
    assert "Version 2" in listed
    assert listed.count(str(revops)) >= 2
    shown = page(client, "version", one.version)
    assert "ARR ≥ $100,000 (to stay: $90,000)" in shown
    assert f"Published by {revops}" in shown
    assert "This is the version in force." in shown
    draft = page(client, "version", 2)
    assert "Rule “Large”" in draft
    assert "Take out Middle" in draft


def test_others_read_versions_but_no_drafts_and_change_nothing(revops: User) -> None:
    one = publish(by=revops)
    draft = make_draft(HARDER, revops)
    run = preview(draft)
    other = client_as("sales")
    listed = page(other, "rule_sets")
    assert "Version 1" in listed
    assert "Version 2" not in listed
    assert "Begin a draft" not in listed
    shown = page(other, "version", one.version)
    assert f"Published by {revops}" in shown
    assert "Retire" not in shown
    page(other, "version", draft.version, status=403)
    page(other, "preview", run.pk, status=403)
    page(other, "rule", draft.version, 1, status=403)
    page(other, "terms", draft.version, status=403)
    for name, args in (
        ("draft_new", ()),
        ("discard", (2,)),
        ("schedule", (2,)),
        ("unschedule", (2,)),
        ("retire", (1,)),
        ("preview_new", (2,)),
        ("preview_cancel", (run.pk,)),
        ("preview_publish", (run.pk,)),
        ("arrange", (2, 1, "down")),
        ("rule", (2, 1)),
        ("terms", (2,)),
    ):
        assert post(other, name, *args).status_code == 403, name
    assert RuleSet.objects.published().get() == one
    assert RuleSet.objects.count() == 2


def test_a_draft_is_begun_edited_rule_by_rule_and_thrown_away(client: Client) -> None:
    publish()
    assert post(client, "draft_new").status_code == 302
    draft = RuleSet.objects.get(version=2)
    html = page(client, "rule", 2, 2)
    assert post(client, "rule", 2, 2, **rule_form(html, name="Larger", tier="enterprise")).status_code == 302
    rule = read_content(draft).rules[1]
    assert (rule.name, rule.tier) == ("Larger", "enterprise")
    assert rule.condition == {"all": [{"field": "finance.arr", "op": "gte", "value": 70000, "stay": 60000}]}
    new = page(client, "rule_new", 2)
    sent = rule_form(new, name="Between", tier="growth", **{"rule-1-value": "30000", "rule-1-stay": ""})
    assert post(client, "rule_new", 2, **sent).status_code == 302
    assert [one.name for one in read_content(draft).rules] == ["Large", "Larger", "Between", "Everyone else"]
    digest = RuleSet.objects.get(version=2).digest
    post(client, "arrange", 2, 3, "up", expected=digest)
    assert [one.name for one in read_content(draft).rules][1:3] == ["Between", "Larger"]
    digest = RuleSet.objects.get(version=2).digest
    post(client, "arrange", 2, 2, "remove", expected=digest)
    assert [one.name for one in read_content(draft).rules] == ["Large", "Larger", "Everyone else"]
    refused = client.post(
        reverse("tiers:arrange", args=[2, 3, "up"]),
        {"expected": RuleSet.objects.get(version=2).digest},
        follow=True,
    )
    assert "no rule below it is ever asked" in refused.content.decode()
    saves = page(client, "version", 2)
    assert "Rule “Between” removed" in saves
    asked = page(client, "discard", 2)
    assert "with 5 saves. No account moves." in asked
    assert RuleSet.objects.filter(version=2).exists(), "looking throws nothing away"
    assert post(client, "discard", 2).status_code == 302
    assert not RuleSet.objects.filter(version=2).exists()


def test_the_terms_are_saved_and_what_is_wrong_stands_at_its_field(client: Client) -> None:
    draft = make_draft()
    html = page(client, "terms", 1)
    sent = {
        "note": "Why",
        "minimum_dwell_days": "7",
        "demotion_grace_days": "99999",
        "expected": hidden(html)["expected"],
    }
    refused = post(client, "terms", 1, **sent)
    assert refused.status_code == 422
    told = refused.content.decode()
    assert 'id="id_demotion_grace_days_error"' in told
    assert 'value="99999"' in told
    assert post(client, "terms", 1, **{**sent, "demotion_grace_days": "5"}).status_code == 302
    draft.refresh_from_db()
    assert (draft.note, draft.minimum_dwell_days, draft.demotion_grace_days) == ("Why", 7, 5)


def test_a_rule_that_is_refused_keeps_what_was_typed(client: Client) -> None:
    make_draft()
    html = page(client, "rule", 1, 1)
    refused = post(
        client, "rule", 1, 1, **rule_form(html, name="Middle", tier="growth", **{"rule-1-stay": "90000"})
    )
    told = refused.content.decode()
    assert refused.status_code == 422
    assert "harder to meet than the one to enter" in told
    assert 'value="90000"' in told
    refused = post(client, "rule", 1, 1, **rule_form(html, name="Middle", tier="growth"))
    told = refused.content.decode()
    assert refused.status_code == 422
    assert "“Middle” is also number" in told
    assert 'value="70000"' in told
    last = page(client, "rule", 1, 3)
    refused = post(
        client, "rule", 1, 3, **rule_form(last, name="Rest", tier="standard", **{"rule-node": ["1:0:leaf"]})
    )
    assert "must take everyone else" in refused.content.decode()


def test_buttons_of_the_editor_change_the_form_and_save_nothing(client: Client) -> None:
    draft = make_draft()
    html = page(client, "rule", 1, 1)
    sent = rule_form(html, name="Large", tier="growth", **{"rule-do": "add:0"})
    answer = post(client, "rule", 1, 1, **sent)
    assert answer.status_code == 200
    assert 'name="rule-2-field"' in answer.content.decode()
    partial = client.post(reverse("tiers:rule", args=[1, 1]), sent, headers={"HX-Request": "true"})
    assert b"<html" not in partial.content
    assert read_content(draft).rules[0].tier == "strategic"


def test_who_was_slower_sees_what_the_other_saved_and_may_save_over_it(client: Client, revops: User) -> None:
    draft = make_draft(by=revops)
    html = page(client, "rule", 1, 2)
    content = plain_rules(minimum_dwell_days=3)
    save_draft(rule_set=draft, by=revops, content=content, expected=draft.digest)
    sent = rule_form(html, name="Middling", tier="growth")
    refused = post(client, "rule", 1, 2, **sent)
    told = refused.content.decode()
    assert refused.status_code == 422
    assert "Minimum dwell: 90 days, now 3" in told
    assert 'value="Middling"' in told
    assert post(client, "rule", 1, 2, **{**sent, "expected": hidden(told)["expected"]}).status_code == 302
    draft.refresh_from_db()
    assert draft.minimum_dwell_days == 3
    assert read_content(draft).rules[1].name == "Middling"


def test_a_draft_of_points_has_thresholds_to_edit(client: Client) -> None:
    assert post(client, "draft_new", kind="score").status_code == 302
    shown = page(client, "version", 1)
    assert "Points from which a tier is reached" in shown
    html = page(client, "terms", 1)
    sent: dict[str, Any] = {
        "minimum_dwell_days": 1,
        "demotion_grace_days": 1,
        "expected": hidden(html)["expected"],
    }
    for slug, enter, stay in (
        ("strategic", 80, 90),
        ("enterprise", 50, 40),
        ("growth", 30, 30),
        ("standard", "", ""),
    ):
        sent |= {
            f"threshold_{slug}_given": "on",
            f"threshold_{slug}_enter": enter,
            f"threshold_{slug}_stay": stay,
        }
    refused = post(client, "terms", 1, **sent)
    assert refused.status_code == 422
    assert 'id="id_threshold_strategic_stay_error"' in refused.content.decode()
    assert post(client, "terms", 1, **{**sent, "threshold_strategic_stay": 70}).status_code == 302
    assert read_content(RuleSet.objects.get()).thresholds[0].stay == 70


def test_a_preview_is_followed_read_filtered_exported_and_published(client: Client, revops: User) -> None:
    account = make_worth(60_000)
    publish()
    apply_rule_set()
    began(account, today() - 400 * DAY)
    set_worth(account, 250_000)
    draft = make_draft(HARDER, revops)
    assert post(client, "preview_new", draft.version).status_code == 302
    run = PreviewRun.objects.get()
    waiting = page(client, "preview", run.pk)
    assert "of 2 steps" in waiting
    assert "Publish exactly this" not in waiting
    assert client.post(reverse("tiers:preview_publish", args=[run.pk])).status_code == 302
    assert RuleSet.objects.published().get().version == 1
    work_off("tiers.preview", run.pk)
    partial = client.get(reverse("tiers:preview", args=[run.pk]), headers={"HX-Request": "true"})
    assert b"<html" not in partial.content
    found = page(client, "preview", run.pk)
    assert "Publish exactly this" in found
    assert account.name in found
    assert "“Large”: ARR $250,000 ≥ $200,000: yes." in found
    url = reverse("tiers:preview", args=[run.pk])
    assert account.name not in client.get(f"{url}?way=down").content.decode()
    for table in ("accounts", "moves", "tiers", "roles", "terms"):
        for kind in ("csv", "xlsx", "ndjson"):
            answer: Any = client.get(f"{url}?export={kind}&table={table}")
            assert answer.status_code == 200
            body = b"".join(answer.streaming_content).decode(errors="replace")
            assert table != "accounts" or kind == "xlsx" or account.name in body
    asked = client.post(reverse("tiers:preview_publish", args=[run.pk]))
    publication = Publication.objects.get()
    assert asked.headers["Location"] == reverse("tiers:publication", args=[publication.pk])
    waiting = page(client, "publication", publication.pk)
    assert "Comparing every account with the preview" in waiting
    assert "every 2s" in waiting
    assert '<noscript><meta http-equiv="refresh"' in waiting
    assert "being compared with its preview" in page(client, "version", draft.version)
    while publication.decided_at is None:
        assert do_next_step("tiers.publication", publication.pk)
        publication.refresh_from_db()
    assert "0 of 1 account moved" in text_of(page(client, "publication", publication.pk))
    assert "0 of 1 moved" in text_of(page(client, "version", draft.version))
    assert post(client, "publication_cancel", publication.pk).status_code == 302
    work_off("tiers.publication", publication.pk)
    partial = client.get(reverse("tiers:publication", args=[publication.pk]), headers={"HX-Request": "true"})
    assert b"<html" not in partial.content
    assert b"every 2s" not in partial.content
    assert "1 of 1 account moved, as previewed" in text_of(partial.content.decode())
    assert tier_of(account) == "strategic"
    assert f"Published by {revops}" in page(client, "version", draft.version)


def test_what_changed_since_the_preview_is_shown_and_published_by_its_button(
    client: Client, revops: User
) -> None:
    account = make_worth(60_000)
    publish()
    apply_rule_set()
    began(account, today() - 400 * DAY)
    run = preview(make_draft(HARDER, revops))
    set_worth(account, 250_000)
    told = published_from(client, run)
    assert account.name in told
    assert "Growth to Strategic at once" in told
    assert "ARR $250,000 ≥ $200,000: yes" in told
    assert RuleSet.objects.published().get().version == 1
    done = published_from(client, run, accepted=hidden(told)["accepted"])
    assert "with 1 change since the preview" in text_of(done)
    assert tier_of(account) == "strategic"


def test_a_publication_is_cancelled_from_its_page_and_is_for_revops(client: Client) -> None:
    make_worth(60_000)
    run = preview(make_draft(HARDER))
    assert client.post(reverse("tiers:preview_publish", args=[run.pk])).status_code == 302
    asked = Publication.objects.get()
    for function in ("marketing", "leadership"):
        other = client_as(function)
        assert other.get(reverse("tiers:publication", args=[asked.pk])).status_code == 403
        assert post(other, "publication_cancel", asked.pk).status_code == 403
    assert post(client, "publication_cancel", asked.pk).status_code == 302
    assert "Nothing was published" in page(client, "publication", asked.pk)
    assert not work_off("tiers.publication", asked.pk)
    assert client.get(reverse("tiers:publication", args=[2**70])).status_code == 404


def published_from(client: Client, run: PreviewRun, **data: str) -> str:
    """Have a preview published, let workers do it, and return the page of it."""
    assert client.post(reverse("tiers:preview_publish", args=[run.pk]), data).status_code == 302
    asked = Publication.objects.latest("pk")
    work_off("tiers.publication", asked.pk)
    return page(client, "publication", asked.pk)


def text_of(html: str) -> str:
    """Return the words of a page in one line."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_of_two_admins_on_the_page_the_second_gets_the_difference(client: Client, revops: User) -> None:
    make_worth(60_000)
    publish(by=revops)
    apply_rule_set()
    first, second = (preview(make_draft(one, revops)) for one in (HARDER, plain_rules(demotion_grace_days=3)))
    assert "is in force" in published_from(client, first)
    lost = client_as("revops").post(reverse("tiers:preview_publish", args=[second.pk]))
    told = lost.content.decode()
    assert lost.status_code == 409
    assert f"was published by {revops} meanwhile" in told
    assert "Rule “Middle”" in told
    assert RuleSet.objects.published().get() == first.rule_set


def test_a_version_is_scheduled_and_taken_back(client: Client) -> None:
    make_draft()
    seen = hidden(page(client, "version", 1))["seen"]
    anyway = {"if_changed": "publish"}
    refused = post(client, "schedule", 1, seen=seen, starts_on=today().isoformat(), **anyway)
    assert refused.status_code == 422
    assert "Choose a day after today" in refused.content.decode()
    tomorrow = (today() + DAY).isoformat()
    assert post(client, "schedule", 1, seen=["0.x"], starts_on=tomorrow, **anyway).status_code == 422
    assert post(client, "schedule", 1, seen=seen, starts_on=tomorrow, **anyway).status_code == 302
    assert "Scheduled by" in page(client, "version", 1)
    assert client.get(reverse("tiers:rule", args=[1, 1])).status_code == 302, "kept as it is"
    post(client, "unschedule", 1)
    assert RuleSet.objects.get().state == "draft"


def test_a_version_is_retired_after_a_look_at_whom_the_crm_has_elsewhere(
    client: Client, revops: User
) -> None:
    moved, held, same = (
        make_worth(30_000, name=name, tier=slug)
        for name, slug in (("Moved", "strategic"), ("Held", "strategic"), ("Same", "growth"))
    )
    one = publish(by=revops)
    apply_rule_set()
    assert [tier_of(account) for account in (moved, held, same)] == ["growth"] * 3
    override_tier(
        account=held, tier=Tier.objects.get(slug="standard"), reason="x", by=revops, ends_on=today() + DAY
    )
    assert reverse("tiers:retire", args=[1]) in page(client, "version", 1)
    shown = page(client, "retire", 1)
    row = re.sub(r"<[^>]+>|\s+", " ", shown.split("<tbody>")[1].split("</tbody>")[0]).split()
    assert row == ["Growth", "Strategic", "1", "$30,000"]
    assert RuleSet.objects.get().state == RuleSet.State.PUBLISHED, "looking retires nothing"
    post(client, "retire", 1, seen=seen_of(one))
    assert RuleSet.objects.get().state == RuleSet.State.RETIRED
    assert client.get(reverse("tiers:retire", args=[1])).status_code == 302
    assert client.get(reverse("tiers:discard", args=[1])).status_code == 302


def test_a_preview_can_be_cancelled_and_asked_of_a_past_day(client: Client, revops: User) -> None:
    make_worth(1)
    draft = make_draft(by=revops)
    run = request_preview(rule_set=draft, by=revops)
    assert post(client, "preview_cancel", run.pk).status_code == 302
    assert "Cancelled by" in page(client, "preview", run.pk)
    refused = post(client, "preview_new", 1, as_of=(today() + DAY).isoformat())
    assert refused.status_code == 422
    assert "Choose a day before today" in refused.content.decode()
    assert post(client, "preview_new", 1, as_of=(today() - 9 * DAY).isoformat()).status_code == 302
    assert PreviewRun.objects.newest_first()[0].as_of == today() - 9 * DAY


def test_overrides_are_listed_soonest_first_and_ended_with_a_reason(client: Client, revops: User) -> None:
    one, two = make_worth(1), make_worth(2)
    publish()
    apply_rule_set()
    tier = RuleSet.objects.get().rules.get(position=1).tier
    for account, days in ((one, 60), (two, 20)):
        override_tier(account=account, tier=tier, reason="A reason", by=revops, ends_on=today() + days * DAY)
    html = page(client, "overrides")
    assert html.index(two.name) < html.index(one.name)
    other = client_as("support")
    assert "End the override" not in page(other, "overrides")
    held = TierOverride.objects.get(account=two)
    assert post(other, "override_end", held.pk, reason="x").status_code == 403
    post(client, "override_end", held.pk, reason="")
    held.refresh_from_db()
    assert held.ended_on is None
    post(client, "override_end", held.pk, reason="No longer asked for")
    held.refresh_from_db()
    assert (held.ended_on, held.end_reason) == (today(), "No longer asked for")
    ended = client.get(reverse("tiers:overrides") + "?ended=1").content.decode()
    assert "No longer asked for" in ended


@pytest.mark.parametrize(
    "path",
    [
        "versions/99999999999/",
        "previews/99999999999999999999/",
        "versions/1/rules/999999999/",
        "previews/1/?page=x",
    ],
)
def test_nothing_in_an_address_breaks_a_page(client: Client, path: str) -> None:
    make_draft()
    assert client.get(f"/tiers/{path}").status_code in (302, 404)


def test_numbers_without_end_are_none(client: Client, revops: User) -> None:
    draft, digits = make_draft(by=revops), "9" * 5000
    day = str(today() + timedelta(days=3))
    answers = [
        client.post(reverse("tiers:draft_new"), {"from": digits}),
        client.post(reverse("tiers:schedule", args=[draft.version]), {"seen": digits, "starts_on": day}),
        client.get(f"{reverse('tiers:rule_new', args=[draft.version])}?at={digits}"),
    ]
    assert [answer.status_code for answer in answers] == [302, 422, 200]
    run = preview(draft)
    assert client.get(f"{reverse('tiers:preview', args=[run.pk])}?page={digits}").status_code == 200


def test_what_a_form_says_to_have_seen_may_be_anything(client: Client, revops: User) -> None:
    draft = make_draft(by=revops)
    for seen in ("\x00", "a\x00b.c\x00", "9" * 5000, "é" * 600):
        sent = {"note": "x", "minimum_dwell_days": 1, "demotion_grace_days": 1, "expected": seen}
        assert client.post(reverse("tiers:terms", args=[draft.version]), sent).status_code in (409, 422)
        taken = client.post(reverse("tiers:arrange", args=[draft.version, 1, "remove"]), {"expected": seen})
        assert taken.status_code == 302
        day = str(today() + timedelta(days=3))
        late = client.post(reverse("tiers:schedule", args=[draft.version]), {"seen": seen, "starts_on": day})
        assert late.status_code in (409, 422)
    assert len(read_content(draft).rules) == 3
    run = preview(draft)
    assert (
        client.get(reverse("tiers:preview", args=[run.pk]), {"from": "a\x00", "to": "\x00"}).status_code
        == 200
    )
