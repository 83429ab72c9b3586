"""What customers of the sample company objected to: billing knows it as a remark, we as a dispute of a line."""

from __future__ import annotations

from datetime import timedelta

from demo.finance.people import BILLING, FINANCE, person
from demo.past import as_of
from finance.invoices.querysets import InvoiceQuerySet
from finance.invoices.services import open_dispute, resolve_dispute
from finance.models import Invoice, InvoiceDispute, InvoiceLine
from metrics.engine.plan import today
from people.models import User

# Days from the invoice to the objection, and from there to its end.
NOTICED_AFTER, SETTLED_AFTER = 9, 12
Outcome = InvoiceDispute.Outcome
# Objections of the past, the largest credited or large invoices: (was it credited, reason, outcome, note).
SETTLED = (
    (True, "We have fewer seats than were billed.", Outcome.UPHELD, "Credited: seats were counted twice."),
    (True, "Our purchase order names a lower price.", Outcome.UPHELD, "Credited down to the order’s price."),
    (False, "We gave notice of this part.", Outcome.REJECTED, "Notice came after its last day; they agreed."),
    (
        False,
        "This period was on an earlier invoice.",
        Outcome.WITHDRAWN,
        "It was another division’s invoice.",
    ),
)


def note_disputes() -> int:
    """Open a dispute of the largest line of each invoice that billing remarks one of, and end some of the past.

    Return how many are new; what was disputed already is left as it is.
    """
    finance, billing = person(FINANCE), person(BILLING)
    disputed = _undisputed().filter(custom__has_key="dispute").order_by("pk")
    noted = [_open(invoice, invoice.custom["dispute"], finance) for invoice in disputed]
    if not InvoiceDispute.objects.exclude(outcome="").exists():
        noted += _tell_settled(finance, billing)
    return sum(1 for dispute in noted if dispute is not None)


def _undisputed() -> InvoiceQuerySet:
    return Invoice.objects.owed().exclude(positions__disputes__isnull=False)


def _open(invoice: Invoice, reason: str, by: User) -> InvoiceDispute | None:
    largest = InvoiceLine.objects.filter(invoice=invoice).order_by("-total", "pk").first()
    if largest is None:
        return None
    with as_of(
        min(invoice.issued_on + timedelta(days=NOTICED_AFTER), today() - timedelta(days=1)), InvoiceDispute
    ):
        return open_dispute(line=largest, reason=reason, by=by)


def _tell_settled(finance: User, billing: User) -> list[InvoiceDispute | None]:
    found: list[InvoiceDispute | None] = []
    long_ago = today() - timedelta(days=2 * (NOTICED_AFTER + SETTLED_AFTER))
    past = _undisputed().filter(issued_on__lt=long_ago)
    for is_credited, reason, outcome, note in SETTLED:
        likely = past.filter(corrections__isnull=not is_credited)
        invoice = likely.order_by("-issued_on", "-total", "pk").first()
        dispute = _open(invoice, reason, finance) if invoice else None
        if invoice is not None and dispute is not None:
            with as_of(invoice.issued_on + timedelta(days=NOTICED_AFTER + SETTLED_AFTER), InvoiceDispute):
                resolve_dispute(dispute=dispute, outcome=outcome, note=note, by=billing)
        found.append(dispute)
    return found
