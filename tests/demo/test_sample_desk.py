"""The sample company's support desk: teams, skills and absences, written once."""

from __future__ import annotations

import pytest
from django.core.management import call_command

from demo.desk import ABSENCES, GENERAL, TEAMS, staff_desk
from people.absences.models import Absence
from people.absences.rota import Rota
from people.models import User
from support.models import SupportTeam, TeamMember
from support.teams.reading import shown_teams

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
