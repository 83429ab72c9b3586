"""Pages of the making of invoices: what would be drafted, the drafts, their issue, credit notes and papers."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from dateutil.relativedelta import relativedelta
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from common.export import Offer, asked_format, chosen_table, export_response
from common.formatting import format_date
from common.pagination import read_page
from common.typeset import pdf_response
from finance.billing.access import finance_only, makes_invoices, readers_of_invoices
from finance.billing.drafting import draft_invoices, preview_drafts
from finance.billing.facts import own_invoices
from finance.billing.forms import CreditForm
from finance.billing.issuing import (
    FURTHEST,
    credit_invoice,
    issue_drafts,
    left_of,
    seen_of,
    throw_away_drafts,
)
from finance.billing.papers.invoice import invoice_paper
from finance.billing.papers.paper import paper_pdf
from finance.billing.review import (
    amounts_by_currency,
    drafts_table,
    drafts_waiting,
    left_out_table,
    preview_table,
)
from finance.billing.seller.services import lacking
from finance.models import Invoice
from finance.views.billing import LARGEST_ID, add_errors
from metrics.engine.plan import today
from people.guards import signed_in

SHOWN = 100


@require_http_methods(["GET", "HEAD", "POST"])
@readers_of_invoices
def invoices_due(request: HttpRequest) -> HttpResponse:
    """Show what would be drafted until a day, with what is left out and why; draft it."""
    if request.method == "POST":
        return _draft(request)
    asked = request.GET.get("until", "")
    until = _day(asked) or today()
    preview = preview_drafts(until=until)
    offers = [
        *([Offer("due", "Invoices due", lambda: preview_table(preview))] if preview.seen else []),
        *([Offer("left-out", "Left out", lambda: left_out_table(preview))] if preview.left_out else []),
    ]
    if asked_format(request):
        return export_response(request, chosen_table(request, offers))
    context = {
        "preview": preview,
        "rows": preview.seen[:SHOWN],
        "months": preview.months,
        "left_out": preview.left_out[:SHOWN],
        "shown": SHOWN,
        "until": until,
        "is_refused": bool(asked) and _day(asked) is None,
        "exports": offers,
        "may_write": makes_invoices(request),
        "tabs": _tabs(until, drafts_waiting().count()),
        "lacks": lacking(today()),
    }
    return render(request, "finance/billing/due.html", context)


def _tabs(until: date | None, waiting: int) -> list[dict[str, Any]]:
    """Return the drafts and what is due by two days; the one that is shown is current."""
    due = reverse("finance:invoices_due")
    ends = (today().replace(day=1) + relativedelta(months=2)) - timedelta(days=1)
    return [
        {"label": "Drafts", "url": reverse("finance:drafts"), "count": waiting, "is_current": until is None},
        {"label": "Due by today", "url": due, "is_current": until == today()},
        {
            "label": f"Due by {format_date(ends)}",
            "url": f"{due}?until={ends.isoformat()}",
            "is_current": until == ends,
        },
    ]


@finance_only
def _draft(request: HttpRequest) -> HttpResponse:
    until = _day(request.POST.get("until", ""))
    if until is None:
        messages.error(request, "Choose a day within a year from today. Nothing was drafted.")
        return redirect("finance:invoices_due")
    done = draft_invoices(until=until, by=signed_in(request))
    told = f"New drafts: {done.created}, changed: {done.updated}, as they were: {done.unchanged}"
    messages.success(request, f"{told}, taken back: {done.removed}.")
    return redirect("finance:drafts")


@require_safe
@readers_of_invoices
def drafts(request: HttpRequest) -> HttpResponse:
    """List the drafts that wait to be issued, the earliest first."""
    waiting = drafts_waiting()
    if asked_format(request):
        return export_response(request, drafts_table(waiting))
    page = read_page(request, waiting, ("issued_on", "pk"))
    context = {
        "page": page,
        "rows": [(draft, seen_of(draft)) for draft in page.rows],
        "amounts": amounts_by_currency(waiting),
        "may_write": makes_invoices(request),
        "tabs": _tabs(None, waiting.count()),
        "lacks": lacking(today()),
    }
    return render(request, "finance/billing/drafts.html", context)


@require_POST
@finance_only
def drafts_act(request: HttpRequest) -> HttpResponse:
    """Show what issuing or throwing away the chosen drafts does, then do it."""
    act = request.POST.get("act")
    if act not in ("issue", "throw"):
        messages.error(request, "Say whether to issue the drafts or throw them away.")
        return redirect("finance:drafts")
    seen = request.POST.getlist("draft")[:1_000]
    keys = [int(key) for one in seen if (key := one.partition(":")[0]).isdecimal() and len(key) < 19]
    chosen = list(drafts_waiting().filter(pk__in=keys).order_by("issued_on", "pk"))
    if not chosen:
        messages.error(request, "Choose at least one draft.")
        return redirect("finance:drafts")
    on = _day(request.POST.get("on", "")) or today()
    error: ValidationError | None = None
    if request.POST.get("confirmed"):
        try:
            return _act(request, act, seen, on)
        except ValidationError as refused:
            error = refused
    context = {
        "act": act,
        "chosen": [(draft, seen_of(draft)) for draft in chosen],
        "amounts": amounts_by_currency(drafts_waiting().filter(pk__in=keys)),
        "on": on,
        "reason": request.POST.get("reason", ""),
        "errors": error.messages if error else [],
        "lacks": lacking(on) if act == "issue" and error is None else "",
    }
    return render(request, "finance/billing/act.html", context, status=422 if error else 200)


def _act(request: HttpRequest, act: str, seen: list[str], on: date) -> HttpResponse:
    by = signed_in(request)
    if act == "throw":
        count = throw_away_drafts(seen=seen, reason=request.POST.get("reason", ""), by=by)
        messages.success(request, f"{count} thrown away. What they held comes with the next invoices.")
        return redirect("finance:drafts")
    issued = issue_drafts(seen=seen, on=on, by=by)
    numbers = issued[0].number if len(issued) == 1 else f"{issued[0].number} to {issued[-1].number}"
    messages.success(request, f"{len(issued)} issued: {numbers}.")
    return redirect("finance:drafts")


@require_safe
@readers_of_invoices
def invoice_pdf(request: HttpRequest, pk: int) -> HttpResponse:
    """Download an invoice, a credit note or a draft that was made here as a PDF."""
    invoice = _own(pk)
    name = f"draft-{invoice.pk}" if invoice.status == Invoice.Status.DRAFT else invoice.number
    return pdf_response(paper_pdf(invoice_paper(invoice)), f"{name}.pdf")


@require_http_methods(["GET", "HEAD", "POST"])
@finance_only
def invoice_credit(request: HttpRequest, pk: int) -> HttpResponse:
    """Take an issued invoice back, whole or by line, with its cause."""
    invoice = _own(pk)
    left = left_of(invoice)
    form = CreditForm(request.POST or None, left=left, currency=invoice.currency, initial={"on": today()})
    if form.is_valid():
        held: dict[str, Any] = form.cleaned_data
        try:
            note = credit_invoice(
                invoice=invoice,
                root_cause=held["root_cause"],
                on=held["on"],
                by=signed_in(request),
                amounts=form.amounts(),
            )
        except ValidationError as error:
            add_errors(form, error)
        else:
            messages.success(request, f"Credit note {note.number} was issued.")
            return redirect("finance:invoice", note.pk)
    context = {
        "invoice": invoice,
        "form": form,
        "left": left,
        "lacks": "" if form.errors else lacking(today()),
    }
    return render(request, "finance/billing/credit.html", context, status=422 if form.errors else 200)


def _own(pk: int) -> Invoice:
    return get_object_or_404(
        own_invoices().select_related("account", "corrects"), pk=min(pk, LARGEST_ID), account__deleted_at=None
    )


def _day(text: str) -> date | None:
    """Return the day of ``2026-11-30``, None for anything else or too far away to make invoices for."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if today() - timedelta(days=3660) <= day <= today() + timedelta(days=FURTHEST) else None
