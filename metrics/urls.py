"""Addresses of the pages about numbers."""

from django.urls import path

from metrics.views import explain, runs

app_name = "metrics"
urlpatterns = [
    path("metrics/", explain.library, name="library"),
    path("metrics/runs/", runs.runs, name="runs"),
    path("metrics/runs/now/", runs.refresh_now, name="refresh_now"),
    path("metrics/explain/<str:key>/", explain.explain, name="explain"),
]
