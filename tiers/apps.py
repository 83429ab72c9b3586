from django.apps import AppConfig
from django.core.checks import register


class TiersConfig(AppConfig):
    name = "tiers"

    def ready(self) -> None:
        from tiers.entitlements.registry import check_entitlements, kinds

        kinds.discover()
        register(check_entitlements)
