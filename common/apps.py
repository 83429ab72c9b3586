from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, register


class CommonConfig(AppConfig):
    name = "common"

    def ready(self) -> None:
        from common.navigation import navigation

        navigation.discover()
        register(_check_navigation)


def _check_navigation(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    from common.navigation import navigation

    return [*navigation.check_duplicates()]
