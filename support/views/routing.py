"""Routing: the rules, a ticket's assignment with its reasons, and who looks after which account."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import Account
from common.export import Table, asked_format, export_response, table_of
from metrics.engine.plan import today
from people.access import request_access, require
from people.configuration.authors import recorded
from people.guards import signed_in
from people.models import Category
from support.models import AccountEngineer, Assignment, RoutingRules, Ticket
from support.routing.facts import rules_on
from support.routing.forms import EngineersForm, GiveForm
from support.routing.rules import differ, drafts_by_version, drafts_of, told_to
from support.routing.services import EDITORS, REFUSED, give_ticket, set_engineers

LARGEST_ID = 2**63 - 1
VERSIONS_SHOWN = 20


@require_safe
def routing(request: HttpRequest) -> HttpResponse:
    """Show the rules that count, in order, and the versions before them."""
    held = rules_on(today())
    access = request_access(request)
    drafts = drafts_of(held) if held else []
    rules = [(place, one, told_to(one, access)) for place, one in enumerate(drafts, 1)]
    if asked_format(request):
        columns = [
            ("place", "Place", lambda row: row[0]),
            ("name", "Rule", lambda row: row[1].name),
            ("says", "Says", lambda row: row[2]),
        ]
        return export_response(request, table_of("routing-rules", rules, columns))
    versions = list(RoutingRules.objects.agreed().select_related("author")[:VERSIONS_SHOWN])
    said = drafts_by_version({key for one in versions for key in (one.pk, one.based_on_id) if key})
    history = [
        (one, differ(said[one.based_on_id], said[one.pk], access) if one.based_on_id else [])
        for one in versions
    ]
    may_write = _edits(request)
    context = {
        "held": held,
        "rules": rules,
        "history": history,
        "may_write": may_write,
        "drafts": RoutingRules.objects.drafts().newest_first().select_related("author") if may_write else [],
    }
    return render(request, "support/routing/rules.html", context)


def _edits(request: HttpRequest) -> bool:
    access = request_access(request)
    return signed_in(request).function in EDITORS and access.allows(Category.SUPPORT_HISTORY)


@require_http_methods(["GET", "HEAD", "POST"])
def ticket_routing(request: HttpRequest, pk: int) -> HttpResponse:
    """Show who has a ticket, and why, with every decision before; POST gives it to somebody else."""
    require(request_access(request), Category.SUPPORT_HISTORY)
    rows = Ticket.objects.live().select_related("account").filter(account__deleted_at=None)
    ticket = get_object_or_404(rows, pk=min(pk, LARGEST_ID))
    past = list(
        Assignment.objects.filter(ticket=ticket)
        .select_related("engineer", "team", "author", "rule")
        .order_by("-at", "-pk")
    )
    if asked_format(request):
        return export_response(request, _table(past))
    may_write = signed_in(request).function in EDITORS
    is_open = Ticket.objects.open_now().filter(pk=ticket.pk).exists()
    # Of a ticket that is done it ends with the next round of routing.
    present = next((row for row in past if is_open and row.ended_at is None), None)
    if request.method == "POST":
        if not may_write:
            raise PermissionDenied(REFUSED)
        form = GiveForm(request.POST)
        if form.is_valid():
            try:
                made = give_ticket(ticket=ticket, **form.cleaned_data, by=signed_in(request))
            except ValidationError as error:
                form.add_errors(error)
            else:
                messages.success(request, f"It is with {made.engineer or made.team} now.")
                return redirect("support:ticket_routing", ticket.pk)
    else:
        form = GiveForm(initial={"seen": present.pk if present else 0})
    context = {
        "ticket": ticket,
        "present": present,
        "past": [row for row in past if row is not present],
        "form": form,
        "may_give": may_write and is_open,
        "is_open": is_open,
        "engineers": _engineers(ticket.account),
    }
    return render(request, "support/routing/ticket.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@recorded
def account_engineers(request: HttpRequest, pk: int) -> HttpResponse:
    """Say who of support looks after an account."""
    require(request_access(request), Category.ACCOUNT_TEAM)
    account = get_object_or_404(Account.objects.live(), pk=min(pk, LARGEST_ID))
    user = signed_in(request)
    if user.function not in EDITORS:
        raise PermissionDenied(REFUSED)
    held = _engineers(account)
    initial = {
        "named": next((row.person_id for row in held if row.is_named), None),
        "others": [row.person_id for row in held if not row.is_named],
    }
    form = EngineersForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            set_engineers(account=account, **form.cleaned_data, by=user)
        except ValidationError as error:
            form.add_errors(error)
        else:
            messages.success(request, "Saved. The next tickets go by it.")
            return redirect(account.get_absolute_url("support"))
    context = {"form": form, "account": account}
    return render(request, "support/routing/engineers.html", context, status=422 if form.errors else 200)


def _engineers(account: Account) -> list[AccountEngineer]:
    rows = AccountEngineer.objects.filter(account=account).select_related("person")
    return list(rows.order_by("-is_named", "person__name"))


def _table(past: list[Assignment]) -> Table:
    return table_of(
        "ticket-routing",
        past,
        [
            ("at", "At", lambda row: row.at),
            ("ended_at", "Until", lambda row: row.ended_at),
            ("engineer", "With", lambda row: str(row.engineer or "")),
            ("team", "Team", lambda row: str(row.team or "")),
            ("cause", "How", lambda row: row.get_cause_display()),
            ("rule", "Rule", lambda row: str(row.rule or "")),
            ("reasons", "Why", lambda row: list(row.reasons)),
            ("author", "By", lambda row: str(row.author or "")),
        ],
    )
