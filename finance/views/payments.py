"""Pages of payments: the list, and one payment with what it settles."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Account
from common.asof import requested_as_of
from common.export import asked_format, export_response
from common.formatting import format_count
from common.pagination import read_page
from common.params import read_key
from finance.billing.access import finance_only, makes_invoices, readers_of_invoices
from finance.invoices.forms import AllocationForm
from finance.invoices.listing import (
    PAYMENT_ORDERS,
    PAYMENTS,
    find_payments,
    payment_search,
    payments_table,
)
from finance.invoices.services import (
    ANY_DAY,
    allocate_automatically,
    allocate_payment,
    undo_allocation,
    undo_run,
)
from finance.models import Allocation, AllocationRun, Invoice, Payment
from finance.views.invoices import LARGEST_ID, add_errors
from metrics.engine.plan import today
from people.guards import signed_in

MOST_RUNS = 3


@require_safe
@readers_of_invoices
def payments(request: HttpRequest) -> HttpResponse:
    """List payments: those that settle nothing yet, the oldest first, unless the address asks for all."""
    day = requested_as_of(request) or today()
    search = payment_search(request.GET)
    if asked_format(request):
        return export_response(request, payments_table(search, day))
    page = read_page(request, find_payments(search, day), PAYMENT_ORDERS[search.sort])
    context = {
        "page": page,
        "rows": page.rows,
        "search": search,
        "shows": PAYMENTS,
        "account": Account.objects.filter(pk=search.account).first() if search.account else None,
        "may_write": makes_invoices(request),
        "runs": AllocationRun.objects.filter(undone_at=None)
        .annotate(count=Count("allocations__invoice", filter=Q(allocations__undone_at=None), distinct=True))
        .select_related("by")
        .order_by("-pk")[:MOST_RUNS],
        "as_of": day,
    }
    return render(request, "finance/invoices/payments.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@readers_of_invoices
def payment(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what a payment settles; finance lets it settle more."""
    held = get_object_or_404(
        Payment.objects.with_unallocated(ANY_DAY).select_related("account", "invoice"),
        pk=min(pk, LARGEST_ID),
        account__deleted_at=None,
    )
    if request.method == "POST":
        return _allocate(request, held)
    return _page(request, held, None)


@require_POST
@finance_only
def allocate(request: HttpRequest) -> HttpResponse:
    """Let the money of the accounts named settle what they owe, the oldest due first."""
    asked = [key for text in request.POST.getlist("account") if (key := read_key(text))]
    known = Account.objects.filter(pk__in=asked, deleted_at=None)
    run = allocate_automatically(accounts=[one.pk for one in known], as_of=today(), by=signed_in(request))
    if run is None:
        messages.info(request, "Nothing to allocate: no money is left over where something is owed.")
    else:
        settled = format_count(run.allocations.values("invoice").distinct().count(), "invoice")
        messages.success(request, f"Allocated to {settled}. It can be undone below.")
    return redirect("finance:payments")


@require_POST
@finance_only
def run_undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Take back what a run of automatic allocation made."""
    run = get_object_or_404(AllocationRun, pk=min(pk, LARGEST_ID))
    count = undo_run(run=run, by=signed_in(request))
    messages.success(request, f"Taken back: {count}." if count else "It was taken back already.")
    return redirect("finance:payments")


@require_POST
@finance_only
def allocation_undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Take back what somebody allocated."""
    held = get_object_or_404(Allocation, pk=min(pk, LARGEST_ID))
    try:
        undo_allocation(allocation=held, by=signed_in(request))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, "Taken back.")
    if held.payment_id:
        return redirect("finance:payment", held.payment_id)
    return redirect("finance:invoice", held.credit_id)


@finance_only
def _allocate(request: HttpRequest, held: Payment) -> HttpResponse:
    form = AllocationForm(request.POST, invoices=_choices(held))
    if form.is_valid():
        try:
            allocate_payment(payment=held, by=signed_in(request), **form.cleaned_data)
        except ValidationError as error:
            add_errors(form, error)
        else:
            messages.success(request, f"It settles {form.cleaned_data['invoice']} now.")
            return redirect("finance:payment", held.pk)
    return _page(request, held, form)


def _page(request: HttpRequest, held: Any, form: AllocationForm | None) -> HttpResponse:
    may_write = makes_invoices(request)
    choices = _choices(held)
    offers_form = may_write and not held.deleted_at and held.unallocated > 0 and choices.exists()
    context = {
        "payment": held,
        "account": held.account,
        "allocations": list(
            held.allocations.select_related("invoice", "by", "undone_by").order_by("undone_at", "on", "pk")
        ),
        "form": form or (AllocationForm(invoices=choices) if offers_form else None),
        "may_write": may_write,
    }
    status = 422 if form is not None and form.errors else 200
    return render(request, "finance/invoices/payment.html", context, status=status)


def _choices(held: Payment) -> Any:
    found: Any = Invoice.objects.open_on(ANY_DAY).filter(account=held.account_id, currency=held.currency)
    return found.order_by("falls_due_on", "pk")
