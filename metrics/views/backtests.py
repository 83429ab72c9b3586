"""Backtests of health models: asked for, followed, read, and a draft begun from one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from common.export import Offer, Table, asked_format, chosen_table, export_response, table_of
from common.formatting import format_date
from common.htmx import render_page
from common.versions.errors import VersionChangedError
from metrics.backtest import charts
from metrics.backtest.judging import FEWEST_ACCOUNTS, TIER, USAGE
from metrics.backtest.measures import DRAWS
from metrics.backtest.services import (
    WINDOWS,
    begin_suggested_draft,
    is_saved_since,
    month_ends,
    request_backtest,
)
from metrics.backtest.tables import WAYS, losses_of, offers_of
from metrics.backtest.words import AHEAD_OF, HAPPENED, OUTCOME_LABELS, OUTCOME_WORDS, SIDES, interval, verdict
from metrics.models import Backtest, HealthModel
from metrics.runs.pages import cancel_asked
from people.functions import Function
from people.guards import is_revops, revops_only, signed_in, whom_to_ask

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]
TESTING = "Testing health models"
READERS = (Function.REVOPS, Function.LEADERSHIP)
SHOWN = 50
PAGE = 50
LAST_PAGE = 20_000
LARGEST_ID = 2**63 - 1


def readers_only(view: View[P]) -> View[P]:
    """Refuse a page to all but those who read every category of data: it shows who was lost and what they paid."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not may_read(request):
            raise PermissionDenied(f"Reading backtests is for RevOps and leadership. {whom_to_ask()}")
        return view(request, *args, **kwargs)

    return guarded


def may_read(request: HttpRequest) -> bool:
    """Return whether the reader may see what backtests found."""
    return getattr(request.user, "function", "") in READERS


