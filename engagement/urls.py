"""Addresses of the pages about scores."""

from django.urls import path

from engagement.views import score_drafts, score_models, score_previews, scores

app_name = "engagement"
VERSION = "scores/models/<slug:kind>/<int:version>/"
urlpatterns = [
    path("scores/", scores.scores, name="scores"),
    path("scores/models/<slug:kind>/", score_models.score_model, name="score_model"),
    path(VERSION, score_models.score_version, name="score_version"),
    path(f"{VERSION}preview/", score_previews.ask, name="score_preview_new"),
    path("scores/previews/<int:pk>/", score_previews.preview, name="score_preview"),
    path("scores/previews/<int:pk>/cancel/", score_previews.cancel, name="score_preview_cancel"),
    path("scores/previews/<int:pk>/publish/", score_previews.publish, name="score_preview_publish"),
    path("scores/publications/<int:pk>/", score_previews.publication, name="score_publication"),
    path(
        "scores/publications/<int:pk>/cancel/",
        score_previews.cancel_publication,
        name="score_publication_cancel",
    ),
    path(f"{VERSION}rules/", score_drafts.change_draft, name="score_draft"),
    path(f"{VERSION}rules/new/", score_drafts.edit_rule, name="score_rule_new"),
    path(f"{VERSION}rules/<int:place>/", score_drafts.edit_rule, name="score_rule"),
    path(f"{VERSION}do/", score_drafts.act, name="score_act"),
]
