"""What the workers do for sync."""

from __future__ import annotations

from datetime import datetime, timedelta

from celery import shared_task
from django.utils import timezone

from sync.files.tasks import drop_old_imports, go_on_with_imports, work_on_import
from sync.freshness.rollup import roll_up_feeds
from sync.models import IdempotencyKey, WebhookEndpoint
from sync.pipeline.pending import apply_ready
from sync.provenance.services import end_expired_pins
from sync.provenance.settling import lost_settlings, work_off
from sync.registry import resources
from sync.services import prune_access_tokens
from sync.undoing.before import forget_old_words
from sync.webhooks.relay import relay_events
from sync.webhooks.sending import is_anything_due, is_sending, send_due
from sync.webhooks.services import forget_old_deliveries, replay_since

# Workers find tasks here.
__all__ = ["drop_old_imports", "go_on_with_imports", "work_on_import"]

KEEP_IDEMPOTENCY_KEYS = timedelta(days=7)
RELAY_PAGES = 20
# Short enough that a message is acknowledged long before the broker would deliver it again.
SETTLE_SECONDS = 120.0


@shared_task
def apply_pending_records() -> int:
    """Apply waiting records whose reference has arrived; a net below the batch that brings it."""
    return apply_ready()


@shared_task
def settle_shared_records(resource: str) -> None:
    """Let shared records follow another order for a while, then hand on to the next message, until all of them do."""
    declared = resources.get(resource)
    if declared is not None and not work_off(declared, seconds=SETTLE_SECONDS):
        settle_shared_records.delay(resource)


@shared_task
def go_on_with_settling() -> None:
    """Go on with records that follow another order where the worker or the message was lost."""
    for resource in lost_settlings():
        settle_shared_records.delay(resource)


@shared_task
def end_pins() -> int:
    """Let the sources decide again where a pin's time is over; return how many ended."""
    return end_expired_pins()


@shared_task
def purge_expired() -> int:
    """Forget what has had its time: idempotency keys after seven days, spent OAuth tokens, told events, old words.

    Returns how many rows went.
    """
    expired = IdempotencyKey.objects.filter(created_at__lt=timezone.now() - KEEP_IDEMPOTENCY_KEYS)
    return expired.delete()[0] + prune_access_tokens() + forget_old_deliveries() + forget_old_words()


@shared_task
def relay_webhooks() -> None:
    """Turn what happened into deliveries, and see to it that what is due is sent."""
    for _ in range(RELAY_PAGES):
        if not relay_events():
            break
    if is_anything_due():
        send_webhooks.delay()


@shared_task
def send_webhooks() -> None:
    """Deliver what is due, then hand on to the next message, until nothing is.

    Where another worker is at it, nothing is done: it takes up what is due until nothing is, and slow receivers
    shall not hold more than one worker.
    """
    if not is_sending() and send_due():
        send_webhooks.delay()


@shared_task
def replay_webhooks(endpoint: int, since: str) -> None:
    """Tell an endpoint again of everything since a time (ISO 8601)."""
    found = WebhookEndpoint.objects.filter(pk=endpoint).first()
    if found is not None:
        replay_since(endpoint=found, since=datetime.fromisoformat(since))


@shared_task
def roll_up_freshness() -> int:
    """Bring the days of feeds up to what has arrived."""
    return roll_up_feeds()
