"""A draft becomes one of the other kind, and says before what that drops."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from people.models import User
from tests.tiers.facts import make_draft, plain_rules, publish
from tests.users import client_as, client_of, make_user
from tiers.content import read_content, read_whole
from tiers.drafting import default_points
from tiers.models import RuleSet
from tiers.services import save_draft

pytestmark = pytest.mark.django_db


@pytest.fixture
def revops() -> User:
    return make_user("revops")


@pytest.fixture
def client(revops: User) -> Client:
    return client_of(revops)


def url(version: RuleSet) -> str:
    return reverse("tiers:kind", args=[version.version])


def text(client: Client, version: RuleSet) -> str:
    return " ".join(client.get(url(version)).content.decode().split())


def test_rules_become_points_and_back_and_what_goes_is_named_first(client: Client, revops: User) -> None:
    draft = make_draft(plain_rules(note="Mine", minimum_dwell_days=11), revops)
    parts = read_whole(draft)["parts"]
    told = text(client, draft)
    assert "Rule “Middle” (Growth)" in told
    assert "those that the product came with" in told
    assert "Revenue from 20,000 (+30)" in told
    assert client.post(url(draft), {"expected": draft.digest}).status_code == 302
    draft.refresh_from_db()
    content = read_content(draft)
    assert (content.kind, content.rules, content.points) == ("score", (), default_points().points)
    assert (content.note, content.minimum_dwell_days) == ("Mine", 11)
    assert read_whole(draft)["parts"] == parts
    assert "Kind: " in str(client.get(reverse("tiers:version", args=[draft.version])).context["saves"][0])
    told = text(client, draft)
    assert "Points “Large company” (+10" in told
    assert "Threshold of Strategic" in told
    client.post(url(draft), {"expected": draft.digest})
    draft.refresh_from_db()
    assert (draft.kind, draft.points.count(), draft.thresholds.count()) == ("conditions", 0, 0)


def test_it_begins_with_the_newest_version_of_that_kind(client: Client, revops: User) -> None:
    publish(default_points(), revops)
    publish(plain_rules(), revops)
    draft = make_draft(default_points(), revops)
    assert "those of Version 2" in text(client, draft)
    client.post(url(draft), {"expected": draft.digest})
    draft.refresh_from_db()
    assert [rule.name for rule in read_content(draft).rules] == ["Large", "Middle", "Everyone else"]


def test_what_somebody_saved_meanwhile_is_shown_and_nothing_dropped(client: Client, revops: User) -> None:
    draft = make_draft(by=revops)
    seen = draft.digest
    save_draft(rule_set=draft, by=revops, content=plain_rules(minimum_dwell_days=3), expected=seen)
    for expected in (seen, "", "\x00"):
        late = client.post(url(draft), {"expected": expected})
        assert late.status_code == 422
        assert "Nothing of yours was written" in late.content.decode()
    draft.refresh_from_db()
    assert (draft.kind, draft.rules.count()) == ("conditions", 3)


def test_only_a_draft_changes_its_kind_and_only_by_revops(client: Client, revops: User) -> None:
    version = publish(by=revops)
    for answer in (client.get(url(version)), client.post(url(version), {"expected": version.digest})):
        assert answer.status_code == 302
    version.refresh_from_db()
    assert version.kind == "conditions"
    draft = make_draft(by=revops)
    assert client_as("sales").post(url(draft), {"expected": draft.digest}).status_code == 403
