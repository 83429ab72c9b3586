"""Who wants which topic, and on which weekday what comes weekly."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db import transaction

from people.models import NoticeChannel, NoticePreference, User
from people.notices.services import notify, notify_channels
from people.notices.topics import Topic, topics

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
# Before the day's work, in the reader's own time zone.
HOUR = 7
# How late it may still come, such as after a night without workers; later the next week's says more.
AT_MOST_LATE = timedelta(hours=36)


def wish_of(user: User, topic: Topic) -> tuple[bool, int]:
    """Return whether a person wants a topic, and on which weekday; one query."""
    held = NoticePreference.objects.filter(user=user, topic=topic.key).first()
    return (held.is_wanted, held.weekday) if held else (topic.is_on_for(user.function), 0)


@transaction.atomic
def change_wish(*, user: User, topic: str, is_wanted: bool, weekday: int = 0) -> NoticePreference:
    """Keep whether a person wants a topic. Raises ValidationError for one that isn't theirs to choose."""
    declared = topics.get(topic)
    if declared is None or declared.wanted_by is None:
        raise ValidationError({"topic": "This is no mail that can be turned on or off."})
    if not 0 <= weekday < len(WEEKDAYS):
        raise ValidationError({"weekday": "Choose a day of the week."})
    values = {"is_wanted": is_wanted, "weekday": weekday}
    return NoticePreference.objects.update_or_create(user=user, topic=topic, defaults=values)[0]


def turn_of(moment: datetime, *, zone: str, weekday: int) -> str:
    """Return the ISO week, such as ``2026-W48``, whose turn it is at a moment; nothing where it is nobody's.

    A turn begins at seven in the morning of the weekday in ``zone`` and can be caught up with for a day and a half. The
    week names it, so whoever changes the weekday is still told once a week.
    """
    local = moment.astimezone(ZoneInfo(zone))
    begins = local.replace(hour=HOUR, minute=0, second=0, microsecond=0)
    begins -= timedelta(days=(local.weekday() - weekday) % len(WEEKDAYS))
    if begins > local:
        begins -= timedelta(days=len(WEEKDAYS))
    if local - begins > AT_MOST_LATE:
        return ""
    year, week, _ = begins.isocalendar()
    return f"{year}-W{week:02}"


def tell_weekly(*, topic: str, moment: datetime, text: str, url: str) -> int:
    """Tell everybody and every channel whose turn it is, each once a week; return how many rows were asked for."""
    declared = topics[topic]
    wishes = {held.user_id: held for held in NoticePreference.objects.filter(topic=topic)}
    people: dict[str, list[User]] = {}
    for user in User.objects.filter(is_active=True):
        held = wishes.get(user.pk)
        is_wanted = held.is_wanted if held else declared.is_on_for(user.function)
        week = turn_of(moment, zone=user.time_zone, weekday=held.weekday if held else 0) if is_wanted else ""
        if week:
            people.setdefault(week, []).append(user)
    channels: dict[str, list[NoticeChannel]] = {}
    for channel in NoticeChannel.objects.filter(is_active=True, topics__contains=[topic]):
        week = turn_of(moment, zone=channel.time_zone, weekday=channel.weekday)
        if week:
            channels.setdefault(week, []).append(channel)
    told = 0
    for week, users in people.items():
        told += notify(to=users, topic=topic, about=f"{topic}:{week}", event="weekly", text=text, url=url)
    for week, held_channels in channels.items():
        told += notify_channels(
            to=held_channels, topic=topic, about=f"{topic}:{week}", event="weekly", text=text, url=url
        )
    return told
