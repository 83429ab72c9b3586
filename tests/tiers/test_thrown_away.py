"""Drafts that were thrown away: told in the history of the configuration, and brought back whole."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import Tier
from people.configuration.history import Asked, Save, read_saves
from people.configuration.registry import sections
from people.configuration.restoring import CannotRestoreError, plan_restoration, restore
from people.models import User
from tests.tiers.facts import make_draft, plain_rules
from tests.users import client_of, make_user
from tiers.content import read_whole
from tiers.entitlements.services import set_entitlements
from tiers.models import RuleSet, RuleSetRevision, TierRule
from tiers.services import create_draft, delete_draft, save_draft

# Each change in a transaction of its own, as it is outside of tests: their time is what tells saves apart.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def revops() -> User:
    return make_user("revops", name="Rita Ops")


def newest() -> Save:
    saves, _ = read_saves(Asked([sections["tiers"]]))
    return saves[0]


def throw_away(revops: User) -> tuple[RuleSet, dict[str, Any]]:
    draft = make_draft(plain_rules(note="For the new year"), revops)
    set_entitlements(
        rule_set=draft, tier=Tier.objects.get(slug="growth"), values={"first_response": 333}, by=revops
    )
    said = read_whole(draft)
    delete_draft(rule_set=draft, by=revops)
    return draft, said


def test_it_is_told_with_who_did_it_and_comes_back_with_all_it_said(revops: User) -> None:
    draft, said = throw_away(revops)
    save = newest()
    assert (save.author, [str(line) for line in save.lines]) == (
        "Rita Ops",
        [f"{draft} removed: draft, “For the new year”"],
    )
    assert "comes back as a draft, version 1," in plan_restoration(save).effects[0]
    other = make_user("revops", name="Omar Ops")
    restore(save=save, by=other)
    again = RuleSet.objects.get()
    assert read_whole(again) == said
    assert (again.state, again.version, again.author, again.digest) == ("draft", 1, other, draft.digest)
    assert [one.saved_by for one in again.revisions.all()] == [other]
    with pytest.raises(CannotRestoreError, match="Version 1 is a draft that says the same"):
        restore(save=save, by=revops)


def test_it_takes_the_next_number_where_its_own_is_taken(revops: User) -> None:
    throw_away(revops)
    save = newest()
    create_draft(by=revops)
    restore(save=save, by=revops)
    assert list(RuleSet.objects.newest_first().values_list("version", flat=True)) == [2, 1]


def test_what_can_not_be_kept_any_more_is_refused_with_its_reason(revops: User) -> None:
    draft = make_draft(plain_rules(), revops)
    delete_draft(rule_set=draft, by=revops)
    save = newest()
    kept = RuleSetRevision.objects.get(digest=draft.digest)
    kept.content["rules"][0]["tier"] = "platinum"
    kept.save()
    with pytest.raises(CannotRestoreError, match="There is no tier “platinum”"):
        restore(save=save, by=revops)
    kept.delete()
    with pytest.raises(CannotRestoreError, match="was not kept"):
        restore(save=save, by=revops)
    assert not RuleSet.objects.exists()


def test_other_changes_of_versions_are_not_taken_back(revops: User) -> None:
    draft = make_draft(by=revops)
    save_draft(rule_set=draft, by=revops, content=plain_rules(minimum_dwell_days=7), expected=draft.digest)
    assert "Minimum dwell" in str(newest().lines[0]) or "minimum dwell" in str(newest().lines[0])
    with pytest.raises(CannotRestoreError, match="is never edited"):
        restore(save=newest(), by=revops)


def test_the_page_offers_it_and_brings_it_back(revops: User) -> None:
    _, said = throw_away(revops)
    client = client_of(revops)
    page = client.get("/configuration/?section=tiers")
    assert "Version 1" in page.content.decode()
    url = newest().restore_url
    shown = client.get(url)
    assert shown.status_code == 200
    assert "comes back as a draft" in shown.content.decode()
    client.post(url)
    assert read_whole(RuleSet.objects.get()) == said
    assert TierRule.objects.count() == 3
