"""Put a version of the rules in force: now, on a day, or no longer."""

from __future__ import annotations

from datetime import date

import structlog
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models.functions import Now

from accounts.lists.opening import id_of
from accounts.models import TierTenure
from common.formatting import format_date
from metrics.engine.plan import today
from metrics.models import RefreshRun
from people.models import User
from tiers.assignment.apply import lock_tiers
from tiers.content import RuleSetError, problems_of, read_content, read_whole
from tiers.models import RuleSet
from tiers.services.drafts import lock_rule_set, refuse_unless_draft, refuse_unless_seen
from tiers.services.errors import RuleSetChangedError, require_revops
from tiers.words import differences

logger = structlog.get_logger(__name__)


def seen_of(rule_set: RuleSet) -> str:
    """Return what somebody sees who looks at a version now: its content, and which version is in force."""
    published = RuleSet.objects.published().values_list("pk", flat=True).first()
    return f"{published or 0}.{rule_set.digest}"


@transaction.atomic
def publish_rule_set(*, rule_set: RuleSet, by: User, expected: str, starts_on: date | None = None) -> RuleSet:
    """Put a draft (or scheduled version) in force in the place of the one before it.

    ``expected`` is what ``seen_of`` gave when the publisher looked. It holds from today; an earlier ``starts_on`` is
    for an installation that has not counted that day yet, so that its history is made by the rules. Accounts follow
    behind the commit, and within a minute where the broker is away. Takes the lock of tiers: of two at once one wins,
    and the other gets RuleSetChangedError. Raises RuleSetError where the content no longer holds, ValidationError.
    """
    require_revops(by, "Publishing tier rules")
    lock_tiers()
    held = lock_rule_set(rule_set.pk)
    _refuse_unless_seen(held, expected)
    if held.state not in (RuleSet.State.DRAFT, RuleSet.State.SCHEDULED):
        raise ValidationError(f"{held} is {held.get_state_display().lower()} already.")
    day = starts_on or today()
    if day != today():
        _refuse_past(day)
    return _put_in_force(held, by, day)


@transaction.atomic
def schedule_rule_set(*, rule_set: RuleSet, by: User, expected: str, starts_on: date) -> RuleSet:
    """Let a draft be put in force when ``starts_on`` begins (UTC); raises as ``publish_rule_set`` does."""
    require_revops(by, "Publishing tier rules")
    lock_tiers()
    held = lock_rule_set(rule_set.pk)
    _refuse_unless_seen(held, expected)
    refuse_unless_draft(held)
    _refuse_problems(held)
    if starts_on <= today():
        raise ValidationError({"starts_on": "Choose a day after today, or publish it now."})
    other = RuleSet.objects.filter(state=RuleSet.State.SCHEDULED, starts_on=starts_on).first()
    if other is not None:
        raise ValidationError(
            {"starts_on": f"{other} is scheduled for {format_date(starts_on)} already. Choose another day."}
        )
    held.state, held.starts_on, held.published_by = RuleSet.State.SCHEDULED, starts_on, by
    held.save(update_fields=["state", "starts_on", "published_by"])
    return held


@transaction.atomic
def unschedule_rule_set(*, rule_set: RuleSet, by: User) -> RuleSet:
    """Make a scheduled version a draft again; raises ValidationError where it isn't scheduled (any more)."""
    require_revops(by, "Publishing tier rules")
    lock_tiers()
    held = lock_rule_set(rule_set.pk)
    if held.state != RuleSet.State.SCHEDULED:
        raise ValidationError(f"{held} is {held.get_state_display().lower()}, not scheduled.")
    held.state, held.starts_on, held.published_by = RuleSet.State.DRAFT, None, None
    held.save(update_fields=["state", "starts_on", "published_by"])
    return held


@transaction.atomic
def retire_rule_set(*, rule_set: RuleSet, by: User, expected: str) -> RuleSet:
    """Take the published version out of force without another: from tonight the CRM's tiers count again."""
    require_revops(by, "Publishing tier rules")
    lock_tiers()
    held = lock_rule_set(rule_set.pk)
    _refuse_unless_seen(held, expected)
    if held.state != RuleSet.State.PUBLISHED:
        raise ValidationError(f"{held} is {held.get_state_display().lower()}, not published.")
    _retire(held, by, max(today(), held.starts_on or today()))
    return held


def publish_due() -> list[RuleSet]:
    """Put in force what is scheduled up to today; each once, however many ask at the same time.

    A version whose rules no longer hold, since a field has gone, stays scheduled and says why on its page.
    """
    published = []
    for pk in RuleSet.objects.due(today()).values_list("pk", flat=True):
        try:
            with transaction.atomic():
                lock_tiers()
                held = RuleSet.objects.due(today()).select_for_update(of=("self",)).filter(pk=pk).first()
                if held is not None and held.published_by is not None:
                    published.append(_put_in_force(held, held.published_by, today()))
        except RuleSetError as error:
            logger.error("A scheduled version of the tier rules can't be published", pk=pk, reason=str(error))
    return published


def _put_in_force(held: RuleSet, by: User, day: date) -> RuleSet:
    """Retire the version in force and publish ``held`` from ``day`` on; the lock of tiers is taken."""
    from tiers.tasks import apply_rules

    _refuse_problems(held)
    before = RuleSet.objects.published().select_for_update(of=("self",)).first()
    if before is not None:
        _retire(before, by, day)
    held.state, held.starts_on, held.published_by = RuleSet.State.PUBLISHED, day, by
    held.published_at = Now()
    is_history = day < today()
    # A history that is still to be made is made by the refresh of its days.
    held.applied_at = Now() if is_history else None
    held.save(update_fields=["state", "starts_on", "published_by", "published_at", "applied_at"])
    held.refresh_from_db()
    if not is_history:
        transaction.on_commit(lambda: apply_rules.apply_async(retry=False), robust=True)
    return held


def _retire(held: RuleSet, by: User, day: date) -> None:
    held.state, held.ends_on, held.retired_by = RuleSet.State.RETIRED, day, by
    held.retired_at = Now()
    held.save(update_fields=["state", "ends_on", "retired_by", "retired_at"])


def _refuse_problems(held: RuleSet) -> None:
    problems = problems_of(read_content(held))
    if problems:
        raise RuleSetError(problems)


def _refuse_past(day: date) -> None:
    """Refuse a first day on which something else has counted already."""
    if day > today():
        raise ValidationError({"starts_on": "This day lies ahead: schedule it instead."})
    is_counted = RefreshRun.objects.finished().filter(as_of__gte=day).exists()
    if is_counted or RuleSet.objects.exclude(starts_on=None).exists() or TierTenure.objects.exists():
        raise ValidationError(
            {"starts_on": "Tiers of that day have been counted already. Publish it from today."}
        )


def _refuse_unless_seen(held: RuleSet, expected: str) -> None:
    seen, _, digest = expected.partition(".")
    present = RuleSet.objects.published().select_related("published_by").first()
    if seen != str(present.pk if present else 0):
        before = RuleSet.objects.filter(pk=id_of(seen) or 0).first()
        told = (
            f"{present} was published by {present.published_by} meanwhile."
            if present
            else f"{before or 'The version in force'} was retired meanwhile."
        )
        changed = differences(read_whole(before), read_whole(present)) if before and present else []
        raise RuleSetChangedError(told, changed)
    refuse_unless_seen(held, digest)
