"""Keep the records of a batch that wait: one COPY and one upsert, as for those that are written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from django.db import connection

from common.sql import load_sql
from sync.pipeline.batch import Row, Run
from sync.pipeline.copytext import copy_text


def store_waiting(run: Run, rows: Sequence[Row]) -> None:
    """Store ``rows`` as pending records, in the place of what waited under their external ids."""
    missing = [run.waiting[row.index] for row in rows]
    data = copy_text(
        [
            [row.record.external_id for row in rows],
            [msgspec.json.encode(row.record).decode() for row in rows],
            [row.time for row in rows],
            [item.code for item in missing],
            [item.field for item in missing],
            [item.detail for item in missing],
            [_json(item.candidates) for item in missing],
            [item.resource for item in missing],
            [item.source_id for item in missing],
            [item.external_id for item in missing],
        ]
    )
    params: dict[str, Any] = {"source": run.source.pk, "resource": run.resource.key, "batch": run.batch_id}
    with connection.cursor() as cursor:
        cursor.execute(load_sql("sync", "waiting_stage"))
        with cursor.copy(load_sql("sync", "waiting_copy")) as copy:
            copy.write(data)
        cursor.execute(load_sql("sync", "waiting_upsert"), params)
        cursor.execute(load_sql("sync", "waiting_unstage"))


def _json(value: Any) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()
