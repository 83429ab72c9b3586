"""What renewals will bring in the next four quarters."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.models import Tier
from common.asof import requested_as_of
from common.export import Offer, asked_format, chosen_table, export_response
from common.formatting import format_number
from finance.retention.asking import last_whole_month
from finance.retention.assumptions import AFTER_DAYS, HISTORY_MONTHS, ONE, ZERO, read_percent
from finance.retention.forecast import read_forecast
from finance.retention.outlook import ahead_table, assumptions_table, forecast_chart, quarters_table
from finance.retention.tabs import tabs_for
from finance.revenue.movements import newest_day
from finance.revenue.positions import month_end
from people.access import request_access, require
from people.models import Category, Level

SHOWN = 100


@require_safe
def forecast(request: HttpRequest) -> HttpResponse:
    """Show ARR of the next four quarters by renewals, with assumptions that the address may change."""
    access = request_access(request)
    require(access, Category.REVENUE, Level.TOTALS)
    may_open = access.allows(Category.REVENUE) and access.allows(Category.CONTRACTS)
    asked = requested_as_of(request)
    newest = newest_day()
    base = month_end(last_whole_month(min(asked, newest) if asked else newest))
    labels = dict(Tier.objects.order_by("rank").values_list("slug", "label"))
    params = request.GET.dict()
    passed = read_percent(params.get("passed", ""), 100)
    given = read_percent(params.get("given", ""), 100)
    found = read_forecast(
        base,
        list(labels),
        params,
        ONE if passed is None else passed,
        given=ZERO if given is None else given,
        looked_at=asked,
    )
    number = params.get("quarter", "")
    chosen = next((quarter for quarter in found.quarters if str(quarter.number) == number), None)
    shown = [chosen] if chosen else found.quarters
    offers = [
        Offer("quarters", "Quarters", lambda: quarters_table(found)),
        Offer("assumptions", "Assumptions", lambda: assumptions_table(found.assumptions)),
    ]
    if may_open:
        rows = [row for quarter in shown for row in quarter.rows]
        offers.append(Offer("contracts", "Contracts", lambda: ahead_table(rows)))
    if asked_format(request):
        return export_response(request, chosen_table(request, offers))
    context = {
        "tabs": tabs_for(request, "finance:retention_forecast"),
        "forecast": found,
        "chart": forecast_chart(found),
        "assumptions": [(each, labels.get(each.tier, "No tier")) for each in found.assumptions],
        "passed_percent": format_number(found.passed * 100),
        "given_percent": format_number(found.given * 100),
        "is_changed": any(key.startswith(("rate-", "uplift-", "passed", "given")) for key in params),
        "chosen": chosen,
        "rows": [
            (row, labels.get(row.assumption.tier, "No tier") if row.assumption else "")
            for row in (chosen.rows[:SHOWN] if chosen and may_open else ())
        ],
        "more": max(len(chosen.rows) - SHOWN, 0) if chosen else 0,
        "may_open": may_open,
        "history_months": HISTORY_MONTHS,
        "after_days": AFTER_DAYS,
        "currency": settings.REPORTING_CURRENCY,
        "exports": offers,
        "as_of": base,
    }
    return render(request, "finance/retention/forecast.html", context)
