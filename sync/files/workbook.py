"""Excel workbooks: checked before they are opened, then read as what their cells really are."""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from html import unescape
from pathlib import Path
from typing import Any, NamedTuple

import python_calamine

from sync.files.errors import FileError

COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # how old Excel files and encrypted new ones begin
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
# A sheet of a million rows and twenty columns unpacks to this; what is larger is a bomb or better sent as CSV.
MOST_UNPACKED = 768 * 1024 * 1024
STEP = 1024 * 1024
CORRUPT = "The workbook is damaged. Open it in a spreadsheet program, save it anew as .xlsx, and upload that."
CELL = rb'<c\s+r="([A-Z]{1,3}\d{1,7})"'
FORMULA = rb"<f(?:\s[^>]*)?(?:/>|>[^<]*</f>)"
NO_RESULT = re.compile(CELL + rb"[^>]*>" + FORMULA + rb"(?:<v\s*/>|<v></v>)?</c>")
ERROR = re.compile(CELL + rb'[^>]*\st="e"[^>]*>(?:' + FORMULA + rb")?<v>([^<]{1,40})</v>")
SHEET = re.compile(r'<(?:\w+:)?sheet\s[^>]*?name="([^"]*)"[^>]*?r:id="([^"]*)"')
RELATION = re.compile(r"<Relationship\s[^>]*>")
LONGEST_MATCH = 16_384


class Sheet(NamedTuple):
    """A sheet's rows, and what its heading has merged."""

    rows: Iterator[list[Any]]
    merged: list[tuple[tuple[int, int], tuple[int, int]]]


def looks_like_workbook(start: bytes) -> bool:
    """Whether a file that begins so is a workbook, be it readable or not."""
    return start.startswith((b"PK\x03\x04", b"PK\x05\x06", COMPOUND))


def sheet_names(path: Path) -> list[str]:
    """Check the workbook and return the names of its sheets, hidden ones last. Raises FileError."""
    _refuse_unreadable(path)
    with _open(path) as book:
        sheets = [
            item for item in book.sheets_metadata if item.typ == python_calamine.SheetTypeEnum.WorkSheet
        ]
        shown = python_calamine.SheetVisibleEnum.Visible
        names = [item.name for item in sorted(sheets, key=lambda item: item.visible != shown)]
    if not names:
        raise FileError("The workbook has no sheet with cells.")
    return names


def read_sheet(path: Path, name: str) -> Sheet:
    """Return a sheet of a workbook that ``sheet_names`` has checked. Raises FileError for cells without value."""
    book = _open(path)
    try:
        sheet = book.get_sheet_by_name(name)
        merged = sheet.merged_cell_ranges or []
    except python_calamine.WorksheetNotFound:
        raise FileError(
            f"There is no sheet “{name[:60]}” in the workbook any more. Choose another."
        ) from None
    except Exception as error:
        raise FileError(CORRUPT) from error
    _refuse_worthless_cells(path, name)
    return Sheet(_rows(sheet), list(merged))


def _rows(sheet: Any) -> Iterator[list[Any]]:
    first = sheet.start
    if first is None:
        return
    # Numbers of rows are those that people see, so blank ones on top count.
    left: list[Any] = [""] * first[1]
    for _ in range(first[0]):
        yield []
    for row in sheet.iter_rows():
        yield left + [_cell(cell) for cell in row]


def _cell(cell: Any) -> Any:
    kind = type(cell)
    if kind is str or kind is bool or kind is int:
        return cell
    if kind is float:
        return int(cell) if cell.is_integer() and abs(cell) < 2**53 else cell
    if isinstance(cell, datetime):
        return cell.replace(tzinfo=UTC)
    if isinstance(cell, date):
        return datetime(cell.year, cell.month, cell.day, tzinfo=UTC)
    if isinstance(cell, time | timedelta):
        return str(cell)
    return "" if cell is None else str(cell)


