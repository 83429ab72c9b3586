"""Tiers in the nightly refresh: by the CRM before the numbers, by the rules behind them."""

from __future__ import annotations

from datetime import date

from metrics.models import RefreshRun
from metrics.registry import rollup
from tiers.assignment.night import follow_crm


@rollup("tiers.tenures", label="Time in tiers")
def tenures(as_of: date, first: int, last: int) -> int:
    """Follow the CRM's tiers where no rules count; history is never rewritten by the refresh of an earlier day."""
    return follow_crm(as_of, first, last) if RefreshRun.objects.is_newest(as_of) else 0
