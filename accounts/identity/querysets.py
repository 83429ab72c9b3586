"""Reads of duplicates and merges that compose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db.models import Q, QuerySet

if TYPE_CHECKING:
    from accounts.identity.models import AccountMerge, DuplicatePair


class DuplicatePairQuerySet(QuerySet["DuplicatePair"]):
    def waiting(self) -> Self:
        """Pairs that somebody should look at: not dismissed, both accounts live."""
        return self.filter(dismissed_at=None, low__deleted_at=None, high__deleted_at=None)

    def dismissed(self) -> Self:
        """Pairs that a person found to be no duplicate."""
        return self.exclude(dismissed_at=None)


class AccountMergeQuerySet(QuerySet["AccountMerge"]):
    def in_force(self) -> Self:
        """Merges that were not taken back."""
        return self.filter(unmerged_at=None)

    def of_account(self, pk: int) -> Self:
        """Merges in which an account won or lost."""
        return self.filter(Q(winner=pk) | Q(loser=pk))
