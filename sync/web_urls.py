"""Addresses of the pages on sync; the API's are in ``sync.urls``."""

from django.urls import path

from sync.views import batches, tokens

app_name = "sync"
urlpatterns = [
    path("", batches.batches, name="batches"),
    path("batches/<int:pk>/", batches.batch, name="batch"),
    path("pending/", batches.pending, name="pending"),
    path("sources/", batches.sources, name="sources"),
    path("tokens/", tokens.tokens, name="tokens"),
    path("tokens/new/", tokens.new_token, name="token_new"),
    path("tokens/<int:pk>/revoke/", tokens.revoke, name="token_revoke"),
]
