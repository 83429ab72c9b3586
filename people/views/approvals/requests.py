"""One request: what is asked, who decides, and the decisions themselves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from common.formatting import format_date, format_unit
from people.access import Access, request_access
from people.approvals import services
from people.approvals.forms import AgainForm, CommentForm, WithdrawForm
from people.approvals.models import ApprovalRequest, ApprovalStep
from people.approvals.reading import Shown, my_seats, seat_words, visible_to
from people.approvals.registry import Fact
from people.approvals.seats import FOR_ANOTHER, VACANT, Approver, Roll
from people.approvals.services import ClosedError, NotYoursError, RefusedError
from people.approvals.services.asking import may_withdraw
from people.guards import is_revops, signed_in
from people.models import User

WHO_SEES = "Only who asked, who decides, RevOps and leadership see a request for approval."
WHY_NEEDED = "Say why, so that whoever asked knows what to do."
DECISIONS = {"approve": "approved", "reject": "rejected", "return": "returned"}


@dataclass(frozen=True, slots=True)
class Line:
    """One fact with its values as the reader may see them."""

    label: str
    before: Any
    after: Any
    is_change: bool


@dataclass(frozen=True, slots=True)
class StepShown:
    """A step with who may decide it now and why they."""

    step: ApprovalStep
    seat: str
    approvers: list[Approver]
    note: str
    is_late: bool


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of what was said and done, oldest first."""

    at: datetime
    who: str
    what: str
    text: Any = ""


@require_safe
def approval(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a request: what it changes, why, its steps with their clocks, and what was said."""
    return _page(request, _request(request, pk))


@require_POST
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Approve, reject or return a step: ``decision``, ``step`` (the one that was looked at) and ``comment``."""
    held = _request(request, pk)
    decision = request.POST.get("decision", "")
    form = CommentForm(request.POST)
    if decision not in DECISIONS:
        raise Http404("There is no such decision.")
    if not form.is_valid():
        return _page(request, held, comment_form=form, status=422)
    comment = form.cleaned_data["comment"]
    if decision != "approve" and not comment.strip():
        form.add_error("comment", WHY_NEEDED)
        return _page(request, held, comment_form=form, status=422)
    step = _step(held, request.POST.get("step", ""))
    user = signed_in(request)

    def act() -> None:
        if decision == "return":
            services.return_request(request=held, by=user, comment=comment, step=step)
        else:
            services.decide_step(
                request=held, by=user, is_approved=decision == "approve", comment=comment, step=step
            )

    done = f"You {DECISIONS[decision]} “{Shown(held, request_access(request)).link_text}”."
    return _acted(request, held, act, done, leads_to="people:approvals", comment_form=form)


@require_POST
def comment(request: HttpRequest, pk: int) -> HttpResponse:
    """Say something about a request without deciding."""
    held = _request(request, pk)
    form = CommentForm(request.POST)
    if form.is_valid() and not form.cleaned_data["comment"].strip():
        form.add_error("comment", "Write something first.")
    if not form.is_valid():
        return _page(request, held, comment_form=form, status=422)
    text = form.cleaned_data["comment"]

    def act() -> None:
        services.comment_on_request(request=held, by=signed_in(request), text=text)

    return _acted(request, held, act, "Your comment is saved.", comment_form=form)


@require_POST
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a request back."""
    held = _request(request, pk)
    form = WithdrawForm(request.POST)
    if not form.is_valid():
        return _page(request, held, withdraw_form=form, status=422)

    def act() -> None:
        services.withdraw_request(request=held, by=signed_in(request), note=form.cleaned_data["note"])

    return _acted(request, held, act, "The request is withdrawn; nobody has to decide it any more.")


@require_POST
def resubmit(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask again after a return."""
    held = _request(request, pk)
    form = AgainForm(request.POST)
    if not form.is_valid():
        return _page(request, held, again_form=form, status=422)

    def act() -> None:
        services.resubmit_request(request=held, by=signed_in(request), reason=form.cleaned_data["reason"])

    return _acted(request, held, act, "You asked again; the approvers are told.", again_form=form)


def _acted(
    request: HttpRequest,
    held: ApprovalRequest,
    act: Callable[[], None],
    done: str,
    *,
    leads_to: str = "",
    **forms: Form,
) -> HttpResponse:
    """Do something with a request; where it can't be done, show the page as it is now, with the reason."""
    try:
        act()
    except RefusedError as error:
        status = 409 if isinstance(error, ClosedError) else 403 if isinstance(error, NotYoursError) else 422
        return _page(request, _request(request, held.pk), refusal=str(error), status=status, **forms)
    messages.success(request, done)
    return redirect(leads_to) if leads_to else redirect("people:approval", pk=held.pk)


def _request(request: HttpRequest, pk: int) -> ApprovalRequest:
    steps = ApprovalStep.objects.select_related("user", "decided_by", "decided_for")
    found = (
        ApprovalRequest.objects.filter(pk=pk)
        .select_related("requested_by")
        .prefetch_related(Prefetch("steps", steps.order_by("round", "position")), "comments__author")
        .first()
    )
    if found is None:
        raise Http404("There is no such request.")
    user = signed_in(request)
    if not visible_to(user, my_seats(request)).filter(pk=pk).exists():
        raise PermissionDenied(WHO_SEES)
    return found


def _step(held: ApprovalRequest, text: str) -> ApprovalStep | None:
    """Return the step that the form was about; without one, or with another's, nothing that has a turn."""
    wanted = int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else 0
    found = next((step for step in held.steps.all() if step.pk == wanted), None)
    return found or ApprovalStep(pk=0, request=held)


def _page(
    request: HttpRequest,
    held: ApprovalRequest,
    *,
    refusal: str = "",
    status: int = 200,
    comment_form: Form | None = None,
    withdraw_form: Form | None = None,
    again_form: Form | None = None,
) -> HttpResponse:
    user, access = signed_in(request), request_access(request)
    shown = Shown(held, access)
    roll = Roll.read() if held.is_open else Roll()
    steps = [_shown_step(step, held, roll) for step in shown.steps]
    lines = _lines(shown, access) if shown.kind else []
    mine = next(
        (
            approver
            for each in steps
            if each.step.state == ApprovalStep.State.WAITING
            for approver in each.approvers
            if approver.user.pk == user.pk
        ),
        None,
    )
    is_asker = held.requested_by_id == user.pk
    present = shown.current
    context = {
        "approval": held,
        "shown": shown,
        "changes": [line for line in lines if line.is_change],
        "told": [line for line in lines if not line.is_change],
        "steps": steps,
        "happenings": _happenings(held, shown),
        "mine": mine,
        "is_asker": is_asker,
        "is_author": present is not None and user.pk in present.authors,
        "kept_out": _kept_out(held, present),
        "can_return": held.requested_by_id is not None,
        "can_withdraw": held.is_live and may_withdraw(held, user),
        "can_ask_again": is_asker and held.state == ApprovalRequest.State.RETURNED,
        "is_unknown": shown.kind is None,
        "is_revops": is_revops(request),
        "refusal": refusal,
        "comment_form": comment_form or CommentForm(),
        "withdraw_form": withdraw_form or WithdrawForm(),
        "again_form": again_form or AgainForm(initial={"reason": held.reason}),
    }
    return render(request, "people/approvals/request.html", context, status=status)


def _lines(shown: Shown, access: Access) -> list[Line]:
    assert shown.kind is not None
    facts: list[Fact] = list(shown.kind.facts(shown.request))
    return [
        Line(
            fact.label,
            access.redact(_words(fact.before, fact), fact.category, fact.level),
            access.redact(_words(fact.after, fact), fact.category, fact.level),
            fact.before is not None,
        )
        for fact in facts
    ]


def _words(value: Any, fact: Fact) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, date):
        return format_date(value)
    if isinstance(value, int | float | Decimal):
        return format_unit(value, fact.unit or ("money" if fact.currency else ""), currency=fact.currency)
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _shown_step(step: ApprovalStep, held: ApprovalRequest, roll: Roll) -> StepShown:
    is_turn = step.state == ApprovalStep.State.WAITING
    found = roll.approvers(step, held.kind) if held.is_open and step.state in ("waiting", "ahead") else []
    return StepShown(
        step,
        seat_words(step),
        found,
        _note(step, held, found) if found or is_turn else "",
        is_turn and step.due_at is not None and step.due_at < timezone.now(),
    )


