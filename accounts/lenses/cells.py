"""The text of a column's value: one source for list cells and header figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.conf import settings
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString

from accounts.lenses.registry import Column
from common import formatting
from common.codes import country_name
from common.tags.marks import ABSENT, health, tier
from common.tags.values import date as date_tag
from common.tags.values import delta

Render = Callable[[Sequence[Any]], str]


class CellRenderer:
    """Draws the cells of one column; values that repeat are drawn once.

    ``names`` are those of colleagues by address.
    """

    def __init__(self, column: Column, names: Mapping[str, str] | None = None) -> None:
        self.column = column
        self._names = names or {}
        self._memo: dict[Any, str] = {}
        self._draw: Render = {
            "money": self._money,
            "ratio": self._ratio,
            "number": self._number,
            "points": self._points,
            "date": self._date,
            "country": self._country,
            "tier": self._tier,
            "health": self._health,
        }.get(column.kind, self._text)

    def __call__(self, values: Sequence[Any]) -> SafeString:
        """Return the markup for the sorted field's value and those of ``extra``."""
        key = tuple(values)
        drawn = self._memo.get(key)
        if drawn is None:
            drawn = self._memo[key] = str(ABSENT) if _is_blank(values, self.column) else self._draw(values)
        return SafeString(drawn)

    def _money(self, values: Sequence[Any]) -> str:
        return formatting.format_money(values[0], settings.REPORTING_CURRENCY)

    def _ratio(self, values: Sequence[Any]) -> str:
        return formatting.format_percent(values[0])

    def _number(self, values: Sequence[Any]) -> str:
        if self.column.choices:
            return self._text(values)
        return formatting.format_number(values[0])

    def _points(self, values: Sequence[Any]) -> str:
        return str(delta(values[0], decimals=1))

    def _date(self, values: Sequence[Any]) -> str:
        return str(date_tag(values[0]))

    def _country(self, values: Sequence[Any]) -> str:
        # The code, since the column is sorted by it; its name on hover.
        return format_html('<abbr title="{}">{}</abbr>', country_name(values[0]), values[0])

    def _tier(self, values: Sequence[Any]) -> str:
        return str(tier(values[1], name=values[2]))

    def _health(self, values: Sequence[Any]) -> str:
        return str(health(values[0], values[1]))

    def _text(self, values: Sequence[Any]) -> str:
        value = str(values[0])
        if "@" in value:
            # Of who is no colleague the part that tells people apart; the address, which sorts the column, on hover.
            shown = self._names.get(value) or value.partition("@")[0]
            return format_html('<span class="abe-address" title="{}">{}</span>', value, shown)
        return str(escape((self.column.choices or {}).get(value, value)))


def _is_blank(values: Sequence[Any], column: Column) -> bool:
    # A missing score is said in words ("insufficient data"), which needs the band beside it.
    return column.kind not in ("health", "tier") and values[0] in (None, "")
