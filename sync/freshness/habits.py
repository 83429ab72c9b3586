"""What may be expected of a feed: a rule of RevOps, else its own habit within the bounds of its data category.

A feed that was loaded once has no habit and is not judged: a figure isn't doubtful because nobody sends any more
of what was never meant to be sent again. A habit takes ten days with something sent in the last four weeks, the
first of them two weeks ago. It is the second longest pause of that time, so that nights and weekends are part of
it and one outage is not. A source that we ask ourselves, by a connection, needs no habit: its schedule is known,
and an answer without news is as good as news.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from people.models import Category
from sync.models import FeedDay, FreshnessRule

HABIT_OVER = timedelta(days=28)
HABIT_SINCE = timedelta(days=14)
HABIT_DAYS = 10
# Stale is half as long again as late.
PATIENCE = 1.5
# Of a source that is asked on a schedule, so many rounds may fail.
ROUNDS_LATE = 2
ROUNDS_STALE = 4


class Limits(NamedTuple):
    """From which age data are late, and from which stale; ``why`` says in words where that comes from."""

    late: timedelta
    stale: timedelta
    why: str


REAL_TIME = Limits(timedelta(minutes=15), timedelta(hours=1), "Real time")
DAILY = Limits(timedelta(hours=26), timedelta(hours=50), "Daily")
AS_UPDATED = None

# How fresh each kind of data is meant to be; None where it comes as it changes, so that silence says nothing.
EXPECTED: Mapping[str, Limits | None] = {
    Category.ACCOUNT_PROFILE: REAL_TIME,
    Category.REVENUE: DAILY,
    Category.PRODUCT_USAGE: REAL_TIME,
    Category.SUPPORT_HISTORY: REAL_TIME,
    Category.ENGAGEMENT: REAL_TIME,
    Category.FINANCIAL_HEALTH: DAILY,
    Category.CONTRACTS: AS_UPDATED,
    Category.ACCOUNT_TEAM: AS_UPDATED,
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """The limits that hold for a feed, or why there are none."""

    limits: Limits | None
    why: str


def limits_of(
    category: str,
    rule: FreshnessRule | None,
    days: Mapping[str, Sequence[FeedDay]],
    today: date,
    interval: timedelta | None = None,
    *,
    is_paused: bool = False,
) -> Verdict:
    """Return what is expected; ``days`` are those of the feed's resources, oldest first.

    ``interval`` is how often a connection asks the source, None where nobody does; ``is_paused`` says that one would.
    """
    if rule is not None:
        limits = Limits(
            timedelta(minutes=rule.warn_minutes), timedelta(minutes=rule.error_minutes), "Set by RevOps"
        )
        return Verdict(limits, limits.why)
    if is_paused:
        return Verdict(None, "Its connection is paused")
    expected = EXPECTED.get(category)
    if interval is not None:
        least = expected or DAILY
        limits = Limits(
            max(least.late, interval * ROUNDS_LATE),
            max(least.stale, interval * ROUNDS_STALE),
            "Asked on schedule",
        )
        return Verdict(limits, limits.why)
    if expected is None:
        return Verdict(None, "Comes as it is updated")
    usual = usual_pause(days, today)
    if usual is None:
        return Verdict(None, "No habit yet")
    limits = Limits(
        max(expected.late, usual), max(expected.stale, usual * PATIENCE), f"{expected.why}, by its habit"
    )
    return Verdict(limits, limits.why)


def usual_pause(days: Mapping[str, Sequence[FeedDay]], today: date) -> timedelta | None:
    """Return the longest pause that is usual for the liveliest of the resources, None where none has a habit."""
    found = [pause for rows in days.values() if (pause := _usual_pause(rows, today)) is not None]
    return min(found, default=None)


def _usual_pause(rows: Sequence[FeedDay], today: date) -> timedelta | None:
    recent = [row for row in rows if today - HABIT_OVER <= row.day <= today]
    if len(recent) < HABIT_DAYS or recent[0].day > today - HABIT_SINCE:
        return None
    pauses = sorted((row.longest_pause for row in recent if row.longest_pause is not None), reverse=True)
    return timedelta(seconds=pauses[1]) if len(pauses) > 1 else None
