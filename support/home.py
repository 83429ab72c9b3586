"""What support sees first: who waits, and how long."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from typing import Any

from django.urls import reverse
from django.utils import timezone

from accounts.home import HomePanel, Reader, register_home_panel
from common.export import Table, table_of
from common.periods import end_of, weeks_until
from people.functions import Function
from people.models import Category
from support.charts import per_week_chart
from support.escalations.reading import escalations_table, listed, shown
from support.models import Priority, Ticket
from support.models.queue import PAUSED_AT
from support.targets import CLOCK_COLUMNS, most_urgent, with_clocks
from support.tones import PRIORITY_TONE

MOST_TICKETS = 10


class TicketTable(HomePanel):
    """A card that lists open tickets of all accounts."""

    template = "support/home/tickets.html"
    category = Category.SUPPORT_HISTORY
    is_flush = True

    def table(self, data: Mapping[str, Any]) -> Table | None:
        """Return the tickets shown."""
        if not data["tickets"]:
            return None
        return table_of(
            self.key.replace(".", "-"),
            data["tickets"],
            [
                ("account_id", "Account id", lambda row: row["account_id"]),
                ("account", "Account", lambda row: row["account__name"]),
                ("tier", "Tier", lambda row: row["account__standing__tier__label"] or ""),
                ("subject", "Ticket", lambda row: row["subject"]),
                ("priority", "Priority", lambda row: row["priority"]),
                ("opened_at", "Opened", lambda row: row["opened_at"]),
                ("waits_days", "Waits (days)", lambda row: row["waits_days"]),
                ("first_replied_at", "First answer", lambda row: row["first_replied_at"]),
                *CLOCK_COLUMNS,
                ("assignee", "Assignee", lambda row: row["assignee_email"]),
            ],
        )

    def rows(self, reader: Reader, *order: Any, **which: Any) -> list[dict[str, Any]]:
        """Return the first open tickets in an order, with how long each waits and may wait; one query."""
        waiting = (
            with_clocks(Ticket.objects.open_on(reader.as_of), reader.as_of)
            .filter(account__deleted_at=None, **which)
            .order_by(*order, "pk")
            .values(
                "pk",
                "subject",
                "priority",
                "opened_at",
                "first_replied_at",
                "assignee_email",
                "account_id",
                "account__name",
                "account__standing__tier__slug",
                "account__standing__tier__label",
                "told",
            )[:MOST_TICKETS]
        )
        return [
            {
                **row,
                "url": Ticket(pk=row["pk"]).get_absolute_url(),
                "clock": most_urgent(row["told"], reader.as_of),
                "priority": Priority(row["priority"]).label,
                "first_replied_at": row["first_replied_at"]
                if row["first_replied_at"] and row["first_replied_at"] < end_of(reader.as_of)
                else None,
                "tone": PRIORITY_TONE.get(Priority(row["priority"]), "neutral"),
                "waits_days": max((reader.as_of - row["opened_at"].astimezone(UTC).date()).days, 0),
            }
            for row in waiting
        ]


@register_home_panel
class LateNow(HomePanel):
    """Promises to customers that are late and that nobody has taken up."""

    key = "support.escalations_unanswered"
    title = "Late and not taken up"
    template = "support/home/escalations.html"
    category = Category.SUPPORT_HISTORY
    functions = {Function.SUPPORT: 5, Function.CUSTOMER_SUCCESS: 25, Function.LEADERSHIP: 75}
    span = 12
    is_flush = True
    is_today_only = True

    def is_for(self, reader: Reader) -> bool:
        """Return whether there is anything to take up: who answers for tickets sees that there isn't, too."""
        return reader.user.function == Function.SUPPORT or listed("unanswered").exists()

    def load(self, reader: Reader) -> dict[str, Any]:
        return {"rows": shown(list(listed("unanswered")[:MOST_TICKETS]))}

    def table(self, data: Mapping[str, Any]) -> Table | None:
        """Return the escalations shown."""
        return escalations_table(data["rows"]) if data["rows"] else None


@register_home_panel
class RunningOut(TicketTable):
    """The tickets whose time runs out next, with the reason for each deadline."""

    key = "support.running_out"
    title = "Running out next"
    explain = "support.open_tickets"
    functions = {Function.SUPPORT: 8}
    span = 12
    is_today_only = True

    def load(self, reader: Reader) -> dict[str, Any]:
        rows = self.rows(
            reader, "place__order_at", place__order_at__gt=timezone.now(), place__order_at__lt=PAUSED_AT
        )
        return {"tickets": rows, "empty": "No clock is running out", "all_url": reverse("support:queue")}


@register_home_panel
class UrgentTickets(TicketTable):
    """Urgent tickets, the highest tier first and then the longest wait."""

    key = "support.urgent_tickets"
    title = "Urgent tickets"
    explain = "support.urgent_open_tickets"
    functions = {Function.SUPPORT: 10, Function.ENGINEERING: 10}
    span = 12

    def load(self, reader: Reader) -> dict[str, Any]:
        rows = self.rows(reader, "account__standing__tier__rank", "opened_at", priority=Priority.URGENT)
        return {"tickets": rows, "empty": "No urgent ticket is open"}


@register_home_panel
class OldestTickets(TicketTable):
    """The tickets that wait longest, whatever their priority."""

    key = "support.oldest_tickets"
    title = "Longest waits"
    explain = "support.open_tickets"
    functions = {Function.SUPPORT: 35, Function.CUSTOMER_SUCCESS: 60}
    span = 12

    def load(self, reader: Reader) -> dict[str, Any]:
        return {"tickets": self.rows(reader, "opened_at"), "empty": "No ticket is open"}


@register_home_panel
class TicketsPerWeek(HomePanel):
    """Whether customers ask more than we solve."""

    key = "support.all_tickets_per_week"
    title = "Tickets per week"
    explain = "support.tickets_30d"
    template = "accounts/panels/chart.html"
    category = Category.SUPPORT_HISTORY
    functions = {Function.SUPPORT: 30, Function.ENGINEERING: 30, Function.PRODUCT: 50}

    def load(self, reader: Reader) -> dict[str, Any]:
        return {"chart": per_week_chart(self.key, weeks_until(reader.as_of, 26), reader.as_of)}
