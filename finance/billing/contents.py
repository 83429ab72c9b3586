"""What a draft says and what its invoice says now, so that the two can be compared: every line, not only the sum."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from finance.billing.due import DueInvoice
from finance.models import Invoice, InvoiceLine

Content = tuple[Any, ...]


def content_of(bill: DueInvoice) -> Content:
    """Return what a draft of this invoice has to say; amounts of a credit note are positive where they give back."""
    sign = -1 if bill.is_credit else 1
    lines = (
        (
            one.account_id,
            one.contract_line_id,
            one.description,
            one.start,
            one.end,
            one.quantity,
            one.net * sign,
            one.tax_percent,
            one.tax * sign,
        )
        for one in bill.positions
    )
    return (
        Invoice.Kind.CREDIT_NOTE if bill.is_credit else Invoice.Kind.INVOICE,
        bill.currency,
        bill.version.purchase_order,
        bill.start,
        bill.end,
        *lines,
    )


def contents_of(drafts: Collection[Invoice]) -> dict[int, Content]:
    """Return what drafts say, by key; one query."""
    lines: dict[int, list[Content]] = {draft.pk: [] for draft in drafts}
    rows = InvoiceLine.objects.filter(invoice__in=list(lines), is_current=True).order_by("invoice", "number")
    for invoice, *said in rows.values_list(
        "invoice_id",
        "account_id",
        "contract_line_id",
        "description",
        "period_start",
        "period_end",
        "quantity",
        "net",
        "tax_percent",
        "tax",
    ):
        lines[invoice].append(tuple(said))
    return {
        draft.pk: (
            draft.kind,
            draft.currency,
            draft.purchase_order,
            draft.period_start,
            draft.period_end,
            *lines[draft.pk],
        )
        for draft in drafts
    }
