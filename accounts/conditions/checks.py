"""System checks of the declared fields; none of them asks the database."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error

from accounts.conditions.custom import CUSTOM
from accounts.conditions.registry import ConditionField, condition_fields

KEY = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")


def check_conditions(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Name duplicates, keys that own fields could have, and choices without a list."""
    return [*condition_fields.check_duplicates(), *_check_fields()]


def _check_fields() -> Iterator[CheckMessage]:
    for field in condition_fields:
        if not KEY.fullmatch(field.key) or field.key.startswith(CUSTOM):
            yield Error(
                f"The condition field {field.key!r} has no key of the form app.noun_phrase.",
                hint=f"Rename it; {CUSTOM!r} is kept for own fields.",
                id="conditions.E003",
            )
        has_choices = field.choices is not ConditionField.choices
        if (field.kind == "choice") is not has_choices:
            yield Error(
                f"The condition field {field.key!r} is of the kind {field.kind!r}, which doesn't go with its choices.",
                hint="Only a choice has a list of choices, and always one.",
                id="conditions.E004",
            )
