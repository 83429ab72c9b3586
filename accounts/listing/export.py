"""The list as a file: the rows that match, the chosen columns in their order, and nothing else."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any

from accounts.lenses.cells import plain_value
from accounts.lenses.figures import reporting_currency
from accounts.lenses.registry import Column
from accounts.listing.keyset import decode_cursor, read_page, row_fields
from accounts.listing.spec import Listing

CHUNK = 2000
REDACTED = "redacted"
# A spreadsheet takes a cell that starts like this for a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text


def export_rows(listing: Listing) -> Iterator[str]:
    """Yield the lines of the CSV file, reading a chunk at a time in the list's own order."""
    writer = csv.writer(_Echo())
    yield "\ufeff" + writer.writerow([_title(column) for column in listing.columns])
    fields, places = cell_fields(listing)
    readable = listing.readable
    cursor = ""
    while True:
        after = decode_cursor(cursor, listing.order.column) if cursor else None
        page = read_page(listing.accounts(), listing.order, fields, CHUNK, after=after)
        for row in page.rows:
            yield writer.writerow(
                [
                    safe_cell(column, plain_value(column, [row[i] for i in place])) if may else REDACTED
                    for column, place, may in zip(listing.columns, places, readable, strict=True)
                ]
            )
        cursor = page.next
        if not cursor:
            return


def cell_fields(listing: Listing) -> tuple[list[str], list[list[int]]]:
    """Return the paths that the readable columns need and where each column's values lie in a row.

    A column that may not be read is not even selected; its place list is empty.
    """
    paths = [
        [column.field, *column.extra] if may else []
        for column, may in zip(listing.columns, listing.readable, strict=True)
    ]
    fields = [path for column_paths in paths for path in column_paths]
    index = {path: number for number, path in enumerate(row_fields(listing.order, fields))}
    return fields, [[index[path] for path in column_paths] for column_paths in paths]


def safe_cell(column: Column, text: str) -> str:
    """Return text that no spreadsheet runs as a formula; numbers keep their sign."""
    is_free_text = column.kind in ("text", "choice", "country")
    return f"'{text}" if is_free_text and text.startswith(FORMULA_STARTS) else text


def _title(column: Column) -> str:
    unit: Any = reporting_currency() if column.kind == "money" else column.unit
    return f"{column.label} ({unit})" if unit else column.label
