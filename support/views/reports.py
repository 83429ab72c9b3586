"""Reports of support: what was promised and kept, how long it took, and what missing it costs."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.models import Account
from common.asof import requested_as_of
from common.export import Offer, asked_format, chosen_table, export_response
from common.pagination import read_page
from common.periods import months_until
from metrics.models import SegmentValue
from people.access import request_access
from support.models import Priority, SlaMetric
from support.reports.attainment import (
    BY,
    MONTHS,
    PROMISED,
    RESULTS,
    Search,
    attainment_chart,
    read_tallies,
    shown_whole,
    summed,
    tallies_table,
)
from support.reports.exposure import exposure_chart, exposure_table, read_exposure
from support.reports.listing import ORDER, Row, clocks_table
from support.reports.times import read_times, times_chart, times_table
from support.views.policies import readers_only

REOPENED = "support.reopen_rate"


@require_safe
@readers_only
def attainment(request: HttpRequest) -> HttpResponse:
    """Show what was kept of what was promised, with the clocks behind each bar."""
    asked_day = requested_as_of(request)
    as_of = asked_day or timezone.now().date()
    search = Search.from_params(request.GET, as_of, is_past=asked_day is not None)
    months = months_until(as_of, search.months)
    exposure = read_exposure(request_access(request), months, as_of, settings.REPORTING_CURRENCY)
    shows_money = exposure is not None and exposure.closed is None
    exports = [
        Offer("clocks", "Promises", lambda: clocks_table(search)),
        Offer("attainment", "Attainment", lambda: tallies_table(search, read_tallies(search))),
        Offer("times", "Times", lambda: times_table(read_times(search))),
    ]
    if exposure is not None and shows_money and exposure.rows:
        exports.append(Offer("credits", "Service credits", lambda: exposure_table(exposure)))
    if asked_format(request):
        return export_response(request, chosen_table(request, exports))
    tallies = read_tallies(search)
    page = read_page(request, search.listed(), ORDER)
    context = {
        "search": search,
        "tallies": tallies,
        "every": summed(tallies),
        "whole": shown_whole(search, tallies),
        "chart": attainment_chart(search, tallies),
        "times": [times_chart(times) for times in read_times(search)],
        "reopened": _reopened(as_of),
        "exposure": exposure,
        "exposure_chart": exposure_chart(exposure, months) if exposure and shows_money else None,
        "page": page,
        "rows": [Row(clock, as_of) for clock in page.rows],
        "account": Account.objects.filter(pk=search.account).first() if search.account else None,
        "without_account": search.url(account=0),
        "everything": search.url(
            metric="", tier="", priority="", promised="", result="", month=None, account=0
        ),
        "results": [(key, label, f"{search.url(result=key)}#clocks") for key, label in _results()],
        "choices": _choices(search),
        "exports": exports,
    }
    return render(request, "support/reports/attainment.html", context)


def _results() -> list[tuple[str, str]]:
    return [("", "All"), *RESULTS.items()]


def _choices(search: Search) -> list[dict[str, Any]]:
    """Return the selects of the form: name, heading, what stands for any, options and what is chosen."""
    return [
        {"name": "months", "label": "Period", "options": MONTHS.items(), "chosen": str(search.months)},
        {
            "name": "by",
            "label": "Bars",
            "options": [(key, f"By {label.lower()}") for key, label in BY.items()],
            "chosen": search.by,
        },
        {
            "name": "metric",
            "label": "Metric",
            "any": "Every metric",
            "options": SlaMetric.choices,
            "chosen": search.metric,
        },
        {
            "name": "tier",
            "label": "Tier then",
            "any": "Every tier",
            "options": search.tiers.items(),
            "chosen": search.tier,
        },
        {
            "name": "priority",
            "label": "Priority",
            "any": "Every priority",
            "options": Priority.choices,
            "chosen": search.priority,
        },
        {
            "name": "promised",
            "label": "Promised by",
            "any": "By policies and contracts",
            "options": PROMISED.items(),
            "chosen": search.promised,
        },
    ]


def _reopened(as_of: date) -> SegmentValue | None:
    """Return the reopen rate of the newest night up to a day, None where no night has one."""
    return SegmentValue.objects.of(REOPENED).filter(as_of__lte=as_of, value__isnull=False).last()
