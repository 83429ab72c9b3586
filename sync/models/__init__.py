"""What came in, from whom, and what it changed."""

from sync.models.bases import LIVE, StreamModel, SyncedModel
from sync.models.claims import ClaimBefore, FieldClaim, FieldPrecedence, Pin, Settling
from sync.models.clients import OWN_SLUG, ApiToken, Client, Source
from sync.models.connectors import ConnectedObject, Connection, ConnectorRun
from sync.models.credentials import ClientCredential
from sync.models.files import Import, ImportBlock, ImportPart, SavedPlan, Undoing
from sync.models.freshness import FeedDay, FreshnessRule, ProvisionalNumber
from sync.models.log import Batch, Change, IdempotencyKey, Link
from sync.models.pending import DiscardedRecord, PendingRecord
from sync.models.redirects import Redirect
from sync.models.webhooks import OutboxEvent, RelayPosition, WebhookDelivery, WebhookEndpoint

__all__ = [
    "LIVE",
    "OWN_SLUG",
    "ApiToken",
    "Batch",
    "Change",
    "ClaimBefore",
    "Client",
    "ClientCredential",
    "ConnectedObject",
    "Connection",
    "ConnectorRun",
    "DiscardedRecord",
    "FeedDay",
    "FieldClaim",
    "FieldPrecedence",
    "FreshnessRule",
    "IdempotencyKey",
    "Import",
    "ImportBlock",
    "ImportPart",
    "Link",
    "OutboxEvent",
    "PendingRecord",
    "Pin",
    "ProvisionalNumber",
    "Redirect",
    "RelayPosition",
    "SavedPlan",
    "Settling",
    "Source",
    "StreamModel",
    "SyncedModel",
    "Undoing",
    "WebhookDelivery",
    "WebhookEndpoint",
]
