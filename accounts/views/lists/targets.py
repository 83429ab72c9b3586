"""Target lists: all of them, and one with its members now or on a past day."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import F, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.conditions.expression import EVERYONE, condition_text, stored_condition
from accounts.conditions.forms import ConditionForm
from accounts.conditions.query import matching
from accounts.lists import services
from accounts.lists.access import may_delete, may_edit, open_lists, why_closed
from accounts.lists.alignment import Alignment, alignment_of, waited_for
from accounts.lists.errors import ChangedMeanwhile, ListRefused
from accounts.lists.graph import circle_of_lists
from accounts.lists.models import ListFile, ListMembership, Side, TargetList
from accounts.lists.opening import WHERE
from accounts.lists.showing import where_words
from accounts.lists.uses import uses_of
from accounts.models import Account
from accounts.views.lists.forms import FileForm, ListForm, PasteForm, number_of, refuse
from common.asof import requested_as_of
from common.export import Table, asked_format, export_response, table_of
from common.formatting import format_count
from common.pagination import read_page
from people.access import request_access, require
from people.guards import signed_in
from people.models import Category
from sync.provenance.as_of import end_of

SHOWN = 50
PREVIEWED = 25
KEPT_DELETED = 10
FILES_SHOWN = 5


def list_of(request: HttpRequest, pk: int) -> TargetList:
    """Return a list that the reader sees; Http404 for any other."""
    require(request_access(request), Category.ACCOUNT_PROFILE)
    shown = TargetList.objects.shown_to(signed_in(request)).select_related("owner", "rule__by", "proposed_by")
    return get_object_or_404(shown, pk=pk)


def open_list(request: HttpRequest, pk: int) -> TargetList:
    """Return a list that the reader sees into; PermissionDenied with the reason for a closed one."""
    target = list_of(request, pk)
    reason = why_closed(target, request_access(request))
    if reason:
        raise PermissionDenied(reason)
    return target


@require_safe
def target_lists(request: HttpRequest) -> HttpResponse:
    """List the target lists that the reader sees."""
    user, access = signed_in(request), request_access(request)
    require(access, Category.ACCOUNT_PROFILE)
    found = TargetList.objects.shown_to(user).with_members()
    waits = waited_for(found)
    rows = [
        {"list": one, "closed": why_closed(one, access), "waits_for": _sides(waits.get(one.pk, []))}
        for one in found
    ]
    if asked_format(request):
        return export_response(request, _lists_table(rows))
    deleted = TargetList.objects.filter(owner=user, deleted_at__isnull=False).order_by("-deleted_at", "-pk")
    context = {"rows": rows, "deleted": deleted[:KEPT_DELETED]}
    return render(request, "accounts/lists/lists.html", context)


def _lists_table(rows: list[dict[str, Any]]) -> Table:
    return table_of(
        "target-lists",
        rows,
        [
            ("name", "List", lambda row: row["list"].name),
            ("kind", "Members", lambda row: row["list"].get_kind_display()),
            ("accounts", "Accounts", lambda row: None if row["closed"] else row["list"].members),
            ("owner", "Owner", lambda row: str(row["list"].owner)),
            ("shared", "Shared", lambda row: row["list"].is_shared),
            ("proposed", "Proposed", lambda row: row["list"].proposed_at),
            ("waits_for", "Waits for", lambda row: row["waits_for"]),
        ],
    )


def _sides(sides: list[Side]) -> str:
    return " and ".join(str(side.label).lower() for side in sides)


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Make a list, by hand or, with ``?kind=rule``, by condition."""
    access = request_access(request)
    require(access, Category.ACCOUNT_PROFILE)
    is_rule = request.GET.get("kind") == "rule"
    is_sent = request.method == "POST"
    editor = None
    if is_rule:
        editor = ConditionForm(
            request.POST if is_sent else None,
            text=request.GET.get(WHERE, ""),
            prefix=WHERE,
            url=request.get_full_path(),
            access=access,
        )
        if is_sent and editor.is_edit and request.headers.get("HX-Request"):
            return render(request, "components/condition_editor.html", {"editor": editor})
    form = ListForm(request.POST if is_sent and not (editor and editor.is_edit) else None)
    if editor is not None and editor.is_edit:
        form = ListForm(initial=request.POST.dict())
    is_valid = form.is_bound and form.is_valid() and (editor is None or editor.is_valid())
    if is_valid:
        given = form.cleaned_data
        try:
            target = services.create_list(
                by=signed_in(request), condition=editor.condition if editor else None, **given
            )
        except ListRefused as refused:
            refuse(form, refused)
        else:
            messages.success(request, f"“{target.name}” is made{_with_members(target)}.")
            return redirect(target)
    context = {"form": form, "editor": editor, "is_rule": is_rule, "target": None}
    return render(request, "accounts/lists/list_form.html", context, status=422 if form.errors else 200)


