"""Read a file into blocks and judge its columns."""

from __future__ import annotations

from typing import Any

import msgspec
from django.db import transaction

from sync.files.errors import FileError
from sync.files.plan import suggest_plan
from sync.files.reading import Reading, Table, letter, read_table
from sync.files.saved import saved_plan
from sync.files.steps.lock import locked, mark
from sync.files.storage import as_file, pack
from sync.models import Import, ImportBlock
from sync.registry import resources


@transaction.atomic
def read_import(pk: int) -> None:
    """Read the file of an import, or say why it can't be read; nothing where another worker is at it."""
    imported = locked(pk, Import.State.READING)
    if imported is None:
        return
    imported.blocks.all().delete()
    try:
        with transaction.atomic(), as_file(imported) as path:
            table = read_table(path, msgspec.convert(imported.reading, Reading))
            rows = _store(imported, table)
    except FileError as error:
        mark(imported, state=Import.State.UNREADABLE, error=str(error), rows=0)
        return
    columns: list[dict[str, Any]] = [
        {"name": name, "letter": letter(place), **judge.finding()}
        for name, place, judge in zip(table.names, table.places, table.judges, strict=True)
    ]
    resource = resources[imported.resource]
    zone = getattr(imported.created_by, "time_zone", "") or "UTC"
    plan = suggest_plan(
        resource,
        table.names,
        columns,
        zone=zone,
        saved=saved_plan(imported.source, resource.key, table.names),
    )
    mark(
        imported,
        state=Import.State.MAPPING,
        reading=msgspec.to_builtins(table.reading),
        columns=columns,
        plan=msgspec.to_builtins(plan),
        rows=rows,
        rows_done=rows,
        error="",
    )


def _store(imported: Import, table: Table) -> int:
    rows = 0
    for position, block in enumerate(table.blocks):
        ImportBlock.objects.create(
            imported=imported,
            position=position,
            first_row=block.numbers[0],
            rows=len(block.numbers),
            cells=pack(block),
        )
        rows += len(block.numbers)
    return rows
