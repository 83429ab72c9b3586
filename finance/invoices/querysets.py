"""Invoices and payments as of a day: what is open, when it falls due, what is overdue, what is not allocated."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Self

from django.db.models import (
    Case,
    DateField,
    DecimalField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Least

from sync.models import LIVE

if TYPE_CHECKING:
    from finance.models import Allocation, Invoice, Payment

MONEY: DecimalField[Any, Any] = DecimalField(max_digits=18, decimal_places=4)
ZERO = Value(Decimal(0), output_field=MONEY)
# The shortest terms that any tier grants by default; for invoices that say no day, of accounts that agreed on none.
USUAL_TERMS_DAYS = 30


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
        from finance.models import Contract

        agreed = (
            Contract.objects.filter(LIVE, account=OuterRef("account"), payment_terms_days__isnull=False)
            .filter(Q(end_on=None) | Q(end_on__gt=OuterRef("issued_on")), start_on__lte=OuterRef("issued_on"))
            .order_by("-payment_terms_days")
            .values("payment_terms_days")[:1]
        )
        by_terms = ExpressionWrapper(
            F("issued_on") + Coalesce(Subquery(agreed), Value(USUAL_TERMS_DAYS)), output_field=DateField()
        )
        return self.annotate(
            falls_due_on=Case(When(due_on__isnull=False, then=F("due_on")), default=by_terms)
        )

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
                    default=Coalesce(Subquery(settled), ZERO),
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

    after = datetime.combine(as_of, time.min, UTC) + timedelta(days=1)
    return InvoiceDispute.objects.filter(opened_at__lt=after).filter(
        Q(resolved_at=None) | Q(resolved_at__gte=after)
    )
