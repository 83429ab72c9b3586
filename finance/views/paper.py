"""The page on which legal writes down what the signed paper of a contract says."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from common.versions.errors import VersionChangedError
from finance.clauses.forms import PaperForm
from finance.clauses.library import read_library
from finance.clauses.register import families_of_register, terms_in_words
from finance.clauses.services.library import edits_library
from finance.clauses.services.paper import record_clause
from finance.models import ClauseFamily, Contract, ContractVersion
from metrics.engine.plan import today
from people.access import request_access, require
from people.guards import signed_in
from people.models import Category

LARGEST_ID = 2**63 - 1


@require_http_methods(["GET", "HEAD", "POST"])
def contract_paper(request: HttpRequest, pk: int) -> HttpResponse:
    """Write down what the signed paper says of one family: choose the clause, then the text and where it stands."""
    require(request_access(request), Category.CONTRACTS)
    if not edits_library(request.user):
        raise PermissionDenied(
            "What the signed paper says is written down by Legal and RevOps. Ask one of them."
        )
    found = Contract.objects.live().select_related("account").filter(account__deleted_at=None)
    contract = get_object_or_404(found, pk=min(pk, LARGEST_ID))
    family = ClauseFamily.objects.filter(key=request.GET.get("family", "")[:40]).first()
    standard = read_library([family.key]).get(family.key) if family else None
    present = ContractVersion.objects.published().filter(contract=contract).first()
    said = _said(present, family)
    context: dict[str, Any] = {
        "contract": contract,
        "families": families_of_register(),
        "family": family,
        "present": present,
        "said": said,
        "said_terms": terms_in_words(standard.shape.key, said["terms"]) if said and standard else "",
    }
    if family is None or standard is None or present is None:
        return render(request, "finance/clauses/paper.html", context)
    is_sent = request.method == "POST"
    initial = {"signed_on": max(present.starts_on or today(), contract.start_on), "expected": present.pk}
    form = PaperForm(request.POST if is_sent else None, standard=standard, says=said, initial=initial)
    status = 200
    if is_sent and form.is_valid():
        try:
            version = record_clause(
                contract=contract,
                family=family,
                wanted=form.wanted(),
                signed_on=form.cleaned_data["signed_on"],
                paper=form.cleaned_data["paper"],
                by=signed_in(request),
                expected=form.cleaned_data["expected"],
            )
        except VersionChangedError as changed:
            form.add_error(None, changed.message)
            status = 409
        except ValidationError as refused:
            form.add_error(None, form.refuse(refused))
        else:
            messages.success(request, f"{family} is written down as version {version.version}.")
            return redirect("finance:contract", contract.pk)
    if form.errors and status == 200:
        status = 422
    return render(
        request,
        "finance/clauses/paper.html",
        context | {"form": form, "texts": standard.texts},
        status=status,
    )


def _said(version: ContractVersion | None, family: ClauseFamily | None) -> dict[str, Any] | None:
    clauses = version.statement.get("clauses", ()) if version and family else ()
    return next((clause for clause in clauses if family and clause["family"] == family.key), None)
