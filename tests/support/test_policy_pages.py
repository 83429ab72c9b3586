"""The pages of policies: read by whoever reads support history, written by support and RevOps, without scripts."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from metrics.engine.plan import today
from people.models import User
from support.models import PolicyPreview, PolicySet
from support.policies.content import PolicyDraft, content_of
from support.policies.previews.services import is_current
from support.policies.services import create_policy_draft, cycle, in_force, publish_policies
from tests.support.promises import make_calendar
from tests.users import client_as, client_of, make_user

pytestmark = pytest.mark.django_db

EVERYONE: dict[str, Any] = {"all": []}
POOR = {"field": "finance.arr", "op": "lt", "value": 1000}
HOUR = PolicyDraft(
    name="Everybody", condition=EVERYONE, clock="24x7", cells={("first_response", "normal", ""): 60}
)
RESOLVED = PolicyDraft(
    name="Germans",
    condition={"field": "accounts.country", "op": "eq", "value": "DE"},
    cells={("resolution", "urgent", "strategic"): 240},
)


@pytest.fixture
def desk() -> User:
    return make_user("support")


@pytest.fixture
def client(desk: User) -> Client:
    return client_of(desk)


@pytest.fixture
def draft(desk: User) -> PolicySet:
    return create_policy_draft(by=desk, content=(HOUR, RESOLVED))


def page(client: Client, name: str, *args: Any) -> str:
    response = client.get(reverse(f"support:{name}", args=args))
    assert response.status_code == 200
    return response.content.decode()


def hidden(text: str) -> dict[str, str]:
    """Return what a form carries along."""
    return {
        name: found[1]
        for name in ("seen", "base")
        if (found := re.search(rf'name="{name}" value="([^"]*)"', text))
    }


def policy(**changed: str) -> dict[str, str]:
    """Return a policy for every account as a browser without scripts sends it."""
    return {"name": "New one", "clock": "24x7", "t-resolution-high-any": "2 days", **changed}


def test_what_is_in_force_is_shown_with_what_tiers_entitle_to(client: Client) -> None:
    text = page(client, "policies")
    assert "Every account" in text
    assert "Nothing is promised." in text
    assert text.count('title="As the tier entitles to') == 2 * 4 * 4
    response: Any = client.get(reverse("support:policies"), {"export": "csv"})
    lines = b"".join(response.streaming_content).decode()
    assert "First response,Urgent,Strategic,30 min,30" in lines


def test_only_readers_of_support_history_read_and_only_support_and_revops_write(draft: PolicySet) -> None:
    success, sales = client_as("customer_success"), client_as("sales")
    assert "Begin a draft" not in page(success, "policies")
    assert f"Version {draft.version}<" not in page(success, "policies")
    for name in ("policy_version", "policy_edit", "policy_part_new", "policy_publish"):
        assert success.get(reverse(f"support:{name}", args=[draft.version])).status_code == 403
    assert success.post(reverse("support:policy_act", args=[1]), {"do": "draft"}).status_code == 403
    for name, args in (("policies", []), ("policy_version", [1])):
        response = sales.get(reverse(f"support:{name}", args=args))
        assert response.status_code == 403
        assert "does not read support history" in response.content.decode()
    assert reverse("support:policies") not in sales.get("/").content.decode()


def test_a_draft_is_begun_written_moved_and_published_without_scripts(client: Client) -> None:
    began = client.post(reverse("support:policy_act", args=[1]), {"do": "draft"})
    edit = began.headers["Location"]
    version = PolicySet.objects.drafts().get().version
    new = reverse("support:policy_part_new", args=[version])
    held = hidden(client.get(new).content.decode())
    assert client.post(new, policy(**held)).headers["Location"] == edit
    text = client.get(edit).content.decode()
    assert "New one" in text
    client.post(edit, {"do": "up:2", "note": "Faster.", **hidden(text)})
    draft = PolicySet.objects.get(version=version)
    assert [one.name for one in content_of(draft)] == ["New one", "Every account"]
    assert content_of(draft)[0].cells == {("resolution", "high", ""): 2880}
    gone = client.post(
        edit, {"do": "publish", "note": "Faster.", **hidden(client.get(edit).content.decode())}
    )
    publish = gone.headers["Location"]
    text = client.get(publish).content.decode()
    assert "“New one” added, for every account" in text
    assert "Faster." in text
    client.post(publish, {"note": "Faster.", "starts_on": "", **hidden(text)})
    present = in_force()
    assert present is not None
    assert (present.version, present.note) == (version, "Faster.")
    assert "New one" in page(client, "policies")


def test_the_editor_goes_on_to_a_preview_of_what_it_saved(client: Client, draft: PolicySet) -> None:
    edit = reverse("support:policy_edit", args=[draft.version])
    sent = {"do": "preview", "note": "Looked at first.", **hidden(client.get(edit).content.decode())}
    gone = client.post(edit, sent)
    run = PolicyPreview.objects.get()
    assert gone.headers["Location"] == reverse("support:policy_preview", args=[run.pk])
    assert run.policy_set.note == "Looked at first."
    assert is_current(run)


def test_an_editor_whose_draft_cant_count_is_told_instead_of_a_preview(client: Client, desk: User) -> None:
    empty = create_policy_draft(by=desk, content=())
    edit = reverse("support:policy_edit", args=[empty.version])
    response = client.post(edit, {"do": "preview", "note": "", **hidden(client.get(edit).content.decode())})
    assert response.status_code == 422
    assert not PolicyPreview.objects.exists()


def test_a_policy_is_changed_and_removed(client: Client, draft: PolicySet) -> None:
    where = reverse("support:policy_part", args=[draft.version, 2])
    text = client.get(where).content.decode()
    assert 'value="4 h"' in text
    calendar = make_calendar()
    sent = {
        "name": "French",
        "clock": "calendar",
        "calendar": calendar.name,
        "t-first_response-low-any": "entitled",
        "where-json": '{"field": "accounts.country", "op": "eq", "value": "FR"}',
        "where-do": "read",
        **hidden(text),
    }
    shown = client.post(where, sent)
    assert shown.status_code == 200
    assert 'value="French"' in shown.content.decode()
    fields = dict(re.findall(r'name="(where-[^"]+)"[^>]*value="([^"]*)"', shown.content.decode()))
    del sent["where-do"]
    editor = {name: value for name, value in fields.items() if not name.endswith("-do")}
    selects = re.findall(r'<select[^>]*name="(where-[^"]+)".*?</select>', shown.content.decode(), re.DOTALL)
    for name in selects:
        body = re.search(rf'<select[^>]*name="{name}".*?</select>', shown.content.decode(), re.DOTALL)
        assert body is not None
        chosen = re.search(r'<option value="([^"]*)" selected', body[0])
        editor[name] = chosen[1] if chosen else ""
    assert client.post(where, {**sent, **editor}).status_code == 302
    changed = content_of(draft)[1]
    assert (changed.name, changed.calendar) == ("French", calendar.name)
    assert changed.cells == {("first_response", "low", ""): None}
    edit = reverse("support:policy_edit", args=[draft.version])
    client.post(edit, {"do": "remove:1", **hidden(client.get(edit).content.decode())})
    assert [one.name for one in content_of(draft)] == ["French"]


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"t-resolution-high-any": "soon"}, "Write a span such as"),
        ({"t-resolution-high-any": "entitled"}, "tiers and contracts don’t say it"),
        ({"t-resolution-high-any": "9" * 39 + "h"}, "Write a span such as"),
        ({"name": ""}, "Fill in “Name”"),
        ({"name": "Everybody"}, "stands twice"),
        ({"clock": "calendar"}, "Choose the calendar by which time runs"),
        ({"clock": "calendar", "calendar": "Mars"}, "id_calendar_error"),
        ({"clock": "sundial"}, "id_clock_error"),
        ({"where-json": "{", "where-do": "read"}, "no JSON"),
        ({"base": "garbage"}, ""),
    ],
)
def test_what_can_not_be_saved_stays_typed_and_says_why(
    client: Client, draft: PolicySet, sent: dict[str, str], told: str
) -> None:
    new = reverse("support:policy_part_new", args=[draft.version])
    held = hidden(client.get(new).content.decode())
    response = client.post(new, policy(**{**held, "t-next_response-low-growth": "7 h", **sent}))
    if not told:
        assert response.status_code == 302
        return
    assert response.status_code in (200, 422)
    text = response.content.decode()
    assert told in text
    assert 'value="7 h"' in text
    assert len(content_of(draft)) == 2


def test_of_two_editors_the_second_gets_the_differences(client: Client, draft: PolicySet) -> None:
    edit = reverse("support:policy_edit", args=[draft.version])
    part = reverse("support:policy_part", args=[draft.version, 1])
    mine, theirs = (hidden(client.get(where).content.decode()) for where in (part, edit))
    other = client_of(make_user("revops", name="Rita"))
    assert other.post(edit, {"do": "remove:2", **theirs}).status_code == 302
    for where, sent in ((part, policy(**mine)), (edit, {"do": "up:2", **mine})):
        response = client.post(where, sent)
        text = response.content.decode()
        assert response.status_code == 409
        assert "was saved by Rita since you opened it" in text
        assert "“Germans” left out" in text
    assert 'value="New one"' in client.post(part, policy(**mine)).content.decode()
    assert [one.name for one in content_of(draft)] == ["Everybody"]
    # What a form claims to have been opened with is told only where we signed it.
    forged = client.post(edit, {"do": "", "seen": "x", "base": "forged"})
    assert forged.status_code == 409
    assert "left out" not in forged.content.decode()


def test_of_two_publishers_the_second_sees_what_is_in_force_now(client: Client, draft: PolicySet) -> None:
    publish = reverse("support:policy_publish", args=[draft.version])
    held = hidden(client.get(publish).content.decode())
    by = make_user("revops", name="Rita")
    other = create_policy_draft(by=by, content=(RESOLVED,))
    publish_policies(draft=other, by=by, expected=cycle.seen(other))
    response = client.post(publish, {"note": "Mine", **held})
    assert response.status_code == 409
    assert "was published by Rita meanwhile" in response.content.decode()
    assert in_force() == other
    again = hidden(response.content.decode())
    assert client.post(publish, {"note": "Mine", **again}).status_code == 302
    assert in_force() == draft


def test_a_day_ahead_schedules_and_it_can_be_taken_back(client: Client, draft: PolicySet) -> None:
    publish = reverse("support:policy_publish", args=[draft.version])
    for sent, told in (
        ({"starts_on": "soon", "note": "x"}, "Write a day such as"),
        ({"starts_on": str(today()), "note": "x"}, "a day after today"),
        ({"starts_on": "9999-01-01", "note": "x"}, "before 2100"),
        ({"note": " "}, "Say what changes and why"),
    ):
        held = hidden(client.get(publish).content.decode())
        response = client.post(publish, {**sent, **held})
        assert response.status_code == 422
        assert told in response.content.decode()
    ahead = today() + timedelta(days=9)
    client.post(publish, {"starts_on": str(ahead), "note": "Soon.", **held})
    assert PolicySet.objects.get(pk=draft.pk).state == "scheduled"
    assert f"Version {draft.version}</a> comes into force on" in page(client, "policies")
    act = reverse("support:policy_act", args=[draft.version])
    client.post(act, {"do": "unschedule"})
    assert PolicySet.objects.get(pk=draft.pk).state == "draft"
    client.post(act, {"do": "discard"})
    assert not PolicySet.objects.filter(pk=draft.pk).exists()


def test_one_whose_condition_is_gone_is_not_published_and_says_what_to_do(
    client: Client, desk: User, monkeypatch: Any
) -> None:
    gone = PolicyDraft(name="Gone", condition={"field": "nobody.knows", "op": "gte", "value": 1})
    draft = create_policy_draft(by=desk, content=(HOUR, gone))
    publish = reverse("support:policy_publish", args=[draft.version])
    text = client.get(publish).content.decode()
    assert "“Gone”: " in text
    assert "nobody.knows" in text
    held = {"seen": cycle.seen(draft), "note": "x"}
    assert client.post(publish, held).status_code == 422
    assert in_force() != draft
    assert "nobody.knows" in page(client, "policy_version", draft.version)
    assert "nobody.knows" in page(client, "policy_edit", draft.version)


def test_a_condition_that_a_reader_may_not_know_is_closed_and_kept(desk: User, client: Client) -> None:
    rich = PolicyDraft(name="Small ones", condition=POOR, cells={("resolution", "low", ""): 60})
    held = create_policy_draft(by=make_user("revops"), content=(rich,))
    part = reverse("support:policy_part", args=[held.version, 1])
    for name, args in (("policy_version", [held.version]), ("policy_edit", [held.version])):
        text = page(client, name, *args)
        assert "1,000" not in text
        assert "ARR" not in text
    response: Any = client.get(reverse("support:policy_version", args=[held.version]), {"export": "csv"})
    lines = b"".join(response.streaming_content).decode()
    assert "Small ones" in lines
    assert "ARR" not in lines
    text = client.get(part).content.decode()
    assert "The condition stays as it is" in text
    assert client.post(part, policy(**hidden(text))).status_code == 302
    [saved] = content_of(held)
    assert (saved.name, saved.condition) == ("New one", POOR)


@pytest.mark.parametrize("what", ["", "up:0", "up:99", "up:²", "remove:-1", "down:x", "nonsense", "up:1:2"])
def test_no_button_that_is_not_there_breaks_anything(client: Client, draft: PolicySet, what: str) -> None:
    edit = reverse("support:policy_edit", args=[draft.version])
    before = content_of(draft)
    sent = {"do": what, **hidden(client.get(edit).content.decode())}
    assert client.post(edit, sent).status_code == 302
    assert content_of(draft) == before
    act = reverse("support:policy_act", args=[draft.version])
    assert client.post(act, {"do": what}).status_code == 302


@pytest.mark.parametrize("version", [0, 99, 2**63])
def test_a_version_that_is_not_there_is_not_found(client: Client, version: int) -> None:
    for name in ("policy_version", "policy_edit", "policy_part_new", "policy_publish"):
        assert client.get(f"/support/policies/{version}/{name.removeprefix('policy_')}/").status_code == 404
    assert client.get(f"/support/policies/{version}/").status_code == 404


def test_what_is_in_force_can_not_be_edited_and_old_ones_come_back_as_drafts(
    client: Client, draft: PolicySet, desk: User
) -> None:
    publish_policies(draft=draft, by=desk, expected=cycle.seen(draft))
    for name in ("policy_edit", "policy_publish"):
        response = client.get(reverse(f"support:{name}", args=[draft.version]))
        assert response.headers["Location"] == reverse("support:policy_version", args=[draft.version])
    assert client.get(reverse("support:policy_part", args=[draft.version, 1])).status_code == 404
    client.post(reverse("support:policy_act", args=[1]), {"do": "draft"})
    back = PolicySet.objects.drafts().get()
    assert back.based_on == PolicySet.objects.get(version=1)
    assert content_of(back) == content_of(PolicySet.objects.get(version=1))
    assert "“Every account” added" in page(client, "policy_version", back.version)
