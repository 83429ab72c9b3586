"""Who is on a list by hand: added from the account list or pasted, each with a preview, taken off, and taken back."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.listing.spec import Listing
from accounts.lists import services
from accounts.lists.access import may_edit
from accounts.lists.errors import ListRefused
from accounts.lists.models import ListChange, ListMembership, TargetList
from accounts.lists.opening import id_of
from accounts.lists.pasting import read_pasted
from accounts.models import Account
from accounts.views.lists.forms import FileForm, ListForm, PasteForm, number_of
from accounts.views.lists.targets import editable_lists, open_list
from common.export import Table, asked_format, export_response, table_of
from common.pagination import read_page
from people.access import request_access, require
from people.guards import signed_in
from people.models import Category

PREVIEWED = 25
CHANGES_SHOWN = 30
MOST_IDS = 5000
NEW = "new"


@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """Put the accounts of an address of the account list on a list: shown first, done by POST.

    Without ``id`` every account that matches is meant. POST says how many were shown; where others match now, the page
    is shown again.
    """
    user, access = signed_in(request), request_access(request)
    require(access, Category.ACCOUNT_PROFILE)
    params = request.GET.copy()
    params.pop("list_to", None)
    listing = Listing(params=params, user=user, access=access)
    lists = editable_lists(request)
    chosen = request.POST.get("list_to", request.GET.get("list_to", ""))
    target = next((one for one in lists if str(one.pk) == chosen), None)
    accounts = listing.accounts()
    total = accounts.count()
    trouble = [*listing.problems, *([listing.closed] if listing.closed else [])]
    error = ""
    if request.method == "POST":
        if trouble:
            error = "Nothing was added, since a part of what was asked for was refused."
        elif number_of(request, "total") != total:
            error = f"Others match now: {total:,} accounts. Look again before you add them."
        elif not total:
            error = "No account was chosen."
        else:
            done = _add(request, target, chosen, accounts)
            if isinstance(done, HttpResponse):
                return done
            error = done
    context = {
        "lists": lists,
        "target": target,
        "chosen": chosen,
        "total": total,
        "held": _on(target, accounts),
        "accounts": accounts.order_by("name", "pk")[:PREVIEWED],
        "trouble": trouble,
        "error": error,
        "params": listing.hidden_params(),
        "query": listing.params.urlencode(),
        "name": request.POST.get("name", "")[:200],
        "back_url": f"{reverse('accounts:list')}{listing.url(id=None)}",
    }
    return render(request, "accounts/lists/add.html", context, status=422 if error else 200)


def _on(target: TargetList | None, accounts: QuerySet[Any, Any]) -> int:
    if target is None:
        return 0
    now = ListMembership.objects.current().filter(list=target)
    return int(accounts.filter(pk__in=now.values("account_id")).count())


def _add(
    request: HttpRequest, target: TargetList | None, chosen: str, accounts: QuerySet[Any, Any]
) -> HttpResponse | str:
    user = signed_in(request)
    try:
        if target is None and chosen == NEW:
            form = ListForm({"name": request.POST.get("name", ""), "is_shared": "on"})
            if not form.is_valid():
                return "Give the new list a name."
            target = services.create_list(name=form.cleaned_data["name"], by=user)
        if target is None:
            return "Choose a list, or make a new one."
        change = services.add_accounts(
            target=target, accounts=accounts, by=user, cause=ListChange.Cause.SELECTION
        )
    except ListRefused as refused:
        return refused.detail
    _tell(request, target, change, "were added", "All of them were on it already.")
    return redirect(target)


def _tell(request: HttpRequest, target: TargetList, change: ListChange | None, verb: str, none: str) -> None:
    if change is None:
        messages.info(request, none)
        return
    count = change.added or change.removed
    noun = "account" if count == 1 else "accounts"
    verb = verb.replace("were", "was") if count == 1 else verb
    messages.success(request, f"{count:,} {noun} {verb}. The history can take it back.")


@require_POST
def paste(request: HttpRequest, pk: int) -> HttpResponse:
    """Put pasted accounts on a list: what the text names is shown first, done with ``apply``."""
    target = open_list(request, pk)
    form = PasteForm(request.POST)
    context: dict[str, Any] = {"target": target, "paste": form, "upload": FileForm(), "found": None}
    if not form.is_valid():
        return render(request, "accounts/lists/paste.html", context, status=422)
    try:
        found = read_pasted(form.cleaned_data["text"])
    except ValueError as error:
        form.add_error("text", str(error))
        return render(request, "accounts/lists/paste.html", context, status=422)
    accounts = Account.objects.live().filter(pk__in=found.accounts)
    if "apply" in request.POST:
        try:
            change = services.add_accounts(
                target=target, accounts=accounts, by=signed_in(request), cause=ListChange.Cause.PASTE
            )
        except ListRefused as refused:
            messages.error(request, refused.detail)
        else:
            _tell(request, target, change, "were added", "All of them were on it already.")
        return redirect(target)
    context |= {
        "found": found,
        "held": _on(target, accounts),
        "accounts": accounts.order_by("name", "pk")[:PREVIEWED],
    }
    return render(request, "accounts/lists/paste.html", context)


@require_POST
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Take the chosen accounts off a list; the history takes it back."""
    target = open_list(request, pk)
    ids = [number for text in request.POST.getlist("id")[:MOST_IDS] if (number := id_of(text)) is not None]
    if not ids:
        messages.error(request, "Choose the accounts to take off.")
        return redirect(target)
    try:
        change = services.remove_accounts(
            target=target, accounts=Account.objects.filter(pk__in=ids), by=signed_in(request)
        )
    except ListRefused as refused:
        messages.error(request, refused.detail)
    else:
        _tell(request, target, change, "were taken off", "None of them was on it any more.")
    return redirect(target)


