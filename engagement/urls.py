"""Addresses of the pages about scores."""

from django.urls import path

from engagement.views import scores

app_name = "engagement"
urlpatterns = [
    path("scores/", scores.scores, name="scores"),
]
