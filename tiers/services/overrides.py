"""What people decide about one account: overrides that end by themselves, and moves by hand."""

from __future__ import annotations

from datetime import date, timedelta

import pghistory
from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.models import Account, Tier
from common.formatting import format_date
from metrics.engine.plan import today
from people.models import User
from people.notices.services import withdraw_notices
from tiers.assignment.apply import lock_tiers
from tiers.assignment.assign import assign_accounts, put_by_hand
from tiers.models import RuleSet, TierOverride
from tiers.reminders import about_override
from tiers.services.errors import require_revops

REASON_LENGTH = 500
LONGEST_DAYS = 731


@transaction.atomic
def override_tier(
    *, account: Account, tier: Tier, reason: str, by: User, ends_on: date, starts_on: date | None = None
) -> TierOverride:
    """Hold an account in ``tier`` against the rules until ``ends_on``, the first day without it.

    Begins today unless ``starts_on`` lies ahead. The account moves at once, without grace or dwell. Takes the lock
    of tiers. Raises ValidationError naming the field.
    """
    require_revops(by, "Overriding a tier")
    begins = starts_on or today()
    said = _checked_reason(reason)
    if begins < today():
        raise ValidationError({"starts_on": "Choose today or a later day: what was, stays."})
    if not begins < ends_on <= begins + timedelta(days=LONGEST_DAYS):
        raise ValidationError({"ends_on": "Choose a day after the first one, at most two years later."})
    _refuse_deleted(account)
    lock_tiers()
    other = (
        TierOverride.objects.filter(account=account, starts_on__lt=ends_on, ends_on__gt=begins, ended_on=None)
        .select_related("author", "tier")
        .first()
    )
    if other is not None:
        raise ValidationError(
            f"{other.author} has overridden this account to {other.tier} until {format_date(other.ends_on)}. "
            "End that first."
        )
    with pghistory.context(user=by.pk):
        override = TierOverride.objects.create(
            account=account, tier=tier, reason=said, author=by, starts_on=begins, ends_on=ends_on
        )
    assign_accounts([account.pk])
    return override


@transaction.atomic
def end_override(*, override: TierOverride, by: User, reason: str = "") -> TierOverride:
    """End an override today; the account goes where the rules put it, at once. Raises ValidationError."""
    require_revops(by, "Overriding a tier")
    lock_tiers()
    held = TierOverride.objects.select_for_update(of=("self",)).get(pk=override.pk)
    if held.ended_on is not None or held.ends_on <= today():
        raise ValidationError("This override has ended already.")
    held.ended_on = max(today(), held.starts_on)
    held.ended_by, held.end_reason = by, _storable(reason)[:REASON_LENGTH]
    with pghistory.context(user=by.pk):
        held.save(update_fields=["ended_on", "ended_by", "end_reason"])
    withdraw_notices(about=[about_override(held)])
    assign_accounts([held.account_id])
    return held


@transaction.atomic
def extend_override(*, override: TierOverride, ends_on: date, by: User) -> TierOverride:
    """Let an override end on another day ahead, its first day without it. Raises ValidationError naming the field."""
    require_revops(by, "Overriding a tier")
    lock_tiers()
    held = TierOverride.objects.select_for_update(of=("self",)).get(pk=override.pk)
    if held.ended_on is not None or held.ends_on <= today():
        raise ValidationError("This override has ended already. Set a new one.")
    first = max(today(), held.starts_on)
    if not first < ends_on <= first + timedelta(days=LONGEST_DAYS):
        raise ValidationError({"ends_on": "Choose a day ahead, at most two years away."})
    others = TierOverride.objects.filter(account_id=held.account_id, ended_on=None).exclude(pk=held.pk)
    planned = others.filter(starts_on__lt=ends_on, ends_on__gt=held.starts_on).order_by("starts_on").first()
    if planned is not None:
        raise ValidationError(
            {"ends_on": f"Another override begins on {format_date(planned.starts_on)}. End that first."}
        )
    held.ends_on, held.reminded_at = ends_on, None
    with pghistory.context(user=by.pk):
        held.save(update_fields=["ends_on", "reminded_at"])
    withdraw_notices(about=[about_override(held)])
    return held


@transaction.atomic
def move_by_hand(*, account: Account, tier: Tier, reason: str, by: User) -> None:
    """Put an account into ``tier`` today, from where the rules go on: they may move it again after its dwell.

    Only where rules are in force, since the CRM's word would undo it overnight. Raises ValidationError.
    """
    require_revops(by, "Moving an account by hand")
    said = _checked_reason(reason)
    _refuse_deleted(account)
    lock_tiers()
    if not RuleSet.objects.in_force(today()).exists():
        raise ValidationError(
            "The CRM's tiers count, so it would be undone tonight. Override it until a day."
        )
    if TierOverride.objects.open_on(today()).filter(account=account).exists():
        raise ValidationError("An override holds this account. End that first.")
    put_by_hand(account.pk, tier=tier, reason=said, by=by)


def _checked_reason(reason: str) -> str:
    said = _storable(reason)
    if not said:
        raise ValidationError({"reason": "Say why, so that others understand it later."})
    if len(said) > REASON_LENGTH:
        raise ValidationError({"reason": f"Use at most {REASON_LENGTH} letters."})
    return said


def _storable(reason: str) -> str:
    return reason.replace("\x00", "").strip()


def _refuse_deleted(account: Account) -> None:
    if account.deleted_at is not None:
        raise ValidationError("No source holds this account any more.")
