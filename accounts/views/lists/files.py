"""Accounts named in a file: what each row names is shown, can be read otherwise, and is put on the list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts.lists import services
from accounts.lists.access import may_edit
from accounts.lists.errors import ListRefused
from accounts.lists.files import FOUND, SEVERAL, UNKNOWN, FileRow, Matched, match_file
from accounts.lists.models import ListFile, ListMembership, TargetList
from accounts.models import Account
from accounts.views.lists.forms import FileForm, PasteForm, refuse
from accounts.views.lists.targets import open_list
from common.export import Column, Table, asked_format, export_response
from people.guards import signed_in
from sync.files.delimited import DELIMITERS, ENCODINGS
from sync.files.errors import FileError
from sync.files.reading import Reading

ROWS_SHOWN = 50
CANDIDATES_SHOWN = 4
OUTCOMES = {FOUND: "One account", SEVERAL: "Several accounts", UNKNOWN: "No account"}


@require_POST
def upload(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a file of accounts for a list by hand."""
    target = open_list(request, pk)
    form = FileForm(request.POST, request.FILES)
    if form.is_valid():
        file = form.cleaned_data["file"]
        try:
            kept = services.keep_file(target=target, by=signed_in(request), name=file.name, data=file.read())
        except ListRefused as refused:
            refuse(form, refused)
        else:
            return redirect(kept)
    context = {"target": target, "paste": PasteForm(), "upload": form, "found": None}
    return render(request, "accounts/lists/paste.html", context, status=422)


@require_http_methods(["GET", "HEAD", "POST"])
def file(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """Show what the rows of a file name; POST reads it otherwise, adds the accounts, or throws it away."""
    target = open_list(request, pk)
    if not may_edit(target, signed_in(request)):
        raise Http404
    kept = get_object_or_404(
        ListFile.objects.select_related("list", "by", "change"), pk=min(number, 2**63 - 1), list=target
    )
    if request.method == "POST":
        return _write(request, kept)
    matched, error = None, ""
    try:
        matched = match_file(kept)
    except FileError as problem:
        error = str(problem)
    if matched is not None and asked_format(request):
        return export_response(request, _table(kept, matched))
    context = {
        "target": target,
        "kept": kept,
        "error": error,
        "reading": matched.reading if matched else msgspec.convert(kept.reading, Reading),
        "encodings": list(ENCODINGS.items()),
        "delimiters": list(DELIMITERS.items()),
        "matched": matched,
        **(_shown(target, matched) if matched else {}),
    }
    return render(request, "accounts/lists/file.html", context)


def _write(request: HttpRequest, kept: ListFile) -> HttpResponse:
    try:
        if "apply" in request.POST:
            change = services.add_file(kept=kept, by=signed_in(request), seen=request.POST.get("seen", ""))
            if change is None:
                messages.info(request, "All of them were on it already.")
            else:
                messages.success(request, f"{change.added:,} came. The history can take it back.")
        elif "drop" in request.POST:
            services.drop_file(kept=kept)
            messages.success(request, f"“{kept.name}” is thrown away.")
            return redirect(kept.list)
        else:
            services.read_file_as(kept=kept, columns=_columns(request), reading=_reading(request, kept))
    except ListRefused as refused:
        messages.error(request, refused.detail)
    return redirect(kept)


def _columns(request: HttpRequest) -> list[str]:
    return [name.replace("\x00", "")[:255] for name in request.POST.getlist("column")[:256]]


def _reading(request: HttpRequest, kept: ListFile) -> Reading:
    """Return how a person wants a file to be read; what isn't known is found out."""
    before = msgspec.convert(kept.reading, Reading)

    def one_of(name: str, known: Sequence[str]) -> str:
        asked = request.POST.get(name, "")
        return asked if asked in known else ""

    sheet = request.POST.get("sheet", "").replace("\x00", "")[:255]
    return Reading(
        encoding=one_of("encoding", list(ENCODINGS)),
        delimiter=one_of("delimiter", list(DELIMITERS)),
        heading=one_of("heading", ("yes", "no")),
        sheet=sheet or before.sheet,
    )


def _shown(target: TargetList, matched: Matched) -> dict[str, Any]:
    """Return what the page says of the rows: those that name no single account first."""
    open_rows = [row for row in matched.rows if row.outcome != FOUND]
    found = [row for row in matched.rows if row.outcome == FOUND]
    rows = [*open_rows[:ROWS_SHOWN], *found[:ROWS_SHOWN]]
    accounts = Account.objects.in_bulk({pk for row in rows for pk in sorted(row.accounts)[:CANDIDATES_SHOWN]})
    now = ListMembership.objects.current().filter(list=target, account__deleted_at=None)
    on_it = set(now.values_list("account_id", flat=True))

    def described(row: FileRow) -> dict[str, Any]:
        named = [accounts[pk] for pk in sorted(row.accounts)[:CANDIDATES_SHOWN] if pk in accounts]
        return {"row": row, "named": named, "more": len(row.accounts) - len(named)}

    return {
        "counts": {outcome: matched.counts[outcome] for outcome in OUTCOMES},
        "total": len(matched.accounts),
        "held": len(matched.accounts & on_it),
        "repeated": len(found) - len(matched.accounts),
        "open_rows": [described(row) for row in open_rows[:ROWS_SHOWN]],
        "found_rows": [described(row) for row in found[:ROWS_SHOWN]],
    }


def _table(kept: ListFile, matched: Matched) -> Table:
    """Return every row with what it names."""
    names = dict(
        Account.objects.filter(pk__in=matched.accounts).values_list("pk", "name") if matched.accounts else ()
    )
    columns = [
        Column("row", "Row"),
        *(Column(f"cell_{place}", name) for place, name in enumerate(matched.columns, 1)),
        Column("outcome", "It names"),
        Column("account_ids", "Ids of ours"),
        Column("account", "Our account"),
        Column("why", "Why"),
    ]
    rows = (
        (
            row.number,
            *row.cells,
            OUTCOMES[row.outcome],
            [str(pk) for pk in sorted(row.accounts)],
            names.get(min(row.accounts)) if row.outcome == FOUND else None,
            row.why or None,
        )
        for row in matched.rows
    )
    return Table(name=f"target-list-{kept.list_id}-file-{kept.pk}", columns=columns, rows=rows)
