"""The list as a file: the rows that match, the chosen columns in their order, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.utils import timezone

from accounts.lenses import registry
from accounts.lenses.doubts import doubts_on
from accounts.lenses.figures import reporting_currency
from accounts.listing.keyset import decode_cursor, read_page, row_fields
from accounts.listing.spec import Listing
from common.export import Column, Table, with_remarks

CHUNK = 2000


def export_table(listing: Listing) -> Table:
    """Return the list as a table, read a chunk at a time in the list's own order."""
    columns = [
        Column(column.key, _title(column), may)
        for column, may in zip(listing.columns, listing.readable, strict=True)
    ]
    table = Table(f"accounts-{listing.lens.key}", columns, _rows(listing))
    doubts = doubts_on(timezone.now().date())
    remarks = [
        f"{column.label}: {doubts[column.explain]}"
        for column, may in zip(listing.columns, listing.readable, strict=True)
        if may and column.explain in doubts
    ]
    return with_remarks(table, "Provisional", remarks)


def _rows(listing: Listing) -> Iterator[list[Any]]:
    fields, places = cell_fields(listing)
    cursor = ""
    while True:
        after = decode_cursor(cursor, listing.order.column) if cursor else None
        page = read_page(listing.accounts(), listing.order, fields, CHUNK, after=after)
        for row in page.rows:
            yield [
                _value(column, [row[i] for i in place]) if place else None
                for column, place in zip(listing.columns, places, strict=True)
            ]
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


def _value(column: registry.Column, values: Sequence[Any]) -> Any:
    """Return the value for a file: the tier's word and that of a choice, else what is stored."""
    value = values[2] if column.kind == "tier" else values[0]
    if value is None or not column.choices:
        return value
    return column.choices.get(str(value), value)


def _title(column: registry.Column) -> str:
    unit: Any = reporting_currency() if column.kind == "money" else column.unit
    return f"{column.label} ({unit})" if unit else column.label
