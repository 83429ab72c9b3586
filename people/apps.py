from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "people"

    def ready(self) -> None:
        from people import checks  # noqa: F401
        from people.approvals.registry import approval_kinds
        from people.configuration.registry import sections
        from people.notices.topics import topics

        approval_kinds.discover()
        topics.discover()
        sections.discover()
