from django.apps import AppConfig


class SyncConfig(AppConfig):
    name = "sync"

    def ready(self) -> None:
        from sync import checks  # noqa: F401
        from sync.connectors.registry import discover as discover_connectors
        from sync.events import event_kinds
        from sync.registry import resources
        from sync.webhooks import checks as webhook_checks  # noqa: F401

        resources.discover()
        discover_connectors()
        event_kinds.discover()
