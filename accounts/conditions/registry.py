"""How an app declares what conditions can ask about an account."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Literal, NamedTuple

from django.db.models import FilteredRelation

from common.registry import Registry
from people.access import Access
from people.models import Level

Kind = Literal["text", "choice", "number", "money", "ratio", "days", "date", "boolean", "list"]
NUMERIC: frozenset[str] = frozenset({"number", "money", "ratio", "days"})


class Choice(NamedTuple):
    """One value that a field of the kind ``choice`` can have."""

    value: str
    label: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Moment:
    """When a condition is asked: ``as_of`` None is now, from standing and the newest numbers.

    ``numbers_on`` names the day whose stored numbers are read in place of the newest finished refresh up to
    ``as_of``: a refresh asks for its own day, which isn't finished yet. ``notes`` gathers what a reader of the
    answer should know, such as from which day the numbers are; ``memo`` what several fields need read once. ``access``
    is the reader of the values, where one is told them: a value of which only some may be seen leaves out the rest.
    """

    as_of: date | None = None
    numbers_on: date | None = None
    access: Access | None = None
    notes: dict[str, str] = field(default_factory=dict)
    memo: dict[str, Any] = field(default_factory=dict)

    @property
    def day(self) -> date:
        """The day that relative dates count from (UTC, as every dated number)."""
        return self.as_of or datetime.now(UTC).date()


@dataclass(frozen=True, kw_only=True, eq=False)
class Reading:
    """How a field is read at a moment: an expression over Account, and the relations it goes through.

    A relation must give at most one row per account. The expression is null where the value is missing, also
    for an empty text or list.
    """

    expression: Any
    relations: Mapping[str, FilteredRelation] = field(default_factory=dict)


def _no_choices() -> Sequence[Choice]:
    return ()


@dataclass(frozen=True, kw_only=True, eq=False)
class ConditionField:
    """Something that conditions compare; ``read`` says where its value stands at a moment.

    ``unit`` is a noun behind numbers, as in ``common.formatting``; money is in the reporting currency and a ratio
    of 1 is 100 %. ``level`` is the access that reading it takes. ``suggestions`` help typing and refuse nothing,
    while a ``choice`` that is not among ``choices`` is refused. ``explain`` is the key of the metric behind it.
    ``is_never_missing`` is for what counts without a value too: who is on no list is on none of those asked about.
    ``why_closed`` says why a reader may not ask about a value (None: whether there is one), empty where they may.
    """

    key: str
    label: str
    kind: Kind
    category: str
    read: Callable[[Moment], Reading]
    unit: str = ""
    level: str = Level.FULL
    choices: Callable[[], Sequence[Choice]] = _no_choices
    suggestions: Callable[[], Sequence[str]] = tuple
    help: str = ""
    explain: str = ""
    is_never_missing: bool = False
    why_closed: Callable[[Access, Any], str] | None = None

    def is_readable(self, access: Access | None) -> bool:
        """Return whether the reader may see its values; None reads everything, as rules of RevOps do."""
        return access is None or access.allows(self.category, self.level)

    def why_not(self, access: Access | None, value: Any) -> str:
        """Return why the reader may not know of a comparison with ``value``, empty where they may."""
        if access is None:
            return ""
        if not self.is_readable(access):
            return access.why_not(self.category)
        return self.why_closed(access, value) if self.why_closed else ""


condition_fields: Registry[ConditionField] = Registry("condition field", "conditions")
register_field = condition_fields.register
