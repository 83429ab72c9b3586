"""What the rollout is measured by, declared in ``<app>/readiness.py``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import IntEnum
from typing import Literal

from common.registry import Registry
from people.functions import Function
from people.models import Category, Level


class Phase(IntEnum):
    """The phases of the rollout, and before them the premise: that working by account pays at all."""

    PREMISE = 0
    FOUNDATION = 1
    REVENUE_TEAMS = 2
    PRODUCT = 3
    OPERATIONS = 4
    PODS = 5


PHASES: dict[Phase, tuple[str, str]] = {
    Phase.PREMISE: ("Premise", "Revenue is concentrated enough for working by account to pay."),
    Phase.FOUNDATION: (
        "Foundation",
        "Accounts identified, tiers assigned, eight data categories fed and fresh.",
    ),
    Phase.REVENUE_TEAMS: ("Revenue teams", "Lists, playbooks, scoring, committees, reviews."),
    Phase.PRODUCT: (
        "Product and engineering",
        "Roadmap weighting, capacity reserve, reviews with the ten largest accounts, release notes.",
    ),
    Phase.OPERATIONS: ("Operations and support", "Tiered support and finance processes."),
    Phase.PODS: ("Pods", "Composition, rhythm, measurement."),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """What a criterion shows on a day; without ``value`` it isn't measurable, and ``told`` says why."""

    value: Decimal | None
    part: Decimal | None = None
    whole: Decimal | None = None
    told: str = ""


Measure = Callable[[date], Figure]


@dataclass(frozen=True, kw_only=True, slots=True)
class Criterion:
    """One thing by which a phase is proved.

    ``measure`` returns its figure on a day in a query or two; it is met where that is ``at least`` or ``at most`` the
    ``target``. ``evidence`` returns the address of what stands behind it, ``evidence_for`` the functions that may open
    it where that isn't everybody who reads the figure; ``action`` says what to do where it is not met.
    ``is_today_only`` is asked on the newest day only: what it reads has no history. ``waits_for`` names the part of the
    product without which nobody can tell; such a criterion is never met. ``is_gate`` makes it part of the check whether
    the company is ready at all.
    """

    key: str
    phase: Phase
    label: str
    formula: str
    category: Category | None = None
    level: Level = Level.TOTALS
    unit: str = "ratio"
    target: Decimal = Decimal(1)
    direction: Literal["at least", "at most"] = "at least"
    measure: Measure | None = None
    evidence: Callable[[], str] | None = None
    evidence_for: tuple[str, ...] = ()
    action: str = ""
    is_today_only: bool = False
    is_gate: bool = False
    waits_for: str = ""
    order: int = 100

    def evidence_of(self, function: str) -> str:
        """Return the address of what stands behind it, empty for a function that can't open it."""
        may = not self.evidence_for or function in self.evidence_for
        return self.evidence() if self.evidence is not None and may else ""

    @property
    def who_opens(self) -> str:
        """Who may open the evidence, in words; empty where everybody may who reads the figure."""
        return ", ".join(str(Function(function).label) for function in self.evidence_for)

    def is_met_by(self, value: Decimal) -> bool:
        """Return whether a figure meets the target."""
        return value >= self.target if self.direction == "at least" else value <= self.target


criteria: Registry[Criterion] = Registry("criterion of the rollout", "readiness")


def of_whole(part: int | Decimal | None, whole: int | Decimal | None, without: str, told: str = "") -> Figure:
    """Return a share as a figure; ``without`` says why there is none where the whole is nothing."""
    if not whole:
        return Figure(value=None, told=without)
    part, whole = Decimal(part or 0), Decimal(whole)
    return Figure(value=part / whole, part=part, whole=whole, told=told)


def counted(number: int, told: str = "") -> Figure:
    """Return a count as a figure."""
    return Figure(value=Decimal(number), told=told)
