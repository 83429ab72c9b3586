"""Send notices: those of one person and topic that are due go out as one mail.

A worker claims them in one transaction, sends outside of any, and notes the outcome in another. Only where it
dies in between does a mail go out a second time, after the claim has run out and with the same Message-ID.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from smtplib import SMTPException

import structlog
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import F, Min, Q
from django.utils import timezone

from people.models import Notice, User
from people.notices.topics import topics

logger = structlog.get_logger(__name__)

HELD_FOR = timedelta(minutes=10)
FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=6)
GIVE_UP_AFTER = timedelta(days=3)
# They keep a person from being told twice, so longer than anything waits.
KEEP = timedelta(days=366)
# Lines of one mail; the rest comes with the next one.
LINES_AT_MOST = 50


@dataclass(frozen=True, slots=True)
class Parcel:
    """What one mail tells one person."""

    user: User
    topic: str
    notices: Sequence[Notice]


def send_due(*, limit: int = 100) -> int:
    """Send what is due, at most ``limit`` mails; return how many went out."""
    sent = 0
    for _ in range(limit):
        parcel = claim_parcel()
        if parcel is None:
            break
        sent += send_parcel(parcel)
    return sent


@transaction.atomic
def claim_parcel() -> Parcel | None:
    """Take the due notices of one person and topic into this worker's hands; None where nothing is due.

    What another worker holds is passed over.
    """
    now = timezone.now()
    due = Notice.objects.filter(Notice.WAITING, due_at__lte=now).filter(
        Q(claimed_until=None) | Q(claimed_until__lt=now)
    )
    groups = due.values("user_id", "topic").annotate(first=Min("pk")).order_by("first")
    for group in groups[:LINES_AT_MOST]:
        mine = due.filter(user_id=group["user_id"], topic=group["topic"]).order_by("pk")
        held = list(mine.select_for_update(skip_locked=True)[:LINES_AT_MOST])
        if held:
            keys = [notice.pk for notice in held]
            Notice.objects.filter(pk__in=keys).update(claimed_until=now + HELD_FOR, tries=F("tries") + 1)
            return Parcel(User.objects.get(pk=group["user_id"]), group["topic"], held)
    return None


def send_parcel(parcel: Parcel) -> bool:
    """Send one mail and note what became of it; return whether it went out.

    Somebody who may no longer sign in is told nothing.
    """
    keys = [notice.pk for notice in parcel.notices]
    rows = Notice.objects.filter(pk__in=keys)
    if not parcel.user.is_active:
        rows.update(given_up_at=timezone.now(), claimed_until=None, error="They can't sign in any more.")
        return False
    try:
        message_of(parcel).send()
    except (SMTPException, OSError) as error:
        _failed(parcel, str(error) or type(error).__name__)
        return False
    rows.update(sent_at=timezone.now(), claimed_until=None, given_up_at=None, error="")
    return True


def message_of(parcel: Parcel) -> EmailMessage:
    """Write the mail: one line a notice with the address of its page; repeats carry the same Message-ID."""
    topic = topics.get(parcel.topic)
    count = len(parcel.notices)
    first = parcel.notices[0].text
    subject = first if count == 1 or topic is None else topic.many.format(count=count)
    lines = [f"{notice.text}\n{settings.PUBLIC_URL}{notice.url}\n" for notice in parcel.notices]
    ending = f"\n-- \n{topic.why}\n" if topic else ""
    digest = hashlib.sha256(" ".join(str(notice.pk) for notice in parcel.notices).encode()).hexdigest()[:32]
    host = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].strip(" >") or "localhost"
    return EmailMessage(
        subject=" ".join(subject.split())[:200],
        body="\n".join(lines) + ending,
        to=[parcel.user.email],
        headers={"Message-ID": f"<notice.{digest}@{host}>", "Auto-Submitted": "auto-generated"},
    )


def forget_old_notices() -> int:
    """Delete what was sent or given up a year ago; return how many."""
    before = timezone.now() - KEEP
    return Notice.objects.filter(Q(sent_at__lt=before) | Q(given_up_at__lt=before)).delete()[0]


def _failed(parcel: Parcel, error: str) -> None:
    now = timezone.now()
    logger.warning("A mail could not be sent", user=parcel.user.pk, topic=parcel.topic, error=error)
    for notice in parcel.notices:
        pause = min(FIRST_PAUSE * 2 ** min(notice.tries, 10), LONGEST_PAUSE)
        is_over = notice.created_at < now - GIVE_UP_AFTER
        Notice.objects.filter(pk=notice.pk).update(
            claimed_until=None,
            due_at=now + pause,
            error=error[:500],
            **({"given_up_at": now} if is_over else {}),
        )
