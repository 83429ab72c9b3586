"""Excel workbooks: checked before they are opened, then read as what their cells really are."""

from __future__ import annotations

import posixpath
import re
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Generator, Iterator
from functools import cache
from html import unescape
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from sync.files import sheets
from sync.files.errors import FileError

COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # how old Excel files and encrypted new ones begin
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
# A sheet of a million rows and twenty columns unpacks to this; what is larger is a bomb or better sent as CSV.
MOST_UNPACKED = 768 * 1024 * 1024
# What opening such a sheet takes, with room to spare.
MOST_MEMORY = 4 * 1024**3
MOST_SECONDS = 300
STEP = 1024 * 1024
CORRUPT = "The workbook is damaged. Open it in a spreadsheet program, save it anew as .xlsx, and upload that."
UNOPENABLE = (
    "The workbook can't be opened: its cells lie too far apart or hold too much, or it is damaged. Delete what lies "
    "outside the table, or save the sheet as CSV, and upload that."
)
TAG = re.compile(r"<(?:\w+:)?(sheet|Relationship)\s([^>]*)>")
ATTRIBUTE = re.compile(r"""([\w:]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
NAMESPACE = re.compile(rb"<(\w+:)?worksheet[\s>]")
PLACE = re.compile(rb"""\sr\s*=\s*["']([A-Z]{1,3}\d{1,7})["']""")
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
    frames = _frames(path, "")
    names = _head(frames, "").names
    frames.close()
    if not names:
        raise FileError("The workbook has no sheet with cells.")
    return names


def read_sheet(path: Path, name: str) -> Sheet:
    """Return a sheet of a workbook that ``sheet_names`` has checked. Raises FileError, also while rows are taken."""
    frames = _frames(path, name)
    head = _head(frames, name)
    _refuse_worthless_cells(path, name)
    return Sheet((row for frame in frames for row in _rows.decode(frame)), head.merged)


_heads = msgspec.msgpack.Decoder(sheets.Head)
_rows = msgspec.msgpack.Decoder(list[list[Any]])


def _frames(path: Path, sheet: str) -> Generator[bytes]:
    """Yield what the reader writes about a workbook; it lives no longer than whoever asks."""
    program = [sys.executable, "-I", sheets.__file__, str(path), sheet, str(MOST_MEMORY), str(MOST_SECONDS)]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as reader:
        assert reader.stdout is not None
        try:
            while length := sheets.LENGTH.unpack(_exactly(reader.stdout, sheets.LENGTH.size))[0]:
                yield _exactly(reader.stdout, length)
        finally:
            reader.kill()


def _exactly(stream: Any, length: int) -> bytes:
    data: bytes = stream.read(length)
    if len(data) < length:
        raise FileError(UNOPENABLE)
    return data


def _head(frames: Iterator[bytes], sheet: str) -> sheets.Head:
    head = _heads.decode(next(frames))
    if head.problem == sheets.PASSWORD:
        raise FileError(_locked())
    if head.problem == sheets.NO_SUCH_SHEET:
        raise FileError(f"There is no sheet “{sheet[:60]}” in the workbook any more. Choose another.")
    if head.problem:
        raise FileError(CORRUPT)
    return head


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


class _Worthless(NamedTuple):
    """How cells without a value look in the XML of a sheet."""

    no_result: re.Pattern[bytes]
    error: re.Pattern[bytes]


@cache
def _worthless(prefix: bytes) -> _Worthless:
    """Return the patterns for a sheet whose tags have a prefix; programs write attributes in any order."""
    p = re.escape(prefix)
    cell = rb"<" + p + rb"c(\s[^>]*)?>\s*"
    formula = rb"<" + p + rb"f(?:\s[^>]*)?(?:/>|>[^<]*</" + p + rb"f>)\s*"
    empty = rb"(?:<" + p + rb"v(?:\s[^>]*)?(?:/>|>\s*</" + p + rb"v>)\s*)?"
    error = rb"<" + p + rb"""c(?=\s)([^>]*\st\s*=\s*["']e["'][^>]*)>\s*"""
    shown = rb"(?:<" + p + rb"v(?:\s[^>]*)?>([^<]{1,40}))?"
    return _Worthless(
        re.compile(cell + formula + empty + rb"</" + p + rb"c>"),
        re.compile(error + rb"(?:" + formula + rb")?" + shown),
    )


def _refuse_worthless_cells(path: Path, name: str) -> None:
    """Refuse a sheet with formulas whose result isn't stored, and with errors: both would be read as empty."""
    with zipfile.ZipFile(path) as archive:
        entry = _entry(archive, name)
        tail = b""
        patterns: _Worthless | None = None
        with archive.open(entry) as file:
            while piece := file.read(STEP):
                xml = tail + piece
                if patterns is None:
                    root = NAMESPACE.search(xml)
                    patterns = _worthless((root[1] if root else None) or b"")
                if found := patterns.no_result.search(xml):
                    raise FileError(
                        f"Cell {_place(found[1])} holds a formula whose result isn't stored in the file. Open the "
                        "workbook in a spreadsheet program, save it there, and upload it again."
                    )
                if found := patterns.error.search(xml):
                    shown = (found[2] or b"").decode(errors="replace").strip() or "of a formula"
                    raise FileError(
                        f"Cell {_place(found[1])} shows the error {shown}. Mend or empty it, and upload the file again."
                    )
                tail = xml[-LONGEST_MATCH:]


def _place(attributes: bytes | None) -> str:
    found = PLACE.search(attributes or b"")
    return found[1].decode() if found else "without a place"


def _entry(archive: zipfile.ZipFile, name: str) -> str:
    """Return where in the archive a sheet lies. Raises FileError where that isn't said: it can't be checked then."""
    entries = {entry.lower(): entry for entry in archive.namelist()}
    try:
        book = archive.read("xl/workbook.xml").decode(errors="replace")
        relations = archive.read(entries["xl/_rels/workbook.xml.rels"]).decode(errors="replace")
    except KeyError:
        raise FileError(CORRUPT) from None
    targets = {held.get("Id", ""): held.get("Target", "") for held in _tags(relations, "Relationship")}
    for held in _tags(book, "sheet"):
        if held.get("name") == name:
            number = next((value for key, value in held.items() if key.endswith(":id")), "")
            target = targets.get(number, "").replace("\\", "/")
            inside = target.startswith(("/", "xl/"))
            path = posixpath.normpath(target.lstrip("/") if inside else f"xl/{target}")
            if path.lower() in entries:
                return entries[path.lower()]
    raise FileError(CORRUPT)


def _tags(xml: str, kind: str) -> Iterator[dict[str, str]]:
    for tag, attributes in TAG.findall(xml):
        if tag == kind:
            yield {key: unescape(double or single) for key, double, single in ATTRIBUTE.findall(attributes)}
