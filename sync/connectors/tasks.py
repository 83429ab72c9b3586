"""Connections on workers. A message may come twice, late or not at all: the next tick goes on from the rows."""

from __future__ import annotations

import logging

from celery import shared_task
from django.utils import timezone
from kombu.exceptions import OperationalError

from sync.connectors.engine import run_connection
from sync.connectors.lease import due_connections

logger = logging.getLogger(__name__)


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
        call_worker(pk)


def call_worker(pk: int) -> None:
    """Ask a worker to run a connection; where none can be reached, the next tick does."""
    try:
        pull_connection.delay(pk)
    except OperationalError:
        logger.warning("No worker could be called for connection %s; the next tick does it", pk)
