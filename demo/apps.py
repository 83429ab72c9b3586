from django.apps import AppConfig


class DemoConfig(AppConfig):
    """The sample company; holds management commands and no models."""

    name = "demo"
    verbose_name = "Sample company"
