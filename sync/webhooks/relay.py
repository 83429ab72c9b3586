"""Turn events into deliveries: one row for each endpoint that wants to know, in the order of the events.

The change log is the outbox of record events and ``OutboxEvent`` that of all others. Both are read in the order
of their transactions and short of the oldest one still running, so that a slow writer's events are never passed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from zlib import crc32

from django.db import connection, transaction

from common.sql import load_sql
from people.access import Access, access_of
from sync.events import EventKind, event_kinds
from sync.models import RelayPosition, WebhookEndpoint
from sync.webhooks.payload import Event, Teller

PAGE = 1_000
EVERY = "*"
LAST_ID = 2**63 - 1
BEFORE_ALL = (0, 0, 0)
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
LOCK = crc32(b"sync.webhooks.relay") - 2**31
CHANGES = 0
OUTBOX = 1

Position = tuple[int, int, int]


def relay_events() -> bool:
    """Make deliveries of the next page of events; return whether there was one.

    Where another worker is at it, nothing is done: events of an account must come in order. Deliveries and
    position commit together, so a killed worker costs a repeat of the page.
    """
    with transaction.atomic():
        if not _try_lock():
            return False
        endpoints = list(WebhookEndpoint.objects.exclude(state=WebhookEndpoint.State.DISABLED))
        position = read_position()
        if not endpoints or position is None:
            return False
        events, last = read_events(position)
        if last is None:
            return False
        write_deliveries(events, endpoints)
        RelayPosition.objects.update(xid=last[0], stream=last[1], event_id=last[2])
    return True


def begin_relay() -> None:
    """Have the relay start from now, where nobody has been told anything so far; call in a transaction."""
    lock_relay()
    if WebhookEndpoint.objects.exclude(state=WebhookEndpoint.State.DISABLED).exists():
        return
    with connection.cursor() as cursor:
        cursor.execute(load_sql("sync", "webhook_now"))
        xid = cursor.fetchone()[0]
    RelayPosition.objects.update_or_create(pk=1, defaults={"xid": xid, "stream": OUTBOX, "event_id": LAST_ID})


def lock_relay() -> None:
    """Hold the relay still until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def read_position() -> Position | None:
    """Return the last event that was relayed, None before the first endpoint."""
    row: Position | None = RelayPosition.objects.values_list("xid", "stream", "event_id").first()
    return row


def read_events(
    after: Position, *, until: Position | None = None, since: datetime = BEGINNING
) -> tuple[list[Event], Position | None]:
    """Return a page of events after a place, at most to another, and the place of the last row read.

    Rows that no declared kind stands for are passed over. The place is None where nothing follows.
    """
    kinds = _kinds()
    xid, stream, number = after
    params: dict[str, Any] = {
        "resources": sorted({resource for resource, _ in kinds if resource}),
        "after_xid": xid,
        "after_change": number if stream == CHANGES else LAST_ID,
        "after_event": number if stream == OUTBOX else 0,
        "until": until[0] if until else LAST_ID,
        "since": since,
        "limit": PAGE,
    }
    with connection.cursor() as cursor:
        cursor.execute(load_sql("sync", "webhook_events"), params)
        rows = cursor.fetchall()
    if until is not None:
        rows = [row for row in rows if (row[0], row[1], row[2]) <= until]
    if not rows:
        return [], None
    return list(_events(rows, kinds)), (rows[-1][0], rows[-1][1], rows[-1][2])


def write_deliveries(events: Sequence[Event], endpoints: Sequence[WebhookEndpoint]) -> int:
    """Write a waiting delivery of each event for each endpoint that subscribes to it; return how many.

    One that is there already stays as it is.
    """
    accesses: dict[str, Access] = {}
    teller = Teller(events)
    bodies: dict[tuple[str, str], str] = {}
    rows: list[tuple[WebhookEndpoint, Event, str]] = []
    for event in events:
        for endpoint in endpoints:
            if not wants(endpoint, event.kind.key):
                continue
            function = str(endpoint.function)
            key = (event.event_id, function)
            if key not in bodies:
                if function not in accesses:
                    accesses[function] = access_of(function)
                bodies[key] = teller.tell(event, accesses[function])
            rows.append((endpoint, event, bodies[key]))
    # Django's bulk_create took four times as long.
    with connection.cursor() as cursor:
        cursor.execute(
            load_sql("sync", "webhook_deliveries"),
            {
                "endpoints": [endpoint.pk for endpoint, _, _ in rows],
                "events": [event.event_id for _, event, _ in rows],
                "kinds": [event.kind.key for _, event, _ in rows],
                "accounts": [event.account_id for _, event, _ in rows],
                "bodies": [body for _, _, body in rows],
                "times": [event.happened_at for _, event, _ in rows],
            },
        )
    return len(rows)


def wants(endpoint: WebhookEndpoint, kind: str) -> bool:
    """Return whether an endpoint subscribes to a kind of event."""
    return EVERY in endpoint.kinds or kind in endpoint.kinds


def _kinds() -> dict[tuple[str, str], EventKind]:
    """Return the declared kinds by resource and kind of change, those that are emitted by ("", key)."""
    found: dict[tuple[str, str], EventKind] = {}
    for kind in event_kinds:
        if kind.resource:
            found |= {(kind.resource, change): kind for change in kind.changes}
        else:
            found["", kind.key] = kind
    return found


def _events(rows: Iterable[Any], kinds: dict[tuple[str, str], EventKind]) -> Iterator[Event]:
    for xid, stream, number, resource, word, account_id, before, after, guards, happened_at, source in rows:
        kind = kinds.get((resource, word))
        if kind is None:
            continue
        yield Event(
            kind=kind,
            xid=xid,
            stream=stream,
            id=number,
            change=word,
            account_id=account_id,
            before=_read(before),
            after=_read(after),
            guards=_read(guards) or {},
            happened_at=happened_at,
            source=source,
        )


def _read(text: str | None) -> Any:
    return None if text is None else json.loads(text)


def _try_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        return bool(cursor.fetchone()[0])
