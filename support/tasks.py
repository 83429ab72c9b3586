"""Support on workers: each task does what is due, however often it is asked."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from support.calendars.services import publish_due_hours
from support.clocks.keeping import keep_clocks as keep_marked_clocks
from support.clocks.marks import mark_due
from support.escalations.climbing import climb
from support.policies.services import publish_due_policies
from support.policies.tenures import review_tenures
from support.queue.places import follow_worth
from support.routing.rules import publish_due_rules
from support.routing.sweep import review_routing, route_waiting


@shared_task
def publish_hours() -> None:
    """Put hours of calendars in force whose day has come."""
    publish_due_hours()


@shared_task
def keep_clocks() -> None:
    """Tell the ledgers anew of tickets that changed, and of those of which a clock warns or is breached by now.

    Who is to know is told with it, and then whoever is next on the ladders of what nobody has taken up.
    """
    mark_due(timezone.now())
    keep_marked_clocks()
    climb()


@shared_task
def review_promises() -> None:
    """Put policies in force whose day has come, and write down what is promised where it became something else."""
    publish_due_policies()
    review_tenures()


@shared_task
def route_tickets() -> None:
    """Route what nobody has, or whoever has it can't go on with; put rules in force whose day has come."""
    publish_due_rules()
    route_waiting()


@shared_task
def review_routes() -> None:
    """Look at every decision where a ticket goes, as a net below the marks of what changed."""
    review_routing()


@shared_task
def follow_queue() -> None:
    """Copy what accounts are worth to the places of their tickets in the queue."""
    follow_worth()
