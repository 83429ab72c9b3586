"""How far a refresh is, for the terminal and the operations page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Q

from metrics.models import RefreshRun, RefreshStep


@dataclass(frozen=True, slots=True)
class Progress:
    """Steps of some runs: all, finished, and failed among the finished."""

    total: int
    finished: int
    failed: int
    is_running: bool

    @property
    def percent(self) -> int:
        """Whole per cent finished; 100 only when nothing is left."""
        return 100 if not self.total else self.finished * 100 // self.total


def progress_of(run_ids: Sequence[int]) -> Progress:
    """Count the steps of runs; two queries."""
    counts = RefreshStep.objects.filter(run_id__in=run_ids).aggregate(
        total=Count("pk"),
        waiting=Count("pk", filter=Q(state="queued")),
        failed=Count("pk", filter=Q(state="failed")),
    )
    return Progress(
        total=counts["total"],
        finished=counts["total"] - counts["waiting"],
        failed=counts["failed"],
        is_running=RefreshRun.objects.open().filter(pk__in=run_ids).exists(),
    )
