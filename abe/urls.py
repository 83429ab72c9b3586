"""Addresses: every app that has a ``urls`` module is included, so that adding one edits nothing here."""

from importlib.util import find_spec

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

urlpatterns: list[URLPattern | URLResolver] = [
    # RevOps keeps addresses, since they say whose accounts are whose; allauth would let people change their own.
    path("login/email/", RedirectView.as_view(pattern_name="people:me")),
    path("login/", include("allauth.urls")),
    path("health/", include("abe.health")),
    *(path("", include(f"{app}.urls")) for app in settings.ABE_APPS if find_spec(f"{app}.urls")),
]

handler400 = "common.views.bad_request"
handler403 = "common.views.permission_denied"
handler404 = "common.views.not_found"
handler500 = "common.views.server_error"
