"""Connections on workers. A message may come twice, late or not at all: the next tick goes on from the rows."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from sync.connectors.engine import run_connection
from sync.connectors.lease import due_connections


@shared_task
def tick_connections() -> int:
    """Call a worker for each connection whose time has come; return how many."""
    due = due_connections(timezone.now())
    for pk in due:
        pull_connection.delay(pk)
    return len(due)


@shared_task
def pull_connection(pk: int) -> None:
    """Run a connection for a while, then hand on to the next message, until it is through."""
    if run_connection(pk):
        pull_connection.delay(pk)