@require_safe
def history(request: HttpRequest, pk: int) -> HttpResponse:
    """List every change of a list, newest first."""
    target = open_list(request, pk)
    changes = ListChange.objects.filter(list=target).select_related("by", "rule", "undone_by")
    if asked_format(request):
        return export_response(request, _changes_table(target, changes.order_by("-number")))
    user = signed_in(request)
    context = {
        "target": target,
        "page": read_page(request, changes, ("-number",), size=CHANGES_SHOWN),
        "may_undo": may_edit(target, user) and target.kind == TargetList.Kind.STATIC,
    }
    return render(request, "accounts/lists/history.html", context)


def _changes_table(target: TargetList, changes: QuerySet[ListChange]) -> Table:
    return table_of(
        f"target-list-{target.pk}-history",
        changes.iterator(chunk_size=1000),
        [
            ("number", "Version", lambda row: row.number),
            ("at", "When", lambda row: row.at),
            ("cause", "What", lambda row: row.get_cause_display()),
            ("by", "Who", lambda row: str(row.by) if row.by else None),
            ("added", "Came", lambda row: row.added),
            ("removed", "Went", lambda row: row.removed),
            ("members", "On it after", lambda row: row.members),
        ],
    )


@require_safe
def change(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """Show who came and went with one change."""
    target = open_list(request, pk)
    found = get_object_or_404(
        ListChange.objects.select_related("by", "rule"), list=target, number=min(number, 2**31 - 1)
    )
    moved = ListMembership.objects.filter(list=target).select_related("account")
    rows = moved.filter(Q(came_with=found) | Q(left_with=found)).annotate(account_name=F("account__name"))
    if asked_format(request):
        return export_response(
            request,
            table_of(
                f"target-list-{target.pk}-change-{found.number}",
                rows.order_by("account__name", "pk").iterator(chunk_size=2000),
                [
                    ("account_id", "Account id", lambda row: row.account_id),
                    ("name", "Account", lambda row: row.account.name),
                    ("way", "Way", lambda row: "came" if row.came_with_id == found.pk else "went"),
                ],
            ),
        )
    context = {"target": target, "change": found, "page": read_page(request, rows, ("account_name", "pk"))}
    return render(request, "accounts/lists/change.html", context)


@require_POST
def undo(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """Take back what one change did."""
    target = open_list(request, pk)
    found = get_object_or_404(ListChange, list=target, number=min(number, 2**31 - 1))
    try:
        made = services.undo_change(change=found, by=signed_in(request))
    except ListRefused as refused:
        messages.error(request, refused.detail)
    else:
        if made is None:
            messages.info(request, "Nothing of it is left to take back.")
        else:
            messages.success(request, f"Taken back: {made.added:,} came, {made.removed:,} went.")
    return redirect("accounts:list_history", target.pk)
