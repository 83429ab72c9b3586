"""Merge two accounts: side by side, then done; and take a merge back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.identity.errors import MergeRefused
from accounts.identity.fields import label_of
from accounts.identity.merge import merge_accounts, plurals, preview_merge
from accounts.identity.models import AccountMerge
from accounts.identity.showing import profiles_of, readable_conflicts, rows_of
from accounts.identity.tables import conflicts_table, merges_table
from accounts.identity.unmerge import plan_unmerge, unmerge_accounts
from accounts.models import Account
from accounts.views.identity.guards import LARGEST_ID, identity_page
from accounts.views.identity.queue import WHAT, tab_counts
from common.export import asked_format, export_response
from common.pagination import read_page
from people.access import request_access
from people.guards import is_revops, revops_only, signed_in

# A number by itself, or the address of an account's page with whatever follows it.
NUMBER = re.compile(r"(?:.*/accounts/)?(\d{1,18})/?(?:[?#].*)?", re.ASCII)
LONGEST = 255
NAMED = 3  # accounts of one name that a message tells apart
CHOICE = "choice."


def _merges_page(
    request: HttpRequest,
    found: QuerySet[AccountMerge],
    choice: Mapping[str, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "page": read_page(request, found, ("-merged_at", "-pk")),
        "tab": "merges",
        "counts": tab_counts(),
        "can_decide": is_revops(request),
        "choice": choice or {},
    }
    return render(request, "accounts/identity/merges.html", context, status=status)


@require_safe
@identity_page
def merges(request: HttpRequest) -> HttpResponse:
    """List merges, newest first."""
    found = AccountMerge.objects.select_related("winner", "loser", "merged_by", "client", "unmerged_by")
    if asked_format(request):
        return export_response(request, merges_table(found.order_by("-merged_at", "-pk")))
    return _merges_page(request, found)


@require_safe
@revops_only(WHAT)
def choose(request: HttpRequest) -> HttpResponse:
    """Lead to the preview of two accounts given by name, web domain, number or the address of their page."""
    wanted = {name: request.GET.get(name, "").strip()[:LONGEST] for name in ("winner", "loser")}
    (winner, winner_error), (loser, loser_error) = [_find(text) for text in wanted.values()]
    if winner is not None and winner == loser:
        loser_error = "This is the same account as the other one."
    if winner is None or loser is None or loser_error:
        found = AccountMerge.objects.select_related("winner", "loser", "merged_by", "client", "unmerged_by")
        choice = wanted | {"winner_error": winner_error, "loser_error": loser_error}
        return _merges_page(request, found, choice, status=422)
    return redirect("accounts:merge", pk=winner, loser=loser)


def _find(text: str) -> tuple[int | None, str]:
    """Return the id of the one account that ``text`` means, or None and what to do."""
    if not text or "\x00" in text:
        return None, "Give an account by its name, web domain or number."
    if found := NUMBER.fullmatch(text):
        number = int(found[1])
        if Account.objects.filter(pk=number).exists():
            return number, ""
        return None, f"There is no account {number}."
    live = Account.objects.live()
    ids = list(live.filter(name__iexact=text).order_by("pk").values_list("pk", flat=True)[: NAMED + 1])
    if not ids:
        ids = list(live.filter(domain=text.lower()).order_by("pk").values_list("pk", flat=True)[: NAMED + 1])
    if len(ids) == 1:
        return ids[0], ""
    if not ids:
        return None, "No account has exactly this name or domain. Search for it, and give its number."
    numbers = ", ".join(str(pk) for pk in ids[:NAMED])
    more = " and others" if len(ids) > NAMED else ""
    return None, f"Several accounts fit: {numbers}{more}. Give the number."


@require_http_methods(["GET", "HEAD", "POST"])
@revops_only(WHAT)
def merge(request: HttpRequest, pk: int, loser: int) -> HttpResponse:
    """Show two accounts side by side with what would move; merge them on POST with the choices made."""
    if max(pk, loser) > LARGEST_ID:
        raise Http404("There is no such account.")
    choices = {
        name.removeprefix(CHOICE): str(value)
        for name, value in request.POST.items()
        if name.startswith(CHOICE)
    }
    try:
        if request.method == "POST":
            done = merge_accounts(winner=pk, loser=loser, choices=choices, by=signed_in(request))
            messages.success(request, f"Merged. {done.loser.name} is part of {done.winner.name} now.")
            return redirect("accounts:merge_done", pk=done.pk)
        preview = preview_merge(winner=pk, loser=loser)
    except MergeRefused as refused:
        if refused.code == "unknown_account":
            raise Http404(refused.detail) from refused
        messages.error(request, f"These two can't be merged. {refused.detail}")
        return redirect("accounts:duplicates")
    profiles = profiles_of([pk, loser])
    rows = rows_of(preview.sides, preview.choices, request_access(request))
    context = {
        "preview": preview,
        "winner": profiles[pk],
        "loser": profiles[loser],
        "rows": [row for row in rows if row.differs],
        "same": [row for row in rows if not row.differs and row.winner],
    }
    return render(request, "accounts/identity/merge.html", context)


@require_safe
@identity_page
def merge_done(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one merge: what moved, what was chosen, and what taking it back would do or did."""
    found = _merge(pk)
    access = request_access(request)
    found.report = readable_conflicts(found.report, access)
    words = plurals()
    context: dict[str, Any] = {
        "merge": found,
        "counts": [(words.get(label, label), count) for label, count in sorted(found.counts.items())],
        "choices": [(label_of(name), choice) for name, choice in sorted(found.choices.items())],
        "can_decide": is_revops(request),
    }
    if found.unmerged_at is None:
        try:
            plan = plan_unmerge(merge=found.pk)
            context["plan"] = plan
            context["conflicts"] = readable_conflicts([asdict(item) for item in plan.conflicts], access)
        except MergeRefused as refused:
            context["refused"] = refused.detail
    changed = found.report if found.unmerged_at else context.get("conflicts", [])
    if changed and asked_format(request):
        return export_response(request, conflicts_table(found, changed))
    context["can_export"] = bool(changed)
    return render(request, "accounts/identity/merge_done.html", context)


@require_POST
@revops_only(WHAT)
def unmerge(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a merge back."""
    found = _merge(pk)
    try:
        plan = unmerge_accounts(merge=found.pk, by=signed_in(request))
    except MergeRefused as refused:
        messages.error(request, refused.detail)
    else:
        rest = (
            f" {len(plan.conflicts)} things had changed since; they are listed below."
            if plan.conflicts
            else ""
        )
        messages.success(request, f"{found.loser.name} and {found.winner.name} are two accounts again.{rest}")
    return redirect("accounts:merge_done", pk=found.pk)


def _merge(pk: int) -> AccountMerge:
    related = ("winner", "loser", "merged_by", "client", "unmerged_by", "unmerge_client")
    return get_object_or_404(AccountMerge.objects.select_related(*related), pk=pk)
