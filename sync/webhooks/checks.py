"""Start-up checks of the declared events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import Error, register

from sync.events import event_kinds


@register("sync")
def check_events(app_configs: Sequence[AppConfig] | None, **options: Any) -> list[Error]:
    """Report an event that two apps declare."""
    return event_kinds.check_duplicates()
