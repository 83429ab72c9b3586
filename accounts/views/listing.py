"""The account list and its export."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.conditions.profile import suggestions
from accounts.lenses.registry import columns, ordered_lenses
from accounts.listing.export import export_table
from accounts.listing.filters import FILTERS
from accounts.listing.rows import list_page
from accounts.listing.spec import NAME, Listing
from accounts.lists.opening import VIEW, default_view
from accounts.lists.showing import view_menu
from common.asof import requested_as_of
from common.export import export_response
from common.formatting import format_date
from common.htmx import render_page
from people.access import request_access, require
from people.guards import signed_in
from people.models import Category, User

SUGGESTED = ("industry", "country")


def listing_of(request: HttpRequest) -> Listing:
    """Read what the URL asks for, for this reader."""
    assert isinstance(request.user, User)
    access = request_access(request)
    require(access, Category.ACCOUNT_PROFILE)
    return Listing(params=request.GET, user=request.user, access=access)


@require_safe
def account_list(request: HttpRequest) -> HttpResponse:
    """Show a page of accounts; ``docs`` of the parameters stand in accounts/listing."""
    if not request.GET:
        # An address of its own, so that what is shown can be passed on.
        chosen = default_view(signed_in(request))
        if chosen is not None:
            return redirect(f"{reverse('accounts:list')}?{VIEW}={chosen}")
    listing = listing_of(request)
    page = list_page(listing)
    chips = listing.chips()
    context: dict[str, Any] = {
        "listing": listing,
        "page": page,
        "sort": listing.sort,
        "chips": chips,
        "clear_url": listing.clear_url(),
        "where_url": f"{reverse('accounts:where')}{listing.url()}",
        "problems": [*listing.problems, *_notes(request)],
        "lenses": [
            {
                "label": lens.label,
                "url": listing.url(lens=lens.key, columns=None),
                "is_current": lens == listing.lens,
            }
            for lens in ordered_lenses()
        ],
        "filters": _filter_controls(listing),
        "column_choices": _column_choices(listing),
        "filter_params": listing.hidden_params(*FILTERS),
        "search_params": listing.hidden_params("q"),
        "column_params": listing.hidden_params("columns"),
        "export_params": listing.hidden_params("id"),
        "export_url": listing.url(),
        "is_filtered": bool(chips),
        "mine_url": listing.url(owner="mine"),
        "unowned_url": listing.url(owner=None),
        "views": view_menu(listing),
        "adding_url": f"{reverse('accounts:list_add')}{listing.url()}",
        "is_mine": any(applied.words == "mine" for applied in listing.applied),
    }
    return render_page(request, "accounts/list.html", "accounts/_list.html", context)


def _notes(request: HttpRequest) -> list[str]:
    day = requested_as_of(request)
    if day is None:
        return []
    return [f"The list shows the newest figures. Open an account to see it on {format_date(day)}."]


@require_safe
def account_export(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """Stream the list (``?export=`` csv, xlsx or ndjson); what was refused of it is told instead of a file."""
    listing = listing_of(request)
    refused = [*listing.problems, *([listing.closed] if listing.closed else [])]
    if refused:
        text = "The file was not made:\n" + "\n".join(f"- {problem}" for problem in refused)
        return HttpResponse(text, status=400, content_type="text/plain; charset=utf-8")
    return export_response(request, export_table(listing))


def _filter_controls(listing: Listing) -> list[dict[str, Any]]:
    """Return the controls of the filter form, each with what is chosen or why it is closed."""
    controls = []
    for item in FILTERS.values():
        if item.control == "hidden" or (item.is_own and not listing.choices[item.key]):
            continue
        texts = [applied.text for applied in listing.applied if applied.filter.key == item.key]
        may = listing.access.allows(item.category, item.level)
        controls.append(
            {
                "key": item.key,
                "label": item.label,
                "control": item.control,
                "hint": item.hint,
                "unit": item.unit,
                "values": texts,
                "value": texts[0] if texts else "",
                "choices": [
                    {"value": choice.value, "label": choice.label, "is_chosen": choice.value in texts}
                    for choice in listing.choices.get(item.key, ())
                ],
                "suggestions": suggestions(item.key) if item.key in SUGGESTED else (),
                "reason": "" if may else listing.access.why_not(str(item.category)),
            }
        )
    return controls


def _column_choices(listing: Listing) -> list[dict[str, Any]]:
    shown = [column.key for column in listing.columns]
    every = sorted(columns, key=lambda column: shown.index(column.key) if column.key in shown else len(shown))
    return [
        {
            "key": column.key,
            "label": column.label,
            "is_chosen": column.key in shown,
            "reason": ""
            if column.is_readable(listing.access)
            else listing.access.why_not(str(column.category)),
        }
        for column in every
        if column.key != NAME
    ]
