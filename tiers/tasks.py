"""Tiers on workers: each task does what is due, however often it is asked."""

from __future__ import annotations

import structlog
from celery import shared_task

from accounts.conditions.expression import BrokenConditionError
from metrics.engine.plan import today
from tiers.approvals import ask_for_approvals
from tiers.assignment.assign import apply_rule_set, assign_accounts
from tiers.assignment.boundaries import keep_all_boundaries
from tiers.assignment.due import accounts_due
from tiers.models import Publication, RuleSet
from tiers.reminders import remind_of_overrides
from tiers.scheduled.due import publish_due
from tiers.scheduled.renewing import renew_previews, tell_of_tomorrow

logger = structlog.get_logger(__name__)


@shared_task
def apply_rules() -> None:
    """Bring every account up to the version in force, and note who is near a boundary of it."""
    apply_rule_set()
    keep_all_boundaries()


@shared_task
def keep_tiers() -> None:
    """Publish what is scheduled, finish a publication that was cut short, and look at accounts that can't wait.

    These are new accounts, and those whose override begins or ends. Then approval is asked for what waits for it.
    """
    publish_due()
    renew_previews()
    tell_of_tomorrow()
    unapplied = RuleSet.objects.in_force(today()).published().filter(applied_at=None)
    # A publication of what was previewed goes on by itself, with the moves that were compared.
    if unapplied.exclude(pk__in=Publication.objects.open().values("rule_set")).exists():
        try:
            apply_rules()
        except BrokenConditionError:
            # It is tried again in a minute; what follows doesn't wait for it.
            logger.exception("The tier rules in force can't be asked")
    while (ids := accounts_due(today())) and assign_accounts(ids):
        pass
    ask_for_approvals()


@shared_task
def remind() -> None:
    """Write to the authors of overrides that end soon."""
    remind_of_overrides()
