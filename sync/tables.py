"""The lists on sync as tables for files: what the pages show, row by row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from django.db.models import QuerySet

from common.export import Table, table_of
from sync.freshness.listing import source_rows
from sync.listing import Blocker, oauth_clients, tokens_by_client
from sync.models import ApiToken, Batch, Change, Import, Link, PendingRecord, WebhookDelivery
from sync.pipeline.batch import STATUSES
from sync.webhooks.listing import endpoints_overview

# Rows read at a time: a file may be as long as the table.
CHUNK = 2000


def batches_table(found: QuerySet[Batch]) -> Table:
    """Return batches as the list shows them."""
    return table_of(
        "batches",
        found.iterator(chunk_size=CHUNK),
        [
            ("id", "Batch", lambda each: each.pk),
            ("received_at", "Received", lambda each: each.received_at),
            ("source", "Source", lambda each: each.source.slug),
            ("resource", "Resource", lambda each: each.resource),
            ("mode", "Mode", lambda each: each.get_mode_display()),
            ("created", "Created", lambda each: each.created),
            ("updated", "Updated", lambda each: each.updated),
            ("unchanged", "Unchanged", lambda each: each.unchanged),
            ("deleted", "Deleted", lambda each: each.deleted),
            ("stale", "Stale", lambda each: each.stale),
            ("pending", "Pending", lambda each: each.pending),
            ("rejected", "Rejected", lambda each: each.rejected),
            ("seconds", "Took (s)", lambda each: round(each.seconds, 3)),
        ],
    )


def pending_table(found: QuerySet[PendingRecord]) -> Table:
    """Return waiting records as the list shows them."""
    return table_of(
        "pending",
        found.iterator(chunk_size=CHUNK),
        [
            ("resource", "Resource", lambda each: each.resource),
            ("external_id", "External id", lambda each: each.external_id),
            ("source", "Source", lambda each: each.source.slug),
            ("code", "Code", lambda each: each.code),
            ("waits_for_resource", "Waits for", lambda each: each.waits_for_resource),
            ("waits_for_external_id", "With external id", lambda each: each.waits_for_external_id),
            ("waits_for_source", "From source", lambda each: each.waits_for_source.slug),
            ("detail", "Why", lambda each: each.detail or each.code),
            ("received_at", "Since", lambda each: each.received_at),
            ("batch", "Batch", lambda each: each.batch_id),
        ],
    )


def blockers_table(blockers: Sequence[Blocker]) -> Table:
    """Return the missing records for which most others wait."""
    return table_of(
        "missing-records",
        blockers,
        [
            ("resource", "Resource", lambda each: each.resource),
            ("source", "Source", lambda each: each.source),
            ("external_id", "External id", lambda each: each.external_id),
            ("waiting", "Waiting for it", lambda each: each.waiting),
            ("since", "Since", lambda each: each.since),
        ],
    )


def imports_table(found: QuerySet[Import]) -> Table:
    """Return imported files as the list shows them."""
    return table_of(
        "imports",
        found.iterator(chunk_size=CHUNK),
        [
            ("id", "Import", lambda each: each.pk),
            ("file_name", "File", lambda each: each.file_name),
            ("resource", "Holds", lambda each: each.resource),
            ("source", "Source", lambda each: each.source.slug),
            ("state", "State", lambda each: each.get_state_display()),
            ("rows", "Rows", lambda each: each.rows),
            *(
                (status, status.capitalize(), lambda each, status=status: each.counts.get(status, 0))
                for status in STATUSES
            ),
            ("created_by", "By", lambda each: str(each.created_by or "by command")),
            ("created_at", "Uploaded", lambda each: each.created_at),
        ],
    )


def deliveries_table(found: QuerySet[WebhookDelivery]) -> Table:
    """Return the deliveries of an endpoint as their list shows them."""
    return table_of(
        "deliveries",
        found.iterator(chunk_size=CHUNK),
        [
            ("event_id", "Event id", lambda each: each.event_id),
            ("kind", "Event", lambda each: each.kind),
            ("account", "Account", lambda each: each.account_id),
            ("state", "State", lambda each: each.get_state_display()),
            ("tries", "Tries", lambda each: each.tries),
            ("response_status", "Answer", lambda each: each.response_status),
            ("happened_at", "Happened", lambda each: each.happened_at),
            ("finished_at", "Finished", lambda each: each.finished_at),
        ],
    )


def tokens_table() -> Table:
    """Return the tokens that work, then those that ended; never a secret, which is nowhere."""
    tokens: list[ApiToken] = [*tokens_by_client(live=True), *tokens_by_client(live=False)]
    return table_of(
        "tokens",
        tokens,
        [
            ("client", "Client", lambda each: each.client.name),
            ("source", "Source", lambda each: each.client.source.slug),
            ("prefix", "Token begins with", lambda each: each.prefix),
            ("scopes", "Scopes", lambda each: list(each.scopes)),
            ("function", "Reads as", lambda each: each.get_function_display()),
            ("created_at", "Issued", lambda each: each.created_at),
            ("expires_at", "Expires", lambda each: each.expires_at),
            ("revoked_at", "Revoked", lambda each: each.revoked_at),
            ("last_used_at", "Last used", lambda each: each.last_used_at),
        ],
    )


def sources_table() -> Table:
    """Return what each source sends, by data category and resource."""
    flows = [(row, feed, flow) for row in source_rows() for feed in row.feeds for flow in feed.flows]
    return table_of(
        "sources",
        flows,
        [
            ("source", "Source", lambda each: each[0].source.slug),
            ("data", "Data", lambda each: each[1].feed.label),
            ("state", "State", lambda each: str(each[1].feed.state)),
            ("resource", "Resource", lambda each: each[2].resource),
            ("last_at", "Last batch", lambda each: each[2].last.received_at),
            ("rows", "Rows, 7 days", lambda each: each[2].rows),
            ("rejected", "Rejected, 7 days", lambda each: each[2].rejected),
            ("pending", "Pending", lambda each: each[2].pending),
        ],
    )


def clients_table() -> Table:
    """Return the OAuth clients that work, as their list shows them; never a secret."""
    return table_of(
        "oauth-clients",
        oauth_clients(),
        [
            ("client", "Client", lambda each: each.client.name),
            ("source", "Source", lambda each: each.client.source.slug),
            ("client_id", "Client id", lambda each: each.key),
            ("scopes", "Scopes", lambda each: list(each.scopes)),
            ("function", "Reads as", lambda each: each.get_function_display()),
            ("rate", "Calls a minute", lambda each: each.rate),
            ("live_tokens", "Tokens now", lambda each: getattr(each, "live_tokens", 0)),
            ("secret_from", "Secret from", lambda each: each.rotated_at or each.created_at),
            ("last_used_at", "Last used", lambda each: each.last_used_at),
        ],
    )


def rejects_table(batch: Batch, errors: Sequence[Mapping[str, Any]]) -> Table:
    """Return the refused records of a batch that are kept, with what is wrong."""
    return table_of(
        f"batch-{batch.pk}-rejected",
        errors,
        [
            ("index", "Place", lambda each: each["index"]),
            ("external_id", "External id", lambda each: each["external_id"]),
            ("errors", "What is wrong", lambda each: [_sentence(error) for error in each["errors"]]),
        ],
    )


def _sentence(error: Mapping[str, Any]) -> str:
    field, code = error.get("field"), error.get("code")
    return f"{f'{field}: ' if field else ''}{error.get('detail', '')}{f' ({code})' if code else ''}"


def changes_table(batch: Batch) -> Table:
    """Return all that a batch changed, a record a row."""
    return table_of(
        f"batch-{batch.pk}-changes",
        _changes(batch),
        [
            ("resource", "Resource", lambda each: each[0].resource),
            ("external_id", "Record", lambda each: each[1]),
            ("id", "Our id", lambda each: each[0].object_id),
            ("change", "Change", lambda each: each[0].get_kind_display()),
            ("fields", "Fields", lambda each: _said(each[0])),
            ("source_updated_at", "At the source", lambda each: each[0].source_updated_at),
        ],
    )


def external_ids(batch: Batch, objects: Iterable[int]) -> dict[int, str]:
    """Return what the batch's source calls its records, by our id; one query."""
    links = Link.objects.filter(source=batch.source, resource=batch.resource, object_id__in=list(objects))
    return dict(links.order_by("-pk").values_list("object_id", "external_id"))


