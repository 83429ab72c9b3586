"""Where uploaded files and their cells lie: in the database, in bounded pieces.

Web and worker may be different machines, and what belongs to an import commits, is backed up and goes away
with it. A piece is small enough for any server's memory.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from sync.models import Import, ImportBlock, ImportPart

PART_BYTES = 1024 * 1024

# A real date of a spreadsheet is kept as a time in UTC, which no text and no number ever is.
Cell = str | int | float | bool | datetime | None


class Block(NamedTuple):
    """Rows as read: their numbers in the file, their cells by column, and of rows with too many what is beyond."""

    numbers: list[int]
    columns: list[list[Any]]
    ragged: dict[int, list[Any]]


class RowReport(msgspec.Struct, array_like=True, gc=False):
    """What became, or would become, of one row.

    ``changes`` holds (field, before, after) of an update; ``errors`` (field, code, detail). ``waits_for`` is the
    external id of another record of this kind and source that the row waits for.
    """

    status: str
    external_id: str | None = None
    object_id: str | None = None
    errors: list[tuple[str, str, str]] = []
    changes: list[tuple[str, Any, Any]] = []
    waits_for: str | None = None


_blocks = msgspec.msgpack.Decoder(Block)
_reports = msgspec.msgpack.Decoder(list[RowReport])


def store_parts(imported: Import, pieces: Iterable[bytes]) -> tuple[int, bytes]:
    """Keep the bytes of a file; return their number and SHA-256."""
    digest = hashlib.sha256()
    size = position = 0
    held = b""

    def keep(data: bytes) -> None:
        nonlocal position
        ImportPart.objects.create(imported=imported, position=position, data=data)
        position += 1

    for piece in pieces:
        digest.update(piece)
        size += len(piece)
        held += piece
        while len(held) >= PART_BYTES:
            keep(held[:PART_BYTES])
            held = held[PART_BYTES:]
    if held:
        keep(held)
    return size, digest.digest()


@contextmanager
def as_file(imported: Import) -> Iterator[Path]:
    """Give the file on disk for as long as it is read."""
    with tempfile.NamedTemporaryFile(prefix="abe-import-") as file:
        parts = imported.parts.order_by("position")
        for position in parts.values_list("position", flat=True):
            file.write(parts.values_list("data", flat=True).get(position=position))
        file.flush()
        yield Path(file.name)


def pack(block: Block) -> bytes:
    """Return a block as it is stored."""
    return msgspec.msgpack.encode(block)


def cells_of(block: ImportBlock) -> Block:
    """Return the cells of a stored block."""
    return _blocks.decode(block.cells)


def pack_report(rows: Sequence[RowReport]) -> bytes:
    """Return the reports of a block's rows as they are stored."""
    return msgspec.msgpack.encode(rows)


def report_of(block: ImportBlock) -> list[RowReport]:
    """Return what became of each row of a block, empty where it hasn't been tried yet."""
    return _reports.decode(block.report) if block.report else []
