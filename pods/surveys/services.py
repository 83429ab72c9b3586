"""Writes of surveys: asked, answered once, taken back.

Each locks the kind's resource first and the request after it, so that of two who ask or answer at once the second
sees what the first did.
"""

from __future__ import annotations

from datetime import timedelta

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone

from common.formatting import format_date
from people.access import Access, access_of
from people.functions import Function
from people.models import User
from pods.surveys.models import SurveyRequest
from pods.surveys.registry import Candidate, SurveyKind, survey_kinds
from pods.surveys.rules import rules_of
from sync.own import delete_own_records, send_own_records
from sync.pipeline.locks import lock_together
from sync.registry import resources

# Who talks to customers about how they find us.
ASKERS = (Function.SUPPORT, Function.CUSTOMER_SUCCESS, Function.REVOPS)
COMMENT_AT_MOST = 4000


class NotAskedError(Exception):
    """They can't be asked now; the text tells a person why and what to do."""


class EndedError(Exception):
    """The question can't be answered or taken back any more; ``request`` is how it stands."""

    def __init__(self, request: SurveyRequest) -> None:
        super().__init__(f"It is {request.state.label.lower()}.")
        self.request = request


def may_ask(kind: SurveyKind, access: Access) -> bool:
    """Return whether a reader's function sends this survey."""
    return access.function in ASKERS and access.allows(kind.category)


@transaction.atomic
def ask(*, kind: SurveyKind, subject_id: int, by: User | None) -> SurveyRequest:
    """Ask somebody, by a mail that goes out after the caller's transaction; ``by`` None is the clock.

    The record of the question stands in the kind's resource from now on, unanswered. Raises PermissionDenied where it
    isn't for ``by`` to ask, NotAskedError where they were asked already or can't be.
    """
    if by is not None and not may_ask(kind, access_of(by.function)):
        raise PermissionDenied(
            f"{kind.label} is sent by support, customer success and RevOps, as far as they read its answers."
        )
    lock_together(resources=[resources[kind.resource]], sources=[])
    found = kind.find(subject_id)
    if found is None:
        raise NotAskedError("What this asks about isn't there any more.")
    _refuse_unwanted(kind, found)
    rules, now = rules_of(kind), timezone.now()
    last = kind.last_asked(found.email, now - timedelta(days=rules.quiet_days)) if rules.quiet_days else None
    if last is not None:
        again = format_date((last + timedelta(days=rules.quiet_days)).date())
        raise NotAskedError(
            f"{found.email} was asked on {format_date(last.date())}. Nobody is asked twice within "
            f"{rules.quiet_days} days: ask again after {again}."
        )
    request = SurveyRequest.objects.create(
        kind=kind.key,
        account_id=found.account_id,
        subject_id=found.subject_id,
        about=found.about[:512],
        name=found.name[:255],
        email=found.email,
        asked_by=by,
        asked_at=now,
        expires_at=now + timedelta(days=rules.valid_days),
    )
    _record(kind, request, by=by)
    return request


@transaction.atomic
def record_answer(*, request: SurveyRequest, rating: int, comment: str = "") -> SurveyRequest:
    """Record what somebody answered, once for ever; return the request as it is then.

    Raises EndedError where it was answered, taken back or has expired, ValidationError at ``rating`` or ``comment``.
    """
    kind = survey_kinds[request.kind]
    if rating not in kind.steps:
        raise ValidationError({"rating": f"Choose from {kind.lowest} to {kind.highest}."})
    if len(comment) > COMMENT_AT_MOST or "\x00" in comment:
        raise ValidationError({"comment": f"Write up to {COMMENT_AT_MOST} letters."})
    held = _held(kind, request)
    # A mail that was given up may have arrived all the same.
    is_living = held.state in (SurveyRequest.State.OPEN, SurveyRequest.State.UNDELIVERED)
    if not is_living or held.expires_at <= timezone.now():
        raise EndedError(held)
    held.rating, held.comment, held.answered_at = rating, comment.strip(), timezone.now()
    held.save(update_fields=["rating", "comment", "answered_at"])
    _record(kind, held, by=None)
    return held


@transaction.atomic
def withdraw(*, request: SurveyRequest, by: User) -> SurveyRequest:
    """Take back a question that isn't answered: its link ends, its record too, and its mail if it is still here.

    Raises PermissionDenied where it isn't for ``by`` to do, EndedError where it is over.
    """
    kind = survey_kinds[request.kind]
    if not may_ask(kind, access_of(by.function)):
        raise PermissionDenied(f"Who sends {kind.label} takes it back: support, customer success or RevOps.")
    held = _held(kind, request)
    if held.state in (SurveyRequest.State.ANSWERED, SurveyRequest.State.WITHDRAWN):
        raise EndedError(held)
    held.withdrawn_at, held.withdrawn_by = timezone.now(), by
    held.save(update_fields=["withdrawn_at", "withdrawn_by"])
    delete_own_records(kind.resource, [held.record_id], by=by)
    return held


def _held(kind: SurveyKind, request: SurveyRequest) -> SurveyRequest:
    lock_together(resources=[resources[kind.resource]], sources=[])
    rows = SurveyRequest.objects.select_for_update(of=("self",)).select_related("account")
    return rows.get(pk=request.pk)


def _refuse_unwanted(kind: SurveyKind, found: Candidate) -> None:
    """Raise NotAskedError for who can't be asked at all, or has been asked about this."""
    try:
        validate_email(found.email)
    except ValidationError as error:
        raise NotAskedError(
            "No address is known to which a mail could go. Add one where the record is kept."
        ) from error
    if not kind.asks_once:
        return
    about = SurveyRequest.objects.filter(kind=kind.key, subject_id=found.subject_id, withdrawn_at=None)
    if about.exists() or kind.is_answered_elsewhere(found.subject_id):
        raise NotAskedError("They were asked about this already. It is asked once.")


def _record(kind: SurveyKind, request: SurveyRequest, *, by: User | None) -> None:
    """Write the question, with its answer where there is one, as a record of the kind's resource."""
    record = {
        "external_id": request.record_id,
        "respondent_email": request.email,
        "asked_at": request.asked_at,
        "responded_at": request.answered_at,
        **kind.record(request),
    }
    send_own_records(kind.resource, [record], by=by)
