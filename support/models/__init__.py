"""Tickets with what happened to them, what is promised of them, their clocks, escalations, and calendars."""

from support.models.calendars import BusinessCalendar, CalendarVersion
from support.models.clocks import Clock, ClockEntry, TicketToClock
from support.models.escalations import Escalation, EscalationStep, Firing, Ladder, Rung
from support.models.policies import Policy, PolicySet, PolicyTarget, PolicyTenure, SlaMetric
from support.models.previews import Outcome, PolicyPreview, PolicyPreviewRow
from support.models.queue import QueuePlace
from support.models.routing import (
    AccountEngineer,
    Assignment,
    RoutingRule,
    RoutingRules,
    TicketToRoute,
    WaitingRound,
)
from support.models.teams import SupportTeam, TeamMember, TeamSkill
from support.models.tickets import CsatResponse, EventKind, Priority, Status, Ticket, TicketEvent
from support.models.worktime import TimeEntry

__all__ = (
    "AccountEngineer",
    "Assignment",
    "BusinessCalendar",
    "CalendarVersion",
    "Clock",
    "ClockEntry",
    "CsatResponse",
    "Escalation",
    "EscalationStep",
    "EventKind",
    "Firing",
    "Ladder",
    "Outcome",
    "Policy",
    "PolicyPreview",
    "PolicyPreviewRow",
    "PolicySet",
    "PolicyTarget",
    "PolicyTenure",
    "Priority",
    "QueuePlace",
    "RoutingRule",
    "RoutingRules",
    "Rung",
    "SlaMetric",
    "Status",
    "SupportTeam",
    "TeamMember",
    "TeamSkill",
    "Ticket",
    "TicketEvent",
    "TicketToClock",
    "TicketToRoute",
    "TimeEntry",
    "WaitingRound",
)
