"""Pages of how an account is billed: what holds, what held, its change, and milestones."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import ProtectedError
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Account
from common.asof import requested_as_of
from common.export import Offer, asked_format, chosen_table, export_response
from common.versions.errors import VersionChangedError
from finance.billing.access import finance_only, makes_invoices, readers_of_invoices
from finance.billing.agreed import arrangement_of
from finance.billing.arranging import (
    add_milestone,
    drop_milestone,
    expected_of,
    newest_of,
    propose_arrangement,
    reach_milestone,
    waiting_for,
    withdraw_arrangement,
)
from finance.billing.forms import ArrangementForm, MilestoneForm, ReachedForm, shown_of
from finance.billing.showing import divisions_of, history_of, history_table, milestones_of, milestones_table
from finance.models import BillingArrangement, BillingMilestone
from metrics.engine.plan import today
from people.guards import signed_in

LARGEST_ID = 2**63 - 1


def account_or_404(pk: int) -> Account:
    """Return an account that wasn't deleted."""
    return get_object_or_404(
        Account.objects.select_related("billing_parent"), pk=min(pk, LARGEST_ID), deleted_at=None
    )


@require_safe
@readers_of_invoices
def billing(request: HttpRequest, pk: int) -> HttpResponse:
    """Show how an account is billed on a day, with its milestones and all versions of the arrangement."""
    return _page(request, account_or_404(pk))


def _page(
    request: HttpRequest, account: Account, form: Form | None = None, status: int = 200
) -> HttpResponse:
    day = requested_as_of(request) or today()
    history = history_of(account, day)
    milestones = milestones_of(account)
    offers = (
        Offer("milestones", "Milestones", lambda: milestones_table(milestones)),
        Offer("versions", "Versions", lambda: history_table(history)),
    )
    if asked_format(request):
        return export_response(request, chosen_table(request, offers))
    may_write = makes_invoices(request)
    context = {
        "account": account,
        "agreed": arrangement_of(account, day),
        "divisions": divisions_of(account),
        "history": history,
        "milestones": milestones,
        "waiting": waiting_for(account),
        "may_write": may_write,
        "form": form
        or (MilestoneForm(account=account, initial={"currency": account.currency}) if may_write else None),
        "today": today(),
        "as_of": day,
        "exports": offers,
    }
    return render(request, "finance/billing/account.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@finance_only
def billing_change(request: HttpRequest, pk: int) -> HttpResponse:
    """Agree how an account is billed from a day on; what goes beyond its tier waits for somebody's word."""
    account = account_or_404(pk)
    newest = newest_of(account)
    meanwhile: VersionChangedError | None = None
    if request.method == "POST":
        form = ArrangementForm(request.POST, account=account)
        if form.is_valid():
            held = form.cleaned_data
            try:
                made = propose_arrangement(
                    account=account,
                    terms=form.terms(),
                    starts_on=held["starts_on"],
                    note=held["note"].strip(),
                    by=signed_in(request),
                    expected=held["expected"],
                )
            except VersionChangedError as error:
                meanwhile = error
                # What was typed stays; saving again is then meant to replace what the other one agreed.
                form.data = {**request.POST.dict(), "expected": expected_of(account)}
            except ValidationError as error:
                add_errors(form, error)
            else:
                if made.request is None:
                    messages.success(
                        request, f"{account} is billed like this from {held['starts_on']:%-d %b %Y} on."
                    )
                else:
                    messages.warning(
                        request, "It goes beyond what the account is entitled to, so it waits for approval."
                    )
                return redirect("finance:billing", account.pk)
    else:
        starts_on = max(today(), newest.starts_on) if newest and newest.starts_on else today()
        form = ArrangementForm(account=account, initial=shown_of(newest, starts_on, expected_of(account)))
    context = {
        "account": account,
        "form": form,
        "newest": newest,
        "meanwhile": meanwhile,
        "agreed": arrangement_of(account, today()),
        "waiting": waiting_for(account),
    }
    return render(
        request, "finance/billing/change.html", context, status=422 if form.errors or meanwhile else 200
    )


@require_POST
@finance_only
def billing_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Take back a version whose day lies ahead."""
    version = get_object_or_404(BillingArrangement, pk=min(pk, LARGEST_ID), account__deleted_at=None)
    try:
        withdraw_arrangement(version=version, by=signed_in(request))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, f"{version} was taken back.")
    return redirect("finance:billing", version.account_id)


@require_POST
@finance_only
def milestone_add(request: HttpRequest, pk: int) -> HttpResponse:
    """Plan a milestone."""
    account = account_or_404(pk)
    form = MilestoneForm(request.POST, account=account)
    if form.is_valid():
        try:
            add_milestone(account=account, by=signed_in(request), **form.cleaned_data)
        except ValidationError as error:
            add_errors(form, error)
        else:
            messages.success(request, "The milestone was added.")
            return redirect("finance:billing", account.pk)
    return _page(request, account, form, status=422)


@require_POST
@finance_only
def milestone_reached(request: HttpRequest, pk: int) -> HttpResponse:
    """Note that a milestone was reached, so that its invoice is drafted."""
    held = get_object_or_404(BillingMilestone, pk=min(pk, LARGEST_ID), account__deleted_at=None)
    form = ReachedForm(request.POST)
    on: date = form.cleaned_data["reached_on"] if form.is_valid() else today()
    try:
        reach_milestone(milestone=held, on=on, by=signed_in(request))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, f"“{held}” was reached. Its invoice comes with the next drafts.")
    return redirect("finance:billing", held.account_id)


@require_POST
@finance_only
def milestone_drop(request: HttpRequest, pk: int) -> HttpResponse:
    """Throw away a milestone that waits."""
    held = get_object_or_404(BillingMilestone, pk=min(pk, LARGEST_ID), account__deleted_at=None)
    try:
        drop_milestone(milestone=held)
    except (ValidationError, ProtectedError) as error:
        messages.error(request, " ".join(getattr(error, "messages", ["It can’t be thrown away."])))
    else:
        messages.success(request, f"“{held}” was thrown away.")
    return redirect("finance:billing", held.account_id)


def add_errors(form: Any, error: ValidationError) -> None:
    """Put what a service refused beside the fields it names, the rest above the form."""
    if not hasattr(error, "error_dict"):
        form.add_error(None, error)
        return
    for name, told in error.error_dict.items():
        form.add_error(name if name in form.fields else None, told)
