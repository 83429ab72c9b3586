"""Writes of notices."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from people.models import User
from people.notices.models import Notice, NoticeChannel, NoticePreference, NoticeQuerySet
from people.notices.topics import Topic, topics

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
    active = [one for one in tellings if one.user.is_active]
    unmailed = _without_mail(declared, {one.user for one in active})
    rows = [
        Notice(
            user=one.user,
            topic=declared.key,
            about=one.about,
            event=one.event,
            text=one.text[:TEXT_AT_MOST],
            url=one.url,
            is_to_send=one.user.pk not in unmailed,
        )
        for one in active
    ]
    Notice.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def notify(*, to: Iterable[User], topic: str, about: str, event: str, text: str, url: str) -> int:
    """Have people told something once, in the app and by e-mail, once the caller's transaction is committed.

    Return how many. Who was told of this ``event`` of ``about`` before isn't told again; who may not sign in is left
    out, and who wants no mails of the topic is told in the app alone. Raises KeyError for a topic that no one declared.
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
    """Drop what nobody was told yet of something that is over; return how many.

    Told is who was sent it or read it in the app: theirs stays there, marked as over, and asks to be read no longer.
    What is being sent goes out.
    """
    if not about:
        return 0
    now = timezone.now()
    # By key, as whoever marks all of theirs read locks them: neither waits for the other in a circle.
    rows = Notice.objects.filter(pk__in=list(locked_by_key(Notice.objects.filter(about__in=about))))
    dropped = rows.filter(claimed_until=None, sent_at=None, given_up_at=None, read_at=None).delete()[0]
    # Read in the app, or in a worker's hands: should sending fail, it isn't tried again.
    rows.filter(Notice.WAITING).update(given_up_at=now, error="It was over before it could be sent.")
    rows.filter(channel=None, over_at=None).update(over_at=now)
    return dropped


def locked_by_key(notices: NoticeQuerySet) -> QuerySet[Notice, int]:
    """Return the keys of notices, locked in their order until the transaction ends."""
    return notices.select_for_update(of=("self",)).order_by("pk").values_list("pk", flat=True)


def _without_mail(topic: Topic, people: Collection[User]) -> set[int]:
    """Return the keys of those who want no mails of a topic; no query where nobody may turn them off."""
    if topic.wanted_by is None:
        return set()
    held = NoticePreference.objects.filter(topic=topic.key, user__in=people)
    wishes = dict(held.values_list("user_id", "is_wanted"))
    return {user.pk for user in people if not wishes.get(user.pk, topic.is_on_for(user.function))}
