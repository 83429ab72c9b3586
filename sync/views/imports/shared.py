"""What the pages of imports have in common."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from sync.files.tasks import call_worker, work_off
from sync.models import Import
from sync.registry import resources

WHAT = "Importing files"
# A small file needs no waiting: it is read and tried while the page loads.
INLINE_BYTES = 1_000_000
INLINE_ROWS = 2_000
INLINE_SECONDS = 20.0
STEPS = (("file", "File"), ("columns", "Columns"), ("check", "Dry run"), ("report", "Import"))
AWAY = "The workers can't be reached. It goes on by itself as soon as they are back."


def found(pk: int) -> Import:
    """Return the import; 404 where there is none, or its resource has gone."""
    return get_object_or_404(
        Import.objects.select_related("source", "created_by").filter(
            resource__in=[item.key for item in resources]
        ),
        pk=pk,
    )


def go_on(request: HttpRequest, imported: Import, *, inline: bool) -> None:
    """Let the next step be done: here and now where it is small, else by a worker."""
    if inline:
        if not work_off(imported.pk, seconds=INLINE_SECONDS):
            call_worker(imported.pk)
    elif not call_worker(imported.pk):
        messages.warning(request, AWAY)
