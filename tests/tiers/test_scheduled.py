"""A scheduled version does on its day what was previewed, or waits for somebody's word."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse

from accounts.models import Account
from metrics.engine.plan import today
from metrics.runs.work import work_off as work_off_run
from people.models import User
from people.notices.models import Notice
from tests.metrics.facts import make_account
from tests.tiers.facts import at, began, make_draft, make_worth, plain_rules, publish, set_worth, tier_of
from tests.tiers.test_preview import HARDER, preview
from tests.users import client_of, make_user
from tiers.assignment.assign import apply_rule_set
from tiers.content import EVERYONE, Content, Rule
from tiers.models import PreviewRun, RuleSet
from tiers.publication.services import request_publication
from tiers.scheduled.due import publish_due
from tiers.scheduled.renewing import decide_on_renewed, renew_previews, tell_of_tomorrow
from tiers.services import schedule_rule_set, seen_of, unschedule_rule_set

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def revops() -> User:
    return make_user("revops", name="Rita Ops")


def scheduled(by: User, *, days: int = 7, if_changed: str = "hold") -> RuleSet:
    """A harder version after the plain one, previewed and scheduled on that."""
    publish(plain_rules())
    apply_rule_set()
    for account in Account.objects.all():
        began(account, today() - 400 * DAY)
    draft = make_draft(HARDER, by)
    return schedule(draft, by, days=days, if_changed=if_changed)


def schedule(draft: RuleSet, by: User, *, days: int = 7, if_changed: str = "hold") -> RuleSet:
    run = preview(draft)
    return schedule_rule_set(
        rule_set=draft,
        by=by,
        expected=seen_of(draft),
        starts_on=today() + days * DAY,
        previewed=run,
        if_changed=if_changed,
    )


def told() -> list[tuple[str, str]]:
    return list(Notice.objects.order_by("pk").values_list("event", "text"))


def work_off(version: RuleSet) -> PreviewRun:
    version.refresh_from_db()
    assert version.renewed is not None
    assert not work_off_run("tiers.preview", version.renewed.pk, seconds=600)
    version.refresh_from_db()
    return version.renewed


def test_its_day_does_what_was_previewed_and_tells_so(revops: User, monkeypatch: pytest.MonkeyPatch) -> None:
    rises, stays = make_worth(60_000), make_worth(300_000)
    version = scheduled(revops)
    at(monkeypatch, today() + 7 * DAY)
    assert publish_due() == [version]
    version.refresh_from_db()
    assert (version.state, version.starts_on, version.published_by) == (
        "published",
        today() + 7 * DAY,
        revops,
    )
    assert (tier_of(rises), tier_of(stays)) == ("growth", "strategic")
    assert told() == [("published", f"{version} of the tier rules is in force, as it was previewed.")]


def test_where_more_would_change_it_is_held_and_nothing_moves(
    revops: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    account, other = make_worth(60_000), make_worth(300_000)
    before = scheduled(revops)
    held = RuleSet.objects.published().get()
    set_worth(account, 900_000)
    at(monkeypatch, today() + 7 * DAY)
    assert publish_due() == []
    before.refresh_from_db()
    assert (before.state, before.held_at is not None) == ("scheduled", True)
    assert before.held_why.startswith("1 account would move otherwise than previewed, such as ")
    assert "stays, now Growth to Strategic at once" in before.held_why
    assert (tier_of(account), tier_of(other)) == ("growth", "strategic")
    assert RuleSet.objects.published().get() == held
    assert [event for event, _ in told()] == ["held"]
    # It waits for a person and isn't judged again each minute.
    monkeypatch.setattr("tiers.scheduled.due.follow_preview", refuse)
    assert publish_due() == []
    assert len(told()) == 1


def refuse(*_: Any, **__: Any) -> Any:
    raise AssertionError("It was judged again.")


def test_what_was_held_is_published_from_the_preview_that_followed(
    revops: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = make_worth(60_000)
    version = scheduled(revops)
    set_worth(account, 900_000)
    at(monkeypatch, today() + 7 * DAY)
    publish_due()
    run = work_off(version)
    asked = request_publication(preview=run, by=revops)
    assert not work_off_run("tiers.publication", asked.pk)
    published = RuleSet.objects.get(pk=version.pk)
    assert (published.state, published.held_at, published.held_why) == ("published", None, "")
    assert tier_of(account) == "strategic"


def test_whoever_lets_anything_go_gets_it_and_is_told_how_much(
    revops: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = make_worth(60_000)
    version = scheduled(revops, if_changed="publish")
    set_worth(account, 900_000)
    at(monkeypatch, today() + 7 * DAY)
    assert publish_due() == [version]
    assert tier_of(account) == "strategic"
    assert "and 1 account went otherwise than previewed" in told()[0][1]


def test_another_version_in_force_than_was_seen_holds_it(
    revops: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_worth(60_000)
    version = scheduled(revops)
    publish(plain_rules(minimum_dwell_days=3))
    at(monkeypatch, today() + 7 * DAY)
    assert publish_due() == []
    version.refresh_from_db()
    assert "Another version is in force than when it was previewed" in version.held_why


def test_a_version_whose_field_has_gone_is_held_with_its_reason(
    revops: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder = make_account("growth", custom={"region": "EMEA"})
    here = {"field": "custom.region", "op": "eq", "value": "EMEA"}
    rules = (
        Rule(name="Here", tier="growth", condition=here),
        Rule(name="Rest", tier="standard", condition=EVERYONE),
    )
    version = schedule(make_draft(Content(rules=rules), revops), revops)
    holder.custom = {}
    holder.save()
    at(monkeypatch, today() + 6 * DAY)
    assert renew_previews() == 0
    assert "comes tomorrow, but can’t be published" in told()[0][1]
    at(monkeypatch, today() + 7 * DAY)
    assert publish_due() == []
    version.refresh_from_db()
    assert version.held_why.startswith("It can’t be published as it stands:")
    assert unschedule_rule_set(rule_set=version, by=revops).held_at is None


@pytest.mark.parametrize(
    ("worth", "expected"),
    [
        (60_000, "It would do what was previewed."),
        (900_000, "As things stand 1 account would move otherwise than previewed; then it is held."),
    ],
)
def test_the_day_before_it_is_previewed_again_once_and_told(
    revops: User, monkeypatch: pytest.MonkeyPatch, worth: int, expected: str
) -> None:
    account = make_worth(60_000)
    version = scheduled(revops)
    set_worth(account, worth)
    at(monkeypatch, today() + 5 * DAY)
    assert (renew_previews(), tell_of_tomorrow()) == (0, 0)
    at(monkeypatch, today() + 6 * DAY)
    assert (renew_previews(), renew_previews()) == (1, 0)
    assert tell_of_tomorrow() == 0
    work_off(version)
    assert (tell_of_tomorrow(), tell_of_tomorrow()) == (1, 0)
    assert told() == [("tomorrow", f"{version} of the tier rules comes into force tomorrow. {expected}")]


def test_somebody_may_decide_on_the_newer_preview_and_its_day_does_that(
    revops: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = make_worth(60_000)
    version = scheduled(revops)
    old = version.previewed
    set_worth(account, 900_000)
    at(monkeypatch, today() + 6 * DAY)
    renew_previews()
    newer = work_off(version)
    decided = decide_on_renewed(rule_set=version, by=revops, run=newer)
    assert decided.previewed == newer != old
    at(monkeypatch, today() + 7 * DAY)
    assert publish_due() == [version]
    assert tier_of(account) == "strategic"


def test_what_it_waits_on_is_not_thrown_away_with_old_previews(revops: User) -> None:
    make_worth(60_000)
    version = scheduled(revops)
    PreviewRun.objects.update(requested_at=Now() - timedelta(days=100))
    for _ in range(7):
        preview(version)
    version.refresh_from_db()
    assert version.previewed is not None
    assert version.previews.count() == 6


def test_it_can_only_be_held_on_a_preview_of_what_is_scheduled(revops: User) -> None:
    make_worth(60_000)
    publish(plain_rules())
    draft = make_draft(HARDER, revops)
    past = preview(draft, as_of=today() - DAY)
    other = preview(make_draft(HARDER, revops))
    for run in (None, past, other):
        with pytest.raises(ValidationError) as refused:
            schedule_rule_set(
                rule_set=draft,
                by=revops,
                expected=seen_of(draft),
                starts_on=today() + DAY,
                previewed=run,
                if_changed="hold",
            )
        assert "if_changed" in refused.value.message_dict
    draft.refresh_from_db()
    assert draft.state == "draft"


def test_others_of_revops_are_told_where_its_authors_have_gone(
    revops: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_worth(60_000)
    scheduled(revops)
    User.objects.filter(pk=revops.pk).update(is_active=False)
    later = make_user("revops", name="Omar Ops")
    at(monkeypatch, today() + 7 * DAY)
    publish_due()
    assert later.pk in Notice.objects.values_list("user_id", flat=True)
    assert revops.pk not in Notice.objects.values_list("user_id", flat=True)


def test_the_pages_schedule_on_the_preview_shown_and_tell_what_is_otherwise(
    revops: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = make_worth(60_000)
    publish(plain_rules())
    apply_rule_set()
    draft = make_draft(HARDER, revops)
    client = client_of(revops)
    url = reverse("tiers:schedule", args=[draft.version])
    day = (today() + 7 * DAY).isoformat()
    refused = client.post(url, {"seen": seen_of(draft), "starts_on": day, "if_changed": "hold"})
    assert refused.status_code == 422
    assert "Preview it first" in refused.content.decode()
    run = preview(draft)
    shown = page(client, draft)
    assert f'name="previewed" value="{run.pk}"' in shown
    fields = {"seen": seen_of(draft), "starts_on": day, "if_changed": "hold", "previewed": str(run.pk)}
    for odd in ("9" * 30, "-1", "x", "\x00"):
        assert client.post(url, fields | {"previewed": odd}).status_code == 422
        assert client.post(url, fields | {"if_changed": odd}).status_code == 422
    assert client.post(url, fields).status_code == 302
    draft.refresh_from_db()
    assert (draft.previewed, draft.if_changed) == (run, "hold")
    assert "Hold it and ask" in page(client, draft)
    assert "Scheduled tier rules" in client.get("/").content.decode()
    set_worth(account, 900_000)
    at(monkeypatch, today() + 6 * DAY)
    renew_previews()
    newer = work_off(draft)
    shown = page(client, draft)
    assert "account would move otherwise:" in shown
    assert "Growth to Strategic at once" in shown
    decide = reverse("tiers:decide_on_renewed", args=[draft.version])
    for odd in ("", "9" * 30, str(run.pk + 10_000)):
        assert client.post(decide, {"renewed": odd}).status_code == 302
    draft.refresh_from_db()
    assert draft.previewed == run
    client.post(decide, {"renewed": str(newer.pk)})
    draft.refresh_from_db()
    assert draft.previewed == newer
    set_worth(account, 0)
    at(monkeypatch, today() + 7 * DAY)
    publish_due()
    assert "no account has moved" in page(client, draft)
    home = client.get("/").content.decode()
    assert "Held" in home
    assert "would move otherwise than previewed" in home


def page(client: Client, version: RuleSet) -> str:
    response = client.get(reverse("tiers:version", args=[version.version]))
    assert response.status_code == 200
    return " ".join(response.content.decode().split())
