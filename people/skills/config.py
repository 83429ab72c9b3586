"""Skills as a section of the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError

from people.configuration.registry import ConfigError, ConfigFile, ConfigSection, Problem, Tracked, sections
from people.configuration.restoring import undo_rows
from people.configuration.shapes import ListOf, MapOf, Record, Text
from people.models import PersonSkill, Skill, SkillKind, User
from people.skills.services import change_skill, create_skill, delete_skill, set_skills


def export_skills() -> dict[str, Any]:
    """Return each skill by its name: its kind and who has it, by address."""
    people: dict[int, list[str]] = {}
    for row in PersonSkill.objects.select_related("person").order_by("person__email"):
        people.setdefault(row.skill_id, []).append(row.person.email)
    rows = Skill.objects.order_by("name")
    return {row.name: {"kind": row.kind, "people": people.get(row.pk, [])} for row in rows}


def plan_skills(section: Mapping[str, Any], is_published: bool) -> list[str]:
    """Say which skills would come, go or change. Raises ConfigError for what can't be."""
    _people_of(section)
    held, found = export_skills(), []
    for name, data in section.items():
        if name not in held:
            found.append(f"Skill {name}: begins")
        elif data["kind"] != held[name]["kind"]:
            found.append(f"Skill {name}: is a {SkillKind(data['kind']).label.lower()}")
        if set(data["people"]) != set(held.get(name, {"people": ()})["people"]):
            people = len(set(data["people"]))
            told = "1 person has or gets it" if people == 1 else f"{people} people have or get it"
            found.append(f"Skill {name}: {told}")
    return found + [f"Skill {name}: is taken away" for name in held if name not in section]


def apply_skills(section: Mapping[str, Any], by: User | None, is_published: bool) -> None:
    """Let the vocabulary be this, and let these people have these skills."""
    people, rows = _people_of(section), {row.name: row for row in Skill.objects.all()}
    try:
        for name, data in section.items():
            held = rows.get(name)
            if held is None:
                rows[name] = create_skill(name=name, kind=data["kind"], by=by)
            elif held.kind != data["kind"]:
                rows[name] = change_skill(skill=held, name=name, kind=data["kind"], by=by)
        for person, names in _skills_by_person(section, people).items():
            set_skills(person=people[person], skills=[rows[name] for name in names], by=by)
        for name in rows.keys() - section.keys():
            delete_skill(skill=rows[name], by=by)
    except ValidationError as error:
        raise ConfigError([Problem("", told) for told in error.messages]) from error


def _skills_by_person(section: Mapping[str, Any], people: Mapping[str, User]) -> dict[str, set[str]]:
    """Return what each person is to have, those included who have something now and are named nowhere."""
    wanted: dict[str, set[str]] = {email: set() for email in people}
    for name, data in section.items():
        for email in data["people"]:
            wanted[email].add(name)
    return wanted


def _people_of(section: Mapping[str, Any]) -> dict[str, User]:
    """Return everybody whom the file names or who has a skill, by address; ConfigError names who is unknown."""
    named = {email for data in section.values() for email in data["people"]}
    found = User.objects.filter(email__in=named) | User.objects.filter(skills__isnull=False)
    known = {user.email: user for user in found.distinct()}
    problems = [
        Problem(f"{name}.people[{place}]", f"“{email[:60]}” is nobody here.", "Use the address of a user.")
        for name, data in section.items()
        for place, email in enumerate(data["people"])
        if email not in known
    ]
    if problems:
        raise ConfigError(problems)
    return known


sections.register(
    ConfigSection(
        key="skills",
        label="Skills",
        url_name="people:skills",
        tracks=(
            Tracked(
                model=Skill,
                noun="Skill",
                name=lambda event: str(event.name),
                labels={"name": "name", "kind": "kind"},
                show={"kind": lambda value: str(SkillKind(value).label).lower()},
            ),
            Tracked(
                model=PersonSkill,
                noun="",
                name=lambda event: f"{event.person or 'Somebody'}: {event.skill or 'a skill'}",
                labels={"skill": "skill"},
            ),
        ),
        undo=undo_rows,
        file=ConfigFile(
            shape=MapOf(
                Record({"kind": Text(choices=SkillKind.values), "people": ListOf(Text(), most=10_000)})
            ),
            export=export_skills,
            plan=plan_skills,
            apply=apply_skills,
        ),
    )
)
