"""Addresses of sync's pages and of the API: routes for each declared resource, then what other apps add.

An app adds routes of its own in ``<app>/api.py`` as ``urlpatterns``, relative to ``/api/v1/``.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView

from sync.api.docs import ApiDocs
from sync.api.routes import pending_routes, resource_routes
from sync.authentication import HasScope
from sync.oauth.views import token as oauth_token
from sync.problems import not_found


def app_routes() -> list[URLPattern | URLResolver]:
    """Return what the apps add to the API, in the order of the layers."""
    return [
        route
        for app in settings.ABE_APPS
        if find_spec(f"{app}.api") and hasattr(module := import_module(f"{app}.api"), "urlpatterns")
        for route in module.urlpatterns
    ]


urlpatterns = [
    path("sync/", include("sync.web_urls")),
    path("oauth/token/", oauth_token, name="oauth-token"),
    path("api/v1/", include(([*app_routes(), *pending_routes(), *resource_routes()], "api"))),
    path(
        "api/schema/",
        login_not_required(SpectacularAPIView.as_view(permission_classes=[HasScope])),
        name="api-schema",
    ),
    path("api/docs/", ApiDocs.as_view(url_name="api-schema"), name="api-docs"),
    path("api/<path:path>", login_not_required(not_found)),
    path("api/", login_not_required(not_found)),
]
