"""System checks of what is declared to people's engines."""

from __future__ import annotations

from typing import Any

from django.core.checks import Error, register

from people.approvals.registry import approval_kinds
from people.configuration.registry import sections
from people.notices.topics import topics


@register()
def check_declarations(app_configs: Any, **kwargs: Any) -> list[Error]:
    """Report keys that two apps declare."""
    return [
        *approval_kinds.check_duplicates(),
        *topics.check_duplicates(),
        *sections.check_duplicates(),
    ]
