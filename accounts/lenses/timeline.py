"""The account's story across functions, cut to what the reader may read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.safestring import SafeString

from accounts.models import Account, TimelineEvent
from common.formatting import format_datetime
from common.periods import day_label
from common.tags.marks import icon
from people.access import Access
from people.models import Category

PAGE = 12
ICONS: dict[str, str] = {
    Category.SUPPORT_HISTORY: "ticket",
    Category.REVENUE: "report-money",
    Category.FINANCIAL_HEALTH: "wallet",
    Category.CONTRACTS: "file-text",
    Category.ENGAGEMENT: "message",
    Category.PRODUCT_USAGE: "activity",
    Category.ACCOUNT_TEAM: "users",
}


@dataclass(frozen=True, kw_only=True)
class Hidden:
    """How many entries of a category lie in the shown span but may not be read."""

    label: str
    count: int
    reason: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the story, with everything as words; ``month`` heads the first of each month."""

    event: TimelineEvent
    month: str
    day: str
    moment: str
    icon: SafeString
    category: str


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """One page of the story, newest first; ``older`` is the cursor of the next one, empty at the end."""

    events: Sequence[TimelineEvent]
    hidden: Sequence[Hidden]
    older: str
    is_continued: bool

    def entries(self) -> list[Entry]:
        """Return the events as the page shows them, in the reader's time zone."""
        found: list[Entry] = []
        heading = ""
        for event in self.events:
            moment = timezone.localtime(event.happened_at)
            month = f"{moment:%B %Y}"
            found.append(
                Entry(
                    event,
                    "" if month == heading else month,
                    day_label(moment.date()),
                    format_datetime(event.happened_at),
                    icon(ICONS.get(event.category, "building"), size=13),
                    str(Category(event.category).label),
                )
            )
            heading = month
        return found


def timeline_of(account: Account, access: Access, *, until: datetime, cursor: str = "") -> Timeline:
    """Return up to twelve readable entries before ``until`` and before the cursor; at most two queries.

    A cursor that is not one of ours starts at the newest.
    """
    readable = access.readable(Category.values)
    place = parse_cursor(cursor)
    span = TimelineEvent.objects.filter(account=account, happened_at__lt=until)
    if place is not None:
        moment, pk = place
        span = span.filter(
            Q(happened_at__lt=moment) | Q(happened_at=moment, pk__lt=pk), happened_at__lte=moment
        )
    found = list(span.filter(category__in=readable).newest_first()[: PAGE + 1])
    more, events = len(found) > PAGE, found[:PAGE]
    hidden: list[Hidden] = []
    closed = set(Category.values) - readable
    if closed:
        unseen = span.filter(category__in=closed)
        if more:
            unseen = unseen.filter(happened_at__gte=events[-1].happened_at)
        counts = unseen.order_by().values_list("category").annotate(n=Count("pk"))
        hidden = [
            Hidden(label=str(Category(category).label), count=count, reason=access.why_not(category))
            for category, count in sorted(counts)
        ]
    older = f"{events[-1].happened_at.isoformat()}~{events[-1].pk}" if more else ""
    return Timeline(events=events, hidden=hidden, older=older, is_continued=place is not None)


def parse_cursor(text: str) -> tuple[datetime, int] | None:
    """Return moment and id of a cursor, None where it is none of ours."""
    moment_text, _, pk_text = text.partition("~")
    if not (pk_text.isascii() and pk_text.isdecimal() and len(pk_text) < 19):
        return None
    try:
        moment = parse_datetime(moment_text)
    except ValueError:
        return None
    return (moment, int(pk_text)) if moment is not None and moment.tzinfo is not None else None
