"""From a file to blocks of cells and what its columns hold. Nothing is imported here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any

from sync.files.columns import ColumnJudge, blank_cell, looks_like_data
from sync.files.delimited import (
    LONGEST_CELL,
    MOST_COLUMNS,
    detect_delimiter,
    detect_encoding,
    read_delimited,
)
from sync.files.errors import FileError
from sync.files.storage import Block
from sync.files.workbook import looks_like_workbook, read_sheet, sheet_names
from sync.pipeline.decode import MAX_RECORDS

MOST_ROWS = 1_000_000
LONGEST_HEADING = 255
# The last column of a file of rejected rows; coming back it is no data.
REASON = "Why it was rejected"


@dataclass
class Reading:
    """How a file is read: what was found out, and what a person chose instead.

    ``kind`` is ``csv`` or ``xlsx``; ``heading`` is ``yes``, ``no`` or ``ask``.
    """

    kind: str = ""
    encoding: str = ""
    encoding_is_sure: bool = True
    delimiter: str = ""
    sheet: str = ""
    sheets: list[str] = field(default_factory=list)
    heading: str = ""
    short_rows: int = 0
    ragged_rows: int = 0


@dataclass
class Table:
    """The columns of a file by place, and its blocks to be taken one by one."""

    reading: Reading
    names: list[str]
    places: list[int]
    judges: list[ColumnJudge]
    blocks: Iterator[Block]


def read_table(path: Path, reading: Reading) -> Table:
    """Open a file and return its table; what ``reading`` leaves open is found out and noted there.

    Raises FileError, also while the blocks are taken. The judges have seen everything when they all are.
    """
    rows, merged = _rows(path, reading)
    numbered = (
        (number, row)
        for number, row in enumerate(rows, 1)
        # Nearly every row of text shows with its first letter that it isn't blank.
        if (row and type(row[0]) is str and row[0][:1] > " ") or not all(map(blank_cell, row))
    )
    try:
        number, first = next(numbered)
    except StopIteration:
        raise FileError("The file is empty. Upload one with a heading and rows below it.") from None
    following = next(numbered, None)
    if not reading.heading:
        reading.heading = "ask" if looks_like_data(first) else "yes"
    _refuse_merged(merged, number)
    if reading.heading == "yes":
        if following is None:
            raise FileError("There is a heading, but no rows below it. Nothing is imported.")
        names = _names(first, following[1], number)
        body: Iterable[tuple[int, list[Any]]] = chain([following], numbered)
    else:
        # Until somebody has said whether row 1 is a heading, it is shown as a row.
        names = [f"Column {letter(place)}" for place in range(len(first))]
        body = chain([(number, first)], [following] if following else [], numbered)
    if len(names) > MOST_COLUMNS:
        raise FileError(
            f"The file has {len(names)} columns; up to {MOST_COLUMNS} can be taken. Leave some out."
        )
    if merged:
        body = _refuse_merged_rows(body, merged)
    places = [place for place, name in enumerate(names) if name and name != REASON]
    judges = [ColumnJudge() for _ in places]
    nameless = [place for place, name in enumerate(names) if not name]
    blocks = _blocks(body, len(names), places, nameless, judges, reading)
    return Table(reading, [names[place] for place in places], places, judges, blocks)


def letter(place: int) -> str:
    """Return a column's letters, as spreadsheets count: A, B, … Z, AA."""
    text = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        text = chr(65 + rest) + text
    return text


def _rows(path: Path, reading: Reading) -> tuple[Iterator[list[Any]], list[Any]]:
    with path.open("rb") as file:
        start = file.read(8)
    if not start:
        raise FileError("The file is empty. Upload one with a heading and rows below it.")
    if looks_like_workbook(start):
        reading.kind = "xlsx"
        reading.sheets = sheet_names(path)
        reading.sheet = reading.sheet or reading.sheets[0]
        sheet = read_sheet(path, reading.sheet)
        return sheet.rows, sheet.merged
    reading.kind = "csv"
    if not reading.encoding:
        reading.encoding, reading.encoding_is_sure = detect_encoding(path)
    if not reading.delimiter:
        reading.delimiter = detect_delimiter(path, reading.encoding)
    return read_delimited(path, reading.encoding, reading.delimiter), []


def _refuse_merged(merged: list[Any], heading: int) -> None:
    for (top, left), (bottom, right) in merged:
        if top <= heading - 1 <= bottom and (top, left) != (bottom, right):
            cells = f"{letter(left)}{top + 1}:{letter(right)}{bottom + 1}"
            raise FileError(
                f"The heading holds merged cells ({cells}). Unmerge them, give each column its own name in one row, "
                "and upload the file again."
            )


