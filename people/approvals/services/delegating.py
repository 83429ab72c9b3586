"""Let somebody else decide while one is away."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from common.formatting import format_date
from people.approvals.models import ApprovalDelegation
from people.approvals.registry import approval_kinds
from people.approvals.services.shared import TOPIC, RefusedError
from people.functions import Function
from people.models import User
from people.notices.services import notify

LONGEST = timedelta(days=366)


@transaction.atomic
def delegate(
    *,
    giver: User,
    taker: User,
    starts_on: date,
    ends_on: date,
    kinds: Sequence[str] = (),
    reason: str = "",
) -> ApprovalDelegation:
    """Let ``taker`` decide in the place of ``giver``, from one day to another; no kinds are all.

    The taker is told. Raises ValidationError naming the field.
    """
    today = timezone.now().astimezone(ZoneInfo(giver.time_zone)).date()
    if taker.pk == giver.pk:
        raise ValidationError({"taker": "Choose somebody else: you decide for yourself already."})
    if not taker.is_active:
        raise ValidationError({"taker": f"{taker} can't sign in any more. Choose somebody else."})
    if ends_on < starts_on:
        raise ValidationError({"ends_on": "It ends before it begins."})
    if ends_on < today:
        raise ValidationError({"ends_on": "That day is over."})
    if ends_on - starts_on > LONGEST:
        raise ValidationError({"ends_on": "Choose a year at most, and delegate again then."})
    unknown = [kind for kind in kinds if kind not in approval_kinds]
    if unknown:
        raise ValidationError({"kinds": f"There is no such kind of approval: {', '.join(unknown)}."})
    made = ApprovalDelegation.objects.create(
        giver=giver,
        taker=taker,
        starts_on=starts_on,
        ends_on=ends_on,
        kinds=sorted(set(kinds)),
        reason=reason.strip(),
    )
    notify(
        to=[taker],
        topic=TOPIC,
        about=f"approvals.delegation:{made.pk}",
        event="delegated",
        text=f"You decide approvals for {giver} from {format_date(starts_on)} to {format_date(ends_on)}.",
        url=reverse("people:approvals"),
    )
    return made


@transaction.atomic
def end_delegation(*, delegation: ApprovalDelegation, by: User) -> ApprovalDelegation:
    """End a delegation now; who gave it may, who took it, and RevOps. Ending an ended one changes nothing.

    Raises RefusedError for anybody else.
    """
    held = ApprovalDelegation.objects.select_for_update().get(pk=delegation.pk)
    if by.pk not in (held.giver_id, held.taker_id) and by.function != Function.REVOPS:
        raise RefusedError("Only who gave or took a delegation, or RevOps, can end it.")
    if held.ended_at is None:
        held.ended_at = timezone.now()
        held.ended_by = by
        held.save(update_fields=["ended_at", "ended_by"])
    return held
