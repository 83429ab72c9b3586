"""Read what decisions rest on: rules in force, teams, people, who is away and what everybody has open."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Count

from accounts.conditions.expression import BrokenConditionError, stored_condition
from accounts.conditions.query import matching
from accounts.models import Account
from metrics.engine.plan import today
from people.absences.rota import Rota
from people.models import PersonSkill, Skill, SkillKind, User
from support.models import (
    AccountEngineer,
    Assignment,
    RoutingRule,
    RoutingRules,
    SupportTeam,
    TeamMember,
    TeamSkill,
)
from support.routing.engine import Desk, Person, Rule, Team


def rules_on(day: date) -> RoutingRules | None:
    """Return the version of the rules that counts on a day."""
    return RoutingRules.objects.agreed().filter(starts_on__lte=day).order_by("-starts_on", "-version").first()


def rows_in_force() -> list[RoutingRule]:
    """Return the rules that count today, in order."""
    version = rules_on(today())
    return list(RoutingRule.objects.filter(rules=version).order_by("position")) if version else []


def read_desk(
    rows: Iterable[RoutingRule], rota: Rota, others: Iterable[int] = (), *, is_counted: bool = True
) -> Desk:
    """Return the desk as it is now: with ``others`` beside the members of teams, and whoever stands in for them.

    What everybody has open is left out where it isn't to be counted, since that reads every open ticket.
    """
    limits: dict[int, dict[int, int]] = {}
    for team_id, person_id, limit in TeamMember.objects.values_list("team_id", "person_id", "open_limit"):
        limits.setdefault(team_id, {})[person_id] = limit
    keys = {key for held in limits.values() for key in held} | set(others)
    users = {user.pk: user for user in User.objects.filter(pk__in=keys)}
    instead = {user.pk: rota.at_work_for(user) for user in users.values() if rota.is_away(user.pk)}
    users |= {user.pk: user for user in instead.values() if user is not None}
    skills = dict(Skill.objects.values_list("pk", "name"))
    return Desk(
        people=_people(users, instead, rota),
        teams=_teams(limits),
        rules=[_rule(row, skills) for row in rows],
        skills=skills,
        areas={
            name.casefold(): key
            for key, name in Skill.objects.filter(kind=SkillKind.AREA).values_list("pk", "name")
        },
        load=load_of(users) if is_counted else {},
    )


def takers(rota: Rota, *, is_counted: bool = True) -> Desk:
    """Return the desk with all who may ever take a ticket: members of teams, who looks after accounts, stand-ins."""
    seats = AccountEngineer.objects.order_by().values_list("person_id", flat=True).distinct()
    return read_desk(rows_in_force(), rota, seats, is_counted=is_counted)


def load_of(people: Iterable[int]) -> dict[int, int]:
    """Return how many tickets each person has now, by key; one query."""
    held = Assignment.objects.present().filter(engineer__in=set(people)).values_list("engineer_id")
    return dict(held.annotate(count=Count("pk")).order_by())


def _rule(row: RoutingRule, known: Container[int]) -> Rule:
    """Return a rule as the engine reads it; a skill that is in the vocabulary no more is needed by nobody."""
    return Rule(
        key=row.pk,
        name=row.name,
        areas=frozenset(area.casefold() for area in row.areas),
        priorities=frozenset(row.priorities),
        team=row.team_id,
        skills=frozenset(key for key in row.skills if key in known),
        is_named_first=row.is_named_first,
    )


def accounts_of(rows: Sequence[RoutingRule], accounts: Iterable[int]) -> dict[int, frozenset[int]]:
    """Return of each account the keys of the rules whose condition holds for it; a query a rule.

    A condition that speaks of something that is gone holds for nobody.
    """
    found: dict[int, set[int]] = {key: set() for key in accounts}
    asked = Account.objects.filter(pk__in=list(found))
    for row in rows:
        try:
            held = matching(stored_condition(row.condition), accounts=asked).values_list("pk", flat=True)
            for key in held:
                found[key].add(row.pk)
        except BrokenConditionError:
            continue
    return {key: frozenset(rules) for key, rules in found.items()}


@dataclass(frozen=True, slots=True)
class Seats:
    """Who looks after an account: the named engineer, and the others of its pod by name."""

    named: int | None = None
    pod: tuple[int, ...] = ()


def seats_of(accounts: Iterable[int]) -> dict[int, Seats]:
    """Return who looks after each account that somebody looks after; one query."""
    found: dict[int, Seats] = {}
    rows = AccountEngineer.objects.filter(account__in=set(accounts)).order_by("person__name", "pk")
    for account, person, is_named in rows.values_list("account_id", "person_id", "is_named"):
        held = found.get(account, Seats())
        found[account] = Seats(person, held.pod) if is_named else Seats(held.named, (*held.pod, person))
    return found


def _people(users: Mapping[int, User], instead: Mapping[int, User | None], rota: Rota) -> dict[int, Person]:
    skills: dict[int, set[int]] = {}
    for person_id, skill_id in PersonSkill.objects.filter(person__in=users).values_list(
        "person_id", "skill_id"
    ):
        skills.setdefault(person_id, set()).add(skill_id)
    return {
        key: Person(
            key=key,
            name=user.name,
            skills=frozenset(skills.get(key, ())),
            away=rota.until(key),
            stand_in=stand_in.pk if (stand_in := instead.get(key)) else None,
            is_active=user.is_active,
        )
        for key, user in users.items()
    }


def _teams(limits: Mapping[int, Mapping[int, int]]) -> list[Team]:
    covers: dict[int, set[int]] = {}
    for team_id, skill_id in TeamSkill.objects.values_list("team_id", "skill_id"):
        covers.setdefault(team_id, set()).add(skill_id)
    return [
        Team(row.pk, row.name, frozenset(covers.get(row.pk, ())), limits.get(row.pk, {}), row.is_general)
        for row in SupportTeam.objects.order_by("is_general", "name", "pk")
    ]
