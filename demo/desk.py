"""Who works on the support desk of the sample company: skills, teams, named engineers, their time, who is away."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from accounts.models import Account
from demo.team import DOMAIN
from people.absences.models import Absence, day_of
from people.absences.services import write_absence
from people.models import User
from people.skills.services import create_skill, set_skills
from support.models import AccountEngineer, SupportTeam, Ticket, TimeEntry
from support.routing.services import set_engineers
from support.teams.services import create_team, set_member
from sync.own import send_own_records

DESK = f"support@{DOMAIN}"
# Product areas are named as the help desk names them on tickets.
SKILLS = {
    "area": ("access", "billing", "performance"),
    "language": ("German", "Japanese"),
    "technical": ("Single sign-on", "SQL"),
}
PEOPLE = {
    "support": ("access", "performance", "Single sign-on", "SQL"),
    "uwe.reuter": ("access", "billing", "German"),
    "tessa.carver": ("billing", "SQL"),
    "chidi.eze": ("access", "Single sign-on"),
    "yuki.nakamura": ("performance", "Japanese", "SQL"),
}
TEAMS: tuple[tuple[str, str, tuple[str, ...], dict[str, int]], ...] = (
    ("Access and sign-on", "Who gets in, and who doesn’t.", ("access",), {"chidi.eze": 80, "uwe.reuter": 60}),
    ("Billing", "Invoices and payments, with finance.", ("billing",), {"tessa.carver": 70, "uwe.reuter": 60}),
    ("Performance", "Slow pages and heavy queries.", ("performance",), {"support": 50, "yuki.nakamura": 80}),
)
GENERAL = {"chidi.eze": 80, "support": 50, "tessa.carver": 70, "uwe.reuter": 60, "yuki.nakamura": 80}
# Tickets of which somebody wrote down the time, and how many minutes they took.
WORKED_DAYS, WORKED_TICKETS = 85, 600
SHORTEST = 5
LONGEST = {"urgent": 150, "high": 90, "normal": 45, "low": 20}
# Who is away, from so many days from today to so many, and who stands in.
ABSENCES = (
    ("tessa.carver", -2, 6, "uwe.reuter", "On holiday"),
    ("sana.qureshi", -1, 3, "elliot.nash", "Days with the family"),
    ("yuki.nakamura", 8, 12, "support", "Moving house"),
    ("luc.marchand", 1, 2, "", "At a trade fair"),
)


def staff_desk() -> int:
    """Write skills, teams and absences, unless that was done; return of how many teams."""
    if SupportTeam.objects.filter(name__in=[name for name, *_ in TEAMS]).exists():
        return 0
    by = _person("support")
    skills = {
        name: create_skill(name=name, kind=kind, by=by) for kind, names in SKILLS.items() for name in names
    }
    for person, names in PEOPLE.items():
        set_skills(person=_person(person), skills=[skills[name] for name in names], by=by)
    for name, purpose, covers, members in TEAMS:
        team = create_team(name=name, purpose=purpose, covers=[skills[each] for each in covers], by=by)
        _take_in(team, members, by)
    _take_in(SupportTeam.objects.get(is_general=True), GENERAL, by)
    for name, first, last, stand_in, note in ABSENCES:
        _write_absence(_person(name), first, last, _person(stand_in) if stand_in else None, note)
    return len(TEAMS)


def look_after() -> int:
    """Name an engineer for each strategic account, and another of its pod, once; return for how many."""
    if AccountEngineer.objects.exists():
        return 0
    by, people = _person("support"), [_person(name) for name in sorted(GENERAL)]
    accounts = list(Account.objects.live().filter(standing__tier__slug="strategic").order_by("pk"))
    for place, account in enumerate(accounts):
        named, other = people[place % len(people)], people[(place + 2) % len(people)]
        set_engineers(account=account, named=named, others=[other], by=by)
    return len(accounts)


def note_time() -> int:
    """Write down what the newest solved tickets took, unless any time is; return of how many tickets."""
    if TimeEntry.objects.exists():
        return 0
    since = timezone.now() - timedelta(days=WORKED_DAYS)
    solved = Ticket.objects.live().filter(solved_at__gte=since, account__deleted_at=None)
    names = sorted(GENERAL)
    worked: dict[str, list[dict[str, object]]] = {name: [] for name in names}
    for ticket in solved.order_by("-solved_at", "-pk")[:WORKED_TICKETS]:
        assert ticket.solved_at is not None
        name = names[ticket.pk % len(names)]
        worked[name].append(
            {
                "external_id": f"sample-{ticket.pk}",
                "ticket": ticket.pk,
                "minutes": SHORTEST + ticket.pk * 7 % LONGEST[ticket.priority],
                "worked_on": ticket.solved_at.date().isoformat(),
                "worked_by_email": f"{name}@{DOMAIN}",
            }
        )
    for name, records in worked.items():
        with transaction.atomic():
            send_own_records("time-entries", records, by=_person(name))
    return sum(map(len, worked.values()))


def _take_in(team: SupportTeam, members: dict[str, int], by: User) -> None:
    for name, limit in members.items():
        set_member(team=team, person=_person(name), open_limit=limit, by=by)


def _write_absence(person: User, first: int, last: int, stand_in: User | None, note: str) -> Absence:
    today = day_of(person, timezone.now())
    return write_absence(
        person=person,
        starts_on=today + timedelta(days=first),
        ends_on=today + timedelta(days=last),
        stand_in=stand_in,
        note=note,
        by=person,
    )


def _person(name: str) -> User:
    return User.objects.get(email=f"{name}@{DOMAIN}")
