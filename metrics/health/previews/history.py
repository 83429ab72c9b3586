"""What a version would have given on days past, beside what was stored: by band over time, and by account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Count, Exists, F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Abs

from accounts.models import Account
from metrics.models import HealthDraftScore, HealthPast, HealthScore

Bands = dict[date, dict[str, int]]


@dataclass(frozen=True, kw_only=True, slots=True)
class DayPair:
    """One day of an account: what is stored, and what the version would have given."""

    day: date
    stored: Decimal | None
    would: Decimal | None
    stored_band: str
    would_band: str

    @property
    def change(self) -> Decimal | None:
        """Points more or less, None where a side has no number."""
        return None if self.stored is None or self.would is None else self.would - self.stored


def days_of(run: HealthPast) -> list[date]:
    """Return the days of a run, the oldest first."""
    return [date.fromisoformat(day) for day in run.days]


def bands_by_day(run: HealthPast) -> tuple[Bands, Bands]:
    """Return how many accounts were in each band on each day, as stored and as the version has it.

    Both count the accounts that the version scores on the day. Two queries.
    """
    would = HealthDraftScore.objects.filter(model=run.model_id)
    mine = would.filter(as_of=OuterRef("as_of"), account=OuterRef("account"))
    stored = HealthScore.objects.filter(Exists(mine), as_of__in=days_of(run))
    return _counted(stored), _counted(would)


def _counted(rows: QuerySet[HealthScore] | QuerySet[HealthDraftScore]) -> Bands:
    found: Bands = {}
    counted = rows.order_by().values_list("as_of", "band").annotate(count=Count("account"))
    for day, band, count in counted:
        found.setdefault(day, {})[band] = count
    return found


def accounts_compared(run: HealthPast, day: date) -> QuerySet[HealthDraftScore]:
    """Return the accounts of a day with what is stored of them, the largest difference first."""
    stored = HealthScore.objects.filter(as_of=OuterRef("as_of"), account=OuterRef("account"))
    rows = HealthDraftScore.objects.filter(model=run.model_id, as_of=day).select_related("account")
    return rows.annotate(
        stored=Subquery(stored.values("exact")[:1]), stored_band=Subquery(stored.values("band")[:1])
    ).order_by(Abs(F("exact") - F("stored")).desc(nulls_last=True), "account_id")


def account_history(run: HealthPast, account: Account) -> Sequence[DayPair]:
    """Return every day of a run for one account; two queries."""
    days = days_of(run)
    stored = {one.as_of: one for one in HealthScore.objects.of(account.pk).filter(as_of__in=days)}
    rows = HealthDraftScore.objects.filter(model=run.model_id, account=account)
    would = {one.as_of: one for one in rows}
    return [
        DayPair(
            day=day,
            stored=stored[day].exact if day in stored else None,
            would=would[day].exact if day in would else None,
            stored_band=stored[day].band if day in stored else "",
            would_band=would[day].band if day in would else "",
        )
        for day in days
        if day in stored or day in would
    ]
