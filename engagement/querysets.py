"""Reads of touches, deals and answers to surveys that compose."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Self

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce

from accounts.models import ContactRole
from common.periods import end_of
from common.versions.models import VersionQuerySet

if TYPE_CHECKING:
    from engagement.models import Engagement, NpsResponse, Opportunity, ScoreModel

# Who has to be won for a buying committee to say yes; legal follows them, users and blockers decide nothing.
REQUIRED_ROLES = (
    ContactRole.ECONOMIC_BUYER,
    ContactRole.CHAMPION,
    ContactRole.TECHNICAL_EVALUATOR,
    ContactRole.EXECUTIVE_SPONSOR,
)


class EngagementQuerySet(QuerySet["Engagement"]):
    def live(self) -> Self:
        """Touches that no source has deleted."""
        return self.filter(deleted_at=None)

    def known_by(self, day: date) -> Self:
        """Touches up to the end of ``day``."""
        return self.live().filter(occurred_at__lt=end_of(day))

    def within(self, day: date, days: int) -> Self:
        """Touches in the ``days`` days that end with ``day``."""
        end = end_of(day)
        return self.live().filter(occurred_at__lt=end, occurred_at__gte=end - timedelta(days=days))

    def between_people(self) -> Self:
        """Touches in which one of us and one of them took part: no visits to a website."""
        return self.exclude(kind="web")

    def newest_first(self) -> Self:
        """Touches in the order a list shows them."""
        return self.order_by("-occurred_at", "-pk")


DECIDED = Q(is_closed=True) | Q(is_won=True)


class OpportunityQuerySet(QuerySet["Opportunity"]):
    def live(self) -> Self:
        """Deals that no source has deleted, of accounts that are still there."""
        return self.filter(deleted_at=None, account__deleted_at=None)

    def open_on(self, day: date) -> Self:
        """Deals opened by ``day`` and still undecided when it ended.

        One whose opening nobody told counts from the day we heard of it.
        """
        known = Q(opened_on__lte=day) | Q(opened_on=None, created_at__lt=end_of(day))
        return self.live().filter(known).filter(~DECIDED | Q(close_on__gt=day))

    def decided_between(self, first: date, last: date) -> Self:
        """Deals won or lost on the days ``first`` to ``last``, both included."""
        return self.live().filter(DECIDED, close_on__range=(first, last))

    def soonest_first(self) -> Self:
        """Deals by the day they close, those without one last."""
        return self.order_by(F("close_on").asc(nulls_last=True), "pk")


class NpsQuerySet(QuerySet["NpsResponse"]):
    def live(self) -> Self:
        """Responses that no source has deleted."""
        return self.filter(deleted_at=None)

    def known_by(self, day: date) -> Self:
        """Whom we had asked by the end of ``day``."""
        return self.live().filter(asked_at__lt=end_of(day))

    def scored_within(self, first: date, last: date) -> Self:
        """Scores given after the day ``first``, up to the end of the day ``last``; ``scored_at`` is when.

        One that says no time of its own counts from when it was asked for.
        """
        scored = self.live().filter(score__isnull=False)
        scored = scored.annotate(scored_at=Coalesce("responded_at", "asked_at"))
        return scored.filter(scored_at__lt=end_of(last), scored_at__gte=end_of(first))


class ScoreModelQuerySet(VersionQuerySet["ScoreModel"]):
    def of_kind(self, kind: str) -> Self:
        """Versions of one kind of score."""
        return self.filter(kind=kind)
