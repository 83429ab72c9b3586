"""Describe a chart once: drawing, table and downloads all come from the same description."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from django.utils.html import escape
from django.utils.safestring import SafeString

from common.formatting import Number, format_unit

Kind = Literal["bar", "line", "stacked", "waterfall", "heatmap", "scatter", "lorenz"]
Tone = Literal["", "accent", "muted", "green", "amber", "red", "1", "2", "3", "4", "5", "6"]
Height = Literal["sm", "md", "lg"]
Cell = Number | None


class Figure(NamedTuple):
    """One cell of the table behind a chart: as people read it, and as a spreadsheet does."""

    text: str
    raw: str


@dataclass(frozen=True, kw_only=True)
class Series:
    """One line, one set of bars, or one row of a heat map; a missing value is ``None``, never 0."""

    name: str
    values: Sequence[Cell]
    tone: Tone = ""


@dataclass(frozen=True, kw_only=True)
class Point:
    """One mark of a scatter or Lorenz chart; ``url`` makes it a link in the table behind."""

    name: str
    x: Number
    y: Number
    size: Number | None = None
    tone: Tone = ""
    url: str = ""


# From so many bars on, rows of a chart of the middle height (240 px) would touch each other.
TALL_FROM = 13


def height_for(bars: int) -> Height:
    """Return the height that keeps so many bars legible where they lie below one another."""
    return "lg" if bars >= TALL_FROM else "md"


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A chart whose title states the finding.

    ``key`` must be unique on the page. ``unit`` is a unit of ``format_unit``: ``money``, ``ratio``,
    ``percent`` or a noun. ``totals`` are the positions of a waterfall's bars that stand on the ground (start,
    end, subtotals); their value is the level itself, every other value is a change. ``good`` says which
    direction of a change is good news: ``up``, ``down``, or ``""`` for neither. Scatter and Lorenz charts use
    ``points``, all others ``categories`` and ``series``. ``empty`` says what to do next where there is
    nothing to draw. ``extra`` holds what one kind alone knows, listed in docs/frontend.md.
    ``provisional`` says which source was stale when the numbers were made; downloads carry it too. ``urls`` are
    where the categories of bars and waterfalls open to: links in the table behind, and of the bars themselves.
    """

    key: str
    kind: Kind
    title: str
    categories: Sequence[str] = ()
    series: Sequence[Series] = ()
    points: Sequence[Point] = ()
    unit: str = ""
    currency: str = ""
    decimals: int | None = None
    totals: Sequence[int] = ()
    good: Literal["up", "down", ""] = "up"
    category_label: str = "Month"
    x_label: str = ""
    y_label: str = ""
    x_unit: str = ""
    height: Height = "md"
    note: str = ""
    empty: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)
    provisional: str = ""
    urls: Sequence[str] = ()

    def __post_init__(self) -> None:
        """Refuse a series of another length than the categories: its values would get wrong labels."""
        if self.urls and len(self.urls) != len(self.categories):
            raise ValueError(
                f"Chart {self.key} has {len(self.urls)} links for {len(self.categories)} categories."
            )
        for series in self.series:
            if len(series.values) != len(self.categories):
                raise ValueError(
                    f"Chart {self.key}: series {series.name!r} has {len(series.values)} values "
                    f"for {len(self.categories)} categories."
                )

    @property
    def dom_id(self) -> str:
        """The element id of the figure, safe as an HTML id and in a CSS selector."""
        return "chart-" + "".join(letter if letter.isalnum() else "-" for letter in self.key)

    @property
    def data_id(self) -> str:
        """The element id of the script that holds the data."""
        return f"{self.dom_id}-data"

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to draw."""
        if self.points:
            return False
        return all(value is None for series in self.series for value in series.values)

    def spec(self) -> dict[str, Any]:
        """Return what the browser draws: plain numbers and text, safe for JSON."""
        return {
            "kind": self.kind,
            "title": self.title,
            "categories": list(self.categories),
            "series": [
                {"name": s.name, "values": [_plain(value) for value in s.values], "tone": s.tone}
                for s in self.series
            ],
            "points": [
                {"name": p.name, "x": _plain(p.x), "y": _plain(p.y), "size": _plain(p.size), "tone": p.tone}
                for p in self.points
            ],
            "unit": self.unit,
            "currency": self.currency,
            "decimals": self.decimals,
            "totals": list(self.totals),
            "good": self.good,
            "xLabel": self.x_label,
            "yLabel": self.y_label,
            "xUnit": self.x_unit,
            **({"provisional": self.provisional} if self.provisional else {}),
            **({"urls": list(self.urls)} if self.urls else {}),
            **self.extra,
        }

    def header(self) -> list[str]:
        """Return the column titles of the table behind the chart."""
        if self.points or self.kind in ("scatter", "lorenz"):
            return [self.category_label, self.x_label or "x", self.y_label or "y"]
        if self.kind == "heatmap":
            return [self.category_label, *self.categories]
        return [self.category_label, *(series.name for series in self.series)]

    def rows(self) -> list[dict[str, Any]]:
        """Return the table's rows: ``name``, ``url`` and ``cells``."""
        if self.points:
            return [
                {
                    "name": p.name,
                    "url": p.url,
                    "cells": [self._figure(p.x, self.x_unit or self.unit), self._figure(p.y)],
                }
                for p in self.points
            ]
        if self.kind == "heatmap":
            return [
                {"name": s.name, "url": "", "cells": [self._figure(value) for value in s.values]}
                for s in self.series
            ]
        is_sparse = bool(self.extra.get("sparse"))
        return [
            {
                "name": name,
                "url": self.urls[index] if self.urls else "",
                "cells": [self._figure(series.values[index]) for series in self.series],
            }
            for index, name in enumerate(self.categories)
            if not is_sparse or any(series.values[index] is not None for series in self.series)
        ]

    def table_body(self) -> SafeString:
        """Return the table's rows as markup; drawn here, since a page of charts holds hundreds of cells."""
        drawn = []
        held: dict[Figure, str] = {}
        for row in self.rows():
            name = escape(row["name"])
            head = f'<a href="{escape(row["url"])}">{name}</a>' if row["url"] else name
            for cell in row["cells"]:
                if cell not in held:
                    held[cell] = f'<td class="is-num" data-raw="{escape(cell.raw)}">{escape(cell.text)}</td>'
            cells = "".join([held[cell] for cell in row["cells"]])
            drawn.append(f'<tr><th scope="row">{head}</th>{cells}</tr>')
        return SafeString("\n".join(drawn))

    def _figure(self, value: Cell, unit: str | None = None) -> Figure:
        if value is None:
            return Figure("–", "")
        text = format_unit(value, self.unit if unit is None else unit, self.decimals, self.currency)
        return Figure(text, f"{value:f}" if isinstance(value, Decimal) else str(value))


def _plain(value: Cell) -> int | float | None:
    """Return a number that JSON knows; a drawing needs no more than double precision."""
    return float(value) if isinstance(value, Decimal) else value
