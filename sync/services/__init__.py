"""Writes about clients, their tokens and credentials, and about records that wait."""

from sync.services.credentials import (
    IssuedCredential,
    issue_access_token,
    issue_credential,
    limit_credential,
    prune_access_tokens,
    revoke_credential,
    rotate_secret,
)
from sync.services.pending import Retried, discard_records, retry_records
from sync.services.tokens import (
    IssuedToken,
    ensure_client,
    ensure_source,
    issue_token,
    known_scopes,
    limit_token,
    revoke_token,
)

__all__ = [
    "IssuedCredential",
    "IssuedToken",
    "Retried",
    "discard_records",
    "ensure_client",
    "ensure_source",
    "issue_access_token",
    "issue_credential",
    "issue_token",
    "known_scopes",
    "limit_credential",
    "limit_token",
    "prune_access_tokens",
    "retry_records",
    "revoke_credential",
    "revoke_token",
    "rotate_secret",
]
