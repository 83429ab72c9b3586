from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, register


class PodsConfig(AppConfig):
    name = "pods"

    def ready(self) -> None:
        from pods.playbooks import triggers

        triggers.discover()
        register(_check_triggers)


def _check_triggers(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Name duplicates; unknown inputs are found as unknown dependencies of the refresh."""
    from pods.playbooks import triggers

    return [*triggers.check_duplicates()]
