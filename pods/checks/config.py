"""What health checks go through, as a section of the configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError

from people.configuration.registry import ConfigError, ConfigFile, ConfigSection, Problem, Tracked
from people.configuration.restoring import undo_rows
from people.configuration.shapes import ListOf, Record, Text
from people.models import User
from pods.checks.checklist import (
    MOST_ITEMS,
    TEXT_LENGTH,
    check_items,
    held_items,
    plain,
    read_items,
    set_items,
    told_items,
)
from pods.checks.models import Checklist

Data = Sequence[Mapping[str, Any]]


def export_items() -> list[dict[str, str]]:
    """Return what the next checks go through."""
    return plain(held_items())


def plan_items(data: Data, is_published: bool) -> list[str]:
    """Say whether the list would be another. Raises ConfigError for what it can't hold."""
    try:
        check_items(read_items(data))
    except ValidationError as error:
        raise ConfigError([Problem("", " ".join(error.messages))]) from error
    wanted = read_items(data)
    return [] if wanted == held_items() else [f"Checks go through: {told_items(plain(wanted))}"]


def apply_items(data: Data, by: User | None, is_published: bool) -> None:
    """Set the list."""
    set_items(items=read_items(data), by=by)


def _name(event: Any) -> str:
    return "Checklist"


SECTION = ConfigSection(
    key="health_checks",
    label="Health checks",
    url_name="pods:checklist",
    tracks=(
        Tracked(
            model=Checklist,
            noun="",
            name=_name,
            labels={"items": "to go through"},
            show={"items": told_items},
        ),
    ),
    undo=undo_rows,
    file=ConfigFile(
        shape=ListOf(
            Record({"text": Text(longest=TEXT_LENGTH)}, optional={"number": Text(may_be_empty=True)}),
            least=1,
            most=MOST_ITEMS,
        ),
        export=export_items,
        plan=plan_items,
        apply=apply_items,
    ),
)
