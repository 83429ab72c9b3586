"""The page of one account's tier: history, what waits, what the rules say, and what RevOps decides beside them."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import Account
from common.export import Offer, asked_format, chosen_table, export_response
from common.formatting import format_date
from metrics.engine.plan import today
from people.access import request_access, require
from people.guards import is_revops, revops_only, signed_in
from people.models import Category
from tiers.forms import HAND, DecisionForm, EndingForm, ExtensionForm
from tiers.history import answers_of, overrides_of, stays_of, waiting_move
from tiers.history_tables import answers_table, stays_table
from tiers.models import RuleSet, TierOverride
from tiers.services import end_override, extend_override, move_by_hand, override_tier

WHAT = "Deciding about a tier"


@require_http_methods(["GET", "HEAD"])
def account(request: HttpRequest, pk: int) -> HttpResponse:
    """Show how the account came to its tier."""
    found = _account(request, pk)
    if asked_format(request):
        return export_response(request, chosen_table(request, _exports(request, found)))
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
    """End an override today, with a reason."""
    found = _account(request, pk)
    held = get_object_or_404(TierOverride, pk=override, account=found)
    form = EndingForm(request.POST, auto_id=f"id_{held.pk}_%s")
    if not form.is_valid():
        return _page(request, found, DecisionForm(), status=422, refused=(held.pk, form))
    try:
        end_override(override=held, by=signed_in(request), reason=form.cleaned_data["reason"])
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, f"The override to {held.tier} has ended; the rules decide again.")
    return redirect("tiers:account", pk)


@require_POST
@revops_only(WHAT)
def extend(request: HttpRequest, pk: int, override: int) -> HttpResponse:
    """Let an override end on another day."""
    found = _account(request, pk)
    held = get_object_or_404(TierOverride, pk=override, account=found)
    form = ExtensionForm(request.POST, auto_id=f"id_{held.pk}_%s")
    if form.is_valid():
        try:
            held = extend_override(override=held, ends_on=form.cleaned_data["ends_on"], by=signed_in(request))
        except ValidationError as error:
            _refused(form, error)
    if form.errors:
        return _page(request, found, DecisionForm(), status=422, refused=(held.pk, form))
    messages.success(request, f"The override to {held.tier} now ends on {format_date(held.ends_on)}.")
    return redirect("tiers:account", pk)


def _account(request: HttpRequest, pk: int) -> Account:
    require(request_access(request), Category.ACCOUNT_PROFILE)
    return get_object_or_404(Account.objects.live().select_related("standing__tier"), pk=pk)


def _exports(request: HttpRequest, found: Account) -> list[Offer]:
    """Return the page's lists, each read only when it is asked for."""
    return [
        Offer("history", "Tier history", lambda: stays_table(found)),
        Offer("rules", "What the rules say", lambda: answers_table(found, request_access(request))),
    ]


def _page(
    request: HttpRequest,
    found: Account,
    form: DecisionForm,
    status: int = 200,
    refused: tuple[int, ExtensionForm | EndingForm] | None = None,
) -> HttpResponse:
    rule_set = RuleSet.objects.in_force(today()).select_related("published_by").first()
    answers = answers_of(found, rule_set, request_access(request)) if rule_set else []
    standing = getattr(found, "standing", None)
    context = {
        "account": found,
        "tier": standing.tier if standing else None,
        "stays": stays_of(found, today()),
        "move": waiting_move(found),
        "overrides": [_with_forms(override, refused) for override in overrides_of(found)],
        "rule_set": rule_set,
        "answers": answers if isinstance(answers, list) else [],
        "by_rules": next((one.tier for one in answers if one.is_first), "")
        if isinstance(answers, list)
        else "",
        "trouble": answers if isinstance(answers, str) else "",
        "form": form,
        "can_decide": is_revops(request),
        "exports": _exports(request, found) if rule_set else _exports(request, found)[:1],
        "today": today(),
    }
    return render(request, "tiers/account.html", context, status=status)


def _with_forms(
    override: TierOverride, refused: tuple[int, ExtensionForm | EndingForm] | None
) -> tuple[TierOverride, ExtensionForm, EndingForm]:
    """Return an override with the forms that change it: as one was sent, where it was refused."""
    sent = refused[1] if refused is not None and refused[0] == override.pk else None
    auto_id = f"id_{override.pk}_%s"
    return (
        override,
        sent
        if isinstance(sent, ExtensionForm)
        else ExtensionForm(initial={"ends_on": override.ends_on}, auto_id=auto_id),
        sent if isinstance(sent, EndingForm) else EndingForm(auto_id=auto_id),
    )


def _refused(form: DecisionForm | ExtensionForm, error: ValidationError) -> None:
    found = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
    for field, told in found.items():
        for message in told:
            form.add_error(field if field in form.fields else None, message)
