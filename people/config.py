"""People's sections of the configuration: who reads what, and who may sign in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError

from common.formatting import format_count
from people.configuration.history import DELETED, INSERTED, Step
from people.configuration.own import GRANTS, USERS
from people.configuration.registry import ConfigFile, ConfigSection, Tracked, sections
from people.configuration.restoring import undo_rows
from people.configuration.shapes import Record, Text
from people.functions import Function
from people.models import FED, HISTORY_OF_USER, Absence, Level, NoticeChannel, User, default_level
from people.notices.preferences import WEEKDAYS
from people.policy import EDITABLE, Pair, differences, held_levels
from people.services import change_access, change_user
from people.skills import config as _skills  # noqa: F401 - declares the section of skills


def undo_access(steps: Sequence[Step], by: User) -> None:
    """Set the levels back."""
    levels = {
        (step.event.function, step.event.category): (
            step.before.level
            if step.before is not None
            else default_level(step.event.function, step.event.category)
        )
        for step in steps
    }
    change_access(levels=levels, by=by)


def effect_on_readers(steps: Sequence[Step]) -> list[str]:
    """Say how many people read something else afterwards."""
    functions = {step.event.function for step in steps}
    people = User.objects.filter(is_active=True, function__in=functions).count()
    return [f"It holds for {format_count(people, 'person', 'people')} from their next page."]


def undo_users(steps: Sequence[Step], by: User) -> None:
    """Set what was kept about people back; whoever was added stays, since what they did names them."""
    for step in steps:
        if step.kind == INSERTED:
            raise ValidationError(f"{step.name} can't be removed again. Deactivate them on their page.")
        user = User.objects.get(pk=step.object_id)
        fields = {name: getattr(user, name) for name in HISTORY_OF_USER}
        change_user(
            user=user, by=by, **(fields | {name: getattr(step.before, name) for name in step.changed})
        )


def export_access() -> dict[str, dict[str, str]]:
    """Return what each function reads, by category; RevOps and leadership read everything in any case."""
    held = held_levels()
    return {
        function.value: {category.value: held[function.value, category.value].value for category in FED}
        for function in EDITABLE
    }


def plan_access(data: Mapping[str, Mapping[str, str]], is_published: bool) -> list[str]:
    """Say which levels would change."""
    return [str(change) for change in differences(held_levels(), _levels(data))]


def apply_access(data: Mapping[str, Mapping[str, str]], by: User | None, is_published: bool) -> None:
    """Set the levels."""
    change_access(levels={pair: level.value for pair, level in _levels(data).items()}, by=by)


def _levels(data: Mapping[str, Mapping[str, str]]) -> dict[Pair, Level]:
    return {
        (function, category): Level(level)
        for function, levels in data.items()
        for category, level in levels.items()
    }


_levels_of_a_function: Any = Record({category.value: Text(choices=Level.values) for category in FED})

sections.register(
    ConfigSection(
        key="access",
        label="Who reads what",
        url_name="people:access",
        tracks=(GRANTS,),
        undo=undo_access,
        effect=effect_on_readers,
        file=ConfigFile(
            shape=Record({function.value: _levels_of_a_function for function in EDITABLE}),
            export=export_access,
            plan=plan_access,
            apply=apply_access,
        ),
    )
)


def undo_channels(steps: Sequence[Step], by: User) -> None:
    """Set a channel back, but for its address; one that was removed has lost it."""
    if any(step.kind == DELETED for step in steps):
        raise ValidationError("Its address is in no history. Add the channel again on its page.")
    undo_rows(steps, by)


def _weekday(value: int) -> str:
    return WEEKDAYS[value]


sections.register(
    ConfigSection(
        key="channels",
        label="Channels of Slack",
        url_name="people:channels",
        tracks=(
            Tracked(
                model=NoticeChannel,
                noun="Channel",
                name=lambda event: str(event.name),
                labels={
                    "name": "name",
                    "host": "host",
                    "function": "reads as",
                    "topics": "told of",
                    "weekday": "weekly on",
                    "time_zone": "time zone",
                    "is_active": "is told",
                },
                show={"function": lambda value: str(Function(value).label), "weekday": _weekday},
            ),
        ),
        undo=undo_channels,
    )
)
sections.register(
    ConfigSection(
        key="absences",
        label="Absences",
        url_name="people:absences",
        tracks=(
            Tracked(
                model=Absence,
                noun="",
                name=lambda event: f"Absence of {event.person or 'somebody'}",
                labels={
                    "starts_on": "from",
                    "ends_on": "until",
                    "stand_in": "stands in",
                    "note": "note",
                    "withdrawn_at": "taken back",
                },
            ),
        ),
        no_undo="Days that are over stay as they were: change what lies ahead on its own page.",
    )
)
sections.register(
    ConfigSection(key="users", label="Users", url_name="people:users", tracks=(USERS,), undo=undo_users)
)
