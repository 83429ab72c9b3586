"""What the reader is told, in the app."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Max
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.views.decorators.http import require_POST, require_safe

from common.export import asked_format, export_response
from common.htmx import wants_partial
from common.pagination import read_page
from common.params import read_choice, read_key
from common.shell import own_address
from people.guards import signed_in
from people.models import Notice
from people.notices.inbox import (
    ORDER,
    SHOWS,
    Search,
    count_unread,
    mark_all_read,
    mark_read,
    name_of,
    notices_table,
    topics_of,
    words_of,
)
from people.notices.topics import topics

LARGEST_ID = 2**63 - 1


@require_safe
def notices(request: HttpRequest) -> HttpResponse:
    """List one's own notices, the newest first; ``?show=unread`` and ``?topic=`` narrow them."""
    user, search = signed_in(request), Search.from_params(request.GET)
    if asked_format(request):
        return export_response(request, notices_table(search, user))
    page = read_page(request, search.find(user), ORDER)
    unread = Search("unread", search.topic).find(user)
    context = {
        "page": page,
        "rows": [
            {"notice": notice, "topic": name_of(notice.topic), "is_unread": notice.is_unread}
            for notice in page.rows
        ],
        "search": search,
        "shows": SHOWS,
        "topics": topics_of(user),
        "topic_name": name_of(search.topic),
        "unread": words_of(count_unread(user)),
        # What comes after the page was drawn is not taken as read by it.
        "up_to": unread.aggregate(newest=Max("pk"))["newest"],
    }
    return render(request, "people/notices/inbox.html", context)


@require_safe
def bell(request: HttpRequest) -> HttpResponse:
    """Answer the bell with how many are unread, or with nothing where that is what it shows; others see the list."""
    if not wants_partial(request):
        return redirect("people:notices")
    unread = words_of(count_unread(signed_in(request)))
    if unread == (request.GET.get("shown") or "0"):
        response = HttpResponse(status=204)
    else:
        response = render(request, "people/notices/_bell.html", {"unread": unread})
    add_never_cache_headers(response)
    return response


@require_POST
def open_notice(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a notice as read and go to the page that it tells of, which decides itself what the reader sees."""
    held = _marked(request, pk)
    return redirect(own_address(request, held.url) or reverse("people:notices"))


@require_POST
def read_notice(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a notice as read without opening it."""
    _marked(request, pk)
    return redirect(_back(request))


@require_POST
def read_notices(request: HttpRequest) -> HttpResponse:
    """Take all as read that the reader has seen, of one topic where the list was narrowed to it."""
    count = mark_all_read(
        user=signed_in(request),
        up_to=min(read_key(request.POST.get("up_to", "")), LARGEST_ID),
        topic=read_choice(request.POST, "topic", topics),
    )
    if count:
        messages.success(request, "One notice is read." if count == 1 else f"{count:,} notices are read.")
    return redirect(_back(request))


def _marked(request: HttpRequest, pk: int) -> Notice:
    try:
        return mark_read(user=signed_in(request), notice=min(pk, LARGEST_ID))
    except Notice.DoesNotExist as error:
        raise Http404("No such notice is yours.") from error


def _back(request: HttpRequest) -> str:
    return own_address(request, request.POST.get("next", "")) or reverse("people:notices")
