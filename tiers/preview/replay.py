"""The year past as a version of the rules would have made it: month by month, with its waits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from accounts.querysets import AccountQuerySet
from metrics.models import RefreshRun
from metrics.statements import Statement, load
from tiers.evaluation import CompiledRules, verdicts
from tiers.evaluation.joined import JoinedTier
from tiers.preview.judging import Question

MONTHS = 12
# As conditions read them: numbers that are older say nothing of the day.
OLDEST_NUMBERS = timedelta(days=45)
DAY = timedelta(days=1)


def days_to_replay(until: date) -> list[date]:
    """Return the ends of months whose numbers are known, the oldest first: the year begins with the first of them."""
    finished = RefreshRun.objects.finished()
    day, found = until.replace(day=1) - DAY, []
    for _ in range(MONTHS + 1):
        newest = finished.newest_day(until=day)
        if newest is not None and newest >= day - OLDEST_NUMBERS:
            found.append(day)
        day = day.replace(day=1) - DAY
    return found[::-1]


def replay(
    asked: Question, days: Sequence[date], said: Sequence[Statement], *, run: int, first: int, last: int
) -> None:
    """Write the moves that the rules would have made of a slice of accounts after the first of ``days``.

    ``said`` are the statements of ``said_then`` for the slice. Between two of the days numbers count as they were on
    the earlier one. What needs approval counts as approved, and an override of then holds.
    """
    load("tiers", "replay_forget").execute()
    load("tiers", "replay_begin", on=days[0], first=first, last=last).execute()
    load("tiers", "replay_start", verdicts=said[0]).execute()
    ends = [*(day + DAY for day in days[2:]), asked.on + DAY]
    for day, verdicts_then, following in zip(days[1:], said[1:], ends, strict=True):
        load(
            "tiers",
            "replay_month",
            verdicts=verdicts_then,
            on=day + DAY,
            next=following,
            grace=asked.terms.grace_days,
            dwell=asked.terms.dwell_days,
            run=run,
        ).execute()
    load("tiers", "replay_forget").execute()


def said_then(rules: CompiledRules, days: Sequence[date], accounts: AccountQuerySet) -> list[Statement]:
    """Return what the rules say at the end of each day, by the tiers of the replay; raises BrokenConditionError."""
    held = JoinedTier(load("tiers", "replay_held"))
    return [verdicts(rules, on=day, as_of=day, accounts=accounts, held=held) for day in days]
