"""What the workers do for people."""

from __future__ import annotations

from celery import shared_task

from people.approvals.clock import tick
from people.notices.sending import forget_old_notices, send_due


@shared_task
def tick_approvals() -> None:
    """Tell approvers whose turn it is, remind them, and mark what is late."""
    tick()


@shared_task
def send_notices() -> None:
    """Send what people and channels are to be told."""
    send_due()


@shared_task
def drop_old_notices() -> int:
    """Forget what was told long ago."""
    return forget_old_notices()
