"""Whether what the rules say rests on stale data."""

from __future__ import annotations

from accounts.conditions.expression import BrokenConditionError
from accounts.home import Reader
from accounts.lenses.doubts import doubt_of
from tiers.assignment.night import numbers_asked


def doubt_about_rules(reader: Reader) -> str:
    """Return why the tiers of the reader's day are provisional, by the numbers that its rules read; else nothing."""
    if not reader.doubts:
        return ""
    try:
        return doubt_of(sorted(numbers_asked(reader.as_of)), reader.doubts, reader.access)
    except BrokenConditionError:
        return ""  # then no rule was asked
