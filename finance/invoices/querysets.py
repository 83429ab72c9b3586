"""Invoices and payments as of a day: what is open, when it falls due, what is overdue, what is not allocated."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Self

from django.db.models import (
    Case,
    DateField,
    DecimalField,
    Exists,
    ExpressionWrapper,
    F,
    Func,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Greatest, Least

from common.periods import end_of
from metrics.statements import Statement, load
from sync.models import LIVE

if TYPE_CHECKING:
    from finance.models import Allocation, Invoice, Payment

MONEY: DecimalField[Any, Any] = DecimalField(max_digits=18, decimal_places=4)
ZERO = Value(Decimal(0), output_field=MONEY)
# The shortest terms that any tier grants by default; for invoices that say no day, of accounts that agreed on none.
USUAL_TERMS_DAYS = 30


DUE_BY = ("due_on", "issued_on", "account_id")


def due_of(**parts: str) -> Statement:
    """Return when an invoice falls due, of the SQL of its ``DUE_BY``."""
    columns = {name: Statement(parts[name]) for name in DUE_BY}
    return load("finance", "invoices/due", usual=USUAL_TERMS_DAYS, **columns)


class FallsDue(Func):
    """When an invoice falls due, from its ``DUE_BY``."""

    output_field = DateField()

    def as_sql(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, tuple[Any, ...]]:  # type: ignore[override]
        """Put the columns in where ``sql/invoices/due.sql`` names them."""
        columns = (compiler.compile(column)[0] for column in self.get_source_expressions())
        due = due_of(**dict(zip(DUE_BY, columns, strict=True)))
        return due.sql, due.params


class InvoiceQuerySet(QuerySet["Invoice"]):
    """Invoices and credit notes."""

    def owed(self) -> Self:
        """Those that customers are asked to pay."""
        return self.filter(LIVE, kind="invoice", status="issued")

    def credited(self) -> Self:
        """Credit notes that count."""
        return self.filter(LIVE, kind="credit_note", status="issued")

    def issued_by(self, day: date) -> Self:
        """Those issued on a day or before."""
        return self.filter(issued_on__lte=day)

    def with_due(self) -> Self:
        """Annotate ``falls_due_on``: the day that the invoice says, else by the longest terms of a contract that runs
        when it is issued, else ``USUAL_TERMS_DAYS`` after.
        """
        return self.annotate(falls_due_on=FallsDue(*DUE_BY))

    def with_open(self, as_of: date) -> Self:
        """Annotate ``settled`` and ``open_amount`` as of a day, ``disputed`` of it, and when ``falls_due_on``.

        Of a credit note ``open_amount`` is what of it settles nothing yet. Drafts, void and written off ones have
        nothing open, nor has what was issued after the day. Disputes count from their opening to their end.
        """
        from finance.models import Allocation, InvoiceLine

        allocated: QuerySet[Any, Any] = Allocation.objects.counting_on(as_of).order_by()
        settled = allocated.filter(invoice=OuterRef("pk")).values("invoice").values(sum=Sum("amount"))
        given = allocated.filter(credit=OuterRef("pk")).values("credit").values(sum=Sum("amount"))
        disputed = (
            InvoiceLine.objects.filter(invoice=OuterRef("pk"), is_current=True)
            .filter(Exists(disputes_on(as_of).filter(line=OuterRef("pk"))))
            .order_by()
            .values("invoice")
            .values(sum=Sum("total"))
        )
        counts = Q(LIVE, status="issued", issued_on__lte=as_of)
        return (
            self.with_due()
            .annotate(
                settled=Case(
                    When(kind="credit_note", then=Coalesce(Subquery(given), ZERO)),
                    # Of a past day money and its refund may not both count yet: ageing shows what is over.
                    default=Greatest(ZERO, Least(F("total"), Coalesce(Subquery(settled), ZERO))),
                    output_field=MONEY,
                )
            )
            .annotate(
                open_amount=Case(
                    When(counts, then=F("total") - F("settled")), default=ZERO, output_field=MONEY
                )
            )
            .annotate(
                disputed=Least(F("open_amount"), Coalesce(Subquery(disputed), ZERO), output_field=MONEY)
            )
        )

    def open_on(self, as_of: date) -> Self:
        """Invoices of which something is to be paid as of a day, annotated as ``with_open``."""
        return self.owed().issued_by(as_of).with_open(as_of).filter(open_amount__gt=0)

    def unsettled_on(self, as_of: date) -> Self:
        """Invoices that allocations don't cover as of a day, found for all accounts at once.

        To narrow lists of every account before ``open_amount`` is computed for each row: one pass over allocations.
        Where few accounts are asked for, that pass would cost more than it saves.
        """
        counts = Q(allocations__undone_at=None, allocations__on__lte=as_of)
        covered = Greatest(ZERO, Coalesce(Sum("allocations__amount", filter=counts), ZERO))
        owed: Any = type(self)(self.model).owed().issued_by(as_of).order_by().values("pk")
        return self.filter(pk__in=owed.alias(covered=covered).filter(total__gt=F("covered")))

    def counted_between(self, since: date, until: date) -> Self:
        """Invoices that accuracy counts: issued after one day, up to another."""
        counts = self.filter(LIVE, kind="invoice", issued_on__gt=since, issued_on__lte=until)
        return counts.filter(account__deleted_at=None).exclude(status="draft")

    def wrong_by(self, as_of: date) -> Self:
        """Invoices that were corrected by the end of a day through a fault of ours."""
        from finance.models import InvoiceCorrection

        faults = InvoiceCorrection.objects.filter(invoice=OuterRef("pk"), found_on__lte=as_of)
        return self.filter(Exists(faults.exclude(root_cause="goodwill")))

    def overdue_on(self, as_of: date) -> Self:
        """Invoices that should have been paid before a day, as far as nobody disputes them."""
        overdue = self.open_on(as_of).filter(falls_due_on__lt=as_of, open_amount__gt=F("disputed"))
        return overdue.annotate(overdue_amount=F("open_amount") - F("disputed"))


class PaymentQuerySet(QuerySet["Payment"]):
    """Payments and refunds."""

    def paid_by(self, day: date) -> Self:
        """Those that count and came on a day or before."""
        return self.filter(LIVE, paid_on__lte=day)

    def with_unallocated(self, as_of: date) -> Self:
        """Annotate ``allocated`` and ``unallocated`` as of a day; a refund's are negative."""
        from finance.models import Allocation

        allocated: QuerySet[Any, Any] = Allocation.objects.counting_on(as_of).order_by()
        given = allocated.filter(payment=OuterRef("pk")).values("payment").values(sum=Sum("amount"))
        return self.annotate(allocated=Coalesce(Subquery(given), ZERO)).annotate(
            unallocated=ExpressionWrapper(F("amount") - F("allocated"), output_field=MONEY)
        )

    def unsettling_on(self, as_of: date) -> Self:
        """Payments of which something settles nothing as of a day, found for all accounts at once.

        One pass over allocations, as ``InvoiceQuerySet.unsettled_on``.
        """
        counts = Q(allocations__undone_at=None, allocations__on__lte=as_of)
        given = Coalesce(Sum("allocations__amount", filter=counts), ZERO)
        paid: Any = type(self)(self.model).paid_by(as_of).order_by().values("pk")
        return self.filter(pk__in=paid.alias(given=given).exclude(amount=F("given")))


class AllocationQuerySet(QuerySet["Allocation"]):
    """What settles invoices."""

    def live(self) -> Self:
        """Those not undone."""
        return self.filter(undone_at=None)

    def counting_on(self, day: date) -> Self:
        """Those that count as of a day."""
        return self.live().filter(on__lte=day)


def disputes_on(as_of: date) -> QuerySet[Any, Any]:
    """Return the disputes that were open when a day ended."""
    from finance.models import InvoiceDispute

    after = end_of(as_of)
    return InvoiceDispute.objects.filter(opened_at__lt=after).filter(
        Q(resolved_at=None) | Q(resolved_at__gte=after)
    )
