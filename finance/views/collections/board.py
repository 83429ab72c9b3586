"""The board of collections."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.models import Tier
from common.export import asked_format, export_response
from finance.collections.board import COLUMNS, Search, board_table, cards_of, columns_of, totals_of
from finance.collections.guards import for_readers
from finance.collections.policy import policy_in_force
from finance.collections.positions import positions_on
from finance.collections.promises import kept_promises
from finance.collections.sending import waiting_since
from finance.models import DunningMessage
from metrics.engine.plan import today
from people.access import request_access
from people.guards import signed_in


@require_safe
@for_readers
def board(request: HttpRequest) -> HttpResponse:
    """Show who is overdue and what stands in the way of asking them, in columns."""
    day = today()
    search = Search.from_params(request.GET)
    positions = positions_on(day)
    cards = cards_of(positions, search, signed_in(request), request_access(request))
    if asked_format(request):
        return export_response(request, board_table(cards, request_access(request)))
    columns = columns_of(cards, is_whole=bool(search.column))
    context = {
        "columns": [column for column in columns if not search.column or column.key == search.column],
        "labels": COLUMNS,
        "count": len(cards),
        "totals": totals_of(cards),
        "search": search,
        "tiers": Tier.objects.all(),
        "currencies": sorted({position.claim.currency for position in positions}),
        "policy": policy_in_force(),
        "undecided": DunningMessage.objects.filter(state__in=("failed", "unknown")).count(),
        "waiting_since": waiting_since(),
        "kept": kept_promises(day),
        "day": day,
    }
    return render(request, "finance/collections/board.html", context)
