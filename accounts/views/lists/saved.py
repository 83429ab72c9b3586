"""Saved views: made, changed, ordered, chosen to begin with, deleted and brought back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.lists import services
from accounts.lists.access import open_lists
from accounts.lists.errors import ListRefused
from accounts.lists.models import SavedView, ViewDefault
from accounts.lists.showing import audience, may_change, names_for
from accounts.lists.view_pages import ACCOUNTS, Names, Shown, ViewPage, page_of
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
    found = SavedView.objects.shown_to(user).in_order_of(user)
    defaults = ViewDefault.objects.filter(view__in=[one.pk for one in found])
    mine, ofs = 0, dict[int, list[str]]()
    for one in defaults:
        if one.user_id == user.pk:
            mine = one.view_id
        elif one.user_id is None:
            ofs.setdefault(one.view_id, []).append(str(Function(one.function).label))
    names = names_for([one for one in found if one.page == ACCOUNTS], open_lists(user, access))
    rows = [
        {
            "view": one,
            "is_own": one.owner_id == user.pk,
            "may_change": may_change(one, user),
            "audience": audience(one),
            "page": page_of(one.page),
            "contents": page_of(one.page).contents(one.params, one.where, names),
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
            ("page", "Of", lambda row: row["page"].label),
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
    """Save what the address of a page says as a view: the account list's, or that of ``page``."""
    if request.method == "POST":
        page, asked = page_of(request.POST.get("page", ACCOUNTS)), request.POST.get("query", "")
    else:
        given = request.GET.copy()
        page, asked = page_of(next(iter(given.pop("page", [])), ACCOUNTS)), given.urlencode()
    shown = _asked(request, asked, page)
    if request.method != "POST":
        return _form(request, ViewForm(), shown, page)
    form = ViewForm(request.POST)
    if form.is_valid() and not shown.trouble:
        said = form.cleaned_data
        try:
            view = services.create_view(
                name=said["name"],
                by=signed_in(request),
                params=shown.params,
                where=shown.where,
                sharing=said["sharing"],
                functions=said["functions"],
                page=page.key,
            )
        except ListRefused as refused:
            refuse(form, refused)
        else:
            messages.success(request, f"Saved as “{view.name}”.")
            return redirect(view)
    return _form(request, form, shown, page, status=422)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Rename a view, and decide who sees it."""
    view = _seen(request, pk)
    shown, page = Shown(view.params, view.where, "", ""), page_of(view.page)
    if request.method != "POST":
        given = {"name": view.name, "sharing": view.sharing, "functions": view.functions}
        return _form(request, ViewForm(initial=given), shown, page, view=view)
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
    return _form(request, form, shown, page, view=view, status=422)


@require_POST
def save(request: HttpRequest, pk: int) -> HttpResponse:
    """Let a view show from now on what the address of its page says."""
    view = _seen(request, pk)
    shown = _asked(request, request.POST.get("query", ""), page_of(view.page))
    form = ViewForm(initial={"name": view.name, "sharing": view.sharing, "functions": view.functions})
    if shown.trouble:
        return _form(request, form, shown, page_of(view.page), view=view, status=422)
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
    request: HttpRequest, view: SavedView, form: ViewForm, shown: Shown, write: Callable[[], SavedView]
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
        return _form(request, form, shown, page_of(view.page), view=current, status=422)
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


def _asked(request: HttpRequest, query: str, page: ViewPage) -> Shown:
    access = request_access(request)
    require(access, Category.ACCOUNT_PROFILE)
    if len(query) > LONGEST_QUERY:
        return Shown({}, None, "", "The address is too long to be kept.")
    try:
        params = QueryDict(query, mutable=True)
    except ValueError:  # more parameters than Django reads
        return Shown({}, None, "", "The address has too many parameters to be kept.")
    return page.read(params, signed_in(request), access)


def _form(
    request: HttpRequest,
    form: ViewForm,
    shown: Shown,
    page: ViewPage,
    *,
    view: SavedView | None = None,
    status: int = 200,
) -> HttpResponse:
    parts = [
        {
            "label": label,
            "value": value,
            "error": shown.errors.get("in_view", "") if label == "In view" else "",
        }
        for label, value in page.contents(shown.params, shown.where, _names(request))
    ]
    context = {
        "form": form,
        "view": view,
        "page": page,
        "page_url": reverse(page.url_name),
        "parts": parts,
        "query": shown.query,
        "trouble": shown.trouble or shown.errors.get("", ""),
    }
    return render(request, "accounts/lists/view_form.html", context, status=status)


def _names(request: HttpRequest) -> Names:
    user = signed_in(request)
    every = SavedView.objects.shown_to(user).of_page(ACCOUNTS).in_order_of(user)
    return names_for(every, open_lists(user, request_access(request)))


def _seen(request: HttpRequest, pk: int) -> SavedView:
    require(request_access(request), Category.ACCOUNT_PROFILE)
    return get_object_or_404(SavedView.objects.shown_to(signed_in(request)), pk=pk)
