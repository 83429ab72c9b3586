"""A ticket's page: what happened, which clocks run and why, beside what the account is."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.lenses.page import View, read_account, read_card, read_header
from accounts.lenses.registry import lens_for, panels
from common.export import asked_format, export_response
from people.access import request_access, require
from people.guards import signed_in
from people.models import Category
from pods.surveys.registry import survey_kinds
from pods.surveys.services import may_ask
from support.clocks.reading import ledger_table, read_clocks
from support.escalations.reading import escalations_of, firings_of
from support.models import Assignment, Ticket
from support.survey_kinds import KEY as CSAT
from support.tickets import MOST_EVENTS, events_of, others_of
from support.tones import PRIORITY_TONE, STATUS_TONE
from support.worktime.reading import work_on

LARGEST_ID = 2**63 - 1
LENS = "support"
CARDS = ("support.entitlements", "metrics.health_makeup")


@require_safe
def ticket(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a ticket with its clocks line by line, its story, and the account that it is worth knowing."""
    access = request_access(request)
    require(access, Category.ACCOUNT_PROFILE)
    require(access, Category.SUPPORT_HISTORY)
    held = Ticket.objects.live().filter(pk=min(pk, LARGEST_ID)).first()
    account = read_account(held.account_id) if held else None
    if held is None or account is None:
        raise Http404("There is no such ticket, or its source has deleted it.")
    now = timezone.now()
    clocks = read_clocks(held, now)
    if asked_format(request):
        return export_response(request, ledger_table(held, clocks))
    view = View(account=account, lens=lens_for(LENS, signed_in(request).function), access=access, as_of=None)
    events = events_of(held)
    is_open = Ticket.objects.open_now().filter(pk=held.pk).exists()
    # Of a ticket that is done it ends with the next round of routing.
    rows = Assignment.objects.present().filter(ticket=held).select_related("engineer", "team")
    assignment = rows.first() if is_open else None
    figures = read_header(view).figures
    kind = survey_kinds[CSAT]
    context = {
        "ticket": held,
        "account": account,
        "figures": [one for one in figures if not one.is_redacted],
        "closed": [one for one in figures if one.is_redacted],
        "may_ask": not is_open and may_ask(kind, access),
        "cards": _cards(view),
        "clocks": clocks,
        "now": now,
        "priority_tone": PRIORITY_TONE.get(held.priority, "neutral"),
        "status_tone": STATUS_TONE.get(held.status, "neutral"),
        "events": events[:MOST_EVENTS],
        "has_more_events": len(events) > MOST_EVENTS,
        "others": others_of(held),
        "is_open": is_open,
        "assignment": assignment,
        "escalations": escalations_of(held),
        "firings": firings_of(held),
        "work": work_on(held, signed_in(request)),
    }
    return render(request, "support/tickets/one.html", context)


def _cards(view: View) -> list[Any]:
    return [read_card(view, panels[key]) for key in CARDS]
