"""Who sends and who is told, as sections of the configuration: sources, their tokens, connections, webhooks.

Secrets are in no history, so whatever has one can't be brought back once it is gone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError

from common.formatting import format_datetime
from people.configuration.history import UPDATED, Step, spoken
from people.configuration.registry import ConfigSection, Tracked
from people.configuration.restoring import undo_rows
from people.functions import Function
from people.models import User
from sync.configuration.freshness import source_name
from sync.models import (
    ApiToken,
    Client,
    ClientCredential,
    ConnectedObject,
    Connection,
    Source,
    WebhookEndpoint,
)
from sync.webhooks.services import change_endpoint, pause_endpoint, resume_endpoint

SECRETS_ARE_GONE = (
    "A token or secret is in no history, so what ended can't begin again: make a new one on its page."
)

# Settings whose keys aren't words; what a connector calls the others is its own.
SETTINGS = {"way": "signs in by", "base_url": "address of the API"}


def _function(value: str) -> str:
    return str(Function(value).label)


def _client(key: int) -> str:
    found = Client.objects.filter(pk=key).select_related("source").first()
    return str(found) if found else "a removed client"


def _object(key: int) -> str:
    found = ConnectedObject.objects.filter(pk=key).select_related("connection").first()
    return f"{found.key} of {found.connection}" if found else "of a removed connection"


def settings_words(value: Mapping[str, Any]) -> str:
    """Return the settings of a connection in words."""
    return ", ".join(f"{_setting(key)} {each}" for key, each in value.items() if each) or spoken(None)


def secrets_words(value: Mapping[str, str]) -> str:
    """Return when each secret of a connection was typed in."""
    times = {key: format_datetime(datetime.fromisoformat(at)) for key, at in value.items()}
    return ", ".join(f"{_setting(key)} on {at}" for key, at in times.items()) or spoken(None)


def _setting(key: str) -> str:
    return SETTINGS.get(key, key.replace("_", " "))


def undo_endpoints(steps: Sequence[Step], by: User) -> None:
    """Set an endpoint back, through the checks of its address. Raises ValidationError where that won't do."""
    for step in steps:
        if step.kind != UPDATED:
            raise ValidationError(
                "An endpoint that was removed can't come back, for its secret is gone, and one that was added "
                "is removed on its page, with what waits for it."
            )
        held = WebhookEndpoint.objects.get(pk=step.object_id)
        back = {name: getattr(step.before, name) for name in step.changed}
        state = back.pop("state", held.state)
        if back:
            fields = {name: getattr(held, name) for name in ("name", "url", "kinds", "function")}
            change_endpoint(endpoint=held, by=by, **(fields | back))
        if state != held.state and state == WebhookEndpoint.State.DISABLED:
            raise ValidationError("An endpoint is disabled by its failures, never by hand. Pause it instead.")
        if state != held.state:
            act = resume_endpoint if state == WebhookEndpoint.State.ACTIVE else pause_endpoint
            act(endpoint=held, by=by)


CONNECTION = Tracked(
    model=Connection,
    noun="Connection",
    name=lambda event: str(event.name),
    labels={
        "name": "name",
        "state": "state",
        "interval_minutes": "minutes between runs",
        "settings": "settings",
        "secrets_set_at": "secrets typed in",
    },
    show={
        "state": lambda value: Connection.State(value).label.lower(),
        "settings": settings_words,
        "secrets_set_at": secrets_words,
    },
)
CONNECTED_OBJECT = Tracked(
    model=ConnectedObject,
    noun="Object",
    name=lambda event: _object(event.pgh_obj_id),
    labels={"is_enabled": "pulled", "mapping": "mapping"},
    show={"mapping": lambda value: f"{sum(map(len, value.values()))} mapped fields"},
)

SOURCES = ConfigSection(
    key="sources",
    label="Sources and their clients",
    url_name="sync:sources",
    tracks=(
        Tracked(
            model=Source,
            noun="Source",
            name=lambda event: str(event.name),
            labels={"slug": "key", "name": "name"},
        ),
        Tracked(
            model=Client,
            noun="Client",
            name=lambda event: f"{event.name} of {source_name(event.source_id)}",
            labels={"name": "name"},
        ),
    ),
    undo=undo_rows,
)
TOKENS = ConfigSection(
    key="tokens",
    label="Tokens of programs",
    url_name="sync:tokens",
    tracks=(
        Tracked(
            model=ApiToken,
            noun="Token",
            name=lambda event: f"{event.prefix}… of {_client(event.client_id)}",
            labels={
                "scopes": "scopes",
                "function": "reads as",
                "rate": "calls a minute",
                "expires_at": "expires",
                "revoked_at": "revoked",
            },
            show={"function": _function},
        ),
        Tracked(
            model=ClientCredential,
            noun="OAuth client",
            name=lambda event: f"{event.key} of {_client(event.client_id)}",
            labels={
                "scopes": "scopes",
                "function": "reads as",
                "rate": "calls a minute",
                "rotated_at": "new secret",
                "revoked_at": "revoked",
            },
            show={"function": _function},
        ),
    ),
    no_undo=SECRETS_ARE_GONE,
)
CONNECTIONS = ConfigSection(
    key="connections",
    label="Connections",
    url_name="sync:connections",
    tracks=(
        CONNECTION,
        CONNECTED_OBJECT,
    ),
    no_undo="What a connection pulls is checked against the system itself: change it on the connection's page.",
)
WEBHOOKS = ConfigSection(
    key="webhooks",
    label="Webhooks",
    url_name="sync:webhooks",
    tracks=(
        Tracked(
            model=WebhookEndpoint,
            noun="Endpoint",
            name=lambda event: str(event.name),
            labels={
                "name": "name",
                "url": "address",
                "kinds": "events",
                "function": "reads as",
                "state": "state",
            },
            show={
                "function": _function,
                "state": lambda value: WebhookEndpoint.State(value).label.lower(),
            },
        ),
    ),
    undo=undo_endpoints,
)
