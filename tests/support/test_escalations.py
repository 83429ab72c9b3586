"""Escalations: step by step up a ladder until somebody takes them up, whoever is away, and by whichever version."""

from __future__ import annotations

import csv
import io
import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import yaml
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.lenses import panels
from accounts.models import Account
from common.versions.errors import VersionChangedError
from metrics.engine.plan import today
from people.absences.services import write_absence
from people.access import access_of
from people.configuration.files import apply_import, export_yaml, plan_import, read_yaml
from people.models import Notice, NoticeChannel, User
from support.escalations.climbing import about_escalation, acknowledge, climb
from support.escalations.ladders import RungDraft, differences, drafts_of, expected, write_ladder
from support.escalations.previews import preview_ladder
from support.models import Assignment, Clock, Escalation, EscalationStep, Ladder, SupportTeam, Ticket
from support.routing.services import give_ticket, set_engineers
from support.teams.services import set_member
from tests.accounts.rows import make_listed
from tests.support.promises import at, happen, keep, make_calendar, mark, open_ticket, publish_policies
from tests.users import client_as, client_of, make_user

pytestmark = pytest.mark.django_db

HOUR: list[Any] = [("first_response", "normal", "", 60), ("resolution", "normal", "", 600)]
OPENED, LATE = "2026-11-16 09:00", "2026-11-16 10:00"


@pytest.fixture
def engineer() -> User:
    return make_user("support", name="Ada Moss")


@pytest.fixture
def account() -> Account:
    owner = make_user("customer_success", name="Otto Own")
    return make_listed("Acme", "strategic", owner_email=owner.email)


def write(rungs: list[RungDraft], path: str = "vp_cs") -> Ladder:
    """Put other steps of one path in force."""
    return write_ladder(rungs={**drafts_of(Ladder.objects.published().first()), path: rungs}, by=None)


def come_in(account: Account, engineer: User | None = None) -> Ticket:
    """Open a ticket that was known here from when it was opened on, with somebody who has it."""
    ticket = open_ticket(account, OPENED)
    Ticket.objects.filter(pk=ticket.pk).update(created_at=at(OPENED))
    if engineer is not None:
        give_ticket(ticket=ticket, engineer=engineer, team=None, reason="Hers", by=engineer)
    return ticket


def breach(account: Account, engineer: User | None = None, *, now: str = LATE) -> Escalation:
    """Let the first response to a new ticket be late."""
    if not Clock.objects.exists():
        publish_policies({"cells": HOUR})
    ticket = come_in(account, engineer)
    keep(now)
    return Escalation.objects.get(ticket=ticket, metric="first_response")


def words(held: Escalation) -> list[str]:
    """Return whom the steps told, in words."""
    return [step.words for step in EscalationStep.objects.filter(escalation=held)]


def told(held: Escalation) -> set[str]:
    """Return who was told of an escalation."""
    notices = Notice.objects.filter(about=about_escalation(held.pk), user__isnull=False)
    return set(notices.values_list("user__name", flat=True))


def test_a_strategic_breach_goes_up_its_ladder_until_it_is_taken_up(account: Account, engineer: User) -> None:
    chief = make_user("leadership", name="Vera Lead")
    second = make_user("support", name="Pia Pod")
    set_engineers(account=account, named=None, others=[second], by=engineer)
    held = breach(account, engineer)
    assert (held.path, held.origin, held.firing.percent) == ("vp_cs", "Strategic tier", 100)
    assert words(held) == ["Ada Moss, who has the ticket", "The account’s engineers: Pia Pod"]
    assert (held.next_position, held.next_at) == (3, at("2026-11-16 10:15"))
    assert climb(now=at("2026-11-16 10:14")) == 0
    assert climb(now=at("2026-11-16 10:15")) == 1
    assert climb(now=at("2026-11-16 10:15")) == 0
    assert words(held)[2] == "Otto Own, who owns the account"
    assert told(held) == {"Ada Moss", "Pia Pod", "Otto Own"}
    held = acknowledge(escalation=held, by=engineer, access=access_of("support"))
    assert (held.next_position, held.next_at) == (None, None)
    assert not Notice.objects.filter(about=about_escalation(held.pk), event__startswith="step").exists()
    assert not Notice.objects.filter(user=engineer, event="taken").exists()
    assert climb(now=at("2026-11-16 12:00")) == 0
    assert chief.name not in told(held)
    taken = Notice.objects.get(user=second, event="taken")
    assert taken.text.startswith("Ada Moss takes care of: first response to “Question” of Acme")


