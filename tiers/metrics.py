"""Tiers in the nightly refresh: by the CRM before the numbers, by the rules behind them."""

from __future__ import annotations

from datetime import date

from accounts.conditions.expression import BrokenConditionError
from metrics.engine.plan import today
from metrics.models import RefreshRun
from metrics.registry import EVERYTHING, rollup
from tiers.assignment.night import follow_crm, follow_rules, note_boundaries, numbers_asked

STANDING = "metrics.standing"
# Rules may ask who is on a target list, so lists are brought up to the night's numbers before.
LISTS = "engagement.target_lists"


def _needed() -> set[str]:
    """Return what must have been made: the standing, and the numbers that the rules read."""
    try:
        return {STANDING} | numbers_asked(today())
    except BrokenConditionError:
        return {STANDING}  # the step itself fails with the reason


@rollup("tiers.tenures", label="Time in tiers")
def tenures(as_of: date, first: int, last: int) -> int:
    """Follow the CRM's tiers where no rules count; history is never rewritten by the refresh of an earlier day."""
    return follow_crm(as_of, first, last) if RefreshRun.objects.is_newest(as_of) else 0


@rollup("tiers.assignment", label="Tiers by the rules", depends_on=_needed, after=(LISTS, EVERYTHING))
def assignment(as_of: date, first: int, last: int) -> int:
    """Decide by the numbers of the newest day which tiers count from the next day on."""
    return follow_rules(as_of, first, last) if RefreshRun.objects.is_newest(as_of) else 0


@rollup(
    "tiers.boundaries",
    label="Accounts near a boundary of the tiers",
    depends_on=("tiers.assignment",),
    after=(EVERYTHING,),
)
def boundaries(as_of: date, first: int, last: int) -> int:
    """Keep which accounts a change of a number by a tenth may bring into another tier."""
    return note_boundaries(as_of, first, last) if RefreshRun.objects.is_newest(as_of) else 0
