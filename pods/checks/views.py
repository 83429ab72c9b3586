"""Pages of health checks: the list, one check to go through, and what checks go through."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from common.export import asked_format, export_response, table_of
from common.pagination import read_page
from metrics.engine.plan import today
from people.access import request_access
from people.configuration.authors import recorded
from people.guards import is_revops, revops_only, signed_in
from pods.checks.checklist import Item, held_items, set_items
from pods.checks.facts import lines_of
from pods.checks.forms import CheckForm, item_forms
from pods.checks.models import HealthCheck
from pods.checks.outcomes import OUTCOMES
from pods.checks.periods import CADENCES
from pods.checks.reading import SHOWS, Search, Shown, checks_table
from pods.checks.services import complete, tick
from pods.tasks.models import Task
from pods.tasks.services import ClosedError, NotYoursError, RefusedError, may_close

LARGEST_ID = 2**63 - 1
EMPTY = {
    "open": ("No check is open", "Checks open by themselves, as often as the tier’s monitoring says."),
    "due": ("No check is due", "Checks open by themselves, as often as the tier’s monitoring says."),
    "overdue": ("No check is overdue", "Nothing was forgotten."),
    "done": ("No check was done yet", "What came of checks comes here."),
    "dropped": ("No check was dropped", "Every check that was closed was done."),
    "all": ("No check was opened yet", "Checks open at night, as often as the tier’s monitoring says."),
}


@require_safe
def health_checks(request: HttpRequest) -> HttpResponse:
    """List health checks, those that are due first; ``?show=`` asks for others."""
    day, search = today(), Search.from_params(request.GET)
    if asked_format(request):
        return export_response(request, checks_table(search, day))
    page = read_page(request, search.find(day), search.order)
    title, hint = EMPTY[search.show]
    context = {
        "page": page,
        "rows": [Shown(row, day) for row in page.rows],
        "search": search,
        "sort": search.sort,
        "shows": SHOWS,
        "cadences": CADENCES,
        "outcomes": OUTCOMES,
        "may_set_list": is_revops(request),
        "empty_title": "Nothing fits" if search.is_narrowed else title,
        "empty_hint": "Try another cadence, outcome or word." if search.is_narrowed else hint,
    }
    return render(request, "pods/checks/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def health_check(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one check with its numbers; go through it (``save``) and complete it."""
    check = _check(pk)
    if request.method != "POST":
        return _page(request, check, CheckForm(check=check))
    form, user = CheckForm(request.POST, check=check), signed_in(request)
    if not form.is_valid():
        return _page(request, check, form, status=422)
    held = form.cleaned_data
    done = set(held["done"])
    try:
        if "save" in request.POST:
            tick(check=check, done=done, by=user)
            messages.success(request, "What you ticked is kept.")
            return redirect("pods:health_check", pk=check.pk)
        complete(check=check, done=done, outcome=held["outcome"], note=held["note"], by=user)
    except ValidationError as error:
        for name, told in error.message_dict.items():
            form.add_error(name if name in form.fields else None, told)
        return _page(request, check, form, status=422)
    except RefusedError as error:
        status = 409 if isinstance(error, ClosedError) else 403 if isinstance(error, NotYoursError) else 422
        return _page(request, _check(pk), form, refusal=str(error), status=status)
    messages.success(request, "The check is done.")
    return redirect("pods:health_check", pk=check.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@revops_only("The checklist")
@recorded
def checklist(request: HttpRequest) -> HttpResponse:
    """Set what the next checks go through."""
    forms = item_forms(request.POST or None, held_items())
    refusal = ""
    if request.method == "POST" and all(form.is_valid() for form in forms):
        items = [
            Item(form.cleaned_data["text"], form.cleaned_data["number"])
            for form in forms
            if form.cleaned_data["text"].strip()
        ]
        try:
            is_other = set_items(items=items, by=signed_in(request))
        except ValidationError as error:
            refusal = " ".join(error.messages)
        else:
            told = "The next checks go through this list." if is_other else "Nothing was different."
            messages.success(request, told)
            return redirect("pods:health_checks")
    status = 422 if refusal or any(form.errors for form in forms) else 200
    return render(request, "pods/checks/checklist.html", {"forms": forms, "refusal": refusal}, status=status)


def _check(pk: int) -> HealthCheck:
    rows = HealthCheck.objects.select_related("task__account", "task__assignee", "task__done_by")
    return get_object_or_404(rows, pk=min(pk, LARGEST_ID), task__account__deleted_at=None)


def _page(
    request: HttpRequest, check: HealthCheck, form: CheckForm, *, refusal: str = "", status: int = 200
) -> HttpResponse:
    user = signed_in(request)
    lines, day = lines_of(check, request_access(request))
    if asked_format(request):
        return export_response(
            request,
            table_of(
                "health-check",
                lines,
                [
                    ("item", "To go through", lambda line: line.text),
                    ("is_done", "Gone through", lambda line: line.is_done),
                    ("number", "Number", lambda line: line.label),
                    ("value", "Value", lambda line: line.value),
                ],
            ),
        )
    context = {
        "check": check,
        "task": check.task,
        "shown": Shown(check, today()),
        "lines": lines,
        "facts_on": day,
        "form": form,
        "refusal": refusal,
        "may_close": check.task.state == Task.State.OPEN and may_close(check.task, user),
    }
    return render(request, "pods/checks/check.html", context, status=status)
