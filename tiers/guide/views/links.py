"""The links by which customers open the guide."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from common.export import Offer, asked_format, chosen_table, export_response
from people.guards import revops_only, signed_in
from people.links.services import create_link, revoke_link
from people.links.views import links_table
from tiers.guide.forms import LinkForm
from tiers.models import GuideLink, RuleSet

SHOWN_AT_MOST = 200


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@revops_only("Sharing the tier guide")
def guide_links(request: HttpRequest) -> HttpResponse:
    """List the links; make one and show its address this once."""
    form = LinkForm(request.POST or None)
    if form.is_valid():
        try:
            made = create_link(GuideLink, **form.cleaned_data, by=signed_in(request))
        except ValidationError as error:
            for name, texts in error.message_dict.items():
                form.add_error(name, texts)
        else:
            address = request.build_absolute_uri(reverse("tiers:shared_guide", args=[made.secret]))
            return render(request, "tiers/guide/link_made.html", {"link": made.link, "address": address})
    found = list(GuideLink.objects.select_related("created_by", "revoked_by").order_by("-pk")[:SHOWN_AT_MOST])
    live = [link for link in found if link.is_open]
    ended = [link for link in found if link not in live]
    exports = [
        Offer(key, label, lambda links=links: links_table("guide-links", links))  # type: ignore[misc]
        for key, label, links in (("live", "Links that work", live), ("ended", "Links that ended", ended))
        if links
    ]
    if exports and asked_format(request):
        return export_response(request, chosen_table(request, exports))
    context = {
        "form": form,
        "live": live,
        "ended": ended,
        "exports": exports,
        "is_published": RuleSet.objects.published().exists(),
    }
    return render(request, "tiers/guide/links.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@revops_only("Sharing the tier guide")
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then end a link."""
    link = get_object_or_404(GuideLink.objects.select_related("created_by"), pk=pk)
    if request.method != "POST":
        return render(request, "tiers/guide/link_revoke.html", {"link": link})
    if revoke_link(link=link, by=signed_in(request)):
        messages.success(request, f"The link for {link.note} no longer works.")
    else:
        messages.info(request, f"The link for {link.note} was revoked already.")
    return redirect("tiers:guide_links")