def test_without_anybody_it_reaches_leadership_and_ends_there(account: Account, engineer: User) -> None:
    chief = make_user("leadership", name="Vera Lead")
    held = breach(account, engineer)
    for minute in (15, 30, 45):
        climb(now=at(f"2026-11-16 10:{minute}"))
    held.refresh_from_db()
    assert words(held)[-1] == "Everybody of Leadership: 1 person"
    assert Notice.objects.get(user=chief).text.startswith("Late: first response to “Question” of Acme")
    assert (held.next_position, held.next_at) == (None, None)


def test_an_answer_ends_it_and_withdraws_what_was_not_sent(account: Account, engineer: User) -> None:
    held = breach(account, engineer)
    assert told(held) == {"Ada Moss", "Otto Own"}
    happen(held.ticket, "agent_reply", "2026-11-16 10:05")
    keep("2026-11-16 10:06")
    held.refresh_from_db()
    assert held.ended_by == Escalation.End.DONE
    assert told(held) == set()
    assert climb(now=at("2026-11-16 10:30")) == 0
    with pytest.raises(ValidationError, match="It is over: answered or solved"):
        acknowledge(escalation=held, by=engineer, access=access_of("support"))


def test_what_is_reopened_while_it_is_late_goes_up_again(account: Account, engineer: User) -> None:
    publish_policies({"cells": [("resolution", "normal", "", 60)]})
    ticket = come_in(account, engineer)
    keep(LATE)
    happen(ticket, "status", "2026-11-16 10:05", "solved")
    keep("2026-11-16 10:06")
    assert not Escalation.objects.present().exists()
    happen(ticket, "status", "2026-11-16 10:20", "open")
    keep("2026-11-16 10:21")
    again = Escalation.objects.present().get(ticket=ticket)
    assert (again.next_position, again.next_at) == (3, at("2026-11-16 10:36"))
    assert Notice.objects.filter(user=engineer, about=about_escalation(again.pk)).exists()
    keep("2026-11-16 10:22")
    assert Escalation.objects.filter(ticket=ticket).count() == 2


def test_a_promise_that_is_taken_away_clears_it(account: Account, engineer: User) -> None:
    held = breach(account, engineer)
    happen(held.ticket, "priority", "2026-11-16 10:05", "low")
    keep("2026-11-16 10:06")
    held.refresh_from_db()
    assert held.ended_by == Escalation.End.CLEARED


def test_a_ticket_that_is_deleted_ends_it(account: Account, engineer: User) -> None:
    held = breach(account, engineer)
    Ticket.objects.filter(pk=held.ticket_id).update(deleted_at=timezone.now())
    mark(held.ticket)
    keep("2026-11-16 10:06")
    held.refresh_from_db()
    assert held.ended_by == Escalation.End.GONE


def test_while_it_waits_for_the_customer_nobody_further_is_told(account: Account, engineer: User) -> None:
    publish_policies({"cells": [("resolution", "normal", "", 60)]})
    ticket = come_in(account, engineer)
    keep(LATE)
    held = Escalation.objects.get(ticket=ticket)
    happen(ticket, "status", "2026-11-16 10:05", "pending")
    keep("2026-11-16 10:06")
    assert climb(now=at("2026-11-16 11:00")) == 0
    happen(ticket, "status", "2026-11-16 11:05", "open")
    keep("2026-11-16 11:06")
    assert climb(now=at("2026-11-16 11:06")) == 1
    assert words(held)[-1] == "Otto Own, who owns the account"


def test_waits_run_in_the_hours_of_the_clock(account: Account, engineer: User) -> None:
    office = make_calendar()
    publish_policies({"cells": HOUR, "clock": "calendar", "calendar": office})
    ticket = open_ticket(account, "2026-11-20 15:55")
    Ticket.objects.filter(pk=ticket.pk).update(created_at=at("2026-11-20 15:55"))
    keep("2026-11-20 16:55")
    held = Escalation.objects.get(ticket=ticket)
    # Friday 16:55 and 15 minutes: ten of them on Monday.
    assert held.next_at == at("2026-11-23 09:10")


