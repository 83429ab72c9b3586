from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, register


class PodsConfig(AppConfig):
    name = "pods"

    def ready(self) -> None:
        from pods.playbooks import triggers
        from pods.surveys.registry import survey_kinds
        from pods.tasks.registry import task_kinds

        triggers.discover()
        task_kinds.discover()
        survey_kinds.discover()
        register(_check_declarations)


def _check_declarations(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Name duplicates; unknown inputs of triggers are found as unknown dependencies of the refresh."""
    from pods.playbooks import triggers
    from pods.surveys.registry import survey_kinds
    from pods.tasks.registry import task_kinds

    registries = (triggers, task_kinds, survey_kinds)
    return [error for registry in registries for error in registry.check_duplicates()]
