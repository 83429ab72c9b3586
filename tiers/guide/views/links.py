"""The links by which customers open the guide."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from common.export import Offer, Table, asked_format, chosen_table, export_response, table_of
from people.guards import revops_only, signed_in
from tiers.guide.forms import LinkForm
from tiers.guide.services import create_link, revoke_link
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
            made = create_link(**form.cleaned_data, by=signed_in(request))
        except ValidationError as error:
            for name, texts in error.message_dict.items():
                form.add_error(name, texts)
        else:
            address = request.build_absolute_uri(reverse("tiers:shared_guide", args=[made.secret]))
            return render(request, "tiers/guide/link_made.html", {"link": made.link, "address": address})
    found = list(GuideLink.objects.select_related("created_by", "revoked_by").order_by("-pk")[:SHOWN_AT_MOST])
    now = timezone.now()
    live = [link for link in found if link.revoked_at is None and link.expires_at > now]
    ended = [link for link in found if link not in live]
    exports = [
        Offer(key, label, lambda links=links: _links_table(links))  # type: ignore[misc]
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


def _links_table(links: Sequence[GuideLink]) -> Table:
    return table_of(
        "guide-links",
        links,
        [
            ("note", "For whom", lambda link: link.note),
            ("prefix", "Begins with", lambda link: link.prefix),
            ("created_at", "Made", lambda link: link.created_at),
            ("created_by", "By", lambda link: str(link.created_by)),
            ("expires_at", "Until", lambda link: link.expires_at),
            ("revoked_at", "Revoked", lambda link: link.revoked_at),
            ("last_used_at", "Last opened", lambda link: link.last_used_at),
            ("uses", "Times", lambda link: link.uses),
        ],
    )


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