def _open(path: Path) -> python_calamine.CalamineWorkbook:
    try:
        return python_calamine.CalamineWorkbook.from_path(str(path))
    except python_calamine.PasswordError as error:
        raise FileError(_locked()) from error
    except Exception as error:  # the reader is written in another language and raises what it likes
        raise FileError(CORRUPT) from error


def _locked() -> str:
    return (
        "The workbook is protected by a password. In Excel take it off under File, Info, Protect Workbook, Encrypt "
        "with Password, and upload the file again."
    )


def _refuse_unreadable(path: Path) -> None:
    with path.open("rb") as file:
        if file.read(8) == COMPOUND:
            file.seek(0)
            if any(ENCRYPTED in piece for piece in iter(lambda: file.read(STEP), b"")):
                raise FileError(_locked())
            raise FileError(
                "This is an Excel file of the old kind (.xls). Save it as .xlsx or CSV and upload that."
            )
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise FileError(CORRUPT) from error
    if not any(item.filename == "xl/workbook.xml" for item in entries):
        raise FileError("This archive is no Excel workbook. Upload an .xlsx or a CSV file.")
    total = 0
    with path.open("rb") as file:
        for item in entries:
            total += _unpacked(file, item, MOST_UNPACKED - total)


def _unpacked(file: Any, item: zipfile.ZipInfo, most: int) -> int:
    """Unpack an entry without keeping it; return its true size, whatever the archive says about it."""
    file.seek(item.header_offset)
    header = file.read(30)
    if len(header) < 30 or header[:4] != b"PK\x03\x04":
        raise FileError(CORRUPT)
    name_length, extra_length = struct.unpack("<HH", header[26:30])
    file.seek(name_length + extra_length, 1)
    left, size = item.compress_size, 0
    if item.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise FileError(CORRUPT)
    inflate = zlib.decompressobj(-zlib.MAX_WBITS) if item.compress_type == zipfile.ZIP_DEFLATED else None
    while left > 0:
        packed = file.read(min(STEP, left))
        if not packed:
            raise FileError(CORRUPT)
        left -= len(packed)
        while packed:
            try:
                plain = inflate.decompress(packed, STEP) if inflate else packed
            except zlib.error as error:
                raise FileError(CORRUPT) from error
            packed = inflate.unconsumed_tail if inflate else b""
            size += len(plain)
            if size > most:
                raise FileError(
                    "The workbook unpacks to more than 768 MB. Save the sheet as CSV, or split it, and upload that."
                )
    return size


def _refuse_worthless_cells(path: Path, name: str) -> None:
    """Refuse a sheet with formulas whose result isn't stored, and with errors: both would be read as empty."""
    with zipfile.ZipFile(path) as archive:
        entry = _entries(archive).get(name, "")
        if entry not in archive.namelist():
            return
        tail = b""
        with archive.open(entry) as file:
            while piece := file.read(STEP):
                xml = tail + piece
                if found := NO_RESULT.search(xml):
                    raise FileError(
                        f"Cell {found[1].decode()} holds a formula whose result isn't stored in the file. Open the "
                        "workbook in a spreadsheet program, save it there, and upload it again."
                    )
                if found := ERROR.search(xml):
                    raise FileError(
                        f"Cell {found[1].decode()} shows the error {found[2].decode(errors='replace')}. Mend or empty "
                        "it, and upload the file again."
                    )
                tail = xml[-LONGEST_MATCH:]


def _entries(archive: zipfile.ZipFile) -> dict[str, str]:
    """Return where in the archive each sheet lies, by its name."""
    try:
        book = archive.read("xl/workbook.xml").decode(errors="replace")
        relations = archive.read("xl/_rels/workbook.xml.rels").decode(errors="replace")
    except KeyError:
        return {}
    targets = {}
    for relation in RELATION.findall(relations):
        held = dict(re.findall(r'(\w+)="([^"]*)"', relation))
        target = held.get("Target", "")
        targets[held.get("Id", "")] = target.removeprefix("/") if target.startswith("/") else f"xl/{target}"
    return {unescape(name): targets.get(number, "") for name, number in SHEET.findall(book)}
