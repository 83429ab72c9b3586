"""Whose turn it is to write a resource."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from zlib import crc32

from django.db import connection

from sync.declarations import Resource
from sync.models import Source

LOCK_CLASS = crc32(b"sync.resource") - 2**31


def lock_together(*, resources: Iterable[Resource], sources: Sequence[Source]) -> None:
    """Wait for the turn of several resources, of streams from each of ``sources``; held until the transaction ends.

    Whoever writes more than one resource in a transaction takes their locks with this first. It takes them in the
    order of their keys, whoever asks, so that no two wait for each other.
    """
    for resource in sorted(resources, key=lambda item: item.key):
        for source in sorted(sources, key=lambda item: item.pk) if resource.stream else [None]:
            lock_resource(resource, source)


def lock_resource(resource: Resource, source: Source | None) -> tuple[int, int]:
    """Wait for the resource's turn; return a new batch's id and the transaction's id.

    One batch at a time writes a resource (of a stream: from one source), so batches can't deadlock and what
    one compares is what it writes over. Held until the transaction ends.
    """
    name = f"{resource.key}:{source.pk}" if resource.stream and source else resource.key
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK_CLASS, crc32(name.encode()) - 2**31])
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence('sync_batch', 'id')), pg_current_xact_id()::text::bigint"
        )
        batch_id, xid = cursor.fetchone()
    return batch_id, xid
