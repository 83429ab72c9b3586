"""Records that wait: what each is and why, try again, or give up with a reason."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from common.export import Offer, asked_format, chosen_table, export_response
from common.pagination import read_page
from people.guards import revops_only, signed_in
from sync.listing import WAITS, Filters, list_context, top_blockers
from sync.models import DiscardedRecord, PendingRecord
from sync.services import discard_records, retry_records
from sync.services.pending import LONGEST_REASON
from sync.tables import blockers_table, pending_table, sent_table
from sync.waiting import DISCARDED, Kept, find_kept, state_of

WHAT = "What came in by sync"
AT_ONCE = 10_000
LARGEST_ID = 2**63 - 1


@require_safe
@revops_only(WHAT)
def pending(request: HttpRequest) -> HttpResponse:
    """List records that wait, longest first, and the missing ones for which most others wait.

    ``?kind=discarded`` lists those that were given up, the last one first.
    """
    filters = Filters.from_params(request.GET, WAITS, of_batch=True)
    found = _found(filters)
    order = ("-discarded_at", "-pk") if filters.kind == DISCARDED else ("received_at", "pk")
    page = read_page(request, found, order)
    blockers = [] if filters.is_any else top_blockers()
    exports = [
        Offer("records", "Records", lambda: pending_table(found.order_by(*order))),
        *(
            [Offer("blockers", "What would release most", lambda: blockers_table(blockers))]
            if blockers
            else []
        ),
    ]
    if asked_format(request):
        return export_response(request, chosen_table(request, exports))
    context = {
        "exports": exports,
        **list_context(request, filters, "Waits"),
        "page": page,
        "is_discarded": filters.kind == DISCARDED,
        "blockers": blockers,
    }
    return render(request, "sync/pending.html", context)


@require_safe
@revops_only(WHAT)
def record(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one record: all that its source said, and why it waits or who gave it up."""
    found = find_kept(pk) if pk <= LARGEST_ID else None
    if found is None:
        raise Http404("Nothing waits under this number; it may have been applied.")
    fields = [(name, _shown(value)) for name, value in found.payload.items()]
    if asked_format(request):
        return export_response(request, sent_table(found, fields))
    context = {"record": found, "state": state_of(found), "fields": fields}
    return render(request, "sync/pending_record.html", context)


@require_POST
@revops_only(WHAT)
def retry(request: HttpRequest) -> HttpResponse:
    """Try the chosen records again, or take discarded ones up again, and say what became of them."""
    chosen = _chosen(request)
    retried = retry_records(ids=[each.pk for each in chosen])
    counts = Counter(each.result.status for each in retried.values())
    applied = counts["created"] + counts["updated"] + counts["unchanged"]
    said = [
        f"{number:,} {word}"
        for number, word in (
            (applied, "applied"),
            (counts["stale"], "older than what is held"),
            (counts["pending"], "still waiting"),
            (counts["rejected"], "refused again"),
            (len(chosen) - len(retried), "overtaken by a newer state"),
        )
        if number
    ]
    level = messages.success if applied else messages.info
    level(request, f"Tried again: {', '.join(said) or 'nothing was chosen'}.")
    return redirect(_back(request))


@require_POST
@revops_only(WHAT)
def discard(request: HttpRequest) -> HttpResponse:
    """Ask for a reason, showing what would be given up; then give it up."""
    chosen = [each for each in _chosen(request) if isinstance(each, PendingRecord)]
    if not chosen:
        messages.info(request, "Nothing that waits was chosen.")
        return redirect(_back(request))
    error = ""
    if "reason" in request.POST:
        try:
            count = discard_records(
                ids=[each.pk for each in chosen], reason=request.POST["reason"], user=signed_in(request)
            )
        except ValidationError as refused:
            error = " ".join(refused.messages)
        else:
            noun = "record is" if count == 1 else "records are"
            messages.success(
                request, f"{count:,} {noun} discarded, and listed under “discarded” from now on."
            )
            return redirect(_back(request))
    context = {
        "chosen": chosen,
        "kinds": Counter((each.resource, each.source.slug) for each in chosen).most_common(),
        "ids": ",".join(str(each.pk) for each in chosen),
        "back": _back(request),
        "reason": request.POST.get("reason", ""),
        "longest": LONGEST_REASON,
        "error": error,
    }
    return render(request, "sync/pending_discard.html", context, status=422 if error else 200)


def _found(filters: Filters) -> QuerySet[Any]:
    rows: QuerySet[Any]
    if filters.kind == DISCARDED:
        rows = DiscardedRecord.objects.select_related("discarded_by", "discarded_by_client__source")
    else:
        rows = PendingRecord.objects.waiting()
    return filters.narrow(rows.select_related("source", "waits_for_source"))


def _chosen(request: HttpRequest) -> list[Kept]:
    """Return the records that a form names one by one or by the filters of its list, up to 10,000."""
    if request.POST.get("everything"):
        return list(_found(Filters.from_params(request.POST, WAITS, of_batch=True)).order_by("pk")[:AT_ONCE])
    texts = [part for value in request.POST.getlist("id") for part in value.split(",")]
    ids = [int(text) for text in texts[:AT_ONCE] if text.isascii() and text.isdigit() and len(text) < 19]
    waiting = PendingRecord.objects.waiting().select_related("source").filter(pk__in=ids)
    return [*waiting, *DiscardedRecord.objects.select_related("source").filter(pk__in=ids)]


def _back(request: HttpRequest) -> str:
    """Return the list that the form was on."""
    asked = request.POST.get("back", "")
    is_ours = asked.startswith("/sync/pending/") and url_has_allowed_host_and_scheme(
        asked, allowed_hosts=None
    )
    return asked if is_ours else "/sync/pending/"


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