def test_who_is_away_is_stood_in_for_and_nobody_is_never_the_end(account: Account, engineer: User) -> None:
    cover = make_user("support", name="Cara Cover")
    publish_policies({"cells": HOUR})
    ticket = come_in(account, engineer)
    keep("2026-11-16 09:10")
    write_absence(
        person=engineer, starts_on=today(), ends_on=today() + timedelta(days=3), by=engineer, stand_in=cover
    )
    mark(ticket)
    keep(LATE)
    held = Escalation.objects.get(ticket=ticket)
    assert words(held)[0].startswith(
        "Cara Cover, who stands in for Ada Moss, who has the ticket (away until "
    )
    assert words(held)[1].startswith("No engineer of the account is here, so ")


def test_a_ticket_that_nobody_has_is_told_to_its_team(account: Account, engineer: User) -> None:
    team = SupportTeam.objects.get(is_general=True)
    set_member(team=team, person=engineer, open_limit=5, by=engineer)
    publish_policies({"cells": HOUR})
    ticket = come_in(account)
    Assignment.objects.create(ticket=ticket, team=team, cause="rules", reasons=["Full"])
    keep(LATE)
    held = Escalation.objects.get(ticket=ticket)
    assert words(held)[0] == f"Nobody has the ticket, so team {team}: 1 person"
    assert told(held) == {"Ada Moss"}


def test_where_there_is_nobody_everybody_of_support_is_told(engineer: User) -> None:
    held = breach(make_listed("Orphan", "standard"))
    assert words(held) == ["Nobody has the ticket, so everybody of support: 1 person"]
    assert told(held) == {"Ada Moss"}


def test_channels_are_told_what_their_function_may_read(account: Account, engineer: User) -> None:
    own = {"url": "sealed", "host": "hooks.example", "topics": ["support_breaches"]}
    reading = NoticeChannel.objects.create(name="#desk", function="support", **own)
    NoticeChannel.objects.create(name="#legal", function="legal", **own)
    held = breach(account, engineer)
    told = Notice.objects.filter(channel__isnull=False, event__startswith="step.")
    assert [notice.channel for notice in told] == [reading]
    assert "Told: Ada Moss, who has the ticket" in told.get().text
    acknowledge(escalation=held, by=engineer, access=access_of("support"))
    assert Notice.objects.filter(channel=reading, event="taken").exists()


def test_taking_it_up_twice_is_once_and_a_second_person_is_told_who_has_it(
    account: Account, engineer: User
) -> None:
    held = breach(account, engineer)
    first = acknowledge(escalation=held, by=engineer, access=access_of("support"))
    assert (
        acknowledge(escalation=held, by=engineer, access=access_of("support")).acknowledged_at
        == first.acknowledged_at
    )
    with pytest.raises(ValidationError, match="Ada Moss has it since"):
        acknowledge(escalation=held, by=make_user("support"), access=access_of("support"))
    with pytest.raises(PermissionDenied):
        acknowledge(escalation=held, by=make_user("legal"), access=access_of("legal"))


def test_whom_two_steps_of_one_moment_reach_is_told_once_and_so_is_a_channel(
    account: Account, engineer: User
) -> None:
    own = {"url": "sealed", "host": "hooks.example", "topics": ["support_breaches"]}
    NoticeChannel.objects.create(name="#desk", function="support", **own)
    other = make_user("support", name="Ben Ray")
    set_engineers(account=account, named=engineer, others=[other], by=engineer)
    held = breach(account, engineer)
    assert len(words(held)) == 2
    notices = Notice.objects.filter(about=about_escalation(held.pk))
    assert sorted(notices.filter(user__isnull=False).values_list("user__name", flat=True)) == [
        "Ada Moss",
        "Ben Ray",
    ]
    assert all("Acknowledge it by" in one.text for one in notices.filter(user__isnull=False))
    (shared,) = notices.filter(channel__isnull=False)
    assert "Told: Ada Moss, who has the ticket; The account’s engineers: Ada Moss, Ben Ray" in shared.text


@pytest.mark.django_db(transaction=True)
def test_workers_that_climb_at_once_tell_each_step_once(account: Account, engineer: User) -> None:
    publish_policies({"cells": HOUR})
    for _ in range(6):
        come_in(account, engineer)
    keep(LATE)

    def work() -> None:
        try:
            climb(now=at("2026-11-16 10:20"))
        finally:
            connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(3)]
    for one in workers:
        one.start()
    for one in workers:
        one.join(30)
    assert EscalationStep.objects.filter(position=3).count() == 6
    assert Notice.objects.filter(user__name="Otto Own", event="step.3").count() == 6


