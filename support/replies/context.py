"""What stands beside a ticket: who asked, what was alike, and how the account has fared with us."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, ClassVar

from django.db.models import Avg, Count, OuterRef, Q, Subquery
from django.utils import timezone

from accounts.lenses.loading import Card, bulkhead, load_card
from accounts.lenses.registry import Panel
from accounts.models import Account, Contact
from common.formatting import format_count
from metrics.statements import load as load_statement
from people.access import Access
from people.models import Category
from support.models import CsatResponse, Priority, Status, Ticket
from support.querysets import OPEN_NOW
from support.tones import STATUS_TONE

# Tickets of the account that are compared, the newest; and how many of them are shown.
COMPARED = 500
MOST_ALIKE = 6
LEAST_WORDS = 2
MOST_RATINGS = 3
YEAR = timedelta(days=365)


class TicketPanel(Panel):
    """A card of a ticket's page; the registry of account pages doesn't know it."""

    category: ClassVar[str | None] = Category.SUPPORT_HISTORY
    span: ClassVar[int] = 6

    def __init__(self, ticket: Ticket) -> None:
        self.ticket = ticket


class Requester(TicketPanel):
    """Who asked, with the part that they play at the customer."""

    key = "support.requester"
    title = "Who asked"
    template = "support/tickets/_requester.html"
    category = Category.ACCOUNT_PROFILE

    def load_for(self, account: Account, as_of: date, access: Access) -> Mapping[str, Any]:
        email = self.ticket.requester_email
        found = Contact.objects.live().filter(account=account, email=email) if email else None
        contact = found.order_by("-is_active", "pk").first() if found is not None else None
        asked = (
            Ticket.objects.live().filter(account=account, requester_email=email).exclude(pk=self.ticket.pk)
        )
        return {
            "email": email,
            "name": contact.name if contact else "",
            "title": contact.title if contact else "",
            "role": contact.get_role_display() if contact and contact.role else "",
            "phone": contact.phone if contact else "",
            "has_left": contact is not None and not contact.is_active,
            "others": asked.count() if email and access.allows(Category.SUPPORT_HISTORY) else 0,
        }


class Alike(TicketPanel):
    """Tickets of the account whose subjects have words in common with this one's."""

    key = "support.alike"
    title = "Tickets like this one"
    template = "support/tickets/_alike.html"

    def load(self, account: Account, as_of: date) -> Mapping[str, Any]:
        found = load_statement(
            "support",
            "tickets_alike",
            subject=self.ticket.subject,
            account=account.pk,
            ticket=self.ticket.pk,
            newest=COMPARED,
            least=LEAST_WORDS,
            most=MOST_ALIKE,
        ).fetch()
        rating = CsatResponse.objects.live().filter(ticket=OuterRef("pk"), rating__isnull=False)
        tickets = Ticket.objects.annotate(rated=Subquery(rating.order_by("-asked_at").values("rating")[:1]))
        held = tickets.in_bulk([pk for pk, _ in found])
        return {
            "tickets": [_alike(held[pk], words) for pk, words in found if pk in held],
            "compared": COMPARED,
        }


def _alike(ticket: Any, words: Sequence[str]) -> dict[str, Any]:
    return {
        "url": ticket.get_absolute_url(),
        "subject": ticket.subject,
        "status": Status(ticket.status).label,
        "tone": STATUS_TONE.get(ticket.status, "neutral"),
        "opened_at": ticket.opened_at,
        "common": f"{format_count(len(words), 'word')} in common: {', '.join(words)}",
        "rated": ticket.rated,
    }


class Past(TicketPanel):
    """How the account has fared with us in a year: tickets, ratings, and what they said last."""

    key = "support.past"
    title = "A year of this account"
    template = "support/tickets/_past.html"

    def load(self, account: Account, as_of: date) -> Mapping[str, Any]:
        since = timezone.now() - YEAR
        tickets = Ticket.objects.live().filter(account=account)
        counts = tickets.aggregate(
            opened=Count("pk", filter=Q(opened_at__gte=since)),
            urgent=Count("pk", filter=Q(opened_at__gte=since, priority=Priority.URGENT)),
            open=Count("pk", filter=OPEN_NOW),
        )
        ratings = CsatResponse.objects.live().filter(
            account=account, asked_at__gte=since, rating__isnull=False
        )
        return {
            "counts": counts,
            "rated": ratings.aggregate(mean=Avg("rating"), answers=Count("pk")),
            "ratings": [
                {
                    "rating": row.rating,
                    "comment": row.comment,
                    "at": row.responded_at or row.asked_at,
                    "url": row.ticket.get_absolute_url() if row.ticket else "",
                    "subject": row.ticket.subject if row.ticket else "",
                }
                for row in ratings.select_related("ticket").order_by("-asked_at", "-pk")[:MOST_RATINGS]
            ],
        }


def cards_of(ticket: Ticket, account: Account, access: Access) -> list[Card]:
    """Return the cards of a ticket; one that fails says so in its own place."""
    today = timezone.now().date()
    with bulkhead() as held:
        return [
            load_card(
                panel,
                lambda panel=panel: panel.load_for(account, today, access),  # type: ignore[misc]
                access,
                url="",
                doubts={},
                held=held,
                is_lazy=False,
            )
            for panel in (Requester(ticket), Alike(ticket), Past(ticket))
        ]