def _refuse_merged_rows(
    body: Iterable[tuple[int, list[Any]]], merged: list[Any]
) -> Iterator[tuple[int, list[Any]]]:
    """Yield the rows; refuse those that share a value with others, since all but the first would be read as empty."""
    starts: dict[int, list[Any]] = defaultdict(list)
    for (top, left), (bottom, right) in merged:
        if (top, left) != (bottom, right):
            starts[top + 1].append((left, f"{letter(left)}{top + 1}:{letter(right)}{bottom + 1}"))
    for number, row in body:
        for left, cells in starts.get(number, ()):
            if left < len(row) and not blank_cell(row[left]):
                raise FileError(
                    f"Cells {cells} are merged, so that only the first of them holds the value. Unmerge them, write "
                    "the value into each row that it is meant for, and upload the file again."
                )
        yield number, row


def _names(heading: list[Any], following: list[Any], number: int) -> list[str]:
    names = [" ".join(str(cell).split()) for cell in heading]
    wide = len(following)
    while wide and following[wide - 1] == "":
        wide -= 1
    if len([name for name in names if name]) == 1 and wide > 1:
        raise FileError(
            f"Row {number} has one heading for {wide} columns. Take out titles above the heading, so that the "
            "first row names the columns."
        )
    for place, name in enumerate(names):
        if "\x00" in name:
            raise FileError(f"The heading of column {letter(place)} holds a NUL character. Write it anew.")
        if len(name) > LONGEST_HEADING:
            raise FileError(
                f"The heading of column {letter(place)} is longer than {LONGEST_HEADING} characters."
            )
    seen: dict[str, int] = {}
    for place, name in enumerate(names):
        if name and name.casefold() in seen:
            raise FileError(
                f"Columns {letter(seen[name.casefold()])} and {letter(place)} are both called “{name}”. Give each "
                "column a name of its own."
            )
        seen[name.casefold()] = place
    return names


def _blocks(
    body: Iterable[tuple[int, list[Any]]],
    width: int,
    places: list[int],
    nameless: list[int],
    judges: list[ColumnJudge],
    reading: Reading,
) -> Iterator[Block]:
    numbers: list[int] = []
    rows: list[list[Any]] = []
    total, most = 0, width + MOST_COLUMNS
    for number, row in body:
        numbers.append(number)
        # Ten thousand rows are held at a time, each with no more than is told of it.
        rows.append(row if len(row) <= most else row[:most])
        if total + len(rows) > MOST_ROWS:
            raise FileError(
                f"The file has more than {MOST_ROWS:,} rows. Split it and upload the parts one after the other."
            )
        if len(rows) == MAX_RECORDS:
            total += len(rows)
            yield _block(numbers, rows, width, places, nameless, judges, reading)
            numbers, rows = [], []
    if rows:
        yield _block(numbers, rows, width, places, nameless, judges, reading)


def _block(
    numbers: list[int],
    rows: list[list[Any]],
    width: int,
    places: list[int],
    nameless: list[int],
    judges: list[ColumnJudge],
    reading: Reading,
) -> Block:
    ragged: dict[int, list[Any]] = {}
    widths = set(map(len, rows))
    if widths == {width}:
        columns = list(zip(*rows, strict=True))
    else:
        for index, row in enumerate(rows):
            if beyond := [cell for cell in row[width:] if not blank_cell(cell)]:
                ragged[index] = beyond
                reading.ragged_rows += 1
            elif len(row) < width:
                reading.short_rows += 1
        columns = list(zip_longest(*(row[:width] for row in rows), [""] * width, fillvalue=""))
        columns = [column[: len(rows)] for column in columns]
    kept = []
    for place, judge in zip(places, judges, strict=True):
        cells = list(columns[place])
        _refuse_huge(cells, numbers, place)
        judge.add(numbers, cells)
        kept.append(cells)
    for place in nameless:
        _refuse_nameless(columns[place], place, numbers)
    return Block(list(numbers), kept, ragged)


def _refuse_huge(cells: list[Any], numbers: list[int], place: int) -> None:
    if max(map(_length, cells)) > LONGEST_CELL:
        row = next(
            number for number, cell in zip(numbers, cells, strict=True) if _length(cell) > LONGEST_CELL
        )
        raise FileError(f"Cell {letter(place)}{row} holds more than {LONGEST_CELL:,} characters. Shorten it.")


_length: Callable[[Any], int] = lambda cell: len(cell) if type(cell) is str else 0  # noqa: E731 - called per cell


def _refuse_nameless(cells: Sequence[Any], place: int, numbers: list[int]) -> None:
    for number, cell in zip(numbers, cells, strict=True):
        if not blank_cell(cell):
            raise FileError(
                f"Column {letter(place)} holds cells (row {number}) but has no heading. Give it one, or empty it."
            )
