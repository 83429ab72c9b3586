"""Teams of support as a section of the configuration."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import ValidationError

from people.configuration.registry import ConfigError, ConfigFile, ConfigSection, Problem, Tracked, sections
from people.configuration.restoring import undo_rows
from people.configuration.shapes import Boolean, ListOf, MapOf, Number, Record, Text
from people.models import Skill, User
from support.models import SupportTeam, TeamMember, TeamSkill
from support.models.teams import MOST_OPEN
from support.teams.services import change_team, create_team, delete_team, remove_member, set_member


def export_teams() -> dict[str, Any]:
    """Return each team by its name: what it covers, and the limit of each member by address."""
    found = {
        row.name: {"purpose": row.purpose, "is_general": row.is_general, "covers": [], "members": {}}
        for row in SupportTeam.objects.order_by("name")
    }
    for held in TeamSkill.objects.select_related("team", "skill").order_by("skill__name"):
        found[held.team.name]["covers"].append(held.skill.name)  # type: ignore[attr-defined]
    for member in TeamMember.objects.select_related("team", "person").order_by("person__email"):
        found[member.team.name]["members"][member.person.email] = member.open_limit  # type: ignore[index]
    return found


def plan_teams(section: Mapping[str, Any], is_published: bool) -> list[str]:
    """Say which teams would come, go or change. Raises ConfigError for what can't be."""
    _known(section)
    held, found = export_teams(), []
    for name, data in section.items():
        if name not in held:
            found.append(f"Team {name}: begins")
            continue
        changed = [part for part in data if _plain(data[part]) != _plain(held[name][part])]
        if changed:
            found.append(f"Team {name}: other {', '.join(part.replace('_', ' ') for part in changed)}")
    return found + [f"Team {name}: is taken away" for name in held if name not in section]


def apply_teams(section: Mapping[str, Any], by: User | None, is_published: bool) -> None:
    """Let the teams be these. The general one comes first, so that the one before may go."""
    skills, people = _known(section)
    held, rows = export_teams(), {row.name: row for row in SupportTeam.objects.all()}
    try:
        for name, data in sorted(section.items(), key=lambda item: (not item[1]["is_general"], item[0])):
            own = {"name": name, "purpose": data["purpose"], "is_general": data["is_general"]}
            covers = [skills[each] for each in data["covers"]]
            if name not in rows:
                rows[name] = create_team(**own, covers=covers, by=by)
            elif any(_plain(data[part]) != _plain(held[name][part]) for part in data if part != "members"):
                rows[name].refresh_from_db()
                change_team(team=rows[name], **own, covers=covers, by=by)
            for email, limit in data["members"].items():
                if held.get(name, {"members": {}})["members"].get(email) != limit:
                    set_member(team=rows[name], person=people[email], open_limit=limit, by=by)
            gone = TeamMember.objects.filter(team=rows[name]).exclude(person__email__in=data["members"])
            for member in gone.select_related("team"):
                remove_member(member=member, by=by)
        for name in sorted(rows.keys() - section.keys()):
            delete_team(team=rows[name], by=by)
    except ValidationError as error:
        raise ConfigError([Problem("", told) for told in error.messages]) from error


def _plain(value: Any) -> Any:
    return sorted(value) if isinstance(value, list) else value


def _known(section: Mapping[str, Any]) -> tuple[dict[str, Skill], dict[str, User]]:
    """Return the skills by name and the people by address that a file names; ConfigError where one is unknown."""
    if sum(data["is_general"] for data in section.values()) != 1:
        raise ConfigError([Problem("", "One team is the general one.", "Let is_general be true of one.")])
    skills = {row.name: row for row in Skill.objects.filter(name__in=_named(section, "covers"))}
    people = {row.email: row for row in User.objects.filter(email__in=_named(section, "members"))}
    problems = [
        Problem(f"{name}.{part}", f"“{each[:60]}” is not known here.", remedy)
        for name, data in section.items()
        for part, known, remedy in (
            ("covers", skills, "Name a skill, or add it first."),
            ("members", people, "Use the address of a user."),
        )
        for each in data[part]
        if each not in known
    ]
    if problems:
        raise ConfigError(problems)
    return skills, people


def _named(section: Mapping[str, Any], part: str) -> Iterable[str]:
    return {each for data in section.values() for each in data[part]}


def _team(event: Any) -> str:
    return str(event.team or "a team that is gone")


sections.register(
    ConfigSection(
        key="support_teams",
        label="Teams of support",
        url_name="support:teams",
        tracks=(
            Tracked(
                model=SupportTeam,
                noun="Team",
                name=lambda event: str(event.name),
                labels={"name": "name", "purpose": "what it is for", "is_general": "general"},
            ),
            Tracked(
                model=TeamMember,
                noun="",
                name=lambda event: f"{event.person or 'Somebody'} in {_team(event)}",
                labels={"open_limit": "open tickets at most"},
            ),
            Tracked(
                model=TeamSkill,
                noun="",
                name=lambda event: f"{_team(event)} covers {event.skill or 'a skill'}",
                labels={"skill": "skill"},
            ),
        ),
        undo=undo_rows,
        file=ConfigFile(
            shape=MapOf(
                Record(
                    {
                        "purpose": Text(may_be_empty=True),
                        "is_general": Boolean(),
                        "covers": ListOf(Text()),
                        "members": MapOf(Number(least=1, most=MOST_OPEN, is_whole=True)),
                    }
                )
            ),
            export=export_teams,
            plan=plan_teams,
            apply=apply_teams,
        ),
    )
)
