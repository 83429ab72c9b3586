"""Any list as a file: CSV, Excel or NDJSON, a row at a time, with nothing that a spreadsheet would run.

A view that shows a list offers the same rows under the same address with ``?export=csv``, ``xlsx`` or ``ndjson``;
what a reader may not see is redacted there as on the page.
"""

from __future__ import annotations

import csv
import json
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar, cast

import xlsxwriter  # type: ignore[import-untyped]
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.http import content_disposition_header

Row = TypeVar("Row")

FORMATS = {"csv": "CSV", "xlsx": "Excel", "ndjson": "NDJSON"}
REDACTED = "redacted"
BOM = "\ufeff"
# How a cell begins that a spreadsheet takes for a formula (OWASP, CSV injection).
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
NUMBER = re.compile(r"[+-]?\d[\d.,]*", re.ASCII)
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
XLSX_ROWS = 1_048_575
XLSX_TEXT = 32_767
# A spreadsheet keeps 15 digits of a number.
XLSX_EXACT = 10**15
ENTRIES_A_PIECE = 500


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a file: its name for programs, and its heading for people."""

    key: str
    label: str
    is_readable: bool = True


@dataclass(frozen=True, slots=True)
class Table:
    """What goes into a file; ``rows`` is read once and may be without end.

    A value is a str, int, float, bool, Decimal, date, datetime, a list of such, None, or a mark of redaction. The
    values of a column that isn't readable are never written.
    """

    name: str
    columns: Sequence[Column]
    rows: Iterable[Sequence[Any]]


def table_of(
    name: str, rows: Iterable[Row], columns: Sequence[tuple[str, str, Callable[[Row], Any]]]
) -> Table:
    """Return a table of rows of any kind by (key, heading, what a row holds there)."""
    values = [value for _, _, value in columns]
    return Table(
        name,
        [Column(key, label) for key, label, _ in columns],
        ([get(row) for get in values] for row in rows),
    )


@dataclass(frozen=True, slots=True)
class Offer:
    """One of the lists of a page: its name in the address, its heading, and how its table is made."""

    key: str
    label: str
    table: Callable[[], Table]


def chosen_table(request: HttpRequest, offers: Sequence[Offer]) -> Table:
    """Return the list that ``?table=`` names, the page's first without it; Http404 for one that it doesn't show."""
    asked = request.GET.get("table", "")
    for offer in offers:
        if asked in ("", offer.key):
            return offer.table()
    raise Http404("This page shows no such list.")


def with_remarks(table: Table, label: str, remarks: Sequence[str]) -> Table:
    """Return the table with what the page remarks on it in a last column of every row; as it is without any."""
    if not remarks:
        return table
    columns = [*table.columns, Column(label.lower().replace(" ", "_"), label)]
    return Table(table.name, columns, ([*row, list(remarks)] for row in table.rows))


def asked_format(request: HttpRequest) -> str:
    """Return the format that ``?export=`` asks for, or nothing."""
    asked = request.GET.get("export", "")
    return asked if asked in FORMATS else ""


def export_response(request: HttpRequest, table: Table) -> HttpResponse:
    """Stream a table in the format asked for, by default CSV; ``?bom=0`` leaves out its byte order mark."""
    asked = asked_format(request) or "csv"
    name = f"{table.name}-{timezone.localdate().isoformat()}.{asked}"
    headers = {
        "Content-Disposition": content_disposition_header(True, name) or "",
        "Cache-Control": "no-store",
    }
    response: HttpResponseBase
    if asked == "xlsx":
        response = FileResponse(workbook(table), content_type=XLSX_TYPE, headers=headers)
    elif asked == "ndjson":
        lines = in_pieces(ndjson_lines(table))
        response = StreamingHttpResponse(lines, content_type="application/x-ndjson", headers=headers)
    else:
        lines = in_pieces(csv_lines(table, bom=request.GET.get("bom", "1") != "0"))
        response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8", headers=headers)
    # Guards and decorators of views are typed for the plain response; streamed ones pass them alike.
    return cast(HttpResponse, response)


def csv_lines(table: Table, *, bom: bool = True) -> Iterator[str]:
    """Yield the lines of a CSV file; a cell that would run as a formula is led by an apostrophe."""
    writer = csv.writer(_Echo())
    heading = writer.writerow([safe_text(column.label) for column in table.columns])
    yield f"{BOM}{heading}" if bom else heading
    readable = [column.is_readable for column in table.columns]
    for row in table.rows:
        yield writer.writerow(
            [csv_cell(value) if may else REDACTED for value, may in zip(row, readable, strict=True)]
        )


def ndjson_lines(table: Table) -> Iterator[str]:
    """Yield one JSON object a row; what may not be read is left out and named in ``redacted``."""
    keys = [column.key for column in table.columns]
    closed = [column.key for column in table.columns if not column.is_readable]
    readable = [column.is_readable for column in table.columns]
    for row in table.rows:
        held = {key: _json_value(value) for key, value, may in zip(keys, row, readable, strict=True) if may}
        if closed:
            held["redacted"] = closed
        yield json.dumps(held, ensure_ascii=False, separators=(",", ":")) + "\n"


def workbook(table: Table) -> Any:
    """Return an open temporary file with the table as an Excel sheet; texts stay texts, whatever they look like.

    Rows beyond what a sheet holds are left out, and the last row says so.
    """
    file = tempfile.TemporaryFile(prefix="abe-export-")  # noqa: SIM115 - the response closes it
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_numbers": False,
        "strings_to_urls": False,
        "nan_inf_to_errors": True,
        "remove_timezone": True,
        "default_date_format": "yyyy-mm-dd",
    }
    book = xlsxwriter.Workbook(file, options)
    sheet = book.add_worksheet(re.sub(r"[\[\]:*?/\\']", " ", table.name)[:31] or "Rows")
    bold, moment = book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    for place, column in enumerate(table.columns):
        sheet.write_string(0, place, _fitting(column.label), bold)
        sheet.set_column(place, place, min(40, max(10, len(column.label) + 2)))
    sheet.freeze_panes(1, 0)
    readable = [column.is_readable for column in table.columns]
    for number, row in enumerate(table.rows, 1):
        if number == XLSX_ROWS:
            sheet.write_string(number, 0, "A sheet holds no more rows. Export as CSV to have them all.")
            break
        for place, (value, may) in enumerate(zip(row, readable, strict=True)):
            _write(sheet, number, place, value if may else REDACTED, moment)
    book.close()
    file.seek(0)
    return file


def csv_cell(value: Any) -> str:
    """Return a value as a cell of a CSV file: exact digits, ISO dates, harmless text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    return safe_text(_text(value))


