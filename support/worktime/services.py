"""Writes of time entries: they are records of the source ``abe``, like those that a help desk sends."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from common.formatting import format_date
from people.absences.models import day_of
from people.access import access_of
from people.functions import Function
from people.models import Category, User
from support.models import Ticket, TimeEntry
from support.models.worktime import LONGEST_NOTE, MOST_MINUTES
from sync.models import OWN_SLUG, Link
from sync.own import delete_own_records, send_own_records
from sync.pipeline.locks import lock_together
from sync.registry import resources

RESOURCE = "time-entries"
WRITERS = frozenset(
    {
        Function.SUPPORT,
        Function.CUSTOMER_SUCCESS,
        Function.PRODUCT,
        Function.ENGINEERING,
        Function.REVOPS,
    }
)
REFUSED = "Time on tickets is written by support, customer success, product, engineering and RevOps."
NOT_YOURS = "Whoever worked corrects it, or RevOps. What a help desk sent is corrected there."
IS_OTHER = (
    "This form has been sent already, with other words. Look at what stands there, and send what is missing."
)
IS_GONE = "It was corrected or taken back meanwhile. Look at what stands there now."


def may_write(user: User) -> bool:
    """Return whether somebody writes down time on tickets."""
    return user.function in WRITERS and access_of(user.function).allows(Category.SUPPORT_HISTORY)


def may_correct(entry: TimeEntry, by: User, *, is_own: bool) -> bool:
    """Return whether somebody corrects an entry; ``is_own`` says that it was written here."""
    return (
        is_own
        and by.function in WRITERS
        and (by.function == Function.REVOPS or entry.worked_by_email == by.email.lower())
    )


@transaction.atomic
def write_time(
    *,
    ticket: Ticket,
    minutes: int,
    worked_on: date,
    note: str,
    key: UUID,
    by: User,
    instead_of: TimeEntry | None = None,
) -> TimeEntry:
    """Write down that somebody worked on a ticket; return the entry. The same ``key`` again is the same entry;
    other words under it are refused.

    ``instead_of`` is an entry that this one corrects: it is taken back, and its time stays that of whoever worked.
    Locks the resource. Raises ValidationError by field, PermissionDenied for those who don't write time.
    """
    if not may_write(by):
        raise PermissionDenied(REFUSED)
    lock_together(resources=[resources[RESOURCE]], sources=[])
    kept = " ".join(note.split())
    if (repeat := _written_before(key)) is not None:
        if repeat.deleted_at is not None:
            raise ValidationError(IS_GONE)
        if (repeat.ticket_id, repeat.minutes, repeat.worked_on, repeat.note) != (
            ticket.pk,
            minutes,
            worked_on,
            kept,
        ):
            raise ValidationError(IS_OTHER)
        return repeat
    worker = by.email.lower()
    if instead_of is not None:
        worker = _take_back(instead_of, by).worked_by_email
    if len(kept) > LONGEST_NOTE or not kept.isprintable():
        raise ValidationError({"note": f"Say it in {LONGEST_NOTE} letters at most."})
    _refuse_day(ticket, worked_on, by)
    _refuse_minutes(minutes, worker, worked_on)
    [result] = send_own_records(
        RESOURCE,
        [
            {
                "external_id": key.hex,
                "ticket": ticket.pk,
                "minutes": minutes,
                "worked_on": worked_on.isoformat(),
                "worked_by_email": worker,
                "note": kept,
            }
        ],
        by=by,
    )
    return TimeEntry.objects.get(pk=int(result.id or 0))


@transaction.atomic
def take_back(*, entry: TimeEntry, by: User) -> None:
    """Take an entry back; it stays to be seen as such. Raises ValidationError where it is gone already."""
    lock_together(resources=[resources[RESOURCE]], sources=[])
    _take_back(entry, by)


def is_written_here(entry: TimeEntry) -> bool:
    """Return whether an entry was made here and not sent."""
    return Link.objects.filter(resource=RESOURCE, source__slug=OWN_SLUG, object_id=entry.pk).exists()


def _take_back(entry: TimeEntry, by: User) -> TimeEntry:
    held = TimeEntry.objects.live().filter(pk=entry.pk).first()
    if held is None:
        raise ValidationError(IS_GONE)
    names = Link.objects.filter(resource=RESOURCE, source__slug=OWN_SLUG, object_id=held.pk)
    own = list(names.values_list("external_id", flat=True))
    if not may_correct(held, by, is_own=bool(own)):
        raise PermissionDenied(NOT_YOURS)
    delete_own_records(RESOURCE, own, by=by)
    return held


def _written_before(key: UUID) -> TimeEntry | None:
    link = Link.objects.filter(resource=RESOURCE, source__slug=OWN_SLUG, external_id=key.hex).first()
    return TimeEntry.objects.filter(pk=link.object_id).first() if link else None


def _refuse_day(ticket: Ticket, worked_on: date, by: User) -> None:
    first, last = day_of(by, ticket.opened_at), day_of(by, timezone.now())
    if not first <= worked_on <= last:
        told = f"Choose a day from {format_date(first)}, when it was opened, to today."
        raise ValidationError({"worked_on": told})


def _refuse_minutes(minutes: int, worker: str, worked_on: date) -> None:
    if not 1 <= minutes <= MOST_MINUTES:
        raise ValidationError({"spent": "Write from 1 min to 24 h; several days are several entries."})
    on_day = TimeEntry.objects.live().filter(worked_by_email=worker, worked_on=worked_on)
    held = on_day.aggregate(sum=Sum("minutes"))["sum"] or 0
    if held + minutes > MOST_MINUTES:
        told = f"Of {format_date(worked_on)} {held} min are written down already; a day has {MOST_MINUTES}."
        raise ValidationError({"spent": told})
