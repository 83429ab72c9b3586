"""A page of the queue, as its reader may see it: eight queries, however many tickets are open."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any, cast

from django.conf import settings
from django.db.models import Max, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from accounts.lenses.registry import columns
from common.export import Table, table_of
from common.formatting import format_clock, format_date, format_datetime, format_money
from common.pagination import PAGE_SIZE, Page, read_page
from metrics.statements import load
from people.access import Access
from support.clocks.words import SHORTEST, span
from support.models import (
    Assignment,
    Clock,
    ClockEntry,
    EventKind,
    Priority,
    QueuePlace,
    SlaMetric,
    Status,
    TicketEvent,
)
from support.queue.asking import STATES, Asked
from support.tones import PRIORITY_TONE, STATUS_TONE

ARR, RENEWAL = "finance.arr", "finance.renewal_on"
MOST_COUNTED = 100
CHUNK = 1000
NAMES = {value: str(label) for value, label in SlaMetric.choices}
PRIORITIES = {value: str(label) for value, label in Priority.choices}
STATUSES = {value: str(label) for value, label in Status.choices}
FIELDS = (
    "pk",
    "state",
    "metric",
    "order_at",
    "worth",
    "renews_on",
    "ticket__subject",
    "ticket__priority",
    "ticket__status",
    "ticket__opened_at",
    "ticket__account_id",
    "ticket__account__name",
    "ticket__account__standing__tier__slug",
    "ticket__account__standing__tier__label",
    "ticket__account__standing__arr",
    "ticket__account__standing__renewal_on",
)


@dataclass(frozen=True, slots=True)
class Worth:
    """Which figures of accounts a reader may see beside tickets, and be told by their order."""

    arr: bool
    renewal: bool

    @classmethod
    def of(cls, access: Access) -> Worth:
        """Return what ``access`` reads of the columns of accounts that tell it."""
        return cls(columns[ARR].is_readable(access), columns[RENEWAL].is_readable(access))

    @property
    def order(self) -> tuple[str, ...]:
        """The order of the queue: time left, then what the reader may know of the account."""
        known = (("worth", self.arr), ("renews_on", self.renewal))
        return ("order_at", *(name for name, may in known if may), "pk")


@dataclass(frozen=True, slots=True)
class Line:
    """One ticket of the queue.

    ``due_at`` is None unless a clock runs, ``since`` unless one stands still, ``arr`` and ``renewal`` unless they may
    be read.
    """

    pk: int
    subject: str
    account_id: int
    account: str
    tier: str
    tier_label: str
    priority: str
    priority_tone: str
    status: str
    status_tone: str
    left: str
    tone: str
    clock: str
    due_at: datetime | None
    since: datetime | None
    engineer: str
    team: str
    has_since: datetime | None
    assignment: int
    arr: Decimal | None
    renewal: date | None
    wrote_at: datetime
    opened_at: datetime
    now: datetime

    @property
    def url(self) -> str:
        """The ticket's page."""
        return address("support:ticket", self.pk)

    @property
    def account_url(self) -> str:
        """The account's page, in the lens of support."""
        return f"{address('accounts:detail', self.account_id)}?lens=support"

    @property
    def clock_words(self) -> str:
        """Which clock it is, and when it is due or since when it stands still."""
        if self.due_at:
            return f"{self.clock}, due {self.due_words}"
        return f"{self.clock}, since {self.since_words}" if self.since else self.clock

    @property
    def due_words(self) -> str:
        """When its clock is due: the time, with the day where it isn't today."""
        return moment_words(self.due_at, self.now)

    @property
    def since_words(self) -> str:
        """Since when its clock stands still."""
        return moment_words(self.since, self.now)

    @property
    def has_words(self) -> str:
        """Since when whoever has it has it."""
        return f"since {moment_words(self.has_since, self.now)}" if self.has_since else ""

    @property
    def wrote_words(self) -> str:
        """How long ago the customer wrote."""
        return format_clock(self.wrote_at, self.now)

    @property
    def arr_words(self) -> str:
        """The ARR in three digits."""
        return "" if self.arr is None else format_money(self.arr, settings.REPORTING_CURRENCY, short=True)

    @property
    def renewal_words(self) -> str:
        """The next renewal."""
        return format_date(self.renewal) if self.renewal else ""

    @property
    def pick(self) -> str:
        """What the form says of a chosen ticket: which, and whose decision was seen."""
        return f"{self.pk}.{self.assignment}"


