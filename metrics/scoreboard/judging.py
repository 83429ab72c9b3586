"""How a figure stands against what it is held to: in words and a sign, never by colour alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum

from common.formatting import format_date, format_unit
from metrics.explanation import currency_of
from metrics.models import Goal, ScoreTarget
from metrics.registry import Definition
from metrics.scoreboard.registry import WHOLE, ScoreLine, Segment
from people.models import User

# A trend compares with the end of the third month before: shorter, and one good week would decide.
TREND_MONTHS = 3

SIGNS = {Goal.AT_LEAST: "≥", Goal.ABOVE: ">", Goal.AT_MOST: "≤", Goal.BELOW: "<"}
TRENDS = {Goal.RISING: 1, Goal.FALLING: -1}


class Verdict(Enum):
    """How a figure stands, with the tone and the icon that go with the word."""

    MET = ("Met", "green", "circle-check")
    NEAR = ("Near", "amber", "alert-triangle")
    MISSED = ("Missed", "red", "alert-octagon")
    UNKNOWN = ("No figure", "neutral", "circle-dashed")
    FREE = ("No target", "neutral", "minus")

    @property
    def label(self) -> str:
        """The word."""
        return self.value[0]

    @property
    def tone(self) -> str:
        """The tone of its chip."""
        return self.value[1]

    @property
    def icon(self) -> str:
        """The sign beside the word."""
        return self.value[2]


@dataclass(frozen=True, slots=True)
class Held:
    """What a line is held to in a segment on a day, since when, by whom, and who answers for it.

    ``inherits`` says that it is the target of all accounts. Without ``since`` it is what the line declares.
    """

    goal: Goal
    value: Decimal | None = None
    since: date | None = None
    person: User | None = None
    author: User | None = None
    reason: str = ""
    inherits: bool = False

    def words(self, definition: Definition) -> str:
        """Return it as people read it: “≥ 80 points”, “rising”."""
        if self.value is None:
            return self.goal.label.lower() if self.goal is not Goal.NONE else ""
        return f"{SIGNS[self.goal]} {unit_words(self.value, definition)}"

    @property
    def is_trend(self) -> bool:
        """Whether it is about the direction and not the level."""
        return self.goal in TRENDS


NOTHING = Held(Goal.NONE)


def unit_words(value: Decimal, definition: Definition) -> str:
    """Return a value of a figure in words, with its unit."""
    return format_unit(value, definition.unit, decimals_of(value, definition), currency_of(definition.unit))


def decimals_of(value: Decimal, definition: Definition) -> int | None:
    """Return how many decimals a target shows: none where it is whole as it is shown."""
    shown = value * 100 if definition.unit == "ratio" else value
    return 0 if shown == shown.to_integral_value() else 1


def held_to(line: ScoreLine, segment: Segment, targets: Mapping[tuple[str, str, str], ScoreTarget]) -> Held:
    """Return what holds for a line in a segment.

    Its own target, else what the line declares of it, else the target of all accounts, else what the line declares of
    all: what is said of a segment goes before what is said of the whole.
    """
    own = targets.get((line.key, *segment))
    if own is not None:
        return _held(own)
    if line.segment == segment:
        return Held(line.goal, line.value)
    whole = targets.get((line.key, *WHOLE))
    if whole is not None:
        return _held(whole, inherits=True)
    return Held(line.goal, line.value, inherits=True) if line.segment == WHOLE else NOTHING


def _held(target: ScoreTarget, *, inherits: bool = False) -> Held:
    return Held(
        goal=Goal(target.goal),
        value=target.value,
        since=target.starts_on,
        person=target.person,
        author=target.author,
        reason=target.reason,
        inherits=inherits,
    )


def verdict_of(line: ScoreLine, held: Held, actual: Decimal | None, change: Decimal | None) -> Verdict:
    """Return how a figure stands; ``change`` is that since the end of the third month before."""
    if held.goal is Goal.NONE:
        return Verdict.FREE
    if actual is None or (held.is_trend and change is None):
        return Verdict.UNKNOWN
    if held.is_trend:
        assert change is not None
        better = change * TRENDS[held.goal]
        return _graded(is_met=better > 0, gap=-better, near=line.near)
    assert held.value is not None
    if held.goal in (Goal.AT_LEAST, Goal.ABOVE):
        is_met = actual > held.value if held.goal is Goal.ABOVE else actual >= held.value
        return _graded(is_met=is_met, gap=held.value - actual, near=line.near)
    is_met = actual < held.value if held.goal is Goal.BELOW else actual <= held.value
    return _graded(is_met=is_met, gap=actual - held.value, near=line.near)


def why(
    line: ScoreLine, held: Held, definition: Definition, change: Decimal | None, since: date | None
) -> str:
    """Say in a sentence what the verdict rests on."""
    if held.goal is Goal.NONE:
        return "Nothing is asked of it here."
    margin = unit_words(line.near, definition) if definition.unit != "ratio" else _points(line.near)
    if held.is_trend:
        if change is None or since is None:
            return f"{held.goal.label} is judged against a figure {TREND_MONTHS} months older, which isn't there yet."
        return (
            f"{held.goal.label} since {format_date(since)}; within {margin} the other way it counts as near."
        )
    return f"Within {margin} of the target it counts as near."


def _points(near: Decimal) -> str:
    return f"{near * 100:.1f}".removesuffix(".0") + " percentage points"


def _graded(*, is_met: bool, gap: Decimal, near: Decimal) -> Verdict:
    if is_met:
        return Verdict.MET
    return Verdict.NEAR if gap <= near else Verdict.MISSED
