"""Turn what a condition finds of an account into what it would take for it to hold, the nearest way first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.conf import settings

from accounts.conditions.explain import Finding
from common.formatting import format_count, format_money, format_number, format_unit
from people.access import Redacted

YEAR = Decimal(365)
RISING = ("≥", ">", "is after")
# What has no number, or may not be seen, counts as further away than anything that has one.
FAR = Decimal(10)


@dataclass(frozen=True, kw_only=True)
class Step:
    """One criterion, or several of which all or one must be met; ``parts`` are the nearest first where one will do.

    ``is_met`` is None where the reader may not see it. ``gap`` says in words how much is missing, empty where that
    is no number, and ``closes`` what would close it. ``distance`` orders alternatives: the sum of the gaps as
    shares of their thresholds.
    """

    kind: str
    is_met: bool | None
    distance: Decimal
    field: str = ""
    label: str = ""
    needed: str = ""
    actual: str | Redacted = ""
    gap: str = ""
    closes: str = ""
    missing: bool = False
    parts: tuple[Step, ...] = ()

    def criteria(self) -> Iterator[Step]:
        """Yield the single criteria from left to right."""
        if self.kind == "leaf":
            yield self
        for part in self.parts:
            yield from part.criteria()

    def todo(self) -> list[str]:
        """Return what would close what is open: everything of a whole, the nearest of alternatives."""
        if self.is_met or self.kind == "leaf":
            return [] if self.is_met else [self.closes]
        parts = self.parts if self.kind == "all" else self.parts[:1]
        return [text for part in parts for text in part.todo()]


def steps_to(finding: Finding, *, wanted: bool = True) -> Step:
    """Return what it takes until the condition holds, or until it no longer does where it isn't ``wanted``."""
    if finding.kind == "leaf":
        return _criterion(finding, wanted=wanted)
    if finding.kind == "not":
        return steps_to(finding.parts[0], wanted=not wanted)
    parts = [steps_to(part, wanted=wanted) for part in finding.parts]
    if (finding.kind == "all") is wanted:
        flat = [inner for part in parts for inner in (part.parts if part.kind == "all" else (part,))]
        distance = sum((part.distance for part in flat), Decimal(0))
        return Step(kind="all", is_met=_met(flat, by_one=False), distance=distance, parts=tuple(flat))
    parts.sort(key=lambda part: part.distance)
    nearest = parts[0].distance if parts else FAR
    return Step(kind="any", is_met=_met(parts, by_one=True), distance=nearest, parts=tuple(parts))


def _met(parts: Iterable[Step], *, by_one: bool) -> bool | None:
    answers = [part.is_met for part in parts]
    if by_one in answers:
        return by_one
    return None if None in answers else not by_one


def _criterion(finding: Finding, *, wanted: bool) -> Step:
    is_met = None if finding.holds is None else finding.holds is wanted
    claim = " ".join(text for text in (finding.operator, finding.threshold_words) if text)
    told: dict[str, Any] = {
        "kind": "leaf",
        "field": finding.field,
        "is_met": is_met,
        "label": finding.label,
        "needed": claim if wanted else f"not {claim}",
        "actual": Redacted("", finding.redacted) if finding.redacted else finding.actual_words,
        "missing": finding.missing,
    }
    if is_met:
        return Step(distance=Decimal(0), **told)
    if is_met is None:
        return Step(distance=FAR, closes=f"{finding.label} {claim}; you can't see whether it is met", **told)
    if finding.gap is None:
        return Step(distance=FAR, closes=_without_number(finding, told["needed"]), **told)
    # Where a comparison must cease to hold, what is missing is the room that it still has.
    size = finding.gap if wanted else -finding.gap
    # Exactly on the threshold nothing measurable is missing, and yet it must be passed.
    words = gap_in_words(finding, size) if size > 0 else "anything"
    gap = f"{words} {_way(finding, wanted=wanted)}".strip()
    return Step(distance=_share(size, finding.threshold), gap=gap, closes=f"{finding.label}: {gap}", **told)


def _without_number(finding: Finding, needed: str) -> str:
    if finding.missing:
        return f"{finding.label} has no value; it takes one that {_reads(needed)}"
    return f"{finding.label} {needed}; it is {finding.actual_words}"


def _reads(needed: str) -> str:
    return needed if needed.startswith(("is ", "not ", "has ", "contains", "starts")) else f"is {needed}"


def _way(finding: Finding, *, wanted: bool) -> str:
    """Return in which direction the value must go; empty where that depends on today or goes both ways."""
    actual, bounds = finding.actual, finding.threshold
    first = bounds[0] if isinstance(bounds, tuple) else bounds
    if isinstance(actual, date) is not isinstance(first, date) or (isinstance(bounds, tuple) and not wanted):
        return ""
    is_up = actual < first if isinstance(bounds, tuple) else (finding.operator in RISING) is wanted
    if isinstance(actual, date):
        return "later" if is_up else "earlier"
    return "more" if is_up else "less"


def gap_in_words(finding: Finding, size: Decimal) -> str:
    """Return a gap in the unit of its field: days for dates, percentage points for ratios; never as zero."""
    if isinstance(finding.actual, date) or finding.unit == "days":
        return format_count(max(1, int(size)), "day")
    shown = size * 100 if finding.unit == "ratio" else size
    decimals = next((places for places in range(1, 7) if abs(round(shown, places)) > 0), 6)
    rest = None if decimals == 1 else decimals
    if finding.unit == "money":
        return format_money(size, settings.REPORTING_CURRENCY, decimals=rest if rest and rest > 2 else None)
    if finding.unit == "ratio":
        return f"{format_number(shown, rest)} percentage points"
    return format_unit(size, "" if finding.unit == "number" else finding.unit, rest)


def _share(size: Decimal, threshold: Any) -> Decimal:
    """Return a gap as a share of what is asked for, a year for dates; below what has no number."""
    bounds = threshold if isinstance(threshold, tuple) else (threshold,)
    whole = max((abs(Decimal(one)) for one in bounds if isinstance(one, int | Decimal)), default=YEAR)
    return max(min(size / (whole or 1), FAR - 1), Decimal("0.000001"))
