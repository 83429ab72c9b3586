"""Pages of what accounts cost: the report, the rates it rests on, and a new rate with its effect shown first."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Account
from common.asof import requested_as_of
from common.export import Offer, asked_format, chosen_table, export_response
from common.versions.errors import VersionChangedError
from finance.costs.costing import DAYS, Wanted, costed_functions, effect_of
from finance.costs.forms import RateForm
from finance.costs.listing import (
    EVERY,
    SHOWN,
    accounts_on,
    accounts_table,
    doubts_of,
    stored_day,
    tiers_on,
    tiers_table,
)
from finance.costs.rates import (
    EDITORS,
    REFUSED,
    differences,
    drop_rate,
    expected,
    newest,
    publish_rate,
    refuse_day,
    write_rate,
)
from finance.costs.showing import rates_table, series_on
from finance.models import CostRate
from finance.views.billing import LARGEST_ID, add_errors
from metrics.engine.plan import today
from people.access import request_access, require
from people.configuration.authors import recorded
from people.guards import signed_in
from people.models import Category, Level

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def readers_of_costs(view: View[P]) -> View[P]:
    """Refuse a page to functions that don't read cost rates, with the reason."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        require(request_access(request), Category.COST_RATES)
        return view(request, *args, **kwargs)

    return guarded


@require_safe
@readers_of_costs
def cost_to_serve(request: HttpRequest) -> HttpResponse:
    """Show what serving each tier and account cost in 90 days, also as a share of revenue."""
    access, day = request_access(request), requested_as_of(request) or today()
    stored = stored_day(day)
    tiers = tiers_on(stored, access) if stored else []
    offers = [
        Offer(
            "accounts",
            "By account",
            lambda: accounts_table(accounts_on(stored, access, most=EVERY) if stored else []),
        ),
        Offer("tiers", "By tier", lambda: tiers_table(tiers)),
    ]
    if asked_format(request):
        return export_response(request, chosen_table(request, offers))
    found = accounts_on(stored, access, most=SHOWN + 1) if stored else []
    context = {
        "tiers": tiers,
        "whole": tiers[-1] if tiers else None,
        "rows": found[:SHOWN],
        "is_cut": len(found) > SHOWN,
        "exports": offers if found else [],
        "currency": settings.REPORTING_CURRENCY,
        "closed": "" if access.allows(Category.REVENUE, Level.TOTALS) else access.why_not(Category.REVENUE),
        "stored": stored,
        "provisional": doubts_of(stored, access) if stored else "",
        "as_of": stored or day,
    }
    return render(request, "finance/costs/cost_to_serve.html", context)


