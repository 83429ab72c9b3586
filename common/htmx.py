"""One URL serves a page and the part of it that htmx swaps."""

from collections.abc import Mapping
from typing import Any, Protocol, cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django_htmx.middleware import HtmxDetails

VARY = ("HX-Request", "HX-Boosted", "HX-History-Restore-Request")


class HtmxRequest(Protocol):
    """A request that passed ``HtmxMiddleware``."""

    htmx: HtmxDetails


def wants_partial(request: HttpRequest) -> bool:
    """Return whether htmx will swap the response into the page that is already there.

    Boosted and history-restore requests replace the whole document, so they want the page.
    """
    htmx = cast(HtmxRequest, request).htmx
    return bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def render_page(
    request: HttpRequest, page: str, partial: str, context: Mapping[str, Any], *, status: int = 200
) -> HttpResponse:
    """Render the page, or only its partial when htmx will swap that in."""
    response = render(request, partial if wants_partial(request) else page, dict(context), status=status)
    patch_vary_headers(response, VARY)
    return response
