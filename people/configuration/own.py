"""People's own tables in the history: who reads what, and who may sign in."""

from __future__ import annotations

from people.configuration.registry import Tracked
from people.functions import Function
from people.models import AccessGrant, Category, Level, User


def _function(value: str) -> str:
    return str(Function(value).label) if value in Function.values else f"“{value}”"


GRANTS = Tracked(
    model=AccessGrant,
    noun="",
    name=lambda event: f"{Function(event.function).label}: {Category(event.category).label}",
    labels={"level": "level"},
    show={"level": lambda value: Level(value).label},
)
USERS = Tracked(
    model=User,
    noun="",
    name=lambda event: event.name or event.email,
    labels={
        "email": "Email",
        "name": "Name",
        "function": "Function",
        "title": "Title",
        "time_zone": "Time zone",
        "is_active": "May sign in",
    },
    show={"function": _function},
)
