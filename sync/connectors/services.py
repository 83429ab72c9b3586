"""Writes about connections: set up, changed, started, paused, begun anew, deleted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from sync.connectors.access import WAY, seal, secrets_of
from sync.connectors.declarations import Connector, Stream
from sync.connectors.errors import BadCredentialsError
from sync.connectors.hosts import check_address
from sync.connectors.lease import OPEN, open_run
from sync.connectors.mapping import CUSTOM, MappingByResource, parts_here, usual_mapping
from sync.connectors.registry import connectors
from sync.connectors.tasks import call_worker
from sync.connectors.text import storable
from sync.models import ConnectedObject, Connection, ConnectorRun
from sync.services import ensure_source

MAX_INTERVAL = 7 * 24 * 60
ANOTHER_NAME = "Another connection has this name."


@transaction.atomic
def create_connection(*, kind: str, name: str, source: str, values: Mapping[str, str]) -> Connection:
    """Set a connection up, not started, with every object that we have a place for and the usual mapping.

    ``values`` are the settings, secrets and the way of signing in among them. Raises ValidationError by field.
    """
    connector = connectors.get(kind)
    if connector is None:
        raise ValidationError({"kind": "There is no such connector."})
    cleaned = check_settings(connector, values)
    if Connection.objects.filter(name=name).exists():
        raise ValidationError({"name": ANOTHER_NAME})
    owner = ensure_source(slug=source)
    if Connection.objects.filter(source=owner).exists():
        raise ValidationError(
            {"source": "Another connection feeds this source; give this one a source of its own."}
        )
    connection = Connection(kind=kind, name=name, source=owner)
    _keep(connection, connector, cleaned, {})
    _save(connection)
    add_objects(connection=connection, is_enabled=True)
    return connection


@transaction.atomic
def add_objects(*, connection: Connection, is_enabled: bool = False) -> None:
    """Add the objects that we have a place for and the connection doesn't know, with the usual mapping.

    A place may come with an update; then the object is offered, and pulled only once somebody switches it on.
    """
    ConnectedObject.objects.bulk_create(
        [
            ConnectedObject(
                connection=connection, key=stream.key, mapping=usual_mapping(stream), is_enabled=is_enabled
            )
            for stream in connectors[connection.kind].streams
            if parts_here(stream)
        ],
        ignore_conflicts=True,
    )


@transaction.atomic
def change_connection(*, connection: Connection, name: str, values: Mapping[str, str]) -> None:
    """Change name and settings; a secret left blank stays. Raises ValidationError by field.

    With another address every secret must be typed again: otherwise whoever may change the address could have
    the secrets sent there. A stopped connection stays stopped until it is resumed.
    """
    connector = connectors[connection.kind]
    try:
        held = secrets_of(connection)
    except BadCredentialsError:
        held = {}
    way = values.get(WAY) or connection.settings.get(WAY, "")
    moved = [
        setting.key
        for setting in connector.settings
        if setting.hosts
        and _address(values.get(setting.key)) != _address(connection.settings.get(setting.key))
    ]
    if moved or way != connection.settings.get(WAY, ""):
        held = {}
    try:
        cleaned = check_settings(
            connector, {**held, **{key: value for key, value in values.items() if value}}
        )
    except ValidationError as error:
        if moved:
            _explain_retyping(connector, error)
        raise
    if Connection.objects.filter(name=name).exclude(pk=connection.pk).exists():
        raise ValidationError({"name": ANOTHER_NAME})
    connection.name = name
    _keep(connection, connector, cleaned, held)
    _save(connection, "name", "settings", "sealed", "secrets_set_at")


def _save(connection: Connection, *fields: str) -> None:
    try:
        connection.save(update_fields=fields or None)
    except IntegrityError as error:  # somebody else took the name or the source in this moment
        raise ValidationError({"name": "Another connection has this name or source."}) from error


def check_settings(connector: Connector, values: Mapping[str, str]) -> dict[str, str]:
    """Return the settings that the way of signing in needs. Raises ValidationError by field."""
    errors: dict[str, str] = {}
    cleaned: dict[str, str] = {}
    ways = [key for key, _ in connector.ways]
    way = values.get(WAY, "") or (ways[0] if ways else "")
    if ways and way not in ways:
        errors[WAY] = "Choose one of the ways to sign in."
    cleaned[WAY] = way
    for setting in connector.settings:
        if not setting.applies(way):
            continue
        value = (values.get(setting.key) or setting.default).strip()
        if not value:
            if setting.is_required:
                errors[setting.key] = "This field is required."
            continue
        if setting.hosts:
            try:
                value = check_address(value, setting.hosts)
            except ValidationError as error:
                errors[setting.key] = " ".join(error.messages)
        if not setting.is_long and not value.isprintable():
            errors[setting.key] = "This holds characters that no such value has, such as a line break."
        cleaned[setting.key] = value
    if errors:
        raise ValidationError(errors)
    return cleaned


def _keep(
    connection: Connection, connector: Connector, cleaned: dict[str, str], held: Mapping[str, str]
) -> None:
    secret = connector.secrets()
    secrets = {key: value for key, value in cleaned.items() if key in secret}
    now = timezone.now().isoformat()
    connection.secrets_set_at = {
        key: connection.secrets_set_at.get(key, now) if held.get(key) == value else now
        for key, value in secrets.items()
    }
    connection.settings = {key: value for key, value in cleaned.items() if key not in secret}
    connection.sealed = seal(secrets)


def _address(value: str | None) -> str:
    return (value or "").strip().rstrip("/").lower().removeprefix("https://")


def _explain_retyping(connector: Connector, error: ValidationError) -> None:
    for setting in connector.settings:
        if setting.is_secret and setting.key in error.error_dict:
            error.error_dict[setting.key] = [
                ValidationError("The address changed, so type this in again: it is not sent to another host.")
            ]


@transaction.atomic
def start_connection(*, connection: Connection) -> None:
    """Let a connection run on its schedule, first at once; resuming goes on from where it was."""
    held = Connection.objects.select_for_update().get(pk=connection.pk)
    if held.state == Connection.State.ACTIVE:
        return
    held.state = Connection.State.ACTIVE
    held.problem = held.remedy = ""
    held.failures = 0
    held.next_run_at = timezone.now()
    held.save(update_fields=["state", "problem", "remedy", "failures", "next_run_at"])
    transaction.on_commit(lambda: call_worker(held.pk))


@transaction.atomic
def pause_connection(*, connection: Connection) -> None:
    """Stop after the page under way, which is not written any more; the open run goes on when resumed."""
    held = Connection.objects.select_for_update().get(pk=connection.pk)
    held.state = Connection.State.PAUSED
    held.next_run_at = None
    held.lease = held.lease_until = None
    held.save(update_fields=["state", "next_run_at", "lease", "lease_until"])
    held.runs.filter(state__in=OPEN).update(state=ConnectorRun.State.WAITING)


@transaction.atomic
def run_now(*, connection: Connection) -> bool:
    """Run an active connection ahead of its time; False where it isn't active."""
    held = Connection.objects.select_for_update().get(pk=connection.pk)
    if held.state != Connection.State.ACTIVE:
        return False
    now = timezone.now()
    held.next_run_at = now
    held.save(update_fields=["next_run_at"])
    if not held.runs.filter(state__in=OPEN).exists():
        open_run(held, now, is_manual=True)
    transaction.on_commit(lambda: call_worker(held.pk))
    return True


