"""Addresses of tiers."""

from django.urls import include, path

from tiers.entitlements import views as entitlements
from tiers.guide.views import links, pages
from tiers.path import views as paths
from tiers.views import account, editing, overrides, previews, schedules, versions

tiers = [
    path("accounts/<int:pk>/", account.account, name="account"),
    path("accounts/<int:pk>/decide/", account.decide, name="decide"),
    path("accounts/<int:pk>/overrides/<int:override>/end/", account.end, name="end_override"),
    path("accounts/<int:pk>/overrides/<int:override>/extend/", account.extend, name="extend_override"),
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
    path("", versions.rule_sets, name="rule_sets"),
    path("drafts/", versions.start, name="draft_new"),
    path("versions/<int:version>/", versions.version, name="version"),
    path("versions/<int:version>/terms/", editing.terms, name="terms"),
    path("versions/<int:version>/kind/", editing.kind, name="kind"),
    path("versions/<int:version>/rules/new/", editing.item, name="rule_new"),
    path("versions/<int:version>/rules/<int:place>/", editing.item, name="rule"),
    path("versions/<int:version>/rules/<int:place>/<slug:do>/", editing.arrange, name="arrange"),
    path("versions/<int:version>/discard/", versions.discard, name="discard"),
    path("versions/<int:version>/schedule/", schedules.schedule, name="schedule"),
    path("versions/<int:version>/unschedule/", schedules.unschedule, name="unschedule"),
    path("versions/<int:version>/decide/", schedules.decide, name="decide_on_renewed"),
    path("versions/<int:version>/retire/", versions.retire, name="retire"),
    path("versions/<int:version>/preview/", previews.ask, name="preview_new"),
    path("previews/<int:pk>/", previews.preview, name="preview"),
    path("previews/<int:pk>/cancel/", previews.cancel, name="preview_cancel"),
    path("previews/<int:pk>/publish/", previews.publish, name="preview_publish"),
    path("publications/<int:pk>/", previews.publication, name="publication"),
    path("publications/<int:pk>/cancel/", previews.cancel_publishing, name="publication_cancel"),
    path("overrides/", overrides.overrides, name="overrides"),
    path("overrides/<int:pk>/end/", overrides.end, name="override_end"),
]

urlpatterns = [path("tiers/", include((tiers, "tiers")))]
