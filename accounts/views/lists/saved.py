"""Saved views: made, changed, ordered, chosen to begin with, deleted and brought back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.listing.spec import PLACE, Listing
from accounts.lists import services
from accounts.lists.access import open_lists
from accounts.lists.errors import ListRefused
from accounts.lists.models import SavedView, ViewDefault
from accounts.lists.opening import Kept, kept_params, where_data
from accounts.lists.showing import audience, contents, may_change, names_for
from accounts.views.lists.forms import ViewForm, number_of, refuse
from common.export import asked_format, export_response, table_of
from people.access import request_access, require
from people.functions import Function
from people.guards import is_revops, signed_in
from people.models import Category

LONGEST_QUERY = 8000
KEPT_DELETED = 10


@require_safe
def views(request: HttpRequest) -> HttpResponse:
    """List the views that the reader sees, and their own that were deleted lately."""
    user, access = signed_in(request), request_access(request)
    require(access, Category.ACCOUNT_PROFILE)
    found = Listing(params=QueryDict(), user=user, access=access).views
    defaults = ViewDefault.objects.filter(view__in=[one.pk for one in found])
    mine, ofs = 0, dict[int, list[str]]()
    for one in defaults:
        if one.user_id == user.pk:
            mine = one.view_id
        elif one.user_id is None:
            ofs.setdefault(one.view_id, []).append(str(Function(one.function).label))
    names = names_for(found, open_lists(user, access))
    rows = [
        {
            "view": one,
            "is_own": one.owner_id == user.pk,
            "may_change": may_change(one, user),
            "audience": audience(one),
            "contents": contents(one.params, one.where, names),
            "is_default": one.pk == mine,
            "default_of": ofs.get(one.pk, []),
        }
        for one in found
    ]
    if asked_format(request):
        return export_response(request, _table(rows))
    deleted = SavedView.objects.filter(owner=user, deleted_at__isnull=False).order_by("-deleted_at", "-pk")
    context = {
        "rows": rows,
        "deleted": deleted[:KEPT_DELETED],
        "has_default": bool(mine),
        "functions": Function.choices if is_revops(request) else [],
    }
    return render(request, "accounts/lists/views.html", context)


def _table(rows: list[dict[str, Any]]) -> Any:
    return table_of(
        "saved-views",
        rows,
        [
            ("name", "View", lambda row: row["view"].name),
            ("owner", "Owner", lambda row: str(row["view"].owner)),
            ("audience", "Who sees it", lambda row: row["audience"]),
            ("shows", "Shows", lambda row: [f"{label}: {value}" for label, value in row["contents"]]),
            (
                "begins",
                "Begins with it",
                lambda row: [*(["You"] if row["is_default"] else []), *row["default_of"]],
            ),
        ],
    )


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Save what the address of the list says as a view."""
    asked = request.POST.get("query", "") if request.method == "POST" else request.GET.urlencode()
    shown = _asked(request, asked)
    if request.method != "POST":
        return _form(request, ViewForm(), shown)
    form = ViewForm(request.POST)
    if form.is_valid() and not shown.trouble:
        given = form.cleaned_data
        try:
            view = services.create_view(
                name=given["name"],
                by=signed_in(request),
                params=shown.params,
                where=shown.where,
                sharing=given["sharing"],
                functions=given["functions"],
            )
        except ListRefused as refused:
            refuse(form, refused)
        else:
            messages.success(request, f"Saved as “{view.name}”.")
            return redirect(view)
    return _form(request, form, shown, status=422)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Rename a view, and decide who sees it."""
    view = _seen(request, pk)
    shown = _Asked(view.params, view.where, "", "")
    if request.method != "POST":
        given = {"name": view.name, "sharing": view.sharing, "functions": view.functions}
        return _form(request, ViewForm(initial=given), shown, view=view)
    form = ViewForm(request.POST)
    if form.is_valid():
        given = form.cleaned_data
        return _change(
            request,
            view,
            form,
            shown,
            lambda: services.change_view(
                view=view,
                by=signed_in(request),
                version=number_of(request, "version"),
                name=str(given["name"]),
                sharing=str(given["sharing"]),
                functions=given["functions"],
            ),
        )
    return _form(request, form, shown, view=view, status=422)


@require_POST
def save(request: HttpRequest, pk: int) -> HttpResponse:
    """Let a view show from now on what the address of the list says."""
    view = _seen(request, pk)
    shown = _asked(request, request.POST.get("query", ""))
    form = ViewForm(initial={"name": view.name, "sharing": view.sharing, "functions": view.functions})
    if shown.trouble:
        return _form(request, form, shown, view=view, status=422)
    return _change(
        request,
        view,
        form,
        shown,
        lambda: services.change_view(
            view=view,
            by=signed_in(request),
            version=number_of(request, "version"),
            params=shown.params,
            where=shown.where,
        ),
    )


def _change(
    request: HttpRequest, view: SavedView, form: ViewForm, shown: _Asked, write: Callable[[], SavedView]
) -> HttpResponse:
    try:
        changed = write()
    except ListRefused as refused:
        current = SavedView.objects.live().filter(pk=view.pk).first()
        if current is None:
            messages.error(request, refused.detail)
            return redirect("accounts:views")
        if refused.field == "in_view" or not form.is_bound:
            shown.errors[refused.field or ""] = refused.detail
        else:
            refuse(form, refused)
        return _form(request, form, shown, view=current, status=422)
    messages.success(request, f"“{changed.name}” is saved.")
    return redirect(changed)


@require_POST
def copy(request: HttpRequest, pk: int) -> HttpResponse:
    """Make a view of one's own from one that one sees."""
    view = services.copy_view(view=_seen(request, pk), by=signed_in(request))
    messages.success(request, f"“{view.name}” is yours.")
    return redirect("accounts:view_edit", view.pk)


