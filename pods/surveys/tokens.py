"""What opens one question: its code and the end of its time, signed with the installation's key. None is kept.

Whoever changes a letter of it has no signature for it; whoever uses it again finds the question answered.
"""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.urls import reverse
from django.utils import timezone

if TYPE_CHECKING:
    from pods.surveys.models import SurveyRequest

SALT = "pods.surveys"
LONGEST = 200
CODE_LENGTH = 32


class Refused(Enum):
    """Why a link opens nothing."""

    WRONG = "wrong"
    EXPIRED = "expired"


def token_of(request: SurveyRequest) -> str:
    """Return what opens a question, until its time is over."""
    return _signer().sign(f"{request.code.hex}.{int(request.expires_at.timestamp()):x}")


def read_token(token: str, now: datetime | None = None) -> UUID | Refused:
    """Return the code of the question that a token opens, or why it opens none; asks no database."""
    if len(token) > LONGEST:
        return Refused.WRONG
    try:
        code, _, until = _signer().unsign(token).partition(".")
        if len(code) != CODE_LENGTH:
            return Refused.WRONG
        held, ends = UUID(hex=code), int(until, 16)
    except (BadSignature, ValueError):
        return Refused.WRONG
    return held if ends > (now or timezone.now()).timestamp() else Refused.EXPIRED


def address_of(request: SurveyRequest, rating: int | None = None) -> str:
    """Return the address where a question is answered, with a rating chosen already."""
    path = reverse("pods:survey_answer", args=[token_of(request)])
    return f"{settings.PUBLIC_URL}{path}" + ("" if rating is None else f"?rating={rating}")


def _signer() -> Signer:
    # A full stop survives every mail program; Django's colon is taken for the end of an address by some.
    return Signer(salt=SALT, sep=".")
