"""Judge each feed: how old its data are against what is expected of it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone

from common.sql import load_sql
from people.models import Category
from sync.freshness.habits import HABIT_OVER, Limits, limits_of
from sync.models import OWN_SLUG, Connection, FeedDay, FreshnessRule, Source
from sync.registry import resources

FRESH = "fresh"
LATE = "late"
STALE = "stale"
UNJUDGED = "unjudged"


@dataclass(frozen=True, slots=True)
class Last:
    """The last batch of one resource of a source."""

    resource: str
    batch_id: int
    received_at: datetime
    source_time: datetime | None


@dataclass(kw_only=True, slots=True)
class Feed:
    """What one source sends of one data category; ``category`` is empty for data of none."""

    source: Source
    category: str
    last: list[Last] = field(default_factory=list)
    rule: FreshnessRule | None = None
    connection: Connection | None = None
    is_paused: bool = False
    limits: Limits | None = None
    why: str = ""
    state: str = UNJUDGED
    age: timedelta | None = None

    @property
    def label(self) -> str:
        """The category in words."""
        return str(Category(self.category).label) if self.category else "Shared data"

    @property
    def last_at(self) -> datetime | None:
        """When something last arrived, or the source last said that there is nothing new."""
        times = [last.received_at for last in self.last]
        if self.connection is not None and self.connection.last_success_at is not None:
            times.append(self.connection.last_success_at)
        return max(times, default=None)

    @property
    def fresh_until(self) -> datetime | None:
        """The moment up to which its data reach, by the measure of its rule."""
        if self.rule is not None and self.rule.measure == FreshnessRule.Measure.SOURCE_TIME:
            times = (last.source_time for last in self.last if last.source_time is not None)
            return max(times, default=None)
        return self.last_at


def judge_feeds(at: datetime | None = None) -> list[Feed]:
    """Return every feed with its state at a moment, by default now; five queries, whatever the number of feeds.

    Known arrivals count even where they came after ``at``: what was late then is there now.
    """
    moment = at or timezone.now()
    feeds = _feeds()
    days: dict[int, dict[str, list[FeedDay]]] = defaultdict(lambda: defaultdict(list))
    for row in FeedDay.objects.filter(day__gte=moment.date() - HABIT_OVER).order_by("day"):
        days[row.source_id][row.resource].append(row)
    for feed in feeds:
        own = days[feed.source.pk]
        mine = {key: own[key] for key in own if feed.category in categories_of(key)}
        asked = feed.connection
        interval = timedelta(minutes=asked.interval_minutes) if asked is not None else None
        verdict = limits_of(feed.category, feed.rule, mine, moment.date(), interval, is_paused=feed.is_paused)
        feed.limits, feed.why = verdict.limits, verdict.why
        reach = feed.fresh_until
        feed.age = None if reach is None else max(moment - reach, timedelta())
        feed.state = _state(feed)
    return feeds


@dataclass(frozen=True, slots=True)
class Stale:
    """A data category with stale sources: how old the data of each are, with the sentence that people read.

    The age is None where a source never sent any.
    """

    feeds: tuple[tuple[timedelta | None, str], ...]

    def beyond(self, held: timedelta) -> str:
        """Say which sources had been silent for longer than ``held``; nothing where none was."""
        return " ".join(sentence for age, sentence in self.feeds if age is None or age > held)


def stale_categories(at: datetime) -> dict[str, Stale]:
    """Return the categories with a stale source at a moment."""
    found: dict[str, list[tuple[timedelta | None, str]]] = defaultdict(list)
    for feed in judge_feeds(at):
        if feed.state == STALE and feed.category:
            found[feed.category].append((feed.age, _sentence(feed, at)))
    return {category: Stale(tuple(feeds)) for category, feeds in found.items()}


def _feeds() -> list[Feed]:
    # What is made here is as fresh as it can be, whenever that was.
    sources = {source.pk: source for source in Source.objects.exclude(slug=OWN_SLUG).order_by("slug")}
    # A paused connection is silent because somebody wants it to be; one that stopped is not.
    states = (Connection.State.ACTIVE, Connection.State.STOPPED, Connection.State.PAUSED)
    held = Connection.objects.filter(state__in=states)
    connections = {one.source_id: one for one in held if one.state != Connection.State.PAUSED}
    paused = {one.source_id for one in held if one.state == Connection.State.PAUSED}
    feeds: dict[tuple[int, str], Feed] = {}

    def feed_of(source_id: int, category: str) -> Feed:
        return feeds.setdefault(
            (source_id, category),
            Feed(
                source=sources[source_id],
                category=category,
                connection=connections.get(source_id),
                is_paused=source_id in paused,
            ),
        )

    with connection.cursor() as cursor:
        cursor.execute(load_sql("sync", "feed_last"), [[resource.key for resource in resources]])
        rows = cursor.fetchall()
    for source_id, resource, batch_id, received_at, source_time in rows:
        if source_id in sources:
            last = Last(resource, batch_id, received_at, source_time)
            for category in categories_of(resource):
                feed_of(source_id, category).last.append(last)
    for rule in FreshnessRule.objects.all():
        if rule.source_id in sources:
            feed_of(rule.source_id, rule.category).rule = rule
    order = [str(category) for category in Category]
    return sorted(
        feeds.values(),
        key=lambda feed: (feed.source.slug, order.index(feed.category) if feed.category in order else 99),
    )


def categories_of(resource: str) -> set[str]:
    """Return the categories that a resource feeds: its own and those that guard single fields; "" for none."""
    found = resources.get(resource)
    if found is None:
        return set()
    return {str(found.category or ""), *(str(category) for category in found.guarded.values())}


def _state(feed: Feed) -> str:
    if feed.limits is None:
        return UNJUDGED
    if feed.age is None or feed.age > feed.limits.stale:
        return STALE
    return LATE if feed.age > feed.limits.late else FRESH


def _sentence(feed: Feed, at: datetime) -> str:
    assert feed.limits is not None
    reach = feed.fresh_until
    what = f"{feed.label} from {feed.source.name}"
    if reach is None:
        return f"{what} has never arrived."
    return (
        f"{what} was {in_words(feed.age or timedelta())} old, expected within {in_words(feed.limits.stale)}."
    )


def in_words(span: timedelta) -> str:
    """Return a span as people say it: 40 minutes, 3 hours, 12 days."""
    minutes = int(span.total_seconds() // 60)
    for size, noun in ((24 * 60, "day"), (60, "hour"), (1, "minute")):
        # Up to two of the larger unit the smaller one says more.
        if minutes >= 2 * size or size == 1:
            count = minutes // size
            return f"{count} {noun}{'' if count == 1 else 's'}"
    raise AssertionError("unreachable")
