"""Links to the tier guide: made, revoked, and noted when used."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from datetime import timedelta
from typing import NamedTuple

import pghistory
from django.core.exceptions import ValidationError
from django.db.models import F
from django.utils import timezone

from people.models import User
from tiers.models import GuideLink

SECRET = re.compile(r"[A-Za-z0-9_-]{43}")
LONGEST_DAYS = 366
NOTE_LENGTH = 128


class NewLink(NamedTuple):
    """A new link and its secret, which is nowhere else."""

    link: GuideLink
    secret: str


def create_link(*, note: str, days: int, by: User) -> NewLink:
    """Make a link that works for so many days. Raises ValidationError by field."""
    note = note.strip()
    if not note or len(note) > NOTE_LENGTH:
        raise ValidationError({"note": f"Say for whom it is, in up to {NOTE_LENGTH} letters."})
    if not 1 <= days <= LONGEST_DAYS:
        raise ValidationError({"days": f"Choose from 1 to {LONGEST_DAYS} days."})
    secret = secrets.token_urlsafe(32)
    with pghistory.context(user=by.pk):
        link = GuideLink.objects.create(
            note=note,
            prefix=secret[:8],
            digest=_digest(secret),
            created_by=by,
            expires_at=timezone.now() + timedelta(days=days),
        )
    return NewLink(link, secret)


def revoke_link(*, link: GuideLink, by: User) -> bool:
    """End a link at once; return whether it was still open."""
    open_ = GuideLink.objects.filter(pk=link.pk, revoked_at=None)
    with pghistory.context(user=by.pk):
        return bool(open_.update(revoked_at=timezone.now(), revoked_by=by))


def use_link(*, secret: str) -> GuideLink | None:
    """Return the link of a secret and note its use; None for one that is unknown, expired or revoked.

    The row is found by the digest of 256 random bits, so that the time this takes tells nothing of a secret.
    """
    if not SECRET.fullmatch(secret):
        return None
    digest = _digest(secret)
    link = GuideLink.objects.filter(digest=digest, revoked_at=None, expires_at__gt=timezone.now()).first()
    if link is None or not hmac.compare_digest(bytes(link.digest), digest):
        return None
    GuideLink.objects.filter(pk=link.pk).update(last_used_at=timezone.now(), uses=F("uses") + 1)
    return link


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
