"""The call that an empty page suggests."""

from __future__ import annotations

from django.http import HttpRequest

from sync.authentication import allows
from sync.registry import resources

FROM_THE_SHELL = "$ABE_TOKEN"


def curl_example(request: HttpRequest, *, source: str = "salesforce", secret: str = "") -> str:
    """Return a command that sends one account to this installation, ready to paste."""
    url = request.build_absolute_uri(f"/api/v1/accounts/{source}/001A0001/")
    return (
        f"curl -X PUT {url} \\\n"
        f'  -H "Authorization: Bearer {secret or FROM_THE_SHELL}" \\\n'
        f'  -H "Content-Type: application/json" \\\n'
        """  -d '{"name": "Acme", "domain": "acme.example", "source_updated_at": "2026-11-22T09:00:00Z"}'"""
    )


def token_example(request: HttpRequest, *, source: str, secret: str, scopes: list[str]) -> str:
    """Return a command that a token of these scopes may really run; empty where none comes to mind."""
    if allows(scopes, "accounts", "write"):
        return curl_example(request, source=source, secret=secret)
    bearer = f'-H "Authorization: Bearer {secret}"'
    for resource in resources:
        if allows(scopes, resource.scope_name, "read"):
            url = request.build_absolute_uri(f"/api/v1/{resource.key}/?page_size=10")
            return f'curl "{url}" \\\n  {bearer}'
    for resource in resources:
        if allows(scopes, resource.scope_name, "write"):
            url = request.build_absolute_uri(f"/api/v1/{resource.key}/bulk/?mode=dry_run")
            return (
                f'curl -X POST "{url}" \\\n  {bearer} \\\n'
                '  -H "Content-Type: application/json" \\\n'
                """  -d '[{"external_id": "1"}]'"""
            )
    return ""


def oauth_example(request: HttpRequest, *, key: str, secret: str) -> str:
    """Return a command that fetches a token for a client, ready to paste."""
    url = request.build_absolute_uri("/oauth/token/")
    return f"curl -X POST {url} \\\n  -u {key}:{secret} \\\n  -d grant_type=client_credentials"