def test_what_has_begun_goes_on_by_the_ladder_of_its_time(account: Account, engineer: User) -> None:
    held = breach(account, engineer)
    write([RungDraft(wait_minutes=0, who="engineer")])
    climb(now=at("2026-11-16 10:15"))
    assert words(held)[-1] == "Otto Own, who owns the account"
    again = breach(account, engineer, now="2026-11-16 10:16")
    assert len(words(again)) == 1


def test_a_written_person_is_told(account: Account, engineer: User) -> None:
    vice = make_user("leadership", name="Vic Head")
    write([RungDraft(wait_minutes=0, who="person", person=vice.email)])
    assert words(breach(account, engineer)) == ["Vic Head"]


@pytest.mark.parametrize(
    ("rung", "told"),
    [
        (
            RungDraft(wait_minutes=0, who="person", person="who@example.com"),
            "nobody who can sign in has the address",
        ),
        (RungDraft(wait_minutes=0, who="function", function="kitchen"), "choose a function"),
        (RungDraft(wait_minutes=10_081, who="team"), "wait from 0 to 10,080 minutes"),
        (RungDraft(wait_minutes=0, who="dog"), "choose who is told"),
    ],
)
def test_steps_that_reach_nobody_are_refused_with_their_place(rung: RungDraft, told: str) -> None:
    with pytest.raises(ValidationError) as refused:
        write([RungDraft(wait_minutes=0, who="engineer"), rung])
    assert list(refused.value.message_dict) == ["rungs"]
    assert f"Direct to VP CS, step 2: {told}" in refused.value.messages[0]


def test_a_published_ladder_never_changes(engineer: User) -> None:
    held = Ladder.objects.published().get()
    with pytest.raises(IntegrityError), transaction.atomic():
        held.rungs.update(wait_minutes=1)
    with pytest.raises(IntegrityError), transaction.atomic():
        held.delete()


def test_of_two_who_write_at_once_one_wins(engineer: User) -> None:
    seen = expected()
    first = write([RungDraft(wait_minutes=5, who="team")])
    with pytest.raises(VersionChangedError) as refused:
        write_ladder(rungs=drafts_of(first), by=engineer, seen=seen)
    assert refused.value.differences == differences(first.based_on, first)
    assert refused.value.differences[0].startswith(
        "Direct to VP CS: at once who has the ticket, at the same time "
    )
    with pytest.raises(PermissionDenied):
        write_ladder(rungs={}, by=make_user("sales"))


def test_the_preview_counts_how_far_late_clocks_would_have_got(account: Account, engineer: User) -> None:
    publish_policies({"cells": HOUR})
    now = timezone.now().replace(second=0, microsecond=0)
    for minutes in (10, 40):
        ticket = Ticket.objects.create(account=account, subject="Q", opened_at=now - timedelta(days=2))
        late = ticket.opened_at + timedelta(minutes=60)
        happen(ticket, "agent_reply", f"{late + timedelta(minutes=minutes):%Y-%m-%d %H:%M}")
    keep(f"{now:%Y-%m-%d %H:%M}")
    before = drafts_of(Ladder.objects.published().first())
    after = {
        **before,
        "vp_cs": [RungDraft(wait_minutes=0, who="engineer"), RungDraft(wait_minutes=60, who="team")],
    }
    # Nobody has solved them, which is late, too.
    Clock.objects.filter(metric="resolution").delete()
    [strategic, *others] = preview_ladder(before, after, now=now)
    assert strategic.breaches == 2
    assert [one.reached for one in strategic.before] == [2, 2, 1, 1]
    assert [one.reached for one in strategic.after] == [2, 0]
    assert not any(one.is_changed for one in others)


