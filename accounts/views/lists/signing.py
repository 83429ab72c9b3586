"""Co-signing: proposing a list, signing for it whole or in part, and what each side wants."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.lists import services
from accounts.lists.alignment import only_wanted_by, signatures_of, wanted_by
from accounts.lists.errors import ListRefused
from accounts.lists.models import ListMembership, Side, TargetList
from accounts.lists.opening import id_of
from accounts.views.lists.forms import number_of
from accounts.views.lists.targets import open_list
from common.export import asked_format, export_response, table_of
from common.pagination import read_page
from people.guards import signed_in

MOST_PICKED = 500


@require_POST
def propose(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask sales and marketing to sign."""
    target = open_list(request, pk)
    return _done(
        request,
        target,
        lambda: services.propose_list(target=target, by=signed_in(request)),
        "Proposed. Sales and marketing can sign now.",
    )


@require_http_methods(["GET", "HEAD", "POST"])
def sign(request: HttpRequest, pk: int) -> HttpResponse:
    """Sign for the whole list (``whole``), or for the accounts chosen on the page."""
    target = open_list(request, pk)
    user = signed_in(request)
    members = ListMembership.objects.current().filter(list=target, account__deleted_at=None)
    picks = [
        number for text in request.POST.getlist("id")[:MOST_PICKED] if (number := id_of(text)) is not None
    ]
    status = 200
    if request.method == "POST":
        try:
            services.sign_list(
                target=target,
                by=user,
                version=number_of(request, "version"),
                picks=None if "whole" in request.POST else picks,
                note=request.POST.get("note", ""),
            )
        except ListRefused as refused:
            messages.error(request, refused.detail)
            status = 422
            target.refresh_from_db()
        else:
            messages.success(request, "Signed.")
            return redirect(target)
    held = signatures_of(target).get(user.function)
    wanted = set(wanted_by(held).values_list("pk", flat=True)[:MOST_PICKED]) if held else set()
    context = {
        "target": target,
        "members": members.select_related("account__standing__tier").order_by("account__name", "pk")[
            :MOST_PICKED
        ],
        "total": members.count(),
        "most": MOST_PICKED,
        "may_sign": user.function in Side.values and target.proposed_at is not None,
        "chosen": set(picks) if request.method == "POST" else wanted,
        "note": request.POST.get("note", "")[:500],
    }
    return render(request, "accounts/lists/sign.html", context, status=status)


@require_POST
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Take the signature of one's side back."""
    target = open_list(request, pk)
    return _done(
        request,
        target,
        lambda: services.withdraw_signature(target=target, by=signed_in(request)),
        "Your side’s signature is withdrawn.",
    )


@require_safe
def only(request: HttpRequest, pk: int, side: str) -> HttpResponse:
    """List what one side wants and the other doesn't."""
    if side not in Side.values:
        raise Http404("There is no such side.")
    target = open_list(request, pk)
    accounts = only_wanted_by(target, side)
    if asked_format(request):
        rows = accounts.order_by("name", "pk").iterator(chunk_size=2000)
        columns = [
            ("account_id", "Account id", lambda row: row.pk),
            ("name", "Account", lambda row: row.name),
            ("domain", "Domain", lambda row: row.domain),
        ]
        return export_response(request, table_of(f"target-list-{target.pk}-only-{side}", rows, columns))
    context = {
        "target": target,
        "side": Side(side).label,
        "page": read_page(request, accounts, ("name", "pk")),
    }
    return render(request, "accounts/lists/only.html", context)


def _done(request: HttpRequest, target: TargetList, write: Callable[[], object], told: str) -> HttpResponse:
    try:
        write()
    except ListRefused as refused:
        messages.error(request, refused.detail)
    else:
        messages.success(request, told)
    return redirect(target)
