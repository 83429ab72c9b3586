from django.apps import AppConfig
from django.core.checks import Tags, register


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from accounts.conditions.checks import check_conditions
        from accounts.conditions.registry import condition_fields
        from accounts.identity.relations import check_merging, merging
        from accounts.lenses.checks import check_lenses
        from accounts.lenses.registry import lenses
        from accounts.lists.uses import check_uses, list_uses
        from accounts.lists.view_pages import check_view_pages, view_pages

        lenses.discover()
        register(check_lenses, Tags.models)
        condition_fields.discover()
        register(check_conditions, Tags.models)
        merging.discover()
        register(check_merging, Tags.models)
        list_uses.discover()
        register(check_uses)
        view_pages.discover()
        register(check_view_pages)
