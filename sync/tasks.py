"""What the workers do for sync."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from sync.models import IdempotencyKey
from sync.pipeline.pending import apply_ready
from sync.services import prune_access_tokens

KEEP_IDEMPOTENCY_KEYS = timedelta(days=7)


@shared_task
def apply_pending_records() -> int:
    """Apply waiting records whose reference has arrived; a net below the batch that brings it."""
    return apply_ready()


@shared_task
def purge_expired() -> int:
    """Forget idempotency keys after the seven days that they are promised for, and spent tokens of OAuth clients.

    Returns how many rows went.
    """
    expired = IdempotencyKey.objects.filter(created_at__lt=timezone.now() - KEEP_IDEMPOTENCY_KEYS)
    return expired.delete()[0] + prune_access_tokens()
