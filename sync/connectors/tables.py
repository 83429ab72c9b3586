"""Connections, what they pull and what their runs did, as tables for files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from common.export import Offer, Table, table_of
from sync.connectors.history import Decision
from sync.connectors.listing import ConnectionRow, ObjectRow
from sync.models import Connection, ConnectorRun

CHUNK = 500


def connections_table(rows: Sequence[ConnectionRow]) -> Table:
    """Return the connections as their list shows them; never a secret."""
    return table_of(
        "connections",
        rows,
        [
            ("name", "Connection", lambda each: each.connection.name),
            ("system", "System", lambda each: each.label),
            ("source", "Source", lambda each: each.connection.source.slug),
            ("state", "State", lambda each: "Running now" if each.is_running else each.state),
            ("problem", "Problem", lambda each: each.connection.problem),
            ("remedy", "What to do", lambda each: each.connection.remedy),
            ("behind_seconds", "Behind by (s)", lambda each: each.lag and int(each.lag.total_seconds())),
            ("last_run_at", "Last run", lambda each: each.last_run and each.last_run.started_at),
            ("rows", "Rows", lambda each: each.last_run.rows if each.last_run else 0),
            ("rejected", "Rejected", lambda each: each.last_run.rejected if each.last_run else 0),
            ("next_run_at", "Next run", lambda each: each.runs_next_at),
        ],
    )


def connection_offers(row: ConnectionRow, decisions: Sequence[Decision]) -> list[Offer]:
    """Return the lists of a connection's page that hold something."""
    offers = []
    if row.objects:
        offers.append(Offer("objects", "What it pulls", lambda: _objects_table(row.objects)))
    offers.append(Offer("runs", "Runs", lambda: _runs_table(row.connection)))
    if decisions:
        offers.append(Offer("decisions", "Who changed what", lambda: _decisions_table(decisions)))
    return offers


def run_offers(
    run: ConnectorRun,
    steps: Sequence[tuple[str, dict[str, Any]]],
    left_out: Sequence[tuple[str, int]],
    cursors: Sequence[tuple[str, str, str]],
) -> list[Offer]:
    """Return the lists of a run's page that hold something."""
    named = f"run-{run.pk}"
    offers = []
    if run.samples:
        offers.append(Offer("rejected", "Rejected records", lambda: _samples_table(named, run.samples)))
    if left_out:
        offers.append(
            Offer(
                "left-out",
                "Left out or left open",
                lambda: table_of(
                    f"{named}-left-out",
                    left_out,
                    [
                        ("reason", "Reason", lambda each: each[0]),
                        ("records", "Records", lambda each: each[1]),
                    ],
                ),
            )
        )
    if steps:
        offers.append(Offer("steps", "How far it got", lambda: _steps_table(named, steps)))
    if cursors:
        offers.append(
            Offer(
                "cursors",
                "Cursors",
                lambda: table_of(
                    f"{named}-cursors",
                    cursors,
                    [
                        ("object", "Object", lambda each: each[0]),
                        ("before", "Before", lambda each: each[1]),
                        ("after", "After", lambda each: each[2]),
                    ],
                ),
            )
        )
    return offers


def _objects_table(objects: Sequence[ObjectRow]) -> Table:
    return table_of(
        "pulled-objects",
        objects,
        [
            ("object", "Object", lambda each: each.stream.label),
            ("becomes", "Becomes", lambda each: each.becomes),
            ("is_enabled", "Pulled", lambda each: each.target.is_enabled),
            ("missing", "Required fields missing", _missing),
            ("fields", "Fields", lambda each: each.fields),
            ("synced_to", "Complete up to", lambda each: each.target.synced_to),
        ],
    )


def _missing(row: ObjectRow) -> list[str]:
    return [f"{resource}: {field}" for resource, fields in row.missing.items() for field in fields]


def _runs_table(connection: Connection) -> Table:
    return table_of(
        f"runs-of-{connection.source.slug}",
        connection.runs.order_by("-started_at", "-pk").iterator(chunk_size=CHUNK),
        [
            ("id", "Run", lambda each: each.pk),
            ("started_at", "Started", lambda each: each.started_at),
            ("finished_at", "Ended", lambda each: each.finished_at),
            ("is_manual", "By hand", lambda each: each.is_manual),
            ("state", "Result", lambda each: each.get_state_display()),
            ("error", "What went wrong", lambda each: each.error),
            ("attempts", "Attempts", lambda each: each.attempts),
            ("pages", "Pages", lambda each: each.pages),
            ("rows", "Rows", lambda each: each.rows),
            ("created", "Created", lambda each: each.created),
            ("updated", "Updated", lambda each: each.updated),
            ("unchanged", "Unchanged", lambda each: each.unchanged),
            ("deleted", "Deleted", lambda each: each.deleted),
            ("stale", "Stale", lambda each: each.stale),
            ("pending", "Pending", lambda each: each.pending),
            ("left_out", "Left out", lambda each: each.skipped),
            ("rejected", "Rejected", lambda each: each.rejected),
        ],
    )


def _decisions_table(decisions: Sequence[Decision]) -> Table:
    return table_of(
        "decisions",
        decisions,
        [
            ("at", "When", lambda each: each.at),
            ("who", "Who", lambda each: each.who or "By itself"),
            ("what", "What", lambda each: each.what),
        ],
    )


def _samples_table(named: str, samples: Sequence[dict[str, Any]]) -> Table:
    return table_of(
        f"{named}-rejected",
        samples,
        [
            ("resource", "Resource", lambda each: each.get("resource", "")),
            ("external_id", "Record", lambda each: each.get("external_id", "")),
            ("errors", "What is wrong", lambda each: [_error(error) for error in each.get("errors", [])]),
        ],
    )


def _error(error: dict[str, Any]) -> str:
    field = error.get("field")
    return f"{field}: {error.get('detail', '')}" if field else str(error.get("detail", ""))


def _steps_table(named: str, steps: Sequence[tuple[str, dict[str, Any]]]) -> Table:
    return table_of(
        f"{named}-progress",
        steps,
        [
            ("object", "Object", lambda each: each[0]),
            ("pages", "Pages", lambda each: each[1].get("pages")),
            ("rows", "Rows", lambda each: each[1].get("rows")),
            ("is_done", "Through", lambda each: bool(each[1].get("done"))),
        ],
    )
