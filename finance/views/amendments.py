"""Pages where contracts are amended: begun, edited with a preview of the effect, proposed, taken back."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from common.htmx import wants_partial
from common.versions.errors import VersionChangedError
from finance.clauses.offers import offers_for
from finance.contracts.amendments import (
    AmendmentError,
    draft_amendment,
    mark_of,
    open_request,
    propose_amendment,
    refuse_overtaken,
    reopen_amendment,
    save_amendment,
    withdraw_amendment,
)
from finance.contracts.changes import amended, problems_of
from finance.contracts.forms import AmendmentForms
from finance.contracts.preview import Preview, preview_of
from finance.models import Amendment, Contract
from finance.views.guards import contract_writers, writes_contracts
from metrics.engine.plan import today
from people.access import Access, request_access, require
from people.approvals.models import ApprovalRequest, ApprovalStep
from people.approvals.reading import decision_on
from people.approvals.services import RefusedError
from people.functions import Function
from people.guards import signed_in
from people.models import Category

LARGEST_ID = 2**63 - 1
Stage = Amendment.Stage


@require_POST
@contract_writers
def begin(request: HttpRequest, pk: int) -> HttpResponse:
    """Begin an amendment, and go to where it is edited."""
    contract = get_object_or_404(Contract, pk=min(pk, LARGEST_ID), account__deleted_at=None)
    try:
        draft = draft_amendment(contract=contract, by=signed_in(request))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect(contract)
    return redirect("finance:amendment_edit", contract.pk, draft.pk)


@require_safe
def amendment(request: HttpRequest, pk: int, version: int) -> HttpResponse:
    """Show an amendment: what it changes, what that comes to, how far it has come."""
    access = request_access(request)
    require(access, Category.CONTRACTS)
    return _page(request, _found(pk, version), access)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@contract_writers
def edit(request: HttpRequest, pk: int, version: int) -> HttpResponse:
    """Edit a draft; ``do`` is preview (htmx puts in the effect alone), more (a further line) or save."""
    access = request_access(request)
    held = _found(pk, version)
    if held.stage != Stage.DRAFT or held.version.base is None:
        messages.info(request, f"This amendment is {held.get_stage_display().lower()} and is kept as it is.")
        return redirect("finance:amendment", pk, version)
    initial = {"effective_on": held.effective_on, "note": held.version.note}
    data = request.POST if request.method == "POST" else None
    forms = AmendmentForms(
        held.version.base.statement,
        held.changes,
        initial,
        data=data,
        has_prices=access.allows(Category.REVENUE),
        since=today(),
        offers=offers_for(
            held.version.contract,
            held.version.base.statement.get("clauses", ()),
            held.effective_on or today(),
        ),
    )
    shown: Preview | None = None
    meanwhile: VersionChangedError | None = None
    expected = mark_of(held) if data is None else data.get("expected", "")
    if data is None:
        shown = preview_of(held, held.version.statement, access) if held.effective_on else None
    elif forms.is_valid():
        changes = forms.read()
        shown = _typed(held, forms, changes, access)
        if data.get("do") == "save" and shown is not None:
            try:
                save_amendment(
                    amendment=held,
                    changes=changes,
                    effective_on=forms.terms.cleaned_data["effective_on"],
                    note=forms.terms.cleaned_data["note"],
                    by=signed_in(request),
                    expected=expected,
                )
            except AmendmentError as error:
                forms.place(error.problems)
            except VersionChangedError as error:
                meanwhile, expected = error, mark_of(_found(pk, version))
            else:
                return redirect("finance:amendment", pk, version)
    context = {
        "contract": held.version.contract,
        "account": held.version.contract.account,
        "amendment": held,
        "forms": forms,
        "preview": shown,
        "is_typed": data is not None,
        "meanwhile": meanwhile,
        "expected": expected,
        "can_read_prices": access.allows(Category.REVENUE),
    }
    if data is not None and data.get("do") == "preview" and wants_partial(request):
        return render(request, "finance/amendments/_effect.html", context)
    refused = data is not None and data.get("do") == "save"
    return render(request, "finance/amendments/edit.html", context, status=422 if refused else 200)


@require_POST
@contract_writers
def propose(request: HttpRequest, pk: int, version: int) -> HttpResponse:
    """Ask for approval."""
    held = _found(pk, version)
    try:
        propose_amendment(amendment=held, by=signed_in(request), expected=request.POST.get("expected", ""))
    except VersionChangedError as error:
        return _page(request, _found(pk, version), request_access(request), meanwhile=error, status=409)
    except ValidationError as error:
        return _page(request, held, request_access(request), refusal=" ".join(error.messages), status=422)
    messages.success(request, "Asked. Whoever decides is told by e-mail; you are told the outcome.")
    return redirect("finance:amendment", pk, version)


@require_POST
@contract_writers
def reopen(request: HttpRequest, pk: int, version: int) -> HttpResponse:
    """Make it a draft again, on what the contract says now."""
    held = _found(pk, version)
    try:
        reopen_amendment(amendment=held, by=signed_in(request))
    except (ValidationError, RefusedError) as error:
        told = str(error) if isinstance(error, RefusedError) else " ".join(error.messages)
        return _page(request, _found(pk, version), request_access(request), refusal=told, status=422)
    messages.success(request, "It is a draft again. Propose it once it is right.")
    return redirect("finance:amendment_edit", pk, version)


@require_http_methods(["GET", "HEAD", "POST"])
@contract_writers
def withdraw(request: HttpRequest, pk: int, version: int) -> HttpResponse:
    """Ask, then give an amendment up."""
    held = _found(pk, version)
    if request.method != "POST" and not held.is_open:
        messages.info(request, f"This amendment is {held.get_stage_display().lower()} and is kept as it is.")
        return redirect("finance:amendment", pk, version)
    if request.method != "POST":
        context = {
            "amendment": held,
            "contract": held.version.contract,
            "account": held.version.contract.account,
        }
        return render(request, "finance/amendments/withdraw.html", context)
    try:
        withdraw_amendment(amendment=held, by=signed_in(request))
    except (ValidationError, RefusedError) as error:
        told = str(error) if isinstance(error, RefusedError) else " ".join(error.messages)
        return _page(request, _found(pk, version), request_access(request), refusal=told, status=422)
    messages.success(request, "The amendment was given up; the contract stays as it is.")
    return redirect("finance:contract", pk)


def _found(pk: int, version: int) -> Amendment:
    found = Amendment.objects.select_related(
        "version__contract__account", "version__based_on", "version__author", "version__published_by"
    )
    return get_object_or_404(
        found,
        pk=min(version, LARGEST_ID),
        version__contract_id=min(pk, LARGEST_ID),
        version__contract__account__deleted_at=None,
    )


def _typed(held: Amendment, forms: AmendmentForms, changes: dict[str, Any], access: Access) -> Preview | None:
    """Return what comes of what was typed; None, with the problems in their places, where it can't be made."""
    day = forms.terms.cleaned_data["effective_on"]
    if problems := list(problems_of(forms.base, changes, day)):
        forms.place(problems)
        return None
    held.effective_on, held.changes = day, changes
    held.version.statement = amended(forms.base, changes, day)
    held.version.amendment = held
    return preview_of(held, held.version.statement, access)


