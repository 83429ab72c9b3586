"""What the forecast assumes of renewals: from history by tier, with how many cases, or as the address says."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation

from common.periods import add_months
from finance.revenue.positions import rates_on
from metrics.statements import load

HISTORY_MONTHS = 24
AFTER_DAYS = 45  # how long a renewal may be late and still be one
FEWEST = 5
# 80 % of what a share of so many cases may truly be lies within this many deviations (Wilson's interval).
DEVIATIONS = 1.2816
ONE, ZERO = Decimal(1), Decimal(0)
TENTH = Decimal("0.001")


@dataclass(frozen=True, kw_only=True)
class Case:
    """What became of terms that ended in one tier; ``before``, ``kept`` and ``raised`` are ARR."""

    cases: int
    renewed: int
    before: Decimal
    kept: Decimal
    raised: Decimal

    @property
    def rate(self) -> Decimal:
        """The share of ARR that was still there."""
        return self.kept / self.before if self.before else ONE

    @property
    def uplift(self) -> Decimal:
        """What came on top, as a share of what was kept."""
        return self.raised / self.kept if self.kept else ZERO


@dataclass(frozen=True, kw_only=True)
class Assumption:
    """What is assumed of one tier, all as ratios: ``low`` and ``high`` enclose ``rate``."""

    tier: str
    case: Case | None
    rate: Decimal
    low: Decimal
    high: Decimal
    uplift: Decimal
    told: str

    @property
    def rate_percent(self) -> Decimal:
        """The rate as a form has it."""
        return (self.rate * 100).quantize(Decimal("0.1"))

    @property
    def uplift_percent(self) -> Decimal:
        """The uplift as a form has it."""
        return (self.uplift * 100).quantize(Decimal("0.1"))


def read_history(base: date) -> dict[str, Case]:
    """Return what became of terms that ended in two years up to ``base``, by tier before the end; one query."""
    since = base.replace(day=1)
    rows = load(
        "finance",
        "renewal_cases",
        since=add_months(since, -HISTORY_MONTHS),
        until=base - timedelta(days=AFTER_DAYS),
        days=AFTER_DAYS,
        rates=rates_on(base),
    ).fetch_dicts()
    return {row.pop("tier"): Case(**row) for row in rows}


def assume(tiers: list[str], history: Mapping[str, Case], params: Mapping[str, str]) -> dict[str, Assumption]:
    """Return the assumption of each tier: ``rate-growth`` and ``uplift-growth`` of an address, else history."""
    whole = _sum(history)
    return {tier: _assumption(tier, history.get(tier), whole, params) for tier in tiers}


def read_percent(text: str, most: int) -> Decimal | None:
    """Return a percentage of an address as a ratio, None for anything but a number from 0 to ``most``."""
    try:
        value = Decimal(text.strip().replace(",", "."))
    except InvalidOperation:
        return None
    return value / 100 if value.is_finite() and 0 <= value <= most else None


def _assumption(tier: str, case: Case | None, whole: Case | None, params: Mapping[str, str]) -> Assumption:
    enough = case is not None and case.cases >= FEWEST
    used = case if enough else whole
    rate = used.rate.quantize(TENTH) if used else ONE
    uplift = used.uplift.quantize(TENTH) if used else ZERO
    if enough:
        told = "from its own history"
    elif used:
        told = "too few cases: that of all tiers"
    else:
        told = "no term has ended yet: all renew"
    asked, raised = (
        read_percent(params.get(f"rate-{tier}", ""), 100),
        read_percent(params.get(f"uplift-{tier}", ""), 1000),
    )
    if asked is not None and asked != rate:
        rate, told = asked, "as entered"
    if raised is not None and raised != uplift:
        uplift, told = raised, "as entered"
    low, high = _interval(rate, used.cases if used else 0)
    return Assumption(tier=tier, case=case, rate=rate, low=low, high=high, uplift=uplift, told=told)


def _interval(rate: Decimal, cases: int) -> tuple[Decimal, Decimal]:
    """Return between what the true rate lies in four of five times; anything is possible without a case."""
    if not cases:
        return ZERO, ONE
    share, square = float(rate), DEVIATIONS**2
    middle = (share + square / (2 * cases)) / (1 + square / cases)
    spread = (
        DEVIATIONS * math.sqrt(share * (1 - share) / cases + square / (4 * cases**2)) / (1 + square / cases)
    )
    low, high = (Decimal(str(round(value, 3))) for value in (middle - spread, middle + spread))
    return min(max(low, ZERO), rate), max(min(high, ONE), rate)


def _sum(history: Mapping[str, Case]) -> Case | None:
    if not history:
        return None
    cases = history.values()
    return Case(
        cases=sum(case.cases for case in cases),
        renewed=sum(case.renewed for case in cases),
        before=sum((case.before for case in cases), ZERO),
        kept=sum((case.kept for case in cases), ZERO),
        raised=sum((case.raised for case in cases), ZERO),
    )
