"""Closed months: when each was published, what was restated since and why, and closing by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from common.asof import requested_as_of
from common.export import asked_format, export_response
from common.formatting import format_count
from common.periods import month_label
from finance.models import RevenueClose
from finance.retention.asking import read_month
from finance.retention.months import (
    MOST_SHOWN,
    closable_months,
    close_effect,
    list_months,
    months_table,
    restated_table,
    told_month,
)
from finance.retention.services import EDITORS
from finance.retention.tabs import tabs_for
from finance.revenue.positions import month_end
from finance.revenue.publication import close_months, restatements
from people.access import request_access, require
from people.guards import signed_in
from people.models import Category, Level


@require_safe
def revenue_months(request: HttpRequest) -> HttpResponse:
    """List closed months, the newest first, with how much was entered of each since."""
    access = request_access(request)
    require(access, Category.REVENUE, Level.TOTALS)
    months = list_months(requested_as_of(request))
    if asked_format(request):
        return export_response(request, months_table(months))
    context = {
        "tabs": tabs_for(request, "finance:revenue_months"),
        "months": months,
        "open": closable_months(),
        "may_close": signed_in(request).function in EDITORS,
        "may_open": access.allows(Category.REVENUE),
    }
    return render(request, "finance/retention/months.html", context)


@require_safe
def revenue_month(request: HttpRequest, month: str) -> HttpResponse:
    """Show why ARR at the end of a closed month is no longer what was published."""
    require(request_access(request), Category.REVENUE, Level.FULL)
    first = read_month(month)
    if first is None or not RevenueClose.objects.filter(month=first).exists():
        raise Http404("This month is not closed.")
    rows = restatements(first)
    if asked_format(request):
        return export_response(request, restated_table(first, rows))
    context = {
        "month": first,
        "told": told_month(first),
        "rows": rows[:MOST_SHOWN],
        "more": max(len(rows) - MOST_SHOWN, 0),
        "change": sum((row.change or Decimal(0) for row in rows), Decimal(0)),
        "currency": settings.REPORTING_CURRENCY,
    }
    return render(request, "finance/retention/month.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def revenue_close(request: HttpRequest) -> HttpResponse:
    """Ask once more before months are closed, with what that publishes; close them when it is posted."""
    require(request_access(request), Category.REVENUE, Level.TOTALS)
    user = signed_in(request)
    if user.function not in EDITORS:
        raise PermissionDenied("Closing a month is for finance and RevOps.")
    until: date | None = read_month((request.POST or request.GET).get("month", ""))
    open_months = closable_months()
    if request.method == "POST":
        try:
            if until is None:
                raise ValidationError("Say which month to close.")
            closed = close_months(until=month_end(until), by=user)
        except ValidationError as error:
            for problem in error.messages:
                messages.error(request, problem)
        else:
            if closed:
                names = month_label(closed[-1]) if len(closed) == 1 else format_count(len(closed), "month")
                messages.success(request, f"{names} closed. What comes later restates it, by name.")
            else:
                messages.info(request, f"{month_label(until)} {_why_nothing(until)}; nothing was changed.")
        return redirect("finance:revenue_months")
    if until is None or until not in open_months:
        messages.info(
            request, "There is no ended month that is still open." if not open_months else "Choose a month."
        )
        return redirect("finance:revenue_months")
    context = {
        "month": until,
        "effect": close_effect(until),
        "months": [each for each in open_months if each <= until],
        "currency": settings.REPORTING_CURRENCY,
    }
    return render(request, "finance/retention/close.html", context)


def _why_nothing(month: date) -> str:
    """Say why closing up to a month closed none."""
    is_closed = RevenueClose.objects.filter(month=month).exists()
    return "had been closed already" if is_closed else "lies before the first month with revenue"