class BacktestForm(forms.Form):
    """What is to be tested, over which month-ends."""

    model = forms.TypedChoiceField(label="Version", coerce=int)
    first = forms.TypedChoiceField(label="First month-end", coerce=date.fromisoformat)
    last = forms.TypedChoiceField(label="Last month-end", coerce=date.fromisoformat)
    windows = forms.TypedMultipleChoiceField(
        label="Lost within",
        coerce=int,
        choices=[(window, f"{window} days") for window in WINDOWS],
        widget=forms.CheckboxSelectMultiple,
        help_text="What came of each month-end is looked up so many days later.",
    )
    known_until = forms.DateField(
        label="As known on",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="Nothing after this day is read. Left empty, it is the newest day with numbers.",
    )

    def __init__(
        self, *args: Any, models: Sequence[HealthModel], days: Sequence[date], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["model"].choices = [  # type: ignore[attr-defined]
            (model.pk, f"{model.scope}, version {model.version} ({model.get_state_display().lower()})")
            for model in models
        ]
        for name in ("first", "last"):
            self.fields[name].choices = [(day.isoformat(), format_date(day)) for day in days]  # type: ignore[attr-defined]


@require_safe
@readers_only
def backtests(request: HttpRequest) -> HttpResponse:
    """List backtests, newest first, with what each found."""
    listed = Backtest.objects.newest_first().select_related("model__tier", "requested_by")
    offers = [Offer("backtests", "Backtests", lambda: _listed_table(listed))]
    if asked_format(request):
        return export_response(request, chosen_table(request, offers))
    rows = [{"run": run, **_headline(run)} for run in listed[:SHOWN]]
    context = {"rows": rows, "exports": offers if rows else [], "may_test": is_revops(request)}
    return render(request, "metrics/backtests/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@revops_only(TESTING)
def backtest_new(request: HttpRequest) -> HttpResponse:
    """Ask what is to be tested, and have it tested."""
    models = list(HealthModel.objects.select_related("tier").order_by("tier__rank", "segment", "-version"))
    days = month_ends()
    asked = request.GET.get("model", "")
    chosen = next((one for one in models if str(one.pk) == asked), None) or next(
        (one for one in models if one.state == HealthModel.State.PUBLISHED), None
    )
    first_guess = {
        "model": chosen.pk if chosen else None,
        "first": days[0].isoformat() if days else None,
        "last": days[-1].isoformat() if days else None,
        "windows": list(WINDOWS),
    }
    form = BacktestForm(request.POST or None, models=models, days=days, initial=first_guess)
    if request.method == "POST" and form.is_valid():
        wanted = dict(form.cleaned_data)
        asked_for = wanted.pop("model")
        model = next(one for one in models if one.pk == asked_for)
        try:
            run = request_backtest(model=model, by=signed_in(request), **wanted)
        except VersionChangedError as error:
            form.add_error("model", str(error))
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return redirect("metrics:backtest", run.pk)
    context = {"form": form, "days": days, "fewest": FEWEST_ACCOUNTS}
    return render(request, "metrics/backtests/new.html", context, status=422 if form.errors else 200)


@require_safe
@readers_only
def backtest(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a backtest: how far it is, or what it found."""
    run = _run(pk)
    context: dict[str, Any] = {
        "run": run,
        "model": run.model,
        "may_test": is_revops(request),
        "is_changed": is_saved_since(run),
    }
    if run.state == Backtest.State.DONE:
        found = _chosen(request, run)
        way = request.GET.get("way", "")
        way = way if way in WAYS else ""
        offers = offers_of(run, found, way)
        if asked_format(request):
            return export_response(request, chosen_table(request, offers))
        context |= {"exports": offers, **_result(request, run, found, way)}
    return render_page(request, "metrics/backtests/one.html", "metrics/backtests/_one.html", context)


@require_POST
@revops_only(TESTING)
def backtest_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop a backtest."""
    cancel_asked(request, _run(pk))
    return redirect("metrics:backtest", pk)


@require_POST
@revops_only("Beginning drafts of health models")
def backtest_draft(request: HttpRequest, pk: int) -> HttpResponse:
    """Begin a draft with the suggested weights and go to it."""
    try:
        draft = begin_suggested_draft(run=_run(pk), by=signed_in(request))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("metrics:backtest", pk)
    messages.success(
        request, f"Version {draft.version} is a draft with these weights. Nothing is scored by it yet."
    )
    return redirect(draft.get_absolute_url())


def _run(pk: int) -> Backtest:
    if pk > LARGEST_ID:
        raise Http404("There is no such backtest.")
    return get_object_or_404(Backtest.objects.select_related("model__tier", "requested_by"), pk=pk)


def _chosen(request: HttpRequest, run: Backtest) -> dict[str, Any]:
    results: list[dict[str, Any]] = (run.summary or {})["results"]
    asked = (request.GET.get("outcome", ""), request.GET.get("window", ""))
    named = (one for one in results if (one["outcome"], str(one["window"])) == asked)
    return next(named, results[0])


def _result(request: HttpRequest, run: Backtest, found: Mapping[str, Any], way: str) -> dict[str, Any]:
    summary = run.summary or {}
    page = request.GET.get("page", "")
    place = max(1, min(int(page), LAST_PAGE)) if page.isascii() and page.isdecimal() and len(page) < 9 else 1
    start = (place - 1) * PAGE
    losses = list(losses_of(run, way)[start : start + PAGE + 1])
    suggestion = summary["suggestion"]
    told = [
        (label, found[key]) for key, label in (("compared", "All month-ends"), ("since_cut", "After the cut"))
    ]
    red = found.get("red")
    return {
        "found": found,
        "happened": HAPPENED[found["outcome"]],
        "outcome_label": OUTCOME_LABELS[found["outcome"]],
        "outcome_words": OUTCOME_WORDS[found["outcome"]],
        "tabs": [
            {
                "label": f"{OUTCOME_LABELS[one['outcome']]} within {one['window']} days",
                "query": f"?outcome={one['outcome']}&window={one['window']}",
                "is_current": one is found,
            }
            for one in summary["results"]
        ],
        "here": f"?outcome={found['outcome']}&window={found['window']}",
        "headline": _side(found["since_cut"]) or _side(found["compared"]),
        "is_after_cut": found["since_cut"]["is_enough"],
        "verdict": verdict(found["since_cut"] if found["since_cut"]["is_enough"] else found["compared"]),
        "sides": [{"label": label, "told": one, "rows": _sides(one)} for label, one in told],
        "comparison": charts.comparison(found),
        "curve": charts.found_by_flagging(found),
        "calibration": charts.calibration(found),
        "lift": charts.lift(found),
        "lifts": [
            {**one, "weight": Decimal(one["weight"])}
            for one in sorted(found.get("lifts", ()), key=lambda one: -(one["lift"] or 0))
        ],
        "red": {
            **red,
            "precision": _ratio(red["hits"], red["rows"]),
            "recall": _ratio(red["hits"], red["events"]),
        }
        if red
        else None,
        "losses_told": summary["losses"],
        "warning": _warning(summary["losses"], found["outcome"]),
        "losses": losses[:PAGE],
        "way": way,
        "ways": WAYS,
        "next_url": _turned(request, place + 1) if len(losses) > PAGE else "",
        "previous_url": _turned(request, place - 1) if place > 1 else "",
        "suggestion": suggestion,
        "weights": charts.weights(suggestion)
        if "weights" in suggestion and suggestion["result"]["is_enough"]
        else None,
        "suggested_interval": interval(suggestion["result"]["suggested"]) if "weights" in suggestion else "",
        "own_interval": interval(suggestion["result"]["model"]) if "weights" in suggestion else "",
        "suggested_for": f"{OUTCOME_LABELS[suggestion['outcome']].lower()} within {suggestion['window']} days",
        "rows": sum(month["rows"] for month in summary["months"].values()),
        "months": len(summary["months"]),
        "draws": DRAWS,
        "currency": settings.REPORTING_CURRENCY,
    }


def _warning(losses: Mapping[str, Any], outcome: str) -> dict[str, Any] | None:
    """Return how long before an outcome health was red; None where a run of before doesn't say it of this one."""
    told: Mapping[str, Any] | None = losses if outcome == "churn" else losses.get("contraction")
    return None if told is None else {**told, "ahead_of": AHEAD_OF[outcome]}


def _side(compared: Mapping[str, Any]) -> dict[str, str] | None:
    if not compared["is_enough"]:
        return None
    return {key: interval(compared[key]) for key in ("model", TIER, USAGE)}


def _sides(compared: Mapping[str, Any]) -> list[dict[str, str]]:
    if not compared["is_enough"]:
        return []
    return [
        {
            "label": SIDES[key],
            "interval": interval(compared[key]),
            "note": _direction(key) if compared[key].get("is_turned") else "",
        }
        for key in ("model", TIER, USAGE)
    ]


def _direction(key: str) -> str:
    return "the higher tier is lost more" if key == TIER else "more usage is lost more"


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _turned(request: HttpRequest, page: int) -> str:
    asked = request.GET.copy()
    asked["page"] = str(page)
    return f"?{asked.urlencode()}#losses"


def _headline(run: Backtest) -> dict[str, Any]:
    """Return what a list says of a run: its first outcome, behind the cut where that is enough."""
    results = (run.summary or {}).get("results") if run.state == Backtest.State.DONE else None
    if not results:
        return {"told": None, "verdict": ""}
    first = results[0]
    told = first["since_cut"] if first["since_cut"]["is_enough"] else first["compared"]
    return {
        "told": interval(told["model"]) if told["is_enough"] else "",
        "label": f"{OUTCOME_LABELS[first['outcome']]} within {first['window']} days",
        "verdict": verdict(told),
    }


def _listed_table(listed: Any) -> Table:
    return table_of(
        "backtests",
        ((run, _headline(run)) for run in listed.iterator(chunk_size=100)),
        [
            ("id", "Backtest", lambda row: row[0].pk),
            ("scope", "Model", lambda row: row[0].model.scope),
            ("version", "Version", lambda row: row[0].model.version),
            ("first", "First month-end", lambda row: row[0].first),
            ("last", "Last month-end", lambda row: row[0].last),
            ("known_until", "Known until", lambda row: row[0].known_until),
            ("state", "State", lambda row: row[0].get_state_display()),
            ("auc", "AUC (95%)", lambda row: row[1]["told"]),
            ("verdict", "Finding", lambda row: row[1]["verdict"]),
            ("seed", "Seed", lambda row: row[0].seed),
            ("asked_by", "Asked by", lambda row: str(row[0].requested_by)),
            ("asked_at", "Asked", lambda row: row[0].requested_at),
        ],
    )
