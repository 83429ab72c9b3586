"""What RevOps was told about nights: why, with the band drawn, and what somebody answered."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from common.charts import Chart, Series
from common.export import Offer, Table, asked_format, chosen_table, export_response, table_of
from common.periods import day_label, days_until
from metrics.engine.plan import today
from metrics.models import NightAlert, NightFigure, NumberMute, RefreshRun, RefreshStep
from metrics.nights.answering import MOST_DAYS, acknowledge_alert, end_mute, mute_number
from metrics.nights.bands import LEAST_NIGHTS, NIGHTS, K, band_of
from metrics.nights.failures import message_of
from metrics.nights.judging import measures_of
from metrics.nights.telling import EPOCH, above_none, figure_text, told_apart
from metrics.registry import Metric, metrics
from people.access import request_access
from people.guards import revops_only, signed_in

WHAT = "What is told about nights"
LARGEST_ID = 2**63 - 1
SHOWN = 100
MUTED_FOR = 7


class AnswerForm(forms.Form):
    """What somebody says to an alert."""

    reason = forms.CharField(
        label="Reason", max_length=500, help_text="What it is, or what is done about it. Others read this."
    )


class MuteForm(AnswerForm):
    """For how long a number may move without a message."""

    days = forms.IntegerField(
        label="Days",
        min_value=1,
        max_value=MOST_DAYS,
        initial=MUTED_FOR,
        help_text="Nights, today’s the first.",
    )


@require_safe
@revops_only(WHAT)
def alerts(request: HttpRequest) -> HttpResponse:
    """List what lasts, then what is over, and which numbers are muted."""
    found = NightAlert.objects.select_related("acknowledged_by")
    lasting = list(found.lasting()[:SHOWN])
    past = list(found.exclude(closed_at=None)[:SHOWN])
    mutes = list(
        NumberMute.objects.filter(ended_at=None, until_on__gte=today()).select_related("author")[:SHOWN]
    )
    exports = [
        offer
        for offer, rows in (
            (Offer("lasting", "What lasts", lambda: _table("lasting", lasting)), lasting),
            (Offer("past", "What is over", lambda: _table("past", past)), past),
            (Offer("mutes", "Muted numbers", lambda: _mutes_table(mutes)), mutes),
        )
        if rows
    ]
    if asked_format(request):
        return export_response(request, chosen_table(request, exports))
    context = {
        "lasting": lasting,
        "past": past,
        "mutes": [(mute, metrics.get(mute.key)) for mute in mutes],
        "exports": exports,
        "least_nights": LEAST_NIGHTS,
    }
    return render(request, "metrics/nights/alerts.html", context)


@require_safe
@revops_only(WHAT)
def alert(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one alert: why it was told, and what can be answered."""
    return _page(request, _found(pk))


@require_POST
@revops_only(WHAT)
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    """Acknowledge an alert, or mute its number (``do=mute``)."""
    found = _found(pk)
    is_mute = request.POST.get("do") == "mute" and found.kind == NightAlert.Kind.BAND
    form = MuteForm(request.POST, prefix="mute") if is_mute else AnswerForm(request.POST, prefix="answer")
    if not form.is_valid():
        return _page(request, found, status=422, **{"mute_form" if is_mute else "form": form})
    try:
        if is_mute:
            mute_number(key=found.key, by=signed_in(request), **form.cleaned_data)
        else:
            acknowledge_alert(alert=found, by=signed_in(request), **form.cleaned_data)
    except ValidationError as error:
        messages.warning(request, " ".join(error.messages))
    else:
        messages.success(request, "Muted." if is_mute else "Noted.")
    return redirect("metrics:night_alert", pk)


@require_POST
@revops_only(WHAT)
def end(request: HttpRequest, pk: int) -> HttpResponse:
    """Tell of a number again."""
    mute = NumberMute.objects.filter(pk=min(pk, LARGEST_ID)).first()
    if mute is None:
        raise Http404("There is no such mute.")
    end_mute(mute=mute)
    messages.success(request, "RevOps is told of it again.")
    return redirect("metrics:night_alerts")


def _found(pk: int) -> NightAlert:
    found = NightAlert.objects.select_related("acknowledged_by").filter(pk=min(pk, LARGEST_ID)).first()
    if found is None:
        raise Http404("There is no such alert.")
    return found


