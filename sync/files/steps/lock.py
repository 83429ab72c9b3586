"""One worker at a time for each import."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from sync.models import Import


def locked(pk: int, state: str) -> Import | None:
    """Return the import, locked until the transaction ends; None where it isn't in ``state`` or someone has it."""
    return (
        Import.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("source", "created_by", "undone_by")
        .filter(pk=pk, state=state)
        .first()
    )


# Where an import goes that a worker can't go on with: to the last place where a person can do something.
BACK_TO = {
    Import.State.READING: Import.State.UNREADABLE,
    Import.State.CHECKING: Import.State.MAPPING,
    Import.State.IMPORTING: Import.State.STOPPED,
    Import.State.UNDOING: Import.State.STOPPED,
}


@transaction.atomic
def give_up(pk: int, error_id: str) -> None:
    """Stop an import at an error of ours, and say so with the id under which the log has it."""
    imported = Import.objects.select_for_update(of=("self",)).filter(pk=pk, state__in=BACK_TO).first()
    if imported is not None:
        mark(
            imported,
            state=BACK_TO[Import.State(imported.state)],
            error=f"Something went wrong here, not in your file. What was done stays. Try again, or quote {error_id}.",
        )


def mark(imported: Import, **values: Any) -> None:
    """Write down how far an import is."""
    for name, value in values.items():
        setattr(imported, name, value)
    imported.step_at = timezone.now()
    imported.save(update_fields=[*values, "step_at"])
