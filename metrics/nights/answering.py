"""What RevOps says to alerts: that somebody has taken note, or that a number may move for some days."""

from __future__ import annotations

from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils import timezone

from metrics.engine.plan import today
from metrics.models import NightAlert, NumberMute
from people.models import User
from people.notices.services import withdraw_notices

MOST_DAYS = 90


@transaction.atomic
def acknowledge_alert(*, alert: NightAlert, by: User, reason: str) -> NightAlert:
    """Note that somebody has taken note of an alert, and why it is all right or what is done about it.

    It is no longer asked about while its cause lasts. Raises ValidationError without a reason, or where somebody has
    answered before.
    """
    held = NightAlert.objects.select_for_update().get(pk=alert.pk)
    if held.acknowledged_at is not None:
        raise ValidationError(f"{held.acknowledged_by} has answered it already.")
    held.acknowledged_at, held.acknowledged_by, held.reason = timezone.now(), by, _reason(reason)
    held.save(update_fields=("acknowledged_at", "acknowledged_by", "reason"))
    withdraw_notices(about=[held.about])
    return held


@transaction.atomic
def mute_number(*, key: str, days: int, reason: str, by: User) -> NumberMute:
    """Tell nobody of a number beyond its band for so many nights, today's the first.

    A mute that is there already is replaced. Open alerts of the number are muted too. Raises ValidationError without a
    reason, or for fewer than 1 or more than 90 days.
    """
    if not 1 <= days <= MOST_DAYS:
        raise ValidationError({"days": f"Give a number of days from 1 to {MOST_DAYS}."})
    reason = _reason(reason)
    NumberMute.objects.filter(key=key, ended_at=None).update(ended_at=Now())
    try:
        with transaction.atomic():
            mute = NumberMute.objects.create(
                key=key, until_on=today() + timedelta(days=days - 1), reason=reason, author=by
            )
    except IntegrityError as error:
        raise ValidationError("Somebody has muted it at this moment. Reload the page to see why.") from error
    muted = NightAlert.objects.lasting().filter(kind=NightAlert.Kind.BAND, key=key)
    withdraw_notices(about=[alert.about for alert in muted])
    muted.update(is_muted=True)
    return mute


@transaction.atomic
def end_mute(*, mute: NumberMute) -> None:
    """Tell RevOps of a number again from the next night on, and ask about what is open; repeating it is harmless."""
    if NumberMute.objects.filter(pk=mute.pk, ended_at=None).update(ended_at=Now()):
        NightAlert.objects.lasting().filter(key=mute.key).update(is_muted=False)


def _reason(text: str) -> str:
    said = " ".join(text.split())
    if not said:
        raise ValidationError({"reason": "Say why, in a few words: others read it."})
    return said[:500]
