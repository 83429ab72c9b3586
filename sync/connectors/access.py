"""Settings of a connection: what is kept in the clear, what is sealed, and a session from both."""

from __future__ import annotations

import json
from collections.abc import Mapping

from django.core.exceptions import ValidationError

from common.encryption import UndecipherableError, decrypt, encrypt
from sync.connectors.declarations import Clock, Connector, Session
from sync.connectors.errors import BadCredentialsError, UnrecoverableError
from sync.connectors.hosts import check_address
from sync.connectors.registry import connectors
from sync.models import Connection

WAY = "way"


def connector_of(connection: Connection) -> Connector:
    """Return the connector. Raises UnrecoverableError where this installation no longer has it."""
    connector = connectors.get(connection.kind)
    if connector is None:
        raise UnrecoverableError(
            f"This installation has no connector {connection.kind!r}.",
            "Install it again, or delete the connection.",
        )
    return connector


def secrets_of(connection: Connection) -> dict[str, str]:
    """Return the secret settings. Raises BadCredentialsError where they were sealed with a key that is gone."""
    if not connection.sealed:
        return {}
    try:
        held: dict[str, str] = json.loads(decrypt(connection.sealed))
    except UndecipherableError as error:
        raise BadCredentialsError(str(error), "Type the secrets in again.") from error
    return held


def seal(secrets: Mapping[str, str]) -> str:
    """Return secrets as they are stored."""
    return encrypt(json.dumps(dict(secrets)))


def open_session(connection: Connection, clock: Clock) -> tuple[Session, list[str]]:
    """Return a session and the secrets that must not show in any text that comes of it.

    Raises UnrecoverableError for settings that don't do: hosts are checked each time, since what is allowed may
    have changed.
    """
    connector = connector_of(connection)
    secrets = secrets_of(connection)
    config = {**connection.settings, **secrets}
    for setting in connector.settings:
        if setting.hosts and config.get(setting.key):
            try:
                check_address(config[setting.key], setting.hosts)
            except ValidationError as error:
                raise UnrecoverableError(
                    f"{setting.label}: {' '.join(error.messages)}", "Correct the address in the settings."
                ) from error
    return connector.open(config, clock), list(secrets.values())
