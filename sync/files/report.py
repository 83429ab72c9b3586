"""What became of each row, for the page and for the file of rejected rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from common.export import Column, Table
from sync.files.columns import cell_text
from sync.files.plan import plan_of
from sync.files.reading import REASON, letter
from sync.files.storage import Block, RowReport, cells_of, report_of
from sync.models import Import, ImportBlock
from sync.pipeline.batch import REJECTED

ROWS_SHOWN = 50
LEFT_OUT = "!"


@dataclass(frozen=True, slots=True)
class ShownRow:
    """A row of the report: its number in the file, what happens to it, and the cells that come in by heading."""

    number: int
    report: RowReport
    cells: list[tuple[str, str]]
    errors: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class ReportPage:
    """Rows in the order of the file; the numbers lead on and back, None where there is nothing more."""

    rows: Sequence[ShownRow]
    before: int | None
    after: int | None


def report_page(
    imported: Import, status: str = "", *, after: int | None = None, before: int | None = None
) -> ReportPage:
    """Return a page of the report, narrowed to one status."""
    backward = before is not None and after is None
    found: list[ShownRow] = []
    headings = _headings(imported)
    for block in _blocks(imported, status, backward=backward):
        for row in _rows(block, headings, status, backward=backward):
            if after is not None and row.number <= after:
                continue
            if backward and before is not None and row.number >= before:
                continue
            found.append(row)
            if len(found) > ROWS_SHOWN:
                break
        if len(found) > ROWS_SHOWN:
            break
    more = len(found) > ROWS_SHOWN
    found = found[:ROWS_SHOWN]
    if backward:
        found.reverse()
    if not found:
        return ReportPage([], None, None)
    has_before, has_after = (more, True) if backward else (after is not None, more)
    return ReportPage(found, found[0].number if has_before else None, found[-1].number if has_after else None)


def rejected_table(imported: Import) -> Table:
    """Return the refused rows in their own columns, with the reason in the last, ready to mend and send again."""
    names = [column["name"] for column in imported.columns]
    columns = [Column(name, name) for name in (*names, REASON)]
    stem = imported.file_name.rsplit(".", 1)[0]
    safe = "".join(sign if sign.isalnum() or sign in "-_ " else "-" for sign in stem)[:80].strip()
    return Table(f"{safe or 'rows'}-rejected", columns, _rejected(imported))


def rows_table(imported: Import, status: str = "") -> Table:
    """Return what becomes of each row, narrowed to one status, with the cells of the file behind it."""
    names = [column["name"] for column in imported.columns]
    told = [
        Column("row", "Row"),
        Column("external_id", "External id"),
        Column("outcome", "Outcome"),
        Column("details", "Details"),
    ]
    columns = [*told, *(Column(f"cell_{place}", name) for place, name in enumerate(names, 1))]
    return Table(f"import-{imported.pk}-rows", columns, _all_rows(imported, status))


def _all_rows(imported: Import, status: str) -> Iterator[list[Any]]:
    headings = _headings(imported)
    width = len(imported.columns)
    for block in _blocks(imported, status, backward=False):
        for row in _rows(block, headings, status, backward=False):
            cells = [text for _, text in row.cells] or [""] * width
            yield [row.number, row.report.external_id, row.report.status, _details(row), *cells]


def _details(row: ShownRow) -> list[str]:
    if row.errors:
        return [f"{heading}: {detail}" if heading else detail for heading, detail in row.errors]
    return [
        f"{name} from {before or 'nothing'} to {after or 'nothing'}"
        for name, before, after in row.report.changes or ()
    ]


def _rejected(imported: Import) -> Iterator[list[Any]]:
    headings = _headings(imported)
    width = len(imported.columns)
    for block in _blocks(imported, REJECTED, backward=False):
        held = cells_of(block)
        for index, report in enumerate(report_of(block)):
            if report.status == REJECTED:
                reasons = [
                    f"{heading}: {detail}" if heading else detail
                    for heading, detail in _told(report, headings)
                ]
                row = [_original(column[index]) for column in held.columns] or [""] * width
                yield [*row, " ".join(reasons)]


def _original(cell: Any) -> Any:
    # Times are kept in UTC only to be told from texts; the file had none.
    return cell_text(cell) if not isinstance(cell, int | float) or isinstance(cell, bool) else cell


def _blocks(imported: Import, status: str, *, backward: bool) -> Iterator[ImportBlock]:
    blocks = imported.blocks.exclude(report=None).exclude(cells=b"")
    if status:
        blocks = blocks.filter(counts__has_key=status)
    yield from blocks.order_by("-position" if backward else "position").iterator(chunk_size=1)


def _rows(block: ImportBlock, headings: dict[str, str], status: str, *, backward: bool) -> Iterator[ShownRow]:
    held: Block = cells_of(block)
    # What is left out of the import is no detail of what becomes of the row.
    taken = [
        (place, name) for place, (to, name) in enumerate(headings.items()) if not to.startswith(LEFT_OUT)
    ]
    reports = list(enumerate(report_of(block)))
    for index, report in reversed(reports) if backward else reports:
        if not status or report.status == status:
            cells = [(name, cell_text(held.columns[place][index])) for place, name in taken]
            yield ShownRow(held.numbers[index], report, cells, _told(report, headings))


def _headings(imported: Import) -> dict[str, str]:
    """Return the headings by the field that each goes to; a column that goes nowhere by its letter."""
    columns = plan_of(imported.plan).columns
    return {
        column.to or f"{LEFT_OUT}{letter(place)}": imported.columns[place]["name"]
        for place, column in enumerate(columns)
    }


def _told(report: RowReport, headings: dict[str, str]) -> list[tuple[str, str]]:
    """Return (heading, sentence) of each error."""
    return [(headings.get(field.partition("[")[0], field), detail) for field, _, detail in report.errors]
