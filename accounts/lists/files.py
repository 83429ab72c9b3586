"""Accounts named by the rows of a file: read as imports read files, looked up as pasted lines are."""

from __future__ import annotations

import hashlib
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from accounts.lists.models import ListFile
from accounts.lists.pasting import clean_line, look_up
from sync.files.errors import FileError
from sync.files.reading import Reading, read_table
from sync.files.suggest import suggest_columns
from sync.files.values import text
from sync.registry import resources

MOST_ROWS = 100_000
MOST_BYTES = 10 * 1024 * 1024
# The fields of an account that tell it apart, as columns of a file may hold them.
TELLING = ("external_id", "domain", "name")
FOUND, SEVERAL, UNKNOWN = "found", "several", "unknown"


@dataclass(frozen=True, slots=True)
class FileRow:
    """A row: its number in the file, its cells in the chosen columns, and the live accounts that they name.

    ``outcome`` is ``found`` for exactly one account, ``several`` or ``unknown``; ``why`` says it in words.
    """

    number: int
    cells: tuple[str, ...]
    accounts: frozenset[int]
    outcome: str
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class Matched:
    """A file's rows with what they name; ``names`` are all of its columns, ``columns`` those looked up."""

    reading: Reading
    names: Sequence[str]
    columns: Sequence[str]
    rows: Sequence[FileRow]

    @property
    def accounts(self) -> set[int]:
        """The accounts that rows name alone."""
        return {pk for row in self.rows if row.outcome == FOUND for pk in row.accounts}

    @property
    def counts(self) -> Counter[str]:
        """How many rows there are of each outcome."""
        return Counter(row.outcome for row in self.rows)

    @property
    def seen(self) -> str:
        """What a person who looked at it agrees to: a digest of the accounts."""
        return hashlib.sha256(repr(sorted(self.accounts)).encode()).hexdigest()[:16]


def match_file(kept: ListFile) -> Matched:
    """Read a file and look up its rows; a constant number of queries. Raises FileError.

    A row with several chosen columns names the accounts that all of its cells agree on, but for those that name none.
    """
    reading = msgspec.convert(kept.reading, Reading)
    with _on_disk(kept) as path:
        table = read_table(path, reading)
        numbers: list[int] = []
        cells: list[list[Any]] = [[] for _ in table.names]
        for block in table.blocks:
            numbers += block.numbers
            if len(numbers) > MOST_ROWS:
                raise FileError(f"The file has more than {MOST_ROWS:,} rows. Split it and upload the parts.")
            for column, more in zip(cells, block.columns, strict=True):
                column.extend(more)
    if reading.heading == "ask":
        reading.heading = "no"
    findings = [judge.finding() for judge in table.judges]
    columns = [name for name in table.names if name in kept.columns] or _suggested(table.names, findings)
    chosen = [cells[table.names.index(name)] for name in columns]
    told = [tuple(_told(cell) for cell in row) for row in zip(*chosen, strict=True)]
    hits = look_up({cell for row in told for cell, why in row if cell and not why})
    rows = [_row(number, row, hits) for number, row in zip(numbers, told, strict=True)]
    return Matched(reading=reading, names=table.names, columns=columns, rows=rows)


def _suggested(names: list[str], findings: list[dict[str, Any]]) -> list[str]:
    """Return the columns that seem to hold what tells accounts apart, else the first."""
    fields = suggest_columns(resources["accounts"], names, findings)
    return [name for name, field in zip(names, fields, strict=True) if field in TELLING] or names[:1]


def _told(cell: Any) -> tuple[str, str]:
    """Return a cell as it is looked up, and what is wrong with it."""
    try:
        return clean_line(text(cell)), ""
    except ValueError as error:
        return clean_line(str(cell)), str(error).partition("|")[2]


def _row(number: int, told: tuple[tuple[str, str], ...], hits: dict[str, set[int]]) -> FileRow:
    cells = tuple(cell for cell, _ in told)
    named = [hits[cell] for cell in cells if cell in hits]
    if not named:
        why = next((why for _, why in told if why), "") or (
            "No account has this number, id, domain or name." if any(cells) else "The chosen cells are empty."
        )
        return FileRow(number, cells, frozenset(), UNKNOWN, why)
    agreed = frozenset(set.intersection(*named))
    if len(agreed) == 1:
        return FileRow(number, cells, agreed, FOUND)
    if agreed:
        return FileRow(number, cells, agreed, SEVERAL, f"It names {len(agreed)} accounts.")
    return FileRow(number, cells, frozenset(set.union(*named)), SEVERAL, "Its cells name different accounts.")


@contextmanager
def _on_disk(kept: ListFile) -> Iterator[Path]:
    with tempfile.NamedTemporaryFile(prefix="abe-list-") as file:
        file.write(kept.data)
        file.flush()
        yield Path(file.name)
