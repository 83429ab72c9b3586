"""Read the access policy: as it stands, as it stood, what would change, and who changed what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from django.db.models import F, Max, OuterRef, QuerySet, Subquery

from people.access import RANK
from people.functions import Function
from people.models import AccessGrant, Category, Level, User

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
    newest: int | None = _events().aggregate(newest=Max("pgh_id"))["newest"]
    return newest or 0


def changes_since(version: int) -> list[PolicyChange]:
    """Return what was saved after ``version``, newest first."""
    return _grouped(_changed().filter(pgh_id__gt=version).order_by("-pgh_id"))


def recent_changes(*, before: int | None = None, size: int = 10) -> tuple[list[PolicyChange], int | None]:
    """Return up to ``size`` saves, newest first, and where the next older page begins (None at the end).

    ``before`` is the ``first_event`` of the last save already shown.
    """
    events = _changed().order_by("-pgh_id")
    if before is not None:
        events = events.filter(pgh_id__lt=before)
    # A save touches at most every pair, so this many rows hold at least one save more than asked for.
    found = _grouped(events[: (size + 1) * len(all_pairs())])
    return found[:size], found[size - 1].first_event if len(found) > size else None


def change_of(key: UUID) -> PolicyChange | None:
    """Return the save that ``key`` names."""
    found = _grouped(_changed().filter(pgh_context_id=key).order_by("-pgh_id"))
    return found[0] if found else None


def differences(held: Mapping[Pair, Level], wished: Mapping[Pair, Level]) -> list[LevelChange]:
    """Return what ``wished`` would change, in the order of the matrix."""
    return [
        LevelChange(*pair, held[pair], wished[pair])
        for pair in all_pairs()
        if pair in wished and wished[pair] != held[pair]
    ]


def read_wishes(tokens: Iterable[str]) -> dict[Pair, Level]:
    """Read ``function:category:level`` values of a form or URL; unknown and fixed ones are left out."""
    wishes = {}
    for token in tokens:
        function, _, rest = token.partition(":")
        category, _, level = rest.partition(":")
        if function in EDITABLE and category in Category.values and level in Level.values:
            wishes[function, category] = Level(level)
    return wishes


def _events() -> QuerySet[Any]:
    events: QuerySet[Any] = AccessGrant.pgh_event_model.objects.all()  # type: ignore[attr-defined]
    return events


def _changed() -> QuerySet[Any]:
    """Return the events that changed a level, each with the one it replaced."""
    # Not a window function: a filter on other columns would cut the rows that it looks back on.
    earlier = _events().filter(pgh_obj_id=OuterRef("pgh_obj_id"), pgh_id__lt=OuterRef("pgh_id"))
    changed: QuerySet[Any] = (
        _events()
        .annotate(before=Subquery(earlier.order_by("-pgh_id").values("level")[:1]))
        .filter(before__isnull=False)
        .exclude(before=F("level"))
        .select_related("pgh_context")
    )
    return changed


def _grouped(events: Iterable[Any]) -> list[PolicyChange]:
    saves = [list(rows) for _, rows in groupby(events, lambda row: row.pgh_context_id or row.pgh_created_at)]
    authors = {author for rows in saves if (author := _author_id(rows[0]))}
    names = {user.pk: str(user) for user in User.objects.filter(pk__in=authors)}
    return [
        PolicyChange(
            id=rows[0].pgh_context_id,
            changed_at=rows[0].pgh_created_at,
            author=names.get(_author_id(rows[0]) or 0, "Command line"),
            changes=sorted(
                (
                    LevelChange(row.function, row.category, Level(row.before), Level(row.level))
                    for row in rows
                ),
                key=lambda change: all_pairs().index(change.pair),
            ),
            first_event=min(row.pgh_id for row in rows),
        )
        for rows in saves
    ]


def _author_id(event: Any) -> int | None:
    metadata = event.pgh_context.metadata if event.pgh_context else {}
    author = metadata.get("user")
    return author if isinstance(author, int) else None
