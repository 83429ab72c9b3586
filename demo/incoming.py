"""Tickets of the last hours, so that the sample company's queue is at work whatever the hour it begins at.

The exports end with the day before; these are sent as its help desk would have sent them since.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import msgspec
from django.db import transaction
from django.utils import timezone

from accounts.models import Account, Contact
from demo import catalogue
from demo.team import DOMAIN
from support.models import AccountEngineer
from sync.models import Link, Source
from sync.pipeline.batch import PENDING, REJECTED
from sync.pipeline.decode import decode_body
from sync.pipeline.pending import follow_up_batches
from sync.pipeline.run import run_batch
from sync.registry import resources

HELP_DESK, CRM = "zendesk", "salesforce"
FIRST = "today-1"
TICKETS = 36
APART = timedelta(minutes=13)
ANSWERED_AFTER = timedelta(minutes=11)
# Of four one waits for the first answer, one is at work, in one the customer wrote again, one waits for the customer.
NEW, AT_WORK, ASKED_AGAIN, WAITING = range(4)
# Of tickets that nobody has answered yet only the newest are left so.
UNANSWERED = 12
TIERS = ("strategic", "strategic", "enterprise", "strategic", "enterprise", "growth")
PRIORITIES = ("high", "urgent", "normal", "high", "low", "urgent", "normal")
AREAS = ("core", "access", "automation", "performance", "connect", "billing", "insights")
ANSWERS = (
    "Thank you for the details. I can see the same here and look into it now; I write again within the hour.",
    "I have passed your example to the engineers. Until it is mended, the export from the list works as before.",
    "This comes from a setting of your workspace. I have written down the three steps that change it below.",
)
REPLIES = (
    "Thank you. It still happens for two of our teams; the newest screenshot is from ten minutes ago.",
    "We tried that, and it works for most of us. For the night shift it doesn't.",
)


@dataclass(frozen=True, slots=True)
class _Customer:
    account: str
    writes: str
    looked_after_by: str


def come_in(now: datetime | None = None) -> int:
    """Let the help desk send its tickets of the last hours, once; return how many."""
    source = Source.objects.filter(slug=HELP_DESK).first()
    if source is None or Link.objects.filter(source=source, external_id=FIRST, resource="tickets").exists():
        return 0
    moment = (now or timezone.now()).replace(second=0, microsecond=0)
    customers = _customers()
    if not all(customers.values()):
        return 0
    tickets = [_Ticket(place, moment, customers) for place in range(TICKETS)]
    _send("tickets", source, [one.record() for one in tickets])
    _send("ticket-events", source, [event for one in tickets for event in one.events()])
    return len(tickets)


class _Ticket:
    """The ticket at a place, counted from the newest."""

    def __init__(self, place: int, now: datetime, customers: Mapping[str, Sequence[_Customer]]) -> None:
        self.place, self.now = place, now
        held = customers[TIERS[place % len(TIERS)]]
        self.customer = held[place // 2 % len(held)]
        self.opened_at = now - (place + 1) * APART
        is_old = place >= UNANSWERED
        self.state = AT_WORK if is_old and place % 4 == NEW else place % 4
        self.answered_at = None if self.state == NEW else self.opened_at + ANSWERED_AFTER

    @property
    def name(self) -> str:
        return f"today-{self.place + 1}"

    def record(self) -> dict[str, Any]:
        area = AREAS[self.place % len(AREAS)]
        subjects = catalogue.TICKET_SUBJECTS[area]
        thing = catalogue.TICKET_THINGS[self.place % len(catalogue.TICKET_THINGS)]
        return {
            "external_id": self.name,
            "account": {"source": CRM, "external_id": self.customer.account},
            "subject": subjects[self.place % len(subjects)].format(thing=thing),
            "priority": PRIORITIES[self.place % len(PRIORITIES)],
            "status": {NEW: "new", WAITING: "pending"}.get(self.state, "open"),
            "opened_at": self.opened_at.isoformat(),
            "first_replied_at": self.answered_at and self.answered_at.isoformat(),
            "requester_email": self.customer.writes,
            "product_area": area,
        }

    def events(self) -> Iterator[dict[str, Any]]:
        if self.answered_at is None:
            return
        ours, theirs = self.customer.looked_after_by, self.customer.writes
        yield self._event("a", self.answered_at, "agent_reply", ours, body=ANSWERS[self.place % len(ANSWERS)])
        if self.state == WAITING:
            yield self._event("b", self.answered_at, "status", ours, value="pending")
        elif self.state == ASKED_AGAIN:
            asked = self.now - (self.now - self.answered_at) / 3
            yield self._event("b", asked, "customer_reply", theirs, body=REPLIES[self.place % len(REPLIES)])

    def _event(self, part: str, at: datetime, kind: str, by: str, **fields: str) -> dict[str, Any]:
        return {
            "external_id": f"{self.name}-{part}",
            "ticket": self.name,
            "kind": kind,
            "occurred_at": at.isoformat(),
            "author_email": by,
            **fields,
        }


def _customers() -> dict[str, list[_Customer]]:
    """Return by tier the accounts with somebody who writes and, of strategic ones, the engineer who answers."""
    named = dict(
        AccountEngineer.objects.filter(is_named=True).values_list("account", "person__email").iterator()
    )
    found: dict[str, list[_Customer]] = {tier: [] for tier in TIERS}
    for tier, held in found.items():
        accounts = list(
            Account.objects.live().filter(standing__tier__slug=tier, lifecycle="customer").order_by("pk")[:20]
        )
        keys = [one.pk for one in accounts]
        links = Link.objects.filter(resource="accounts", source__slug=CRM, object_id__in=keys)
        names = dict(links.values_list("object_id", "external_id"))
        writers = dict(
            Contact.objects.filter(account__in=keys)
            .exclude(email="")
            .order_by("-pk")
            .values_list("account_id", "email")
        )
        held += [
            _Customer(names[key], writers[key], named.get(key, f"support@{DOMAIN}"))
            for key in keys
            if key in names and key in writers
        ]
    return found


def _send(resource_key: str, source: Source, records: Sequence[Mapping[str, Any]]) -> None:
    resource = resources[resource_key]
    decoded = decode_body(msgspec.json.encode(records), resource, lines=False)
    with transaction.atomic():
        outcome = run_batch(resource=resource, source=source, decoded=decoded)
        refused = [one for one in outcome.results if one.status in (REJECTED, PENDING)]
        assert not refused, refused[0].errors
        transaction.on_commit(partial(follow_up_batches, [outcome]))
