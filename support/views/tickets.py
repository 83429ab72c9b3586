"""A ticket's page: what happened and what is answered, which clocks run and why, beside what the account is."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accounts.lenses.page import View, read_account, read_card, read_header
from accounts.lenses.registry import lens_for, panels
from accounts.models import Account
from common.export import asked_format, export_response
from common.pagination import read_page
from people.access import Access, request_access, require
from people.guards import signed_in
from people.models import Category
from pods.surveys.registry import survey_kinds
from pods.surveys.services import may_ask
from support.clocks.reading import ledger_table, read_clocks
from support.escalations.reading import escalations_of, firings_of
from support.models import Assignment, Ticket, TicketEvent
from support.replies.context import cards_of
from support.replies.forms import AnswerForm, words_of
from support.replies.services import REFUSED_NOTE, may_answer, may_note, record_answer
from support.replies.story import (
    A_PAGE,
    NEWEST,
    ORDER,
    entries_of,
    opening_of,
    sources_of,
    story_of,
    story_table,
    waiting_of,
)
from support.survey_kinds import KEY as CSAT
from support.tickets import others_of
from support.tones import PRIORITY_TONE, STATUS_TONE
from support.worktime.reading import work_on

LARGEST_ID = 2**63 - 1
LENS = "support"
CARDS = ("support.entitlements", "pods.tasks", "pods.signals", "metrics.health_makeup")


@require_http_methods(["GET", "HEAD", "POST"])
def ticket(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Show a ticket with its story, its clocks line by line, and the account; POST records an answer."""
    access, held, account = _asked(request, pk)
    now = timezone.now()
    clocks = read_clocks(held, now)
    if asked_format(request):
        return export_response(request, ledger_table(held, clocks))
    form = _form(request, held)
    if request.method == "POST":
        if form is None:
            raise PermissionDenied(REFUSED_NOTE)
        if form.is_valid() and _record(request, held, form):
            return redirect(f"{held.get_absolute_url()}#story")
        held = Ticket.objects.get(pk=held.pk)  # Somebody may have changed it meanwhile.
        form.look_again(held, _newest(held))
    view = View(account=account, lens=lens_for(LENS, signed_in(request).function), access=access, as_of=None)
    is_open = Ticket.objects.open_now().filter(pk=held.pk).exists()
    # Of a ticket that is done it ends with the next round of routing.
    rows = Assignment.objects.present().filter(ticket=held).select_related("engineer", "team")
    figures = read_header(view).figures
    source = ", ".join(sources_of(held))
    events = list(story_of(held).order_by(*ORDER)[: NEWEST + 1])
    entries = entries_of(events[:NEWEST], source)
    has_more = len(events) > NEWEST
    context = {
        "ticket": held,
        "account": account,
        "figures": [one for one in figures if not one.is_redacted],
        "closed": [one for one in figures if one.is_redacted],
        "may_ask": not is_open and may_ask(survey_kinds[CSAT], access),
        "cards": [*cards_of(held, account, access), *_cards(view)],
        "clocks": clocks,
        "now": now,
        "priority_tone": PRIORITY_TONE.get(held.priority, "neutral"),
        "status_tone": STATUS_TONE.get(held.status, "neutral"),
        "entries": entries if has_more else [*entries, opening_of(held)],
        "has_more_events": has_more,
        "waiting": waiting_of(held, source),
        "source": source,
        "form": form,
        "others": others_of(held),
        "is_open": is_open,
        "assignment": rows.first() if is_open else None,
        "escalations": escalations_of(held),
        "firings": firings_of(held),
        "work": work_on(held, signed_in(request)),
    }
    status = 422 if form is not None and form.errors else 200
    return render(request, "support/tickets/one.html", context, status=status)


@require_safe
def ticket_story(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Show all that happened to a ticket, page by page, the newest first."""
    _, held, account = _asked(request, pk)
    if asked_format(request):
        return export_response(request, story_table(held))
    page = read_page(request, story_of(held), ORDER, size=A_PAGE)
    entries = entries_of(page.rows, ", ".join(sources_of(held)))
    context = {
        "ticket": held,
        "account": account,
        "entries": entries if page.next_url else [*entries, opening_of(held)],
        "page": page,
    }
    return render(request, "support/tickets/story.html", context)


def _asked(request: HttpRequest, pk: int) -> tuple[Access, Ticket, Account]:
    """Return the reader's access, the ticket and its account; refuses who may not read tickets."""
    access = request_access(request)
    require(access, Category.ACCOUNT_PROFILE)
    require(access, Category.SUPPORT_HISTORY)
    held = Ticket.objects.live().filter(pk=min(pk, LARGEST_ID)).first()
    account = read_account(held.account_id) if held else None
    if held is None or account is None:
        raise Http404("There is no such ticket, or its source has deleted it.")
    return access, held, account


def _form(request: HttpRequest, held: Ticket) -> AnswerForm | None:
    """Return the form with what was sent, None for who writes nothing here."""
    user = signed_in(request)
    if not may_note(user):
        return None
    data = request.POST if request.method == "POST" else None
    return AnswerForm(data, ticket=held, seen=_newest(held), is_note_only=not may_answer(user))


def _record(request: HttpRequest, held: Ticket, form: AnswerForm) -> bool:
    """Record what was sent; return whether it is, else the form says why not."""
    try:
        done = record_answer(ticket=held, answer=form.answer(), by=signed_in(request))
    except ValidationError as error:
        form.add_errors(error)
        return False
    said = words_of(done.kinds) if done.kinds else ""
    messages.success(request, f"Recorded: {said}." if said else "It stands so already.")
    return True


def _newest(held: Ticket) -> int:
    return TicketEvent.objects.filter(ticket=held).order_by("-pk").values_list("pk", flat=True).first() or 0


def _cards(view: View) -> list[Any]:
    return [read_card(view, panels[key]) for key in CARDS]
