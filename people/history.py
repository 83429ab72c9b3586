"""Who changed what about a person, read from the history that the database keeps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from people.functions import Function
from people.models import HISTORY_OF_USER, User

SHOWN_AT_MOST = 20
LABELS = {
    "email": "Email",
    "name": "Name",
    "function": "Function",
    "title": "Title",
    "time_zone": "Time zone",
    "is_active": "May sign in",
}


@dataclass(frozen=True, slots=True)
class UserChange:
    """One save of a person; ``parts`` are sentences, one a field."""

    changed_at: datetime
    author: str
    parts: Sequence[str]


def user_history(user: User) -> list[UserChange]:
    """Return the newest changes of a person, newest first, the creation among them."""
    events = list(user.events.select_related("pgh_context").order_by("-pgh_id")[: SHOWN_AT_MOST + 1])  # type: ignore[attr-defined]
    authors = {author for event in events if (author := _author_id(event))}
    names = {person.pk: str(person) for person in User.objects.filter(pk__in=authors)}
    older: list[Any] = [*events[1:], None]
    changes = [
        UserChange(
            event.pgh_created_at, names.get(_author_id(event) or 0, "Command line"), _parts(event, before)
        )
        for event, before in zip(events, older, strict=True)
        if before is not None or event.pgh_label == "insert"
    ]
    return changes[:SHOWN_AT_MOST]


def _parts(event: Any, before: Any) -> list[str]:
    if before is None:
        return [f"Created with the function {_spoken(event.function)}"]
    return [
        f"{LABELS[name]} from {_spoken(getattr(before, name))} to {_spoken(getattr(event, name))}"
        for name in HISTORY_OF_USER
        if getattr(event, name) != getattr(before, name)
    ]


def _spoken(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value in Function.values:
        return str(Function(value).label)
    return f"“{value}”" if value else "nothing"


def _author_id(event: Any) -> int | None:
    metadata = event.pgh_context.metadata if event.pgh_context else {}
    author = metadata.get("user")
    return author if isinstance(author, int) else None