def test_the_ladder_is_previewed_before_it_counts() -> None:
    client = client_as("revops")
    page = client.get(reverse("support:ladder_edit"))
    data = _typed(page.context["form"])
    data |= {"seen": page.context["seen"], "vp_cs-1-wait": "5", "publish": "1"}
    first = client.post(reverse("support:ladder_edit"), data)
    assert first.status_code == 200
    assert "What it would have meant" in first.content.decode()
    assert Ladder.objects.published().get().version == 1
    data["previewed"] = first.context["previewed"]
    other = client.post(reverse("support:ladder_edit"), {**data, "vp_cs-1-wait": "6"})
    assert Ladder.objects.published().get().version == 1
    assert other.context["previewed"] != data["previewed"]
    assert client.post(reverse("support:ladder_edit"), data).status_code == 302
    assert Ladder.objects.published().get().version == 2
    shown = client.get(reverse("support:ladder")).content.decode()
    assert "After 5 min" in shown


def _typed(form: Any) -> dict[str, Any]:
    return {name: "" if field.initial is None else field.initial for name, field in form.fields.items()}


@pytest.mark.parametrize("value", ["-1", "ten", "99999999999999999999"])
def test_a_wait_that_is_no_number_of_minutes_is_refused_at_its_field(value: str) -> None:
    client = client_as("support")
    data = {**_typed(client.get(reverse("support:ladder_edit")).context["form"]), "manager-2-wait": value}
    answer = client.post(reverse("support:ladder_edit"), data)
    assert answer.status_code == 422
    assert "manager-2-wait" in answer.context["form"].errors


def test_others_read_the_ladder_and_do_not_write_it() -> None:
    client = client_as("customer_success")
    assert client.get(reverse("support:ladder")).status_code == 200
    assert client.get(reverse("support:ladder_edit")).status_code == 403


def test_the_ticket_shows_who_was_told_and_takes_it_up(account: Account, engineer: User) -> None:
    held = breach(account, engineer)
    client = client_of(engineer)
    page = client.get(held.ticket.get_absolute_url()).content.decode()
    assert "Nobody has taken it up" in page
    assert "Ada Moss, who has the ticket" in page
    assert "Next, unless somebody takes it up: The account’s owner" in page
    assert "What was told, and how soon" in page
    answer = client.post(reverse("support:escalation_acknowledge", args=[held.pk]), follow=True)
    assert "Ada Moss has it" in answer.content.decode()
    again = client_as("support").post(reverse("support:escalation_acknowledge", args=[held.pk]), follow=True)
    assert "Ada Moss has it since" in again.content.decode()


def test_the_list_shows_what_waits_and_its_file_holds_the_same(account: Account, engineer: User) -> None:
    held = breach(account, engineer)
    client = client_of(engineer)
    url = reverse("support:escalations")
    assert "Otto Own, who owns the account" in client.get(url).content.decode()
    sent = client.get(url, {"export": "csv"})
    [row] = csv.DictReader(io.StringIO(b"".join(sent.streaming_content).decode("utf-8-sig")))  # type: ignore[attr-defined]
    assert row["Clock"] == "First response"
    assert row["Promised within"] == "1 h"
    acknowledge(escalation=held, by=engineer, access=access_of("support"))
    assert "Nothing waits for somebody" in client.get(url).content.decode()
    assert "Ada Moss has it" in client.get(f"{url}?show=present").content.decode()
    assert client_as("legal").get(url).status_code == 403
    assert client.post(reverse("support:escalation_acknowledge", args=[2**64])).status_code == 404


def test_the_home_of_support_shows_what_nobody_has_taken_up(account: Account, engineer: User) -> None:
    breach(account, engineer)
    home = client_of(engineer).get("/").content.decode()
    assert "Late and not taken up" in home
    assert "Otto Own, who owns the account" in home


def test_the_ladder_goes_into_a_file_and_back(engineer: User) -> None:
    data = yaml.safe_load(export_yaml(["support_escalations"]))
    data["support_escalations"]["manager"][1]["wait_minutes"] = 45
    held = read_yaml(yaml.safe_dump(data))
    assert plan_import(held, is_published=False)[0].changes != []
    apply_import(held, by=make_user("revops"), is_published=False)
    rungs = drafts_of(Ladder.objects.published().first())
    assert rungs["manager"][1] == replace(rungs["manager"][1], wait_minutes=45)
    assert Ladder.objects.published().get().version == 2


def path_shown(account: Account, function: str = "support", back: int = 0) -> dict[str, Any]:
    """Return what the account's page says of who is told."""
    panel = panels["support.escalation_path"]
    found: dict[str, Any] = panel.load_for(account, today() - timedelta(days=back), access_of(function))
    return found


