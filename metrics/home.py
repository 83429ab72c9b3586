"""What RevOps sees first: what came in, what was refused, and whether the numbers are fresh."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db.models import Count, Max, Q, Sum
from django.utils import timezone

from accounts.home import HomePanel, Reader, register_home_panel
from common.export import Table, table_of
from metrics.concentration import home as _concentration  # noqa: F401 - declares the card of concentration
from metrics.models import RefreshRun, RefreshStep
from metrics.readiness import home as _readiness  # noqa: F401 - declares the card of the phases
from people.functions import Function
from sync.freshness.judging import STALE
from sync.freshness.listing import stale_feeds
from sync.models import Batch, PendingRecord, Source
from sync.webhooks.listing import failing_endpoints

RUN_TONES = {"done": "green", "failed": "red"}


@register_home_panel
class Intake(HomePanel):
    """Each source with when it last wrote, what of it is stale, and what was refused or waits."""

    key = "metrics.intake"
    title = "Sources"
    template = "metrics/home/intake.html"
    is_flush = True
    is_today_only = True
    functions = {Function.REVOPS: 20}

    def load(self, reader: Reader) -> dict[str, Any]:
        now = timezone.now()
        since = now - timedelta(days=7)
        waiting = dict(
            PendingRecord.objects.waiting().order_by().values_list("source").annotate(n=Count("pk"))
        )
        newest = dict(Batch.objects.order_by().values_list("source").annotate(at=Max("received_at")))
        lately: dict[int, dict[str, Any]] = {
            row["source"]: dict(row)
            for row in Batch.objects.filter(received_at__gte=since)
            .order_by()
            .values("source")
            .annotate(
                batches=Count("pk"),
                written=Sum("created") + Sum("updated") + Sum("deleted"),
                rejected=Sum("rejected"),
            )
        }
        late = stale_feeds()
        return {
            "failing": failing_endpoints(),
            "sources": [
                {
                    "name": source.name,
                    "slug": source.slug,
                    "newest": newest.get(source.pk),
                    "late": [
                        {"label": feed.label, "is_stale": feed.state == STALE}
                        for feed in late
                        if feed.source == source
                    ],
                    **_lately(lately.get(source.pk)),
                    "pending": waiting.get(source.pk, 0),
                }
                for source in Source.objects.order_by("name")
            ],
        }

    def table(self, data: Mapping[str, Any]) -> Table | None:
        """Return the sources shown."""
        if not data["sources"]:
            return None
        return table_of(
            "intake",
            data["sources"],
            [
                ("source", "Source", lambda row: row["name"]),
                ("late", "Late or stale", lambda row: [_late(feed) for feed in row["late"]]),
                ("newest", "Last wrote", lambda row: row["newest"]),
                ("written", "Written, 7 days", lambda row: row["written"]),
                ("rejected", "Rejected", lambda row: row["rejected"]),
                ("pending", "Pending", lambda row: row["pending"]),
            ],
        )


def _late(feed: Mapping[str, Any]) -> str:
    return f"{feed['label']}: {'stale' if feed['is_stale'] else 'late'}"


def _lately(row: dict[str, Any] | None) -> dict[str, int]:
    return {name: int((row or {}).get(name) or 0) for name in ("batches", "written", "rejected")}


@register_home_panel
class Refreshes(HomePanel):
    """The newest refreshes, and what failed in them."""

    key = "metrics.refreshes"
    title = "Refreshes"
    template = "metrics/home/refreshes.html"
    is_today_only = True
    functions = {Function.REVOPS: 35}

    def load(self, reader: Reader) -> dict[str, Any]:
        steps = RefreshStep.State
        runs = list(
            RefreshRun.objects.order_by("-planned_at")
            .annotate(
                total=Count("steps"),
                failed=Count("steps", filter=Q(steps__state=steps.FAILED)),
                done=Count("steps", filter=~Q(steps__state=steps.QUEUED)),
            )
            .values("as_of", "state", "planned_at", "total", "failed", "done")[:4]
        )
        return {
            "runs": [
                {
                    **run,
                    "state": RefreshRun.State(run["state"]).label,
                    "tone": RUN_TONES.get(run["state"], "accent"),
                }
                for run in runs
            ]
        }
