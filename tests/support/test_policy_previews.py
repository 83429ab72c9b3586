"""Previews of policies: the tickets of 90 days, told by a draft and by what is in force, as if each always counted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Account
from metrics.runs.work import work_off
from people.models import User
from support.models import (
    Clock,
    Outcome,
    Policy,
    PolicyPreview,
    PolicySet,
    PolicyTenure,
    Ticket,
    TicketEvent,
    TicketToClock,
)
from support.policies.content import PolicyDraft
from support.policies.previews.reading import by_metric, by_tier_and_priority, changed_rows
from support.policies.previews.services import is_current, newest_preview, request_policy_preview
from support.policies.services import create_policy_draft, cycle, publish_policies, save_policy_draft
from tests.metrics.facts import make_account
from tests.users import client_as, client_of, make_user

pytestmark = pytest.mark.django_db

EVERYONE: dict[str, Any] = {"all": []}


@pytest.fixture
def desk() -> User:
    return make_user("support")


def promising(minutes: int, metric: str = "first_response", **fields: Any) -> PolicyDraft:
    cells = {(metric, "normal", ""): minutes}
    return PolicyDraft(name="Everybody", condition=EVERYONE, clock="24x7", cells=cells, **fields)


def answered(account: Account, after: int, days: int = 10) -> Ticket:
    """Let a ticket be answered some minutes after it was opened."""
    opened = timezone.now() - timedelta(days=days)
    ticket = Ticket.objects.create(account=account, subject=f"After {after}", opened_at=opened)
    TicketEvent.objects.create(
        ticket=ticket, kind="agent_reply", occurred_at=opened + timedelta(minutes=after)
    )
    return ticket


def put_in_force(*policies: PolicyDraft, by: User) -> PolicySet:
    draft = create_policy_draft(by=by, content=policies)
    return publish_policies(draft=draft, by=by, expected=cycle.seen(draft))


def previewed(draft: PolicySet, by: User) -> PolicyPreview:
    run = request_policy_preview(version=draft, by=by)
    assert not work_off("support.policy_preview", run.pk)
    run.refresh_from_db()
    assert run.state == "done", run.error
    return run


def test_it_counts_what_would_have_been_met_and_names_what_changes(desk: User) -> None:
    account = make_account("standard")
    quick, slow, late = (answered(account, after) for after in (10, 45, 90))
    answered(account, 45, days=91)
    put_in_force(promising(60), by=desk)
    before = (PolicyTenure.objects.count(), Clock.objects.count(), TicketToClock.objects.count())
    run = previewed(create_policy_draft(by=desk, content=(promising(30),)), desk)
    [tally] = by_metric(run)
    assert (tally.before["met"], tally.before["missed"]) == (2, 1)
    assert (tally.after["met"], tally.after["missed"]) == (1, 2)
    [changed] = changed_rows(run, "missed")
    assert (changed.ticket, changed.before, changed.after, changed.late_minutes) == (
        slow,
        "met",
        "missed",
        15,
    )
    assert {row.ticket for row in run.rows.all()} == {quick, slow, late}
    assert (PolicyTenure.objects.count(), Clock.objects.count(), TicketToClock.objects.count()) == before
    [one] = by_tier_and_priority(run)
    assert (one.tier, one.priority, one.share_before) == ("Standard", "Normal", 2 / 3)


def test_it_counts_as_if_each_version_had_always_counted(desk: User) -> None:
    """The version in force was published a moment ago, and its promises were not even written down yet."""
    answered(make_account("standard"), 45)
    put_in_force(promising(60), by=desk)
    run = previewed(create_policy_draft(by=desk, content=(promising(120),)), desk)
    [tally] = by_metric(run)
    assert tally.before == tally.after == {"met": 1, "missed": 0, "ended": 0, "open": 0, "none": 0}


def test_what_is_newly_or_no_longer_promised_is_told(desk: User) -> None:
    answered(make_account("standard"), 45)
    put_in_force(promising(60), by=desk)
    run = previewed(create_policy_draft(by=desk, content=(promising(120, "resolution"),)), desk)
    first, resolution = by_metric(run)
    assert (first.before["met"], first.after["none"]) == (1, 1)
    assert (resolution.before["none"], resolution.after["missed"]) == (1, 1)
    assert [row.metric for row in changed_rows(run, "dropped")] == ["first_response"]
    assert [row.metric for row in changed_rows(run, "promised")] == ["resolution"]
    assert [row.metric for row in changed_rows(run, "nonsense")] == ["resolution", "first_response"]


def test_the_first_fitting_policy_of_the_draft_decides(desk: User) -> None:
    german, french = (make_account("standard", country=country) for country in ("DE", "FR"))
    for account in (german, french):
        answered(account, 45)
    put_in_force(promising(60), by=desk)
    germans = PolicyDraft(
        name="Germans",
        condition={"field": "accounts.country", "op": "eq", "value": "DE"},
        clock="24x7",
        cells={("first_response", "normal", ""): 30},
    )
    run = previewed(create_policy_draft(by=desk, content=(germans, promising(60))), desk)
    assert [row.ticket.account for row in changed_rows(run, "")] == [german]


def test_a_contract_goes_before_the_policies_here_too(desk: User, monkeypatch: Any) -> None:
    answered(make_account("standard"), 45)
    monkeypatch.setattr("support.policies.tenures._agreed_by", lambda entitled: "Contract C-1")
    put_in_force(promising(60), by=desk)
    run = previewed(create_policy_draft(by=desk, content=(promising(30),)), desk)
    assert not changed_rows(run, "").exists()


def test_what_is_open_still_is_not_decided(desk: User) -> None:
    account = make_account("standard")
    Ticket.objects.create(account=account, subject="Open", opened_at=timezone.now() - timedelta(minutes=5))
    put_in_force(promising(60), by=desk)
    run = previewed(create_policy_draft(by=desk, content=(promising(2),)), desk)
    [tally] = by_metric(run)
    assert (tally.before["open"], tally.after["missed"]) == (1, 1)
    assert [row.after for row in changed_rows(run, "missed")] == [Outcome.MISSED]


def test_what_was_solved_in_time_without_an_answer_has_ended_and_is_not_undecided(desk: User) -> None:
    ticket = answered(make_account("standard"), 10)
    opened = ticket.opened_at
    for kind, after, value in (("customer_reply", 20, ""), ("status", 30, "solved")):
        TicketEvent.objects.create(
            ticket=ticket, kind=kind, value=value, occurred_at=opened + timedelta(minutes=after)
        )
    put_in_force(promising(60, "next_response"), by=desk)
    run = previewed(create_policy_draft(by=desk, content=(promising(5, "next_response"),)), desk)
    [tally] = by_metric(run)
    assert (tally.before["ended"], tally.before["open"], tally.after["missed"]) == (1, 0, 1)
    assert tally.share_before is None
    page = client_of(desk).get(reverse("support:policy_preview", args=[run.pk])).content.decode()
    assert "Ended unanswered" in page


def test_it_goes_slice_by_slice(desk: User, monkeypatch: Any) -> None:
    monkeypatch.setattr("support.policies.previews.services.SLICE", 2)
    account = make_account("standard")
    for after in (10, 45, 90, 20, 30):
        answered(account, after)
    run = previewed(create_policy_draft(by=desk, content=(promising(60),)), desk)
    assert len(run.plan) == 4
    assert (run.summary or {})["tickets"] == 5


def test_a_draft_that_is_saved_meanwhile_has_no_preview(desk: User) -> None:
    answered(make_account("standard"), 45)
    draft = create_policy_draft(by=desk, content=(promising(60),))
    run = request_policy_preview(version=draft, by=desk)
    assert request_policy_preview(version=draft, by=desk) == run
    save_policy_draft(draft=draft, by=desk, content=(promising(30),), expected=cycle.mark(draft))
    work_off("support.policy_preview", run.pk)
    run.refresh_from_db()
    assert (run.state, run.rows.count()) == ("failed", 0)
    assert "was saved while it was being previewed" in run.error
    draft.refresh_from_db()
    assert newest_preview(draft) is None


def test_only_editors_ask_and_only_for_what_can_count(desk: User) -> None:
    draft = create_policy_draft(by=desk, content=())
    with pytest.raises(PermissionDenied):
        request_policy_preview(version=draft, by=make_user("customer_success"))
    with pytest.raises(ValidationError, match="Add at least one policy"):
        request_policy_preview(version=draft, by=desk)


def test_the_pages_ask_follow_show_and_export_without_scripts(desk: User) -> None:
    client = client_of(desk)
    ticket = answered(make_account("standard", name="Kestrel Works"), 45)
    put_in_force(promising(60), by=desk)
    draft = create_policy_draft(by=desk, content=(promising(30),))
    publish = reverse("support:policy_publish", args=[draft.version])
    new = reverse("support:policy_preview_new", args=[draft.version])
    assert "There is no preview of what the draft says now" in client.get(publish).content.decode()
    assert "Not previewed yet" in client.get(new).content.decode()
    where = client.post(new).headers["Location"]
    text = client.get(where).content.decode()
    assert "of 2 steps" in text
    assert 'http-equiv="refresh"' in text
    assert "A preview is being made" in client.get(publish).content.decode()
    run = PolicyPreview.objects.get()
    work_off("support.policy_preview", run.pk)
    assert client.get(new).headers["Location"] == where
    for way in ("", "missed", "%00", "dropped"):
        text = client.get(f"{where}?way={way}&page=x").content.decode()
    text = client.get(where).content.decode()
    assert "Kestrel Works" in text
    assert reverse("support:ticket", args=[ticket.pk]) in text
    assert "15 min" in text
    assert "replayed the tickets of 90 days" in client.get(publish).content.decode()
    for table, told in (("counts", "First response,Standard,Normal"), ("tickets", "Kestrel Works")):
        response: Any = client.get(where, {"export": "csv", "table": table})
        assert told in b"".join(response.streaming_content).decode()
    put_in_force(promising(61), by=make_user("revops"))
    assert not is_current(run)
    assert "another version was published" in client.get(where).content.decode()


def test_a_preview_can_be_stopped(desk: User) -> None:
    client = client_of(desk)
    draft = create_policy_draft(by=desk, content=(promising(30),))
    where = client.post(reverse("support:policy_preview_new", args=[draft.version])).headers["Location"]
    run = PolicyPreview.objects.get()
    client.post(reverse("support:policy_preview_cancel", args=[run.pk]))
    run.refresh_from_db()
    assert run.state == "cancelled"
    assert "Nothing of it is kept" in client.get(where).content.decode()
    client.post(reverse("support:policy_preview_cancel", args=[run.pk]))


def test_a_version_that_can_not_count_says_why(desk: User) -> None:
    gone = {"field": "nobody.knows", "op": "gte", "value": 1}
    draft = create_policy_draft(by=desk, content=(PolicyDraft(name="Gone", condition=gone),))
    response = client_of(desk).post(reverse("support:policy_preview_new", args=[draft.version]))
    assert response.status_code == 422
    assert "“Gone”: " in response.content.decode()
    assert Policy.objects.filter(policy_set=draft).exists()


def test_others_do_not_preview(desk: User) -> None:
    draft = create_policy_draft(by=desk, content=(promising(30),))
    run = request_policy_preview(version=draft, by=desk)
    other: Client = client_as("customer_success")
    for name, key in (("policy_preview_new", 1), ("policy_preview", run.pk)):
        assert other.get(reverse(f"support:{name}", args=[key])).status_code == 403
    assert other.post(reverse("support:policy_preview_cancel", args=[run.pk])).status_code == 403
    for key in (run.pk + 9, 2**70):
        assert client_of(desk).get(f"/support/policies/previews/{key}/").status_code == 404
