"""The review queue: pairs that look like one company, and records that may be any of several accounts."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe
from kombu.exceptions import OperationalError

from accounts.identity.ambiguous import resolve_ambiguous
from accounts.identity.duplicates import dismiss_pair, offer_again
from accounts.identity.errors import MergeRefused
from accounts.identity.fields import label_of
from accounts.identity.models import DuplicatePair, DuplicateSearch
from accounts.identity.showing import profiles_of
from accounts.identity.tables import ambiguous_table, pairs_table
from accounts.tasks import search_duplicates
from accounts.views.identity.guards import identity_page
from common.codes import country_name
from common.export import asked_format, export_response
from common.pagination import read_page
from common.shell import own_address
from people.guards import is_revops, revops_only, signed_in
from sync.models import PendingRecord

PAIRS_SHOWN = 20
LONGEST_REASON = 500
SHOWN_FIELDS = ("name", "domain", "country", "industry", "lifecycle", "owner_email")
WHAT = "Deciding which account is which"


@require_safe
@identity_page
def duplicates(request: HttpRequest) -> HttpResponse:
    """List pairs that look like one company, strongest evidence first."""
    pairs = DuplicatePair.objects.waiting()
    if asked_format(request):
        return export_response(request, pairs_table("duplicates", pairs.order_by("-score", "-pk")))
    page = read_page(request, pairs, ("-score", "-pk"), size=PAIRS_SHOWN)
    context = _shared(request, "pairs") | {
        "page": page,
        "pairs": _with_profiles(page.rows),
        "search": DuplicateSearch.objects.order_by("-pk").first(),
    }
    return render(request, "accounts/identity/duplicates.html", context)


@require_safe
@identity_page
def apart(request: HttpRequest) -> HttpResponse:
    """List pairs that a person found to be no duplicates, newest first."""
    pairs = DuplicatePair.objects.dismissed().select_related("dismissed_by")
    if asked_format(request):
        return export_response(request, pairs_table("kept-apart", pairs.order_by("-dismissed_at", "-pk")))
    page = read_page(request, pairs, ("-dismissed_at", "-pk"), size=PAIRS_SHOWN)
    context = _shared(request, "apart") | {"page": page, "pairs": _with_profiles(page.rows)}
    return render(request, "accounts/identity/apart.html", context)


@require_safe
@identity_page
def ambiguous(request: HttpRequest) -> HttpResponse:
    """List records that may be any of several accounts, longest waiting first."""
    records = _ambiguous().select_related("source")
    if asked_format(request):
        return export_response(request, ambiguous_table(records.order_by("received_at", "pk")))
    page = read_page(request, records, ("received_at", "pk"), size=PAIRS_SHOWN)
    profiles = profiles_of({pk for record in page.rows for pk in record.candidates or []})
    context = _shared(request, "ambiguous") | {
        "page": page,
        "records": [
            {
                "record": record,
                "says": _says(record),
                "candidates": [profiles[pk] for pk in record.candidates or [] if pk in profiles],
            }
            for record in page.rows
        ],
    }
    return render(request, "accounts/identity/ambiguous.html", context)


@require_POST
@revops_only(WHAT)
def dismiss(request: HttpRequest, pk: int) -> HttpResponse:
    """Remember that a pair is no duplicate."""
    pair = get_object_or_404(DuplicatePair.objects.select_related("low", "high"), pk=pk)
    reason = request.POST.get("reason", "").replace("\x00", "").strip()[:LONGEST_REASON]
    dismiss_pair(pair=pair, by=signed_in(request), reason=reason)
    messages.success(
        request,
        f"{pair.low.name} and {pair.high.name} won't be offered again. It can be undone under “Not duplicates”.",
    )
    return _back(request)


@require_POST
@revops_only(WHAT)
def offer(request: HttpRequest, pk: int) -> HttpResponse:
    """Offer a pair again that was found to be no duplicate."""
    pair = get_object_or_404(DuplicatePair.objects.dismissed().select_related("low", "high"), pk=pk)
    offer_again(pair=pair)
    messages.success(request, f"{pair.low.name} and {pair.high.name} stand in the queue again.")
    return redirect("accounts:apart")


@require_POST
@revops_only(WHAT)
def resolve(request: HttpRequest, pk: int) -> HttpResponse:
    """Attach a waiting record to the account that ``account`` names, or with ``new`` make a new one of it."""
    record = get_object_or_404(_ambiguous(), pk=pk)
    chosen = request.POST.get("account", "")
    if chosen != "new" and not (chosen.isascii() and chosen.isdigit() and len(chosen) < 19):
        messages.error(request, "Choose an account, or that it is a new one.")
        return redirect("accounts:ambiguous")
    try:
        account = resolve_ambiguous(
            pending=record, account=None if chosen == "new" else int(chosen), by=signed_in(request)
        )
    except MergeRefused as refused:
        messages.error(request, refused.detail)
        return redirect("accounts:ambiguous")
    if account is None:
        messages.warning(
            request, "The record was refused for another reason; it is listed under pending records."
        )
    else:
        verb = "was created from" if chosen == "new" else "now includes"
        messages.success(request, f"{account.name} {verb} the record {record.external_id}.")
    return redirect("accounts:ambiguous")


@require_POST
@revops_only("Searching the whole base")
def search_now(request: HttpRequest) -> HttpResponse:
    """Let the workers search all accounts for duplicates."""
    try:
        search_duplicates.delay(everything=True)
    except OperationalError:
        messages.error(request, "The workers can't be reached. The next search begins by itself tonight.")
    else:
        messages.success(request, "Searching all accounts. New pairs show up here when it is done.")
    return redirect("accounts:duplicates")


def tab_counts() -> dict[str, int]:
    """Return how many pairs and records wait."""
    return {"pairs": DuplicatePair.objects.waiting().count(), "ambiguous": _ambiguous().count()}


def _ambiguous() -> Any:
    return PendingRecord.objects.filter(resource="accounts", code=PendingRecord.AMBIGUOUS, is_new=False)


def _shared(request: HttpRequest, tab: str) -> dict[str, Any]:
    return {"tab": tab, "counts": tab_counts(), "can_decide": is_revops(request)}


def _says(record: PendingRecord) -> list[tuple[str, str]]:
    """Return what a record says of itself, in words."""
    said = [(name, record.payload.get(name)) for name in SHOWN_FIELDS]
    return [
        (label_of(name), country_name(str(value)) if name == "country" else str(value))
        for name, value in said
        if value
    ]


def _with_profiles(pairs: Any) -> list[dict[str, Any]]:
    profiles = profiles_of({pk for pair in pairs for pk in (pair.low_id, pair.high_id)})
    return [
        {
            "pair": pair,
            "low": profiles[pair.low_id],
            "high": profiles[pair.high_id],
            "is_strong": pair.score >= 80,
        }
        for pair in pairs
    ]


def _back(request: HttpRequest) -> HttpResponse:
    url = own_address(request, request.POST.get("next", ""))
    return HttpResponseRedirect(url) if url else redirect("accounts:duplicates")
