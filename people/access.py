"""The one place that decides who reads what.

Panels, querysets and resources ask here while they load; templates only show the answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from people.functions import Function
from people.guards import whom_to_ask
from people.models import RESERVED, AccessGrant, Category, Level

RANK = {Level.NONE: 0, Level.TOTALS: 1, Level.FULL: 2}


@dataclass(frozen=True, slots=True)
class Redacted:
    """A value that exists but may not be read here; shown as such, never as empty or zero."""

    category: str
    reason: str
    is_redacted: bool = field(default=True, init=False)

    def __str__(self) -> str:
        return "redacted"

    def __bool__(self) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class Access:
    """What one function reads, by category."""

    function: str
    levels: Mapping[str, Level]

    def allows(self, category: str | None, level: str = Level.FULL) -> bool:
        """Return whether ``category`` may be read at ``level``; None is a value of no category."""
        if category is None:
            return True
        return RANK[self.levels.get(category, Level.NONE)] >= RANK[Level(level)]

    def why_not(self, category: str) -> str:
        """Return the sentence that stands in the place of a value, with whom to ask."""
        name, data = self._name, Category(category).label.lower()
        if category in RESERVED:
            return f"{name} does not read {data}. {only_for(category)}"
        if self.levels.get(category, Level.NONE) == Level.TOTALS:
            return f"{name} reads only totals of {data}. RevOps can change this."
        return f"{name} does not read {data}. RevOps can change this."

    def why_none(self, categories: Iterable[str]) -> str:
        """Return one sentence for all ``categories`` that may not be read at all, empty where there are none.

        Of categories that RevOps can open; see ``only_for`` for the others.
        """
        names = [Category(one).label.lower() for one in categories if not self.allows(one, Level.TOTALS)]
        if not names:
            return ""
        *first, last = names
        listed = f"{', '.join(first)} or {last}" if first else last
        return f"{self._name} does not read {listed}. RevOps can change this."

    def redact(self, value: Any, category: str | None, level: str = Level.FULL) -> Any:
        """Return ``value``, or the mark that stands for it."""
        if category is None or self.allows(category, level):
            return value
        return Redacted(category, self.why_not(category))

    def readable(self, categories: Iterable[str], level: str = Level.FULL) -> set[str]:
        """Return those of ``categories`` that may be read at ``level``."""
        return {category for category in categories if self.allows(category, level)}

    @property
    def _name(self) -> str:
        return Function(self.function).label if self.function in Function.values else "This client"


def only_for(category: str) -> str:
    """Return in a sentence whom a reserved category is for: nobody can open it to others."""
    *first, last = (function.label.lower() for function in RESERVED[category])
    return f"{Category(category).label} are for {', '.join(first)} and {last} only."


def access_of(function: str) -> Access:
    """Read the policy of one function; one query."""
    rows = AccessGrant.objects.filter(function=function).values_list("category", "level")
    return Access(function, {category: Level(level) for category, level in rows})


# Who talks to the customer, and who answers for them: these may put their judgement beside a number.
JUDGES = (
    Function.SALES,
    Function.CUSTOMER_SUCCESS,
    Function.SUPPORT,
    Function.LEADERSHIP,
    Function.REVOPS,
)


def judges_accounts(function: str) -> bool:
    """Return whether a function may say how it sees an account."""
    return function in JUDGES


def why_not_judge(function: str) -> str:
    """Return the sentence that stands in the place of the form."""
    *first, last = (judge.label for judge in JUDGES)
    name = Function(function).label if function in Function.values else "This client"
    return f"{name} reads it. {', '.join(first)} and {last} may say how they see an account."


NOTHING = Access("", {})
# For what a program checks or proves over all data and shows to nobody.
EVERYTHING = Access("", dict.fromkeys(Category, Level.FULL))


def request_access(request: HttpRequest) -> Access:
    """Return what the request's user reads, loaded once per request."""
    held: Access | None = getattr(request, "_abe_access", None)
    if held is None:
        function = getattr(request.user, "function", "")
        held = access_of(function) if function else NOTHING
        request._abe_access = held  # type: ignore[attr-defined]  # noqa: SLF001 - set by us alone
    return held


def require(access: Access, category: str, level: str = Level.FULL) -> None:
    """Raise PermissionDenied where ``category`` may not be read at ``level``: the reason, and whom to ask."""
    if not access.allows(category, level):
        whom = "" if category in RESERVED else f" {whom_to_ask()}"
        raise PermissionDenied(f"{access.why_not(category)}{whom}")
