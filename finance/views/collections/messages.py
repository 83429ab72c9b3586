"""The log of messages that ask for money, and what a person decides about them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib import messages as told
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from common.export import Table, asked_format, export_response, table_of
from common.pagination import read_page
from finance.collections.forms import DecisionForm
from finance.collections.guards import COLLECTORS, for_readers, is_of, only
from finance.collections.history import TONES, stage_name
from finance.collections.querysets import DunningMessageQuerySet
from finance.collections.services import decide_message
from finance.models import DunningMessage
from people.guards import signed_in

LARGEST_ID = 2**63 - 1
ORDERS = {"written": ("created_at", "pk"), "-written": ("-created_at", "-pk")}
CHUNK = 2000


@dataclass(frozen=True, slots=True)
class Search:
    """What the log is asked for; anything unknown in the address falls back to the default."""

    text: str
    state: str
    sort: str

    @classmethod
    def from_params(cls, params: QueryDict) -> Search:
        """Read the address."""
        state, sort = params.get("state", ""), params.get("sort", "")
        return cls(
            text=params.get("q", "").replace("\x00", "").strip()[:200],
            state=state if state in DunningMessage.State.values else "",
            sort=sort if sort in ORDERS else "-written",
        )

    def find(self) -> DunningMessageQuerySet:
        """Return the messages asked for, unordered, with account and policy."""
        found = DunningMessage.objects.select_related("cycle__account", "policy", "decided_by")
        if self.state:
            found = found.filter(state=self.state)
        for word in self.text.split():
            found = found.filter(
                Q(cycle__account__name__icontains=word)
                | Q(email__icontains=word)
                | Q(subject__icontains=word)
            )
        return found


@require_safe
@for_readers
def dunning_messages(request: HttpRequest) -> HttpResponse:
    """List what was written to customers who are overdue, the newest first."""
    search = Search.from_params(request.GET)
    if asked_format(request):
        rows = search.find().order_by(*ORDERS[search.sort]).iterator(chunk_size=CHUNK)
        return export_response(request, _table(rows))
    page = read_page(request, search.find(), ORDERS[search.sort])
    context = {
        "page": page,
        "rows": [(message, stage_name(message), TONES[message.state]) for message in page.rows],
        "search": search,
        "sort": search.sort,
        "states": DunningMessage.State.choices,
    }
    return render(request, "finance/collections/messages.html", context)


@require_safe
@for_readers
def dunning_message(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one message as it was written, and what became of it."""
    message = _message(pk)
    context = {
        "message": message,
        "stage": stage_name(message),
        "tone": TONES[message.state],
        "may_decide": is_of(request, COLLECTORS) and message.state in ("failed", "unknown"),
    }
    return render(request, "finance/collections/message.html", context)


@require_POST
@only(COLLECTORS, "Deciding about messages")
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Say whether a message went out (``decision``: sent or not)."""
    message, form = _message(pk), DecisionForm(request.POST)
    if not form.is_valid():
        told.error(request, "Say whether it went out.")
        return redirect(message)
    was_sent = form.cleaned_data["decision"] == "sent"
    try:
        decide_message(message=message, was_sent=was_sent, by=signed_in(request))
    except ValidationError as error:
        told.error(request, error.messages[0])
    else:
        text = "It counts as sent." if was_sent else "Its attempt is free again: the next run writes it anew."
        told.success(request, text)
    return redirect(message)


def _message(pk: int) -> DunningMessage:
    rows = DunningMessage.objects.select_related("cycle__account", "policy", "decided_by")
    return get_object_or_404(rows, pk=min(pk, LARGEST_ID))


def _table(rows: Iterable[DunningMessage]) -> Table:
    return table_of(
        "dunning-messages",
        rows,
        [
            ("id", "Message", lambda each: each.pk),
            ("account_id", "Account id", lambda each: each.cycle.account_id),
            ("account", "Account", lambda each: each.cycle.account.name),
            ("state", "State", lambda each: each.get_state_display()),
            ("stage", "Stage", stage_name),
            ("attempt", "Attempt", lambda each: each.attempt),
            ("currency", "Currency", lambda each: each.cycle.currency),
            ("amount", "Amount", lambda each: each.amount),
            ("recipient", "Recipient", lambda each: each.recipient),
            ("email", "Address", lambda each: each.email),
            ("subject", "Subject", lambda each: each.subject),
            ("asked_on", "Written for", lambda each: each.asked_on),
            ("created_at", "Written", lambda each: each.created_at),
            ("sent_at", "Sent", lambda each: each.sent_at),
            ("note", "Note", lambda each: each.note),
        ],
    )
