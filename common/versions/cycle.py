"""The life of a version: begun, saved, thrown away; published in the place of another, on a day or now; retired.

Every method that writes is called inside the transaction of a service, which adds what is its own; ``publish_due``
alone begins its own. Locks are taken in one order: the series, then the version, then the one in force.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any, Generic

import pghistory
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import Max, QuerySet
from django.db.models.functions import Now

from common.formatting import format_date
from common.versions.errors import VersionChangedError
from common.versions.models import D, V, Version, VersionState


@contextmanager
def authored(by: Any) -> Iterator[None]:
    """Let the history name a person as the author of what is written; None leaves whom it names already."""
    if by is None:
        yield
        return
    with pghistory.context(user=by.pk):
        yield


def _nobody(version: Any, mark: str) -> tuple[str, list[str]]:
    return "", []


@dataclass(frozen=True, kw_only=True)
class Lifecycle(Generic[V]):
    """How the versions of one model come and go.

    ``series`` are the fields whose values tell one series from another; without them there is one. ``mark`` returns
    what stands for all that a version says, ``check`` raises what keeps it from being published, ``differences``
    tells in sentences what changed from one version to another. ``saved_since`` says who saved a version since it
    had a mark, and what that changed, where that is known.
    """

    model: type[V]
    series: Sequence[str] = ()
    mark: Callable[[V], str]
    check: Callable[[V], None]
    differences: Callable[[V, V], list[str]]
    saved_since: Callable[[V, str], tuple[str, list[str]]] = _nobody

    def of(self, version: V) -> QuerySet[V]:
        """Return every version of the same series."""
        return self._rows.filter(**self._series(version))

    def in_force(self, version: V) -> V | None:
        """Return the published version of the same series."""
        return self.of(version).filter(state=VersionState.PUBLISHED).first()

    def seen(self, version: V) -> str:
        """Return what somebody sees who looks at a version now: its content, and which version is in force."""
        present = self.in_force(version)
        return f"{present.pk if present else 0}.{self.mark(version)}"

    def begin(self, *, by: Any, based_on: V | None = None, **fields: Any) -> V:
        """Write the row of a new draft, the next of its series; ``fields`` hold the series and its own columns."""
        draft = self.model(author=by, based_on=based_on, **fields)
        self.lock(draft)
        newest: int | None = self.of(draft).aggregate(newest=Max("version"))["newest"]
        draft.version = (newest or 0) + 1
        with authored(by):
            draft.save(force_insert=True)
        return draft

    def hold(self, version: V, *, expected: str | None = None) -> V:
        """Return a draft, locked for changes; ``expected`` is the mark that the editor began from.

        Raises VersionChangedError where it is gone, no draft any more, or was saved since.
        """
        held = self.locked(version)
        if held.state != VersionState.DRAFT:
            raise VersionChangedError(
                f"{held} is {held.get_state_display().lower()} and is kept as it is. Begin a new draft from it.",
                is_closed=True,
            )
        if expected is not None:
            self._refuse_unless_marked(held, expected)
        return held

    def discard(self, version: V, *, by: Any) -> None:
        """Throw a draft away, with what belongs to it; raises as ``hold`` does."""
        held = self.hold(version)
        with authored(by):
            held.delete()

    def publish(self, version: V, *, by: Any, expected: str | None = None, **columns: Any) -> V:
        """Put a draft (or scheduled version) in force in the place of the one before it.

        ``expected`` is what ``seen`` gave when the publisher looked. None is for whoever begins and publishes in one
        go: then nothing may have been published since it was begun. Of two at once one wins, and the other gets
        VersionChangedError with the differences. Raises what ``check`` does.
        """
        held = self._open(version, expected)
        if held.state not in (VersionState.DRAFT, VersionState.SCHEDULED):
            raise VersionChangedError(
                f"{held} is {held.get_state_display().lower()} already.", is_closed=True
            )
        return self.put_in_force(held, by=by, **columns)

    def retire(self, version: V, *, by: Any, expected: str | None = None, **columns: Any) -> V:
        """Take the published version out of force without another; raises as ``publish`` does."""
        held = self._open(version, expected)
        if held.state != VersionState.PUBLISHED:
            raise ValidationError(f"{held} is {held.get_state_display().lower()}, not published.")
        self._retire(held, by, **columns)
        return held

    def put_in_force(self, held: V, *, by: Any, **columns: Any) -> V:
        """Publish a version that is locked with its series, and retire the one before; raises what ``check`` does."""
        self.check(held)
        before = self.of(held).filter(state=VersionState.PUBLISHED).select_for_update(of=("self",)).first()
        if before is not None:
            self._retire(before, by, **self._last_day(columns))
        with authored(by):
            _write(held, state=VersionState.PUBLISHED, published_at=Now(), published_by=by, **columns)
        return held

    def lock(self, version: V) -> None:
        """Wait for the series of a version until the transaction ends, also where none of it is there yet."""
        told = ":".join(map(str, self._series(version).values()))
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"{self.model._meta.label}:{told}"]
            )

    def locked(self, version: V) -> V:
        """Return a version, locked, in whatever state; raises VersionChangedError where it is gone."""
        held = self._rows.select_for_update(of=("self",)).filter(pk=version.pk).first()
        if held is None:
            raise VersionChangedError("This draft was thrown away meanwhile.", is_closed=True)
        return held

    def as_seen(self, version: V, expected: str) -> V:
        """Return a version, locked with its series, where it is as ``seen`` said; else raise VersionChangedError."""
        return self._open(version, expected)

    @property
    def _rows(self) -> QuerySet[V]:
        return self.model._default_manager.all()  # noqa: SLF001 - Django's own name for it

    def _series(self, version: V) -> dict[str, Any]:
        names = [self.model._meta.get_field(name).attname for name in self.series]  # type: ignore[union-attr]
        return {name: getattr(version, name) for name in names}

    def _open(self, version: V, expected: str | None) -> V:
        """Return a version, locked with its series, as somebody saw it; raises VersionChangedError."""
        self.lock(version)
        held = self.locked(version)
        present = self.in_force(held)
        seen, _, mark = (expected or "").partition(".")
        if expected is None:
            is_other = present not in (None, held, held.based_on)
            if is_other and _published_after(present, held):
                self._refuse_other(present, None)
            return held
        self._refuse_unless_marked(held, mark)
        if seen != str(present.pk if present else 0):
            before = self._rows.filter(pk=int(seen) if seen.isdecimal() and len(seen) < 19 else 0).first()
            self._refuse_other(present, before)
        return held

    def _refuse_other(self, present: V | None, before: V | None) -> None:
        """Say that another version is in force than somebody saw."""
        if present is None:
            raise VersionChangedError(f"{before or 'The version in force'} was retired meanwhile.")
        raise VersionChangedError(
            f"{present} was published{_by(present.published_by)} meanwhile.",
            self.differences(before, present) if before else [],
        )

    def _refuse_unless_marked(self, held: V, mark: str) -> None:
        if self.mark(held) == mark:
            return
        who, differences = self.saved_since(held, mark)
        raise VersionChangedError(f"{held} was saved{_by(who)} since you opened it.", differences)

    def _retire(self, held: V, by: Any, **columns: Any) -> None:
        with authored(by):
            _write(held, state=VersionState.RETIRED, retired_at=Now(), retired_by=by, **columns)

    def _last_day(self, columns: dict[str, Any]) -> dict[str, Any]:
        """Return the columns with which the version before ends."""
        return {}


@dataclass(frozen=True, kw_only=True)
class DatedLifecycle(Lifecycle[D]):
    """How versions come and go that count from a day on; it is given to ``publish`` and ``retire`` as a column."""

    def schedule(
        self, version: D, *, by: Any, expected: str, starts_on: date, today: date, **columns: Any
    ) -> D:
        """Let a draft wait for a day ahead; raises as ``publish`` does, and ValidationError at ``starts_on``."""
        held = self._open(version, expected)
        self.hold(held)
        self.check(held)
        if starts_on <= today:
            raise ValidationError({"starts_on": "Choose a day after today, or publish it now."})
        other = self.of(held).filter(state=VersionState.SCHEDULED, starts_on=starts_on).first()
        if other is not None:
            told = f"{other} is scheduled for {format_date(starts_on)} already. Choose another day."
            raise ValidationError({"starts_on": told})
        with authored(by):
            _write(held, state=VersionState.SCHEDULED, starts_on=starts_on, published_by=by, **columns)
        return held

    def unschedule(self, version: D, *, by: Any, **columns: Any) -> D:
        """Make a scheduled version a draft again; raises ValidationError where it isn't scheduled (any more)."""
        held = self.take_scheduled(version)
        with authored(by):
            _write(held, state=VersionState.DRAFT, starts_on=None, published_by=None, **columns)
        return held

    def take_scheduled(self, version: D) -> D:
        """Return a scheduled version, locked; raises ValidationError where it isn't scheduled (any more)."""
        self.lock(version)
        held = self.locked(version)
        if held.state != VersionState.SCHEDULED:
            raise ValidationError(f"{held} is {held.get_state_display().lower()}, not scheduled.")
        return held

    def take_due(self, version: D, *, today: date) -> D | None:
        """Return a scheduled version whose day has come, locked; None where another has taken it."""
        self.lock(version)
        due = self._rows.filter(pk=version.pk, state=VersionState.SCHEDULED, starts_on__lte=today)
        return due.select_for_update(of=("self",)).first()

    def publish_due(self, today: date) -> int:
        """Put every version in force whose day has come; return how many. Each in a transaction of its own."""
        done = 0
        scheduled = self._rows.filter(state=VersionState.SCHEDULED, starts_on__lte=today)
        for version in scheduled.order_by("starts_on", "pk"):
            with transaction.atomic():
                due = self.take_due(version, today=today)
                if due is not None:
                    self.put_in_force(due, by=due.published_by, starts_on=due.starts_on)
                    done += 1
        return done

    def _last_day(self, columns: dict[str, Any]) -> dict[str, Any]:
        return {"ends_on": columns["starts_on"]}


def _published_after(present: Any, held: Version) -> bool:
    return bool(present.published_at and present.published_at > held.created_at)


def _by(who: Any) -> str:
    return f" by {who}" if who else ""


def _write(held: Version, **values: Any) -> None:
    """Save these columns alone, and read back what the database made of them."""
    for name, value in values.items():
        setattr(held, name, value)
    held.save(update_fields=list(values))
    held.refresh_from_db(fields=list(values))
