"""Writes of notices."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from people.models import User
from people.notices.models import Notice, NoticeChannel
from people.notices.topics import topics

TEXT_AT_MOST = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """One thing that one person is told, as ``notify`` takes it."""

    user: User
    about: str
    event: str
    text: str
    url: str


def notify_each(tellings: Collection[Telling], *, topic: str) -> int:
    """Have people told something each, as ``notify`` does, all in one statement; return how many."""
    declared = topics[topic]
    rows = [
        Notice(
            user=one.user,
            topic=declared.key,
            about=one.about,
            event=one.event,
            text=one.text[:TEXT_AT_MOST],
            url=one.url,
        )
        for one in tellings
        if one.user.is_active
    ]
    Notice.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def notify(*, to: Iterable[User], topic: str, about: str, event: str, text: str, url: str) -> int:
    """Have people told something once, by e-mail, after the caller's transaction is committed; return how many.

    Who was told of this ``event`` of ``about`` before isn't told again; who may not sign in is left out. Raises
    KeyError for a topic that no one declared.
    """
    return notify_each(
        [Telling(user=user, about=about, event=event, text=text, url=url) for user in to], topic=topic
    )


def notify_channels(
    *, to: Iterable[NoticeChannel], topic: str, about: str, event: str, text: str, url: str
) -> int:
    """Have channels told something once, after the caller's transaction is committed; return how many.

    As ``notify``. What a paused channel is told waits.
    """
    declared = topics[topic]
    rows = [
        Notice(
            channel=channel, topic=declared.key, about=about, event=event, text=text[:TEXT_AT_MOST], url=url
        )
        for channel in to
    ]
    Notice.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


@transaction.atomic
def withdraw_notices(*, about: Sequence[str]) -> int:
    """Drop what wasn't sent yet of something that is over; return how many. What is being sent goes out."""
    if not about:
        return 0
    waiting = Notice.objects.filter(Notice.WAITING, about__in=about)
    dropped = waiting.filter(claimed_until=None).delete()[0]
    # In a worker's hands: should sending fail, it isn't tried again.
    waiting.update(given_up_at=timezone.now(), error="It was over before it could be sent.")
    return dropped
