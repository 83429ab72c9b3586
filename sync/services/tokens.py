"""Sources, clients and their tokens."""

from __future__ import annotations

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
from sync.connectors.registry import connectors
from sync.models import OWN_SLUG, ApiToken, Client, Source
from sync.registry import resources

PREFIX = "abe_"
LARGEST_RATE = 100_000
ABBREVIATION = 3
# What is made of many resources, and so has a scope of its own; there is nothing to write.
ONLY_READ = ("account-360", "metrics")


class IssuedToken(NamedTuple):
    """A new token and its secret, which is nowhere else."""

    token: ApiToken
    secret: str


def known_scopes() -> list[str]:
    """Return every scope a token can be given."""
    names = ["*", *sorted({resource.scope_name for resource in resources})]
    both = [f"{name}:{action}" for name in names for action in ("read", "write")]
    return [*both, *(f"{name}:read" for name in ONLY_READ)]


@transaction.atomic
def issue_token(
    *,
    source: str,
    scopes: Iterable[str],
    name: str = "",
    function: str = Function.REVOPS,
    days: int | None = None,
    rate: int | None = None,
) -> IssuedToken:
    """Give a client of ``source`` a new token; create source and client where they are missing.

    Without ``days`` the token doesn't expire; without ``rate``, in calls a minute, the installation's limit
    holds. Raises ValidationError naming the field for a malformed source, an unknown scope or function, days
    or a rate out of range.
    """
    given = check_grant(scopes, function)
    if days is not None and not 1 <= days <= 3660:
        raise ValidationError({"days": "A token lasts from 1 to 3,660 days."})
    check_rate(rate)
    client = ensure_client(source=source, name=name)
    secret = new_secret()
    token = ApiToken.objects.create(
        client=client,
        prefix=secret[:12],
        digest=digest_of(secret),
        scopes=given,
        function=function,
        rate=rate,
        expires_at=timezone.now() + timedelta(days=days) if days else None,
    )
    return IssuedToken(token, secret)


def new_secret() -> str:
    """Return 256 random bits in the form that tokens and client secrets have."""
    return PREFIX + secrets.token_urlsafe(32)


def check_grant(scopes: Iterable[str], function: str) -> list[str]:
    """Return the scopes in order, once each.

    Raises ValidationError for an unknown scope, for none, or for an unknown function.
    """
    given = sorted(set(scopes))
    known = known_scopes()
    unknown = [scope for scope in given if scope not in known]
    if unknown or not given:
        named = ", ".join(unknown) or "none given"
        raise ValidationError({"scopes": f"Unknown or no scope: {named}. Known: {', '.join(known)}."})
    if function not in Function.values:
        raise ValidationError(
            {"function": f"Unknown function {function!r}; known: {', '.join(Function.values)}."}
        )
    return given


def check_rate(rate: int | None) -> None:
    """Raise ValidationError for a limit that lets no call through or means nothing."""
    if rate is not None and not 1 <= rate <= LARGEST_RATE:
        raise ValidationError({"rate": f"A limit lies between 1 and {LARGEST_RATE:,} calls a minute."})


def ensure_client(*, source: str, name: str = "") -> Client:
    """Return the client of a source by name, both created where missing. Raises ValidationError for a bad slug."""
    owner = ensure_source(slug=source)
    client, _ = Client.objects.get_or_create(source=owner, name=name or f"{owner.slug} client")
    return client


def ensure_source(*, slug: str, name: str = "") -> Source:
    """Return the source, created where it is missing.

    Raises ValidationError for a malformed slug, and for that of the records made here.
    """
    try:
        validate_slug(slug)
    except ValidationError as error:
        raise ValidationError({"source": "A source is a slug: letters, digits, hyphens."}) from error
    if len(slug) > 64 or slug != slug.lower():
        raise ValidationError({"source": "A source is a slug in lower case of up to 64 characters."})
    if slug == OWN_SLUG:
        raise ValidationError(
            {"source": f"{OWN_SLUG} stands for the records that are made here; choose another slug."}
        )
    source, _ = Source.objects.get_or_create(slug=slug, defaults={"name": name or _usual_name(slug)})
    return source


def _usual_name(slug: str) -> str:
    known = connectors.get(slug)
    if known:
        return known.label
    # Up to three letters are an abbreviation, such as CSV or ERP.
    return slug.upper() if len(slug) <= ABBREVIATION else slug.replace("-", " ").capitalize()


def revoke_token(*, token: ApiToken) -> None:
    """End a token at once; revoking it again changes nothing."""
    ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now())
    token.refresh_from_db(fields=["revoked_at"])


def limit_token(*, token: ApiToken, rate: int | None) -> None:
    """Set how many calls a token may make in a minute; None for the installation's limit. Raises ValidationError."""
    check_rate(rate)
    token.rate = rate
    token.save(update_fields=["rate"])
