"""The page of concentration: how much of revenue lies with how few, and where."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from common.asof import requested_as_of
from common.export import Offer, asked_format, chosen_table, export_response
from metrics.concentration.charts import lorenz_chart, places_chart, trend_chart
from metrics.concentration.numbers import PREFIXES, Counted
from metrics.concentration.reading import (
    COUNTED_LABELS,
    LISTED,
    NAMES,
    OVER_LABELS,
    Figures,
    Past,
    before_of,
    past_figures,
    rank,
    read_evenness,
    read_places,
    stored_day,
    stored_figures,
)
from metrics.concentration.shares import FEWEST
from metrics.concentration.tables import LABELS, holders_table, past_table, places_table
from metrics.explanation import explain_url
from people.access import Access, request_access, require
from people.models import Category, Level
from sync.freshness.marks import provisional_numbers

# Beside the segments of the account list, which have a filter of the same name there.
LISTED_BY = {"industry": "industry", "country": "country", "tier": "tier"}


@require_safe
def concentration(request: HttpRequest) -> HttpResponse:
    """Show how concentrated revenue is as of a day: over accounts or groups, and over what else it lies in."""
    access = request_access(request)
    require(access, Category.REVENUE, Level.TOTALS)
    counted, over = asked_counted(request), _asked_over(request, access)
    day = stored_day(requested_as_of(request))
    if day is None:
        return render(request, "metrics/concentration/page.html", {"day": None, **tabs(request, "page")})
    figures, past, places = stored_figures(day, counted), past_figures(day, counted), read_places(day, over)
    ranking = rank(day, counted)
    doubt = provisional_numbers(day).get(f"{PREFIXES[counted]}hhi", "")
    may_open = access.allows(Category.REVENUE)
    offers = [
        Offer("by_month", "By month", lambda: past_table(past, counted)),
        Offer("places", OVER_LABELS[over], lambda: places_table(places, over, day)),
    ]
    if may_open:
        offers.insert(
            0, Offer("largest", "The largest", lambda: holders_table(ranking.largest, counted, day))
        )
    if asked_format(request):
        return export_response(request, chosen_table(request, offers))
    context: dict[str, Any] = {
        **tabs(request, "page"),
        "day": day,
        "as_of": day,
        "exports": offers,
        "counted": counted,
        "noun": f"{counted}s",
        "counted_options": COUNTED_LABELS.items(),
        "figures": figures,
        "headline": headline(figures, before_of(day, counted), counted, requested_as_of(request)),
        "fewest": FEWEST,
        "lorenz": lorenz_chart("concentration-lorenz", figures, ranking, counted, provisional=doubt),
        "doubt": doubt,
        "trend": trend_chart(past, counted),
        "ranking": ranking,
        "listed": LISTED,
        "may_open": may_open,
        "why_closed": access.why_not(Category.REVENUE),
        "over": over,
        "over_label": OVER_LABELS[over],
        "over_options": _over_options(access, read_evenness(day)),
        "places": [(place, _accounts_url(over, place.key)) for place in places],
        "places_chart": places_chart(places, over),
        "has_inside": any(place.inside for place in places),
        "why_no_quarters": "" if may_read_renewals(access) else access.why_not(Category.CONTRACTS),
        "currency": settings.REPORTING_CURRENCY,
    }
    return render(request, "metrics/concentration/page.html", context)


def headline(
    figures: Figures, before: Past | None, counted: Counted, until: date | None
) -> list[dict[str, Any]]:
    """Return the figures with how they changed, and where each is explained as of the same day."""
    shown = []
    for name in NAMES:
        value = figures.values[name]
        then = before.values.get(name) if before is not None else None
        change = None if value is None or then is None else value - then
        shown.append(
            {
                "label": LABELS[name] if name != "top_1" else f"Largest {counted}",
                "value": value,
                "is_hhi": name == "hhi",
                "change": change if change is None or name == "hhi" else change * 100,
                "since": before.day if before is not None else None,
                "explain": explain_url(f"{PREFIXES[counted]}{name}", dimension="all", as_of=until),
            }
        )
    return shown


def asked_counted(request: HttpRequest) -> Counted:
    """Return what the address counts by: accounts, or the groups that they belong to."""
    return "group" if request.GET.get("counted") == "group" else "account"


def may_read_renewals(access: Access) -> bool:
    """Return whether the reader may know when contracts renew."""
    return access.allows(Category.CONTRACTS, Level.TOTALS)


def tabs(request: HttpRequest, current: str) -> dict[str, Any]:
    """Return the tabs that the pages about concentration share; they keep the day and what is counted."""
    kept = request.GET.copy()
    for name in [name for name in kept if name not in ("as_of", "counted")]:
        del kept[name]
    query = f"?{kept.urlencode()}" if kept else ""
    day = requested_as_of(request)
    dated = f"?as_of={day.isoformat()}" if day else ""
    pages = (
        ("page", "Concentration", f"{reverse('metrics:concentration')}{query}"),
        ("shock", "What if we lost them?", f"{reverse('metrics:shock')}{query}"),
    )
    return {
        "tabs": [{"label": label, "url": url, "is_current": key == current} for key, label, url in pages],
        "dated": dated,
    }


def _asked_over(request: HttpRequest, access: Access) -> str:
    asked = request.GET.get("over", "")
    allowed = [name for name, *_ in _over_options(access, {})]
    return asked if asked in allowed else allowed[0]


def _over_options(access: Access, evenness: dict[str, Any]) -> list[tuple[str, str, Any]]:
    return [
        (name, label, evenness.get(name))
        for name, label in OVER_LABELS.items()
        if name != "renewal_quarter" or may_read_renewals(access)
    ]


def _accounts_url(over: str, member: str) -> str:
    """Return the list of the accounts of a place, nothing where the list has no such filter."""
    if over not in LISTED_BY or (member == "none" and over != "tier"):
        return ""
    return f"{reverse('accounts:list')}?{urlencode({LISTED_BY[over]: member, 'sort': '-finance.arr'})}"
