"""Pages of the seller's particulars: what papers say of who sells, and its change."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from common.asof import requested_as_of
from common.export import asked_format, export_response
from common.versions.errors import VersionChangedError
from finance.billing.access import readers_of_invoices
from finance.billing.seller.forms import SellerForm
from finance.billing.seller.services import (
    EDITORS,
    REFUSED,
    drop_particulars,
    expected,
    lacking,
    newest,
    publish_particulars,
    write_particulars,
)
from finance.billing.seller.showing import history_of, history_table
from finance.billing.seller.terms import particulars_of, told
from finance.models import SellerParticulars
from finance.views.billing import LARGEST_ID, add_errors
from metrics.engine.plan import today
from people.configuration.authors import recorded
from people.guards import signed_in


@require_safe
@readers_of_invoices
def seller(request: HttpRequest) -> HttpResponse:
    """Show what papers of a day say of the seller, what they lack, and every version."""
    day = requested_as_of(request) or today()
    history = history_of(day)
    if asked_format(request):
        return export_response(request, history_table(history))
    held = SellerParticulars.objects.on(day)
    context = {
        "held": held,
        "told": told(particulars_of(held)),
        "lacks": lacking(day),
        "history": history,
        "may_write": _edits(request) and day == today(),
        "as_of": day,
    }
    return render(request, "finance/billing/seller.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@readers_of_invoices
@recorded
def seller_change(request: HttpRequest) -> HttpResponse:
    """Let papers say something else of the seller from a day on."""
    if not _edits(request):
        raise PermissionDenied(REFUSED)
    meanwhile: VersionChangedError | None = None
    if request.method == "POST":
        form = SellerForm(request.POST)
        if form.is_valid():
            held: dict[str, Any] = form.cleaned_data
            try:
                write_particulars(
                    particulars=form.particulars(),
                    starts_on=held["starts_on"],
                    by=signed_in(request),
                    seen=held["expected"],
                    note=held["note"],
                )
            except VersionChangedError as error:
                meanwhile = error
                # What was typed stays; saving again is then meant to replace what the other one wrote.
                form.data = {**request.POST.dict(), "expected": expected()}
            except ValidationError as error:
                add_errors(form, error)
            else:
                messages.success(request, f"Papers say this from {held['starts_on']:%-d %b %Y} on.")
                return redirect("finance:seller")
    else:
        before = newest()
        form = SellerForm(
            initial=particulars_of(before).columns()
            | {"starts_on": _first_day(before), "expected": expected()}
        )
    status = 409 if meanwhile else 422 if form.errors else 200
    context = {"form": form, "meanwhile": meanwhile}
    return render(request, "finance/billing/seller_change.html", context, status=status)


@require_POST
@readers_of_invoices
@recorded
def seller_act(request: HttpRequest, version: int) -> HttpResponse:
    """Put a draft in effect from today on, or throw it away; take back a version whose day lies ahead."""
    if not _edits(request):
        raise PermissionDenied(REFUSED)
    held = get_object_or_404(SellerParticulars, version=min(version, LARGEST_ID))
    by = signed_in(request)
    try:
        if request.POST.get("do") == "publish":
            publish_particulars(version=held, starts_on=_first_day(newest(), today()), by=by)
            messages.success(request, f"{held} is what papers say.")
        else:
            drop_particulars(version=held, by=by)
            messages.success(request, f"{held} is gone.")
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("finance:seller")


def _edits(request: HttpRequest) -> bool:
    return signed_in(request).function in EDITORS


def _first_day(before: SellerParticulars | None, first: date | None = None) -> date:
    """Return the day that is offered: today, or of the version before; for the very first ``first``, or this year's."""
    if before is None or before.starts_on is None:
        return first or today().replace(month=1, day=1)
    return max(today(), before.starts_on)
