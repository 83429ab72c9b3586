"""Pages of surveys for colleagues: what was asked, asking, taking back, and the rules."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Account
from common.export import asked_format, export_response
from common.pagination import read_page
from people.access import request_access
from people.configuration.authors import recorded
from people.guards import is_revops, revops_only, signed_in
from pods.surveys.forms import LARGEST_ID, AskForm, RulesForm
from pods.surveys.models import SurveyRequest
from pods.surveys.reading import Search, Shown, State, surveys_table
from pods.surveys.registry import Candidate, SurveyKind, survey_kinds
from pods.surveys.rules import held_rules, set_rules
from pods.surveys.services import EndedError, NotAskedError, ask, may_ask, withdraw

# Those of the largest id.
ID_DIGITS = len(str(LARGEST_ID))


@require_safe
def surveys(request: HttpRequest) -> HttpResponse:
    """List what customers were asked, newest first, and what they answered."""
    access, search = request_access(request), Search.from_params(request.GET)
    if asked_format(request):
        return export_response(request, surveys_table(search, access))
    page = read_page(request, search.find(access), search.order)
    context = {
        "page": page,
        "rows": [Shown(row, access) for row in page.rows],
        "search": search,
        "sort": search.sort,
        "states": State.choices,
        "kinds": [(kind.key, kind.label) for kind in survey_kinds],
        "may_set_rules": is_revops(request),
    }
    return render(request, "pods/surveys/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def survey_ask(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """Ask somebody of an account; ``?subject=`` chooses the ticket or contact."""
    declared = survey_kinds.get(kind)
    if declared is None:
        raise Http404("There is no such kind of survey.")
    if not may_ask(declared, request_access(request)):
        raise PermissionDenied(
            f"{declared.label} is sent by support, customer success and RevOps, as far as they read its answers."
        )
    account = get_object_or_404(Account.objects.live(), pk=min(pk, LARGEST_ID))
    candidates = _candidates(declared, account, request.GET.get("subject", ""))
    form = AskForm(
        request.POST or None,
        kind=declared,
        candidates=candidates,
        initial={"subject": request.GET.get("subject", "")},
    )
    refusal = ""
    if request.method == "POST" and form.is_valid():
        try:
            asked = ask(kind=declared, subject_id=form.cleaned_data["subject"], by=signed_in(request))
        except NotAskedError as error:
            refusal = str(error)
        except ValidationError as error:
            refusal = " ".join(error.messages)
        else:
            messages.success(request, f"{asked.name or asked.email} is asked by a mail that goes out now.")
            return redirect("pods:surveys")
    context = {
        "kind": declared,
        "account": account,
        "candidates": candidates,
        "form": form,
        "refusal": refusal,
        "rules": held_rules()[declared.key],
    }
    status = 409 if refusal else 422 if form.errors else 200
    return render(request, "pods/surveys/ask.html", context, status=status)


@require_POST
def survey_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Take back a question that isn't answered."""
    held = get_object_or_404(SurveyRequest, pk=min(pk, LARGEST_ID), account__deleted_at=None)
    if held.kind not in survey_kinds:
        raise Http404("Nothing in this installation knows what this asked.")
    try:
        withdraw(request=held, by=signed_in(request))
    except EndedError as error:
        messages.error(request, f"It can't be taken back: it is {error.request.state.label.lower()}.")
    else:
        messages.success(request, "The question is taken back: its link opens nothing any more.")
    return redirect("pods:surveys")


@require_http_methods(["GET", "HEAD", "POST"])
@revops_only("When customers are asked")
@recorded
def survey_rules(request: HttpRequest) -> HttpResponse:
    """Set when each kind asks by itself, and how often anybody is asked."""
    rules = held_rules()
    forms = [RulesForm(request.POST or None, kind=kind, rules=rules[kind.key]) for kind in survey_kinds]
    if request.method == "POST" and all(form.is_valid() for form in forms):
        changed = []
        for form in forms:
            given = {"is_automatic": False} | form.cleaned_data
            try:
                if set_rules(kind=form.kind, by=signed_in(request), **given) is not None:
                    changed.append(form.kind.label)
            except ValidationError as error:
                form.add_errors(error)
        if not any(form.errors for form in forms):
            messages.success(
                request, f"Saved: {', '.join(changed)}." if changed else "Nothing was different."
            )
            return redirect("pods:surveys")
    status = 422 if any(form.errors for form in forms) else 200
    return render(request, "pods/surveys/rules.html", {"forms": forms}, status=status)


def _candidates(kind: SurveyKind, account: Account, chosen: str) -> list[Candidate]:
    """Return who can be asked; the one that the address names is among them, wherever it stands in the list."""
    found = kind.candidates(account)
    number = int(chosen) if chosen.isascii() and chosen.isdigit() and len(chosen) < ID_DIGITS else 0
    if number and number not in {one.subject_id for one in found}:
        named = kind.find(number)
        if named is not None and named.account_id == account.pk:
            found = [named, *found]
    return found
