"""Reads of contracts and lines that compose; the one place that says what recurring revenue is."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Self

from django.apps import apps
from django.db.models import (
    BooleanField,
    Case,
    DateField,
    DecimalField,
    Exists,
    ExpressionWrapper,
    F,
    Func,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Greatest, Least

from common.versions.models import DatedVersionQuerySet, VersionState
from metrics.statements import Statement, load

if TYPE_CHECKING:
    from finance.models import Contract, ContractLine, ContractObligation, ContractVersion

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


USUAL_MONTHS = 12  # as in finance.contracts.calendar
LONGEST_NOTICE = 36_500  # a day before the calendar begins would be an error


def month_number(day: date) -> int:
    """Return the month of a day as SQL counts months to tell how many lie between two days."""
    return day.year * 12 + day.month


class NextEnd(Func):
    """The end of the term that runs on ``day``, of a first end and the months of a further term, or null."""

    output_field = DateField()

    def __init__(self, day: date, first_end: Any, months: Any) -> None:
        super().__init__(first_end, months)
        self.day = day

    def as_sql(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, tuple[Any, ...]]:  # type: ignore[override]
        """Put the columns in where ``sql/contracts/next_end.sql`` names them."""
        compiled = (compiler.compile(part) for part in self.get_source_expressions())
        first_end, months = (Statement(sql, tuple(params)) for sql, params in compiled)
        parts = {"first_end": first_end, "months": months}
        turn = load("finance", "contracts/passed", month=month_number(self.day), **parts)
        end = load("finance", "contracts/next_end", day=self.day, turn=turn, **parts)
        return end.sql, end.params


def _running_lines(day: date) -> QuerySet[Any, Any]:
    """Return the lines of the contract at hand that run on ``day``."""
    lines: QuerySet[Any, Any] = apps.get_model("finance", "ContractLine").objects.filter(
        Q(end_on=None) | Q(end_on__gt=day), contract=OuterRef("pk"), deleted_at=None, start_on__lte=day
    )
    return lines


class ContractQuerySet(QuerySet["Contract"]):
    def live(self) -> Self:
        """Contracts that no source has deleted."""
        return self.filter(deleted_at=None)

    def running_on(self, day: date) -> Self:
        """Contracts in force on ``day``, with a line that runs; one that renews by itself outlives its term."""
        in_term = Q(end_on=None) | Q(end_on__gt=day) | Q(auto_renew=True)
        return self.live().filter(in_term, Exists(_running_lines(day)), start_on__lte=day)

    def with_trial_on(self, day: date) -> Self:
        """Add ``is_trial``: whether no line runs on ``day`` but trials. Where a trial ends, nothing renews."""
        return self.annotate(is_trial=~Exists(_running_lines(day).filter(is_trial=False)))

    def with_next_end(self, day: date) -> Self:
        """Add ``next_end``, the first day after the term that runs on ``day``; null where it is open-ended.

        And ``notice_on``, the last day for notice; null without a notice period. And ``renews_for``, the months of a
        further term; null where it doesn't renew by itself.
        """
        months = Case(
            When(auto_renew=True, then=Greatest(Coalesce("renewal_months", USUAL_MONTHS), 1)),
            default=Value(None),
            output_field=IntegerField(),
        )
        notice = Case(When(notice_days__gt=0, then=Least("notice_days", LONGEST_NOTICE)))
        return self.annotate(renews_for=months).annotate(
            next_end=NextEnd(day, F("end_on"), F("renews_for")),
            notice_on=ExpressionWrapper(F("next_end") - notice, output_field=DateField()),
        )


class ContractVersionQuerySet(DatedVersionQuerySet["ContractVersion"]):
    def recorded(self) -> Self:
        """Versions that count or have counted, the newest first."""
        return self.filter(state__in=(VersionState.PUBLISHED, VersionState.RETIRED)).newest_first()


class ContractObligationQuerySet(QuerySet["ContractObligation"]):
    def kept(self) -> Self:
        """Obligations that aren't void, of contracts that no source deleted."""
        return self.filter(dropped_at=None, contract__deleted_at=None, contract__account__deleted_at=None)

    def with_lapse(self, day: date) -> Self:
        """Add ``has_lapsed``: whether its contract is over on ``day``, or when it is due, and it doesn't survive."""
        over = Q(contract__end_on__lte=F("due_on")) | Q(contract__end_on__lte=day)
        lapsed = When(over, contract__auto_renew=False, survives=False, then=True)
        return self.annotate(has_lapsed=Case(lapsed, default=False, output_field=BooleanField()))

    def holding(self, day: date) -> Self:
        """Obligations that hold on ``day``, met or not: neither void nor lapsed with their contract."""
        return self.kept().with_lapse(day).filter(has_lapsed=False)

    def undone(self, day: date) -> Self:
        """Obligations that hold on ``day`` and are still to be met."""
        return self.holding(day).filter(done_at=None)


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

    def by_seat(self, day: date) -> Self:
        """Recurring lines, priced or not, of products that are sold by seat: of which a line begun by ``day`` says so.

        So a line that was made here, by an amendment, counts as those of its product do.
        """
        told = self.model._base_manager.filter(is_per_seat=True, start_on__lte=day, deleted_at=None)  # noqa: SLF001 - Django documents it
        by_seat = self.live().filter(product__in=told.order_by().values("product"))
        return by_seat.filter(is_trial=False, billing_period__in=PERIODS_PER_YEAR)

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
        """Return ``(line_id, account_id, currency, start_on, ends_on, arr)`` of every recurring line that ever ran.

        Lines of accounts that were deleted don't count. This is what the ledger follows.
        """
        lines: QuerySet[Any, Any] = self.recurring().with_last_day().with_revenue()
        lines = lines.filter(
            Q(ends_on=None) | Q(ends_on__gt=F("start_on")), contract__account__deleted_at=None
        )
        return lines.values(
            "start_on",
            "ends_on",
            "arr",
            line_id=F("pk"),
            account_id=F("contract__account_id"),
            currency=F("contract__currency"),
        )
