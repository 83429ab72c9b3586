"""What the workers do for usage events."""

from __future__ import annotations

from datetime import UTC, datetime

from celery import shared_task

from product.ingest.waiting import apply_waiting
from product.partitions import keep_months


@shared_task
def keep_usage_months() -> dict[str, int]:
    """Make the partitions of the months ahead, fill those that are missing and retire what has aged."""
    return keep_months(datetime.now(UTC).date())


@shared_task
def apply_waiting_events() -> int:
    """Apply tracked events whose account has come since; return how many."""
    return apply_waiting()
