"""Reads of contracts and lines that compose; the one place that says what recurring revenue is."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Self

from django.db.models import Case, DecimalField, ExpressionWrapper, F, Q, QuerySet, Value, When
from django.db.models.functions import Least

if TYPE_CHECKING:
    from finance.models import Contract, ContractLine, ExchangeRate

# How often a billing period comes round in a year. Multiplying keeps the sum exact; MRR is a twelfth of it.
PERIODS_PER_YEAR: dict[str, Decimal] = {
    "day": Decimal("365.25"),
    "week": Decimal(52),
    "month": Decimal(12),
    "quarter": Decimal(4),
    "half_year": Decimal(2),
    "year": Decimal(1),
}

EXACT: DecimalField[Any, Any] = DecimalField(max_digits=38, decimal_places=12)


class ContractQuerySet(QuerySet["Contract"]):
    def live(self) -> Self:
        """Contracts that no source has deleted."""
        return self.filter(deleted_at=None)

    def running_on(self, day: date) -> Self:
        """Contracts in force on ``day``; one that renews by itself runs on after its term."""
        in_term = Q(end_on=None) | Q(end_on__gt=day) | Q(auto_renew=True)
        return self.live().filter(in_term, start_on__lte=day)


class ContractLineQuerySet(QuerySet["ContractLine"]):
    def live(self) -> Self:
        """Lines that no source has deleted, of contracts that none has deleted either."""
        return self.filter(deleted_at=None, contract__deleted_at=None)

    def recurring(self) -> Self:
        """Lines that bring recurring revenue: no trials, no one-off or usage fees, none for nothing."""
        return self.live().filter(
            is_trial=False, amount__gt=0, discount_percent__lt=100, billing_period__in=PERIODS_PER_YEAR
        )

    def with_last_day(self) -> Self:
        """Add ``ends_on``, the first day on which the line no longer runs; null where it runs on.

        The contract's end bounds its lines, unless it renews by itself.
        """
        bound = Case(
            When(contract__auto_renew=True, then=F("end_on")), default=Least("end_on", "contract__end_on")
        )
        return self.annotate(ends_on=bound)

    def running_on(self, day: date) -> Self:
        """Lines active on ``day``: begun, and not ended by its start."""
        return self.with_last_day().filter(Q(ends_on=None) | Q(ends_on__gt=day), start_on__lte=day)

    def with_revenue(self) -> Self:
        """Add ``arr`` and ``mrr``, unrounded and net of the discount, in the contract's currency."""
        times = Case(
            *(When(billing_period=period, then=Value(count)) for period, count in PERIODS_PER_YEAR.items()),
            default=Value(Decimal(0)),
            output_field=EXACT,
        )
        paid = (Value(Decimal(100)) - F("discount_percent")) * Value(Decimal("0.01"))
        arr = ExpressionWrapper(F("amount") * times * paid, output_field=EXACT)
        return self.annotate(
            arr=arr,
            mrr=ExpressionWrapper(F("arr") / Value(Decimal(12)), output_field=EXACT),
        )

    def revenue_rows(self) -> QuerySet[Any, Any]:
        """Return ``(account_id, currency, start_on, ends_on, arr)`` of every recurring line that ever ran."""
        lines: QuerySet[Any, Any] = self.recurring().with_last_day().with_revenue()
        lines = lines.filter(Q(ends_on=None) | Q(ends_on__gt=F("start_on")))
        return lines.values(
            "start_on",
            "ends_on",
            "arr",
            account_id=F("contract__account_id"),
            currency=F("contract__currency"),
        )


class ExchangeRateQuerySet(QuerySet["ExchangeRate"]):
    def live(self) -> Self:
        """Rates that no source has deleted."""
        return self.filter(deleted_at=None)

    def latest_on(self, day: date) -> Self:
        """The newest rate of each currency on or before ``day``."""
        return self.live().filter(on__lte=day).order_by("currency", "-on", "-pk").distinct("currency")
