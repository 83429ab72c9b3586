"""OAuth 2 client credentials, and the short-lived tokens that they are exchanged for."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import timedelta
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from people.functions import Function
from sync.authentication import digest_of
from sync.models import ApiToken, ClientCredential
from sync.services.tokens import check_grant, check_rate, ensure_client, new_secret

ACCESS_TOKEN_SECONDS = 3600
# An expired token stays for a while, so that its owner is told "expired" rather than "unknown".
KEEP_EXPIRED = timedelta(days=1)
KEY_PREFIX = "abec_"


class IssuedCredential(NamedTuple):
    """A credential and its secret, which is nowhere else."""

    credential: ClientCredential
    secret: str


@transaction.atomic
def issue_credential(
    *,
    source: str,
    scopes: Iterable[str],
    name: str = "",
    function: str = Function.REVOPS,
    rate: int | None = None,
) -> IssuedCredential:
    """Give a client of ``source`` a client id and secret; create source and client where they are missing.

    Raises ValidationError naming the field, as ``issue_token`` does.
    """
    given = check_grant(scopes, function)
    check_rate(rate)
    secret = new_secret()
    credential = ClientCredential.objects.create(
        client=ensure_client(source=source, name=name),
        key=KEY_PREFIX + secrets.token_hex(12),
        digest=digest_of(secret),
        scopes=given,
        function=function,
        rate=rate,
    )
    return IssuedCredential(credential, secret)


@transaction.atomic
def rotate_secret(*, credential: ClientCredential) -> IssuedCredential:
    """Give a credential a new secret; the old one ends at once, tokens issued before live out their hour.

    Raises ValidationError for a revoked one. Locks the credential.
    """
    held = ClientCredential.objects.select_for_update().get(pk=credential.pk)
    if held.revoked_at is not None:
        raise ValidationError("The client was revoked; issue a new one instead.")
    secret = new_secret()
    held.digest = digest_of(secret)
    held.rotated_at = timezone.now()
    held.save(update_fields=["digest", "rotated_at"])
    return IssuedCredential(held, secret)


@transaction.atomic
def revoke_credential(*, credential: ClientCredential) -> None:
    """End a credential and every token issued to it at once; revoking it again changes nothing."""
    now = timezone.now()
    ClientCredential.objects.filter(pk=credential.pk, revoked_at=None).update(revoked_at=now)
    ApiToken.objects.filter(credential=credential, revoked_at=None).update(revoked_at=now)
    credential.refresh_from_db(fields=["revoked_at"])


def limit_credential(*, credential: ClientCredential, rate: int | None) -> None:
    """Set how many calls a minute the tokens of a credential may make together. Raises ValidationError."""
    check_rate(rate)
    credential.rate = rate
    credential.save(update_fields=["rate"])


@transaction.atomic
def issue_access_token(*, credential: ClientCredential, secret: str, scopes: Iterable[str]) -> ApiToken:
    """Store a token for ``ACCESS_TOKEN_SECONDS`` that a credential has asked for, and note its use.

    Waits for a revocation that is under way, so that no token outlives it. Raises ClientCredential.DoesNotExist
    where the credential has been revoked meanwhile.
    """
    now = timezone.now()
    held = ClientCredential.objects.select_for_update().get(pk=credential.pk, revoked_at=None)
    held.last_used_at = now
    held.save(update_fields=["last_used_at"])
    return ApiToken.objects.create(
        client_id=held.client_id,
        credential=held,
        prefix=secret[:12],
        digest=digest_of(secret),
        scopes=sorted(set(scopes)),
        function=held.function,
        expires_at=now + timedelta(seconds=ACCESS_TOKEN_SECONDS),
    )


def prune_access_tokens() -> int:
    """Forget tokens of credentials that expired a while ago; return how many."""
    gone = ApiToken.objects.filter(credential__isnull=False, expires_at__lt=timezone.now() - KEEP_EXPIRED)
    return gone.delete()[0]
