"""What the page of sources shows: each source, its feeds by data category, and what they sent lately."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Sum
from django.utils import timezone

from sync.freshness.judging import FRESH, LATE, STALE, UNJUDGED, Feed, Last, in_words, judge_feeds
from sync.listing import live_on
from sync.models import OWN_SLUG, ApiToken, Batch, FeedDay, PendingRecord, Source
from sync.registry import resources

DRAWN_DAYS = 28
RECENT_DAYS = 7
SAMPLES = 3
# Enough to find samples of each source; the errors of a batch may be long.
LOOKED_AT = 40
WORST_FIRST = (STALE, LATE, FRESH, UNJUDGED)
RECEIVED = (
    F("created") + F("updated") + F("unchanged") + F("stale") + F("pending") + F("rejected") + F("deleted")
)

Key = tuple[int, str]


@dataclass(kw_only=True, slots=True)
class Flow:
    """What one resource of a source brought lately; ``drawn`` are rows by day, oldest first."""

    resource: str
    last: Last
    rows: int
    rejected: int
    pending: int
    drawn: Sequence[int]

    @property
    def lag(self) -> str:
        """How long before the last batch the newest record in it was changed at its source, in words."""
        if self.last.source_time is None:
            return ""
        return in_words(max(self.last.received_at - self.last.source_time, timedelta()))


@dataclass(kw_only=True, slots=True)
class FeedRow:
    """A feed with what it sends; a resource stands under its own category only."""

    feed: Feed
    flows: Sequence[Flow]

    @property
    def age(self) -> str:
        """How old its data are, in words; empty where nothing ever came."""
        return in_words(self.feed.age) if self.feed.age is not None else ""

    @property
    def limits(self) -> str:
        """What is expected of it, in words."""
        found = self.feed.limits
        if found is None:
            return self.feed.why
        return f"Late after {in_words(found.late)}, stale after {in_words(found.stale)}. {self.feed.why}"


@dataclass(frozen=True, slots=True)
class Sample:
    """A record that was refused lately."""

    batch_id: int
    resource: str
    received_at: datetime
    external_id: str
    detail: str


@dataclass(kw_only=True, slots=True)
class SourceRow:
    """A source with its feeds, the worst state among them, and samples of what was refused."""

    source: Source
    lost_its_token: bool
    state: str = UNJUDGED
    feeds: list[FeedRow] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    pending: int = 0
    is_connected: bool = False

    @property
    def last_at(self) -> datetime | None:
        """When something last arrived."""
        return max((row.feed.last_at for row in self.feeds if row.feed.last_at is not None), default=None)


def source_rows() -> list[SourceRow]:
    """Return every source for the page, in a constant number of queries."""
    now = timezone.now()
    today = now.date()
    by_day, rejected = _by_day(today)
    pending = _pending()
    tokens = ApiToken.objects.filter(live_on(now), client__source=OuterRef("pk"))
    rows = {
        # One that sends by files or is asked by a connection never had a token, and lacks none.
        source.pk: SourceRow(source=source, lost_its_token=source.had_token and not source.sends)
        for source in Source.objects.exclude(slug=OWN_SLUG)
        .annotate(
            sends=Exists(tokens), had_token=Exists(ApiToken.objects.filter(client__source=OuterRef("pk")))
        )
        .order_by("slug")
    }
    for feed in judge_feeds(now):
        row = rows[feed.source.pk]
        row.is_connected = row.is_connected or feed.connection is not None
        row.state = min(row.state, feed.state, key=WORST_FIRST.index)
        flows = []
        for last in feed.last:
            if _own_category(last.resource) != feed.category:
                continue
            key = (feed.source.pk, last.resource)
            drawn = [
                by_day[key].get(today - timedelta(days=back), 0) for back in range(DRAWN_DAYS - 1, -1, -1)
            ]
            flows.append(
                Flow(
                    resource=last.resource,
                    last=last,
                    rows=sum(drawn[-RECENT_DAYS:]),
                    rejected=rejected.get(key, 0),
                    pending=pending.get(key, 0),
                    drawn=drawn,
                )
            )
        row.feeds.append(FeedRow(feed=feed, flows=flows))
    for (source_id, _), count in pending.items():
        rows[source_id].pending += count
    _add_samples(rows, now)
    return list(rows.values())


def stale_feeds() -> list[Feed]:
    """Return the feeds that are stale or late now, worst first."""
    found = [feed for feed in judge_feeds() if feed.state in (STALE, LATE)]
    return sorted(found, key=lambda feed: WORST_FIRST.index(feed.state))


def _own_category(resource: str) -> str:
    declared = resources.get(resource)
    return str(declared.category or "") if declared is not None else ""


def _by_day(today: date) -> tuple[Mapping[Key, dict[date, int]], dict[Key, int]]:
    """Return rows by feed and day, and what was refused lately by feed; today's from the batches themselves."""
    by_day: dict[Key, dict[date, int]] = defaultdict(dict)
    rejected: dict[Key, int] = defaultdict(int)
    first, recent = today - timedelta(days=DRAWN_DAYS - 1), today - timedelta(days=RECENT_DAYS - 1)
    for day in FeedDay.objects.filter(day__gte=first, day__lt=today):
        key = (day.source_id, day.resource)
        by_day[key][day.day] = day.rows
        if day.day >= recent:
            rejected[key] += day.rejected
    begun = datetime.combine(today, time.min, UTC)
    nothing_new = (Batch.Mode.PENDING, Batch.Mode.UNDO)
    batches = Batch.objects.filter(received_at__gte=begun).exclude(mode__in=nothing_new).order_by()
    for row in batches.values("source", "resource").annotate(n=Sum(RECEIVED), refused=Sum("rejected")):
        key = (row["source"], row["resource"])
        by_day[key][today] = row["n"]
        rejected[key] += row["refused"]
    return by_day, rejected


def _pending() -> dict[Key, int]:
    rows = (
        PendingRecord.objects.waiting().order_by().values_list("source", "resource").annotate(n=Count("pk"))
    )
    return {(source, resource): count for source, resource, count in rows}


def _add_samples(rows: Mapping[int, SourceRow], now: datetime) -> None:
    since = now - timedelta(days=RECENT_DAYS)
    refused = Batch.objects.filter(rejected__gt=0, received_at__gte=since).order_by("-received_at")
    for batch in refused.only("source", "resource", "received_at", "errors")[:LOOKED_AT]:
        samples = rows[batch.source_id].samples
        for entry in batch.errors[: SAMPLES - len(samples)]:
            if isinstance(entry, dict):
                samples.append(_sample(batch, entry))


def _sample(batch: Batch, entry: Mapping[str, Any]) -> Sample:
    errors = [error for error in entry.get("errors") or [] if isinstance(error, dict)]
    words = "; ".join(f"{error.get('field') or ''} {error.get('detail') or ''}".strip() for error in errors)
    return Sample(
        batch.pk, batch.resource, batch.received_at, str(entry.get("external_id") or ""), words or "Refused."
    )