def test_the_account_says_who_is_told_when_it_is_late_and_who_stands_in(
    account: Account, engineer: User
) -> None:
    write(
        [
            RungDraft(wait_minutes=0, who="engineer"),
            RungDraft(wait_minutes=15, who="pod"),
            RungDraft(wait_minutes=30, who="owner"),
        ]
    )
    set_engineers(account=account, named=engineer, others=[], by=engineer)
    owner = User.objects.get(email=account.owner_email)
    stand_in = make_user("customer_success", name="Sam Stand")
    write_absence(
        person=owner,
        starts_on=today() - timedelta(days=1),
        ends_on=today() + timedelta(days=1),
        stand_in=stand_in,
        by=owner,
    )
    data = path_shown(account)
    assert [step["what"] for step in data["steps"]] == [
        "at once who has the ticket",
        "after 15 min without an acknowledgement the account’s engineers",
        "after 30 min without an acknowledgement the account’s owner",
    ]
    first, pod, last = (step["whom"] for step in data["steps"])
    assert (first, pod) == ("", "The account’s engineers: Ada Moss")
    assert "Sam Stand, who stands in for Otto Own" in last
    assert data["seen"]["words"] == "direct to VP CS"
    assert [one.person for one in data["engineers"]] == [engineer]
    text = (
        client_as("support", name="Reader")
        .get(reverse("accounts:panel", args=[account.pk, "support.escalation_path"]))
        .content.decode()
    )
    assert "Today: The account’s engineers: Ada Moss" in text
    assert "Ada Moss (named)" in text


def test_a_past_day_shows_the_steps_of_then_and_nobody_of_today(account: Account, engineer: User) -> None:
    held = write([RungDraft(wait_minutes=0, who="pod")])
    set_engineers(account=account, named=None, others=[engineer], by=engineer)
    assert path_shown(account)["steps"][0]["whom"] != ""
    before = path_shown(account, back=1)
    assert Ladder.objects.count() > 1
    assert held.published_at is not None
    assert [step["what"] for step in before["steps"]] != ["at once the account’s engineers"]
    assert {step["whom"] for step in before["steps"]} <= {""}
    assert before["engineers"] == []


def test_nobody_is_told_what_they_may_not_read(engineer: User) -> None:
    seller = make_user("sales", name="Sam Sells")
    counsel = make_user("legal", name="Lea Law")
    account = make_listed("Acme", "strategic", owner_email=seller.email)
    publish_policies({"cells": HOUR})
    write(
        [
            RungDraft(wait_minutes=0, who="engineer"),
            RungDraft(wait_minutes=0, who="pod"),
            RungDraft(wait_minutes=0, who="owner"),
            RungDraft(wait_minutes=0, who="person", person=counsel.email),
            RungDraft(wait_minutes=0, who="function", function="legal"),
        ]
    )
    set_engineers(account=account, named=counsel, others=[], by=engineer)
    write_absence(
        person=engineer, starts_on=today(), ends_on=today() + timedelta(days=3), by=engineer, stand_in=seller
    )
    ticket = come_in(account)
    team = SupportTeam.objects.get(is_general=True)
    Assignment.objects.create(ticket=ticket, team=team, engineer=engineer, cause="rules", reasons=["Hers"])
    keep(LATE)
    held = Escalation.objects.get(ticket=ticket)
    everybody = "so everybody of support: 1 person"
    assert words(held) == [
        f"Sam Sells, who stands in for Ada Moss, may not read tickets, {everybody}",
        f"No engineer of the account is here, {everybody}",
        f"Sam Sells may not read tickets, {everybody}",
        f"Lea Law may not read tickets, {everybody}",
        f"Legal may not read tickets, {everybody}",
    ]
    assert told(held) == {"Ada Moss"}


def test_an_escalation_of_a_deleted_account_rests(account: Account, engineer: User) -> None:
    held = breach(account, engineer)
    Account.objects.filter(pk=account.pk).update(deleted_at=timezone.now())
    assert climb(now=at("2026-11-16 10:20")) == 0
    Account.objects.filter(pk=account.pk).update(deleted_at=None)
    assert climb(now=at("2026-11-16 10:21")) == 1
    assert words(held)[-1] == "Otto Own, who owns the account"


