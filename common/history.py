"""Begin the history of rows that were there before it was kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.apps.registry import Apps

# What the first known state of a row is filed under: it is no change, only what later ones are compared with.
EXISTING = "existing"
OWN_COLUMNS = ("pgh_id", "pgh_created_at", "pgh_label", "pgh_obj", "pgh_context")


def begin_history(app: str, *models: str) -> Callable[[Apps, Any], None]:
    """Return a migration's step that writes the present state of every row of ``models`` into their histories."""

    def write(apps: Apps, schema_editor: Any) -> None:
        for name in models:
            events = apps.get_model(app, f"{name}Event")
            columns = [
                field.attname for field in events._meta.concrete_fields if field.name not in OWN_COLUMNS
            ]
            events.objects.bulk_create(
                events(
                    pgh_label=EXISTING, pgh_obj_id=row.pk, **{each: getattr(row, each) for each in columns}
                )
                for row in apps.get_model(app, name).objects.order_by("pk")
            )

    return write
