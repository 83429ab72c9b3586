"""The targets and calendars that clocks run by, read once for many tickets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from support.calendars.hours import ALWAYS, Calendar
from support.calendars.reading import versions_of
from support.calendars.terms import calendar_of
from support.clocks.replay import Metric, Target
from support.models import BusinessCalendar, CalendarVersion, PolicyTarget, PolicyTenure

# What a cell of a policy holds: minutes, or None for what the account is entitled to.
Cells = Mapping[tuple[str, str, int | None], int | None]
# From when on which hours were known of a calendar; None since ever.
Known = list[tuple[datetime | None, Calendar]]
SEPARATOR = "|"


@dataclass(frozen=True, slots=True)
class Promise:
    """What was promised to an account from ``since`` on, as ``PolicyTenure`` holds it."""

    id: int
    since: datetime | None
    policy_id: int | None
    tier_id: int | None
    entitled_minutes: int
    is_agreed: bool
    calendar_id: int | None


@dataclass(frozen=True, slots=True)
class Book:
    """Cells by policy, and what was known of each calendar from when on."""

    cells: Mapping[int, Cells]
    calendars: Mapping[int, Known]
    _targets: dict[tuple[int, str, int], Mapping[Metric, Target]] = field(default_factory=dict)

    def learnt(self, promise: Promise) -> list[datetime]:
        """Return when the hours by which a promise runs became others."""
        if promise.calendar_id is None:
            return []
        return [at for at, _ in self.calendars[promise.calendar_id] if at is not None]

    def targets(self, promise: Promise, priority: str, at: datetime) -> Mapping[Metric, Target]:
        """Return what is promised for a priority by what is known at a moment; a metric without a promise is left out.

        What a contract says of the first response counts instead of the policy's cell.
        """
        place, calendar = self._calendar(promise, at)
        key = (promise.id, priority, place)
        found = self._targets.get(key)
        if found is None:
            origin = f"{promise.id}{SEPARATOR}{priority}"
            found = {
                metric: Target(minutes, calendar, origin)
                for metric in Metric
                if (minutes := self._minutes(promise, metric, priority)) is not None
            }
            self._targets[key] = found
        return found

    def _minutes(self, promise: Promise, metric: Metric, priority: str) -> int | None:
        if promise.is_agreed and metric == Metric.FIRST_RESPONSE:
            return promise.entitled_minutes
        cells = self.cells.get(promise.policy_id or 0, {})
        for key in ((metric, priority, promise.tier_id), (metric, priority, None)):
            if key in cells:
                minutes = cells[key]
                return promise.entitled_minutes if minutes is None else minutes
        return None

    def _calendar(self, promise: Promise, at: datetime) -> tuple[int, Calendar]:
        if promise.calendar_id is None:
            return 0, ALWAYS
        return known_at(self.calendars[promise.calendar_id], at)


def read_book(promises: Iterable[Promise], drafted: Mapping[int, Cells] | None = None) -> Book:
    """Return the book for promises; ``drafted`` are cells of policies that aren't stored. Three queries."""
    held = list(promises)
    cells: dict[int, dict[tuple[str, str, int | None], int | None]] = {}
    rows = PolicyTarget.objects.filter(policy__in={one.policy_id for one in held if one.policy_id})
    for policy, metric, priority, tier, minutes in rows.values_list(
        "policy_id", "metric", "priority", "tier_id", "minutes"
    ):
        cells.setdefault(policy, {})[metric, priority, tier] = minutes
    return Book({**cells, **(drafted or {})}, calendars_known({one.calendar_id for one in held} - {None}))


def known_at(known: Known, at: datetime) -> tuple[int, Calendar]:
    """Return the hours of a calendar that were known at a moment, with their place."""
    place = max(place for place, (since, _) in enumerate(known) if since is None or since <= at)
    return place, known[place][1]


def promise_of(row: PolicyTenure) -> Promise:
    """Return a stored tenure as clocks read it."""
    return Promise(
        row.pk,
        row.since,
        row.policy_id,
        row.tier_id,
        row.entitled_minutes,
        bool(row.agreed_by),
        row.calendar_id,
    )


def calendars_known(keys: Iterable[int | None]) -> dict[int, Known]:
    """Return for each calendar which hours were known from when on; the first ones since ever. Two queries."""
    rows = list(BusinessCalendar.objects.filter(pk__in=list(keys)))
    return {pk: _known(versions) for pk, versions in versions_of(rows).items()}


def _known(versions: list[CalendarVersion]) -> Known:
    in_order = sorted(versions, key=lambda one: one.version)
    return [
        (one.created_at if place else None, _calendar(tuple(map(_Content, in_order[: place + 1]))))
        for place, one in enumerate(in_order)
    ]


class _Content:
    """A version that equals another of the same content, so that calendars are kept with the weeks worked out."""

    def __init__(self, version: CalendarVersion) -> None:
        self.version = version
        self.key = repr(
            (
                version.pk,
                version.version,
                version.starts_on,
                version.zone,
                version.spans,
                version.holidays,
            )
        )

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Content) and self.key == other.key


@lru_cache(maxsize=256)
def _calendar(versions: tuple[_Content, ...]) -> Calendar:
    return calendar_of([one.version for one in versions])
