"""A program of its own that opens a workbook and writes what a sheet holds to its output.

The reader allots memory for every cell between the outermost ones and a copy of each repeated text, and ends its whole
process where there is none left: a workbook of five kilobytes may ask for terabytes. So it gets a process with limits,
which imports nothing of ours. It writes frames, each a length of four bytes and MessagePack: a ``Head``, then rows by
the thousand, then an empty frame; output without that was cut short.
"""

from __future__ import annotations

import resource
import struct
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import python_calamine

LENGTH = struct.Struct(">I")
ROWS_IN_FRAME = 1000
# One more than a cell may hold: enough to be refused for it.
LONGEST_TEXT = 131_073
PASSWORD, DAMAGED, NO_SUCH_SHEET = "password", "damaged", "no such sheet"


class Head(msgspec.Struct):
    """The sheets of a workbook, hidden ones last, and what the asked one has merged; or what is wrong."""

    problem: str = ""
    names: list[str] = []
    merged: list[tuple[tuple[int, int], tuple[int, int]]] = []


def main(path: str, sheet: str, memory: int, seconds: int) -> None:
    """Write the head of a workbook, and the rows of ``sheet`` unless it is empty, within limits."""
    _limit(resource.RLIMIT_AS, memory)
    _limit(resource.RLIMIT_CPU, seconds)
    # Where the whole machine runs short, this is the process to lose.
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")
    head = Head()
    rows: Iterator[list[Any]] = iter(())
    try:
        book = python_calamine.CalamineWorkbook.from_path(path)
        head.names = _names(book)
        if sheet:
            held = book.get_sheet_by_name(sheet)
            head.merged = held.merged_cell_ranges or []
            rows = _rows(held)
    except python_calamine.PasswordError:
        head.problem = PASSWORD
    except python_calamine.WorksheetNotFound:
        head.problem = NO_SUCH_SHEET
    except Exception:  # noqa: BLE001 - the reader is written in another language and raises what it likes
        head.problem = DAMAGED
    _write(head)
    if not head.problem:
        while some := list(islice(rows, ROWS_IN_FRAME)):
            _write(some)
    sys.stdout.buffer.write(LENGTH.pack(0))


def _limit(which: int, most: int) -> None:
    with suppress(ValueError, OSError):
        _, hard = resource.getrlimit(which)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(which, (most, most))


def _names(book: Any) -> list[str]:
    sheets = [item for item in book.sheets_metadata if item.typ == python_calamine.SheetTypeEnum.WorkSheet]
    shown = python_calamine.SheetVisibleEnum.Visible
    return [item.name for item in sorted(sheets, key=lambda item: item.visible != shown)]


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
    if kind is str:
        return cell[:LONGEST_TEXT]
    if kind is bool or kind is int:
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


def _write(frame: Head | Iterable[Any]) -> None:
    data = msgspec.msgpack.encode(frame)
    sys.stdout.buffer.write(LENGTH.pack(len(data)))
    sys.stdout.buffer.write(data)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
