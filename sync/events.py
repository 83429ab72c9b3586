"""Events: what other systems can be told of. An app declares its kinds in ``<app>/events.py``.

A kind is made from the change log of a resource (``resource`` and ``changes`` say which rows), or emitted by
whoever makes the change, in the same transaction.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection

from common.registry import Registry
from common.sql import load_sql
from sync.webhooks.wake import wake_relay_on_commit


@dataclass(frozen=True, kw_only=True, slots=True)
class EventKind:
    """One kind of event.

    ``members`` tells receivers what ``data`` holds beside the account. ``changes`` are kinds of change rows of
    ``resource``; both are empty for a kind that is emitted.
    """

    key: str
    label: str
    members: str
    resource: str = ""
    changes: tuple[str, ...] = ()


event_kinds: Registry[EventKind] = Registry("event", "events")


@dataclass(frozen=True, slots=True)
class Told:
    """One event to be written: the account, what is told of it, and what reading that takes."""

    account_id: int | None
    data: Mapping[str, Any]
    guards: Mapping[str, str]


def emit(
    *, event: str, account_id: int | None, data: Mapping[str, Any], guards: Mapping[str, str] | None = None
) -> None:
    """Write an event into the outbox, in the caller's transaction.

    ``data`` is plain JSON; ``guards`` names the category (or ``category:level``) that reading a member of it
    takes, several with blanks between them. Raises KeyError for an event that no app declares. SQL that emits
    many writes the table itself.
    """
    emit_many(event=event, told=[Told(account_id, data, guards or {})])


def emit_many(*, event: str, told: Iterable[Told]) -> None:
    """Write events of one kind into the outbox in one round trip; see ``emit``."""
    kind = event_kinds[event]
    rows = [
        {
            "kind": kind.key,
            "account": each.account_id,
            "data": json.dumps(dict(each.data)),
            "guards": json.dumps(dict(each.guards)),
        }
        for each in told
    ]
    with connection.cursor() as cursor:
        cursor.executemany(load_sql("sync", "emit"), rows)
    wake_relay_on_commit()
