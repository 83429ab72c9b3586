"""The tier guide as a page and as a PDF."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from common.export import asked_format, export_response
from common.typeset import pdf_response
from people.access import request_access, require
from people.guards import is_revops
from people.links.views import by_link
from people.models import Category
from tiers.guide.content import Guide, guide_table, published_guide
from tiers.guide.pdf import guide_pdf as typeset
from tiers.models import GuideLink

NOT_PUBLISHED = "The guide is made from the published rules, and no version is published yet."
NO_LINK = "This link does not work: it is wrong, has expired, or was taken back. Ask whoever sent it to you."
NOT_NOW = "The guide is not available at present."


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


def _no_link(request: HttpRequest) -> HttpResponse:
    return _problem(request, NO_LINK, 404)


@by_link(GuideLink, _no_link)
def shared_guide(request: HttpRequest, link: GuideLink) -> HttpResponse:
    """Show the guide to a customer."""
    found = published_guide()
    if found is None:
        return _problem(request, NOT_NOW, 404)
    return render(request, "tiers/guide/shared.html", {"guide": found, "pdf_url": f"{request.path}tiers.pdf"})


@by_link(GuideLink, _no_link)
def shared_pdf(request: HttpRequest, link: GuideLink) -> HttpResponse:
    """Let a customer download the guide."""
    found = published_guide()
    return _problem(request, NOT_NOW, 404) if found is None else _pdf(found)


def _pdf(found: Guide) -> HttpResponse:
    return pdf_response(typeset(found), f"tiers-version-{found.version}.pdf")


def _problem(request: HttpRequest, detail: str, status: int) -> HttpResponse:
    return render(request, "tiers/guide/closed.html", {"detail": detail}, status=status)
