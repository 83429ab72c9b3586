"""Teams as pages and files show them: their members with what they have open now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Prefetch

from common.export import Table, table_of
from people.absences.rota import Rota
from support.models import Assignment, SupportTeam, TeamMember, TeamSkill
from support.routing.facts import load_of


@dataclass(frozen=True, slots=True)
class Seat:
    """A member of a team: the open tickets that they have, of all teams, beside their limit; why they get none."""

    member: TeamMember
    open: int
    away: str

    @property
    def room(self) -> int:
        """How many more tickets they take now."""
        return (
            0 if self.away or not self.member.person.is_active else max(0, self.member.open_limit - self.open)
        )

    @property
    def state(self) -> tuple[str, str]:
        """The word and the colour for whether they take tickets now."""
        if not self.member.person.is_active:
            return "Deactivated", "neutral"
        if self.away:
            return "Away", "amber"
        return ("Takes tickets", "green") if self.room else ("Full", "red")


@dataclass(frozen=True, slots=True)
class Shown:
    """A team with its members, by name, and what it covers."""

    team: SupportTeam
    seats: Sequence[Seat]
    covers: Sequence[str]

    @property
    def open(self) -> int:
        """How many open tickets its members have together, of all teams."""
        return sum(seat.open for seat in self.seats)

    @property
    def room(self) -> int:
        """How many more tickets its members take now."""
        return sum(seat.room for seat in self.seats)


def shown_teams(at: datetime | None = None, only: SupportTeam | None = None) -> list[Shown]:
    """Return the teams by name, the general one last, or only one; five queries however many there are."""
    members = TeamMember.objects.select_related("person").order_by("person__name", "pk")
    covers = TeamSkill.objects.select_related("skill").order_by("skill__kind", "skill__name")
    rows = SupportTeam.objects.prefetch_related(Prefetch("members", members), Prefetch("covers", covers))
    found = list((rows if only is None else rows.filter(pk=only.pk)).order_by("is_general", "name"))
    held = load_of(member.person_id for team in found for member in team.members.all())
    rota = Rota.read(at)
    return [
        Shown(
            team,
            [
                Seat(member, held.get(member.person_id, 0), rota.told(member.person_id))
                for member in team.members.all()
            ],
            [str(row.skill) for row in team.covers.all()],
        )
        for team in found
    ]


def teams_table(shown: Sequence[Shown]) -> Table:
    """Return the teams for a file, a line for each member."""
    lines: list[tuple[Shown, Seat | None]] = []
    for one in shown:
        lines += [(one, seat) for seat in one.seats]
        if not one.seats:
            lines.append((one, None))
    return table_of(
        "support-teams",
        lines,
        [
            ("team", "Team", lambda line: line[0].team.name),
            ("purpose", "Purpose", lambda line: line[0].team.purpose),
            ("is_general", "General", lambda line: "yes" if line[0].team.is_general else "no"),
            ("covers", "Covers", lambda line: list(line[0].covers)),
            ("member", "Member", lambda line: str(line[1].member.person) if line[1] else ""),
            ("open", "Open tickets", lambda line: line[1].open if line[1] else None),
            ("limit", "Limit", lambda line: line[1].member.open_limit if line[1] else None),
            ("state", "State", lambda line: line[1].state[0] if line[1] else ""),
            ("away", "Away", lambda line: line[1].away if line[1] else ""),
        ],
    )


def waiting_of(team: SupportTeam, most: int) -> list[Assignment]:
    """Return what waits in a team's queue for somebody with room, the longest wait first; one query."""
    rows = Assignment.objects.present().filter(team=team, engineer=None, ticket__account__deleted_at=None)
    return list(rows.select_related("ticket__account").order_by("ticket__opened_at", "pk")[:most])
