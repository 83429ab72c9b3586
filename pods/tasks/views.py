"""Pages of tasks: the list, one task, and what is done with it."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from common.export import asked_format, export_response
from common.pagination import read_page
from metrics.engine.plan import today
from people.access import request_access
from people.guards import signed_in
from pods.tasks.forms import AssignForm, CloseForm
from pods.tasks.models import Task
from pods.tasks.reading import SHOWS, STATES, Search, Shown, count_waiting, tasks_table
from pods.tasks.registry import task_kinds
from pods.tasks.services import (
    ClosedError,
    NotYoursError,
    RefusedError,
    assign_task,
    complete_task,
    drop_task,
)

EMPTY = {
    "mine": ("Nothing to do", "What you are to do comes here, and by e-mail."),
    "function": ("Your function has nothing to do", "What colleagues of your function are to do comes here."),
    "all": ("Nobody has anything to do", "Tasks open by themselves where somebody must act for an account."),
}
LARGEST_ID = 2**63 - 1


@require_safe
def tasks(request: HttpRequest) -> HttpResponse:
    """List what the reader has to do; ``?show=`` asks for other lists, the rest narrows them."""
    user, access, day = signed_in(request), request_access(request), today()
    search = Search.from_params(request.GET)
    if asked_format(request):
        return export_response(request, tasks_table(search, user, access, day))
    page = read_page(request, search.find(user, access), search.order)
    title, hint = EMPTY[search.show]
    context = {
        "page": page,
        "rows": [Shown(task, access, day) for task in page.rows],
        "search": search,
        "sort": search.sort,
        "shows": SHOWS,
        "states": STATES,
        "kinds": [(kind.key, kind.label) for kind in task_kinds],
        "waiting": count_waiting(request),
        "empty_title": "Nothing fits" if search.is_narrowed else title,
        "empty_hint": "Try another kind, state or word." if search.is_narrowed else hint,
    }
    return render(request, "pods/tasks/list.html", context)


@require_safe
def task(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one task: what is to be done by whom until when, and what came of it."""
    return _page(request, _task(pk))


@require_POST
def close(request: HttpRequest, pk: int) -> HttpResponse:
    """Complete (``outcome``) or drop (``drop``) a task, with a ``note``."""
    held, user = _task(pk), signed_in(request)
    kind = task_kinds.get(held.kind)
    form = CloseForm(request.POST, kind=kind)
    if not form.is_valid():
        return _page(request, held, close_form=form, status=422)
    note, outcome = form.cleaned_data["note"], form.cleaned_data.get("outcome", "")

    def act() -> None:
        if "drop" in request.POST:
            drop_task(task=held, by=user, reason=note)
        else:
            complete_task(task=held, by=user, outcome=outcome, note=note)

    done = "dropped" if "drop" in request.POST else "completed"
    return _acted(request, held, act, f"The task is {done}.", form)


@require_POST
def assign(request: HttpRequest, pk: int) -> HttpResponse:
    """Give a task to somebody, or back to its function."""
    held = _task(pk)
    form = AssignForm(request.POST, task=held)
    if not form.is_valid():
        return _page(request, held, assign_form=form, status=422)
    person = form.cleaned_data["assignee"]

    def act() -> None:
        assign_task(task=held, assignee=person, by=signed_in(request))

    label = person or held.get_function_display()
    return _acted(
        request, held, act, f"It is {label}’s task now." if person else f"It waits for {label}.", form
    )


def _acted(
    request: HttpRequest, held: Task, act: Callable[[], None], done: str, form: AssignForm | CloseForm
) -> HttpResponse:
    """Do something with a task; where it can't be done, show the page as it is now, with the reason."""
    is_closing = isinstance(form, CloseForm)

    def again(held: Task, status: int, refusal: str = "") -> HttpResponse:
        closing, assigning = (form, None) if is_closing else (None, form)
        return _page(request, held, refusal=refusal, status=status, close_form=closing, assign_form=assigning)

    try:
        act()
    except ValidationError as error:
        for name, told in error.message_dict.items():
            form.add_error(name if name in form.fields else None, told)
        return again(held, 422)
    except RefusedError as error:
        status = 409 if isinstance(error, ClosedError) else 403 if isinstance(error, NotYoursError) else 422
        return again(_task(held.pk), status, str(error))
    messages.success(request, done)
    return redirect("pods:task", pk=held.pk)


def _task(pk: int) -> Task:
    if pk > LARGEST_ID:
        raise Http404("There is no such task.")
    rows = Task.objects.select_related("account", "assignee", "opened_by", "done_by")
    return get_object_or_404(rows, pk=pk, account__deleted_at=None)


def _page(
    request: HttpRequest,
    held: Task,
    *,
    refusal: str = "",
    status: int = 200,
    close_form: Form | None = None,
    assign_form: Form | None = None,
) -> HttpResponse:
    user = signed_in(request)
    shown = Shown(held, request_access(request), today())
    context = {
        "task": held,
        "shown": shown,
        "may_close": shown.may_close(user),
        "refusal": refusal,
        "close_form": close_form or CloseForm(kind=shown.kind),
        "assign_form": assign_form or AssignForm(task=held),
    }
    return render(request, "pods/tasks/task.html", context, status=status)