@require_safe
@readers_of_costs
def cost_rates(request: HttpRequest) -> HttpResponse:
    """Show what an hour of each function costs on a day, and every version."""
    day = requested_as_of(request) or today()
    series = series_on(day)
    if asked_format(request):
        return export_response(request, rates_table(series))
    context = {
        "series": series,
        "has_versions": any(one.versions for one in series),
        "may_write": _edits(request) and day == today(),
        "whom": "" if _edits(request) else REFUSED,
        "as_of": day,
    }
    return render(request, "finance/costs/rates.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@readers_of_costs
@recorded
def cost_rate_new(request: HttpRequest) -> HttpResponse:
    """Let a function cost something else from a day on: the first POST shows the effect, the same again saves."""
    if not _edits(request):
        raise PermissionDenied(REFUSED)
    if request.method != "POST":
        return _form(request, RateForm(initial=_initial()))
    form = RateForm(request.POST)
    if not form.is_valid():
        return _form(request, form, status=422)
    wanted, seen = form.wanted(), expected(form.cleaned_data["function"])
    try:
        refuse_day(wanted.starts_on, newest(wanted.function))
    except ValidationError as error:
        add_errors(form, error)
        return _form(request, form, status=422)
    if form.cleaned_data["shown"] != _token(wanted, seen):
        return _form(request, form, wanted=wanted, seen=seen)
    try:
        held = write_rate(
            function=wanted.function,
            loaded_cost=wanted.loaded_cost,
            capacity_hours=wanted.capacity_hours,
            starts_on=wanted.starts_on,
            by=signed_in(request),
            seen=seen,
            note=form.cleaned_data["note"],
        )
    except VersionChangedError as error:
        return _form(
            request, form, meanwhile=error, wanted=wanted, seen=expected(wanted.function), status=409
        )
    except ValidationError as error:
        add_errors(form, error)
        return _form(request, form, status=422)
    told = f"{held.get_function_display()} costs this from {held.starts_on:%-d %b %Y} on. The next night counts by it."
    messages.success(request, told)
    return redirect("finance:cost_rates")


@require_POST
@readers_of_costs
@recorded
def cost_rate_act(request: HttpRequest, pk: int) -> HttpResponse:
    """Put a draft in force from today on, or throw it away; take back a version whose day lies ahead."""
    if not _edits(request):
        raise PermissionDenied(REFUSED)
    held = get_object_or_404(CostRate, pk=min(pk, LARGEST_ID))
    by = signed_in(request)
    try:
        if request.POST.get("do") == "publish":
            publish_rate(version=held, starts_on=_first_day(newest(held.function)), by=by)
            messages.success(request, f"{held} is in force.")
        else:
            drop_rate(version=held, by=by)
            messages.success(request, f"{held} is gone.")
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("finance:cost_rates")


def _form(
    request: HttpRequest,
    form: RateForm,
    *,
    wanted: Wanted | None = None,
    seen: str = "",
    meanwhile: VersionChangedError | None = None,
    status: int = 200,
) -> HttpResponse:
    """Show the form, with the effect of what was typed where that can be; what was typed stays."""
    context: dict[str, Any] = {
        "form": form,
        "meanwhile": meanwhile,
        "currency": settings.REPORTING_CURRENCY,
        "days": DAYS,
        "shown": _token(wanted, seen) if wanted else "",
    }
    if wanted is not None:
        before = newest(wanted.function)
        effect = effect_of(wanted, today())
        names = Account.objects.in_bulk([one.account_id for one in effect.most])
        context |= {
            "effect": effect,
            "per_hour": wanted.loaded_cost / wanted.capacity_hours,
            "differences": _told(wanted, before),
            "rows": [(names[one.account_id], one) for one in effect.most if one.account_id in names],
            "is_ahead": wanted.starts_on > today(),
        }
    return render(request, "finance/costs/rate_new.html", context, status=status)


def _told(wanted: Wanted, before: CostRate | None) -> list[str]:
    if before is None:
        return []
    after = CostRate(
        function=wanted.function,
        loaded_cost=wanted.loaded_cost,
        capacity_hours=wanted.capacity_hours,
        currency=settings.REPORTING_CURRENCY,
    )
    return differences(before, after)


def _token(wanted: Wanted, seen: str) -> str:
    """Return what stands for the content of which the effect was shown, and the version in force then."""
    amounts = (f"{Decimal(each).normalize():f}" for each in (wanted.loaded_cost, wanted.capacity_hours))
    return "|".join((wanted.function, wanted.starts_on.isoformat(), *amounts, seen))


def _initial() -> dict[str, Any]:
    [function, *_] = costed_functions()
    before = newest(function)
    if before is None:
        return {"function": function, "starts_on": today().replace(month=1, day=1)}
    return {
        "function": function,
        "starts_on": _first_day(before),
        "loaded_cost": before.loaded_cost,
        "capacity_hours": before.capacity_hours,
    }


def _first_day(before: CostRate | None) -> date:
    """Return the day that is offered: today, or that of a version which begins later."""
    return max(today(), before.starts_on) if before is not None and before.starts_on else today()


def _edits(request: HttpRequest) -> bool:
    return signed_in(request).function in EDITORS
