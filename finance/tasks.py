"""Finance on workers: each task does what is due, however often it is asked."""

from __future__ import annotations

from celery import shared_task

from finance.billing.arranging import publish_due_arrangements
from finance.billing.drafting import draft_invoices
from finance.billing.papers.keeping import keep_older_papers
from finance.billing.seller.services import publish_due_particulars
from finance.calendars.events import follow_all
from finance.clauses.services.deviations import expire_deviations as expire_due_deviations
from finance.collections.planning import plan_dunning
from finance.collections.sending import mark_lost, send_due
from finance.contracts.recording import record_due_versions
from finance.contracts.taking_effect import hold_overtaken, take_due_effects
from finance.costs.rates import publish_due_rates
from finance.obligations.services import remind_of_obligations
from metrics.engine.plan import today


@shared_task
def record_contracts() -> None:
    """Write down what sources say of contracts by now, and put in effect what was approved for today."""
    record_due_versions()
    hold_overtaken()
    take_due_effects()


@shared_task
def run_dunning() -> None:
    """Ask customers who are overdue: write what is due by now, send it, and mark what was lost on the way."""
    mark_lost()
    plan_dunning(today())
    send_due(today())


@shared_task
def remind_of_contracts() -> None:
    """Remind people of what contracts oblige to."""
    remind_of_obligations()


@shared_task
def follow_calendar() -> None:
    """Let the calendar follow terms that begin and end by themselves."""
    follow_all()


@shared_task
def draft_invoices_due() -> None:
    """Let arrangements, seller's particulars and cost rates count whose day has come, and draft every invoice due."""
    publish_due_arrangements()
    publish_due_particulars()
    publish_due_rates()
    keep_older_papers()
    draft_invoices(until=today(), by=None)


@shared_task
def expire_deviations() -> None:
    """End what was asked for or granted and came into no contract in time."""
    expire_due_deviations()
