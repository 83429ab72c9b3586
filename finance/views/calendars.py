"""The calendar of contracts: the links by which people subscribe to it, and what calendars read."""

from __future__ import annotations

import hashlib

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from common.export import Offer, asked_format, chosen_table, export_response
from finance.calendars.ics import calendar_of
from finance.models import CalendarFeed
from metrics.engine.plan import today
from people.access import access_of, request_access, require
from people.guards import signed_in
from people.links.services import LONGEST_DAYS, NOTE_LENGTH, create_link, revoke_link
from people.links.views import by_link, links_table
from people.models import Category

LARGEST_ID = 2**63 - 1
SHOWN_AT_MOST = 100
NO_LINK = "This calendar does not open: its address is wrong, has expired, or was revoked.\n"


class FeedForm(forms.Form):
    """Where a link is used, and what it shows."""

    note = forms.CharField(
        label="For which calendar", max_length=NOTE_LENGTH, help_text="Such as Outlook, or my phone."
    )
    days = forms.IntegerField(
        label="Works for, days", min_value=1, max_value=LONGEST_DAYS, initial=LONGEST_DAYS
    )
    only_mine = forms.BooleanField(
        label="Only accounts that I own and obligations that are mine", required=False
    )


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def calendar_links(request: HttpRequest) -> HttpResponse:
    """List the reader's own links; make one and show its address this once."""
    require(request_access(request), Category.CONTRACTS)
    user = signed_in(request)
    form = FeedForm(request.POST or None)
    address = ""
    if form.is_valid():
        try:
            made = create_link(CalendarFeed, **form.cleaned_data, by=user)
        except ValidationError as error:
            for name, texts in error.message_dict.items():
                form.add_error(name, texts)
        else:
            address = request.build_absolute_uri(reverse("finance:calendar_feed", args=[made.secret]))
            form = FeedForm()
    found = list(
        CalendarFeed.objects.filter(created_by=user)
        .select_related("revoked_by", "created_by")
        .order_by("-pk")[:SHOWN_AT_MOST]
    )
    live = [link for link in found if link.is_open]
    ended = [link for link in found if not link.is_open]
    exports = [
        Offer(key, label, lambda links=links: links_table("calendar-links", links))  # type: ignore[misc]
        for key, label, links in (("live", "Links that work", live), ("ended", "Links that ended", ended))
        if links
    ]
    if exports and asked_format(request):
        return export_response(request, chosen_table(request, exports))
    context = {"form": form, "address": address, "live": live, "ended": ended, "exports": exports}
    return render(request, "finance/calendars/links.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def calendar_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then end one of the reader's links."""
    require(request_access(request), Category.CONTRACTS)
    user = signed_in(request)
    link = get_object_or_404(CalendarFeed, pk=min(pk, LARGEST_ID), created_by=user)
    if request.method != "POST":
        return render(request, "finance/calendars/revoke.html", {"link": link})
    if revoke_link(link=link, by=user):
        messages.success(request, f"The link for {link.note} no longer works.")
    else:
        messages.info(request, f"The link for {link.note} was revoked already.")
    return redirect("finance:calendar_links")


def _no_link(request: HttpRequest) -> HttpResponse:
    return HttpResponse(NO_LINK, status=404, content_type="text/plain; charset=utf-8")


@by_link(CalendarFeed, _no_link, kept="private, no-cache")
def calendar_feed(request: HttpRequest, link: CalendarFeed) -> HttpResponse:
    """Give a calendar what its owner may read now; nothing is new where the ETag is the one it has."""
    owner = link.created_by
    if not owner.is_active or not access_of(owner.function).allows(Category.CONTRACTS):
        return _no_link(request)
    body = calendar_of(link, today())
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    response = HttpResponse(body, content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = 'inline; filename="contracts.ics"'
    response["ETag"] = etag
    answer = get_conditional_response(request, etag=etag, response=response)
    return answer if isinstance(answer, HttpResponse) else response
