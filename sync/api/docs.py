"""The API's documentation page, made to keep the content security policy."""

from __future__ import annotations

from drf_spectacular.views import SpectacularSwaggerSplitView

from sync.authentication import HasScope


class ApiDocs(SpectacularSwaggerSplitView):
    """Swagger UI whose script and styles come from files of ours; for who signed in or has a token."""

    permission_classes = (HasScope,)
    template_name = "sync/api_docs.html"
