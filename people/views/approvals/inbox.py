"""The inbox of approvals."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from common.export import asked_format, export_response
from common.pagination import read_page
from people.access import request_access
from people.approvals.models import ApprovalRequest
from people.approvals.reading import Search, Shown, approvals_table, count_to_decide, my_seats, shows_of
from people.approvals.registry import approval_kinds
from people.guards import signed_in

EMPTY = {
    "mine": ("Nothing waits for you", "What you are asked to decide comes here, and by e-mail."),
    "requested": ("You asked for nothing yet", "Pages where something needs approval let you ask for it."),
    "decided": ("You decided nothing yet", "Your decisions stay here with their reasons."),
    "all": ("Nothing was asked yet", "Every request for approval comes here."),
}


@require_safe
def approvals(request: HttpRequest) -> HttpResponse:
    """List what the reader may decide; ``?show=`` asks for other lists, the rest narrows them."""
    user, seats, access = signed_in(request), my_seats(request), request_access(request)
    search = Search.from_params(request.GET, user)
    if asked_format(request):
        return export_response(request, approvals_table(search, user, seats, access))
    page = read_page(request, search.find(user, seats, access), search.order)
    title, hint = EMPTY[search.show]
    context = {
        "page": page,
        "rows": [Shown(row, access) for row in page.rows],
        "search": search,
        "sort": search.sort,
        "shows": shows_of(user),
        "waiting": count_to_decide(request),
        "kinds": [(kind.key, kind.label) for kind in approval_kinds],
        "states": ApprovalRequest.State.choices,
        "stands_for": sorted({seat.user_id for seat in seats if seat.is_delegated}),
        "empty_title": "Nothing fits" if search.is_narrowed else title,
        "empty_hint": "Try another kind, state or word." if search.is_narrowed else hint,
    }
    return render(request, "people/approvals/inbox.html", context)
