"""Put a version of the rules in force: now, on a day, or no longer."""

from __future__ import annotations

from datetime import date
from typing import Any

import structlog
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models.functions import Now

from accounts.models import TierTenure
from metrics.engine.plan import today
from metrics.models import RefreshRun
from people.models import User
from tiers.assignment.apply import lock_tiers
from tiers.content import RuleSetError
from tiers.models import RuleSet
from tiers.services.cycle import cycle
from tiers.services.errors import require_revops

logger = structlog.get_logger(__name__)


@transaction.atomic
def publish_rule_set(*, rule_set: RuleSet, by: User, expected: str, starts_on: date | None = None) -> RuleSet:
    """Put a draft (or scheduled version) in force in the place of the one before it.

    ``expected`` is what ``seen_of`` gave when the publisher looked. It holds from today; an earlier ``starts_on`` is
    for an installation that has not counted that day yet, so that its history is made by the rules. Accounts follow
    behind the commit, and within a minute where the broker is away. Takes the lock of tiers: of two at once one wins,
    and the other gets VersionChangedError. Raises RuleSetError where the content no longer holds, ValidationError.
    """
    require_revops(by, "Publishing tier rules")
    lock_tiers()
    day = starts_on or today()
    if day != today():
        _refuse_past(day)
    return _followed(cycle.publish(rule_set, by=by, expected=expected, **_from(day)))


@transaction.atomic
def schedule_rule_set(*, rule_set: RuleSet, by: User, expected: str, starts_on: date) -> RuleSet:
    """Let a draft be put in force when ``starts_on`` begins (UTC); raises as ``publish_rule_set`` does."""
    require_revops(by, "Publishing tier rules")
    lock_tiers()
    return cycle.schedule(rule_set, by=by, expected=expected, starts_on=starts_on, today=today())


@transaction.atomic
def unschedule_rule_set(*, rule_set: RuleSet, by: User) -> RuleSet:
    """Make a scheduled version a draft again; raises ValidationError where it isn't scheduled (any more)."""
    require_revops(by, "Publishing tier rules")
    lock_tiers()
    return cycle.unschedule(rule_set, by=by)


@transaction.atomic
def retire_rule_set(*, rule_set: RuleSet, by: User, expected: str) -> RuleSet:
    """Take the published version out of force without another: from tonight the CRM's tiers count again."""
    require_revops(by, "Publishing tier rules")
    lock_tiers()
    return cycle.retire(rule_set, by=by, expected=expected, ends_on=today())


def publish_due() -> list[RuleSet]:
    """Put in force what is scheduled up to today; each once, however many ask at the same time.

    A version whose rules no longer hold, since a field has gone, stays scheduled and says why on its page.
    """
    published = []
    for version in RuleSet.objects.due(today()):
        try:
            with transaction.atomic():
                lock_tiers()
                held = cycle.take_due(version, today=today())
                if held is not None:
                    by = held.published_by
                    published.append(_followed(cycle.put_in_force(held, by=by, **_from(today()))))
        except RuleSetError as error:
            logger.error(
                "A scheduled version of the tier rules can't be published", pk=version.pk, reason=str(error)
            )
    return published


def _from(day: date) -> dict[str, Any]:
    """Return the columns of a version that counts from a day on; a history still to be made is made by its refresh."""
    return {"starts_on": day, "applied_at": Now() if day < today() else None}


def _followed(published: RuleSet) -> RuleSet:
    """Let the accounts follow a version behind the commit."""
    from tiers.tasks import apply_rules

    if published.applied_at is None:
        transaction.on_commit(lambda: apply_rules.apply_async(retry=False), robust=True)
    return published


def _refuse_past(day: date) -> None:
    """Refuse a first day on which something else has counted already."""
    if day > today():
        raise ValidationError({"starts_on": "This day lies ahead: schedule it instead."})
    is_counted = RefreshRun.objects.finished().filter(as_of__gte=day).exists()
    if is_counted or RuleSet.objects.exclude(starts_on=None).exists() or TierTenure.objects.exists():
        raise ValidationError(
            {"starts_on": "Tiers of that day have been counted already. Publish it from today."}
        )
