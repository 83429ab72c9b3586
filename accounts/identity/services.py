"""Writes about the domains that many companies share."""

from __future__ import annotations

from accounts.identity.models import SharedDomain
from people.models import User


def share_domain(*, domain: str, by: User | None) -> SharedDomain:
    """Let a normalised domain no longer tell companies apart; adding it again changes nothing."""
    shared, _ = SharedDomain.objects.get_or_create(domain=domain, defaults={"added_by": by})
    return shared


def unshare_domain(*, domain: SharedDomain) -> None:
    """Let a domain tell companies apart again."""
    domain.delete()
