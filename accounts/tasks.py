"""What the workers do for accounts."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from accounts.identity.duplicates import find_duplicates
from accounts.lists.services import drop_old_files

SUNDAY = 7


# Longer than the broker waits for an answer, so it is acknowledged first: a lost search is made up for by the next.
@shared_task(acks_late=False, soft_time_limit=3600, time_limit=3700)
def search_duplicates(*, everything: bool = False) -> None:
    """Look for duplicates among what changed since the last search; among all accounts on Sundays or when asked."""
    find_duplicates(everything=everything or timezone.now().isoweekday() == SUNDAY)


@shared_task
def drop_old_list_files() -> int:
    """Throw away files for target lists that are older than 30 days."""
    return drop_old_files()
