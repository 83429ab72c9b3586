"""The sample company's support desk: teams, skills and absences, written once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from demo.desk import ABSENCES, GENERAL, TEAMS, look_after, note_time, staff_desk
from people.absences.models import Absence
from people.absences.rota import Rota
from people.models import User
from support.models import AccountEngineer, SupportTeam, TeamMember, Ticket, TimeEntry
from support.teams.reading import shown_teams
from tests.accounts.rows import make_listed

pytestmark = pytest.mark.django_db


def test_the_desk_is_staffed_once() -> None:
    call_command("create_sample_users")
    assert staff_desk() == len(TEAMS)
    assert staff_desk() == 0
    assert SupportTeam.objects.count() == len(TEAMS) + 1
    assert TeamMember.objects.filter(team__is_general=True).count() == len(GENERAL)
    assert Absence.objects.count() == len(ABSENCES)
    tessa = User.objects.get(email="tessa.carver@ferrowick.example")
    assert Rota.read().told(tessa.pk).endswith("Uwe Reuter stands in")
    assert [one.team.name for one in shown_teams()][-1] == "General support"


def test_strategic_accounts_have_a_named_engineer_and_tickets_their_time() -> None:
    call_command("create_sample_users")
    accounts = [make_listed(f"Account {number}", "strategic", standing={}) for number in range(3)]
    make_listed("Other", "growth")
    now = timezone.now()
    for account in accounts:
        Ticket.objects.create(
            account=account,
            subject="Q",
            status="solved",
            opened_at=now - timedelta(days=3),
            solved_at=now - timedelta(days=2),
        )
    assert look_after() == 3
    assert look_after() == 0
    assert AccountEngineer.objects.filter(is_named=True).values("person").distinct().count() == 3
    assert note_time() == 3
    assert note_time() == 0
    assert all(entry.minutes >= 5 for entry in TimeEntry.objects.all())
