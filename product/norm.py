"""An account's own norm as the newest refresh counted it, so that a chart says what a signal says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Subquery

from accounts.models import Account
from metrics.models import MetricValue, RefreshRun
from product.metrics import NORM_DAYS, RECENT_DAYS
from product.models import UsageUserDay

TREND = "product.usage_trend"


@dataclass(frozen=True, kw_only=True)
class Norm:
    """The stored trend (1 = as usual) and the mean of events a day that it compares with."""

    trend: float
    per_day: float


def newest_norm(account: Account, as_of: date, events: Mapping[date, int]) -> Norm | None:
    """Return the norm of the newest refreshed day up to ``as_of``, None where it is not defined.

    ``events`` are the account's events by day, over the norm's days at least. One query.
    """
    newest = RefreshRun.objects.finished().filter(as_of__lte=as_of).order_by("-as_of").values("as_of")[:1]
    used = UsageUserDay.objects.filter(account=account).order_by("day").values("day")[:1]
    stored = MetricValue.objects.filter(account=account, key=TREND, as_of=Subquery(newest))
    found = stored.annotate(began=Subquery(used)).values_list("as_of", "value", "began").first()
    if found is None or found[2] is None:
        return None
    day, trend, began = found
    recent_from = day - timedelta(days=RECENT_DAYS - 1)
    norm_from = recent_from - timedelta(days=NORM_DAYS)
    earlier = sum(count for at, count in events.items() if norm_from <= at < recent_from)
    if not earlier:
        return None
    days = min(NORM_DAYS, max((recent_from - began).days, 1))
    return Norm(trend=float(trend), per_day=earlier / days)
