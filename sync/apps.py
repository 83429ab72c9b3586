from django.apps import AppConfig


class SyncConfig(AppConfig):
    name = "sync"

    def ready(self) -> None:
        from sync import checks  # noqa: F401
        from sync.registry import resources

        resources.discover()
