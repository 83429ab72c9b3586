"""More pages of retention: what changed since another month, why two definitions differ, and cohorts."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from common.asof import requested_as_of
from common.export import asked_format, export_response
from finance.retention.asking import DIMENSION_LABELS, Asked, member_labels, offered_months, read_month
from finance.retention.changes import changes_table, read_change, since_of
from finance.retention.cohorts import (
    SPANS,
    Each,
    cohort_chart,
    cohorts_table,
    members_table,
    read_cohorts,
    read_members,
)
from finance.retention.definitions import DEFINITIONS, GOOD, MEASURES, Measure, choice_of, to_decimal
from finance.retention.differences import SHOWN, compare, differences_table
from finance.retention.tabs import tabs_for
from people.access import request_access, require
from people.models import Category, Level

AGE_DIGITS = 3


@require_safe
def changes(request: HttpRequest) -> HttpResponse:
    """Show which accounts changed a figure since an earlier month, what each causes and why, and what was published."""
    require(request_access(request), Category.REVENUE, Level.FULL)
    params = request.GET.dict()
    asked = Asked.from_params(params, requested_as_of(request))
    measure: Measure = next((each for each in MEASURES if each == params.get("measure")), "nrr")
    changed = read_change(asked, since_of(asked, params.get("since", "")), measure)
    if asked_format(request):
        return export_response(request, changes_table(changed))
    labels = member_labels(asked.dimension, [asked.member] if asked.member else [])
    context = {
        "asked": asked,
        "tabs": tabs_for(request, "finance:retention_changes", asked),
        "changed": changed,
        "sides": [
            (month, to_decimal(side.value), changed.published.get(month))
            for month, side in ((changed.since, changed.before), (asked.last, changed.now))
        ],
        "rows": changed.shown(),
        "others": max(len(changed.parts) - SHOWN, 0),
        "measure": measure,
        "measure_label": MEASURES[measure],
        "measures": MEASURES.items(),
        "words": asked.choice.words(measure, asked.rates_day),
        "good": GOOD[measure],
        "definitions": DEFINITIONS.values(),
        "months": offered_months(asked.until, asked.params),
        "earlier": offered_months(asked.last, {"to": f"{changed.since:%Y-%m}"}),
        "member_label": labels.get(asked.member or "", asked.member),
        "without_member": asked.with_params(member=None, measure=measure),
        "differences_query": asked.with_params(measure=measure),
        "currency": settings.REPORTING_CURRENCY,
        "as_of": asked.until,
    }
    return render(request, "finance/retention/changes.html", context)


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
    access = request_access(request)
    require(access, Category.REVENUE, Level.TOTALS)
    asked = Asked.from_params(request.GET.dict(), requested_as_of(request))
    each = _each(request)
    found = read_cohorts(asked, each)
    if asked_format(request):
        return export_response(request, cohorts_table(found))
    labels = member_labels(asked.dimension, [asked.member] if asked.member else [])
    context = {
        "asked": asked,
        "tabs": tabs_for(request, "finance:retention_cohorts", asked),
        "each": each,
        "cohorts": found,
        "may_open": access.allows(Category.REVENUE),
        "members_query": asked.with_params(each=each),
        "currency": settings.REPORTING_CURRENCY,
        "arr_chart": cohort_chart(found, each, "arr"),
        "accounts_chart": cohort_chart(found, each, "accounts"),
        "months": offered_months(asked.until, asked.params),
        "member_label": labels.get(asked.member or "", asked.member),
        "without_member": asked.with_params(member=None, each=each),
        "as_of": asked.until,
    }
    return render(request, "finance/retention/cohorts.html", context)


@require_safe
def cohort(request: HttpRequest, month: str) -> HttpResponse:
    """List the accounts of one cohort with their ARR when it began and after ``?age=`` windows."""
    require(request_access(request), Category.REVENUE, Level.FULL)
    asked = Asked.from_params(request.GET.dict(), requested_as_of(request))
    each, first = _each(request), read_month(month)
    text = request.GET.get("age", "")
    age = int(text) if text.isascii() and text.isdecimal() and len(text) <= AGE_DIGITS else None
    members = read_members(asked, each, first, age) if first else None
    if members is None:
        raise Http404("No account began in this cohort.")
    if asked_format(request):
        return export_response(request, members_table(members))
    labels = member_labels(asked.dimension, [asked.member] if asked.member else [])
    context = {
        "asked": asked,
        "each": each,
        "members": members,
        "ages": range(members.oldest + 1),
        "cohorts_query": asked.with_params(each=each),
        "account_query": asked.with_params(to=f"{members.day:%Y-%m}", member=None),
        "member_label": labels.get(asked.member or "", asked.member) if asked.member else "",
        "currency": settings.REPORTING_CURRENCY,
        "as_of": asked.until,
    }
    return render(request, "finance/retention/cohort.html", context)


def _each(request: HttpRequest) -> Each:
    return next((key for key in SPANS if key == request.GET.get("each")), "quarter")