def _note(step: ApprovalStep, held: ApprovalRequest, found: list[Approver]) -> str:
    """Say why others than those named decide."""
    if not found:
        return "Nobody can decide this step. RevOps has to give somebody the function that decides."
    why = found[0].why
    if why == VACANT:
        return f"Vacant: nobody of {seat_words(step)} can decide, so RevOps does."
    if why == FOR_ANOTHER:
        reason = (
            "asked for this"
            if step.user_id == held.requested_by_id
            else "wrote this"
            if step.is_own_of(step.user_id)
            else "can't sign in any more"
        )
        return f"{seat_words(step)} {reason}, so the others of the function decide."
    return ""


def _kept_out(held: ApprovalRequest, present: ApprovalStep | None) -> str:
    """Say who may not decide: who asked and who wrote it; one query where it has authors."""
    if present is None:
        return ""
    authors = User.objects.filter(pk__in=present.authors).exclude(pk=held.requested_by_id or 0)
    writers = [str(user) for user in authors.order_by("name", "pk")]
    names = [f"{held.requested_by}, who asked"] if held.requested_by is not None else []
    if writers:
        names.append(f"{' and '.join(writers)}, who wrote it")
    return f"Not by {', nor by '.join(names)}; nor by anybody for them." if names else ""


def _happenings(held: ApprovalRequest, shown: Shown) -> list[Happening]:
    found = [Happening(held.requested_at, shown.asker, "asked")]
    for step in held.steps.all():
        if step.decided_at is None:
            continue
        who = str(step.decided_by)
        if step.decided_for is not None:
            who = f"{who}, for {step.decided_for}"
        found.append(Happening(step.decided_at, who, step.get_state_display().lower(), step.comment))
    found += [Happening(said.created_at, str(said.author), "said", said.text) for said in held.comments.all()]
    if held.closed_at is not None and held.state in (
        ApprovalRequest.State.WITHDRAWN,
        ApprovalRequest.State.SUPERSEDED,
    ):
        who = shown.asker if held.state == ApprovalRequest.State.WITHDRAWN else "ABE itself"
        ended = held.get_state_display().lower()
        found.append(Happening(held.closed_at, who, f"{ended} it", held.closing_note))
    return sorted(found, key=lambda each: each.at)
