"""Addresses of tiers."""

from django.urls import include, path

from tiers.entitlements import views as entitlements
from tiers.guide.views import links, pages
from tiers.path import views as paths
from tiers.views import account

tiers = [
    path("accounts/<int:pk>/", account.account, name="account"),
    path("accounts/<int:pk>/decide/", account.decide, name="decide"),
    path("accounts/<int:pk>/overrides/<int:override>/end/", account.end, name="end_override"),
    path("accounts/<int:pk>/entitlements/<slug:key>/", entitlements.origin, name="origin"),
    path("accounts/<int:pk>/path/", paths.path, name="path"),
    path("entitlements/", entitlements.entitlements, name="entitlements"),
    path("entitlements/<int:version>/", entitlements.entitlements, name="entitlements_of_version"),
    path("entitlements/<int:version>/draft/", entitlements.start_draft, name="start_draft"),
    path(
        "entitlements/<int:version>/edit/<slug:tier>/",
        entitlements.edit_entitlements,
        name="edit_entitlements",
    ),
    path("guide/", pages.guide, name="guide"),
    path("guide/tiers.pdf", pages.guide_pdf, name="guide_pdf"),
    path("guide/links/", links.guide_links, name="guide_links"),
    path("guide/links/<int:pk>/revoke/", links.revoke, name="revoke_link"),
    path("shared/<str:secret>/", pages.shared_guide, name="shared_guide"),
    path("shared/<str:secret>/tiers.pdf", pages.shared_pdf, name="shared_pdf"),
]

urlpatterns = [path("tiers/", include((tiers, "tiers")))]
