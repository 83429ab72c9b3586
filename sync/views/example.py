"""The call that an empty page suggests."""

from __future__ import annotations

from django.http import HttpRequest

FROM_THE_SHELL = "$ABE_TOKEN"


def curl_example(request: HttpRequest, *, source: str = "salesforce", secret: str = "") -> str:
    """Return a command that sends one account to this installation, ready to paste."""
    url = request.build_absolute_uri(f"/api/v1/accounts/{source}/001A0001/")
    return (
        f"curl -X PUT {url} \\\n"
        f'  -H "Authorization: Bearer {secret or FROM_THE_SHELL}" -H "Content-Type: application/json" \\\n'
        """  -d '{"name": "Acme", "domain": "acme.example", "source_updated_at": "2026-11-22T09:00:00Z"}'"""
    )


def oauth_example(request: HttpRequest, *, key: str, secret: str) -> str:
    """Return a command that fetches a token for a client, ready to paste."""
    url = request.build_absolute_uri("/oauth/token/")
    return f"curl -X POST {url} \\\n  -u {key}:{secret} \\\n  -d grant_type=client_credentials"
