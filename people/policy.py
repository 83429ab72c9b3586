"""Read the access policy: as it stands, as it stood, what would change, and who changed what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Max

from people.access import RANK
from people.configuration.history import grouped, steps_among
from people.configuration.own import GRANTS
from people.configuration.registry import sections
from people.functions import Function
from people.models import FED, AccessGrant, Category, Level

Pair = tuple[str, str]

FIXED = (Function.REVOPS, Function.LEADERSHIP)
EDITABLE = tuple(function for function in Function if function not in FIXED)

# What a reader of the policy wants to know of each category: what is in it and which systems feed it.
CONTENTS: dict[Category, str] = {
    Category.ACCOUNT_PROFILE: "Industry, size, country; from the CRM",
    Category.REVENUE: "ARR, retention; from billing and CRM",
    Category.PRODUCT_USAGE: "Events, adoption; from product analytics",
    Category.SUPPORT_HISTORY: "Tickets, ratings; from the help desk",
    Category.ENGAGEMENT: "Meetings, campaigns; from marketing and sales",
    Category.FINANCIAL_HEALTH: "Invoices, payments; from billing",
    Category.CONTRACTS: "Terms, clauses; from contract management",
    Category.ACCOUNT_TEAM: "Owner, sponsor, pod; from CRM and HRIS",
    Category.COST_RATES: "What hours and accounts cost; entered here",
}


@dataclass(frozen=True, slots=True)
class LevelChange:
    """One pair of the matrix and its level before and after."""

    function: str
    category: str
    before: Level
    after: Level

    @property
    def pair(self) -> Pair:
        """The key of the grant."""
        return self.function, self.category

    @property
    def function_label(self) -> str:
        """The function in words."""
        return Function(self.function).label

    @property
    def category_label(self) -> str:
        """The data category in words."""
        return Category(self.category).label

    @property
    def is_wider(self) -> bool:
        """Whether the function reads more than before."""
        return RANK[self.after] > RANK[self.before]

    @property
    def token(self) -> str:
        """The wish as a form value, read back by ``read_wishes``."""
        return f"{self.function}:{self.category}:{self.after}"

    def __str__(self) -> str:
        return f"{self.function_label}: {self.category_label} from {self.before.label} to {self.after.label}"


@dataclass(frozen=True, slots=True)
class PolicyChange:
    """What one person saved in one go."""

    id: UUID | None
    changed_at: datetime
    author: str
    changes: Sequence[LevelChange]
    first_event: int


def held_levels() -> dict[Pair, Level]:
    """Return the level of every pair as it stands; one query."""
    rows = AccessGrant.objects.values_list("function", "category", "level")
    held = {(function, category): Level(level) for function, category, level in rows}
    return {pair: held.get(pair, Level.NONE) for pair in all_pairs()}


def all_pairs() -> list[Pair]:
    """Return each (function, category)."""
    return [(function.value, category.value) for function in Function for category in Category]


def policy_version() -> int:
    """Return a number that grows with every change of the policy."""
    newest: int | None = GRANTS.events.aggregate(newest=Max("pgh_id"))["newest"]
    return newest or 0


def changes_since(version: int) -> list[PolicyChange]:
    """Return what was saved after ``version``, newest first."""
    return _changes(GRANTS.events.filter(pgh_id__gt=version))


def recent_changes(*, before: int | None = None, size: int = 10) -> tuple[list[PolicyChange], int | None]:
    """Return up to ``size`` saves, newest first, and where the next older page begins (None at the end).

    ``before`` is the ``first_event`` of the last save already shown.
    """
    events = GRANTS.events.filter(pgh_label="update").order_by("-pgh_id")
    if before is not None:
        events = events.filter(pgh_id__lt=before)
    # A save touches at most every pair, so this many rows hold at least one save more than asked for.
    newest = list(events.values_list("pgh_id", flat=True)[: (size + 1) * len(all_pairs())])
    found = _changes(GRANTS.events.filter(pgh_id__in=newest))
    return found[:size], found[size - 1].first_event if len(found) > size else None


def change_of(key: UUID) -> PolicyChange | None:
    """Return the save that ``key`` names."""
    found = _changes(GRANTS.events.filter(pgh_context_id=key))
    return found[0] if found else None


def differences(held: Mapping[Pair, Level], wished: Mapping[Pair, Level]) -> list[LevelChange]:
    """Return what ``wished`` would change, in the order of the matrix."""
    return [
        LevelChange(*pair, held[pair], wished[pair])
        for pair in all_pairs()
        if pair in wished and wished[pair] != held[pair]
    ]


def read_wishes(tokens: Iterable[str]) -> dict[Pair, Level]:
    """Read ``function:category:level`` values of a form or URL; unknown, fixed and reserved ones are left out."""
    wishes = {}
    for token in tokens:
        function, _, rest = token.partition(":")
        category, _, level = rest.partition(":")
        if function in EDITABLE and category in FED and level in Level.values:
            wishes[function, category] = Level(level)
    return wishes


def _changes(events: Any) -> list[PolicyChange]:
    """Return the saves among events that changed a level."""
    steps = [
        step for step in steps_among(GRANTS, events) if step.before is not None and step.after is not None
    ]
    order = all_pairs()
    return [
        PolicyChange(
            id=save.steps[0].event.pgh_context_id,
            changed_at=save.at,
            author=save.author,
            changes=sorted(
                (
                    LevelChange(
                        step.event.function,
                        step.event.category,
                        Level(step.before.level),
                        Level(step.after.level),
                    )
                    for step in save.steps
                ),
                key=lambda change: order.index(change.pair),
            ),
            first_event=min(step.event.pgh_id for step in save.steps),
        )
        for save in grouped(sections["access"], steps)
    ]