def queue_page(request: HttpRequest, asked: Asked, worth: Worth, size: int = PAGE_SIZE) -> Page[Any]:
    """Return the page of lines that the address names; five queries."""
    rows = cast("QuerySet[QueuePlace]", asked.places().values_list(*FIELDS, named=True))
    page = read_page(request, rows, worth.order, size=size)
    return Page(list(lines_of(page.rows, asked.now, worth)), page.previous_url, page.next_url)


def lines_of(rows: Sequence[Any], now: datetime, worth: Worth) -> Iterator[Line]:
    """Yield the lines of places; four queries however many they are."""
    keys = [row.pk for row in rows]
    held = {row[0]: row[1:] for row in _assignments(keys)}
    started = {
        row[:2]: row[2]
        for row in Clock.objects.filter(ticket__in=keys, ended_at=None).values_list(
            "ticket_id", "metric", "started_at"
        )
    }
    paused = _last(
        ClockEntry.objects.filter(
            ticket__in=[row.pk for row in rows if row.state == QueuePlace.State.PAUSED],
            kind=ClockEntry.Kind.PAUSE,
        ),
        "at",
    )
    wrote = _last(
        TicketEvent.objects.filter(ticket__in=keys, kind=EventKind.CUSTOMER_REPLY, deleted_at=None),
        "occurred_at",
    )
    for row in rows:
        key, team, engineer, has_since = held.get(row.pk, (0, "", "", None))
        since = paused.get(row.pk)
        left, tone = left_of(row.state, row.order_at, started.get((row.pk, row.metric)), now)
        yield Line(
            pk=row.pk,
            subject=row.ticket__subject,
            account_id=row.ticket__account_id,
            account=row.ticket__account__name,
            tier=row.ticket__account__standing__tier__slug or "",
            tier_label=row.ticket__account__standing__tier__label or "",
            priority=PRIORITIES[row.ticket__priority],
            priority_tone=PRIORITY_TONE.get(row.ticket__priority, "neutral"),
            status=STATUSES[row.ticket__status],
            status_tone=STATUS_TONE.get(row.ticket__status, "neutral"),
            left=left,
            tone=tone,
            clock=NAMES.get(row.metric, ""),
            due_at=row.order_at if row.state == QueuePlace.State.RUNNING else None,
            since=since,
            engineer=engineer or "",
            team=team or "",
            has_since=has_since,
            assignment=key,
            arr=row.ticket__account__standing__arr if worth.arr else None,
            renewal=row.ticket__account__standing__renewal_on if worth.renewal else None,
            # By opening it the customer wrote first.
            wrote_at=wrote.get(row.pk, row.ticket__opened_at),
            opened_at=row.ticket__opened_at,
            now=now,
        )


def address(name: str, pk: int) -> str:
    """Return the address of a row; it is asked for a hundred times a page."""
    head, tail = _around(name)
    return f"{head}{pk}{tail}"


@cache
def _around(name: str) -> tuple[str, str]:
    head, _, tail = reverse(name, args=[0]).rpartition("0")
    return head, tail


def moment_words(moment: datetime | None, now: datetime) -> str:
    """Return a moment as an agent reads it: the time alone where it is today."""
    if moment is None:
        return ""
    local = timezone.localtime(moment)
    return f"{local:%H:%M}" if local.date() == timezone.localtime(now).date() else format_datetime(local)


