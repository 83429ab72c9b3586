"""Writes of the seller's particulars: a version is written whole and counts from its day on; none is edited."""

from __future__ import annotations

from datetime import date

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from common.formatting import format_date
from common.versions.cycle import DatedLifecycle
from common.versions.errors import VersionChangedError
from finance.billing.arranging import EARLIEST, LATEST, YEARS
from finance.billing.seller.terms import Particulars, checked, differences, missing, particulars_of
from finance.models import SellerParticulars
from metrics.engine.plan import today
from people.functions import Function
from people.models import User

EDITORS = frozenset({Function.FINANCE, Function.REVOPS})
REFUSED = "What papers say of the seller is for finance and RevOps to write. Ask a colleague there."
WHERE = "Invoice drafts → Seller’s particulars"


def _check(version: SellerParticulars) -> None:
    """Refuse nothing: what it says was checked as it was written, and what is missing is told where it is needed."""


cycle: DatedLifecycle[SellerParticulars] = DatedLifecycle(
    model=SellerParticulars, mark=lambda held: f"{held.pk}", check=_check, differences=differences
)


def newest() -> SellerParticulars | None:
    """Return the newest version that counts, has counted or will."""
    return SellerParticulars.objects.agreed().select_related("published_by").first()


def expected() -> str:
    """Return what stands for the version that an editor began from."""
    held = newest()
    return str(held.pk if held else 0)


@transaction.atomic
def write_particulars(
    *, particulars: Particulars, starts_on: date, by: User | None, seen: str | None = None, note: str = ""
) -> SellerParticulars:
    """Let papers say this of the seller from a day on; return the version.

    ``seen`` is what ``expected`` gave when the editor looked: of two at once one wins, and the other gets
    VersionChangedError with the differences. Raises ValidationError by field, PermissionDenied for others than
    finance and RevOps.
    """
    draft = draft_particulars(particulars=particulars, by=by, note=note, seen=seen, starts_on=starts_on)
    return publish_particulars(version=draft, starts_on=starts_on, by=by)


@transaction.atomic
def draft_particulars(
    *,
    particulars: Particulars,
    by: User | None,
    note: str = "",
    seen: str | None = None,
    starts_on: date | None = None,
) -> SellerParticulars:
    """Write a version that waits to be published; raises as ``write_particulars`` does."""
    _refuse_others(by)
    columns = checked(particulars.columns()).columns()
    cycle.lock(SellerParticulars())
    before = newest()
    if seen is not None and seen != str(before.pk if before else 0):
        key = int(seen) if seen.isdecimal() and len(seen) < 19 else 0
        old = SellerParticulars.objects.filter(pk=key).first()
        who = f" by {before.published_by}" if before and before.published_by else ""
        raise VersionChangedError(
            f"{before} was written{who} meanwhile.", differences(old, before) if before else []
        )
    return cycle.begin(by=by, based_on=before, starts_on=starts_on, note=note.strip(), **columns)


@transaction.atomic
def publish_particulars(*, version: SellerParticulars, starts_on: date, by: User | None) -> SellerParticulars:
    """Let a draft count from a day on: at once, or scheduled where that lies ahead.

    Raises ValidationError where a version that counts begins later, VersionChangedError where it is no draft.
    """
    _refuse_others(by)
    cycle.lock(version)
    held = cycle.hold(version)
    before = newest()
    if not EARLIEST <= starts_on <= LATEST:
        raise ValidationError({"starts_on": YEARS})
    if before is not None and before.starts_on is not None and starts_on < before.starts_on:
        told = f"{before} begins on {format_date(before.starts_on)}; choose that day or a later one."
        raise ValidationError({"starts_on": told})
    if starts_on > today():
        return cycle.schedule(held, by=by, expected=cycle.seen(held), starts_on=starts_on, today=today())
    return cycle.publish(held, by=by, expected=cycle.seen(held), starts_on=starts_on)


@transaction.atomic
def drop_particulars(*, version: SellerParticulars, by: User) -> None:
    """Throw away a draft, or take back a version whose day lies ahead; raises ValidationError for one that counts."""
    _refuse_others(by)
    if version.state == SellerParticulars.State.SCHEDULED:
        version = cycle.unschedule(version, by=by)
    cycle.discard(version, by=by)


@transaction.atomic
def retire_particulars(*, by: User | None) -> None:
    """Take the version in force out of it, so that no invoice can be issued until there is another."""
    _refuse_others(by)
    held = SellerParticulars.objects.published().first()
    if held is not None:
        cycle.retire(held, by=by, ends_on=max(today(), held.starts_on or today()))


def publish_due_particulars() -> int:
    """Put every version in force whose day has come; return how many. Each in a transaction of its own."""
    return cycle.publish_due(today())


def refuse_without_seller(on: date) -> None:
    """Raise ValidationError that says what is missing of the particulars of a day, and where to enter it; one query."""
    if lacks := lacking(on):
        raise ValidationError(lacks)


def lacking(on: date) -> str:
    """Return in a sentence what the particulars of a day lack for a paper to be issued; nothing if they are whole."""
    held = particulars_of(SellerParticulars.objects.on(on))
    parts = missing(held)
    if not parts:
        return ""
    what = (
        f"Nothing is known of the seller on {format_date(on)}"
        if held == Particulars()
        else f"The seller’s particulars of {format_date(on)} lack {_listed(parts)}"
    )
    return f"{what}, so no invoice or credit note can be issued. Finance or RevOps enters it under {WHERE}."


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _refuse_others(by: User | None) -> None:
    if by is not None and by.function not in EDITORS:
        raise PermissionDenied(REFUSED)
