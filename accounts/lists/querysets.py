"""Reads of saved views, target lists and their members that compose."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.db.models import Count, Q, QuerySet

from people.models import User

if TYPE_CHECKING:
    from accounts.lists.models import ListMembership, SavedView, TargetList


class SavedViewQuerySet(QuerySet["SavedView"]):
    def live(self) -> Self:
        """Views that nobody has deleted."""
        return self.filter(deleted_at=None)

    def of_page(self, page: str) -> Self:
        """Views of one page."""
        return self.filter(page=page)

    def shown_to(self, user: User) -> Self:
        """Live views of a reader's own, and those shared with their function or with everybody."""
        shared = Q(sharing="all") | Q(sharing="functions", functions__contains=[user.function])
        return self.live().filter(Q(owner=user) | shared)

    def in_order_of(self, user: User) -> list[SavedView]:
        """Return views as a reader chooses among them: their own first, in their order; one query."""
        return sorted(
            self.select_related("owner"),
            key=lambda view: (
                view.owner_id != user.pk,
                view.place if view.owner_id == user.pk else 0,
                view.name.lower(),
                view.pk,
            ),
        )


class TargetListQuerySet(QuerySet["TargetList"]):
    def live(self) -> Self:
        """Lists that nobody has deleted."""
        return self.filter(deleted_at=None)

    def shown_to(self, user: User) -> Self:
        """Live lists of a reader's own, and shared ones; what a rule reads is asked of ``lists.access``."""
        return self.live().filter(Q(owner=user) | Q(is_shared=True))

    def with_members(self) -> Self:
        """Lists by name with their owner, and as ``members`` how many live accounts are on each."""
        current = Q(memberships__left_with=None, memberships__account__deleted_at=None)
        counted = self.select_related("owner").annotate(members=Count("memberships", filter=current))
        return counted.order_by("name", "pk")


class MembershipQuerySet(QuerySet["ListMembership"]):
    def current(self) -> Self:
        """Memberships that go on."""
        return self.filter(left_with=None)

    def at(self, instant: datetime) -> Self:
        """Memberships at an instant."""
        return self.filter(during__contains=instant)

    def of_version(self, number: int) -> Self:
        """Memberships as a list had them after its change ``number``."""
        return self.filter(Q(left_with=None) | Q(left_with__number__gt=number), came_with__number__lte=number)
