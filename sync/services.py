"""Writes about clients and their tokens."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from datetime import timedelta
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.core.validators import validate_slug
from django.db import transaction
from django.utils import timezone

from people.functions import Function
from sync.authentication import digest_of
from sync.models import ApiToken, Client, Source
from sync.registry import resources

PREFIX = "abe_"
SCOPE = re.compile(r"^(?P<name>\*|[a-z0-9-]+):(?P<action>read|write)$")


class IssuedToken(NamedTuple):
    """A new token and its secret, which is nowhere else."""

    token: ApiToken
    secret: str


def known_scopes() -> list[str]:
    """Return every scope a token can be given."""
    names = ["*", *sorted({resource.scope_name for resource in resources}), "metrics"]
    return [f"{name}:{action}" for name in names for action in ("read", "write")]


@transaction.atomic
def issue_token(
    *,
    source: str,
    scopes: Iterable[str],
    name: str = "",
    function: str = Function.REVOPS,
    days: int | None = None,
) -> IssuedToken:
    """Give a client of ``source`` a new token; create source and client where they are missing.

    Without ``days`` the token doesn't expire. Raises ValidationError naming the field for a malformed
    source, an unknown scope or function, or days below one.
    """
    given = sorted(set(scopes))
    unknown = [scope for scope in given if scope not in known_scopes()]
    if unknown or not given:
        known = ", ".join(known_scopes())
        raise ValidationError(
            {"scopes": f"Unknown or no scope: {', '.join(unknown) or 'none given'}. Known: {known}."}
        )
    if function not in Function.values:
        raise ValidationError(
            {"function": f"Unknown function {function!r}; known: {', '.join(Function.values)}."}
        )
    if days is not None and not 1 <= days <= 3660:
        raise ValidationError({"days": "A token lasts from 1 to 3,660 days."})
    owner = ensure_source(slug=source)
    client, _ = Client.objects.get_or_create(source=owner, name=name or f"{owner.slug} client")
    secret = PREFIX + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        client=client,
        prefix=secret[:12],
        digest=digest_of(secret),
        scopes=given,
        function=function,
        expires_at=timezone.now() + timedelta(days=days) if days else None,
    )
    return IssuedToken(token, secret)


def ensure_source(*, slug: str, name: str = "") -> Source:
    """Return the source, created where it is missing. Raises ValidationError for a malformed slug."""
    try:
        validate_slug(slug)
    except ValidationError as error:
        raise ValidationError({"source": "A source is a slug: letters, digits, hyphens."}) from error
    if len(slug) > 64 or slug != slug.lower():
        raise ValidationError({"source": "A source is a slug in lower case of up to 64 characters."})
    source, _ = Source.objects.get_or_create(
        slug=slug, defaults={"name": name or slug.replace("-", " ").capitalize()}
    )
    return source


def revoke_token(*, token: ApiToken) -> None:
    """End a token at once; revoking it again changes nothing."""
    ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now())
    token.refresh_from_db(fields=["revoked_at"])
