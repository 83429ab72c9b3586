"""What support shows of an account: its columns, panels and lens."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, timedelta
from typing import Any

from django.db.models import Case, Count, F, IntegerField, Sum, Value, When
from django.urls import reverse
from django.utils import timezone

from accounts.lenses import Column, Lens, Panel, register_column, register_lens, register_panel
from accounts.models import Account
from common.charts import Chart, Series
from common.export import Table, table_of
from common.formatting import format_count, format_key
from common.periods import end_of, weeks_until
from people.functions import Function
from people.models import Category
from support import home as _home  # noqa: F401 - declares the home cards
from support.charts import per_week_chart
from support.entitlements import GROUP
from support.escalations import panel as _path  # noqa: F401 - declares who is told
from support.metrics.spans import NORM_DAYS
from support.models import Priority, Status, Ticket, TimeEntry
from support.reports import panels as _reports  # noqa: F401 - declares what was kept
from support.targets import CLOCK_COLUMNS, most_urgent, with_clocks
from support.tones import PRIORITY_TONE
from tiers.entitlements.panel import EntitlementPanel
from tiers.entitlements.values import minutes_in_words

SUPPORT = Category.SUPPORT_HISTORY
MOST_TICKETS = 10
register_column(
    Column(
        key="support.open_tickets",
        label="Open tickets",
        field="standing__open_tickets",
        kind="number",
        category=SUPPORT,
        explain="support.open_tickets",
        headline=50,
        help="Tickets that wait for a solution",
    )
)


@register_panel
class OpenTickets(Panel):
    """What the customer is still waiting for: by the time that is left, on a past day by how long it had waited."""

    key = "support.open_tickets"
    title = "Open tickets"
    explain = "support.open_tickets"
    template = "support/panels/open_tickets.html"
    category = SUPPORT
    span = 12
    is_flush = True

    def load(self, account: Account, as_of: date) -> dict[str, Any]:
        of_account = Ticket.objects.open_on(as_of).filter(account=account)
        is_now = as_of >= timezone.now().date()
        # Where tickets stand in the queue is known of now alone.
        order = ("place__order_at",) if is_now else ()
        waiting = with_clocks(of_account, as_of).order_by(*order, "opened_at", "pk")
        tickets = list(waiting[: MOST_TICKETS + 1])
        return {
            "tickets": [
                _ticket(ticket, as_of) | {"clock": most_urgent(ticket.told, as_of)}
                for ticket in tickets[:MOST_TICKETS]
            ],
            "has_more": len(tickets) > MOST_TICKETS,
            "caption": f"Open tickets, {'least time left' if is_now else 'longest wait'} first",
            "queue_url": f"{reverse('support:queue')}?account={account.pk}" if is_now else "",
        }

    def table(self, data: Mapping[str, Any]) -> Table | None:
        """Return the tickets shown."""
        if not data["tickets"]:
            return None
        return table_of(
            "open-tickets",
            data["tickets"],
            [
                ("subject", "Ticket", lambda row: row["subject"]),
                ("status", "Status", lambda row: row["status"]),
                ("priority", "Priority", lambda row: row["priority"]),
                ("area", "Area", lambda row: row["area"]),
                ("assignee", "Assignee", lambda row: row["assignee"]),
                ("opened_at", "Opened", lambda row: row["opened_at"]),
                ("waits_days", "Waits (days)", lambda row: row["waits_days"]),
                ("replied_at", "First answer", lambda row: row["replied_at"]),
                *CLOCK_COLUMNS,
            ],
        )


def _ticket(ticket: Ticket, as_of: date) -> dict[str, Any]:
    end = end_of(as_of)
    replied = ticket.first_replied_at if ticket.first_replied_at and ticket.first_replied_at < end else None
    # Of the words for its state only today's is kept.
    is_solved_since = ticket.solved_at is not None and ticket.solved_at >= end
    return {
        "url": ticket.get_absolute_url(),
        "subject": ticket.subject,
        "priority": Priority(ticket.priority).label,
        "tone": PRIORITY_TONE.get(Priority(ticket.priority), "neutral"),
        "status": "Solved since" if is_solved_since else Status(ticket.status).label,
        "area": format_key(ticket.product_area or ""),
        "opened_at": ticket.opened_at,
        "waits_days": max((as_of - ticket.opened_at.astimezone(UTC).date()).days, 0),
        "replied_at": replied,
        "assignee": ticket.assignee_email.partition("@")[0].replace(".", " "),
    }


@register_panel
class SupportEntitlements(EntitlementPanel):
    """What support owes the account, each value with what gave it."""

    key = "support.entitlements"
    title = "What this account is entitled to"
    group = GROUP


@register_panel
class TicketsPerWeek(Panel):
    """Whether the customer asks more than we solve."""

    key = "support.tickets_per_week"
    title = "Tickets per week"
    explain = "support.ticket_trend"
    template = "accounts/panels/chart.html"
    category = SUPPORT
    span = 6

    def load(self, account: Account, as_of: date) -> dict[str, Any]:
        weeks = weeks_until(as_of, 26)
        return {"chart": per_week_chart(f"{self.key}-{account.pk}", weeks, as_of, account_id=account.pk)}


@register_panel
class TicketsByArea(Panel):
    """Where the trouble lies: tickets of half a year by product area and priority."""

    key = "support.tickets_by_area"
    title = "Tickets by product area and priority"
    explain = "support.tickets_30d"
    template = "accounts/panels/chart.html"
    category = SUPPORT
    span = 6

    def load(self, account: Account, as_of: date) -> dict[str, Any]:
        rows = (
            Ticket.objects.opened_within(as_of, 182)
            .filter(account=account)
            .values_list("product_area", "priority")
            .annotate(n=Count("pk"))
            .order_by()
        )
        counts: dict[str, dict[str, int]] = {}
        for area, priority, count in rows:
            by = counts.setdefault(format_key(area or "") or "No area", {})
            by[priority] = by.get(priority, 0) + count
        ranked = sorted(counts, key=lambda name: (-sum(counts[name].values()), name))[:8]
        whole = sum(sum(by.values()) for by in counts.values())
        most = sum(counts[ranked[0]].values()) if ranked else 0
        share = f"{ranked[0]} brings {most} of {format_count(whole, 'ticket')}" if ranked else ""
        return {
            "chart": Chart(
                key=f"{self.key}-{account.pk}",
                kind="heatmap",
                title=share or "No ticket in half a year",
                categories=[str(Priority(value).label) for value in Priority.values],
                series=[
                    Series(name=name, values=[counts[name].get(value) for value in Priority.values])
                    for name in ranked
                ],
                unit="tickets",
                category_label="Product area",
            )
        }


@register_panel
class TimeWorked(Panel):
    """Which tickets the account's support went into: the time written down in 90 days."""

    key = "support.time_worked"
    title = "Time worked in 90 days"
    explain = "support.minutes_of_work"
    template = "support/panels/time_worked.html"
    category = SUPPORT
    span = 6
    is_flush = True
    is_lazy = True

    def load(self, account: Account, as_of: date) -> dict[str, Any]:
        worked = TimeEntry.objects.within(as_of, NORM_DAYS).filter(ticket__account=account)
        by_ticket = (
            worked.values("ticket_id", "ticket__subject")
            .annotate(minutes=Sum("minutes"), people=Count("worked_by_email", distinct=True))
            .order_by("-minutes", "-ticket_id")
        )
        rows = list(by_ticket[: MOST_TICKETS + 1])
        return {
            "tickets": [_worked(row) for row in rows[:MOST_TICKETS]],
            "has_more": len(rows) > MOST_TICKETS,
        }

    def table(self, data: Mapping[str, Any]) -> Table | None:
        """Return the tickets shown."""
        if not data["tickets"]:
            return None
        return table_of(
            "time-worked",
            data["tickets"],
            [
                ("subject", "Ticket", lambda row: row["subject"]),
                ("minutes", "Minutes", lambda row: row["minutes"]),
                ("people", "People", lambda row: row["people"]),
            ],
        )


