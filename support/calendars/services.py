"""Writes of calendars: a version is written whole and counts from its day on; none is edited."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from common.formatting import format_date
from common.versions.cycle import DatedLifecycle, authored
from common.versions.errors import VersionChangedError
from metrics.engine.plan import today
from people.functions import Function
from people.models import User
from support.calendars.terms import Terms, checked, differences, with_public
from support.clocks.marks import mark_tickets
from support.models import BusinessCalendar, CalendarVersion, PolicyTenure, Ticket
from support.policies.reviewing import review_behind_commit
from support.querysets import DONE

EDITORS = frozenset({Function.SUPPORT, Function.REVOPS})
REFUSED = "Calendars are for support and RevOps to write. Ask a colleague there."
# Public holidays are written down for so many years around the first day and today: old tickets are counted by
# the first version too, and promises reach ahead.
YEARS_BEFORE, YEARS_AHEAD = 5, 10
EARLIEST, LATEST = date(2000, 1, 1), date(2099, 12, 31)


def _check(version: CalendarVersion) -> None:
    """Refuse nothing: what it says was checked as it was written."""


cycle: DatedLifecycle[CalendarVersion] = DatedLifecycle(
    model=CalendarVersion,
    series=("calendar",),
    mark=lambda held: f"{held.pk}",
    check=_check,
    differences=differences,
)


def newest(calendar: BusinessCalendar) -> CalendarVersion | None:
    """Return the newest version that counts, has counted or will."""
    versions = CalendarVersion.objects.filter(calendar=calendar).select_related("calendar", "published_by")
    return versions.agreed().order_by("-version").first()


def expected(calendar: BusinessCalendar) -> str:
    """Return what stands for the version that an editor began from."""
    held = newest(calendar)
    return str(held.pk if held else 0)


@transaction.atomic
def create_calendar(
    *, name: str, terms: Terms, starts_on: date, by: User | None, worked: Iterable[date] = (), note: str = ""
) -> BusinessCalendar:
    """Begin a calendar with its first version, which counts for all time before it too; return it.

    The first one of all is the default. Raises as ``write_hours`` does, and ValidationError at ``name``.
    """
    _refuse_others(by)
    cycle.lock(CalendarVersion())
    calendar = BusinessCalendar(name=_named(name), is_default=not BusinessCalendar.objects.exists())
    _refuse_taken(calendar)
    with authored(by):
        calendar.save()
    if calendar.is_default:
        review_behind_commit()
    write_hours(calendar=calendar, terms=terms, starts_on=starts_on, by=by, worked=worked, note=note)
    return calendar


@transaction.atomic
def write_hours(
    *,
    calendar: BusinessCalendar,
    terms: Terms,
    starts_on: date,
    by: User | None,
    worked: Iterable[date] = (),
    seen: str | None = None,
    note: str = "",
) -> CalendarVersion:
    """Let a calendar have these hours from a day on; return the version, scheduled where the day lies ahead.

    ``worked`` are public holidays on which the team works. ``seen`` is what ``expected`` gave when the editor looked:
    of two at once one wins, and the other gets VersionChangedError with the differences. Raises ValidationError by
    field, PermissionDenied for others than support and RevOps.
    """
    _refuse_others(by)
    cycle.lock(CalendarVersion(calendar=calendar))
    before = newest(calendar)
    _refuse_overtaken(calendar, before, seen)
    _refuse_day(before, starts_on)
    years = range(min(starts_on, today()).year - YEARS_BEFORE, max(starts_on, today()).year + YEARS_AHEAD + 1)
    columns = checked(with_public(terms, years, worked)).columns()
    draft = cycle.begin(by=by, based_on=before, calendar=calendar, note=note.strip(), **columns)
    _mark_open(calendar)
    if starts_on > today():
        return cycle.schedule(draft, by=by, expected=cycle.seen(draft), starts_on=starts_on, today=today())
    return cycle.publish(draft, by=by, expected=cycle.seen(draft), starts_on=starts_on)


@transaction.atomic
def take_back(*, version: CalendarVersion, by: User) -> None:
    """Take back a version whose day lies ahead; raises ValidationError for one that counts.

    The first one counts whatever its day says: clocks can't run by a calendar without hours.
    """
    _refuse_others(by)
    cycle.lock(version)
    earlier = CalendarVersion.objects.filter(calendar=version.calendar, version__lt=version.version)
    if not earlier.agreed().exists():
        raise ValidationError(f"{version} is the first and counts since ever. Write other hours instead.")
    cycle.discard(cycle.unschedule(version, by=by), by=by)
    _mark_open(version.calendar)


@transaction.atomic
def rename_calendar(*, calendar: BusinessCalendar, name: str, by: User | None) -> BusinessCalendar:
    """Give a calendar another name; raises ValidationError at ``name``."""
    _refuse_others(by)
    cycle.lock(CalendarVersion())
    held = BusinessCalendar.objects.select_for_update().get(pk=calendar.pk)
    held.name = _named(name)
    _refuse_taken(held)
    with authored(by):
        held.save(update_fields=["name"])
    return held


@transaction.atomic
def make_default(*, calendar: BusinessCalendar, by: User | None) -> None:
    """Let a calendar count where nothing names another; promises are reviewed behind the commit."""
    _refuse_others(by)
    cycle.lock(CalendarVersion())
    with authored(by):
        for held in (
            BusinessCalendar.objects.select_for_update().filter(is_default=True).exclude(pk=calendar.pk)
        ):
            held.is_default = False
            held.save(update_fields=["is_default"])
        held = BusinessCalendar.objects.select_for_update().get(pk=calendar.pk)
        if not held.is_default:
            held.is_default = True
            held.save(update_fields=["is_default"])
            review_behind_commit()


def publish_due_hours() -> int:
    """Put every version in force whose day has come; return how many. Each in a transaction of its own."""
    return cycle.publish_due(today())


def _mark_open(calendar: BusinessCalendar) -> None:
    """Mark the open tickets whose clocks run by a calendar, or did; what is done keeps its times."""
    accounts = PolicyTenure.objects.filter(calendar=calendar).values("account")
    mark_tickets(Ticket.objects.filter(account__in=accounts).exclude(status__in=DONE))


def _named(name: str) -> str:
    kept = " ".join(name.split())
    longest = BusinessCalendar._meta.get_field("name").max_length or 0
    if not kept or len(kept) > longest or not kept.isprintable():
        raise ValidationError(
            {"name": f"Name the calendar in {longest} letters at most, such as Berlin office."}
        )
    return kept


def _refuse_taken(calendar: BusinessCalendar) -> None:
    if BusinessCalendar.objects.filter(name__iexact=calendar.name).exclude(pk=calendar.pk).exists():
        raise ValidationError({"name": "There is a calendar of this name already. Choose another name."})


def _refuse_overtaken(calendar: BusinessCalendar, before: CalendarVersion | None, seen: str | None) -> None:
    if seen is None or seen == str(before.pk if before else 0):
        return
    key = int(seen) if seen.isdecimal() and len(seen) < 19 else 0
    old = CalendarVersion.objects.filter(calendar=calendar, pk=key).first()
    who = f" by {before.published_by}" if before and before.published_by else ""
    told = (
        f"{before} was written{who} meanwhile." if before else "The version you saw was taken back meanwhile."
    )
    raise VersionChangedError(told, differences(old, before) if old and before else [])


def _refuse_day(before: CalendarVersion | None, starts_on: date) -> None:
    if not EARLIEST <= starts_on <= LATEST:
        raise ValidationError({"starts_on": f"Choose a day from {EARLIEST.year} to {LATEST.year}."})
    if before is not None and before.starts_on is not None and starts_on < before.starts_on:
        is_ahead = before.starts_on > today()
        told = (
            f"{before} begins on {format_date(before.starts_on)}"
            f"{' already: take that one back first, or' if is_ahead else ';'} choose that day or a later one."
        )
        raise ValidationError({"starts_on": told})


def _refuse_others(by: User | None) -> None:
    if by is not None and by.function not in EDITORS:
        raise PermissionDenied(REFUSED)
