from importlib import import_module

from django.apps import AppConfig
from django.core.checks import register


class MetricsConfig(AppConfig):
    name = "metrics"

    def ready(self) -> None:
        from metrics.checks import check_metrics
        from metrics.health.disagreement import disagreements
        from metrics.readiness.registry import criteria
        from metrics.registry import metrics
        from metrics.runs.registry import run_kinds
        from metrics.scoreboard.registry import score_lines

        metrics.discover()
        run_kinds.discover()
        import_module("metrics.runs.own")  # the module of that name is the engine here
        import_module("metrics.scoreboard.lines")  # likewise
        score_lines.discover()
        criteria.discover()
        disagreements.discover()
        register(check_metrics)
