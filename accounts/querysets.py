"""Reads of accounts that compose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db.models import Q, QuerySet

if TYPE_CHECKING:
    from accounts.models import Account, Contact, TimelineEvent

SHORTEST_FRAGMENT = 3


class AccountQuerySet(QuerySet["Account"]):
    def live(self) -> Self:
        """Accounts that no source has deleted."""
        return self.filter(deleted_at=None)

    def customers(self) -> Self:
        """Live accounts that are customers by their lifecycle or that pay today, as the health score has it."""
        return self.live().filter(Q(lifecycle="customer") | Q(standing__arr__gt=0))

    def owned_by(self, email: str) -> Self:
        """Accounts that a colleague owns or sponsors."""
        return self.filter(Q(owner_email=email) | Q(sponsor_email=email))

    def named_like(self, text: str) -> Self:
        """Accounts whose name holds ``text``, or starts with it when it has fewer than three letters.

        Both are served by the trigram index, which knows fragments of three and the start of a word.
        """
        if len(text) < SHORTEST_FRAGMENT:
            return self.filter(name__istartswith=text)
        return self.filter(name__icontains=text)


class ContactQuerySet(QuerySet["Contact"]):
    def live(self) -> Self:
        """Contacts that no source has deleted."""
        return self.filter(deleted_at=None, account__deleted_at=None)

    def named_like(self, text: str) -> Self:
        """Contacts by a part of their name, as accounts are."""
        if len(text) < SHORTEST_FRAGMENT:
            return self.filter(name__istartswith=text)
        return self.filter(name__icontains=text)


class TimelineEventQuerySet(QuerySet["TimelineEvent"]):
    def newest_first(self) -> Self:
        """Events in the order a timeline shows them."""
        return self.order_by("-happened_at", "-id")
