"""Writes of channels. The address of a webhook is a secret: sealed, and never told again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import httpx
import pghistory
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from common.encryption import encrypt
from common.outbound.urls import check_url
from people.functions import Function
from people.models import NoticeChannel, User, check_time_zone
from people.notices.preferences import WEEKDAYS
from people.notices.services import notify_channels
from people.notices.topics import channel_topics

LONGEST_URL = 2000


def save_channel(
    *,
    name: str,
    url: str,
    function: str,
    topics: Iterable[str],
    weekday: int,
    time_zone: str,
    by: User,
    channel: NoticeChannel | None = None,
) -> NoticeChannel:
    """Add a channel, or change one; without ``url`` a channel keeps the address it has.

    Raises PermissionDenied for anybody but RevOps, ValidationError by field. Asks the name service, so call it outside
    transactions.
    """
    _require_editor(by)
    values = _checked(name=name, function=function, topics=topics, weekday=weekday, time_zone=time_zone)
    if url.strip():
        if len(url) > LONGEST_URL:
            raise ValidationError({"url": f"An address has at most {LONGEST_URL} characters."})
        address = check_url(url)
        values |= {"url": encrypt(address), "host": httpx.URL(address).host, "failed_at": None, "error": ""}
    elif channel is None:
        raise ValidationError(
            {"url": "Paste the address of the webhook, which Slack shows once it is added."}
        )
    with transaction.atomic(), pghistory.context(user=by.pk):
        # The constraint decides, since two may save the same name at once.
        try:
            with transaction.atomic():
                return _written(values, channel)
        except IntegrityError as error:
            if "people_noticechannel_name" not in str(error):
                raise
            raise ValidationError(
                {"name": "Another channel has this name: choose one of its own."}
            ) from error


def _written(values: dict[str, Any], channel: NoticeChannel | None) -> NoticeChannel:
    if channel is None:
        return NoticeChannel.objects.create(**values)
    held = NoticeChannel.objects.select_for_update().filter(pk=channel.pk).first()
    if held is None:
        raise ValidationError({"name": "Somebody has removed this channel meanwhile. Add it anew."})
    for field, value in values.items():
        setattr(held, field, value)
    held.save(update_fields=tuple(values))
    return held


@transaction.atomic
def switch_channel(*, channel: NoticeChannel, is_active: bool, by: User) -> None:
    """Pause a channel, so that what it is told waits, or let it go on."""
    _require_editor(by)
    with pghistory.context(user=by.pk):
        NoticeChannel.objects.filter(pk=channel.pk).update(is_active=is_active)


@transaction.atomic
def remove_channel(*, channel: NoticeChannel, by: User) -> None:
    """Forget a channel with its address and with what it wasn't told yet."""
    _require_editor(by)
    with pghistory.context(user=by.pk):
        NoticeChannel.objects.filter(pk=channel.pk).delete()


@transaction.atomic
def test_channel(*, channel: NoticeChannel, by: User) -> None:
    """Have a message sent that says nothing, to see whether it arrives."""
    _require_editor(by)
    about = f"channel_test:{channel.pk}:{timezone.now().timestamp():.0f}"
    text = f"A test from ABE, asked for by {by}."
    notify_channels(to=[channel], topic="channel_test", about=about, event="test", text=text, url="/")


def _require_editor(by: User) -> None:
    if by.function != Function.REVOPS:
        raise PermissionDenied("Channels are for RevOps to keep.")


def _checked(
    *, name: str, function: str, topics: Iterable[str], weekday: int, time_zone: str
) -> dict[str, Any]:
    wanted = sorted(set(topics))
    errors: dict[str, str] = {}
    if not name.strip() or len(name) > 150 or "\x00" in name:
        errors["name"] = "Give it a name of up to 150 characters, such as #revenue."
    if function not in Function.values:
        errors["function"] = "Choose the function whose eyes it reads with."
    if not wanted or not set(wanted) <= {topic.key for topic in channel_topics()}:
        errors["topics"] = "Choose at least one of the topics listed."
    if not 0 <= weekday < len(WEEKDAYS):
        errors["weekday"] = "Choose a day of the week."
    try:
        check_time_zone(time_zone)
    except ValidationError as error:
        errors["time_zone"] = error.messages[0]
    if errors:
        raise ValidationError(errors)
    return {
        "name": name.strip(),
        "function": function,
        "topics": wanted,
        "weekday": weekday,
        "time_zone": time_zone,
    }
