"""What the company means by retention: the choices, and what others would do to the headline before they are saved."""

from __future__ import annotations

from dataclasses import replace

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from common.asof import requested_as_of
from common.export import asked_format, export_response
from finance.retention.asking import Asked
from finance.retention.definitions import DEFINITIONS, MEASURES, Choice
from finance.retention.effect import Effect, effect_of, effect_table
from finance.retention.services import EDITORS, change_retention_policy, seen_of
from finance.retention.tabs import tabs_for
from people.access import request_access, require
from people.configuration.authors import recorded
from people.guards import signed_in
from people.models import Category, Level


@require_http_methods(["GET", "HEAD", "POST"])
@recorded
def retention_policy(request: HttpRequest) -> HttpResponse:
    """Show the company's choices, the effect of others that the address names, and save those that are posted."""
    require(request_access(request), Category.REVENUE, Level.TOTALS)
    may_edit = signed_in(request).function in EDITORS
    problems: list[str] = []
    if request.method == "POST":
        if not may_edit:
            raise PermissionDenied("What retention means is for finance and RevOps to choose.")
        try:
            change_retention_policy(
                definition=request.POST.get("definition", ""),
                counts_reactivation=_chosen(request, "reactivation", {"in": True, "out": False}),
                constant_currency=_chosen(request, "rates", {"constant": True, "dated": False}),
                by=signed_in(request),
                expected=request.POST.get("seen", ""),
            )
        except ValidationError as error:
            problems = error.messages
        else:
            messages.success(request, "Saved. Pages of retention begin with these choices from now on.")
            return redirect("finance:retention_policy")
    params = request.POST.dict() if problems else request.GET.dict()
    asked = Asked.from_params(
        {key: params[key] for key in ("to",) if key in params}, requested_as_of(request)
    )
    held = asked.choice
    wanted = Asked.from_params(params, requested_as_of(request)).choice
    wanted = replace(wanted, is_published=False)
    effects: list[Effect] = effect_of(asked, wanted) if wanted != held else []
    if asked_format(request):
        return export_response(request, effect_table(asked, effect_of(asked, wanted)))
    context = {
        "tabs": tabs_for(request, "finance:retention_policy"),
        "asked": asked,
        "held": held,
        "wanted": wanted,
        "words": _words(wanted, asked),
        "words_title": f"In words: {wanted.label}",
        "effects": effects,
        "problems": problems,
        "definitions": DEFINITIONS.values(),
        "may_edit": may_edit,
        "seen": seen_of(asked.policy),
        "as_of": asked.until,
    }
    return render(request, "finance/retention/policy.html", context, status=422 if problems else 200)


def _chosen(request: HttpRequest, name: str, values: dict[str, bool]) -> bool:
    """Return what was chosen of two; raise ValidationError for anything else, which isn't a choice of either."""
    found = values.get(request.POST.get(name, ""))
    if found is None:
        raise ValidationError(
            "Choose for accounts that came back and for exchange rates one of the two listed."
        )
    return found


def _words(choice: Choice, asked: Asked) -> list[tuple[str, str]]:
    return [(label, choice.words(measure, asked.rates_day)) for measure, label in MEASURES.items()]
