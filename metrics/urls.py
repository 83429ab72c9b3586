"""Addresses of the pages about numbers."""

from django.urls import path

from metrics.views import backtests, concentration, explain, readiness, runs, scoreboard, shock
from metrics.views.health import account, components, drafts, models, parts, pasts, previews
from metrics.views.nights import alerts as night_alerts
from metrics.views.nights import backfill as night_backfill
from metrics.views.nights import compare as night_compare
from metrics.views.nights import run as night_run

app_name = "metrics"
MODEL = "metrics/health/<int:pk>/"
urlpatterns = [
    path("metrics/", explain.library, name="library"),
    path("metrics/components/", components.components, name="components"),
    path("metrics/concentration/", concentration.concentration, name="concentration"),
    path("metrics/concentration/shock/", shock.shock, name="shock"),
    path("metrics/readiness/", readiness.readiness, name="readiness"),
    path("metrics/runs/", runs.runs, name="runs"),
    path("metrics/runs/now/", runs.refresh_now, name="refresh_now"),
    path("scoreboard/", scoreboard.scoreboard, name="scoreboard"),
    path("scoreboard/<str:key>/", scoreboard.score_line, name="score_line"),
    path("scoreboard/<str:key>/target/", scoreboard.score_target, name="score_target"),
    path(
        "scoreboard/<str:key>/target/<int:pk>/remove/",
        scoreboard.remove_score_target,
        name="score_target_remove",
    ),
    path("health/accounts/<int:pk>/", account.health, name="health"),
    path("health/accounts/<int:pk>/sentiment/", account.say, name="sentiment"),
    path("health/accounts/<int:pk>/sentiment/end/", account.take_back, name="sentiment_end"),
    path("metrics/backtests/", backtests.backtests, name="backtests"),
    path("metrics/backtests/new/", backtests.backtest_new, name="backtest_new"),
    path("metrics/backtests/<int:pk>/", backtests.backtest, name="backtest"),
    path("metrics/backtests/<int:pk>/cancel/", backtests.backtest_cancel, name="backtest_cancel"),
    path("metrics/backtests/<int:pk>/draft/", backtests.backtest_draft, name="backtest_draft"),
    path("metrics/runs/<int:pk>/", night_run.run, name="run"),
    path("metrics/runs/steps/<int:pk>/retry/", night_run.retry, name="retry_step"),
    path("metrics/runs/backfill/", night_backfill.begin, name="backfill_new"),
    path("metrics/runs/backfill/<int:pk>/", night_backfill.backfill, name="backfill"),
    path("metrics/runs/backfill/<int:pk>/cancel/", night_backfill.cancel, name="backfill_cancel"),
    path("metrics/runs/compare/", night_compare.compare, name="compare_nights"),
    path("metrics/runs/alerts/", night_alerts.alerts, name="night_alerts"),
    path("metrics/runs/alerts/<int:pk>/", night_alerts.alert, name="night_alert"),
    path("metrics/runs/alerts/<int:pk>/answer/", night_alerts.answer, name="night_alert_answer"),
    path("metrics/runs/mutes/<int:pk>/end/", night_alerts.end, name="number_mute_end"),
    path("metrics/explain/<str:key>/", explain.explain, name="explain"),
    path("metrics/health/", models.health_models, name="health_models"),
    path("metrics/health/new/", models.health_new, name="health_new"),
    path(MODEL, models.health_version, name="health_version"),
    path(f"{MODEL}edit/", drafts.health_edit, name="health_edit"),
    path(f"{MODEL}do/", drafts.health_act, name="health_act"),
    path(f"{MODEL}retire/", drafts.health_retire, name="health_retire"),
    path(f"{MODEL}components/<int:place>/", parts.health_component, name="health_component"),
    path(f"{MODEL}limits/new/", parts.health_limit, name="health_limit_new"),
    path(f"{MODEL}limits/<int:place>/", parts.health_limit, name="health_limit"),
    path(f"{MODEL}segment/", parts.health_segment, name="health_segment"),
    path(f"{MODEL}preview/", previews.health_preview_new, name="health_preview_new"),
    path("metrics/health/previews/<int:pk>/", previews.health_preview, name="health_preview"),
    path(
        "metrics/health/previews/<int:pk>/cancel/",
        previews.health_preview_cancel,
        name="health_preview_cancel",
    ),
    path(
        "metrics/health/previews/<int:pk>/publish/",
        previews.health_preview_publish,
        name="health_preview_publish",
    ),
    path(f"{MODEL}past/", pasts.health_past_new, name="health_past_new"),
    path("metrics/health/pasts/<int:pk>/", pasts.health_past, name="health_past"),
    path("metrics/health/pasts/<int:pk>/cancel/", pasts.health_past_cancel, name="health_past_cancel"),
]