def _assignments(keys: Sequence[int]) -> Iterable[tuple[Any, ...]]:
    present = Assignment.objects.present().filter(ticket__in=keys)
    return present.values_list("ticket_id", "pk", "team__name", "engineer__name", "at")


def _last(rows: QuerySet[Any], field: str) -> dict[int, datetime]:
    """Return the latest time of each ticket's rows."""
    return dict(rows.order_by().values_list("ticket_id").annotate(last=Max(field)))


def left_of(state: str, due_at: datetime, started_at: datetime | None, now: datetime) -> tuple[str, str]:
    """Return the time left in words, such as “in 25 min” or “12 min over”, and the tone of it."""
    if state == QueuePlace.State.NEW:
        return "Not counted yet", "neutral"
    if state == QueuePlace.State.PAUSED:
        return "Paused", "violet"
    if state == QueuePlace.State.IDLE:
        return "Nothing promised", "neutral"
    if due_at <= now:
        late = now - due_at
        return ("Due now" if late < SHORTEST else f"{span(late)} over"), "red"
    is_near = started_at is not None and due_at - now < (now - started_at) / 3
    return f"in {span(due_at - now)}", "amber" if is_near else "blue"


@dataclass(frozen=True, slots=True)
class Count:
    """How many tickets are in a state: ``words`` are exact up to ``MOST_COUNTED``."""

    state: str
    label: str
    words: str
    is_none: bool


def counts_of(asked: Asked) -> list[Count]:
    """Return how many tickets each state has of those that the other filters leave; one query.

    Counting stops at ``MOST_COUNTED``, so that it costs the same with a hundred thousand open tickets.
    """
    parts = {state: asked.places(state=state).values("pk") for state in STATES}
    found = load("support", "queue_counts", most=MOST_COUNTED + 1, **parts).fetch()[0]
    return [
        Count(state, label, f"{count:,}" if count <= MOST_COUNTED else f"{MOST_COUNTED:,}+", count == 0)
        for (state, label), count in zip(STATES.items(), found, strict=True)
    ]


def queue_table(asked: Asked, worth: Worth, currency: str) -> Table:
    """Return every ticket that matches for a file, in the order of the queue, read a chunk at a time."""
    columns_of: list[tuple[str, str, Any]] = [
        ("ticket", "Ticket id", lambda line: line.pk),
        ("left", "Time left", lambda line: line.left),
        ("clock", "Clock", lambda line: line.clock),
        ("due_at", "Due", lambda line: line.due_at),
        ("paused_since", "Paused since", lambda line: line.since),
        ("subject", "Ticket", lambda line: line.subject),
        ("account", "Account", lambda line: line.account),
        ("tier", "Tier", lambda line: line.tier_label),
        ("priority", "Priority", lambda line: line.priority),
        ("status", "Status", lambda line: line.status),
        ("team", "Team", lambda line: line.team),
        ("engineer", "With", lambda line: line.engineer),
        ("has_since", "Since", lambda line: line.has_since),
        ("customer_wrote_at", "Customer wrote", lambda line: line.wrote_at),
        ("opened_at", "Opened", lambda line: line.opened_at),
    ]
    if worth.arr:
        columns_of.append(("arr", f"ARR ({currency})", lambda line: line.arr))
    if worth.renewal:
        columns_of.append(("renewal", "Renewal", lambda line: line.renewal))
    return table_of("support-queue", _every(asked, worth), columns_of)


def _every(asked: Asked, worth: Worth) -> Iterator[Line]:
    # The order was taken at once; what is read of each ticket is as of its chunk.
    keys = list(asked.places().order_by(*worth.order).values_list("pk", flat=True))
    for start in range(0, len(keys), CHUNK):
        part = keys[start : start + CHUNK]
        found = {
            row.pk: row for row in QueuePlace.objects.filter(pk__in=part).values_list(*FIELDS, named=True)
        }
        yield from lines_of([found[key] for key in part if key in found], asked.now, worth)