@transaction.atomic
def set_schedule(*, connection: Connection, minutes: int) -> None:
    """Set how often a connection runs. Raises ValidationError for less than a minute or more than a week."""
    if not 1 <= minutes <= MAX_INTERVAL:
        raise ValidationError({"interval_minutes": "From 1 minute to 7 days."})
    held = Connection.objects.select_for_update().get(pk=connection.pk)
    held.interval_minutes = minutes
    if held.next_run_at is not None:
        held.next_run_at = min(held.next_run_at, timezone.now() + timedelta(minutes=minutes))
    held.save(update_fields=["interval_minutes", "next_run_at"])


@transaction.atomic
def reset_object(*, target: ConnectedObject) -> None:
    """Forget how far an object has got, so that the next run reads all of it; what is held already is unchanged."""
    connection = Connection.objects.select_for_update().get(pk=target.connection_id)
    held = ConnectedObject.objects.select_for_update().get(pk=target.pk)
    held.cursor = {}
    held.synced_to = None
    held.save(update_fields=["cursor", "synced_to"])
    _cut_short(connection, "It was cut short: an object is to be read from the beginning.")


@transaction.atomic
def change_object(
    *, target: ConnectedObject, stream: Stream, is_enabled: bool, mapping: MappingByResource
) -> None:
    """Set whether an object is pulled and what its fields fill. Raises ValidationError for a field given twice.

    What is held keeps the values that the old mapping gave it, until the record changes or the object is reset.
    """
    for part, resource in parts_here(stream):
        targets = [line["target"] for line in mapping.get(part.resource, [])]
        for name in targets:
            if targets.count(name) > 1:
                raise ValidationError(f"Two fields would fill {name}. Choose one, or another name.")
            if not name.startswith(CUSTOM) and name not in resource.fields_by_name:
                raise ValidationError(f"{resource.singular.capitalize()} has no field {name}.")
    connection = Connection.objects.select_for_update().get(pk=target.connection_id)
    held = ConnectedObject.objects.select_for_update().get(pk=target.pk)
    if held.is_enabled == is_enabled and held.mapping == mapping:
        return
    held.is_enabled = is_enabled
    held.mapping = mapping
    held.save(update_fields=["is_enabled", "mapping"])
    _cut_short(connection, "It was cut short: the mapping was changed.")


@transaction.atomic
def keep_schema(*, target: ConnectedObject, schema: list[dict[str, Any]], at: datetime) -> None:
    """Keep the fields that the system says an object has."""
    target.schema, target.schema_at = storable(schema), at
    ConnectedObject.objects.filter(pk=target.pk).update(schema=target.schema, schema_at=at)


@transaction.atomic
def delete_connection(*, connection: Connection) -> None:
    """Forget a connection with its secrets, cursors and runs; the source and what came from it stay."""
    Connection.objects.select_for_update().get(pk=connection.pk).delete()


def _cut_short(connection: Connection, reason: str) -> None:
    """End the open run and whoever works on it, so that the next one goes by what was just changed."""
    now = timezone.now()
    connection.runs.filter(state__in=OPEN).update(
        state=ConnectorRun.State.STOPPED, finished_at=now, error=reason, remedy=""
    )
    connection.lease = connection.lease_until = None
    if connection.state == Connection.State.ACTIVE:
        connection.next_run_at = now
    connection.save(update_fields=["lease", "lease_until", "next_run_at"])


@transaction.atomic
def note_trial(*, connection: Connection, problem: str, remedy: str) -> None:
    """Keep what a trial of the sign-in said, except while the connection runs and says so itself."""
    held = Connection.objects.select_for_update().get(pk=connection.pk)
    if held.state != Connection.State.ACTIVE:
        held.problem, held.remedy = storable(problem), remedy
        held.save(update_fields=["problem", "remedy"])
