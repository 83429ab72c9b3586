"""What a person is told in the app and by e-mail, and a channel of Slack by its webhook."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

import pghistory
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from people.functions import Function

if TYPE_CHECKING:
    from people.models import User


@pghistory.track(
    pghistory.InsertEvent(),
    pghistory.UpdateEvent(),
    pghistory.DeleteEvent(),
    fields=["name", "host", "function", "topics", "weekday", "time_zone", "is_active"],
    model_name="NoticeChannelEvent",
    obj_field=pghistory.ObjForeignKey(related_name="events"),
)
class NoticeChannel(models.Model):
    """A channel of Slack, or of what takes the same webhooks, that is told of some topics; RevOps owns it.

    Whoever has the webhook's address may write there, so it is sealed (``common.encryption``), never shown again and in
    no history; ``host`` is what people recognise it by. ``function`` is whose eyes it reads with. What is told weekly
    comes on ``weekday`` in ``time_zone``.
    """

    name = models.CharField(max_length=150, unique=True)
    url = models.TextField(help_text="Sealed.")
    host = models.CharField(max_length=255)
    function = models.CharField(max_length=32, choices=Function)
    topics = ArrayField(models.CharField(max_length=32), help_text="Keys of topics.")
    weekday = models.PositiveSmallIntegerField(default=0, help_text="0 is Monday.")
    time_zone = models.CharField(max_length=64, default="UTC")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=Now())
    succeeded_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = (
            models.CheckConstraint(name="people_noticechannel_weekday", condition=Q(weekday__lte=6)),
            models.CheckConstraint(
                name="people_noticechannel_function_known", condition=Q(function__in=Function.values)
            ),
        )

    def __str__(self) -> str:
        return self.name


class NoticePreference(models.Model):
    """Whether and on which weekday one person wants one topic, where it isn't as the topic says by itself."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="notice_preferences", db_index=False
    )
    topic = models.CharField(max_length=32)
    is_wanted = models.BooleanField()
    weekday = models.PositiveSmallIntegerField(default=0, help_text="0 is Monday.")

    class Meta:
        constraints = (
            models.UniqueConstraint(name="people_noticepreference_one", fields=("user", "topic")),
            models.CheckConstraint(name="people_noticepreference_weekday", condition=Q(weekday__lte=6)),
        )

    def __str__(self) -> str:
        return f"{self.topic} for {self.user_id}"


class NoticeQuerySet(QuerySet["Notice"]):
    """What a person finds in the app."""

    def shown_to(self, user: User) -> Self:
        """Notices of one person whose time has come; a mail that failed puts off only the next try, not the notice."""
        return self.filter(Q(due_at__lte=Now()) | Q(tries__gt=0), user=user)

    def unread(self) -> Self:
        """Notices that still ask to be read: not opened, and not of something that is over."""
        return self.filter(Notice.UNREAD)


class Notice(models.Model):
    """One thing that one person or one channel is told once; forgotten a year after it was sent.

    Written in the transaction that it tells of, and in the app from then on. ``about`` and ``event`` name what it
    tells, so that a repeat writes nothing. Those of one person and topic that are due go out as one mail, those of a
    channel as one message, unless they are not ``is_to_send``. A worker that sends holds it until ``claimed_until``.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="notices", db_index=False
    )
    channel = models.ForeignKey(
        NoticeChannel, models.CASCADE, null=True, related_name="notices", db_index=False
    )
    topic = models.CharField(max_length=32, help_text="Key of a topic, such as approvals.")
    about = models.CharField(max_length=80, help_text="What it is about, such as approvals.step:12.")
    event = models.CharField(max_length=32, help_text="What happened to it, such as asked.")
    text = models.CharField(max_length=500)
    url = models.CharField(max_length=500, help_text="Path of the page that shows it.")
    created_at = models.DateTimeField(db_default=Now())
    due_at = models.DateTimeField(db_default=Now())
    claimed_until = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    given_up_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0, db_default=0)
    error = models.CharField(max_length=500, blank=True)
    is_to_send = models.BooleanField(
        default=True,
        db_default=True,
        help_text="Whether it goes out too, or whoever it is for wants no mail of it.",
    )
    read_at = models.DateTimeField(
        null=True, help_text="When the person opened it in the app or put it away."
    )
    over_at = models.DateTimeField(null=True, help_text="Since when it asks nothing of anybody any more.")

    objects = NoticeQuerySet.as_manager()

    WAITING: ClassVar[Q] = Q(is_to_send=True, sent_at=None, given_up_at=None)
    UNREAD: ClassVar[Q] = Q(read_at=None, over_at=None)

    class Meta:
        constraints = (
            models.UniqueConstraint(name="people_notice_once", fields=("user", "about", "event")),
            models.UniqueConstraint(
                name="people_notice_once_a_channel", fields=("channel", "about", "event")
            ),
            models.CheckConstraint(
                name="people_notice_to_somebody",
                condition=Q(user__isnull=False, channel=None) | Q(user=None, channel__isnull=False),
            ),
            models.CheckConstraint(
                name="people_notice_app_is_for_people",
                condition=Q(channel=None) | Q(is_to_send=True, read_at=None, over_at=None),
            ),
        )
        indexes = (
            models.Index(
                name="people_notice_to_send",
                fields=("due_at",),
                condition=Q(is_to_send=True, sent_at=None, given_up_at=None),
            ),
            models.Index(name="people_notice_about", fields=("about",)),
            models.Index(name="people_notice_of_person", fields=("user", "created_at", "id")),
            models.Index(
                name="people_notice_unread",
                fields=("user", "created_at", "id"),
                condition=Q(read_at=None, over_at=None),
            ),
        )

    def __str__(self) -> str:
        return f"{self.event} {self.about} for {self.user_id or f'channel {self.channel_id}'}"

    @property
    def is_unread(self) -> bool:
        """Whether it still asks to be read."""
        return self.read_at is None and self.over_at is None
