"""One worker at a time for each import."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from sync.models import Import


def locked(pk: int, state: str) -> Import | None:
    """Return the import, locked until the transaction ends; None where it isn't in ``state`` or someone has it."""
    return (
        Import.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("source", "created_by")
        .filter(pk=pk, state=state)
        .first()
    )


def mark(imported: Import, **values: Any) -> None:
    """Write down how far an import is."""
    for name, value in values.items():
        setattr(imported, name, value)
    imported.step_at = timezone.now()
    imported.save(update_fields=[*values, "step_at"])
