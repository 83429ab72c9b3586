"""Customers to ask, for tests of surveys."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.models import Account, Contact
from pods.models import SurveyRequest
from pods.surveys.registry import survey_kinds
from pods.surveys.services import ask
from support.models import Ticket
from tests.accounts.rows import make_listed
from tests.metrics.facts import make_contact
from tests.users import make_user

CSAT, NPS = survey_kinds["csat"], survey_kinds["nps"]
ADA = "ada@customer.example"


def solved_ticket(account: Account | None = None, *, hours_ago: float = 2, **fields: Any) -> Ticket:
    """Create a ticket of Ada's that was solved a while ago."""
    solved = timezone.now() - timedelta(hours=hours_ago)
    values = {"subject": "Exports fail", "requester_email": ADA, "status": "solved"} | fields
    return Ticket.objects.create(
        account=account or make_listed("Customer"),
        opened_at=solved - timedelta(hours=5),
        solved_at=solved,
        **values,
    )


def asked_csat(ticket: Ticket | None = None) -> SurveyRequest:
    """Have support ask about a ticket."""
    return ask(kind=CSAT, subject_id=(ticket or solved_ticket()).pk, by=make_user("support"))


def asked_nps(contact: Contact | None = None) -> SurveyRequest:
    """Have customer success ask a contact."""
    contact = contact or make_contact(make_listed("Customer"), email=ADA)
    return ask(kind=NPS, subject_id=contact.pk, by=make_user("customer_success"))
