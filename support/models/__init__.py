"""Tickets with what happened to them, and the calendars that support works by."""

from support.models.calendars import BusinessCalendar, CalendarVersion
from support.models.tickets import CsatResponse, EventKind, Priority, Status, Ticket, TicketEvent

__all__ = (
    "BusinessCalendar",
    "CalendarVersion",
    "CsatResponse",
    "EventKind",
    "Priority",
    "Status",
    "Ticket",
    "TicketEvent",
)
