"""Reads of the clause library and of deviations that compose."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Self

from django.db.models import F, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from common.versions.models import VersionQuerySet
from people.approvals.models import ApprovalRequest, ApprovalStep

if TYPE_CHECKING:
    from finance.models import ClauseVersion, Deviation

DEVIATION = "finance.deviation"


class ClauseVersionQuerySet(VersionQuerySet["ClauseVersion"]):
    def with_texts(self) -> Self:
        """Versions with their family and texts; two queries."""
        return self.select_related("family").prefetch_related("texts")


class DeviationQuerySet(QuerySet["Deviation"]):
    def live(self) -> Self:
        """Deviations that may still come into a contract: waiting, or granted and not in one yet."""
        return self.filter(state__in=("waiting", "granted"))

    def granted_on(self, day: date) -> Self:
        """Deviations that an amendment may take up on ``day``."""
        return self.filter(state="granted", expires_on__gt=day)

    def due(self, day: date) -> Self:
        """Live ones whose time is over on ``day``."""
        return self.live().filter(expires_on__lte=day)

    def with_approval(self) -> Self:
        """Add ``request_id`` and ``due_at`` of the newest request for approval, null without one.

        And ``standing``: the state, or ``returned`` while it waits for who asked; ``turn`` and ``turn_since``: the
        function whose word it waits for, and since when.
        """
        asked = ApprovalRequest.objects.filter(kind=DEVIATION, subject_id=OuterRef("pk")).order_by("-pk")
        returned = asked.filter(state=ApprovalRequest.State.RETURNED).values(told=Value("returned"))
        steps = ApprovalStep.objects.filter(request__kind=DEVIATION, request__subject_id=OuterRef("pk"))
        turn: QuerySet[Any, Any] = steps.waiting().with_deciders()
        return self.annotate(
            turn=Subquery(turn.values("decided_in")[:1]),
            turn_since=Subquery(turn.values("began_at")[:1]),
            request_id=Subquery(asked.values("pk")[:1]),
            due_at=Subquery(asked.values("due_at")[:1]),
            standing=Coalesce(Subquery(returned[:1]), F("state")),
        )
