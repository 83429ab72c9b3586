"""What people are told about. An app declares its topics in ``<app>/notices.py``."""

from __future__ import annotations

from dataclasses import dataclass

from common.registry import Registry


@dataclass(frozen=True, kw_only=True, slots=True)
class Topic:
    """A kind of mail: ``many`` is the subject for several notices, with ``{count}``; one gives its own text.

    ``why`` tells the reader why they get it.
    """

    key: str
    many: str
    why: str


topics: Registry[Topic] = Registry("notice topic", "notices")

topics.register(
    Topic(
        key="approvals",
        many="{count} updates on approvals",
        why="You get this because you decide approvals, or asked for one.",
    )
)
