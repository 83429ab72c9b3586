"""One account's collections: what it owes, what happened, and what finance does about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Account
from common.export import Offer, asked_format, chosen_table, export_response
from common.formatting import format_date
from finance.collections.absorbed import survivors_of
from finance.collections.board import Card, all_cards, board_table
from finance.collections.forms import HoldForm, PromiseForm, Refusing, ReleaseForm
from finance.collections.guards import COLLECTORS, for_readers, is_of, only
from finance.collections.history import history_of, history_table
from finance.collections.positions import Position, positions_on
from finance.collections.promises import kept_promises, record_promise, withdraw_promise
from finance.collections.services import end_hold, release_stage, set_hold
from finance.collections.writing import exact
from finance.models import CollectionHold, PaymentPromise
from metrics.engine.plan import today
from people.access import request_access
from people.guards import signed_in

WRITING = "Promises, holds and releases"
LARGEST_ID = 2**63 - 1


@require_safe
@for_readers
def collection(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what an account owes by currency, what happened and why it isn't asked."""
    pk = min(pk, LARGEST_ID)
    if (now := survivors_of([pk])[pk]) != pk:
        return redirect("finance:collection", now)
    return _page(request, _account(pk))


@require_POST
@only(COLLECTORS, WRITING)
def promise(request: HttpRequest, pk: int) -> HttpResponse:
    """Record a promise to pay."""
    account = _account(pk)
    form = PromiseForm(request.POST, owed=_owed(positions_on(today(), [account.pk])))

    def write() -> str:
        before = (
            PaymentPromise.objects.open()
            .filter(account=account, currency=form.cleaned_data["currency"])
            .first()
        )
        told = f" It takes the place of {_words(before)}." if before else ""
        record_promise(account=account, by=signed_in(request), day=today(), **form.cleaned_data)
        return f"The promise is recorded; its amount isn't asked for until then.{told}"

    return _written(request, account, "promise_form", form, write)


@require_POST
@only(COLLECTORS, WRITING)
def hold(request: HttpRequest, pk: int) -> HttpResponse:
    """Hold the account or one of its invoices."""
    account = _account(pk)
    form = HoldForm(request.POST, invoices=_invoices(positions_on(today(), [account.pk])))

    def write() -> str:
        given = {"account": account, "invoice": form.cleaned_data["invoice"], "ended_at": None}
        before = CollectionHold.objects.filter(**given).first()
        told = f" It takes the place of the one by {before.set_by}: {before.reason}" if before else ""
        set_hold(account=account, by=signed_in(request), day=today(), **form.cleaned_data)
        return f"Nobody asks until then.{told}"

    return _written(request, account, "hold_form", form, write)


@require_POST
@only(COLLECTORS, WRITING)
def release(request: HttpRequest, pk: int) -> HttpResponse:
    """Release a stage of a relationship-based account without the customer success manager (``currency``)."""
    account = _account(pk)
    wanted = request.POST.get("currency", "")
    form = ReleaseForm(request.POST, auto_id=f"release-{wanted[:3]}-%s")
    found = next(
        (
            each
            for each in positions_on(today(), [account.pk])
            if each.claim.currency == wanted and each.cycle
        ),
        None,
    )

    def write() -> str:
        if found is None or found.cycle is None or found.verdict.kind != "relationship":
            raise ValidationError("Nothing waits for a release in this currency any more.")
        reason = form.cleaned_data["reason"]
        release_stage(cycle=found.cycle, stage=found.verdict.stage, by=signed_in(request), reason=reason)
        return "It is released: the next run writes the mail."

    return _written(request, account, "release_form", form, write)


@require_POST
@only(COLLECTORS, WRITING)
def end(request: HttpRequest, pk: int) -> HttpResponse:
    """End a hold (``hold``) or take a promise back (``promise``)."""
    account, by = _account(pk), signed_in(request)
    try:
        if "hold" in request.POST:
            held = CollectionHold.objects.filter(account=account, pk=_key(request, "hold"))
            end_hold(hold=_one(held), by=by)
            messages.success(request, "The hold has ended.")
        else:
            promises = PaymentPromise.objects.filter(account=account, pk=_key(request, "promise"))
            withdraw_promise(promise=_one(promises), by=by)
            messages.success(request, "The promise is taken back; its amount is asked for again.")
    except ValidationError as error:
        messages.error(request, error.messages[0])
    return redirect("finance:collection", account.pk)


def _written(
    request: HttpRequest, account: Account, name: str, form: Refusing, write: Callable[[], str]
) -> HttpResponse:
    if form.is_valid():
        try:
            messages.success(request, write())
        except ValidationError as error:
            form.refuse(error)
        else:
            return redirect("finance:collection", account.pk)
    return _page(request, account, status=422, **{name: form})


def _page(request: HttpRequest, account: Account, *, status: int = 200, **forms: Any) -> HttpResponse:
    day = today()
    positions = positions_on(day, [account.pk])
    happenings = history_of(account.pk, day)
    access = request_access(request)
    cards = all_cards(positions, access)
    offers = (
        Offer("owed", "What is overdue", lambda: board_table(cards, access)),
        Offer("history", "What happened", lambda: history_table(happenings)),
    )
    if asked_format(request) and request.method != "POST":
        return export_response(request, chosen_table(request, offers))
    owed = _owed(positions)
    refused = forms.pop("release_form", None)
    waiting = [card for card in cards if card.position.verdict.kind == "relationship" and card.position.cycle]
    context = {
        "account": account,
        "entitled": cards[0].position.entitled.seen_with(access) if cards else None,
        "kept": kept_promises(day, account),
        "cards": cards,
        "happenings": happenings,
        "holds": CollectionHold.objects.running_on(day)
        .filter(account=account)
        .select_related("invoice", "set_by"),
        "promises": PaymentPromise.objects.open().filter(account=account),
        "waiting": [(card, _release_form(card, refused)) for card in waiting],
        "may_write": is_of(request, COLLECTORS),
        "promise_form": PromiseForm(owed=owed) if owed else None,
        "hold_form": HoldForm(invoices=_invoices(positions)),
        "exports": offers,
        "day": day,
        **forms,
    }
    return render(request, "finance/collections/account.html", context, status=status)


def _words(promise: PaymentPromise) -> str:
    return f"{exact(promise.amount, promise.currency)} by {format_date(promise.due_on)}"


def _release_form(card: Card, bound: ReleaseForm | None) -> ReleaseForm:
    """Return the form of a claim; the one that was refused where it is this claim's."""
    currency = card.position.claim.currency
    if bound is not None and bound.data.get("currency") == currency:
        return bound
    return ReleaseForm(auto_id=f"release-{currency}-%s")


def _account(pk: int) -> Account:
    return get_object_or_404(Account.objects.live(), pk=min(pk, LARGEST_ID))


def _owed(positions: list[Position]) -> dict[str, Any]:
    return {each.claim.currency: each.claim.promisable for each in positions}


def _invoices(positions: list[Position]) -> list[int]:
    return [owed.invoice_id for each in positions for owed in each.claim.invoices]


def _key(request: HttpRequest, name: str) -> int:
    text = request.POST.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def _one(rows: Any) -> Any:
    found = rows.first()
    if found is None:
        raise Http404("There is no such thing of this account.")
    return found
