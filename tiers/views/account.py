"""The page of one account's tier: history, what waits, what the rules say, and what RevOps decides beside them."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import Account
from common.formatting import format_date
from metrics.engine.plan import today
from people.access import request_access, require
from people.guards import is_revops, revops_only, signed_in
from people.models import Category
from tiers.forms import HAND, DecisionForm
from tiers.history import answers_of, overrides_of, stays_of, waiting_move
from tiers.models import RuleSet, TierOverride
from tiers.services import end_override, move_by_hand, override_tier

WHAT = "Deciding about a tier"


@require_http_methods(["GET", "HEAD"])
def account(request: HttpRequest, pk: int) -> HttpResponse:
    """Show how the account came to its tier."""
    found = _account(request, pk)
    return _page(request, found, DecisionForm())


@require_POST
@revops_only(WHAT)
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Override the tier, or move the account by hand."""
    found = _account(request, pk)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        return _page(request, found, form, status=422)
    given, by = form.cleaned_data, signed_in(request)
    try:
        if given["how"] == HAND:
            move_by_hand(account=found, tier=given["tier"], reason=given["reason"], by=by)
            told = f"{found.name} is {given['tier']} from today."
        else:
            override = override_tier(
                account=found, tier=given["tier"], reason=given["reason"], by=by, ends_on=given["ends_on"]
            )
            told = f"{found.name} is {given['tier']} until {format_date(override.ends_on)}."
    except ValidationError as error:
        _refused(form, error)
        return _page(request, found, form, status=422)
    messages.success(request, told)
    return redirect("tiers:account", pk)


@require_POST
@revops_only(WHAT)
def end(request: HttpRequest, pk: int, override: int) -> HttpResponse:
    """End an override today."""
    found = _account(request, pk)
    held = get_object_or_404(TierOverride, pk=override, account=found)
    try:
        end_override(override=held, by=signed_in(request), reason=request.POST.get("reason", ""))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, f"The override to {held.tier} has ended.")
    return redirect("tiers:account", pk)


def _account(request: HttpRequest, pk: int) -> Account:
    require(request_access(request), Category.ACCOUNT_PROFILE)
    return get_object_or_404(Account.objects.live().select_related("standing__tier"), pk=pk)


def _page(request: HttpRequest, found: Account, form: DecisionForm, status: int = 200) -> HttpResponse:
    rule_set = RuleSet.objects.in_force(today()).select_related("published_by").first()
    answers = answers_of(found, rule_set, request_access(request)) if rule_set else []
    standing = getattr(found, "standing", None)
    context = {
        "account": found,
        "tier": standing.tier if standing else None,
        "stays": stays_of(found, today()),
        "move": waiting_move(found),
        "overrides": overrides_of(found),
        "rule_set": rule_set,
        "answers": answers if isinstance(answers, list) else [],
        "trouble": answers if isinstance(answers, str) else "",
        "form": form,
        "can_decide": is_revops(request),
        "today": today(),
    }
    return render(request, "tiers/account.html", context, status=status)


def _refused(form: DecisionForm, error: ValidationError) -> None:
    found = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
    for field, told in found.items():
        for message in told:
            form.add_error(field if field in form.fields else None, message)