@require_POST
def move(request: HttpRequest, pk: int) -> HttpResponse:
    """Move a view one place up, or with ``way=down`` down."""
    return _done(
        request,
        lambda: services.move_view(
            view=_seen(request, pk), by=signed_in(request), up=request.POST.get("way") != "down"
        ),
        "",
    )


@require_POST
def default(request: HttpRequest, pk: int) -> HttpResponse:
    """Let the account list begin with a view, for oneself or a function; with ``off`` no longer."""
    view = _seen(request, pk)
    function = request.POST.get("function", "").replace("\x00", "")
    is_off = bool(request.POST.get("off"))
    who = str(Function(function).label) if function in Function.values else "you"
    told = f"The account list begins with {'all accounts' if is_off else f'“{view.name}”'} for {who}."
    return _done(
        request,
        lambda: services.set_default(view=None if is_off else view, by=signed_in(request), function=function),
        told,
    )


@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete a view."""
    view = _seen(request, pk)
    return _done(
        request,
        lambda: services.delete_view(view=view, by=signed_in(request)),
        f"“{view.name}” is deleted. Its owner can bring it back below.",
    )


@require_POST
def restore(request: HttpRequest, pk: int) -> HttpResponse:
    """Bring a deleted view of one's own back."""
    require(request_access(request), Category.ACCOUNT_PROFILE)
    view = get_object_or_404(SavedView, pk=pk, owner=signed_in(request))
    return _done(
        request, lambda: services.restore_view(view=view, by=signed_in(request)), f"“{view.name}” is back."
    )


def _done(request: HttpRequest, write: Callable[[], object], told: str) -> HttpResponse:
    try:
        write()
    except ListRefused as refused:
        messages.error(request, refused.detail)
    else:
        if told:
            messages.success(request, told)
    return redirect("accounts:views")


class _Asked:
    """What an address says, as a view would keep it."""

    def __init__(self, params: Kept, where: Any, query: str, trouble: str) -> None:
        self.params, self.where, self.query, self.trouble = params, where, query, trouble
        self.errors: dict[str, str] = {}


def _asked(request: HttpRequest, query: str) -> _Asked:
    access = request_access(request)
    require(access, Category.ACCOUNT_PROFILE)
    if len(query) > LONGEST_QUERY:
        return _Asked({}, None, "", "The address is too long to be kept.")
    try:
        params = QueryDict(query, mutable=True)
    except ValueError:  # more parameters than Django reads
        return _Asked({}, None, "", "The address has too many parameters to be kept.")
    for place in PLACE:
        params.pop(place, None)
    listing = Listing(params=params, user=signed_in(request), access=access)
    trouble = " ".join([*listing.problems, *([listing.closed] if listing.closed else [])])
    try:
        where = where_data(listing.params)
    except ValueError:
        where, trouble = None, trouble or "The condition can’t be read."
    return _Asked(kept_params(listing.params), where, listing.params.urlencode(), trouble)


def _form(
    request: HttpRequest, form: ViewForm, shown: _Asked, *, view: SavedView | None = None, status: int = 200
) -> HttpResponse:
    user, access = signed_in(request), request_access(request)
    every = Listing(params=QueryDict(), user=user, access=access).views
    parts = [
        {
            "label": label,
            "value": value,
            "error": shown.errors.get("in_view", "") if label == "In view" else "",
        }
        for label, value in contents(shown.params, shown.where, names_for(every, open_lists(user, access)))
    ]
    context = {
        "form": form,
        "view": view,
        "parts": parts,
        "query": shown.query,
        "trouble": shown.trouble or shown.errors.get("", ""),
    }
    return render(request, "accounts/lists/view_form.html", context, status=status)


def _seen(request: HttpRequest, pk: int) -> SavedView:
    require(request_access(request), Category.ACCOUNT_PROFILE)
    return get_object_or_404(SavedView.objects.shown_to(signed_in(request)), pk=pk)