def _changes(batch: Batch) -> Iterator[tuple[Change, str]]:
    found = Change.objects.filter(batch=batch).order_by("pk").iterator(chunk_size=CHUNK)
    for piece in _pieces(found):
        ids = external_ids(batch, [change.object_id for change in piece])
        yield from ((change, ids.get(change.object_id, "")) for change in piece)


def _pieces(changes: Iterator[Change]) -> Iterator[list[Change]]:
    while piece := list(islice(changes, CHUNK)):
        yield piece


def _said(change: Change) -> list[str]:
    before, after = change.before or {}, change.after or {}
    names = dict.fromkeys([*after, *before])
    if change.kind != Change.Kind.UPDATED:
        return list(names)
    return [f"{name} from {_word(before.get(name))} to {_word(after.get(name))}" for name in names]


def _word(value: Any) -> str:
    return "nothing" if value is None or value in ("", {}, []) else str(value)


def left_table(name: str, conflicts: Sequence[Mapping[str, Any]]) -> Table:
    """Return what an undo left as it is, with the reason."""
    return table_of(
        name,
        conflicts,
        [
            ("id", "Record", lambda each: each.get("object_id")),
            ("field", "Field", lambda each: each.get("field") or ""),
            ("why", "Why", lambda each: each.get("detail", "")),
        ],
    )


def sent_table(record: Any, fields: Sequence[tuple[str, str]]) -> Table:
    """Return what the source sent of one waiting record, a field a row."""
    return table_of(
        f"{record.resource}-{record.pk}",
        fields,
        [("field", "Field", lambda each: each[0]), ("value", "Value", lambda each: each[1])],
    )


def endpoints_table() -> Table:
    """Return the endpoints as their list shows them; never a secret."""
    return table_of(
        "webhooks",
        endpoints_overview(),
        [
            ("name", "Endpoint", lambda each: each.name),
            ("url", "Address", lambda each: each.url),
            ("state", "State", lambda each: each.get_state_display()),
            ("failing_since", "Failing since", lambda each: each.failing_since),
            ("function", "Reads as", lambda each: each.get_function_display()),
            ("kinds", "Events", lambda each: list(each.kinds)),
            ("succeeded_at", "Last delivered", lambda each: each.succeeded_at),
            ("delivered", "Delivered, 7 days", lambda each: getattr(each, "delivered", 0)),
            ("given_up", "Given up, 7 days", lambda each: getattr(each, "given_up", 0)),
            ("waiting", "Waiting", lambda each: getattr(each, "waiting", 0)),
        ],
    )


def attempts_table(delivery: WebhookDelivery, attempts: Sequence[Mapping[str, Any]]) -> Table:
    """Return the attempts at one delivery, newest first."""
    return table_of(
        f"delivery-{delivery.pk}-attempts",
        attempts,
        [
            ("at", "When", lambda each: each.get("at")),
            ("status", "Status", lambda each: each.get("status")),
            ("seconds", "Took (s)", lambda each: each.get("seconds")),
            ("error", "What went wrong", lambda each: each.get("error") or ""),
        ],
    )
