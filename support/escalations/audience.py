"""Whom a rung of a ladder reaches now: people at work, who stands in for others, and who comes instead of nobody."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from common.formatting import format_count
from people.absences.rota import Rota
from people.functions import Function
from people.models import AccessGrant, Category, Level, NoticeChannel, User
from support.escalations.topics import BREACHES
from support.models import AccountEngineer, Assignment, Rung, TeamMember, Ticket

Who = Rung.Who
# Who is told where a rung reaches nobody; at the end everybody of support, also those who are away.
INSTEAD = {Who.ENGINEER: Who.TEAM, Who.POD: Who.TEAM, Who.TEAM: Who.OWNER}


@dataclass(frozen=True, slots=True)
class Reached:
    """The people whom a rung reaches, and in words how it came to them."""

    people: tuple[User, ...]
    words: str


@dataclass(frozen=True, slots=True)
class Audience:
    """Who there is to be told about some tickets, as of one moment."""

    rota: Rota
    present: Mapping[int, Assignment]
    members: Mapping[int, Collection[User]]
    pods: Mapping[int, Collection[User]]
    by_email: Mapping[str, User]
    by_function: Mapping[str, Collection[User]]
    readers: Collection[str]
    channels: Collection[NoticeChannel]

    def reached(self, ticket: Ticket, rung: Rung) -> Reached:
        """Return whom a rung reaches about a ticket; ``ticket`` has its account at hand."""
        people, words = self._reached(ticket, rung)
        who = Who(rung.who)
        missed = ""
        while not people and who in INSTEAD:
            missed, who = missed or f"{words}, so ", INSTEAD[who]
            people, words = self._reached(ticket, Rung(who=who))
        if not people:
            missed = missed or f"{words}, so "
            people = tuple(self.by_function.get(Function.SUPPORT, ()))
            words = f"everybody of support: {_count(people)}" if people else "nobody was told"
        told = f"{missed}{words}"
        return Reached(people, told[:1].upper() + told[1:])

    def _reached(self, ticket: Ticket, rung: Rung) -> tuple[tuple[User, ...], str]:
        match Who(rung.who):
            case Who.ENGINEER:
                held = self.present.get(ticket.pk)
                if held is None or held.engineer is None:
                    return (), "nobody has the ticket"
                return self._one(held.engineer, "who has the ticket")
            case Who.TEAM:
                held = self.present.get(ticket.pk)
                if held is None or held.team is None:
                    return (), "the ticket is in no team’s queue"
                here = self._here(self.members.get(held.team_id or 0, ()))
                return (
                    here,
                    f"team {held.team}: {_count(here)}" if here else f"nobody of {held.team} is at work",
                )
            case Who.POD:
                here = self._here(self.pods.get(ticket.account_id, ()))
                return (
                    here,
                    f"the account’s engineers: {_names(here)}"
                    if here
                    else "no engineer of the account is here",
                )
            case Who.OWNER:
                email = ticket.account.owner_email
                owner = self.by_email.get(email)
                if owner is None:
                    return (
                        (),
                        f"the account’s owner, {email}, can’t sign in"
                        if email
                        else "the account has no owner",
                    )
                return self._one(owner, "who owns the account")
            case Who.PERSON:
                assert rung.person is not None
                return self._one(rung.person, "")
            case _:
                label = Function(rung.function).label
                if rung.function not in self.readers:
                    return (), f"{label} may not read tickets"
                here = self._here(self.by_function.get(rung.function, ()))
                return here, f"everybody of {label}: {_count(here)}" if here else f"nobody of {label} is here"

    def _one(self, person: User, as_what: str) -> tuple[tuple[User, ...], str]:
        at_work = self.rota.at_work_for(person)
        if at_work is None:
            why = self.rota.told(person.pk) if self.rota.is_away(person.pk) else "not working here any more"
            return (), f"{person} is {why}"
        if at_work.function not in self.readers:
            for_whom = "" if at_work.pk == person.pk else f", who stands in for {person},"
            return (), f"{at_work}{for_whom} may not read tickets"
        if at_work.pk != person.pk:
            until = self.rota.until(person.pk)
            return (
                at_work,
            ), f"{at_work}, who stands in for {person}{f', {as_what}' if as_what else ''} ({until})"
        return (at_work,), f"{at_work}, {as_what}" if as_what else str(at_work)

    def _here(self, people: Iterable[User]) -> tuple[User, ...]:
        return tuple(
            one
            for one in people
            if one.is_active and one.function in self.readers and not self.rota.is_away(one.pk)
        )


def read_audience(tickets: Collection[Ticket]) -> Audience:
    """Read who there is to be told about tickets; ten queries, however many they are.

    Nobody is told what they may not read, whoever they stand in for.
    """
    readers = set(
        AccessGrant.objects.filter(category=Category.SUPPORT_HISTORY, level=Level.FULL).values_list(
            "function", flat=True
        )
    )
    present = {
        row.ticket_id: row
        for row in Assignment.objects.present()
        .filter(ticket__in=[one.pk for one in tickets])
        .select_related("engineer", "team")
    }
    members: dict[int, list[User]] = defaultdict(list)
    for member in TeamMember.objects.select_related("person").order_by("person__name", "pk"):
        members[member.team_id].append(member.person)
    pods: dict[int, list[User]] = defaultdict(list)
    accounts = {one.account_id for one in tickets}
    rows = AccountEngineer.objects.filter(account__in=accounts).select_related("person")
    for engineer in rows.order_by("-is_named", "person__name", "pk"):
        pods[engineer.account_id].append(engineer.person)
    by_function: dict[str, list[User]] = defaultdict(list)
    for user in User.objects.filter(is_active=True, function__in=readers).order_by("name", "pk"):
        by_function[user.function].append(user)
    owners = {ticket.account.owner_email for ticket in tickets} - {""}
    by_email = {user.email: user for user in User.objects.filter(is_active=True, email__in=owners)}
    channels = [
        one
        for one in NoticeChannel.objects.filter(is_active=True, topics__contains=[BREACHES])
        if one.function in readers
    ]
    return Audience(Rota.read(), present, members, pods, by_email, by_function, readers, channels)


def rung_words(rung: Rung) -> str:
    """Return whom a rung means, in words."""
    if rung.who == Who.PERSON:
        return str(rung.person)
    if rung.who == Who.FUNCTION:
        return f"everybody of {Function(rung.function).label}"
    label = str(Who(rung.who).label)
    return label[:1].lower() + label[1:]


def _count(people: Collection[User]) -> str:
    return format_count(len(people), "person", "people")


def _names(people: Collection[User]) -> str:
    return ", ".join(map(str, people))