def _turn(asked: ApprovalRequest | None) -> dict[str, Any] | None:
    """Return whose word is waited for, since when and until when; RevOps where nobody of that function can give it."""
    step = ApprovalStep.objects.waiting().filter(request=asked).with_deciders().first() if asked else None
    if step is None:
        return None
    decided_in: str = step.decided_in  # type: ignore[attr-defined]
    named = step.user.name if step.user and step.user.is_active else ""
    who = named or (str(Function(decided_in).label) if decided_in in Function.values else decided_in)
    return {"who": who, "began_at": step.began_at, "due_at": step.due_at}


def _page(
    request: HttpRequest,
    held: Amendment,
    access: Access,
    *,
    meanwhile: VersionChangedError | None = None,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    overtaken: VersionChangedError | None = None
    if held.stage == Stage.DRAFT:
        try:
            refuse_overtaken(held.version)
        except VersionChangedError as changed:
            overtaken = changed
    asked = open_request(held)
    context = {
        "amendment": held,
        "version": held.version,
        "contract": held.version.contract,
        "account": held.version.contract.account,
        "preview": preview_of(held, held.version.statement, access),
        "expected": mark_of(held),
        "request_open": asked,
        "turn": _turn(asked),
        "decision": decision_on(request, asked.pk if asked else None),
        "can_write": writes_contracts(request),
        "is_author": asked is None or asked.requested_by_id == request.user.pk,
        "meanwhile": meanwhile,
        "overtaken": overtaken,
        "refusal": refusal,
        "now": timezone.now(),
    }
    return render(request, "finance/amendments/one.html", context, status=status)
