"""More pages of retention: why two definitions differ, cohorts, and what renewals will bring."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from common.asof import requested_as_of
from common.export import asked_format, export_response
from finance.retention.asking import DIMENSION_LABELS, Asked, member_labels, offered_months
from finance.retention.cohorts import SPANS, Each, cohort_chart, cohorts_table, read_cohorts
from finance.retention.definitions import DEFINITIONS, MEASURES, Measure, choice_of, to_decimal
from finance.retention.differences import SHOWN, compare, differences_table
from finance.retention.tabs import tabs_for
from people.access import request_access, require
from people.models import Category, Level


@require_safe
def differences(request: HttpRequest) -> HttpResponse:
    """Show which accounts make two definitions differ, what each causes and why; they add up exactly."""
    require(request_access(request), Category.REVENUE, Level.FULL)
    params = request.GET.dict()
    asked = Asked.from_params(params, requested_as_of(request))
    if params.get("definition_2", "") not in DEFINITIONS:
        usual = "flow" if asked.choice.definition.key != "flow" else "point"
        params = {
            "definition_2": usual,
            **{key: value for key, value in params.items() if key != "definition_2"},
        }
    other = choice_of(asked.policy, params, "_2")
    measure: Measure = next((each for each in MEASURES if each == params.get("measure")), "grr")
    compared = compare(asked, other, measure)
    if asked_format(request):
        return export_response(request, differences_table(compared))
    labels = member_labels(asked.dimension, [asked.member] if asked.member else [])
    sides = [
        (side.choice, to_decimal(side.value), side.choice.words(measure, asked.rates_day), suffix)
        for side, suffix in ((compared.first, ""), (compared.second, "_2"))
    ]
    context = {
        "asked": asked,
        "tabs": tabs_for(request, "finance:retention_differences", asked),
        "compared": compared,
        "sides": sides,
        "rows": compared.shown(),
        "others": max(len(compared.parts) - SHOWN, 0),
        "measure": measure,
        "measure_label": MEASURES[measure],
        "measures": MEASURES.items(),
        "definitions": DEFINITIONS.values(),
        "dimensions": DIMENSION_LABELS.items(),
        "months": offered_months(asked.until, asked.params),
        "member_label": labels.get(asked.member or "", asked.member),
        "without_member": asked.with_params(member=None),
        "currency": settings.REPORTING_CURRENCY,
        "as_of": asked.until,
    }
    return render(request, "finance/retention/differences.html", context)


@require_safe
def cohorts(request: HttpRequest) -> HttpResponse:
    """Show what became of the accounts that first brought revenue in the same month or quarter."""
    require(request_access(request), Category.REVENUE, Level.TOTALS)
    asked = Asked.from_params(request.GET.dict(), requested_as_of(request))
    each: Each = next((key for key in SPANS if key == request.GET.get("each")), "quarter")
    found = read_cohorts(asked, each)
    if asked_format(request):
        return export_response(request, cohorts_table(found))
    labels = member_labels(asked.dimension, [asked.member] if asked.member else [])
    context = {
        "asked": asked,
        "tabs": tabs_for(request, "finance:retention_cohorts", asked),
        "each": each,
        "cohorts": found,
        "arr_chart": cohort_chart(found, each, "arr"),
        "accounts_chart": cohort_chart(found, each, "accounts"),
        "months": offered_months(asked.until, asked.params),
        "member_label": labels.get(asked.member or "", asked.member),
        "without_member": asked.with_params(member=None, each=each),
        "as_of": asked.until,
    }
    return render(request, "finance/retention/cohorts.html", context)
