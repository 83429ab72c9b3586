"""What a night does about tiers."""

from __future__ import annotations

from datetime import date

from tiers.assignment.apply import apply_verdicts
from tiers.assignment.decide import BY_CRM, crm_verdicts
from tiers.models import RuleSet


def follow_crm(as_of: date, first: int, last: int) -> int:
    """Bring a slice of accounts to the tiers that the CRM holds; return the tenures written.

    Where a version of the rules counts on that day it does nothing. Call only for the newest day: tenures never
    change backward.
    """
    if RuleSet.objects.in_force(as_of).exists():
        return 0
    return apply_verdicts(crm_verdicts(first, last), BY_CRM, on=as_of, first=first, last=last)
