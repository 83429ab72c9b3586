"""What a night does about tiers: by the CRM before the numbers are made, by the rules behind them."""

from __future__ import annotations

from datetime import date, timedelta

from accounts.conditions.query import numbers_read
from metrics.engine.plan import today
from metrics.registry import all_items
from tiers.assignment.apply import apply_verdicts
from tiers.assignment.assign import assign_tiers
from tiers.assignment.boundaries import keep_boundaries
from tiers.assignment.decide import BY_CRM, crm_verdicts
from tiers.evaluation import compile_rules
from tiers.models import RuleSet


def follow_crm(as_of: date, first: int, last: int) -> int:
    """Bring a slice of accounts to the tiers that the CRM holds; return the tenures written.

    Where a version of the rules counts on that day it does nothing. Call only for the newest day: tenures never
    change backward.
    """
    if RuleSet.objects.in_force(as_of).exists():
        return 0
    return apply_verdicts(crm_verdicts(first, last), BY_CRM, on=as_of, first=first, last=last)


def follow_rules(as_of: date, first: int, last: int) -> int:
    """Bring a slice of accounts up to the rules on the numbers of ``as_of``; return the tenures written.

    It counts from the next day on (today at the latest), since numbers of ``as_of`` itself, such as health and
    retention, are made by the tiers of that day.
    """
    on = effective_day(as_of)
    rule_set = RuleSet.objects.in_force(on).first()
    if rule_set is None:
        return 0
    return assign_tiers(
        rule_set=rule_set,
        on=on,
        # The standing holds the numbers of the night by now; of a day further back they are read as stored.
        as_of=None if on >= today() else as_of,
        numbers_on=as_of,
        first=first,
        last=last,
    )


def note_boundaries(as_of: date, first: int, last: int) -> int:
    """Keep which accounts of a slice are near a boundary by the numbers of ``as_of``; return the rows."""
    on = effective_day(as_of)
    rule_set = RuleSet.objects.in_force(on).first()
    if rule_set is None:
        return 0
    return keep_boundaries(
        rule_set=rule_set,
        on=on,
        as_of=None if on >= today() else as_of,
        numbers_on=as_of,
        first=first,
        last=last,
    )


def effective_day(as_of: date) -> date:
    """Return the day from which decisions on the numbers of ``as_of`` count."""
    return min(as_of + timedelta(days=1), today())


def numbers_asked(day: date) -> set[str]:
    """Return the numbers that the rules in force on a day read: without them nobody's tier is decided."""
    rule_set = RuleSet.objects.in_force(day).first()
    if rule_set is None:
        return set()
    asked = {key for condition in compile_rules(rule_set).conditions for key in numbers_read(condition)}
    return asked & set(all_items())