def safe_text(text: str) -> str:
    """Return text that no spreadsheet runs as a formula; what is a number keeps its sign."""
    if text.startswith(FORMULA_STARTS) and not NUMBER.fullmatch(text):
        return f"'{text}"
    return text


def original_text(text: str) -> str:
    """Return the text that ``safe_text`` was given, so that an exported file can be imported again."""
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA_STARTS) else text


def in_pieces(lines: Iterable[str]) -> Iterator[str]:
    """Join lines to pieces that are worth sending."""
    held: list[str] = []
    for line in lines:
        held.append(line)
        if len(held) == ENTRIES_A_PIECE:
            yield "".join(held)
            held = []
    if held:
        yield "".join(held)


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text


def _text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "; ".join(map(str, value))
    return str(value)


def _json_value(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime | date):
        return value.isoformat()
    if value is None or isinstance(value, str | bool | int | float):
        return value
    return [_json_value(item) for item in value] if isinstance(value, list | tuple) else str(value)


def _write(sheet: Any, row: int, place: int, value: Any, moment: Any) -> None:
    if value is None or value == "":
        return
    if isinstance(value, bool):
        sheet.write_boolean(row, place, value)
    elif isinstance(value, int | float | Decimal) and abs(float(value)) < XLSX_EXACT:
        sheet.write_number(row, place, value)
    elif isinstance(value, datetime) and value.year >= 1900:
        sheet.write_datetime(row, place, value, moment)
    elif isinstance(value, date) and value.year >= 1900:
        sheet.write_datetime(row, place, value)
    else:
        sheet.write_string(row, place, _fitting(_text(value)))


def _fitting(text: str) -> str:
    return text[:XLSX_TEXT]
