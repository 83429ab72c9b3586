"""Reads of rule sets, overrides and waiting moves that compose."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Self

from django.db.models import Q, QuerySet

from common.versions.models import DatedVersionQuerySet

if TYPE_CHECKING:
    from tiers.models import PendingMove, RuleSet, TierOverride


class RuleSetQuerySet(DatedVersionQuerySet["RuleSet"]):
    def in_force(self, day: date) -> Self:
        """The version whose rules counted, or count, on ``day``."""
        return self.filter(
            Q(ends_on=None) | Q(ends_on__gt=day), state__in=("published", "retired"), starts_on__lte=day
        )


class TierOverrideQuerySet(QuerySet["TierOverride"]):
    def open_on(self, day: date) -> Self:
        """Overrides that hold on ``day``."""
        return self.filter(Q(ended_on=None) | Q(ended_on__gt=day), starts_on__lte=day, ends_on__gt=day)

    def ending_between(self, first: date, last: date) -> Self:
        """Overrides that nobody has ended and that end by themselves from ``first`` to ``last``, soonest first."""
        return self.filter(ended_on=None, ends_on__range=(first, last)).order_by("ends_on", "pk")


class PendingMoveQuerySet(QuerySet["PendingMove"]):
    def soonest_first(self) -> Self:
        """Waiting moves in the order in which they may happen."""
        return self.order_by("until", "account_id")

    def undecided(self) -> Self:
        """Moves whose time has come and that wait for somebody's word."""
        return self.filter(why="approval", decision="")

    def of_deleted(self) -> Self:
        """Moves of accounts that no source holds any more."""
        return self.filter(account__deleted_at__isnull=False)
