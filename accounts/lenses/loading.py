"""Load cards one by one: access first, then the data, and a failure stays inside its card."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Literal

import structlog
from django.db import connection, transaction

from accounts.lenses.doubts import doubt_of
from accounts.lenses.registry import Panel
from accounts.models import Account
from common.charts import Chart
from common.export import Table, with_remarks
from people.access import Access

logger = structlog.get_logger(__name__)

COLUMNS = 12
SPAN = "span"
# Roughly measured, in pixels: enough to tell a card of two lines from one of eight, or from a chart.
HEAD, LINE, EMPTY, FRAME, FIGURES = 90, 34, 110, 74, 60
CHART = {"sm": 160, "md": 240, "lg": 340}
SHORT = 0.7


@dataclass(frozen=True, kw_only=True)
class Card:
    """What became of a panel for one reader: loaded, lazy, empty with a reason, forbidden or failed.

    ``provisional`` says which source was stale when the numbers were made that it shows.
    """

    key: str
    title: str
    template: str
    span: int
    is_flush: bool = False
    state: Literal["loaded", "lazy", "empty", "forbidden", "error"] = "loaded"
    data: Mapping[str, Any] = field(default_factory=dict)
    category: str | None = None
    reason: str = ""
    error_id: str = ""
    url: str = ""
    how_url: str = ""
    is_short: bool = False
    provisional: str = ""
    table: Table | None = None

    @property
    def doubt(self) -> str:
        """Why what it shows is provisional, for its head; nothing where it is one chart, which says so itself."""
        is_chart = len(self.data) == 1 and all(isinstance(value, Chart) for value in self.data.values())
        return "" if is_chart else self.provisional

    @property
    def export_base(self) -> str:
        """The address of its rows as a file, up to the parameters; nothing where it has none."""
        return f"{self.url}{'&' if '?' in self.url else '?'}" if self.table is not None else ""

    def rows_for_file(self) -> Table | None:
        """Return its rows with what it remarks on them, None where it is no list."""
        marks: Mapping[str, str] = self.data.get("provisional") or {}
        remarks = dict.fromkeys([self.provisional, *marks.values()])
        return self.table and with_remarks(self.table, "Provisional", [text for text in remarks if text])


class Bulkhead:
    """Keeps one card's failed query from breaking the queries of the next.

    Outside a transaction each query stands alone already; inside one, a single savepoint serves all cards,
    because they only read: rolling back to it undoes nothing and mends the connection.
    """

    def __init__(self) -> None:
        self._savepoint = transaction.savepoint() if connection.in_atomic_block else None

    def mend(self) -> None:
        """Make the connection usable again after a failure."""
        if self._savepoint is not None:
            transaction.savepoint_rollback(self._savepoint)

    def close(self) -> None:
        """Let the savepoint go."""
        if self._savepoint is not None:
            transaction.savepoint_commit(self._savepoint)


@contextmanager
def bulkhead() -> Iterator[Bulkhead]:
    """Hold a bulkhead for the cards of one page."""
    held = Bulkhead()
    try:
        yield held
    finally:
        held.close()


def load_cards(
    panels: Sequence[Panel],
    account: Account,
    as_of: date,
    access: Access,
    url_of: Callable[[Panel], str],
    how_of: Callable[[Panel], str],
    doubts: Mapping[str, str],
    *,
    with_lazy: bool = False,
) -> list[Card]:
    """Load the panels in order; ``with_lazy`` loads those too that a page would fetch later.

    ``url_of`` gives the address of a panel by itself, ``how_of`` that of its explanation; ``doubts`` are the
    reasons why numbers are provisional.
    """
    with bulkhead() as held:
        loaded = [
            load_card(
                panel,
                lambda panel=panel: panel.load_for(account, as_of, access),  # type: ignore[misc]
                access,
                url=url_of(panel),
                how_url=how_of(panel),
                doubts=doubts,
                held=held,
                is_lazy=panel.is_lazy and not with_lazy,
            )
            for panel in panels
        ]
    return fill_rows(loaded)


def _marked(data: Mapping[str, Any], doubt: str) -> Mapping[str, Any]:
    """Let each chart say that it is provisional, on the page and in its downloads."""
    if not doubt:
        return data
    return {
        name: replace(value, provisional=doubt) if isinstance(value, Chart) else value
        for name, value in data.items()
    }


def fill_rows(cards: Sequence[Card]) -> list[Card]:
    """Widen the last card of each row of twelve columns that would leave the rest of it empty."""
    filled: list[Card] = []
    row: list[Card] = []
    for card in cards:
        if row and _width(row) + card.span > COLUMNS:
            filled += _full_row(row)
            row = []
        row.append(card)
        if _width(row) == COLUMNS:
            filled += _full_row(row)
            row = []
    return filled + _full_row(row)


def _full_row(row: Sequence[Card]) -> list[Card]:
    """Return the cards of one row over its whole width; one much lower than its neighbours is marked."""
    if not row:
        return []
    last = row[-1]
    if (rest := COLUMNS - _width(row)) > 0:
        last = widened(last, last.span + rest)
    heights = [_height(card) for card in row]
    tallest = max((height for height in heights if height), default=0)
    return [
        replace(card, is_short=bool(height) and len(row) > 1 and height < tallest * SHORT)
        for card, height in zip((*row[:-1], last), heights, strict=True)
    ]


def _width(row: Sequence[Card]) -> int:
    return sum(card.span for card in row)


def _height(card: Card) -> int:
    """Return about how many pixels high a card will be, 0 where its content comes later."""
    if card.state == "lazy":
        return 0
    if card.state != "loaded":
        return EMPTY
    height = HEAD
    for name, value in card.data.items():
        if isinstance(value, Chart):
            height += EMPTY if value.is_empty else FRAME + CHART[value.height]
        elif name == "figures":
            height += FIGURES
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            height += LINE * len(value)
    return height


def widened(card: Card, span: int) -> Card:
    """Return the card with another width, which its address remembers for when it is fetched by itself."""
    url = f"{card.url}{'&' if '?' in card.url else '?'}{SPAN}={span}" if card.url else ""
    return replace(card, span=span, url=url)


def as_wide_as_asked(card: Card, text: str) -> Card:
    """Return the card in the width that its address gives; anything else leaves it as it is."""
    if text.isascii() and text.isdecimal() and len(text) <= 2 and 1 <= int(text) <= COLUMNS:
        return widened(card, int(text))
    return card


def load_card(
    panel: Any,
    load: Callable[[], Mapping[str, Any]],
    access: Access,
    *,
    url: str,
    held: Bulkhead,
    is_lazy: bool,
    doubts: Mapping[str, str],
    how_url: str = "",
    withheld: str = "",
) -> Card:
    """Load one panel of an account or of a home page; one that is ``withheld`` says only why.

    A reader who may not see it gets the reason; whatever its code raises becomes a card with an id to
    quote, under which the log holds the traceback.
    """
    frame: dict[str, Any] = {
        "key": panel.key,
        "title": panel.title,
        "template": panel.template,
        "span": panel.span,
        "category": panel.category,
        "url": url,
    }
    if panel.category is not None and not access.allows(panel.category, panel.level):
        return Card(**frame, state="forbidden", reason=access.why_not(panel.category))
    if withheld:
        return Card(**frame, state="empty", reason=withheld)
    frame |= {"is_flush": panel.is_flush, "how_url": how_url}
    if is_lazy:
        return Card(**frame, state="lazy")
    doubt = doubt_of((panel.explain, *panel.numbers), doubts, access)
    try:
        data = _marked(load(), doubt)
        return Card(**frame, data=data, provisional=doubt, table=panel.table(data))
    except Exception:
        error_id = secrets.token_hex(4)
        logger.exception("panel_failed", panel=panel.key, error_id=error_id, url=url)
        held.mend()
        frame["is_flush"] = False
        return Card(**frame, state="error", reason="The rest of the page is not affected.", error_id=error_id)