def _worked(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "url": reverse("support:ticket_time", args=[row["ticket_id"]]),
        "subject": row["ticket__subject"],
        "minutes": row["minutes"],
        "spent": minutes_in_words(row["minutes"]),
        "people": row["people"],
    }


# Upper edges in minutes; the last one takes the rest.
RESPONSE_STEPS = (
    (30, "up to 30 min"),
    (120, "to 2 h"),
    (480, "to 8 h"),
    (1440, "to 24 h"),
    (None, "over 24 h"),
)


@register_panel
class FirstResponse(Panel):
    """How long the customer waited for a first human answer in half a year."""

    key = "support.first_response"
    title = "First response"
    explain = "support.first_response_minutes"
    template = "accounts/panels/chart.html"
    category = SUPPORT
    span = 6
    is_lazy = True

    def load(self, account: Account, as_of: date) -> dict[str, Any]:
        waited = F("first_replied_at") - F("opened_at")
        answered = Ticket.objects.opened_within(as_of, 182).filter(
            account=account, first_replied_at__isnull=False, first_replied_at__lt=end_of(as_of)
        )
        step = Case(
            *(
                When(waited__lte=timedelta(minutes=edge), then=Value(place))
                for place, (edge, _) in enumerate(RESPONSE_STEPS)
                if edge is not None
            ),
            default=Value(len(RESPONSE_STEPS) - 1),
            output_field=IntegerField(),
        )
        counts = dict(
            answered.annotate(waited=waited)
            .annotate(step=step)
            .values_list("step")
            .annotate(n=Count("pk"))
            .order_by()
        )
        values = [counts.get(place, 0) for place in range(len(RESPONSE_STEPS))]
        whole = sum(values)
        return {
            "chart": Chart(
                key=f"{self.key}-{account.pk}",
                kind="bar",
                title=f"{values[0] + values[1]} of {format_count(whole, 'first answer')} came within 2 hours"
                if whole
                else "No ticket was answered in half a year",
                categories=[label for _, label in RESPONSE_STEPS],
                series=[Series(name="Tickets", values=values, tone="accent")] if whole else [],
                unit="tickets",
                category_label="First answer after",
                note="In elapsed time, not business hours.",
            )
        }


register_lens(
    Lens(
        key="support",
        label="Support",
        order=40,
        functions=(Function.SUPPORT,),
        panels=(
            "support.open_tickets",
            "support.entitlements",
            "support.escalation_path",
            "support.tickets_per_week",
            "support.tickets_by_area",
            "support.first_response",
            "support.kept",
            "support.time_worked",
            "pods.health_checks",
            "pods.surveys",
            "metrics.health_makeup",
            "metrics.health_trend",
        ),
        sort="-support.open_tickets",
        columns=(
            "accounts.tier",
            "support.open_tickets",
            "metrics.health_score",
            "metrics.health_change",
            "accounts.lifecycle",
            "accounts.industry",
            "accounts.owner",
        ),
    )
)
