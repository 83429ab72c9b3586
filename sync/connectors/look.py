"""Look before pulling: does the sign-in work, which fields are there, what would the first page become."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar

from django.db import transaction

from sync.connectors.access import connector_of, open_session
from sync.connectors.declarations import Clock, Page, Session, Stream
from sync.connectors.errors import ConnectorError, TokenExpiredError, UnavailableError, told
from sync.connectors.mapping import MappingByResource, map_items, needed_fields, parts_here
from sync.connectors.services import add_objects, keep_schema
from sync.connectors.write import apply_records
from sync.declarations import FieldError
from sync.models import ConnectedObject, Connection

SHOWN = 25

T = TypeVar("T")


@dataclass(slots=True)
class PreviewRow:
    """One record of the first page as it would come in."""

    resource: str
    external_id: str
    status: str
    fields: Mapping[str, Any]
    errors: Sequence[FieldError] = ()


@dataclass(slots=True)
class Preview:
    """What the first page would become; nothing of it was written."""

    rows: list[PreviewRow] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=dict)
    deletions: int = 0
    total: int = 0


def try_connection(connection: Connection, clock: Clock | None = None) -> str:
    """Sign in, learn each object's fields and return whose system it is; raises ConnectorError without secrets."""
    clock = clock or Clock()

    def look(session: Session) -> str:
        found = session.test()
        add_objects(connection=connection)
        streams = {stream.key: stream for stream in connector_of(connection).streams}
        for target in connection.objects_pulled.filter(is_enabled=True):
            if target.key in streams:
                _learn(session, target, streams[target.key], clock)
        return found

    return _ask(connection, clock, look)


def learn_fields(target: ConnectedObject, stream: Stream, clock: Clock | None = None) -> None:
    """Ask the system for an object's fields and keep them; raises ConnectorError without secrets."""
    clock = clock or Clock()
    _ask(target.connection, clock, lambda session: _learn(session, target, stream, clock))


def preview_object(
    target: ConnectedObject, stream: Stream, mapping: MappingByResource, clock: Clock | None = None
) -> Preview:
    """Return what the first page would become with ``mapping``; raises ConnectorError without secrets.

    Runs the pipeline and undoes it, so that matches, rules and references are judged as they would be.
    """
    page = _ask(
        target.connection,
        clock or Clock(),
        lambda session: session.fetch(stream, {}, needed_fields(stream, mapping)),
    )
    with transaction.atomic():
        # All parts in one go and undone together, so that a line finds its contract.
        preview = _judge(target.connection, stream, mapping, page)
        transaction.set_rollback(True)
    return preview


def _judge(connection: Connection, stream: Stream, mapping: MappingByResource, page: Page) -> Preview:
    mapped = map_items(stream, mapping, page.items)
    preview = Preview(left_out=dict(mapped.left_out), total=len(page.items))
    for part, resource in parts_here(stream):
        preview.deletions += len(mapped.deletions[part.resource])
        records = mapped.records[part.resource]
        if not records:
            continue
        outcome = apply_records(resource, connection.source, records)
        for record, result in zip(records, outcome.results, strict=True):
            preview.counts[result.status] = preview.counts.get(result.status, 0) + 1
            if len(preview.rows) < SHOWN or (result.errors and len(preview.rows) < 2 * SHOWN):
                shown = {
                    key: value
                    for key, value in record.items()
                    if key not in ("external_id", "source_updated_at", "custom")
                }
                shown |= {f"custom.{key}": value for key, value in record.get("custom", {}).items()}
                preview.rows.append(
                    PreviewRow(resource.singular, record["external_id"], result.status, shown, result.errors)
                )
    return preview


def _learn(session: Session, target: ConnectedObject, stream: Stream, clock: Clock) -> None:
    keep_schema(target=target, schema=[asdict(item) for item in session.describe(stream)], at=clock.now())


def _ask(connection: Connection, clock: Clock, question: Callable[[Session], T]) -> T:
    """Ask with a session, signing in again once; what a ConnectorError quotes is freed of secrets.

    Whatever else goes wrong is an answer of another form than the system's, and is told as such.
    """
    secrets: list[str] = []
    try:
        session, secrets = open_session(connection, clock)
        with session:
            try:
                return question(session)
            except TokenExpiredError:
                session.sign_in()
                return question(session)
    except ConnectorError as error:
        error.message = told(error.message, secrets)
        error.args = (error.message,)
        raise
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise UnavailableError("The system answered in a form that we don't know.") from error
