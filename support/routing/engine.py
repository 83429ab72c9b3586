"""Where a ticket goes, told from facts alone: no database, so that a preview decides as the work does."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from hashlib import sha256

# Whoever looks after an account but works for no team takes so many open tickets.
LIMIT_WITHOUT_TEAM = 20


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may take tickets; ``away`` says in words until when they are away, empty while they are here."""

    key: int
    name: str
    skills: frozenset[int] = frozenset()
    away: str = ""
    stand_in: int | None = None
    is_active: bool = True


@dataclass(frozen=True, slots=True)
class Team:
    """A team: what it covers, and how many open tickets each member takes of all teams together."""

    key: int
    name: str
    covers: frozenset[int] = frozenset()
    limits: Mapping[int, int] = field(default_factory=dict)
    is_general: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule without its condition; empty ``areas`` and ``priorities`` are all, areas are in lower case."""

    key: int
    name: str
    areas: frozenset[str] = frozenset()
    priorities: frozenset[str] = frozenset()
    team: int | None = None
    skills: frozenset[int] = frozenset()
    is_named_first: bool = False

    def fits(self, area: str, priority: str) -> bool:
        """Return whether a ticket of this area and priority is meant, as far as the ticket itself tells."""
        return (not self.areas or area.casefold() in self.areas) and (
            not self.priorities or priority in self.priorities
        )


@dataclass(frozen=True, slots=True)
class Asked:
    """A ticket to route. ``holds`` are the keys of rules whose condition holds for its account; ``seats`` the people
    who look after the account, the named engineer first; ``before`` is who has it now and can't go on with it."""

    area: str
    priority: str
    holds: frozenset[int]
    named: int | None = None
    pod: Sequence[int] = ()
    before: int | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """Where a ticket goes and why; without ``person`` it waits in the queue of ``team``."""

    team: int | None
    person: int | None
    rule: int | None
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Aim:
    """Where rules send a ticket, whoever has room: ``first`` is who comes before the team, empty for nobody."""

    rule: str
    first: str
    team: str


