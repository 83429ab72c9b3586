"""The account page, its panels one by one, and its timeline."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from accounts.as_of import show_as_it_was
from accounts.lenses import lens_for, panels
from accounts.lenses.loading import SPAN, as_wide_as_asked
from accounts.lenses.page import (
    View,
    lens_tabs,
    read_account,
    read_card,
    read_cards,
    read_header,
    read_timeline,
)
from accounts.views.merged import follow_merges
from common.asof import requested_as_of
from common.export import asked_format, export_response
from common.formatting import format_date
from common.htmx import render_page
from people.access import request_access, require
from people.models import Category, User


def view_of(request: HttpRequest, pk: int) -> View:
    """Return who looks at what.

    Raises Http404 for an account that is unknown or deleted, PermissionDenied where the reader reads no accounts.
    """
    access = request_access(request)
    require(access, Category.ACCOUNT_PROFILE)
    as_of = requested_as_of(request)
    account = read_account(pk, as_of)
    if account is None:
        raise Http404("There is no such account, or its source has deleted it.")
    came_on = show_as_it_was(account, as_of) if as_of else None
    assert isinstance(request.user, User)
    return View(
        account=account,
        lens=lens_for(request.GET.get("lens", ""), request.user.function),
        access=access,
        as_of=as_of,
        came_on=came_on,
    )


@require_safe
@follow_merges
def account_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show an account through ``?lens=`` on ``?as_of=``; a partial request gets tabs, cards and story."""
    view = view_of(request, pk)
    context = _context(request, view)
    context |= {"cards": read_cards(view), "timeline": read_timeline(view), "header": read_header(view)}
    return render_page(request, "accounts/detail.html", "accounts/_lens.html", context)


@require_safe
@follow_merges
def account_panel(request: HttpRequest, pk: int, key: str) -> HttpResponse:
    """Show one panel: the card for htmx, or a page of its own."""
    panel = panels.get(key)
    if panel is None:
        raise Http404("There is no such panel.")
    view = view_of(request, pk)
    card = read_card(view, panel)
    if asked_format(request) and (table := card.rows_for_file()):
        return export_response(request, table)
    context = _context(request, view) | {"card": as_wide_as_asked(card, request.GET.get(SPAN, ""))}
    return render_page(request, "accounts/panel.html", "accounts/_card.html", context)


@require_safe
@follow_merges
def account_timeline(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the story from ``?before=`` on: more entries for htmx, or a page of its own."""
    view = view_of(request, pk)
    context = _context(request, view) | {"timeline": read_timeline(view, request.GET.get("before", ""))}
    return render_page(request, "accounts/timeline.html", "accounts/_timeline_entries.html", context)


def _context(request: HttpRequest, view: View) -> dict[str, Any]:
    return {
        "view": view,
        "account": view.account,
        "lens": view.lens,
        "tabs": lens_tabs(view),
        "as_of": view.as_of,
        "problems": _problems(request, view),
    }


def _problems(request: HttpRequest, view: View) -> list[str]:
    """Say what of the URL could not be used, so that nobody reads figures of another day unawares."""
    found = []
    if request.GET.get("as_of") and view.as_of is None:
        found.append("That day could not be read or lies ahead, so the newest figures are shown.")
    if view.came_on is not None:
        came = format_date(view.came_on)
        found.append(
            f"This account came in on {came}; its profile is shown as it came, figures as of the day asked for."
        )
    if request.GET.get("lens") and request.GET["lens"] != view.lens.key:
        found.append(f"There is no such lens, so {view.lens.label} is shown.")
    return found
