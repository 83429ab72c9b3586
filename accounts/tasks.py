"""What the workers do for accounts."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from accounts.identity.duplicates import find_duplicates

SUNDAY = 7


@shared_task
def search_duplicates(*, everything: bool = False) -> None:
    """Look for duplicates among what changed since the last search; among all accounts on Sundays or when asked."""
    find_duplicates(everything=everything or timezone.now().isoweekday() == SUNDAY)
