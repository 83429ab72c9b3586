"""Text with separators: which encoding, which delimiter, and its rows."""

from __future__ import annotations

import codecs
import csv
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from charset_normalizer import from_bytes

from sync.files.errors import FileError

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
ENCODINGS = {
    "utf-8": "UTF-8",
    "utf-16": "UTF-16",
    "cp1252": "Western European (Windows-1252)",
    "iso8859_15": "Western European (ISO 8859-15)",
    "cp1250": "Central European (Windows-1250)",
    "cp1251": "Cyrillic (Windows-1251)",
    "cp1253": "Greek (Windows-1253)",
    "cp1254": "Turkish (Windows-1254)",
    "cp932": "Japanese (Shift JIS)",
    "gb18030": "Chinese, simplified (GB 18030)",
    "big5": "Chinese, traditional (Big5)",
    "cp949": "Korean (Windows-949)",
    "mac_roman": "Mac Roman",
}
BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
GUESSED_FROM = 262_144
STEP = 1024 * 1024
SAMPLE_ROWS = 200
LONGEST_CELL = 131_072
MOST_COLUMNS = 256


def detect_encoding(path: Path) -> tuple[str, bool]:
    """Return the encoding and whether the bytes prove it; read whole, since one letter may decide."""
    with path.open("rb") as file:
        start = file.read(4096)
        for bom, name in BOMS:
            if start.startswith(bom):
                return name, True
        decoder = codecs.getincrementaldecoder("utf-8")()
        foreign: bytes | None = None
        file.seek(0)
        try:
            while piece := file.read(STEP):
                decoder.decode(piece)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            file.seek(max(0, file.tell() - STEP))
            foreign = _around_foreign(file.read(STEP))
    if foreign is None:
        return "utf-8", True
    return _guess(foreign), False


def _guess(foreign: bytes) -> str:
    """Return the likeliest encoding; of equally likely ones the first listed, since that is the commoner."""
    order = [*ENCODINGS]
    guesses = [
        (round(match.chaos, 2), -round(match.coherence, 2), order.index(name))
        for match in from_bytes(foreign, cp_isolation=order[2:])
        for name in match.could_be_from_charset
        if name in ENCODINGS
    ]
    return order[min(guesses)[2]] if guesses else "cp1252"


def _around_foreign(piece: bytes) -> bytes:
    """Return the lines of ``piece`` with letters outside ASCII: they are what the guess is made from."""
    lines = [line for line in piece.split(b"\n") if not line.isascii()]
    return b"\n".join(lines)[:GUESSED_FROM]


def detect_delimiter(path: Path, encoding: str) -> str:
    """Return the delimiter that cuts the first rows most evenly, a comma where nothing is cut at all."""
    best, found = (0.0, 0), ","
    for delimiter in DELIMITERS:
        try:
            with path.open(encoding=_codec(encoding), newline="") as file:
                rows = [len(row) for row in islice(csv.reader(file, delimiter=delimiter), SAMPLE_ROWS) if row]
        except (csv.Error, UnicodeError):
            continue
        if not rows:
            continue
        width, count = Counter(rows).most_common(1)[0]
        score = (round(count / len(rows), 2), width)
        # Of two that cut alike the later: a comma also stands in amounts and names, the others hardly do.
        if width > 1 and score >= best:
            best, found = score, delimiter
    return found


def read_delimited(path: Path, encoding: str, delimiter: str) -> Iterator[list[Any]]:
    """Yield the rows, blank ones as empty lists. Raises FileError naming the row that can't be read."""
    row = 0
    csv.field_size_limit(LONGEST_CELL)
    try:
        with path.open(encoding=_codec(encoding), newline="") as file:
            reader = csv.reader(file, delimiter=delimiter, strict=True)
            for cells in reader:
                row += 1
                yield cells
    except csv.Error as error:
        raise FileError(_why(str(error), row + 1, delimiter)) from error
    except UnicodeError as error:
        name = ENCODINGS.get(encoding, encoding)
        raise FileError(
            f"Row {row + 1} or one soon after isn't {name}. Choose another encoding, or save the file as "
            "“CSV UTF-8”."
        ) from error


def _why(error: str, row: int, delimiter: str) -> str:
    if "field larger" in error:
        return (
            f"Row {row} holds a cell of more than {LONGEST_CELL:,} characters. Mostly a quotation mark that opens "
            "there is never closed; close it, or shorten the cell."
        )
    if "expected after" in error:
        return (
            f'Row {row} holds a quotation mark inside a quoted cell. Write it twice (""), or save the file anew '
            "from a spreadsheet."
        )
    if "unexpected end" in error:
        return f"From row {row} on a quotation mark is opened and never closed. Close it, or take it out."
    return f"Row {row} can't be read: {error}. Save the file anew as CSV from a spreadsheet."


def _codec(encoding: str) -> str:
    return "utf-8-sig" if encoding == "utf-8" else encoding
