"""What a draft would have given on days past: asked for, followed, and compared with what is stored."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Account
from common.charts import Chart, Series
from common.export import Offer, Table, asked_format, chosen_table, export_response, table_of
from common.formatting import format_date, format_percent
from common.htmx import render_page
from common.versions.errors import VersionChangedError
from metrics.engine.plan import today
from metrics.health.explain import SCORE_AXIS
from metrics.health.previews.history import (
    Bands,
    DayPair,
    account_history,
    accounts_compared,
    bands_by_day,
    days_of,
)
from metrics.health.previews.past import EACH, is_past_current, request_health_past
from metrics.health.shown import told_problems
from metrics.models import HealthDraftScore, HealthPast
from metrics.runs.pages import cancel_asked
from metrics.views.health.models import BANDS, LARGEST_ID, TONES, version_of
from people.guards import revops_only, signed_in

WHAT = "Recomputing the past of health models"
YEAR = 365
PAGE = 50
LAST_PAGE = 20_000


class PastForm(forms.Form):
    """Which days are scored anew."""

    first = forms.DateField(label="From", widget=forms.DateInput(attrs={"type": "date"}))
    last = forms.DateField(label="To", widget=forms.DateInput(attrs={"type": "date"}))
    each = forms.ChoiceField(label="Which days", choices=list(EACH.items()), widget=forms.RadioSelect)


@require_http_methods(["GET", "HEAD", "POST"])
@revops_only(WHAT)
def health_past_new(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for days past to be scored by a version."""
    model = version_of(request, pk)
    form = PastForm(
        request.POST or None,
        initial={"first": today() - timedelta(days=YEAR), "last": today(), "each": "month"},
    )
    problems: list[str] = []
    if request.method == "POST" and form.is_valid():
        try:
            run = request_health_past(model=model, by=signed_in(request), **form.cleaned_data)
        except VersionChangedError as error:
            messages.error(request, str(error))
            return redirect("metrics:health_models")
        except ValidationError as error:
            for name, found in error.message_dict.items():
                if name in form.fields:
                    form.add_error(name, found)
                else:
                    problems += told_problems(model, {name: found})
        else:
            return redirect("metrics:health_past", run.pk)
    context = {
        "model": model,
        "form": form,
        "problems": problems,
        "newest": model.pasts.newest_first().first(),
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "metrics/health/past_new.html", context, status=status)


@require_safe
@revops_only(WHAT)
def health_past(request: HttpRequest, pk: int) -> HttpResponse:
    """Show how far it is, or what the version would have given; of one account with ``?account=``."""
    run = _run(pk)
    context: dict[str, Any] = {"run": run, "model": run.model, "is_current": is_past_current(run)}
    if run.state == HealthPast.State.DONE:
        if asked_format(request):
            return export_response(request, chosen_table(request, _offers(run)))
        context |= _results(request, run)
    return render_page(request, "metrics/health/past.html", "metrics/health/_past.html", context)


@require_POST
@revops_only(WHAT)
def health_past_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop it."""
    cancel_asked(request, _run(pk))
    return redirect("metrics:health_past", pk)


def _run(pk: int) -> HealthPast:
    if pk > LARGEST_ID:
        raise Http404("There is no such run.")
    found = HealthPast.objects.select_related("model__tier", "model__author", "requested_by")
    return get_object_or_404(found, pk=pk)


def _results(request: HttpRequest, run: HealthPast) -> dict[str, Any]:
    stored, would = bands_by_day(run)
    days = days_of(run)
    account = _account(request)
    held = account_history(run, account) if account else []
    page = request.GET.get("page", "")
    place = max(1, min(int(page), LAST_PAGE)) if page.isascii() and page.isdecimal() and len(page) < 9 else 1
    first = (place - 1) * PAGE
    rows = list(accounts_compared(run, days[-1])[first : first + PAGE + 1]) if days else []
    return {
        "charts": [
            _bands_chart("stored", "As stored", days, stored),
            _bands_chart("would", f"By version {run.model.version}", days, would),
        ],
        "first": days[0] if days else None,
        "last": days[-1] if days else None,
        "days": len(days),
        "account": account,
        "history": held,
        "account_chart": _account_chart(run, account, held) if account and held else None,
        "rows": [{"row": row, "change": _change(row)} for row in rows[:PAGE]],
        "exports": _offers(run),
        "next_url": _turned(request, place + 1) if len(rows) > PAGE else "",
        "previous_url": _turned(request, place - 1) if place > 1 else "",
    }


def _turned(request: HttpRequest, page: int) -> str:
    asked = request.GET.copy()
    asked["page"] = str(page)
    return f"?{asked.urlencode()}#accounts"


def _account(request: HttpRequest) -> Account | None:
    asked = request.GET.get("account", "")
    if not (asked.isascii() and asked.isdecimal() and len(asked) < 19):
        return None
    return Account.objects.filter(pk=int(asked)).first()


def _change(row: Any) -> Decimal | None:
    return None if row.exact is None or row.stored is None else row.exact - row.stored


def _bands_chart(key: str, name: str, days: Sequence[date], held: Bands) -> Chart:
    ends = [Decimal(held[day].get("green", 0)) / sum(held[day].values()) for day in days if held.get(day)]
    title = f"{name}: nobody was scored on these days"
    if ends:
        title = f"{name}: {format_percent(ends[-1], 0)} green at the end"
        if len(ends) > 1:
            title += f", {format_percent(ends[0], 0)} at the beginning"
    return Chart(
        key=f"health-past-{key}",
        kind="stacked",
        title=title,
        categories=[format_date(day) for day in days],
        series=[
            Series(
                name=band.label,
                values=[held.get(day, {}).get(band.value, 0) if held.get(day) else None for day in days],
                tone=TONES[band],
            )
            for band in BANDS
        ],
        unit="accounts",
        category_label="Day",
        empty="Choose days of which scores are stored.",
    )


def _account_chart(run: HealthPast, account: Account, held: Sequence[DayPair]) -> Chart:
    changes = [one.change for one in held if one.change is not None]
    title = f"{account.name}: version {run.model.version} beside what is stored"
    if changes and not any(round(change, 1) for change in changes):
        title = f"{account.name}: version {run.model.version} would have given the same"
    return Chart(
        key="health-past-account",
        kind="line",
        title=title,
        categories=[format_date(one.day) for one in held],
        series=[
            Series(name="As stored", values=[one.stored for one in held], tone="muted"),
            Series(name=f"By version {run.model.version}", values=[one.would for one in held], tone="accent"),
        ],
        unit="points",
        decimals=1,
        category_label="Day",
        extra=SCORE_AXIS,
    )


def _offers(run: HealthPast) -> list[Offer]:
    return [Offer("scores", "Scores by account and day", lambda: _scores_table(run))]


def _scores_table(run: HealthPast) -> Table:
    rows = HealthDraftScore.objects.filter(model=run.model_id).select_related("account")
    return table_of(
        f"health-past-{run.pk}",
        rows.order_by("as_of", "account_id").iterator(chunk_size=1000),
        [
            ("as_of", "Day", lambda row: row.as_of),
            ("account_id", "Account id", lambda row: row.account_id),
            ("account", "Account", lambda row: row.account.name),
            ("score", "Would be", lambda row: row.exact),
            ("band", "Band", lambda row: row.band),
            ("limit", "Limit", lambda row: row.limit),
        ],
    )
