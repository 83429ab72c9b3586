"""The first screen: what each function sees when it signs in, declared as panels in ``<app>/lens.py``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, ClassVar, TypeVar

from common.export import Table
from common.registry import Registry
from people.access import Access
from people.models import Level, User


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Who looks at a home page, on which day, and what they may read.

    ``doubts`` are the reasons by number why figures of that day are provisional.
    """

    user: User
    as_of: date
    access: Access
    doubts: Mapping[str, str] = field(default_factory=dict)

    def in_days(self, days: int) -> date:
        """Return the day so many days after the one looked at, or before it if negative."""
        return self.as_of + timedelta(days=days)


class HomePanel:
    """A card of the home page; subclass it and decorate with ``@register_home_panel``.

    ``functions`` maps each function that sees the card to its place there, the smallest first.
    ``category`` and ``level`` are asked before ``load`` is called, as for an account's panel. A card with
    ``is_today_only`` reads what is kept for today alone, and says so on a past day instead of showing it.
    ``explain`` and ``numbers`` are as a panel's.
    """

    key: ClassVar[str]
    title: ClassVar[str]
    template: ClassVar[str]
    functions: ClassVar[Mapping[str, int]]
    category: ClassVar[str | None] = None
    level: ClassVar[str] = Level.FULL
    span: ClassVar[int] = 6
    is_lazy: ClassVar[bool] = False
    is_flush: ClassVar[bool] = False
    is_today_only: ClassVar[bool] = False
    explain: ClassVar[str] = ""
    numbers: ClassVar[Sequence[str]] = ()

    def is_for(self, reader: Reader) -> bool:
        """Return whether this reader has a use for the card today; by default every one of its functions."""
        return True

    def load(self, reader: Reader) -> Mapping[str, Any]:
        """Return what the template shows, in a constant number of queries."""
        raise NotImplementedError

    def table(self, data: Mapping[str, Any]) -> Table | None:
        """Return the rows of what was loaded as a table for a file, None where it is no list."""
        return None


home_panels: Registry[HomePanel] = Registry("home panel", "lens")

HomePanelType = TypeVar("HomePanelType", bound=type[HomePanel])


def register_home_panel(declared: HomePanelType) -> HomePanelType:
    """Declare a card of the home page (a class decorator)."""
    home_panels.register(declared())
    return declared


def home_of(function: str) -> list[HomePanel]:
    """Return the cards of a function's first screen in their order."""
    mine = [panel for panel in home_panels if function in panel.functions]
    return sorted(mine, key=lambda panel: (panel.functions[function], panel.key))
