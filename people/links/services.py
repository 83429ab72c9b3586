"""Secret links: made, revoked, and noted when used."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from datetime import timedelta
from typing import Any, Generic, NamedTuple, TypeVar

import pghistory
from django.core.exceptions import ValidationError
from django.db.models import F, QuerySet
from django.utils import timezone

from people.links.models import SecretLink
from people.models import User

SECRET = re.compile(r"[A-Za-z0-9_-]{43}")
LONGEST_DAYS = 366
NOTE_LENGTH = 128

L = TypeVar("L", bound=SecretLink)


class NewLink(NamedTuple, Generic[L]):
    """A new link and its secret, which is nowhere else."""

    link: L
    secret: str


def create_link(model: type[L], *, note: str, days: int, by: User, **own: Any) -> NewLink[L]:
    """Make a link that works for so many days; ``own`` are the model's columns. Raises ValidationError by field."""
    note = note.strip()
    if not note or len(note) > NOTE_LENGTH:
        raise ValidationError({"note": f"Say for whom it is, in up to {NOTE_LENGTH} letters."})
    if not 1 <= days <= LONGEST_DAYS:
        raise ValidationError({"days": f"Choose from 1 to {LONGEST_DAYS} days."})
    secret = secrets.token_urlsafe(32)
    with pghistory.context(user=by.pk):
        link = _all(model).create(
            note=note,
            prefix=secret[:8],
            digest=_digest(secret),
            created_by=by,
            expires_at=timezone.now() + timedelta(days=days),
            **own,
        )
    return NewLink(link, secret)


def revoke_link(*, link: SecretLink, by: User) -> bool:
    """End a link at once; return whether it was still open."""
    open_ = _all(type(link)).filter(pk=link.pk, revoked_at=None)
    with pghistory.context(user=by.pk):
        return bool(open_.update(revoked_at=timezone.now(), revoked_by=by))


def use_link(model: type[L], *, secret: str) -> L | None:
    """Return the link of a secret and note its use; None for one that is unknown, expired or revoked.

    The row is found by the digest of 256 random bits, so that the time this takes tells nothing of a secret.
    """
    if not SECRET.fullmatch(secret):
        return None
    digest = _digest(secret)
    link = _all(model).filter(digest=digest, revoked_at=None, expires_at__gt=timezone.now()).first()
    if link is None or not hmac.compare_digest(bytes(link.digest), digest):
        return None
    _all(model).filter(pk=link.pk).update(last_used_at=timezone.now(), uses=F("uses") + 1)
    return link


def _all(model: type[L]) -> QuerySet[L]:
    return model._default_manager.all()  # noqa: SLF001 - Django's own name for it


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
