"""What people make of an account: said with a reason and for a time, beside the score and never inside it."""

from __future__ import annotations

from datetime import date, timedelta

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from accounts.models import Account, TimelineEvent
from common.formatting import format_date
from metrics.engine.plan import today
from metrics.models import AccountSentiment, Sentiment
from metrics.models.sentiment import REASON_LENGTH
from people.access import judges_accounts, why_not_judge
from people.models import Category, User

# Long enough for a quarter between two reviews; what nobody says again is no longer anybody's opinion.
LONGEST_DAYS = 180
USUAL_DAYS = 90
TIMELINE = "metrics.sentiment"


@transaction.atomic
def set_sentiment(
    *, account: Account, value: int, reason: str, expires_on: date, by: User
) -> AccountSentiment:
    """Say how an account is seen until ``expires_on``, the first day without it; replaces what held.

    Locks the account. Raises PermissionDenied for a function that doesn't look after accounts, and ValidationError
    naming the field.
    """
    _require_judge(by)
    said = reason.replace("\x00", "").strip()
    wrong: dict[str, str] = {}
    if value not in Sentiment.values:
        wrong["value"] = "Choose one of the five."
    if not said:
        wrong["reason"] = "Say why, so that others understand it later."
    elif len(said) > REASON_LENGTH:
        wrong["reason"] = f"Use at most {REASON_LENGTH} letters."
    if not today() < expires_on <= today() + timedelta(days=LONGEST_DAYS):
        wrong["expires_on"] = (
            f"Choose a day from tomorrow to {format_date(today() + timedelta(days=LONGEST_DAYS))}."
        )
    if wrong:
        raise ValidationError(wrong)
    held = Account.objects.live().select_for_update(of=("self",)).filter(pk=account.pk).first()
    if held is None:
        raise ValidationError("This account is deleted or merged into another. Say it of the other.")
    AccountSentiment.objects.in_force(today()).filter(account=held).update(ended_on=today(), ended_by=by)
    sentiment = AccountSentiment.objects.create(
        account=held, value=value, reason=said, author=by, starts_on=today(), expires_on=expires_on
    )
    _tell(
        sentiment,
        f"Sentiment: {sentiment.get_value_display().lower()}, until {format_date(expires_on)}. {said}",
    )
    return sentiment


@transaction.atomic
def end_sentiment(*, account: Account, by: User) -> AccountSentiment:
    """Take back what holds of an account, from today on. Raises PermissionDenied, ValidationError if nothing does."""
    _require_judge(by)
    Account.objects.select_for_update(of=("self",)).get(pk=account.pk)
    held = AccountSentiment.objects.in_force(today()).filter(account=account).first()
    if held is None:
        raise ValidationError("Nothing is in force any more: it ended or expired meanwhile.")
    held.ended_on, held.ended_by = today(), by
    held.save(update_fields=["ended_on", "ended_by"])
    _tell(held, f"Sentiment taken back: it was {held.get_value_display().lower()}.", suffix="_ended")
    return held


def _require_judge(by: User) -> None:
    if not judges_accounts(by.function):
        raise PermissionDenied(why_not_judge(by.function))


def _tell(sentiment: AccountSentiment, title: str, suffix: str = "") -> None:
    TimelineEvent.objects.create(
        account_id=sentiment.account_id,
        kind=f"{TIMELINE}{suffix}",
        category=Category.ACCOUNT_PROFILE,
        happened_at=timezone.now(),
        title=title[: TimelineEvent._meta.get_field("title").max_length],
        subject_id=sentiment.pk,
    )
