"""What an app declares in its ``lens.py``: panels, columns, chips, and the lenses made of them.

Everything is known by a key such as ``support.open_tickets``. A lens only names keys, so a function shows
another function's panel without importing it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, Literal, TypeVar

from accounts.models import Account
from common.export import Table
from common.registry import Registry
from people.access import Access
from people.models import Level

Kind = Literal["text", "choice", "country", "money", "ratio", "number", "points", "date", "tier", "health"]
NUMERIC: frozenset[str] = frozenset({"money", "ratio", "number", "points"})


class Panel:
    """A card of the account page; subclass it and decorate with ``@register_panel``.

    ``category`` and ``level`` say what a reader must be allowed to read; the engine asks before it calls
    ``load``, so a panel never holds a forbidden value. ``span`` counts columns of twelve. A lazy panel is
    fetched when it is scrolled into view: for what costs more than a few milliseconds. ``explain`` is the
    number that its head opens, ``numbers`` are further ones that it shows: where one of them was made from
    stale data, the card says so.
    """

    key: ClassVar[str]
    title: ClassVar[str]
    template: ClassVar[str]
    category: ClassVar[str | None] = None
    level: ClassVar[str] = Level.FULL
    span: ClassVar[int] = 6
    is_lazy: ClassVar[bool] = False
    is_flush: ClassVar[bool] = False
    explain: ClassVar[str] = ""
    numbers: ClassVar[Sequence[str]] = ()

    def load(self, account: Account, as_of: date) -> Mapping[str, Any]:
        """Return what the template shows, as plain values and charts: the API serves the same mapping.

        Reads at most a page of rows in a constant number of queries, whatever the account's size.
        """
        raise NotImplementedError

    def load_for(self, account: Account, as_of: date, access: Access) -> Mapping[str, Any]:
        """Return ``load``; a panel that mixes categories overrides this and asks ``access`` by value."""
        return self.load(account, as_of)

    def table(self, data: Mapping[str, Any]) -> Table | None:
        """Return the rows of what was loaded as a table for a file, None where it is no list."""
        return None


@dataclass(frozen=True, kw_only=True)
class Lens:
    """One function's cut of the account: panels by key, most urgent first, and the list's columns.

    ``functions`` open the account page in this lens unless they ask for another. ``sort`` is the order of
    its list, such as ``-finance.arr``, for readers who may read that column.
    """

    key: str
    label: str
    panels: Sequence[str]
    columns: Sequence[str]
    order: int = 100
    functions: Sequence[str] = ()
    sort: str = "-finance.arr"


@dataclass(frozen=True, kw_only=True)
class Column:
    """A value of an account that lists show, sort and export, and that the header may carry.

    ``field`` is the path from Account that is sorted by; ``extra`` are paths that its cell needs beside it.
    ``explain`` is the key of the metric behind it. ``headline`` is its place in the header, 0 for none;
    ``note`` writes the line below it there, from Standing's fields and the day shown, of the same category.
    ``annotation`` gives, for a reader, what ``field`` stands for where it is no column of the account or its standing:
    never null where it is text.
    """

    key: str
    label: str
    field: str
    kind: Kind = "text"
    extra: Sequence[str] = ()
    unit: str = ""
    category: str | None = None
    level: str = Level.FULL
    explain: str = ""
    headline: int = 0
    note: Callable[[Mapping[str, Any], date], str] | None = None
    choices: Mapping[str, str] | None = None
    help: str = ""
    annotation: Callable[[Access], Any] | None = None

    @property
    def is_numeric(self) -> bool:
        """Whether its cells are set to the right: numbers, but for those that stand for words."""
        return self.kind in NUMERIC and not self.choices

    def is_readable(self, access: Access) -> bool:
        """Return whether the reader may see, sort and filter by it."""
        return access.allows(self.category, self.level)


@dataclass(frozen=True, kw_only=True)
class Chip:
    """A short fact for the header, such as an open risk; it belongs to the category it tells of.

    ``provisional`` says which source was stale when the number behind it was made. ``why_closed`` is for a fact that
    several categories stand behind: it says why a reader may not know of it, and to those not even its absence is told.
    """

    text: str
    tone: Literal["red", "amber", "green", "accent", "neutral"]
    category: str
    title: str = ""
    provisional: str = ""
    why_closed: Callable[[Access], str] | None = None

    def is_open_to(self, access: Access) -> bool:
        """Return whether a reader may know of it."""
        return access.allows(self.category) if self.why_closed is None else not self.why_closed(access)


@dataclass(frozen=True, kw_only=True)
class Chips:
    """A declared source of header chips for an account and a day; one query at most."""

    key: str
    query: Callable[[Account, date], Sequence[Chip]]


@dataclass(frozen=True, kw_only=True)
class History:
    """A declared source of past headline figures, by the field names of Standing, and of their day.

    ``newest_day`` gives the newest day up to another of which it holds figures of any account; one query.
    """

    key: str
    query: Callable[[Account, date], Mapping[str, Any]]
    newest_day: Callable[[date], date | None]


panels: Registry[Panel] = Registry("panel", "lens")
lenses: Registry[Lens] = Registry("lens", "lens")
columns: Registry[Column] = Registry("column", "lens")
chips: Registry[Chips] = Registry("chip source", "lens")
histories: Registry[History] = Registry("history", "lens")

PanelType = TypeVar("PanelType", bound=type[Panel])


def register_panel(declared: PanelType) -> PanelType:
    """Declare a panel (a class decorator)."""
    panels.register(declared())
    return declared


register_lens = lenses.register
register_column = columns.register
register_chips = chips.register
register_history = histories.register


def ordered_lenses() -> list[Lens]:
    """Return the lenses in the order of their tabs."""
    return sorted(lenses, key=lambda lens: (lens.order, lens.key))


def lens_for(key: str, function: str) -> Lens:
    """Return the lens asked for, else the first that is the function's own, else the first of all."""
    asked = lenses.get(key)
    if asked is not None:
        return asked
    every = ordered_lenses()
    return next((lens for lens in every if function in lens.functions), every[0])
