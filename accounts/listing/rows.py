"""The rows of a list page, drawn here once so that the template only lays them out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.lenses.cells import CellRenderer
from accounts.lenses.registry import Column
from accounts.listing.export import cell_fields
from accounts.listing.keyset import Page, Row, read_page, row_fields
from accounts.listing.spec import Listing
from common.tags.marks import icon, provisional
from people.access import Access
from people.directory import names_of
from sync.freshness.marks import provisional_numbers

SIZE = 50
AS_OF = "standing__as_of"
PEOPLE = ("accounts.owner", "accounts.sponsor")


@dataclass(frozen=True, slots=True)
class ListRow:
    """One account of the list: its address and name, and the rest of its cells as markup."""

    pk: int
    url: str
    name: str
    cells: SafeString


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a column: sortable where the reader may read it, else with the reason.

    ``provisional`` says which of its sources was stale when its numbers were made.
    """

    column: Column
    reason: str
    provisional: str = ""

    @property
    def label(self) -> SafeString:
        """Its name, with the mark of a doubt."""
        return format_html("{}{}", self.column.label, provisional(self.provisional, short=True))


@dataclass(frozen=True, slots=True)
class ListPage:
    """A page of the list as the template shows it."""

    heads: Sequence[Head]
    rows: Sequence[ListRow]
    previous_url: str
    next_url: str
    as_of: date | None


def list_page(listing: Listing) -> ListPage:
    """Read and draw the page that ``listing`` asks for; one query, two across the edge of the blanks.

    One more where the doubts about the day's numbers are not at hand, and one for the names of colleagues.
    """
    fields, places = cell_fields(listing)
    fields.append(AS_OF)
    page = read_page(
        listing.accounts(), listing.order, fields, SIZE, after=listing.after, before=listing.before
    )
    as_of = _newest(page, row_fields(listing.order, fields).index(AS_OF))
    doubts = provisional_numbers(as_of)
    return ListPage(
        heads=[
            Head(
                column,
                "" if column.is_readable(listing.access) else _why(column, listing.access),
                doubts.get(column.explain, ""),
            )
            for column in listing.columns[1:]
        ],
        rows=_rows(listing, page, places, doubts),
        previous_url=listing.url(before=page.previous) if page.previous else "",
        next_url=listing.url(after=page.next) if page.next else "",
        as_of=as_of,
    )


def _rows(
    listing: Listing, page: Page, places: Sequence[Sequence[int]], doubts: Mapping[str, str]
) -> list[ListRow]:
    names = _names(
        page,
        [places[at][0] for at, column in enumerate(listing.columns) if column.key in PEOPLE and places[at]],
    )
    drawers = [
        (
            _drawer(column, column.explain in doubts, names) if place else _closed(column, listing.access),
            place,
        )
        for column, place in zip(listing.columns[1:], places[1:], strict=True)
    ]
    base = reverse("accounts:detail", args=[0]).removesuffix("0/")
    kept = {name: listing.params[name] for name in ("lens", "as_of") if name in listing.params}
    query = f"?{urlencode(kept)}" if kept else ""
    name_at = places[0][0]

    def drawn(row: Row) -> ListRow:
        cells = "".join([draw(row, place) for draw, place in drawers])
        return ListRow(row[0], f"{base}{row[0]}/{query}", row[name_at], SafeString(cells))

    return [drawn(row) for row in page.rows]


class _drawer:  # noqa: N801 - used as a function that remembers what it drew
    def __init__(self, column: Column, is_provisional: bool, names: Mapping[str, str]) -> None:
        self._cell = CellRenderer(column, names)
        css = [
            name
            for name, holds in (("is-num", column.is_numeric), ("is-provisional", is_provisional))
            if holds
        ]
        self._open = format_html('<td class="{}">', " ".join(css)) if css else "<td>"

    def __call__(self, row: Row, place: Sequence[int]) -> str:
        return f"{self._open}{self._cell([row[i] for i in place])}</td>"


class _closed:  # noqa: N801
    """A column that may not be read: every cell says so, the head says why."""

    def __init__(self, column: Column, access: Access) -> None:
        mark = format_html(
            '<td{}><span class="abe-redacted" title="{}">{}<span>Redacted</span></span></td>',
            SafeString(' class="is-num"') if column.is_numeric else "",
            _why(column, access),
            icon("lock", size=12),
        )
        self._mark = str(mark)

    def __call__(self, row: Row, place: Sequence[int]) -> str:
        return self._mark


def _names(page: Page, places: Sequence[int]) -> Mapping[str, str]:
    """Return the names of the colleagues whose addresses stand at ``places``; no query where none does."""
    emails = {str(row[place]) for row in page.rows for place in places if row[place]}
    return names_of(emails) if emails else {}


def _why(column: Column, access: Access) -> str:
    return access.why_not(str(column.category))


def _newest(page: Page, index: int) -> date | None:
    days = [row[index] for row in page.rows if row[index] is not None]
    return max(days) if days else None
