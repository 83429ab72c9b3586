"""Send notices: those of one person and topic that are due go out as one mail, those of a channel as one message.

A worker claims them in one transaction, sends outside of any, and notes the outcome in another. Only where it
dies in between does a mail go out a second time, after the claim has run out and with the same Message-ID; a message
in a channel, which knows no such mark, is then there twice.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from smtplib import SMTPException
from urllib.parse import unquote, urlsplit

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F, Min, Q
from django.utils import timezone

from common.encryption import UndecipherableError, decrypt
from common.outbound.http import Sender
from people.models import Notice, NoticeChannel, User
from people.notices.services import locked_by_key
from people.notices.writing import fitting, mail_of, post_of

logger = structlog.get_logger(__name__)

HELD_FOR = timedelta(minutes=10)
FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=6)
GIVE_UP_AFTER = timedelta(days=3)
# They keep a person from being told twice, so longer than anything waits.
KEEP = timedelta(days=366)
# Lines of one mail; the rest comes with the next one.
LINES_AT_MOST = 50
LONGEST_ASKED = 5  # digits of Retry-After
# One that can't be written mustn't hold up the others, nor be tried for ever.
UNWRITABLE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
SEPARATORS = re.compile(r"[/?&=]")
# Shorter parts of an address are words such as hooks, without which no answer could be read.
SHORTEST_SECRET = 6


class NotSentError(Exception):
    """A channel did not take it; ``pause`` is how long it asked to be left alone."""

    def __init__(self, said: str, pause: timedelta = timedelta()) -> None:
        super().__init__(said)
        self.pause = pause


@dataclass(frozen=True, slots=True)
class Parcel:
    """What one mail tells one person, or one message a channel; exactly one of the two is there."""

    user: User | None
    channel: NoticeChannel | None
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
    """Take the due notices of one receiver and topic into this worker's hands; None where nothing is due.

    What another worker holds is passed over, and what is for a channel that is paused.
    """
    now = timezone.now()
    due = Notice.objects.filter(Notice.WAITING, due_at__lte=now).filter(
        Q(claimed_until=None) | Q(claimed_until__lt=now), Q(channel=None) | Q(channel__is_active=True)
    )
    groups = due.values("user_id", "channel_id", "topic").annotate(first=Min("pk")).order_by("first")
    for group in groups[:LINES_AT_MOST]:
        user_id, channel_id, topic = group["user_id"], group["channel_id"], group["topic"]
        receiver = Q(user_id=user_id) if user_id else Q(channel_id=channel_id)
        mine = due.filter(receiver, topic=topic).order_by("pk")
        held = list(mine.select_for_update(skip_locked=True, of=("self",))[:LINES_AT_MOST])
        if held:
            # What a channel would cut off comes with the next message.
            held = held if user_id else list(fitting(topic, held))
            keys = [notice.pk for notice in held]
            Notice.objects.filter(pk__in=keys).update(claimed_until=now + HELD_FOR, tries=F("tries") + 1)
            user = User.objects.filter(pk=user_id).first()
            return Parcel(user, NoticeChannel.objects.filter(pk=channel_id).first(), topic, held)
    return None


def send_parcel(parcel: Parcel) -> bool:
    """Send one mail or message and note what became of it; return whether it went out.

    Somebody who may no longer sign in is told nothing.
    """
    keys = [notice.pk for notice in parcel.notices]
    rows = Notice.objects.filter(pk__in=keys)
    if parcel.user is not None and not parcel.user.is_active:
        rows.update(given_up_at=timezone.now(), claimed_until=None, error="They can't sign in any more.")
        return False
    try:
        if parcel.user is not None:
            mail_of(parcel.user, parcel.topic, parcel.notices).send()
        else:
            post(parcel)
    except NotSentError as error:
        _failed(parcel, str(error), error.pause)
        return False
    except (SMTPException, OSError) as error:
        _failed(parcel, str(error) or type(error).__name__)
        return False
    except UNWRITABLE as error:
        # What it says may be the secret of a channel.
        _failed(parcel, f"It could not be written ({type(error).__name__}).")
        return False
    with transaction.atomic():
        keys = list(locked_by_key(rows))
        rows.filter(pk__in=keys).update(
            sent_at=timezone.now(), claimed_until=None, given_up_at=None, error=""
        )
    if parcel.channel is not None:
        told = {"succeeded_at": timezone.now(), "failed_at": None, "error": ""}
        NoticeChannel.objects.filter(pk=parcel.channel.pk).update(**told)
    return True


def post(parcel: Parcel) -> None:
    """Write into a channel by its webhook. Raises NotSentError, which never says the webhook's address."""
    assert parcel.channel is not None
    body = post_of(parcel.channel, parcel.topic, parcel.notices)
    try:
        url = decrypt(parcel.channel.url)
    except UndecipherableError as error:
        raise NotSentError(f"{error} Type the address in again.") from error
    with Sender(allow_private=settings.WEBHOOKS_ALLOW_PRIVATE) as sender:
        answer = sender.post(url, body, {})
    if answer.is_success:
        return
    asked = answer.retry_after
    is_asked = asked.isascii() and asked.isdigit() and len(asked) <= LONGEST_ASKED
    told = _without(url, answer.error or answer.body)[:200]
    said = told if answer.error else f"{parcel.channel.host} answered {answer.status}: {told}"
    raise NotSentError(said, timedelta(seconds=int(asked)) if is_asked else timedelta())


def _without(url: str, text: str) -> str:
    """Return a text without what follows the host in an address, of which any part may be the secret."""
    address = urlsplit(url)
    for part in SEPARATORS.split(f"{address.path}?{address.query}"):
        if len(part) >= SHORTEST_SECRET:
            text = text.replace(part, "…").replace(unquote(part), "…")
    return text


def forget_old_notices() -> int:
    """Delete what was sent, given up or told in the app alone a year ago; return how many."""
    before = timezone.now() - KEEP
    in_app = Q(is_to_send=False, created_at__lt=before)
    return Notice.objects.filter(Q(sent_at__lt=before) | Q(given_up_at__lt=before) | in_app).delete()[0]


def _failed(parcel: Parcel, error: str, asked: timedelta = timedelta()) -> None:
    now = timezone.now()
    receiver = {"user": parcel.user.pk} if parcel.user else {"channel": parcel.channel and parcel.channel.pk}
    logger.warning("A notice could not be sent", **receiver, topic=parcel.topic, error=error)
    for notice in parcel.notices:
        pause = max(min(FIRST_PAUSE * 2 ** min(notice.tries, 10), LONGEST_PAUSE), asked)
        is_over = notice.created_at < now - GIVE_UP_AFTER
        Notice.objects.filter(pk=notice.pk).update(
            claimed_until=None,
            due_at=now + pause,
            error=error[:500],
            **({"given_up_at": now} if is_over else {}),
        )
    if parcel.channel is not None:
        NoticeChannel.objects.filter(pk=parcel.channel.pk).update(failed_at=now, error=error[:500])