def test_the_page_of_ladders_asks_as_much_with_many_versions_and_people(engineer: User) -> None:
    client = client_of(engineer)
    people = [make_user("leadership") for _ in range(6)]
    write([RungDraft(wait_minutes=0, who="person", person=people[0].email)])
    client.get(reverse("support:ladder"))
    with CaptureQueriesContext(connection) as few:
        client.get(reverse("support:ladder"))
    for count in range(1, 6):
        write([RungDraft(wait_minutes=0, who="person", person=one.email) for one in people[count:]])
    with CaptureQueriesContext(connection) as many:
        page = client.get(reverse("support:ladder")).content.decode()
    assert len(many) == len(few)
    assert f"became at once {people[1]}" in page


@pytest.mark.django_db(transaction=True)
def test_of_two_who_take_it_up_at_once_one_gets_it(account: Account, engineer: User) -> None:
    held = breach(account, engineer)
    other, refused = make_user("support", name="Bea Nock"), list[str]()

    def take() -> None:
        try:
            acknowledge(escalation=held, by=other, access=access_of("support"))
        except ValidationError as error:
            refused.extend(error.messages)
        finally:
            connections.close_all()

    second = threading.Thread(target=take)
    with transaction.atomic():
        acknowledge(escalation=held, by=engineer, access=access_of("support"))
        second.start()
        second.join(0.5)
    second.join(30)
    held.refresh_from_db()
    assert held.acknowledged_by == engineer
    assert [said[:20] for said in refused] == ["Ada Moss has it sinc"]


def test_who_has_left_or_is_away_is_not_among_everybody(account: Account, engineer: User) -> None:
    gone, off = make_user("support", name="Gus Gone"), make_user("support", name="Ola Off")
    second, third = (make_user("support", name=name) for name in ("Bea Nock", "Zoe Named"))
    set_engineers(account=account, named=third, others=[gone, off, second], by=engineer)
    write_absence(person=off, starts_on=today(), ends_on=today() + timedelta(days=3), by=engineer)
    User.objects.filter(pk=gone.pk).update(is_active=False)
    write(
        [RungDraft(wait_minutes=0, who="pod"), RungDraft(wait_minutes=0, who="function", function="support")]
    )
    held = breach(account, engineer)
    assert words(held) == [
        "The account’s engineers: Zoe Named, Bea Nock",
        "Everybody of Support: 3 people",
    ]
    assert told(held) == {"Zoe Named", "Bea Nock", "Ada Moss"}


def test_an_account_whose_engineers_are_away_is_looked_after_by_the_tickets_team(
    account: Account, engineer: User
) -> None:
    team = SupportTeam.objects.get(is_general=True)
    set_member(team=team, person=engineer, open_limit=5, by=engineer)
    write([RungDraft(wait_minutes=0, who="pod")])
    publish_policies({"cells": HOUR})
    ticket = come_in(account)
    Assignment.objects.create(ticket=ticket, team=team, cause="rules", reasons=["Full"])
    keep(LATE)
    held = Escalation.objects.get(ticket=ticket)
    assert words(held) == [f"No engineer of the account is here, so team {team}: 1 person"]


def test_an_owner_who_has_left_and_a_channel_that_is_paused_are_told_nothing(engineer: User) -> None:
    owner = make_user("customer_success", name="Otto Own")
    User.objects.filter(pk=owner.pk).update(is_active=False)
    account = make_listed("Acme", "strategic", owner_email=owner.email)
    NoticeChannel.objects.create(
        name="#desk", url="x", host="x", function="support", topics=["support_breaches"], is_active=False
    )
    write([RungDraft(wait_minutes=0, who="owner")])
    held = breach(account, engineer)
    assert words(held) == [
        f"The account’s owner, {owner.email}, can’t sign in, so everybody of support: 1 person"
    ]
    assert not Notice.objects.filter(channel__isnull=False).exists()


def test_it_says_by_when_to_take_it_up_in_the_readers_own_time(account: Account) -> None:
    tokyo = make_user("support", name="Tomo Tokyo", time_zone="Asia/Tokyo")
    write([RungDraft(wait_minutes=0, who="engineer"), RungDraft(wait_minutes=15, who="team")])
    breach(account, tokyo)
    text = Notice.objects.get(user=tokyo, event="step.1").text
    assert text.endswith("Acknowledge it by 16 Nov 2026, 19:15, or it goes further up.")
