"""Pages of what tiers and accounts are entitled to."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Tier
from accounts.views.detail import view_of
from accounts.views.merged import follow_merges
from common.export import asked_format, export_response
from common.htmx import render_page
from common.versions.errors import VersionChangedError
from people.access import request_access, require
from people.guards import is_revops, revops_only, signed_in
from people.models import Category
from tiers.content import RuleSetError
from tiers.entitlements.forms import EntitlementForm
from tiers.entitlements.history import value_history
from tiers.entitlements.registry import kinds, ordered_kinds
from tiers.entitlements.resolution import entitlements_of
from tiers.entitlements.services import set_entitlements
from tiers.entitlements.tables import ValueTable, differences, table_in_force, table_of, values_table
from tiers.models import RuleSet
from tiers.services import create_draft
from tiers.views.versions import rule_set_of, versions_seen_by


@require_safe
def entitlements(request: HttpRequest, version: int | None = None) -> HttpResponse:
    """Show what each tier is entitled to, in the version in force or another."""
    require(request_access(request), Category.ACCOUNT_PROFILE)
    in_force = table_in_force()
    table = in_force if version is None else table_of(rule_set_of(request, version))
    is_draft = table.rule_set is not None and table.rule_set.state == RuleSet.State.DRAFT
    if asked_format(request):
        return export_response(request, values_table(table))
    context = {
        "table": table,
        "rule_set": table.rule_set,
        "is_in_force": table.version == in_force.version,
        "in_force": in_force,
        "changes": [] if table.version == in_force.version else differences(in_force, table),
        "groups": _groups(table, in_force),
        "versions": versions_seen_by(request)[:30],
        "may_edit": is_draft and is_revops(request),
        "may_start": not is_draft and is_revops(request),
    }
    return render(request, "tiers/entitlements/table.html", context)


@require_POST
@revops_only("Changing the tier rules")
def start_draft(request: HttpRequest, version: int) -> HttpResponse:
    """Begin a draft from a version, 0 for the values the product came with, and go on to its entitlements."""
    based_on = rule_set_of(request, version) if version else None
    try:
        draft = create_draft(by=signed_in(request), based_on=based_on)
    except RuleSetError as error:
        messages.error(request, f"No draft was begun: {error}")
        return redirect("tiers:entitlements")
    messages.success(request, f"{draft} is begun. Nothing changes for accounts before it is published.")
    return redirect("tiers:entitlements_of_version", draft.version)


@require_http_methods(["GET", "HEAD", "POST"])
@revops_only("Changing what tiers are entitled to")
def edit_entitlements(request: HttpRequest, version: int, tier: str) -> HttpResponse:
    """Set what a draft entitles one tier to; what was typed is kept where it can't be saved."""
    rule_set = rule_set_of(request, version)
    if rule_set.state != RuleSet.State.DRAFT:
        messages.info(request, f"{rule_set} is {rule_set.get_state_display().lower()} and is kept as it is.")
        return redirect("tiers:entitlements_of_version", version)
    table = table_of(rule_set)
    held = get_object_or_404(Tier, slug=tier)
    form = EntitlementForm(request.POST or None, table=table, tier=held)
    meanwhile: list[str] | None = None
    if request.method == "POST" and form.is_valid():
        try:
            changed = set_entitlements(
                rule_set=rule_set,
                tier=held,
                values=form.values(),
                by=signed_in(request),
                expected=request.POST.get("expected", ""),
            )
        except VersionChangedError as error:
            form.add_error(
                None, error if error.is_closed else f"{error} Look at what changed, then save again."
            )
            meanwhile = error.differences
        except ValidationError as error:
            form.add_errors(error)
        else:
            told = f"{held.label}, {'; '.join(changed)}." if changed else "Nothing was changed."
            messages.success(request, told) if changed else messages.info(request, told)
            return redirect("tiers:entitlements_of_version", version)
    context = {
        "form": form,
        "tier": held,
        "table": table,
        "rule_set": rule_set,
        "groups": form.groups(table_in_force()),
        "meanwhile": meanwhile,
        # After a refusal for others' changes the editor has seen them, so the next save may go through.
        "expected": request.POST.get("expected", "")
        if form.is_bound and meanwhile is None
        else rule_set.digest,
    }
    return render(request, "tiers/entitlements/edit.html", context, status=422 if form.errors else 200)


@require_safe
@follow_merges
def origin(request: HttpRequest, pk: int, key: str) -> HttpResponse:
    """Show where one value of an account comes from; a sheet or a page."""
    view = view_of(request, pk)
    kind = kinds.get(key)
    if kind is None:
        raise Http404("There is no such entitlement.")
    held = entitlements_of([view.account], (key,), as_of=view.as_of)[view.account.pk][key]
    table = table_in_force(view.as_of)
    context = {
        "view": view,
        "account": view.account,
        "as_of": view.as_of,
        "kind": kind,
        "held": held,
        "seen": held.seen_with(view.access),
        "by_tier": kind.words(held.by_tier),
        "rule_set": table.rule_set,
        "others": [
            {"tier": tier, "words": table.words(kind, tier), "is_own": tier == held.tier}
            for tier in table.tiers.values()
        ],
        "history": value_history(kind, held.tier or table.lowest),
    }
    return render_page(request, "tiers/entitlements/origin.html", "tiers/entitlements/_origin.html", context)


def _groups(table: ValueTable, in_force: ValueTable) -> list[dict[str, Any]]:
    """Return the table under its headings; a value that differs from the one in force says what that is."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for kind in ordered_kinds():
        cells = []
        for tier in table.tiers.values():
            now = in_force.value(kind, tier)
            cells.append(
                {
                    "words": table.words(kind, tier),
                    "tier": tier,
                    "was": "" if table.value(kind, tier) == now else kind.words(now),
                }
            )
        groups.setdefault(kind.group, []).append({"kind": kind, "cells": cells})
    return [{"label": label, "rows": rows} for label, rows in groups.items()]
