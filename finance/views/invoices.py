"""Pages of invoices: the list, one invoice, what is open by age, and how often invoices were wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import Account
from common.asof import requested_as_of
from common.export import Offer, asked_format, chosen_table, export_response
from common.pagination import read_page
from finance.billing.access import finance_only, makes_invoices, readers_of_invoices
from finance.billing.explaining import bill_days_of, reason_of
from finance.billing.issuing import seen_of
from finance.billing.papers.invoice import invoice_paper
from finance.home import newest_segments
from finance.invoices.ageing import BUCKETS, ageing, year_until
from finance.invoices.forms import CauseForm, DisputeForm, OutcomeForm
from finance.invoices.listing import (
    INVOICE_ORDERS,
    INVOICES,
    find_corrections,
    find_invoices,
    invoice_search,
    invoices_table,
    state_of,
)
from finance.invoices.querysets import USUAL_TERMS_DAYS
from finance.invoices.reading import (
    Line,
    ageing_table,
    causes_of_year,
    corrections_table,
    count_year,
    given_by,
    lines_of,
    lines_table,
    settled_by,
    source_of,
    sums_by_currency,
)
from finance.invoices.services import cause_seen, name_cause, open_dispute, resolve_dispute
from finance.models import Invoice, InvoiceCorrection, InvoiceDispute, InvoiceLine, RootCause
from metrics.engine.plan import today
from people.access import request_access
from people.guards import signed_in
from people.models import Category

LARGEST_ID = 2**63 - 1
MOST_AGED = 500
CORRECTIONS = ("-found_on", "-pk")


@require_safe
@readers_of_invoices
def invoices(request: HttpRequest) -> HttpResponse:
    """List invoices: those that are open, the longest due first, unless the address asks for others."""
    day = requested_as_of(request) or today()
    search = invoice_search(request.GET)
    if asked_format(request):
        return export_response(request, invoices_table(search, day))
    page = read_page(request, find_invoices(search, day), INVOICE_ORDERS[search.sort])
    context = {
        "page": page,
        "rows": [(held, *state_of(held, day)) for held in page.rows],
        "search": search,
        "shows": INVOICES,
        "account": Account.objects.filter(pk=search.account).first() if search.account else None,
        "as_of": day,
    }
    return render(request, "finance/invoices/list.html", context)


@require_safe
@readers_of_invoices
def invoice(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one invoice: its lines, what settles it, and what was wrong with it."""
    day = requested_as_of(request) or today()
    held = _invoice(pk, day)
    lines = _explained(request, held, lines_of(held, day))
    if asked_format(request):
        return export_response(
            request, chosen_table(request, (Offer("lines", "Lines", lambda: lines_table(held, lines)),))
        )
    words, tone = state_of(held, day)
    context = {
        "invoice": held,
        "account": held.account,
        "state": words,
        "is_draft": held.status == Invoice.Status.DRAFT,
        "seen": seen_of(held),
        "is_overdue": tone == "red",
        "tone": tone,
        "lines": lines,
        "has_divisions": any(row.line.account_id != held.account_id for row in lines),
        "usual_terms": USUAL_TERMS_DAYS,
        "settling_title": "Settled by" if held.kind == Invoice.Kind.INVOICE else "What it settles",
        "settled_by": settled_by(held, day),
        "given": given_by(held, day),
        "credit_notes": list(
            held.credit_notes.filter(deleted_at=None, issued_on__lte=day).order_by("issued_on", "pk")
        ),
        "corrections": list(
            held.corrections.filter(found_on__lte=day)
            .select_related("credit_note", "named_by")
            .order_by("-found_on", "-pk")
        ),
        "source": source_of(held),
        "paper": invoice_paper(held) if held.paper is not None else None,
        # A past day is shown to read: what it shows may have changed since.
        "may_write": makes_invoices(request) and day == today(),
        "as_of": day,
        "exports": (Offer("lines", "Lines", lambda: lines_table(held, lines)),),
    }
    return render(request, "finance/invoices/invoice.html", context)


def _explained(request: HttpRequest, held: Invoice, lines: list[Line]) -> list[Line]:
    """Return lines with why they come to their amount, for who may read prices of contracts."""
    access = request_access(request)
    if held.kind != Invoice.Kind.INVOICE or not all(
        map(access.allows, (Category.CONTRACTS, Category.REVENUE))
    ):
        return lines
    days = bill_days_of(held.account_id)
    return [replace(row, reason=reason_of(row.line, days)) for row in lines]


@require_safe
@readers_of_invoices
def aged(request: HttpRequest) -> HttpResponse:
    """Show who owes what by how late it is, the most overdue first."""
    day = requested_as_of(request) or today()
    found = ageing(day)
    accounts = Account.objects.in_bulk({row.account_id for row in found})
    late = sorted(found, key=lambda row: (-(row.open - row.current), -row.balance, row.account_id))
    rows = [(accounts[row.account_id], row) for row in late if row.account_id in accounts]
    if asked_format(request):
        return export_response(request, ageing_table((str(account), row) for account, row in rows))
    context = {
        "rows": rows[:MOST_AGED],
        "is_cut": len(rows) > MOST_AGED,
        "sums": sums_by_currency(found),
        "buckets": BUCKETS,
        "as_of": day,
    }
    return render(request, "finance/invoices/ageing.html", context)


