"""The tier guide as a page and as a PDF."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import wraps
from io import BytesIO
from typing import cast

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from common.export import asked_format, export_response
from people.access import request_access, require
from people.guards import is_revops
from people.models import Category
from sync.throttling import add_rate_headers, count_call
from tiers.guide.content import Guide, guide_table, published_guide
from tiers.guide.pdf import guide_pdf as typeset
from tiers.guide.services import use_link
from tiers.models import GuideLink

NOT_PUBLISHED = "The guide is made from the published rules, and no version is published yet."
# The same whatever is wrong with a link, so that nobody learns which ones ever were.
NO_LINK = "This link does not work: it is wrong, has expired, or was taken back. Ask whoever sent it to you."
NOT_NOW = "The guide is not available at present."
BUSY = "Too many calls. Try again in a minute."


@require_safe
def guide(request: HttpRequest) -> HttpResponse:
    """Show the guide to colleagues as customers see it."""
    require(request_access(request), Category.ACCOUNT_PROFILE)
    found = published_guide()
    if found is not None and asked_format(request):
        return export_response(request, guide_table(found))
    context = {"guide": found, "may_share": is_revops(request)}
    return render(request, "tiers/guide/guide.html", context)


@require_safe
def guide_pdf(request: HttpRequest) -> HttpResponse:
    """Download the guide."""
    require(request_access(request), Category.ACCOUNT_PROFILE)
    found = published_guide()
    if found is None:
        raise Http404(NOT_PUBLISHED)
    return _pdf(found)


Shared = Callable[[HttpRequest, GuideLink], HttpResponse]


def _by_link(view: Shared) -> Callable[..., HttpResponse]:
    """Open a view to whoever has the secret of a link, so many times a minute from one address.

    Nothing of it is indexed, kept on the way, or told to the next site.
    """

    @login_not_required
    @require_safe
    @wraps(view)
    def shared(request: HttpRequest, secret: str) -> HttpResponse:
        caller = hashlib.sha256(request.META.get("REMOTE_ADDR", "").encode()).hexdigest()[:32]
        rate = count_call(f"guide:{caller}", settings.GUIDE_RATE)
        if rate is not None and rate.is_exceeded:
            answer = HttpResponse(BUSY, status=429, content_type="text/plain; charset=utf-8")
            answer["Retry-After"] = str(rate.reset)
        else:
            link = use_link(secret=secret)
            answer = _problem(request, NO_LINK, 404) if link is None else view(request, link)
        add_rate_headers(answer, rate)
        answer["X-Robots-Tag"] = "noindex, nofollow, noarchive"
        answer["Cache-Control"] = "private, no-store"
        answer["Referrer-Policy"] = "no-referrer"
        return answer

    return shared


@_by_link
def shared_guide(request: HttpRequest, link: GuideLink) -> HttpResponse:
    """Show the guide to a customer."""
    found = published_guide()
    if found is None:
        return _problem(request, NOT_NOW, 404)
    return render(request, "tiers/guide/shared.html", {"guide": found, "pdf_url": f"{request.path}tiers.pdf"})


@_by_link
def shared_pdf(request: HttpRequest, link: GuideLink) -> HttpResponse:
    """Let a customer download the guide."""
    found = published_guide()
    return _problem(request, NOT_NOW, 404) if found is None else _pdf(found)


def _pdf(found: Guide) -> HttpResponse:
    made = FileResponse(
        BytesIO(typeset(found)),
        as_attachment=True,
        filename=f"tiers-version-{found.version}.pdf",
        content_type="application/pdf",
        headers={"Cache-Control": "no-store"},
    )
    # Guards and decorators of views are typed for the plain response; streamed ones pass them alike.
    return cast(HttpResponse, made)


def _problem(request: HttpRequest, detail: str, status: int) -> HttpResponse:
    return render(request, "tiers/guide/closed.html", {"detail": detail}, status=status)
