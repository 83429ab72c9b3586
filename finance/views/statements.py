"""Statements of accounts and of divisions, as pages, files and papers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.models import Account
from common.asof import requested_as_of
from common.export import Offer, asked_format, chosen_table, export_response
from common.periods import add_months, month_start
from common.typeset import pdf_response
from finance.billing.access import readers_of_invoices
from finance.billing.papers.paper import Paper, paper_pdf
from finance.billing.papers.statement import divisions_paper, statement_paper
from finance.billing.statements import (
    balances,
    movements_table,
    open_table,
    shares_of,
    shares_table,
)
from finance.views.billing import account_or_404
from metrics.engine.plan import today

MONTHS = 3
SHOWN = 500


@require_safe
@readers_of_invoices
def statement(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what an account owed, was billed and paid from one day to another."""
    account = account_or_404(pk)
    start, end = _days(request)
    held = balances(account, start, end)
    offers = (
        Offer("movements", "Movements", lambda: movements_table(held, start, end)),
        Offer("open", "Open invoices", lambda: open_table(held)),
    )
    if asked_format(request):
        return export_response(request, chosen_table(request, offers))
    context = {"balances": held, "exports": offers, "shown": SHOWN}
    return render(request, "finance/billing/statement.html", context | _shared(account, start, end))


@require_safe
@readers_of_invoices
def divisions_statement(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what each division contributed to the invoices that an account was sent."""
    account = account_or_404(pk)
    start, end = _days(request)
    held = shares_of(account, start, end)
    offers = (Offer("divisions", "By division", lambda: shares_table(held)),)
    if asked_format(request):
        return export_response(request, chosen_table(request, offers))
    context = {"shares": held, "exports": offers}
    return render(request, "finance/billing/divisions.html", context | _shared(account, start, end))


@require_safe
@readers_of_invoices
def statement_pdf(request: HttpRequest, pk: int) -> HttpResponse:
    """Download the statement of an account."""
    return _paper(request, pk, balances, statement_paper, "statement")


@require_safe
@readers_of_invoices
def divisions_pdf(request: HttpRequest, pk: int) -> HttpResponse:
    """Download the statement by division."""
    return _paper(request, pk, shares_of, divisions_paper, "divisions")


def _paper(
    request: HttpRequest,
    pk: int,
    read: Callable[[Account, date, date], Sequence[Any]],
    paper: Callable[[Account, Sequence[Any], date, date], Paper],
    name: str,
) -> HttpResponse:
    account = account_or_404(pk)
    start, end = _days(request)
    made = paper_pdf(paper(account, read(account, start, end), start, end))
    return pdf_response(made, f"{name}-{account.pk}-{end.isoformat()}.pdf")


def _shared(account: Account, start: date, end: date) -> dict[str, Any]:
    return {"account": account, "start": start, "end": end, "as_of": end}


def _days(request: HttpRequest) -> tuple[date, date]:
    """Return ``?from=`` and ``?to=``: by default from three months ago until today, or the day that is looked at."""
    end = _day(request.GET.get("to", "")) or requested_as_of(request) or today()
    start = _day(request.GET.get("from", "")) or add_months(month_start(end), -MONTHS)
    return min(start, end), end


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 1990 <= day.year <= 2200 else None
