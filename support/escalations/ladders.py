"""Ladders as escalations read them, and writes of their versions: each is written whole and none is edited."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from common.versions.cycle import Lifecycle
from common.versions.errors import VersionChangedError
from people.functions import Function
from people.models import User
from support.entitlements import ESCALATION
from support.escalations.audience import rung_words
from support.models import Escalation, Ladder, Rung
from support.models.escalations import LONGEST_WAIT
from support.routing.services import EDITORS
from tiers.entitlements.registry import kinds
from tiers.entitlements.values import Choice, minutes_in_words

REFUSED = "Escalation ladders are for support and RevOps to write. Ask a colleague there."
MOST_RUNGS = 6
Who = Rung.Who


@dataclass(frozen=True, slots=True, kw_only=True)
class RungDraft:
    """One rung as it is written; ``person`` is an e-mail address."""

    wait_minutes: int
    who: str
    function: str = ""
    person: str = ""


Drafts = Mapping[str, Sequence[RungDraft]]


@dataclass(frozen=True, slots=True)
class Ladders:
    """Rungs of versions by path and position; ``in_force`` is the version that counts now."""

    in_force: Ladder | None
    rungs: Mapping[tuple[int | None, str, int], Rung]

    def rung(self, one: Escalation, position: int) -> Rung | None:
        """Return a rung of the ladder that an escalation climbs."""
        return self.rungs.get((one.ladder_id, one.path, position))


def read_ladders(held: Collection[Escalation] = ()) -> Ladders:
    """Return the ladders in force, and those that escalations climb that began before; two queries."""
    in_force = Ladder.objects.published().first()
    keys = {one.ladder_id for one in held} | {in_force.pk if in_force else None}
    rows = Rung.objects.filter(ladder__in=keys - {None}).select_related("person")
    return Ladders(in_force, {(row.ladder_id, row.path, row.position): row for row in rows})


def paths() -> Mapping[str, str]:
    """Return what accounts can be entitled to as an escalation, in words by key."""
    value = kinds[ESCALATION].value
    assert isinstance(value, Choice)
    return value.choices


def drafts_of(ladder: Ladder | None) -> dict[str, list[RungDraft]]:
    """Return the rungs of a version as they are written, every path named."""
    key = ladder.pk if ladder else 0
    return drafts_by_version([key])[key]


def drafts_by_version(ladders: Collection[int]) -> dict[int, dict[str, list[RungDraft]]]:
    """Return for each version, by key, its rungs as they are written, every path named; one query."""
    found: dict[int, dict[str, list[RungDraft]]] = {key: {path: [] for path in paths()} for key in ladders}
    for row in Rung.objects.filter(ladder__in=ladders).select_related("person"):
        found[row.ladder_id].setdefault(row.path, []).append(
            RungDraft(
                wait_minutes=row.wait_minutes,
                who=row.who,
                function=row.function,
                person=row.person.email if row.person else "",
            )
        )
    return found


def people_in(*drafts: Drafts) -> dict[str, User]:
    """Return those whom rungs name, by address; one query, none where they name nobody."""
    emails = {one.person for held in drafts for rungs in held.values() for one in rungs} - {""}
    return {user.email: user for user in User.objects.filter(email__in=emails)} if emails else {}


def told(one: RungDraft, place: int, people: Mapping[str, User]) -> str:
    """Return a rung in words; ``people`` are those of ``people_in``."""
    whom = rung_words(Rung(who=one.who, function=one.function, person=people.get(one.person)))
    if not one.wait_minutes:
        return f"at once {whom}" if place == 1 else f"at the same time {whom}"
    return f"after {minutes_in_words(one.wait_minutes)}{'' if place == 1 else ' without an acknowledgement'} {whom}"


def differences(before: Ladder | None, after: Ladder) -> list[str]:
    """Return what another version says otherwise, a sentence a path."""
    return differ(drafts_of(before), drafts_of(after)) if before else []


def differ(old: Drafts, new: Drafts, people: Mapping[str, User] | None = None) -> list[str]:
    """Return what other rungs say otherwise, a sentence a path; one query where ``people`` aren't given."""
    people = people_in(old, new) if people is None else people
    found = []
    for path, label in paths().items():
        was, now = list(old.get(path, ())), list(new.get(path, ()))
        if was != now:
            found.append(f"{label[:1].upper()}{label[1:]}: {says(was, people)} became {says(now, people)}")
    return found


