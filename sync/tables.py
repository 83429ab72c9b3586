"""The lists on sync as tables for files: what the pages show, row by row."""

from __future__ import annotations

from django.db.models import QuerySet

from common.export import Table, table_of
from sync.freshness.listing import source_rows
from sync.listing import tokens_by_client
from sync.models import ApiToken, Batch, Import, PendingRecord, WebhookDelivery
from sync.pipeline.batch import STATUSES

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
