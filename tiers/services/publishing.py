"""Put a version of the rules in force: now, on a day, or no longer."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models.functions import Now

from accounts.models import TierTenure
from metrics.engine.plan import today
from metrics.models import RefreshRun
from people.models import User
from tiers.assignment.apply import lock_tiers
from tiers.models import PreviewRun, RuleSet
from tiers.services.cycle import cycle
from tiers.services.errors import require_revops

# What a version is told by that was not looked at again since it was scheduled.
FRESH: dict[str, Any] = {"renewed": None, "held_at": None, "held_why": ""}


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
def schedule_rule_set(
    *,
    rule_set: RuleSet,
    by: User,
    expected: str,
    starts_on: date,
    previewed: PreviewRun | None = None,
    if_changed: str = RuleSet.IfChanged.PUBLISH,
) -> RuleSet:
    """Let a draft be put in force when ``starts_on`` begins (UTC); raises as ``publish_rule_set`` does.

    ``previewed`` is what it was decided on. Where its day would do anything else, ``if_changed`` says whether it is
    held and its authors are asked, or published with whatever follows that day.
    """
    require_revops(by, "Publishing tier rules")
    lock_tiers()
    if if_changed == RuleSet.IfChanged.HOLD and previewed is None:
        raise ValidationError(
            {"if_changed": "Preview it first: it is held where more changes than was shown."}
        )
    if previewed is not None:
        refuse_unfit_preview(previewed, rule_set, expected)
    return cycle.schedule(
        rule_set,
        by=by,
        expected=expected,
        starts_on=starts_on,
        today=today(),
        previewed=previewed,
        if_changed=if_changed,
        **FRESH,
    )


def refuse_unfit_preview(run: PreviewRun, rule_set: RuleSet, expected: str) -> None:
    """Raise ValidationError where a preview can't be what a version waits on: not done, of a past day, of another."""
    is_of_it = run.rule_set_id == rule_set.pk and run.seen == expected
    if run.state != PreviewRun.State.DONE or run.as_of is not None or not is_of_it:
        raise ValidationError(
            {"if_changed": "There is no preview of the version as it is now. Preview it, then schedule it."}
        )


@transaction.atomic
def unschedule_rule_set(*, rule_set: RuleSet, by: User) -> RuleSet:
    """Make a scheduled version a draft again; raises ValidationError where it isn't scheduled (any more)."""
    require_revops(by, "Publishing tier rules")
    lock_tiers()
    return cycle.unschedule(rule_set, by=by, previewed=None, if_changed=RuleSet.IfChanged.PUBLISH, **FRESH)


@transaction.atomic
def retire_rule_set(*, rule_set: RuleSet, by: User, expected: str) -> RuleSet:
    """Take the published version out of force without another: from tonight the CRM's tiers count again."""
    require_revops(by, "Publishing tier rules")
    lock_tiers()
    return cycle.retire(rule_set, by=by, expected=expected, ends_on=today())


def put_due_in_force(version: RuleSet) -> RuleSet | None:
    """Publish a version whose day has come; None where another has, or it is held. Call under the lock of tiers."""
    held = cycle.take_due(version, today=today())
    if held is None or held.held_at is not None:
        return None
    return _followed(cycle.put_in_force(held, by=held.published_by, **_from(today())))


def _from(day: date) -> dict[str, Any]:
    """Return the columns of a version that counts from a day on; a history still to be made is made by its refresh."""
    return {"starts_on": day, "applied_at": Now() if day < today() else None, "held_at": None, "held_why": ""}


def _followed(published: RuleSet) -> RuleSet:
    """Let the accounts follow a version behind the commit, unless a publication of what was previewed moves them."""
    from tiers.tasks import apply_rules

    if published.applied_at is None and not published.publications.open().exists():
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
