"""What apps declare in ``<app>/scoreboard.py``: lines, and those that still have no source.

A line shows a segment number (``@segment_metric``); the number says how it is counted, the line who owns it and what
it is held to until somebody sets a target.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from common.registry import Registry
from metrics.models import WITHOUT_VALUE, Goal
from people.functions import Function

WHOLE = ("all", "")
STRATEGIC = ("tier", "strategic")

Segment = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Owner:
    """Who is judged by some lines: roles of a pod, and the functions that they belong to."""

    key: str
    label: str
    functions: tuple[str, ...]


FULL_POD = Owner(
    "pod",
    "Full pod",
    (
        Function.SALES,
        Function.CUSTOMER_SUCCESS,
        Function.PRODUCT,
        Function.ENGINEERING,
        Function.SUPPORT,
        Function.FINANCE,
    ),
)
REVENUE_TEAM = Owner("revenue", "Account executive and CSM", (Function.SALES, Function.CUSTOMER_SUCCESS))
PRODUCT_TEAM = Owner("product", "Product manager and solutions engineer", (Function.PRODUCT, Function.SALES))
SUPPORT_TEAM = Owner("support", "Support engineer", (Function.SUPPORT,))
FINANCE_TEAM = Owner("finance", "Finance partner", (Function.FINANCE,))
REVOPS_TEAM = Owner("revops", "RevOps", (Function.REVOPS, Function.MARKETING))
OWNERS = (FULL_POD, REVENUE_TEAM, PRODUCT_TEAM, SUPPORT_TEAM, FINANCE_TEAM, REVOPS_TEAM)


@dataclass(frozen=True, kw_only=True, slots=True)
class ScoreLine:
    """One line of the scoreboard.

    ``figure`` is the key of a segment number. ``goal`` and ``value`` are what it is held to until a target is set, of
    ``segment`` and, where that is the whole, of every segment. ``near`` is how far from its target a figure still
    counts as near it, in the unit of the figure (0.05 is five percentage points of a ratio); of a trend, how far the
    wrong way still counts as level. ``elsewhere`` names the page, and in words what it shows, where the accounts stand
    behind a figure that isn't a sum of what each brings. ``is_of_segment_only`` says that the line is about ``segment``
    by its name, so that the board of another segment leaves it out.
    """

    key: str
    label: str
    owner: Owner
    figure: str
    goal: Goal
    value: Decimal | None = None
    near: Decimal
    segment: Segment = WHOLE
    is_of_segment_only: bool = False
    order: int = 100
    elsewhere: tuple[str, str] | None = None

    def __post_init__(self) -> None:
        """Refuse a goal that lacks its value, or has one that it can't take."""
        if (self.goal in WITHOUT_VALUE) != (self.value is None):
            raise ValueError(f"The line {self.key} says {self.goal} with the value {self.value}.")

    def is_shown_in(self, asked: Segment) -> bool:
        """Return whether the board of a segment, or of all accounts, has the line."""
        return not self.is_of_segment_only or asked in (WHOLE, self.segment)


@dataclass(frozen=True, kw_only=True, slots=True)
class AwaitedLine:
    """A target of the company without a source: ``source`` says in words what would feed it."""

    key: str
    label: str
    owner: Owner
    target: str
    source: str


score_lines: Registry[ScoreLine] = Registry("line of the scoreboard", "scoreboard")
awaited_lines: Registry[AwaitedLine] = Registry("awaited line of the scoreboard", "scoreboard")


def ordered_lines() -> list[ScoreLine]:
    """Return the lines as the page shows them: by owner, then by their order."""
    places = {owner.key: place for place, owner in enumerate(OWNERS)}
    return sorted(score_lines, key=lambda line: (places[line.owner.key], line.order, line.key))
