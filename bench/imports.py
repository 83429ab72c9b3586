"""A CSV file of 100,000 accounts, from its bytes to the last record, against the same rows by the bulk API.

The API's side is a real gunicorn on loopback that takes ten calls of 10,000 records. The file's side is what the page
and the command do: keep the bytes, find out encoding and delimiter, judge every column from all of its cells, map
them, then import block by block with the report of every row.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

from bench.harness import Figure, interleave, median
from bench.sync import Api, Floor, records, scratch_database, server

FILES = 2
CALLS = 10
TARGET = 0.5
ROWS = 10_000 * CALLS
OWN = ("parent_id", "tier_id")


def run() -> Iterator[Figure]:
    """Measure files of new records, each in turn with as many by the API."""
    with scratch_database() as name, server(name) as port:
        from sync.services import issue_token

        token = issue_token(source="bench", scopes=["accounts:write"]).secret
        api = Api(port, token)
        floor = Floor()
        parents = api.make_parents(floor)
        bodies = iter(
            [[api.prepare(batch) for batch in batches("a", turn, parents)] for turn in range(FILES + 1)]
        )
        files = iter([csv_file(batches("f", turn, parents)) for turn in range(FILES + 1)])

        def by_api() -> None:
            for body in next(bodies):
                api.send(body)

        ours, theirs = interleave([lambda: by_file(next(files)), by_api], FILES)
        ratio = median(theirs) / median(ours)
        note = f"{ROWS / median(ours):,.0f} rows/s from the file, {ROWS / median(theirs):,.0f} by the API"
        floor.close()
        yield Figure("imports.csv", ratio, at_least=TARGET, note=note)


def batches(prefix: str, turn: int, parents: list[int]) -> list[list[dict[str, Any]]]:
    """Return the records of ten calls."""
    return [records(f"{prefix}{turn}{number}", 0, parents) for number in range(CALLS)]


def csv_file(batches: list[list[dict[str, Any]]]) -> bytes:
    """Return the records as a CSV file, as a CRM exports them."""
    file = io.StringIO()
    names = [name for name in batches[0][0] if name not in OWN]
    writer = csv.writer(file)
    writer.writerow(names)
    for record in (record for batch in batches for record in batch):
        cells = (record[name] for name in names)
        writer.writerow([";".join(cell) if isinstance(cell, list) else cell for cell in cells])
    return file.getvalue().encode()


def by_file(content: bytes) -> None:
    """Import one file, every row of which must be created."""
    from sync.files.services import begin_import, create_import
    from sync.files.tasks import work_off

    imported = create_import(source="bench", resource="accounts", file_name="bench.csv", pieces=[content])
    work_off(imported.pk, seconds=600)
    imported.refresh_from_db()
    begin_import(imported=imported)
    work_off(imported.pk, seconds=600)
    imported.refresh_from_db()
    assert imported.counts == {"created": ROWS}, json.dumps(imported.counts)
