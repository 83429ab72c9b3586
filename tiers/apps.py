from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, register


class TiersConfig(AppConfig):
    name = "tiers"

    def ready(self) -> None:
        from tiers.entitlements.registry import check_entitlements, kinds
        from tiers.parts import rule_set_parts

        kinds.discover()
        register(check_entitlements)
        rule_set_parts.discover()
        register(_check_parts)


def _check_parts(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    from tiers.parts import rule_set_parts

    return [*rule_set_parts.check_duplicates()]
