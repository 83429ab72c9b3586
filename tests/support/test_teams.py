"""Teams of support: who works on which queue, with how many open tickets at a time."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta

import pytest
import yaml
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from metrics.engine.plan import today
from people.absences.services import write_absence
from people.configuration.files import apply_import, export_yaml, plan_import, read_yaml
from people.configuration.registry import ConfigError
from people.models import Skill, User
from people.services import change_access
from people.skills.services import create_skill, delete_skill
from support.models import SupportTeam, TeamMember
from support.routing.sweep import route_waiting
from support.teams.reading import shown_teams
from support.teams.services import change_team, create_team, delete_team, remove_member, set_member
from tests.metrics.facts import make_account, make_ticket
from tests.users import client_as, client_of, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> User:
    return make_user("support", name="Ann Lee", email="ann@example.com")


@pytest.fixture
def payments(desk: User) -> Skill:
    return create_skill(name="Payments", kind="area", by=desk)


@pytest.fixture
def team(desk: User, payments: Skill) -> SupportTeam:
    made = create_team(name="Billing", covers=[payments], by=desk)
    set_member(team=made, person=desk, open_limit=3, by=desk)
    return made


def test_there_is_a_general_team_from_the_start_and_always_one(desk: User) -> None:
    general = SupportTeam.objects.get(is_general=True)
    other = create_team(name="First line", is_general=True, by=desk)
    assert SupportTeam.objects.get(is_general=True) == other
    with pytest.raises(ValidationError) as refused:
        change_team(team=other, name="First line", purpose="", covers=(), is_general=False, by=desk)
    assert list(refused.value.message_dict) == ["is_general"]
    with pytest.raises(ValidationError, match="another one general first"):
        delete_team(team=other, by=desk)
    with pytest.raises(IntegrityError), transaction.atomic():
        SupportTeam.objects.filter(pk=general.pk).update(is_general=True)
    delete_team(team=general, by=desk)


def test_what_members_have_open_counts_over_all_teams(desk: User, team: SupportTeam) -> None:
    account = make_account()
    for _ in range(3):
        make_ticket(account, today(), assignee_email=desk.email, status="open")
    make_ticket(account, today(), today(), assignee_email=desk.email, status="solved")
    make_ticket(account, today(), assignee_email=desk.email, status="closed")
    # Nobody known has it and Ann is full by then, so it waits.
    make_ticket(account, today(), assignee_email="somebody@else.example", status="open")
    second = create_team(name="Second", by=desk)
    set_member(team=second, person=desk, open_limit=5, by=desk)
    route_waiting()
    seats = {one.team.name: one.seats[0] for one in shown_teams() if one.seats}
    assert {name: (seat.open, seat.room, seat.state[0]) for name, seat in seats.items()} == {
        "Billing": (3, 0, "Full"),
        "Second": (3, 2, "Takes tickets"),
    }
    write_absence(
        person=desk, starts_on=today() - timedelta(days=1), ends_on=today() + timedelta(days=1), by=desk
    )
    [seat] = next(one for one in shown_teams() if one.team == second).seats
    assert (seat.room, seat.state[0]) == (0, "Away")
    User.objects.filter(pk=desk.pk).update(is_active=False)
    [seat] = next(one for one in shown_teams() if one.team == second).seats
    assert (seat.room, seat.state[0]) == (0, "Deactivated")


def test_the_page_of_a_team_lists_what_waits_for_readers_of_tickets(desk: User) -> None:
    general = SupportTeam.objects.get(is_general=True)
    make_ticket(make_account(), today(), status="open")
    route_waiting()
    page = reverse("support:team", args=[general.pk])
    assert b"Waits in this queue" in client_of(desk).get(page).content
    change_access(levels={("finance", "support_history"): "totals"})
    reader = client_as("finance").get(page)
    assert reader.status_code == 200
    assert b"Waits in this queue" not in reader.content


def test_more_teams_and_members_cost_no_more_queries(desk: User, team: SupportTeam) -> None:
    def queries() -> int:
        from django.db import connection

        with CaptureQueriesContext(connection) as asked:
            shown_teams()
        return len(asked)

    before = queries()
    for number in range(3):
        other = create_team(name=f"Team {number}", by=desk)
        for _ in range(3):
            set_member(team=other, person=make_user("support"), open_limit=9, by=desk)
    assert queries() == before


@pytest.mark.parametrize("limit", [0, -1, 1001, 70_000])
def test_a_limit_that_cannot_be_is_refused(desk: User, team: SupportTeam, limit: int) -> None:
    with pytest.raises(ValidationError) as refused:
        set_member(team=team, person=make_user("support"), open_limit=limit, by=desk)
    assert list(refused.value.message_dict) == ["open_limit"]
    assert TeamMember.objects.get().open_limit == 3


def test_a_skill_that_a_team_covers_is_not_deleted(desk: User, team: SupportTeam, payments: Skill) -> None:
    with pytest.raises(ValidationError, match="is in use"):
        delete_skill(skill=payments, by=desk)
    change_team(team=team, name="Billing", purpose="", covers=(), is_general=False, by=desk)
    delete_skill(skill=payments, by=desk)


def test_only_support_and_revops_write_and_only_readers_of_tickets_read(
    desk: User, team: SupportTeam
) -> None:
    success = make_user("customer_success")
    for act in (
        lambda: create_team(name="Mine", by=success),
        lambda: set_member(team=team, person=success, open_limit=1, by=success),
        lambda: delete_team(team=team, by=success),
        lambda: remove_member(member=TeamMember.objects.get(), by=success),
    ):
        with pytest.raises(PermissionDenied):
            act()
    reader, stranger = client_of(success), client_as("finance")
    page = reader.get(reverse("support:teams"))
    assert page.status_code == 200
    assert b"New team" not in page.content
    assert reader.get(reverse("support:team_new")).status_code == 403
    refused = stranger.get(reverse("support:teams"))
    assert refused.status_code == 403
    assert b"support history" in refused.content
    assert b'href="/support/teams/"' not in stranger.get("/").content


def test_the_pages_write_a_team_and_its_members(desk: User, payments: Skill) -> None:
    client, bob = client_of(desk), make_user("support", name="Bob Ray")
    typed = {"name": "Billing", "purpose": "Invoices", "covers": [payments.pk]}
    made = client.post(reverse("support:team_new"), typed, follow=True)
    assert b"Billing is a team now." in made.content
    team = SupportTeam.objects.get(name="Billing")
    assert client.post(reverse("support:team_new"), typed).status_code == 422
    add = reverse("support:team_members", args=[team.pk])
    assert client.post(add, {"person": bob.pk, "open_limit": 7}).status_code == 302
    assert client.post(add, {"person": bob.pk, "open_limit": 9}).status_code == 302
    assert TeamMember.objects.get().open_limit == 9
    for wrong in ({}, {"person": "x", "open_limit": 1}, {"person": bob.pk, "open_limit": 0}):
        assert client.post(add, wrong).status_code == 422
    page = client.get(reverse("support:team", args=[team.pk])).content.decode()
    assert "Bob Ray" in page
    assert "0 of 9" in re.sub(r"<[^>]+>", "", page)
    change = reverse("support:team_change", args=[team.pk])
    assert b"checked" in client.get(change).content
    assert client.post(change, {"name": "Invoices"}).status_code == 302
    team.refresh_from_db()
    assert (team.name, team.covers.count()) == ("Invoices", 0)
    out = reverse("support:team_member_out", args=[team.pk, TeamMember.objects.get().pk])
    assert client.post(out).status_code == 302
    assert client.post(out).status_code == 404
    assert client.post(reverse("support:team_delete", args=[team.pk])).status_code == 302
    assert not SupportTeam.objects.filter(name="Invoices").exists()


def test_the_export_has_a_line_for_each_member(desk: User, team: SupportTeam) -> None:
    sent = client_of(desk).get(reverse("support:teams"), {"export": "csv"})
    rows = list(csv.DictReader(io.StringIO(b"".join(sent.streaming_content).decode("utf-8-sig"))))  # type: ignore[attr-defined]
    assert [(row["Team"], row["Member"], row["Limit"]) for row in rows] == [
        ("Billing", "Ann Lee", "3"),
        ("General support", "", ""),
    ]


def test_a_file_brings_all_teams(desk: User, team: SupportTeam) -> None:
    bob = make_user("support", email="bob@example.com")
    data = {
        "First line": {"purpose": "", "is_general": True, "covers": [], "members": {bob.email: 20}},
        "Billing": {"purpose": "Invoices", "is_general": False, "covers": [], "members": {bob.email: 5}},
    }

    def read() -> dict[str, object]:
        return read_yaml(yaml.safe_dump({"abe_configuration": 1, "support_teams": data}))

    [plan] = plan_import(read(), is_published=False)
    assert plan.changes == [
        "Team Billing: other covers, members, purpose",
        "Team First line: begins",
        "Team General support: is taken away",
    ]
    apply_import(read(), by=make_user("revops"), is_published=False)
    assert set(SupportTeam.objects.values_list("name", flat=True)) == {"Billing", "First line"}
    held = TeamMember.objects.order_by("open_limit").values_list("team__name", "person__email", "open_limit")
    assert list(held) == [("Billing", bob.email, 5), ("First line", bob.email, 20)]
    assert plan_import(read_yaml(export_yaml(["support_teams"])), is_published=False)[0].changes == []
    data["Billing"]["is_general"] = True
    with pytest.raises(ConfigError, match="One team is the general one"):
        plan_import(read(), is_published=False)
    data["Billing"] |= {"is_general": False, "covers": ["Nothing"], "members": {"no@body.example": 1}}
    with pytest.raises(ConfigError) as refused:
        plan_import(read(), is_published=False)
    assert [problem.path for problem in refused.value.problems] == [
        "support_teams.Billing.covers",
        "support_teams.Billing.members",
    ]
