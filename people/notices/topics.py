"""What people are told about. An app declares its topics in ``<app>/notices.py``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from common.registry import Registry

if TYPE_CHECKING:
    from people.access import Access
    from people.models import Notice, User


@dataclass(frozen=True, slots=True)
class Reader:
    """Whose eyes a message is written for: a person, or a channel, which reads as a function."""

    access: Access
    user: User | None = None


@dataclass(frozen=True, slots=True)
class Composed:
    """What a topic writes instead of a line a notice: ``plain`` and ``html`` of a mail, ``slack`` in Slack's markup."""

    subject: str
    plain: str
    html: str = ""
    slack: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Topic:
    """A kind of notice: ``many`` is the subject for several in one mail, with ``{count}``; one gives its own text.

    ``label`` names it for readers. ``why`` tells them why they get it. The mails of a topic with ``wanted_by`` may be
    turned on and off by everybody, and are on by themselves for these functions; what is told stays in the app either
    way. ``is_weekly`` lets them choose the weekday.
    ``compose`` writes the message when it is sent, under the reader's access by then; a repeat must give the same. Only
    topics that are ``for_channels`` are offered to channels of Slack.
    """

    key: str
    many: str
    why: str
    label: str = ""
    wanted_by: frozenset[str] | None = None
    is_weekly: bool = False
    for_channels: bool = False
    compose: Callable[[Reader, Sequence[Notice]], Composed] | None = None

    @property
    def name(self) -> str:
        """What readers know it by."""
        return self.label or self.key.replace("_", " ").capitalize()

    def is_on_for(self, function: str) -> bool:
        """Whether its mails are on by themselves for a function; those that nobody may turn off are."""
        return self.wanted_by is None or function in self.wanted_by


topics: Registry[Topic] = Registry("notice topic", "notices")

topics.register(
    Topic(
        key="approvals",
        label="Approvals",
        many="{count} updates on approvals",
        why="You get this because you decide approvals, or asked for one.",
    )
)
topics.register(
    Topic(
        key="absences",
        label="Absences",
        many="{count} updates on absences",
        why="You get this because you stand in for somebody, or are noted as away.",
    )
)
topics.register(
    Topic(
        key="channel_test",
        label="Tests of channels",
        many="{count} tests",
        why="Somebody of RevOps asked for a test.",
    )
)


def optional_topics() -> list[Topic]:
    """Return the topics that everybody may turn on and off."""
    return [topic for topic in topics if topic.wanted_by is not None]


def channel_topics() -> list[Topic]:
    """Return the topics that a channel may be told of."""
    return [topic for topic in topics if topic.for_channels]
