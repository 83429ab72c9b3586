"""What came in lately by tracking, source by source, and what waits for an account."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, F, Max, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from accounts.models import Account
from product.models import AwaitedAccount, TrackedGroup
from sync.models import Batch

DAYS = 14
GROUPS_SHOWN = 25
USAGE_EVENTS = "usage-events"


@dataclass(slots=True)
class SourceIntake:
    """One source over the last days: events by day, and what became of all of them."""

    slug: str
    name: str
    last_at: datetime | None = None
    by_day: dict[date, int] = field(default_factory=dict)
    created: int = 0
    repeated: int = 0
    rejected: int = 0
    waiting: int = 0

    @property
    def drawn(self) -> list[int]:
        """Events of each day, the oldest first."""
        today = timezone.localdate()
        return [self.by_day.get(today - timedelta(days=back), 0) for back in reversed(range(DAYS))]

    @property
    def today(self) -> int:
        """Events of today."""
        return self.by_day.get(timezone.localdate(), 0)


@dataclass(frozen=True, slots=True)
class Unmatched:
    """A group that is no account: how many events wait for it, what is known of it, and why it matches nothing."""

    key: str
    source: str
    events: int
    first_at: datetime
    last_at: datetime
    name: str
    claims: int


def sources_intake() -> list[SourceIntake]:
    """Return the sources that ever sent usage events or have some waiting, by name. Three queries."""
    batches = Batch.objects.filter(resource=USAGE_EVENTS)
    batches = batches.exclude(mode__in=[Batch.Mode.DELETE, Batch.Mode.PENDING]).order_by()
    held: dict[int, SourceIntake] = {}
    ever = batches.values_list("source", "source__slug", "source__name").annotate(last=Max("received_at"))
    for number, slug, name, last_at in ever:
        held[number] = SourceIntake(slug, name, last_at)
    recent = (
        batches.filter(received_at__gte=timezone.now() - timedelta(days=DAYS))
        .annotate(day=TruncDate("received_at"))
        .values_list("source", "day")
        .annotate(
            new=Sum("created"),
            again=Sum(F("unchanged") + F("stale")),
            refused=Sum("rejected"),
            waits=Sum("pending"),
        )
    )
    for number, day, created, repeated, rejected, waits in recent:
        source = held[number]
        source.by_day[day] = created + waits
        source.created += created
        source.repeated += repeated
        source.rejected += rejected
    awaited = AwaitedAccount.objects.order_by().values_list("source", "source__slug", "source__name")
    for number, slug, name, total in awaited.annotate(total=Sum("events")):
        held.setdefault(number, SourceIntake(slug, name)).waiting = total
    return sorted(held.values(), key=lambda item: item.name)


def unmatched_groups(most: int | None = GROUPS_SHOWN) -> list[Unmatched]:
    """Return the groups that match no account, those for which most events wait first. Three queries."""
    awaited = list(
        AwaitedAccount.objects.filter(kind=AwaitedAccount.Kind.GROUP)
        .select_related("source")
        .order_by("-events", "pk")[:most]
    )
    keys = {item.key for item in awaited}
    described = {
        (group.source_id, group.group): group.traits for group in TrackedGroup.objects.filter(group__in=keys)
    }
    claims = _claims(keys)
    return [
        Unmatched(
            item.key,
            item.source.slug,
            item.events,
            item.first_at,
            item.last_at,
            _name(described.get((item.source_id, item.key), {})),
            claims.get(item.key, 0),
        )
        for item in awaited
    ]


def waiting_totals() -> dict[str, dict[str, int]]:
    """Return how many groups and users are awaited, and by how many events. One query."""
    rows = AwaitedAccount.objects.order_by().values_list("kind")
    none = {"n": 0, "waiting": 0}
    found = {
        kind: {"n": count, "waiting": total}
        for kind, count, total in rows.annotate(count=Count("pk"), total=Sum("events"))
    }
    return {kind: found.get(kind, none) for kind in AwaitedAccount.Kind.values}


def _claims(keys: set[str]) -> dict[str, int]:
    """Return by how many accounts each workspace is claimed."""
    counted: dict[str, int] = {}
    for workspaces in (
        Account.objects.live()
        .filter(workspace_ids__overlap=sorted(keys))
        .values_list("workspace_ids", flat=True)
    ):
        for key in keys.intersection(workspaces):
            counted[key] = counted.get(key, 0) + 1
    return counted


def _name(traits: dict[str, Any]) -> str:
    name = traits.get("name")
    return name[:80] if isinstance(name, str) else ""
