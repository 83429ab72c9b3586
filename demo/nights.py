"""Nights of the sample company before today's, so that what is told by nights has some to tell of."""

from __future__ import annotations

from datetime import timedelta

from metrics.engine.plan import today
from metrics.models import Backfill
from metrics.nights.backfill import begin_backfill
from metrics.nights.strip import NIGHTS
from people.models import User

BY = "revops@ferrowick.example"


def make_nights() -> Backfill | None:
    """Have the workers make the 30 nights before today, as RevOps would, unless one ever asked for some.

    They go behind the numbers of today and of the month ends, which the pages can't do without.
    """
    by = User.objects.filter(email=BY).first()
    if by is None or Backfill.objects.exists():
        return None
    return begin_backfill(
        first_on=today() - timedelta(days=NIGHTS), last_on=today() - timedelta(days=1), by=by
    )
