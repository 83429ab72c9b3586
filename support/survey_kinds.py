"""CSAT: a customer says how a ticket of theirs was handled."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef
from django.utils import timezone

from accounts.models import Account
from common.formatting import format_date
from people.models import Category
from pods.surveys.models import SurveyRequest
from pods.surveys.registry import Candidate, SurveyKind, survey_kinds
from support.models import CsatResponse, Ticket
from support.querysets import TicketQuerySet

KEY = "csat"
# Nobody remembers older ones well enough.
SOLVED_WITHIN = timedelta(days=90)
MOST = 50


def candidates(account: Account) -> list[Candidate]:
    """Return the tickets of an account that were solved lately and not asked about, the newest first."""
    since = timezone.now() - SOLVED_WITHIN
    found = _unasked(account=account, solved_at__gte=since).order_by("-solved_at", "-pk")
    return [_candidate(ticket) for ticket in found[:MOST]]


def find(subject_id: int) -> Candidate | None:
    """Return a ticket that is there, of an account that is."""
    ticket = Ticket.objects.live().filter(pk=subject_id, account__deleted_at=None).first()
    return None if ticket is None else _candidate(ticket)


def due(since: datetime, quiet_since: datetime) -> list[int]:
    """Return the tickets solved after a time whose requesters weren't asked after the second, oldest first.

    Of several of one requester only the first is asked about.
    """
    lately = CsatResponse.objects.live().filter(
        respondent_email=OuterRef("requester_email"), asked_at__gt=quiet_since
    )
    found = _unasked(solved_at__gte=since, solved_at__lte=timezone.now()).filter(~Exists(lately))
    by_person: dict[str, int] = {}
    for pk, email in found.order_by("solved_at", "pk").values_list("pk", "requester_email"):
        by_person.setdefault(email, pk)
    return list(by_person.values())


def record(request: SurveyRequest) -> Mapping[str, Any]:
    """Return the fields of a CSAT response; without the ticket where that was deleted meanwhile."""
    is_there = Ticket.objects.live().filter(pk=request.subject_id).exists()
    return {
        "account": request.account_id,
        "ticket": request.subject_id if is_there else None,
        "rating": request.rating,
        "comment": request.comment,
    }


def last_asked(email: str, since: datetime) -> datetime | None:
    """Return when an address was last asked after a time, by us or by the help desk."""
    asked = CsatResponse.objects.live().filter(respondent_email=email.lower(), asked_at__gt=since)
    return asked.order_by("-asked_at").values_list("asked_at", flat=True).first()


def is_answered_elsewhere(subject_id: int) -> bool:
    """Return whether the help desk asked about a ticket by itself."""
    return CsatResponse.objects.live().filter(ticket_id=subject_id).exists()


def _unasked(**conditions: Any) -> TicketQuerySet:
    asked = SurveyRequest.objects.filter(kind=KEY, subject_id=OuterRef("pk"), withdrawn_at=None)
    rated = CsatResponse.objects.live().filter(ticket=OuterRef("pk"))
    found = Ticket.objects.solved().filter(account__deleted_at=None, **conditions).exclude(requester_email="")
    return found.filter(~Exists(asked), ~Exists(rated))


def _candidate(ticket: Ticket) -> Candidate:
    solved = f", solved {format_date(ticket.solved_at.date())}" if ticket.solved_at else ""
    return Candidate(
        subject_id=ticket.pk,
        account_id=ticket.account_id,
        email=ticket.requester_email,
        label=f"{ticket.subject}{solved} (asks {ticket.requester_email or 'nobody: no address'})",
        about=ticket.subject,
    )


def _subject(about: str) -> str:
    return f"How did we do? {about}"


def _question(about: str) -> str:
    return f"How satisfied are you with how we handled “{about}”?"


survey_kinds.register(
    SurveyKind(
        key=KEY,
        label="CSAT",
        category=Category.SUPPORT_HISTORY,
        resource="csat-responses",
        lowest=1,
        highest=5,
        low="not at all",
        high="very satisfied",
        subject=_subject,
        question=_question,
        candidates=candidates,
        find=find,
        record=record,
        last_asked=last_asked,
        is_answered_elsewhere=is_answered_elsewhere,
        asks_once=True,
        quiet_days=14,
        due=due,
        when="Asks whoever opened a ticket once it is solved, where the help desk hasn’t asked.",
    )
)