def _with_members(target: TargetList) -> str:
    if target.kind == TargetList.Kind.STATIC:
        return ". Nobody is on it yet"
    return f" with {format_count(members_of(target, None).count(), 'account')}"


@require_safe
def target_list(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a list: who is on it, who or what put each there, what each side wants; on a past day who was."""
    target, access, user = list_of(request, pk), request_access(request), signed_in(request)
    closed = why_closed(target, access)
    day = requested_as_of(request)
    members = members_of(target, day)
    if asked_format(request):
        if closed:
            return HttpResponse(closed, status=403, content_type="text/plain; charset=utf-8")
        return export_response(request, members_table(target, members))
    may = may_edit(target, user) and day is None and not closed
    is_static = target.kind == TargetList.Kind.STATIC
    alignment: Alignment | None = None if closed or target.proposed_at is None else alignment_of(target)
    context: dict[str, Any] = {
        "target": target,
        "closed": closed,
        "day": day,
        "total": 0 if closed else members.count(),
        "page": None if closed else read_page(request, members, ("account_name", "pk"), size=SHOWN),
        "rule": where_words(target.rule.condition) if target.rule and not closed else "",
        "uses": [] if closed else uses_of(target),
        "alignment": alignment,
        "may_edit": may,
        "may_remove": may and is_static,
        "may_delete": may_delete(target, user),
        "may_sign": user.function in ("sales", "marketing") and not closed and day is None,
        "side": next((one for one in alignment.sides if one.side == user.function), None)
        if alignment
        else None,
        "paste": PasteForm(),
        "upload": FileForm(),
        "files": _newest_files(target) if may and is_static else [],
    }
    return render(request, "accounts/lists/list.html", context)


def _newest_files(target: TargetList) -> QuerySet[ListFile]:
    """Return the files that were brought for a list, newest first."""
    return target.files.select_related("by").defer("data").order_by("-created_at", "-pk")[:FILES_SHOWN]


def members_of(target: TargetList, day: date | None) -> QuerySet[ListMembership]:
    """Return the memberships of a list now, or at the end of a past day."""
    held = ListMembership.objects.filter(list=target)
    held = held.current().filter(account__deleted_at=None) if day is None else held.at(end_of(day))
    return held.select_related("account", "came_with__by").annotate(account_name=F("account__name"))


def members_table(target: TargetList, members: QuerySet[ListMembership]) -> Table:
    """Return members as a file, by name."""
    rows = members.order_by("account__name", "pk")
    return table_of(
        f"target-list-{target.pk}",
        rows.iterator(chunk_size=2000),
        [
            ("account_id", "Account id", lambda row: row.account_id),
            ("name", "Account", lambda row: row.account.name),
            ("domain", "Domain", lambda row: row.account.domain),
            ("cause", "Came by", lambda row: row.came_with.get_cause_display()),
            ("by", "By", lambda row: str(row.came_with.by) if row.came_with.by else None),
            ("since", "Since", lambda row: row.during.lower),
        ],
    )


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Rename a list, say what it is for, and share it."""
    target = list_of(request, pk)
    if request.method != "POST":
        given = {"name": target.name, "purpose": target.purpose, "is_shared": target.is_shared}
        return render(
            request, "accounts/lists/list_form.html", {"form": ListForm(initial=given), "target": target}
        )
    form = ListForm(request.POST)
    if form.is_valid():
        try:
            changed = services.change_list(
                target=target, by=signed_in(request), seen=request.POST.get("seen", ""), **form.cleaned_data
            )
        except ListRefused as refused:
            refuse(form, refused)
            target = list_of(request, pk)
        else:
            ended = target.proposed_at is not None and changed.proposed_at is None
            messages.success(request, f"Saved.{' It is no longer proposed to anybody.' if ended else ''}")
            return redirect(target)
    return render(request, "accounts/lists/list_form.html", {"form": form, "target": target}, status=422)


@require_http_methods(["GET", "HEAD", "POST"])
def rule(request: HttpRequest, pk: int) -> HttpResponse:
    """Change the condition of a list: first who comes and goes is shown, then ``apply`` does it."""
    target, access = open_list(request, pk), request_access(request)
    if target.rule is None:
        raise Http404("People decide who is on this list.")
    is_sent = request.method == "POST"
    editor = ConditionForm(
        request.POST if is_sent else None,
        initial=None if is_sent else stored_condition(target.rule.condition),
        prefix=WHERE,
        url=request.path,
        access=access,
    )
    if is_sent and editor.is_edit and request.headers.get("HX-Request"):
        return render(request, "components/condition_editor.html", {"editor": editor})
    context: dict[str, Any] = {"target": target, "editor": editor, "preview": None, "refused": ""}
    status = 200
    if is_sent and not editor.is_edit and editor.is_valid() and editor.condition is not None:
        condition = editor.condition
        circle = circle_of_lists(target, condition)
        if circle:
            editor.refuse_whole(f"The list would ask about itself: {circle}.")
            status = 422
        elif "apply" in request.POST and request.POST.get("seen") == condition_text(condition):
            try:
                services.change_rule(
                    target=target,
                    condition=condition,
                    by=signed_in(request),
                    version=number_of(request, "version"),
                )
            except ChangedMeanwhile as refused:
                context["refused"], status = refused.detail, 409
                context["target"] = target = open_list(request, pk)
            except ListRefused as refused:
                context["refused"], status = refused.detail, 422
            else:
                messages.success(request, f"“{target.name}” follows its new condition.")
                return redirect(target)
        if not circle:
            context["preview"] = _preview(target, condition) | {"seen": condition_text(condition)}
    elif is_sent and not editor.is_edit:
        status = 422
    return render(request, "accounts/lists/rule.html", context, status=status)


def _preview(target: TargetList, condition: Any) -> dict[str, Any]:
    now = ListMembership.objects.current().filter(list=target, account__deleted_at=None)
    wanted = matching(condition)
    come = wanted.exclude(pk__in=now.values("account_id")).order_by("name", "pk")
    go = Account.objects.live().filter(pk__in=now.values("account_id")).exclude(pk__in=wanted.values("pk"))
    return {
        "come": come[:PREVIEWED],
        "come_count": come.count(),
        "go": go.order_by("name", "pk")[:PREVIEWED],
        "go_count": go.count(),
        "is_everyone": condition == EVERYONE,
    }


@require_POST
def refresh(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask the condition of a list anew."""
    target = open_list(request, pk)
    try:
        change = services.refresh_list(target=target, by=signed_in(request))
    except ListRefused as refused:
        messages.error(request, refused.detail)
        return redirect(target)
    target.refresh_from_db()
    if target.trouble:
        messages.error(request, target.trouble)
    elif change is None:
        messages.success(request, "Nobody came or went.")
    else:
        messages.success(request, f"{change.added:,} came, {change.removed:,} went.")
    return redirect(target)


@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete a list."""
    target = list_of(request, pk)
    try:
        services.delete_list(target=target, by=signed_in(request))
    except ListRefused as refused:
        messages.error(request, refused.detail)
        return redirect(target)
    messages.success(request, f"“{target.name}” is deleted. Its owner can bring it back below.")
    return redirect("accounts:target_lists")


@require_POST
def restore(request: HttpRequest, pk: int) -> HttpResponse:
    """Bring a deleted list of one's own back."""
    require(request_access(request), Category.ACCOUNT_PROFILE)
    target = get_object_or_404(TargetList, pk=pk, owner=signed_in(request), deleted_at__isnull=False)
    try:
        services.restore_list(target=target, by=signed_in(request))
    except ListRefused as refused:
        messages.error(request, refused.detail)
        return redirect("accounts:target_lists")
    messages.success(request, f"“{target.name}” is back.")
    return redirect(target)


def editable_lists(request: HttpRequest) -> list[TargetList]:
    """Return the lists by hand that the reader changes, by name."""
    user = signed_in(request)
    return [
        one
        for one in open_lists(user, request_access(request))
        if one.kind == TargetList.Kind.STATIC and may_edit(one, user)
    ]
