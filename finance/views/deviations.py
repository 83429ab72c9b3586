"""Pages of deviations: the register, one of them, and the form that asks for one."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import Account
from common.export import asked_format, export_response
from common.pagination import read_page
from finance.clauses.allowed import allowed_for
from finance.clauses.forms import DeviationForm
from finance.clauses.guardrail import tier_of
from finance.clauses.library import Standard, read_library
from finance.clauses.register import (
    KINDS,
    SHOWS,
    Row,
    Search,
    account_named,
    deviations_table,
    families_of_register,
    register_table,
    shown,
)
from finance.clauses.services.deviations import (
    AskedAlreadyError,
    Checked,
    ask_again,
    check_wanted,
    may_withdraw,
    request_deviation,
    withdraw_deviation,
)
from finance.clauses.terms import SHAPES
from finance.clauses.words import steps_in_words, tier_names, tiers_in_words, wording_diff
from finance.models import ClauseFamily, Contract, Deviation
from people.access import request_access, require
from people.approvals.models import ApprovalRequest
from people.approvals.reading import OpenDecision, decision_on
from people.approvals.services import RefusedError
from people.guards import signed_in
from people.models import Category

LARGEST_ID = 2**63 - 1


@require_safe
def deviations(request: HttpRequest) -> HttpResponse:
    """List deviations: those that are open, unless the address asks for others."""
    require(request_access(request), Category.CONTRACTS)
    search = Search.from_params(request.GET)
    if asked_format(request):
        return export_response(request, register_table(search))
    page = read_page(request, search.find(), search.order)
    context = {
        "page": page,
        "rows": [Row(deviation) for deviation in page.rows],
        "search": search,
        "shows": {key: label for key, (label, _) in SHOWS.items()},
        "kinds": KINDS,
        "families": families_of_register(),
        "tiers": tier_names(),
        "account": Account.objects.filter(pk=search.account).first() if search.account else None,
    }
    return render(request, "finance/clauses/register.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def deviation(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one deviation; who asked takes it back or, where it was returned, asks again."""
    require(request_access(request), Category.CONTRACTS)
    by = signed_in(request)
    found = shown(Deviation.objects.filter(account__deleted_at=None)).select_related("entered")
    held = get_object_or_404(found, pk=min(pk, LARGEST_ID))
    is_returned = held.standing == "returned" and held.asked_by_id == by.pk
    standard = read_library([held.family.key]).get(held.family.key)
    form = _form(request, standard, held) if is_returned and standard else None
    status = 200
    if request.method == "POST" and request.POST.get("do") == "withdraw":
        try:
            withdraw_deviation(deviation=held, by=by)
        except (ValidationError, RefusedError) as error:
            messages.error(request, " ".join(error.messages if hasattr(error, "messages") else [str(error)]))
        else:
            messages.success(request, "It is withdrawn.")
        return redirect("finance:deviation", pk)
    if request.method == "POST" and form is not None:
        status = 422
        if form.is_valid():
            try:
                again = ask_again(
                    deviation=held, wanted=form.wanted(), reason=form.cleaned_data["reason"], by=by
                )
            except ValidationError as error:
                form.add_error(None, form.refuse(error))
            except RefusedError as error:
                form.add_error(None, str(error))
            else:
                messages.success(request, _told(again))
                return redirect("finance:deviation", pk)
    if asked_format(request):
        return export_response(request, deviations_table([Row(held)]))
    context = _page(held, by, standard, form, decision_on(request, held.request_id))
    return render(request, "finance/clauses/deviation.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def new_deviation(request: HttpRequest) -> HttpResponse:
    """Ask for a deviation: choose the account, then the clause, then what is wanted; ``do=check`` only judges it."""
    require(request_access(request), Category.CONTRACTS)
    account = _account(request)
    if account is None:
        query = request.GET.get("q", "")
        context = {"query": query, "found": account_named(query), "family": request.GET.get("family", "")}
        return render(request, "finance/clauses/choose_account.html", context)
    family = ClauseFamily.objects.filter(key=request.GET.get("family", "")[:40]).first()
    standard = read_library([family.key]).get(family.key) if family else None
    tier = tier_of(account)
    base: dict[str, Any] = {
        "account": account,
        "tier": tier,
        "families": families_of_register(),
        "family": family,
        "contract": request.GET.get("contract", "")[:19],
    }
    if family is None:
        base["allowed"] = allowed_for(account, tier, read_library(), **_contract(base["contract"]))
    if family is None or standard is None:
        return render(request, "finance/clauses/ask.html", base)
    contracts = {
        str(contract.pk): str(contract)
        for contract in Contract.objects.live().filter(account=account).order_by("-start_on", "-pk")[:50]
    }
    is_sent = request.method == "POST"
    initial = {"contract": request.GET.get("contract", "")}
    form = DeviationForm(
        request.POST if is_sent else None, standard=standard, contracts=contracts, initial=initial
    )
    checked: Checked | None = None
    already: Deviation | None = None
    status = 200
    if is_sent and form.is_valid():
        try:
            checked = check_wanted(account=account, family=family, wanted=form.wanted())
            if request.POST.get("do") != "check":
                contract = form.cleaned_data.get("contract")
                made = request_deviation(
                    account=account,
                    family=family,
                    wanted=form.wanted(),
                    reason=form.cleaned_data["reason"],
                    expires_on=form.cleaned_data["expires_on"],
                    contract=Contract.objects.get(pk=int(contract)) if contract else None,
                    by=signed_in(request),
                )
                messages.success(request, _told(made))
                return redirect("finance:deviation", made.pk)
        except AskedAlreadyError as error:
            already, status = error.deviation, 409
        except ValidationError as error:
            form.add_error(None, form.refuse(error))
    if form.errors:
        status = 422
    context = base | {
        "form": form,
        "texts": _texts(standard, tier.slug if tier else ""),
        "checked": checked if not form.errors else None,
        "checked_steps": steps_in_words(checked.finding.steps) if checked else "",
        "already": already,
    }
    return render(request, "finance/clauses/ask.html", context, status=status)


def _account(request: HttpRequest) -> Account | None:
    asked = request.GET.get("account", "")
    if not (asked.isascii() and asked.isdigit() and len(asked) < 19):
        return None
    return Account.objects.filter(pk=int(asked), deleted_at=None).first()


def _contract(asked: str) -> dict[str, str]:
    return {"contract": asked} if asked else {}


def _form(request: HttpRequest, standard: Standard, held: Deviation) -> DeviationForm:
    initial = {"text": held.text.key if held.text else "", "wording": held.wording, "reason": held.reason}
    is_sent = request.method == "POST"
    return DeviationForm(
        request.POST if is_sent else None,
        standard=standard,
        contracts=None,
        initial=initial,
        terms=held.terms,
    )


def _told(deviation: Deviation) -> str:
    if deviation.state == Deviation.State.GRANTED:
        return f"Granted: {deviation.sentence}"
    steps = [f"{step['function'].replace('_', ' ').capitalize()}" for step in deviation.approval]
    return f"It waits for {', then '.join(steps)}: {deviation.sentence}"


def _texts(standard: Standard, tier: str) -> list[dict[str, Any]]:
    names = tier_names()
    return [
        {
            "text": text,
            "terms": standard.shape.words(text.terms),
            "tiers": tiers_in_words(text.tiers, names),
            "is_open": text.is_preferred or tier in text.tiers,
        }
        for text in standard.texts
    ]


def _page(
    held: Any,
    by: Any,
    standard: Standard | None,
    form: DeviationForm | None,
    decision: OpenDecision | None,
) -> dict[str, Any]:
    shape = SHAPES.get(held.family.shape, SHAPES["wording"])
    preferred = held.version.texts.order_by("position").first()
    asked, usual = (dict(shape.words(terms)) for terms in (held.terms, preferred.terms if preferred else {}))
    request = ApprovalRequest.objects.filter(pk=held.request_id).first() if held.request_id else None
    steps = request.steps.filter(round=request.round).select_related("decided_by") if request else []
    return {
        "row": Row(held),
        "deviation": held,
        "account": held.account,
        "terms": [
            (label, usual.get(label, "not said"), asked.get(label, "not said"))
            for label in dict.fromkeys([*usual, *asked])
        ],
        "pieces": wording_diff(preferred.wording if preferred else "", held.wording),
        "preferred": preferred,
        "request": request,
        "steps": steps,
        "may_withdraw": may_withdraw(held, by),
        "decision": decision,
        "form": form,
        "texts": _texts(standard, held.tier) if standard and form else [],
        "tier_label": tier_names().get(held.tier, held.tier),
    }