@dataclass(slots=True)
class Desk:
    """All that decisions rest on. ``load`` counts the open tickets of each person and grows with each decision."""

    people: Mapping[int, Person]
    teams: Sequence[Team]
    rules: Sequence[Rule]
    skills: Mapping[int, str] = field(default_factory=dict)
    areas: Mapping[str, int] = field(default_factory=dict)
    load: dict[int, int] = field(default_factory=dict)

    def route(self, asked: Asked) -> Choice:
        """Return where a ticket goes, and count it as its engineer's."""
        choice = self._route(asked)
        if choice.person is not None:
            self.load[choice.person] = self.load.get(choice.person, 0) + 1
        return choice

    def aim(self, asked: Asked) -> Aim:
        """Return where the rules send a ticket, without counting it."""
        rule = self._rule(asked)
        needs = self._needs(asked.area, rule)
        first = ""
        if rule is not None and rule.is_named_first:
            first = "named engineer" if asked.named is not None else "pod" if asked.pod else ""
        team = next(iter(self._teams_for(rule, needs)), None)
        return Aim(rule.name if rule else "", first, team.name if team else "")

    def _rule(self, asked: Asked) -> Rule | None:
        return next(
            (one for one in self.rules if one.key in asked.holds and one.fits(asked.area, asked.priority)),
            None,
        )

    def has_room(self) -> bool:
        """Return whether anybody at all could take one more ticket."""
        return any(
            person.is_active and not person.away and self.load.get(key, 0) < self.limit_of(key)
            for key, person in self.people.items()
        )

    def digest(self) -> str:
        """Return what stands for the desk but for what everybody has open: the same desk gives the same."""
        told = {
            "people": [asdict(self.people[key]) for key in sorted(self.people)],
            "teams": [asdict(team) for team in self.teams],
            "rules": [asdict(rule) for rule in self.rules],
            "areas": dict(self.areas),
        }
        return sha256(json.dumps(told, default=sorted, sort_keys=True).encode()).hexdigest()

    def limit_of(self, key: int) -> int:
        """Return how many open tickets somebody takes at most: the largest of their teams' limits."""
        limits = [team.limits[key] for team in self.teams if key in team.limits]
        return max(limits, default=LIMIT_WITHOUT_TEAM)

    def take(self, key: int, area: str) -> int | None:
        """Count a ticket as somebody's who has it already; return the team that it counts for."""
        self.load[key] = self.load.get(key, 0) + 1
        return self._team_of(key, self._needs(area, None))

    def _route(self, asked: Asked) -> Choice:
        reasons: list[str] = []
        if asked.before is not None:
            reasons.append(
                f"{self.people[asked.before].name} {self._gone(asked.before)}, so it is routed again."
            )
        rule = self._rule(asked)
        needs = self._needs(asked.area, rule)
        if rule is None:
            reasons.append("No rule fits it, so whoever covers it takes it.")
        else:
            reasons.append(f"Rule “{rule.name}” fits{self._needed(needs)}.")
        for label, key in self._first(asked, rule):
            why = self._why_not(key, needs, self.limit_of(key), self._covered(key))
            reasons.append(f"{label} {self.people[key].name}{why or self._takes(key, self.limit_of(key))}.")
            if not why:
                return Choice(self._team_of(key, needs), key, rule.key if rule else None, tuple(reasons))
        return self._by_team(rule, needs, reasons)

    def _first(self, asked: Asked, rule: Rule | None) -> Iterable[tuple[str, int]]:
        """Yield who comes before any team, in order, each once."""
        wanted: list[tuple[str, int | None]] = []
        if asked.before is not None:
            wanted.append(("Their stand-in", self.people[asked.before].stand_in))
        if rule is not None and rule.is_named_first:
            wanted.append(("Named engineer", asked.named))
            if asked.named is not None and self.people[asked.named].away:
                wanted.append(("Their stand-in", self.people[asked.named].stand_in))
            wanted += [("Pod member", key) for key in asked.pod]
        seen = {asked.before}
        for label, key in wanted:
            if key is not None and key not in seen and key in self.people:
                seen.add(key)
                yield label, key

    def _by_team(self, rule: Rule | None, needs: frozenset[int], reasons: list[str]) -> Choice:
        key = rule.key if rule else None
        for team in self._teams_for(rule, needs):
            # The general team takes what nobody else can, so its members need no skills; those who have them go first.
            asked = frozenset() if team.is_general else needs
            found = [
                person
                for person in team.limits
                if not self._why_not(person, asked, team.limits[person], team.covers)
            ]
            if found:
                best = min(found, key=self._rank(team, needs))
                least = "the least loaded of " if len(found) > 1 else ""
                who = f"{self.people[best].name}{self._takes(best, team.limits[best])}"
                reasons.append(f"{team.name}: {who}, {least}{self._counted(len(found))}.")
                return Choice(team.key, best, key, tuple(reasons))
            reasons.append(f"{team.name}: nobody takes tickets now{self._why_nobody(team, asked)}.")
        general = next((team for team in self.teams if team.is_general), None)
        queue = general or next(iter(self.teams), None)
        if queue is None:
            raise ValueError("There is no team at all; the general one is always there.")
        reasons.append(f"It waits in the queue of {queue.name} until somebody has room.")
        return Choice(queue.key, None, key, tuple(reasons))

    def _teams_for(self, rule: Rule | None, needs: frozenset[int]) -> list[Team]:
        """Return the teams to ask in order: the rule's own, or those that cover the needs; the general one last."""
        if rule is not None and rule.team is not None:
            first = [team for team in self.teams if team.key == rule.team]
        else:
            first = [team for team in self.teams if needs and not team.is_general and needs <= team.covers]
        return first + [team for team in self.teams if team.is_general and team not in first]

    def _rank(
        self, team: Team, needs: frozenset[int]
    ) -> Callable[[int], tuple[int, Fraction, int, str, int]]:
        def rank(key: int) -> tuple[int, Fraction, int, str, int]:
            person, load = self.people[key], self.load.get(key, 0)
            missing = len(needs - person.skills - team.covers)
            return missing, Fraction(load, team.limits[key]), load, person.name, key

        return rank

    def _why_not(self, key: int, needs: frozenset[int], limit: int, covered: frozenset[int]) -> str:
        """Return why somebody doesn't take a ticket, as the end of a sentence; nothing where they do."""
        person = self.people[key]
        if not person.is_active or person.away:
            return f" {self._gone(key)}"
        missing = needs - person.skills - covered
        if missing:
            return f": without {_listed(self.skills.get(one, 'a skill') for one in missing)}"
        if self.load.get(key, 0) >= limit:
            return f": full, {self.load.get(key, 0)} of {limit} open"
        return ""

    def _gone(self, key: int) -> str:
        person = self.people[key]
        return f"is {person.away}" if person.is_active else "works here no longer"

    def _takes(self, key: int, limit: int) -> str:
        return f" has {self.load.get(key, 0)} of {limit} open"

    def _why_nobody(self, team: Team, needs: frozenset[int]) -> str:
        counts = {"away": 0, "full": 0, "without the skills": 0}
        for key, limit in team.limits.items():
            person = self.people[key]
            if not person.is_active or person.away:
                counts["away"] += 1
            elif needs - person.skills - team.covers:
                counts["without the skills"] += 1
            elif self.load.get(key, 0) >= limit:
                counts["full"] += 1
        told = [f"{count} {word}" for word, count in counts.items() if count]
        return f" ({', '.join(told)})" if told else ", it has no members"

    def _covered(self, key: int) -> frozenset[int]:
        """Return what the teams of a person cover together."""
        return frozenset().union(*(team.covers for team in self.teams if key in team.limits))

    def _team_of(self, key: int, needs: frozenset[int]) -> int | None:
        """Return the team that a ticket of somebody counts for: theirs that covers most of what is needed."""
        own = [team for team in self.teams if key in team.limits]
        best = min(own, key=lambda team: (len(needs - team.covers), team.is_general, team.name), default=None)
        return best.key if best else None

    def _needs(self, area: str, rule: Rule | None) -> frozenset[int]:
        known = self.areas.get(area.casefold())
        own = frozenset() if rule is None else rule.skills
        return own if known is None else own | {known}

    def _needed(self, needs: frozenset[int]) -> str:
        return f"; it needs {_listed(self.skills.get(one, 'a skill') for one in needs)}" if needs else ""

    @staticmethod
    def _counted(count: int) -> str:
        return "the only one who can" if count == 1 else f"{count} who can"


def _listed(names: Iterable[str]) -> str:
    *first, last = sorted(names)
    return f"{', '.join(first)} and {last}" if first else last
