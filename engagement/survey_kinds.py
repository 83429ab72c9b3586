"""NPS: a contact says whether they would recommend us."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import Case, Value, When

from accounts.models import Account, Contact, ContactRole
from engagement.models import NpsResponse
from people.models import Category
from pods.surveys.models import SurveyRequest
from pods.surveys.registry import Candidate, SurveyKind, survey_kinds

MOST = 200
# Blockers are asked too: only those who say no tell what to mend.
COMMITTEE_FIRST = (
    ContactRole.ECONOMIC_BUYER,
    ContactRole.EXECUTIVE_SPONSOR,
    ContactRole.CHAMPION,
    ContactRole.TECHNICAL_EVALUATOR,
)


def candidates(account: Account) -> list[Candidate]:
    """Return the contacts of an account who have an address, the committee first."""
    order = Case(
        *(When(role=role, then=Value(place)) for place, role in enumerate(COMMITTEE_FIRST)),
        default=Value(len(COMMITTEE_FIRST)),
    )
    found = Contact.objects.live().filter(account=account, is_active=True).exclude(email="")
    return [_candidate(contact) for contact in found.order_by(order, "name", "pk")[:MOST]]


def find(subject_id: int) -> Candidate | None:
    """Return a contact who is there, of an account that is."""
    contact = Contact.objects.live().filter(pk=subject_id, is_active=True).first()
    return None if contact is None else _candidate(contact)


def record(request: SurveyRequest) -> Mapping[str, Any]:
    """Return the fields of an NPS response; without the contact where the CRM deleted them meanwhile."""
    is_there = Contact.objects.live().filter(pk=request.subject_id).exists()
    return {
        "account": request.account_id,
        "respondent": request.subject_id if is_there else None,
        "score": request.rating,
        "comment": request.comment,
    }


def last_asked(email: str, since: datetime) -> datetime | None:
    """Return when an address was last asked after a time, by us or by a survey, as itself or as a contact."""
    asked = NpsResponse.objects.live().filter(asked_at__gt=since)
    times = [
        found.order_by("-asked_at").values_list("asked_at", flat=True).first()
        for found in (
            asked.filter(respondent_email=email.lower()),
            asked.filter(respondent__email=email.lower()),
        )
    ]
    return max((time for time in times if time is not None), default=None)


def _candidate(contact: Contact) -> Candidate:
    place = contact.title or (contact.get_role_display() if contact.role else "")
    told = ", ".join(part for part in (contact.name, place, contact.email) if part)
    return Candidate(
        subject_id=contact.pk,
        account_id=contact.account_id,
        email=contact.email,
        name=contact.name,
        label=told,
    )


def _subject(about: str) -> str:
    return "One question: would you recommend us?"


def _question(about: str) -> str:
    return "How likely are you to recommend us to a colleague?"


survey_kinds.register(
    SurveyKind(
        key="nps",
        label="NPS",
        category=Category.ENGAGEMENT,
        resource="nps-responses",
        lowest=0,
        highest=10,
        low="not at all likely",
        high="very likely",
        subject=_subject,
        question=_question,
        candidates=candidates,
        find=find,
        record=record,
        last_asked=last_asked,
        quiet_days=90,
    )
)
