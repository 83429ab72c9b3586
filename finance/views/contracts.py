"""Pages of contracts: the list, one contract with its versions, and the calendar of renewals."""

from __future__ import annotations

from datetime import date

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from common.asof import requested_as_of
from common.charts import Chart, Series
from common.codes import country_name
from common.export import Offer, asked_format, chosen_table, export_response
from common.formatting import format_money
from common.pagination import read_page
from common.periods import add_months, month_label, month_start
from finance.clauses.offers import clause_rows, clauses_table
from finance.clauses.services.library import edits_library
from finance.contracts.listing import SHOWS, WITHIN, Search, arr_of, contracts_table, rows_of
from finance.contracts.reading import (
    LINES_SHOWN,
    compare,
    compared_table,
    contradictions,
    doubles,
    lines_of,
    lines_table,
    recorded_versions,
    terms_ahead,
    versions_of,
    versions_table,
)
from finance.contracts.renewals import (
    MONTHS,
    Day,
    Month,
    calendar_of,
    calendar_table,
    days_between,
    happenings_of,
    months_table,
)
from finance.models import Amendment, Contract
from finance.obligations.listing import obligations_of, obligations_table
from finance.views.guards import writes_contracts
from metrics.engine.plan import today
from people.access import request_access, require
from people.models import Category

LARGEST_ID = 2**63 - 1
SHOWN = 200


@require_safe
def contracts(request: HttpRequest) -> HttpResponse:
    """List contracts: those that run, the next notice first, unless the address asks for others."""
    access = request_access(request)
    require(access, Category.CONTRACTS)
    day = requested_as_of(request) or today()
    search = Search.from_params(request.GET)
    if asked_format(request):
        return export_response(request, contracts_table(search, day, access))
    page = read_page(request, search.find(day), search.order)
    context = {
        "page": page,
        "rows": rows_of(page.rows, day, access),
        "search": search,
        "shows": SHOWS,
        "withins": WITHIN,
        "as_of": day,
    }
    return render(request, "finance/contracts/list.html", context)


@require_safe
def contract(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one contract: its terms ahead, its lines, and what each version changed."""
    access = request_access(request)
    require(access, Category.CONTRACTS)
    day = requested_as_of(request) or today()
    held = get_object_or_404(
        Contract.objects.select_related("account"), pk=min(pk, LARGEST_ID), account__deleted_at=None
    )
    lines = lines_of(held, day, access, most=LINES_SHOWN + 1)
    versions = recorded_versions(held, day)
    told = versions_of(versions, day, access)
    compared = compare(versions, (request.GET.get("from", ""), request.GET.get("to", "")), access)
    offers = [
        Offer("lines", "Lines", lambda: lines_table(lines_of(held, day, access))),
        Offer("versions", "Versions", lambda: versions_table(told)),
    ]
    effective = next((each.version for each in told if each.is_in_effect), None)
    clauses = clause_rows(effective.statement.get("clauses", ())) if effective else []
    if clauses:
        offers.append(Offer("clauses", "Clauses", lambda: clauses_table(clauses)))
    obligations = obligations_of(held, day)
    if obligations:
        offers.append(Offer("obligations", "Obligations", lambda: obligations_table(obligations)))
    if compared is not None:
        offers.append(Offer("compared", "What differs", lambda: compared_table(compared)))
    if asked_format(request):
        return export_response(request, chosen_table(request, offers))
    ahead = terms_ahead(held, day)
    context = {
        "contract": held,
        "account": held.account,
        "country": country_name(held.account.country) if held.account.country else "",
        "terms": ahead,
        "running": next((term for term in ahead if term.is_running), None),
        "lines": lines[:LINES_SHOWN],
        "has_more_lines": len(lines) > LINES_SHOWN,
        "arr": access.redact(arr_of([held.pk], day).get(held.pk), Category.REVENUE),
        "versions": told,
        "compared": compared,
        "clauses": clauses,
        "clauses_of": effective,
        "contradictions": contradictions(held, access),
        "doubles": doubles(held),
        "amendments": Amendment.objects.filter(version__contract=held)
        .select_related("version__author")
        .order_by("-pk")[:SHOWN],
        "obligations": obligations,
        "can_write": writes_contracts(request),
        "can_record": edits_library(request.user),
        "today": today(),
        "is_past": day < today(),
        "as_of": day,
        "exports": offers,
    }
    return render(request, "finance/contracts/contract.html", context)


@require_safe
def renewals(request: HttpRequest) -> HttpResponse:
    """Show which terms end and which notice falls due in twelve months, from ``?from=2026-11`` on."""
    access = request_access(request)
    require(access, Category.CONTRACTS)
    day = requested_as_of(request) or today()
    first = _month(request.GET.get("from", "")) or month_start(day)
    months = calendar_of(first, day, access)
    offers = (
        Offer("days", "Notices and ends", lambda: calendar_table(first, day, access)),
        Offer("months", "Month by month", lambda: months_table(months)),
    )
    if asked_format(request):
        return export_response(request, chosen_table(request, offers))
    asked = _month(request.GET.get("month", ""))
    busy = [month for month in months if month.count]
    chosen = next((month for month in busy if month.month == asked), busy[0] if busy else None)
    turn = day if chosen and chosen.month < day < add_months(chosen.month, 1) else None
    shown = _days_shown(chosen.month, turn, day) if chosen else []
    happenings = list(happenings_of(shown, day, access))
    context = {
        "months": months,
        "chosen": chosen,
        "exports": offers,
        "happenings": [each for each in happenings if turn is None or each.on >= turn],
        "passed": [each for each in happenings if turn is not None and each.on < turn],
        "has_later": any(month.has_later for month in months),
        "shown": SHOWN,
        "chart": _chart(months) if access.allows(Category.REVENUE) else None,
        "first": first,
        "earlier": add_months(first, -MONTHS),
        "later": add_months(first, MONTHS),
        "is_now": first == month_start(day),
        "currency": settings.REPORTING_CURRENCY,
        "as_of": day,
    }
    return render(request, "finance/contracts/renewals.html", context)


def _days_shown(month: date, turn: date | None, day: date) -> list[Day]:
    """Return the days of a month, in the month that runs those from ``turn`` on first: what is over can wait."""
    ahead = days_between(turn or month, add_months(month, 1), day, most=SHOWN)
    return ahead if turn is None else [*ahead, *days_between(month, turn, day, most=SHOWN)]


def _month(text: str) -> date | None:
    """Return the first day of ``2026-11``, None for anything else."""
    try:
        month = date.fromisoformat(f"{text}-01")
    except ValueError:
        return None
    return month if 1990 <= month.year <= 2200 else None


def _chart(months: list[Month]) -> Chart:
    currency = settings.REPORTING_CURRENCY
    largest = max(months, key=lambda month: month.arr)
    lacking = sum(month.lacks_rate for month in months)
    return Chart(
        key="finance.renewals_by_month",
        kind="bar",
        title=f"{month_label(largest.month)} has most at stake: {format_money(largest.arr, currency, short=True)}"
        if largest.arr
        else "No term ends in these months",
        categories=[f"{month.month:%b} ’{month.month:%y}" for month in months],
        series=[Series(name="ARR of terms that end", values=[month.arr for month in months], tone="accent")]
        if largest.arr
        else [],
        unit="money",
        currency=currency,
        decimals=0,
        category_label="Month",
        note=f"Without {lacking} of a currency that has no exchange rate." if lacking else "",
        empty="Contracts whose term ends show here with their ARR.",
    )
