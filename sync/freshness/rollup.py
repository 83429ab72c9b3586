"""Add batches up by feed and day, so that habits and sparklines needn't read each of them."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone

from common.sql import load_sql
from sync.models import FeedDay

REACH = timedelta(days=60)
# A batch is dated when its transaction begins, so one that ran over midnight shows up in the day before.
AGAIN = timedelta(days=1)
KEPT = timedelta(days=400)


@transaction.atomic
def roll_up_feeds() -> int:
    """Bring the days of feeds up to the batches; return the rows written. Repeating it changes nothing."""
    today = timezone.now().date()
    newest = FeedDay.objects.aggregate(day=Max("day"))["day"]
    first = newest - AGAIN if newest is not None else today - REACH
    since = datetime.combine(first, time.min, UTC)
    FeedDay.objects.filter(day__lt=today - KEPT).delete()
    with connection.cursor() as cursor:
        cursor.execute(load_sql("sync", "feed_days"), {"since": since, "first_day": first})
        return int(cursor.rowcount)