def _page(request: HttpRequest, found: NightAlert, status: int = 200, **forms_: Any) -> HttpResponse:
    context: dict[str, Any] = {
        "alert": found,
        "exports": [],
        "form": forms_.get("form") or AnswerForm(prefix="answer"),
        "mute_form": forms_.get("mute_form") or MuteForm(prefix="mute"),
        "run": RefreshRun.objects.filter(as_of=found.last_on).order_by("-pk").first(),
    }
    metric = metrics.get(found.key)
    if found.kind == NightAlert.Kind.BAND and metric is not None:
        context |= _of_band(request, found, metric)
    if found.kind == NightAlert.Kind.FAILED and context["run"] is not None:
        step = RefreshStep.objects.failed().filter(run=context["run"], key=found.key).first()
        context["failure"] = message_of(step.error) if step else None
        context["error"] = step.error if step else ""
    return render(request, "metrics/nights/alert.html", context, status=status)


def _of_band(request: HttpRequest, found: NightAlert, metric: Metric) -> dict[str, Any]:
    access = request_access(request)
    mute = NumberMute.objects.filter(key=found.key, ended_at=None, until_on__gte=today()).first()
    told: dict[str, Any] = {"metric": metric, "mute": mute}
    if not access.allows(metric.category, "totals"):
        return told | {"why_not": access.why_not(metric.category)}
    days = days_until(found.last_on, NIGHTS + 1)
    figures = {
        figure.as_of: measures_of(figure).get(found.measure)
        for figure in NightFigure.objects.filter(key=found.key, as_of__range=(days[0], days[-1]))
    }
    before = [value for day in days[:-1] if (value := figures.get(day)) is not None]
    band = band_of(before)
    is_mean = found.measure == NightAlert.Measure.MEAN
    unit = metric.unit if is_mean else "accounts"

    def text(value: Any) -> str:
        return figure_text(value, unit) if is_mean else f"{round(value):,} accounts"

    told |= {"band": band, "before": earlier(days), "k": K, "nights_before": len(before)}
    if band is None or found.value is None:
        return told
    is_date = unit == "date"
    shown, low, high = told_apart(found.value, band, unit, is_count=not is_mean)
    counted = "" if is_mean else " accounts"
    chart = Chart(
        key=f"alert-{found.pk}",
        kind="line",
        title=f"{metric.label}: {shown}, usually {low} to {high}{counted}",
        categories=[day_label(day) for day in days],
        series=[
            Series(name=found.get_measure_display(), values=[figures.get(day) for day in days]),
            Series(name="Usual, upper end", values=[band.high] * len(days), tone="muted"),
            Series(name="Usual, lower end", values=[band.low] * len(days), tone="muted"),
        ],
        unit=f"days since {EPOCH}" if is_date else unit,
        currency=settings.REPORTING_CURRENCY,
        category_label="Night",
        note="Nights without a refresh are gaps.",
        extra={"connects": True},
    )
    return told | {
        "chart": chart,
        "median": text(band.median),
        "low": low,
        "high": f"{high}{counted}",
        "deviation": band.deviation if is_date else above_none(band.deviation, unit),
    }


def earlier(days: list[Any]) -> Any:
    """Return the night before the last of ``days``, with which it is compared."""
    return days[-1] - timedelta(days=1)


def _table(name: str, rows: list[NightAlert]) -> Table:
    return table_of(
        f"night-alerts-{name}-{timezone.localdate().isoformat()}",
        rows,
        [
            ("kind", "Kind", lambda row: row.get_kind_display()),
            ("key", "About", lambda row: row.key),
            ("measure", "Measure", lambda row: row.get_measure_display() if row.measure else ""),
            ("text", "What", lambda row: row.text),
            ("first_on", "First night", lambda row: row.first_on),
            ("last_on", "Last night", lambda row: row.last_on),
            ("is_muted", "Muted", lambda row: row.is_muted),
            ("acknowledged_by", "Answered by", lambda row: str(row.acknowledged_by or "")),
            ("reason", "Answer", lambda row: row.reason),
            ("closed_at", "Over", lambda row: row.closed_at),
        ],
    )


def _mutes_table(mutes: list[NumberMute]) -> Table:
    return table_of(
        "muted-numbers",
        mutes,
        [
            ("key", "Number", lambda mute: mute.key),
            ("until_on", "Until", lambda mute: mute.until_on),
            ("reason", "Reason", lambda mute: mute.reason),
            ("author", "By", lambda mute: str(mute.author)),
        ],
    )
