"""Reads of what customers were asked."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Self

from django.db.models import Q, QuerySet
from django.utils import timezone

from common.periods import end_of

if TYPE_CHECKING:
    from pods.surveys.models import SurveyRequest

# Neither answered nor given up, by us or by the mail server.
UNDECIDED = Q(answered_at=None, withdrawn_at=None, given_up_at=None)


class SurveyRequestQuerySet(QuerySet["SurveyRequest"]):
    def in_state(self, state: str) -> Self:
        """Requests that stand so now, by ``SurveyRequest.State``."""
        now = timezone.now()
        conditions = {
            "open": UNDECIDED & Q(expires_at__gt=now),
            "answered": Q(answered_at__isnull=False),
            "expired": UNDECIDED & Q(expires_at__lte=now),
            "withdrawn": Q(withdrawn_at__isnull=False),
            "undelivered": Q(answered_at=None, withdrawn_at=None, given_up_at__isnull=False),
        }
        return self.filter(conditions[state])

    def asked_by_day(self, day: date) -> Self:
        """Requests asked by the end of ``day``."""
        return self.filter(asked_at__lt=end_of(day))

    def unsent(self) -> Self:
        """Requests whose mail is still to go out."""
        return self.filter(UNDECIDED, sent_at=None, expires_at__gt=timezone.now())
