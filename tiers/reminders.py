"""Remind people of overrides that end by themselves soon."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models.functions import Now
from django.urls import reverse

from common.formatting import format_date
from metrics.engine.plan import today
from people.functions import Function
from people.models import User
from people.notices.services import notify
from tiers.models import TierOverride

REMIND_DAYS = 14
AT_ONCE = 500


def about_override(override: TierOverride) -> str:
    """Return what notices about an override are filed under."""
    return f"tiers.override.{override.pk}"


@transaction.atomic
def remind_of_overrides() -> int:
    """Tell the author and the account's owner of each override that ends within 14 days, once; return how many.

    Once for each end: one that was extended is told again. Where its author may no longer sign in, RevOps is told.
    """
    soon = TierOverride.objects.ending_between(
        today() + timedelta(days=1), today() + timedelta(days=REMIND_DAYS)
    )
    due = (
        soon.filter(reminded_at=None, starts_on__lte=today(), account__deleted_at=None)
        .select_related("account", "tier", "author")
        .select_for_update(of=("self",), skip_locked=True)[:AT_ONCE]
    )
    overrides = list(due)
    owners = {
        user.email: user
        for user in User.objects.filter(
            email__in={one.account.owner_email for one in overrides}, is_active=True
        )
    }
    revops = User.objects.filter(function=Function.REVOPS, is_active=True)
    for one in overrides:
        told = {user.pk: user for user in ([one.author] if one.author.is_active else revops)}
        owner = owners.get(one.account.owner_email)
        if owner is not None:
            told[owner.pk] = owner
        notify(
            to=told.values(),
            topic="tiers",
            about=about_override(one),
            event=f"ends {one.ends_on}",
            text=f"{one.account.name}: the override to {one.tier} ends on {format_date(one.ends_on)}. "
            "Then the rules decide.",
            url=reverse("tiers:account", args=[one.account_id]),
        )
    TierOverride.objects.filter(pk__in=[one.pk for one in overrides]).update(reminded_at=Now())
    return len(overrides)
