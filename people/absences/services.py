"""Writes of absences: they are written ahead, changed while they last, and never deleted."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pghistory
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from common.formatting import format_date
from people.absences.models import Absence, day_of
from people.functions import Function
from people.models import User
from people.notices.services import notify, withdraw_notices

TOPIC = "absences"
LONGEST = timedelta(days=3 * 366)
# Illness is often written down afterwards; what lies further back changes nothing any more.
LATEST_AFTERWARDS = timedelta(days=31)
REFUSED = (
    "Everybody writes their own absences; support also writes those of colleagues in support, and RevOps "
    "everybody’s. Ask one of them."
)


def may_write_for(by: User, person: User) -> bool:
    """Return whether somebody may write the absences of a person."""
    of_one_desk = by.function == person.function == Function.SUPPORT
    return by.pk == person.pk or by.function == Function.REVOPS or of_one_desk


@transaction.atomic
def write_absence(
    *,
    person: User,
    starts_on: date,
    ends_on: date,
    by: User,
    stand_in: User | None = None,
    note: str = "",
) -> Absence:
    """Note that a person is away from one day to another, both included; return the absence.

    Whoever stands in is told, and so is the person where somebody else wrote it. Locks the person, so that of two
    at once that overlap one is refused. Raises ValidationError by field, PermissionDenied as ``may_write_for`` says.
    """
    person = _locked(person, by)
    today = day_of(person, timezone.now())
    if not person.is_active:
        raise ValidationError({"person": f"{person} can’t sign in any more. Choose somebody else."})
    if starts_on < today - LATEST_AFTERWARDS:
        raise ValidationError({"starts_on": "Choose a day of the last 31, or one ahead."})
    if ends_on < today:
        raise ValidationError({"ends_on": "That day is over. Choose today or a day ahead."})
    absence = Absence(person=person, starts_on=starts_on, ends_on=ends_on, stand_in=stand_in, author=by)
    _keep(absence, note, by)
    if by.pk != person.pk:
        _tell(absence, [person], "written", f"{by} noted that you are away {_days(absence)}.")
    _tell_stand_in(absence)
    return absence


@transaction.atomic
def change_absence(
    *,
    absence: Absence,
    starts_on: date,
    ends_on: date,
    by: User,
    stand_in: User | None = None,
    note: str = "",
) -> Absence:
    """Change an absence of which something lies ahead; days that are over stay as they were.

    Raises as ``write_absence`` does, and ValidationError for one that is over.
    """
    held, today = _open(absence, by)
    if starts_on != held.starts_on and held.starts_on <= today:
        told = f"It has begun, so its first day stays {format_date(held.starts_on)}."
        raise ValidationError({"starts_on": told})
    if starts_on != held.starts_on and starts_on < today:
        raise ValidationError({"starts_on": "Choose today or a day ahead."})
    if ends_on < today:
        raise ValidationError({"ends_on": "That day is over. Choose today or a day ahead."})
    before = held.stand_in
    days_before = (held.starts_on, held.ends_on)
    held.starts_on, held.ends_on, held.stand_in = starts_on, ends_on, stand_in
    _keep(held, note, by)
    if before is not None and before != held.stand_in:
        _tell(held, [before], "no_longer", f"You no longer stand in for {held.person}.")
    if before != held.stand_in or days_before != (held.starts_on, held.ends_on):
        _tell_stand_in(held)
    return held


@transaction.atomic
def end_absence(*, absence: Absence, by: User) -> Absence:
    """Bring a person back: one that has begun ended yesterday, one that hasn't, or began today, is taken back.

    Whoever stood in is told. Raises ValidationError for one that is over, PermissionDenied as ``may_write_for`` says.
    """
    held, today = _open(absence, by)
    if held.starts_on < today:
        held.ends_on = today - timedelta(days=1)
    else:
        held.withdrawn_at = timezone.now()
    with pghistory.context(user=by.pk):
        held.save(update_fields=["ends_on", "withdrawn_at"])
    withdraw_notices(about=[_about(held)])
    if held.stand_in is not None:
        back = "is back" if held.withdrawn_at is None else "isn’t away after all"
        _tell(held, [held.stand_in], "back", f"{held.person} {back}: you no longer stand in.")
    return held


def away_too(absence: Absence) -> Absence | None:
    """Return the first absence of the stand-in that overlaps one, None where they are here all the time."""
    if absence.stand_in_id is None:
        return None
    theirs = Absence.objects.standing().filter(person_id=absence.stand_in_id)
    both = theirs.filter(starts_on__lte=absence.ends_on, ends_on__gte=absence.starts_on)
    return both.select_related("person").order_by("starts_on").first()


def _locked(person: User, by: User) -> User:
    if not may_write_for(by, person):
        raise PermissionDenied(REFUSED)
    return User.objects.select_for_update(no_key=True).get(pk=person.pk)


def _open(absence: Absence, by: User) -> tuple[Absence, date]:
    """Return an absence of which something lies ahead, locked after its person, and that person's day."""
    person = _locked(absence.person, by)
    held = (
        Absence.objects.select_for_update(of=("self",))
        .select_related("person", "stand_in")
        .get(pk=absence.pk)
    )
    now: datetime = timezone.now()
    if held.is_over(now):
        raise ValidationError("This absence is over and is kept as it was. Write another one.")
    return held, day_of(person, now)


def _keep(absence: Absence, note: str, by: User) -> None:
    if absence.ends_on < absence.starts_on:
        raise ValidationError({"ends_on": "It ends before it begins."})
    if absence.ends_on - absence.starts_on > LONGEST:
        raise ValidationError({"ends_on": "Choose three years at most, and write another one then."})
    if absence.stand_in_id == absence.person_id:
        raise ValidationError({"stand_in": "Choose somebody else, or nobody."})
    if absence.stand_in is not None and not absence.stand_in.is_active:
        told = f"{absence.stand_in} can’t sign in any more. Choose somebody else, or nobody."
        raise ValidationError({"stand_in": told})
    others = Absence.objects.standing().filter(person_id=absence.person_id).exclude(pk=absence.pk)
    other = others.filter(starts_on__lte=absence.ends_on, ends_on__gte=absence.starts_on).first()
    if other is not None:
        told = f"{absence.person} is away {_days(other)} already. Change that absence, or choose other days."
        raise ValidationError({"starts_on": told})
    absence.note = " ".join(note.split())
    longest = Absence._meta.get_field("note").max_length or 0
    if len(absence.note) > longest or not absence.note.isprintable():
        raise ValidationError({"note": f"Write {longest} letters at most, in one line."})
    with pghistory.context(user=by.pk):
        absence.save()


def _tell_stand_in(absence: Absence) -> None:
    if absence.stand_in is not None:
        # The days are part of the event: other days are told again.
        event = f"stands_in:{absence.starts_on}:{absence.ends_on}"
        _tell(absence, [absence.stand_in], event, f"You stand in for {absence.person} {_days(absence)}.")


def _tell(absence: Absence, to: list[User], event: str, text: str) -> None:
    notify(to=to, topic=TOPIC, about=_about(absence), event=event, text=text, url=reverse("people:absences"))


def _about(absence: Absence) -> str:
    return f"people.absence:{absence.pk}"


def _days(absence: Absence) -> str:
    return f"from {format_date(absence.starts_on)} to {format_date(absence.ends_on)}"
