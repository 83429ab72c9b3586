"""Whose turn it is: one worker at a time runs a connection, and a lost one is replaced after minutes."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from sync.connectors.errors import InterruptedRunError
from sync.models import Connection, ConnectorRun

# Longer than any page may take: a call gives up after less than a minute, the writing after some seconds.
LEASE = timedelta(minutes=3)
OPEN = (ConnectorRun.State.RUNNING, ConnectorRun.State.WAITING)


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to run a connection, and the run to go on with."""

    connection: Connection
    run: ConnectorRun
    lease: uuid.UUID


def free_at(now: datetime) -> Q:
    """Return the condition of a connection that nobody runs."""
    return Q(lease_until=None) | Q(lease_until__lt=now)


def due_connections(now: datetime) -> list[int]:
    """Return the ids of connections whose time has come, longest due first."""
    due = Connection.objects.filter(free_at(now), state=Connection.State.ACTIVE, next_run_at__lte=now)
    return list(due.order_by("next_run_at").values_list("pk", flat=True))


@transaction.atomic
def claim_connection(pk: int, now: datetime) -> Claim | None:
    """Take a due connection, and take up its open run or begin one; None where it isn't due or is taken.

    Skips a locked row, so that two workers never both take it.
    """
    due = Connection.objects.filter(free_at(now), pk=pk, state=Connection.State.ACTIVE, next_run_at__lte=now)
    connection = due.select_for_update(skip_locked=True, of=("self",)).select_related("source").first()
    if connection is None:
        return None
    connection.lease = uuid.uuid4()
    connection.lease_until = now + LEASE
    connection.save(update_fields=["lease", "lease_until"])
    run = connection.runs.filter(state__in=OPEN).first()
    if run is None:
        run = open_run(connection, now)
    else:
        if run.state == ConnectorRun.State.WAITING or run.error:
            run.attempts += 1
        run.state = ConnectorRun.State.RUNNING
        run.save(update_fields=["state", "attempts"])
    return Claim(connection, run, connection.lease)


def open_run(connection: Connection, now: datetime, *, is_manual: bool = False) -> ConnectorRun:
    """Begin a run, with the cursors as they are."""
    cursors = dict(connection.objects_pulled.filter(is_enabled=True).values_list("key", "cursor"))
    return ConnectorRun.objects.create(
        connection=connection,
        is_manual=is_manual,
        started_at=now,
        cursor_before=cursors,
        cursor_after=dict(cursors),
    )


def hold(claim: Claim) -> Connection:
    """Lock the connection for the rest of the transaction. Raises InterruptedRunError if it isn't ours any more."""
    held = Connection.objects.select_for_update().filter(pk=claim.connection.pk, lease=claim.lease).first()
    if held is None or held.state != Connection.State.ACTIVE:
        raise InterruptedRunError
    return held
