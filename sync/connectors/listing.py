"""What the pages show of connections: how each goes, how far behind it is, what its runs did."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.utils import timezone

from sync.connectors.declarations import Stream
from sync.connectors.mapping import missing_required, parts_here
from sync.connectors.registry import connectors
from sync.models import ConnectedObject, Connection, ConnectorRun

TONES = {
    Connection.State.ACTIVE: "green",
    Connection.State.STOPPED: "red",
    Connection.State.PAUSED: "amber",
    Connection.State.DRAFT: "neutral",
}
RUN_TONES = {
    ConnectorRun.State.DONE: "green",
    ConnectorRun.State.RUNNING: "neutral",
    ConnectorRun.State.WAITING: "amber",
    ConnectorRun.State.STOPPED: "red",
}


@dataclass(frozen=True, slots=True)
class ObjectRow:
    """One object of a connection; ``target`` is None where it was never chosen."""

    stream: Stream
    target: ConnectedObject
    becomes: list[str]
    missing: dict[str, list[str]]
    fields: int

    @property
    def lag(self) -> timedelta | None:
        """How long ago the moment is up to which all changes are in."""
        return timezone.now() - self.target.synced_to if self.target.synced_to else None


@dataclass(slots=True)
class ConnectionRow:
    """A connection as a list shows it."""

    connection: Connection
    label: str
    last_run: ConnectorRun | None
    objects: list[ObjectRow] = field(default_factory=list)

    @property
    def tone(self) -> str:
        """The tone of its state; one that tries again is no healthy one."""
        if self.connection.state == Connection.State.ACTIVE and self.connection.failures:
            return "amber"
        return TONES[Connection.State(self.connection.state)]

    @property
    def state(self) -> str:
        """Its state in words."""
        if self.connection.state == Connection.State.ACTIVE and self.connection.failures:
            return "Trying again"
        if self.connection.state == Connection.State.ACTIVE:
            return "On schedule"
        return Connection.State(self.connection.state).label

    @property
    def is_running(self) -> bool:
        """Whether a worker has it now."""
        until = self.connection.lease_until
        return until is not None and until > timezone.now()

    @property
    def lag(self) -> timedelta | None:
        """The longest lag of its objects; None where one of them was never through."""
        lags = [row.lag for row in self.objects if row.target.is_enabled]
        known = [lag for lag in lags if lag is not None]
        return max(known) if known and len(known) == len(lags) else None

    @property
    def lag_in_words(self) -> str | None:
        """The lag in the two largest units that matter."""
        return spell(self.lag) if self.lag is not None else None

    @property
    def runs_next_at(self) -> datetime | None:
        """When it runs next, if it does."""
        return self.connection.next_run_at if self.connection.state == Connection.State.ACTIVE else None


def spell(span: timedelta) -> str:
    """Return a span as minutes, hours or days, whichever says enough."""
    minutes = int(span.total_seconds() // 60)
    if minutes < 1:
        return "less than a minute"
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes // (24 * 60)} days"


def connection_rows(chosen: Iterable[Connection]) -> list[ConnectionRow]:
    """Return the rows of connections, in three queries."""
    held = list(chosen)
    runs = ConnectorRun.objects.filter(connection__in=held).order_by("connection_id", "-started_at", "-pk")
    last = {run.connection_id: run for run in runs.distinct("connection_id")}
    rows = {
        connection.pk: ConnectionRow(
            connection,
            connectors[connection.kind].label if connection.kind in connectors else connection.kind,
            last.get(connection.pk),
        )
        for connection in held
    }
    for target in ConnectedObject.objects.filter(connection__in=held):
        row = rows[target.connection_id]
        connector = connectors.get(row.connection.kind)
        stream = connector.stream(target.key) if connector else None
        if stream is not None and parts_here(stream):
            row.objects.append(
                ObjectRow(
                    stream,
                    target,
                    [resource.key for _, resource in parts_here(stream)],
                    missing_required(stream, target.mapping) if target.is_enabled else {},
                    sum(len(lines) for lines in target.mapping.values()),
                )
            )
    for row in rows.values():
        connector = connectors.get(row.connection.kind)
        order = [stream.key for stream in connector.streams] if connector else []
        row.objects.sort(key=lambda item: order.index(item.stream.key))
    return list(rows.values())
