"""Pages of obligations: what is due, and what is done with it."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from common.export import asked_format, export_response
from common.pagination import read_page
from finance.models import Contract, ContractObligation
from finance.obligations.forms import DoneForm, ObligationForm
from finance.obligations.listing import PARTIES, SHOWS, WITHIN, Search, obligations_table
from finance.obligations.services import (
    add_obligation,
    change_obligation,
    complete_obligation,
    drop_obligation,
    reopen_obligation,
)
from finance.views.guards import contract_writers, writes_contracts
from metrics.engine.plan import today
from people.access import request_access, require
from people.guards import signed_in
from people.models import Category

LARGEST_ID = 2**63 - 1


@require_safe
def obligations(request: HttpRequest) -> HttpResponse:
    """List what contracts oblige to: what is due, the soonest first, unless the address asks for others."""
    require(request_access(request), Category.CONTRACTS)
    day = today()
    search = Search.from_params(request.GET)
    found = search.find(signed_in(request), day)
    if asked_format(request):
        return export_response(
            request, obligations_table(found.order_by(*search.order).iterator(chunk_size=2_000))
        )
    page = read_page(request, found, search.order)
    context = {
        "page": page,
        "rows": page.rows,
        "search": search,
        "sort": search.sort,
        "shows": SHOWS,
        "parties": PARTIES,
        "withins": WITHIN,
        "today": day,
        "can_write": writes_contracts(request),
    }
    return render(request, "finance/obligations/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@contract_writers
def obligation_new(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep an obligation of a contract."""
    contract = get_object_or_404(
        Contract.objects.select_related("account"), pk=min(pk, LARGEST_ID), account__deleted_at=None
    )
    form = ObligationForm(request.POST or None)
    if form.is_valid():
        try:
            add_obligation(contract=contract, terms=form.terms(), by=signed_in(request))
        except ValidationError as error:
            _place(form, error)
        else:
            messages.success(request, "Kept. Whoever sees to it is reminded.")
            return redirect(f"{contract.get_absolute_url()}#obligations")
    context = {"contract": contract, "account": contract.account, "form": form}
    return render(request, "finance/obligations/form.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@contract_writers
def obligation_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change what an obligation says while it isn't met."""
    held = _found(pk)
    initial = {name: getattr(held, name) for name in ObligationForm.base_fields}
    form = ObligationForm(request.POST or None, initial=initial)
    if form.is_valid():
        try:
            change_obligation(obligation=held, terms=form.terms())
        except ValidationError as error:
            _place(form, error)
        else:
            return redirect(f"{held.contract.get_absolute_url()}#obligations")
    context = {"contract": held.contract, "account": held.contract.account, "form": form, "obligation": held}
    return render(request, "finance/obligations/form.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def obligation_done(request: HttpRequest, pk: int) -> HttpResponse:
    """Note what shows that an obligation was met. Its owner may too, whatever their function."""
    require(request_access(request), Category.CONTRACTS)
    held = _found(pk)
    if held.owner_id != request.user.pk:
        return _done_by_writers(request, pk)
    return _done(request, held)


@require_POST
@contract_writers
def obligation_undone(request: HttpRequest, pk: int) -> HttpResponse:
    """Take back that it was met, or void."""
    held = _found(pk)
    try:
        reopen_obligation(obligation=held)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, f"“{held.title}” is due again.")
    return redirect(f"{held.contract.get_absolute_url()}#obligations")


@require_POST
@contract_writers
def obligation_drop(request: HttpRequest, pk: int) -> HttpResponse:
    """Say that it is void."""
    held = _found(pk)
    try:
        drop_obligation(obligation=held)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, f"“{held.title}” is void; nobody is reminded any more.")
    return redirect(f"{held.contract.get_absolute_url()}#obligations")


@contract_writers
def _done_by_writers(request: HttpRequest, pk: int) -> HttpResponse:
    return _done(request, _found(pk))


def _done(request: HttpRequest, held: ContractObligation) -> HttpResponse:
    form = DoneForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            complete_obligation(
                obligation=held, by=signed_in(request), evidence=form.cleaned_data["evidence"]
            )
        except ValidationError as error:
            _place(form, error)
        else:
            messages.success(request, f"“{held.title}” is met.")
            return redirect(reverse("finance:obligations"))
    context = {"contract": held.contract, "account": held.contract.account, "form": form, "obligation": held}
    return render(request, "finance/obligations/done.html", context, status=422 if form.errors else 200)


def _found(pk: int) -> ContractObligation:
    held = ContractObligation.objects.select_related("contract__account", "owner")
    return get_object_or_404(held, pk=min(pk, LARGEST_ID), contract__account__deleted_at=None)


def _place(form: Form, error: ValidationError) -> None:
    if hasattr(error, "error_dict"):
        for name, texts in error.message_dict.items():
            form.add_error(name, texts)
    else:
        form.add_error(None, error)