@require_safe
@readers_of_invoices
def accuracy(request: HttpRequest) -> HttpResponse:
    """Show how often invoices of a year were wrong, by segment and cause, down to the invoices."""
    day = requested_as_of(request) or today()
    asked = request.GET.get("cause", "")
    cause = asked if asked in (*RootCause.values, "none") else ""
    found = find_corrections(day, year_until(day), cause)
    if asked_format(request):
        return export_response(
            request, corrections_table(found.order_by(*CORRECTIONS).iterator(chunk_size=2000))
        )
    page = read_page(request, found, CORRECTIONS)
    context = {
        "page": page,
        "rows": page.rows,
        "causes": causes_of_year(day),
        "year": count_year(day),
        "since": year_until(day),
        "cause": cause,
        "accuracy": newest_segments(("finance.invoice_accuracy",), day).get(
            ("finance.invoice_accuracy", "all", "")
        ),
        "may_write": makes_invoices(request),
        "as_of": day,
    }
    return render(request, "finance/invoices/accuracy.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@finance_only
def dispute_open(request: HttpRequest, pk: int) -> HttpResponse:
    """Note that the customer disputes a line."""
    line = get_object_or_404(
        InvoiceLine.objects.select_related("invoice__account"), pk=min(pk, LARGEST_ID), is_current=True
    )
    form = DisputeForm(request.POST or None)
    if form.is_valid():
        try:
            open_dispute(line=line, reason=form.cleaned_data["reason"], by=signed_in(request))
        except ValidationError as error:
            add_errors(form, error)
        else:
            messages.success(request, "Noted. Nobody asks for this line until the dispute has ended.")
            return redirect("finance:invoice", line.invoice_id)
    return _act(request, form, line.invoice, "Note a dispute", f"Line {line}", "Note the dispute")


@require_http_methods(["GET", "HEAD", "POST"])
@finance_only
def dispute_resolve(request: HttpRequest, pk: int) -> HttpResponse:
    """Say how a dispute ended."""
    dispute = get_object_or_404(
        InvoiceDispute.objects.select_related("line__invoice__account"), pk=min(pk, LARGEST_ID)
    )
    held = dispute.line.invoice
    form = OutcomeForm(request.POST or None)
    if form.is_valid():
        try:
            resolve_dispute(dispute=dispute, by=signed_in(request), **form.cleaned_data)
        except ValidationError as error:
            add_errors(form, error)
        else:
            messages.success(request, "The dispute has ended.")
            return redirect("finance:invoice", held.pk)
    about = f"Line {dispute.line}. The customer said: {dispute.reason}"
    return _act(request, form, held, "End a dispute", about, "End the dispute")


@require_http_methods(["GET", "HEAD", "POST"])
@finance_only
def correction_cause(request: HttpRequest, pk: int) -> HttpResponse:
    """Say why an invoice was wrong."""
    found = InvoiceCorrection.objects.select_related("invoice__account", "credit_note", "named_by")
    correction = get_object_or_404(found, pk=min(pk, LARGEST_ID))
    form = CauseForm(
        request.POST or None, initial={"root_cause": correction.root_cause, "note": correction.note}
    )
    if form.is_valid():
        try:
            name_cause(
                correction=correction,
                by=signed_in(request),
                expected=request.POST.get("seen", ""),
                **form.cleaned_data,
            )
        except ValidationError as error:
            add_errors(form, error)
        else:
            messages.success(request, "The cause is noted.")
            return redirect("finance:invoice", correction.invoice_id)
    about = "It counts against invoice accuracy, unless it was goodwill."
    seen = cause_seen(correction)
    return _act(request, form, correction.invoice, "Why was it wrong?", about, "Note the cause", seen)


def add_errors(form: Any, error: ValidationError) -> None:
    """Put what a service refused beside the fields it names, the rest above the form."""
    for name, errors in (
        error.error_dict if hasattr(error, "error_dict") else {"": error.error_list}
    ).items():
        form.add_error(name if name in form.fields else None, errors)


def _invoice(pk: int, day: Any) -> Any:
    found = Invoice.objects.with_open(day).select_related("account", "corrects")
    return get_object_or_404(found, pk=min(pk, LARGEST_ID), account__deleted_at=None)


def _act(
    request: HttpRequest, form: Any, held: Invoice, title: str, about: str, verb: str, seen: str = ""
) -> HttpResponse:
    context = {
        "form": form,
        "title": title,
        "about": about,
        "verb": verb,
        "seen": seen,
        "account": held.account,
        "crumbs": [
            (reverse("finance:invoices"), "Invoices"),
            (reverse("finance:invoice", args=[held.pk]), str(held)),
        ],
        "back": reverse("finance:invoice", args=[held.pk]),
    }
    return render(request, "finance/invoices/act.html", context, status=422 if form.errors else 200)
