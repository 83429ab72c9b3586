"""The story of a ticket as a conversation: who said or did what, to whom, when, and who has heard of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Case, F, OuterRef, QuerySet, Subquery, When

from accounts.models import Contact
from common.export import Table, table_of
from people.models import User
from support.models import EventKind, Priority, Status, Ticket, TicketEvent
from sync.models import OWN_SLUG, FieldClaim, Link

EVENTS, TICKETS = "ticket-events", "tickets"
ORDER = ("-occurred_at", "-pk")
# Shown on the ticket's page; its own page has the others.
NEWEST = 30
A_PAGE = 100
ICONS = {
    EventKind.CUSTOMER_REPLY: ("message", "blue"),
    EventKind.AGENT_REPLY: ("send", "green"),
    EventKind.AUTO_REPLY: ("repeat", ""),
    EventKind.NOTE: ("note", "amber"),
    EventKind.STATUS: ("flag", ""),
    EventKind.PRIORITY: ("flame", ""),
}
DID = {
    EventKind.CUSTOMER_REPLY: "wrote",
    EventKind.AGENT_REPLY: "replied to the customer",
    EventKind.NOTE: "noted, for colleagues only",
}
NOBODY = {
    EventKind.CUSTOMER_REPLY: "The customer",
    EventKind.AGENT_REPLY: "Support",
    EventKind.NOTE: "Somebody",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened to a ticket, in words.

    ``who`` is empty where nobody is known to have done it. ``waits_for`` names the source that hasn't repeated yet
    what was written here.
    """

    kind: str
    at: datetime
    who: str
    title: str
    body: str
    note: str
    icon: str
    tone: str
    waits_for: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """A field of a ticket that was decided here, and that its source hasn't answered yet."""

    field: str
    value: str
    source: str


def story_of(ticket: Ticket) -> QuerySet[TicketEvent]:
    """Return the events of a ticket, each with ``said_by`` (an address, or the source's word) and the names known by
    it: ``colleague`` and ``contact``."""
    by = Case(When(author_email="", then=F("value")), default=F("author_email"))
    people = User.objects.filter(email=OuterRef("said_by")).values("name")[:1]
    contacts = Contact.objects.live().filter(account=ticket.account_id, email=OuterRef("said_by"))
    return (
        TicketEvent.objects.filter(ticket=ticket, deleted_at=None)
        .annotate(said_by=by)
        .annotate(colleague=Subquery(people), contact=Subquery(contacts.order_by("pk").values("name")[:1]))
    )


def sources_of(ticket: Ticket) -> list[str]:
    """Return the names of the systems that hold the ticket, other than this one."""
    links = Link.objects.filter(resource=TICKETS, object_id=ticket.pk, deleted_at=None)
    return list(links.exclude(source__slug=OWN_SLUG).order_by("pk").values_list("source__name", flat=True))


def entries_of(rows: Sequence[TicketEvent], source: str) -> list[Entry]:
    """Return events in words; ``source`` is where what is written here goes, empty for nowhere. One query."""
    waiting = _unheard([row.pk for row in rows]) if source else set()
    return [_entry(row, source if row.pk in waiting else "") for row in rows]


def _unheard(events: Iterable[int]) -> set[int]:
    """Return those of the events that were written here and that no other source has repeated."""
    links = Link.objects.filter(resource=EVENTS, object_id__in=list(events), deleted_at=None)
    own: set[int] = set()
    heard: set[int] = set()
    for object_id, slug in links.values_list("object_id", "source__slug"):
        (own if slug == OWN_SLUG else heard).add(object_id)
    return own - heard


def waiting_of(ticket: Ticket, source: str) -> list[Waiting]:
    """Return what was said of a ticket here that its source hasn't answered; one query."""
    if not source:
        return []
    claims = FieldClaim.objects.filter(
        resource=TICKETS, object_id=ticket.pk, source__slug=OWN_SLUG, field__in=("status", "priority")
    )
    words: dict[str, type[Status | Priority]] = {"status": Status, "priority": Priority}
    return [
        Waiting(field, str(words[field](value).label), source)
        for field, value in claims.order_by("-field").values_list("field", "value")
        if value in words[field].values
    ]


def opening_of(ticket: Ticket) -> Entry:
    """Return how a ticket began, which no event tells."""
    who = ticket.requester_email or "The customer"
    return Entry(
        "opened", ticket.opened_at, who, "opened the ticket", "", ticket.subject, "ticket", "blue", ""
    )


def _entry(row: TicketEvent, waits_for: str) -> Entry:
    kind = EventKind(row.kind)
    icon, tone = ICONS[kind]
    note = ""
    if kind == EventKind.STATUS:
        title, note = _changed("status", Status, row)
    elif kind == EventKind.PRIORITY:
        title, note = _changed("priority", Priority, row)
    else:
        title = DID.get(kind, "An automatic reply went out")
    return Entry(kind.value, row.occurred_at, _who(row, kind), title, row.body, note, icon, tone, waits_for)


def _who(row: TicketEvent, kind: EventKind) -> str:
    is_change = kind in (EventKind.STATUS, EventKind.PRIORITY)
    if is_change and not row.author_email:
        return ""
    name = getattr(row, "colleague", None) or getattr(row, "contact", None)
    said = row.author_email or ("" if is_change else row.value)
    return str(name or said or NOBODY.get(kind, ""))


def _changed(noun: str, words: type[Status | Priority], row: TicketEvent) -> tuple[str, str]:
    done = "changed the" if row.author_email else f"{noun.capitalize()} changed"
    title = f"{done} {noun} to" if row.author_email else f"{done} to"
    was = words(row.value_before).label.lower() if row.value_before in words.values else ""
    return f"{title} {words(row.value).label.lower()}", f"{was.capitalize()} before" if was else ""


def story_table(ticket: Ticket) -> Table:
    """Return every event of a ticket for a file, the newest first."""
    rows = story_of(ticket).order_by(*ORDER).iterator(chunk_size=500)
    return table_of(
        f"story-of-ticket-{ticket.pk}",
        ((row, _entry(row, "")) for row in rows),
        [
            ("at", "At", lambda each: each[1].at),
            ("kind", "Kind", lambda each: each[0].kind),
            ("who", "Who", lambda each: each[1].who),
            ("title", "What", lambda each: each[1].title),
            ("body", "Text", lambda each: each[1].body),
            ("value", "Value", lambda each: each[0].value),
        ],
    )
