"""Who changed what about a person, read from the history that the database keeps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from people.configuration.history import INSERTED, Save, saves_of
from people.configuration.own import USERS
from people.configuration.registry import sections
from people.models import User

SHOWN_AT_MOST = 20


@dataclass(frozen=True, slots=True)
class UserChange:
    """One save of a person; ``parts`` are sentences, one a field."""

    changed_at: datetime
    author: str
    parts: Sequence[str]


def user_history(user: User) -> list[UserChange]:
    """Return the newest changes of a person, newest first, the creation among them."""
    saves = saves_of(sections["users"], USERS, user.pk, size=SHOWN_AT_MOST)
    return [UserChange(save.at, save.author, _parts(save)) for save in saves]


def _parts(save: Save) -> list[str]:
    return [
        words
        for step in save.steps
        for words in (
            [f"Created with the function {step.words('function', step.after)}"]
            if step.kind == INSERTED
            else map(str, step.parts)
        )
    ]