def says(rungs: Sequence[RungDraft], people: Mapping[str, User]) -> str:
    """Return the rungs of a path in words."""
    steps = [told(one, place, people) for place, one in enumerate(rungs, 1)]
    return ", ".join(steps) or "nobody but who has the ticket"


def digest(rungs: Drafts) -> str:
    """Return what stands for the content of a version."""
    held = {path: [asdict(one) for one in rungs.get(path, ())] for path in paths()}
    return hashlib.sha256(json.dumps(held, sort_keys=True).encode()).hexdigest()[:32]


def _check(version: Ladder) -> None:
    """Refuse nothing: what it says was checked as it was written."""


cycle: Lifecycle[Ladder] = Lifecycle(
    model=Ladder, mark=lambda held: f"{held.pk}", check=_check, differences=differences
)


def expected() -> str:
    """Return what stands for the version that an editor began from."""
    held = Ladder.objects.published().first()
    return str(held.pk if held else 0)


@transaction.atomic
def write_ladder(*, rungs: Drafts, by: User | None, seen: str | None = None, note: str = "") -> Ladder:
    """Let breaches go up these rungs from now on; return the version. Escalations that have begun keep theirs.

    ``seen`` is what ``expected`` gave when the editor looked: of two at once one wins, and the other gets
    VersionChangedError with the differences. Raises ValidationError (``rungs`` names the path and the rung),
    PermissionDenied for others than support and RevOps.
    """
    if by is not None and by.function not in EDITORS:
        raise PermissionDenied(REFUSED)
    rows = checked(rungs)
    cycle.lock(Ladder())
    before = Ladder.objects.published().select_related("published_by").first()
    if seen is not None and seen != str(before.pk if before else 0):
        old = Ladder.objects.filter(pk=int(seen) if seen.isdecimal() and len(seen) < 19 else 0).first()
        who = f" by {before.published_by}" if before and before.published_by else ""
        changed = differences(old, before) if old and before else []
        raise VersionChangedError(f"{before} was written{who} meanwhile.", changed)
    draft = cycle.begin(by=by, based_on=before, note=note.strip())
    for row in rows:
        row.ladder = draft
    Rung.objects.bulk_create(rows)
    return cycle.publish(draft, by=by, expected=cycle.seen(draft))


def checked(rungs: Drafts) -> list[Rung]:
    """Return rungs as rows that aren't saved; raises ValidationError at ``rungs``: which one, and what to do."""
    wrong: list[str] = []
    known = paths()
    emails = {one.person for held in rungs.values() for one in held if one.person}
    people = {user.email: user for user in User.objects.filter(email__in=emails, is_active=True)}
    rows = []
    for path, held in rungs.items():
        if path not in known:
            wrong.append(f"There is no escalation “{path[:40]}”. Known are {', '.join(known)}.")
            continue
        if len(held) > MOST_RUNGS:
            wrong.append(f"{known[path]}: write {MOST_RUNGS} steps at most.")
        for place, one in enumerate(held, 1):
            where = f"{known[path][:1].upper()}{known[path][1:]}, step {place}"
            wrong += _problems(one, where, people)
            rows.append(
                Rung(
                    path=path,
                    position=place,
                    wait_minutes=one.wait_minutes,
                    who=one.who,
                    function=one.function if one.who == Who.FUNCTION else "",
                    person=people.get(one.person) if one.who == Who.PERSON else None,
                )
            )
    if wrong:
        raise ValidationError({"rungs": wrong})
    return rows


def _problems(one: RungDraft, where: str, people: Mapping[str, User]) -> list[str]:
    found = []
    if not 0 <= one.wait_minutes <= LONGEST_WAIT:
        found.append(f"{where}: wait from 0 to {LONGEST_WAIT:,} minutes, which is a week.")
    if one.who not in Who.values:
        found.append(f"{where}: choose who is told.")
    if one.who == Who.FUNCTION and one.function not in Function.values:
        found.append(f"{where}: choose a function.")
    if one.who == Who.PERSON and one.person not in people:
        found.append(f"{where}: nobody who can sign in has the address “{one.person[:80]}”.")
    return found
