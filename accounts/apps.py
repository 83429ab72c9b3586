from django.apps import AppConfig
from django.core.checks import Tags, register


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from accounts.identity.relations import check_merging, merging
        from accounts.lenses.checks import check_lenses
        from accounts.lenses.registry import lenses

        lenses.discover()
        register(check_lenses, Tags.models)
        merging.discover()
        register(check_merging, Tags.models)
