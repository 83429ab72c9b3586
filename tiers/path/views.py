"""The page of an account's path to the next tier."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.views.detail import view_of
from accounts.views.merged import follow_merges
from tiers.path.panel import held_back
from tiers.path.reading import path_of


@require_safe
@follow_merges
def path(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what an account lacks for the next tier, rule by rule."""
    view = view_of(request, pk)
    found = path_of(view.account, view.access, as_of=view.as_of)
    context = {
        "view": view,
        "account": view.account,
        "as_of": view.as_of,
        "path": found,
        "held_back": held_back(found),
    }
    return render(request, "tiers/path/page.html", context)
