"""Addresses of the pages on sync; the API's are in ``sync.urls``."""

from __future__ import annotations

from urllib.parse import quote, unquote

from django.urls import include, path, register_converter

from sync.views import batches, clients, deliveries, origins, pending, precedence, sources, tokens, webhooks
from sync.views.imports import columns, pages, undo


class FieldConverter:
    """The name of a field in an address: any text, since own fields are called what their source calls them.

    Quoted once more than Django does, so that slashes, dots and line ends in it mean nothing to anybody on the way.
    """

    regex = "[^/]+"

    def to_python(self, value: str) -> str:
        """Return the name."""
        return unquote(value)

    def to_url(self, value: str) -> str:
        """Return the name as one quoted segment."""
        return quote(value, safe="")


register_converter(FieldConverter, "field")

app_name = "sync"
urlpatterns = [
    path("", batches.batches, name="batches"),
    path("batches/<int:pk>/", batches.batch, name="batch"),
    path("batches/<int:pk>/undo/", undo.undo_one_batch, name="batch_undo"),
    path("imports/", pages.imports, name="imports"),
    path("imports/new/", pages.new_import, name="import_new"),
    path("imports/<int:pk>/", pages.one_import, name="import"),
    path("imports/<int:pk>/read/", columns.read_differently, name="import_read"),
    path("imports/<int:pk>/columns/", columns.save_columns, name="import_columns"),
    path("imports/<int:pk>/change/", columns.change_columns, name="import_change"),
    path("imports/<int:pk>/start/", pages.start, name="import_start"),
    path("imports/<int:pk>/stop/", pages.stop, name="import_stop"),
    path("imports/<int:pk>/discard/", pages.discard, name="import_discard"),
    path("imports/<int:pk>/rejected/", pages.rejected, name="import_rejected"),
    path("imports/<int:pk>/undo/", undo.undo_import, name="import_undo"),
    path("connections/", include("sync.views.connections.urls")),
    path("pending/", pending.pending, name="pending"),
    path("pending/retry/", pending.retry, name="pending_retry"),
    path("pending/discard/", pending.discard, name="pending_discard"),
    path("pending/<int:pk>/", pending.record, name="pending_record"),
    path("records/<slug:resource>/<int:pk>/", origins.origins, name="origins"),
    path("records/<slug:resource>/<int:pk>/<field:field>/pin/", origins.pin, name="pin"),
    path("records/<slug:resource>/<int:pk>/<field:field>/unpin/", origins.unpin, name="unpin"),
    path("records/<slug:resource>/<int:pk>/<field:field>/", origins.origin, name="origin"),
    path("precedence/", precedence.precedence, name="precedence"),
    path("precedence/edit/", precedence.edit_precedence, name="precedence_edit"),
    path("sources/", sources.sources, name="sources"),
    path("sources/<slug:slug>/<slug:category>/", sources.expectation, name="expectation"),
    path("tokens/", tokens.tokens, name="tokens"),
    path("tokens/new/", tokens.new_token, name="token_new"),
    path("tokens/<int:pk>/revoke/", tokens.revoke, name="token_revoke"),
    path("tokens/<int:pk>/limit/", tokens.limit, name="token_limit"),
    path("clients/<int:pk>/secret/", clients.new_secret, name="client_secret"),
    path("clients/<int:pk>/limit/", clients.limit, name="client_limit"),
    path("clients/<int:pk>/revoke/", clients.revoke, name="client_revoke"),
    path("webhooks/", webhooks.endpoints, name="webhooks"),
    path("webhooks/new/", webhooks.new_endpoint, name="webhook_new"),
    path("webhooks/<int:pk>/", webhooks.endpoint, name="webhook"),
    path("webhooks/<int:pk>/edit/", webhooks.edit_endpoint, name="webhook_edit"),
    path("webhooks/<int:pk>/secret/", webhooks.rotate, name="webhook_rotate"),
    path("webhooks/<int:pk>/pause/", webhooks.pause, name="webhook_pause"),
    path("webhooks/<int:pk>/resume/", webhooks.resume, name="webhook_resume"),
    path("webhooks/<int:pk>/test/", webhooks.test, name="webhook_test"),
    path("webhooks/<int:pk>/replay/", webhooks.replay, name="webhook_replay"),
    path("webhooks/<int:pk>/remove/", webhooks.delete, name="webhook_delete"),
    path("deliveries/<int:pk>/", deliveries.delivery, name="delivery"),
    path("deliveries/<int:pk>/replay/", deliveries.replay, name="delivery_replay"),
]
