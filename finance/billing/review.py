"""Drafts and previews, as pages and files show them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db.models import Case, F, QuerySet, Sum, When

from common.export import Table, table_of
from finance.billing.drafting import Preview
from finance.billing.facts import own_invoices
from finance.models import Invoice


def drafts_waiting() -> QuerySet[Any, Any]:
    """Return the drafts made here that wait to be issued, the earliest first."""
    waiting: QuerySet[Any, Any] = own_invoices().filter(status=Invoice.Status.DRAFT, account__deleted_at=None)
    return waiting.select_related("account").order_by("issued_on", "pk")


def amounts_by_currency(invoices: QuerySet[Any, Any]) -> dict[str, Decimal]:
    """Return what invoices come to by currency, credit notes taken off; one query."""
    signed = Case(When(kind=Invoice.Kind.CREDIT_NOTE, then=-F("total")), default=F("total"))
    return dict(invoices.order_by("currency").values_list("currency").annotate(sum=Sum(signed)))


def preview_table(preview: Preview) -> Table:
    """Return the invoices due for a file."""
    return table_of(
        "invoices-due",
        preview.seen,
        (
            ("account_id", "Account id", lambda one: one.due.payer.pk),
            ("account", "Billed to", lambda one: one.due.payer.name),
            ("bill_on", "Invoice date", lambda one: one.due.bill_on),
            ("starts_on", "From", lambda one: one.due.start),
            ("ends_on", "First day after", lambda one: one.due.end),
            ("lines", "Lines", lambda one: len(one.due.positions)),
            ("currency", "Currency", lambda one: one.due.currency),
            ("net", "Before tax", lambda one: one.due.net),
            ("total", "Total", lambda one: one.due.total),
            ("draft", "Draft", lambda one: one.state),
            ("before", "Draft was", lambda one: one.before),
        ),
    )


def left_out_table(preview: Preview) -> Table:
    """Return what is left out for a file."""
    return table_of(
        "invoices-left-out",
        preview.left_out,
        (
            ("account_id", "Account id", lambda one: one.account.pk),
            ("account", "Account", lambda one: one.account.name),
            ("what", "What", lambda one: one.what),
            ("why", "Why", lambda one: one.why),
        ),
    )


def drafts_table(waiting: QuerySet[Any, Any]) -> Table:
    """Return the drafts for a file."""
    return table_of(
        "drafts",
        waiting.iterator(chunk_size=2_000),
        (
            ("account_id", "Account id", lambda one: one.account_id),
            ("account", "Billed to", lambda one: one.account.name),
            ("kind", "Kind", lambda one: one.get_kind_display()),
            ("bill_on", "Invoice date", lambda one: one.issued_on),
            ("starts_on", "From", lambda one: one.period_start),
            ("ends_on", "First day after", lambda one: one.period_end),
            ("lines", "Lines", lambda one: len(one.lines)),
            ("currency", "Currency", lambda one: one.currency),
            ("net", "Before tax", lambda one: one.net),
            ("total", "Total", lambda one: one.total),
        ),
    )
