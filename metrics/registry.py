"""How an app declares numbers: in ``<app>/metrics.py``, with the decorators of this module.

A number is a function of a day over dated facts, never of "now", so that any day can be made again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from django.db.models import QuerySet

from accounts.models import Account
from common.registry import Registry
from metrics.statements import Statement
from people.access import Access
from people.models import Category, Level

Source = QuerySet[Any, Any] | Statement
Query = Callable[[date], Source]
Work = Callable[[date, int, int], int]
Note = Callable[[date, int, int], str]
Dependencies = tuple[str, ...] | Callable[[], Iterable[str]]
Direction = Literal["up", "down"] | None

# Stands in ``after``: behind everything that doesn't say so itself.
EVERYTHING = "*"
SEGMENTS = ":segments"
SEGMENT_DIMENSIONS = ("all", "tier", "industry", "country")


@dataclass(frozen=True, kw_only=True, slots=True)
class Definition:
    """What people read about a number; ``formula`` is plain sentences, ``inputs`` resources or keys.

    ``direction`` says which way is good news, None for neither. ``level`` is the access that reading
    the number takes: ``totals`` or ``full``. ``parts`` is the unit of the two sums that a ratio of a segment
    is made of, ``whole`` that of the second one where it is another: minutes ÷ tickets.
    """

    key: str
    label: str
    unit: str
    category: Category
    formula: str
    inputs: tuple[str, ...]
    level: Level = Level.FULL
    direction: Direction = None
    parts: str = ""
    whole: str = ""

    @property
    def whole_unit(self) -> str:
        """The unit of the sum by which a ratio of a segment is divided."""
        return self.whole or self.parts


@dataclass(frozen=True, kw_only=True, slots=True)
class Breakdown:
    """How an account's number is taken apart on the page that explains it.

    ``load`` returns what ``template`` shows as ``data`` for the newest figures of a day, None where there is nothing.
    It is called for readers of the number only, and leaves out what else they may not read.
    """

    template: str
    load: Callable[[Account, date, Access], Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Component:
    """How a number counts in health, unless a model says otherwise.

    ``curve`` maps it to points from 0 to 100, as pairs of rising values; outside it the nearest end holds. ``group`` is
    one of ``metrics.models.HealthGroup``. ``fresh_days`` is how long its sources may be silent, beyond what is expected
    of them, before it counts as stale: answers to a survey hold longer than clicks. ``why`` says in a sentence where
    the curve comes from.
    """

    group: str
    curve: tuple[tuple[float, float], ...]
    fresh_days: int = 0
    why: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Metric(Definition):
    """A number per account; ``query`` gives rows of ``(account_id, value)``.

    ``standing`` names the column of ``accounts.Standing`` that shows it today. ``note`` tells what a slice
    leaves out, such as accounts whose currency has no rate. ``component`` makes it one of those that a health model
    may be made of.
    """

    query: Query
    depends_on: tuple[str, ...] = ()
    breakdown: Breakdown | None = None
    standing: str | None = None
    note: Note | None = None
    component: Component | None = None
    after: tuple[str, ...] = ()
    is_sliced: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Rollup:
    """Work of the refresh that fills tables of its own; must give the same rows when repeated.

    ``depends_on`` may be a function where it is known only when a refresh is planned. Where one of these
    failed, the roll-up isn't run. ``after`` only orders.
    """

    key: str
    label: str
    query: Work
    depends_on: Dependencies = ()
    after: tuple[str, ...] = ()
    is_sliced: bool = True
    note: Note | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class SegmentMetric:
    """Numbers of segments that one query gives together.

    Its rows are ``(key, dimension, member, value, numerator, denominator, accounts)``, each key one of
    ``definitions`` and each dimension one of ``dimensions``.
    """

    key: str
    label: str
    definitions: tuple[Definition, ...]
    query: Callable[[date], Statement]
    dimensions: tuple[str, ...] = SEGMENT_DIMENSIONS
    depends_on: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    is_sliced: bool = False
    note: Note | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AccountParts:
    """What each account brings to a segment number, so that it opens to its accounts.

    ``query`` gives rows of ``(account_id, numerator, denominator, tier, industry, country)``, whose sums by segment are
    the number's. Accounts with a denominator below ``fewest`` aren't named: people could be told apart.
    """

    key: str
    query: Callable[[date], Statement]
    fewest: int = 0


Item = Metric | Rollup | SegmentMetric

metrics: Registry[Metric] = Registry("metric", "metrics")
rollups: Registry[Rollup] = Registry("roll-up", "metrics")
segment_metrics: Registry[SegmentMetric] = Registry("segment metric", "metrics")
segment_definitions: Registry[Definition] = Registry("segment number", "metrics")
account_parts: Registry[AccountParts] = Registry("parts of a segment number", "metrics")


def metric(
    key: str,
    *,
    label: str,
    unit: str,
    category: Category,
    formula: str,
    inputs: tuple[str, ...],
    level: Level = Level.FULL,
    depends_on: tuple[str, ...] = (),
    direction: Direction = None,
    standing: str | None = None,
    note: Note | None = None,
    breakdown: Breakdown | None = None,
    component: Component | None = None,
) -> Callable[[Query], Query]:
    """Declare a number per account over a function of the day that returns ``(account_id, value)`` rows."""

    def declare(query: Query) -> Query:
        metrics.register(
            Metric(
                key=key,
                label=label,
                unit=unit,
                category=category,
                formula=formula,
                inputs=inputs,
                level=level,
                depends_on=depends_on,
                direction=direction,
                standing=standing,
                note=note,
                breakdown=breakdown,
                component=component,
                query=query,
            )
        )
        return query

    return declare


def rollup(
    key: str,
    *,
    label: str,
    depends_on: Dependencies = (),
    after: tuple[str, ...] = (),
    is_sliced: bool = True,
    note: Note | None = None,
) -> Callable[[Work], Work]:
    """Declare work over ``(as_of, first, last)``, the ids of a slice, that returns the rows written."""

    def declare(work: Work) -> Work:
        rollups.register(
            Rollup(
                key=key,
                label=label,
                query=work,
                depends_on=depends_on,
                after=after,
                is_sliced=is_sliced,
                note=note,
            )
        )
        return work

    return declare


def segment_metric(
    key: str,
    *definitions: Definition,
    label: str,
    dimensions: tuple[str, ...] = SEGMENT_DIMENSIONS,
    depends_on: tuple[str, ...] = (),
    note: Note | None = None,
) -> Callable[[Callable[[date], Statement]], Callable[[date], Statement]]:
    """Declare the numbers of segments that one function of the day gives together.

    One that is a ratio of what accounts bring is declared by ``metrics.segments.segment_ratio``.
    """

    def declare(query: Callable[[date], Statement]) -> Callable[[date], Statement]:
        segment_metrics.register(
            SegmentMetric(
                key=f"{key}{SEGMENTS}",
                label=label,
                definitions=definitions,
                query=query,
                dimensions=dimensions,
                depends_on=depends_on,
                note=note,
            )
        )
        for definition in definitions:
            segment_definitions.register(definition)
        return query

    return declare


def all_items() -> dict[str, Item]:
    """Return everything a refresh works off, by key."""
    return {item.key: item for registry in (metrics, rollups, segment_metrics) for item in registry}


def definition_of(key: str) -> Definition | None:
    """Return what is declared about a number, per account first."""
    return metrics.get(key) or segment_definitions.get(key)


def dependencies_of(item: Item) -> tuple[str, ...]:
    """Return the keys that must have succeeded before ``item``; a dynamic list is read now."""
    declared = item.depends_on
    return tuple(declared() if callable(declared) else declared)


def dimensions_of(key: str) -> tuple[str, ...]:
    """Return the kinds of segments that a number is stored for, none where no declaration gives it."""
    return next(
        (item.dimensions for item in segment_metrics if key in {one.key for one in item.definitions}), ()
    )
