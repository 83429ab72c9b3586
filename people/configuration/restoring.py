"""Take back one save: what that would do, what speaks against it, and doing it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pghistory
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError, RestrictedError

from common.formatting import format_datetime
from people.configuration.authors import COMMAND_LINE, author_id
from people.configuration.history import DELETED, INSERTED, UPDATED, Line, Save, Step, lines_of
from people.configuration.registry import ConfigError, Tracked
from people.models import User


class CannotRestoreError(Exception):
    """A save can't be taken back; ``reasons`` say why and what to do first."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__(" ".join(reasons))
        self.reasons = reasons


@dataclass(frozen=True, slots=True)
class Restoration:
    """What taking a save back would do: its ``lines`` and ``effects``; ``problems`` stand against it."""

    save: Save
    lines: Sequence[Line]
    effects: Sequence[str]
    problems: Sequence[str]
    steps: Sequence[Step]

    @property
    def can_restore(self) -> bool:
        """Whether there is something to do and nothing against it."""
        return bool(self.steps) and not self.problems


def plan_restoration(save: Save) -> Restoration:
    """Compare a save with how things stand now; a few queries a changed row."""
    section = save.section
    if section.undo is None:
        return Restoration(
            save, _lines(save, save.steps), [], [section.no_undo or _no_undo(save)], save.steps
        )
    open_steps: list[Step] = []
    problems: list[str] = []
    if section.blocks is not None:
        open_steps, problems = list(save.steps), section.blocks(save.steps)
    else:
        for step in save.steps:
            is_open, problem = _standing(step)
            if problem:
                problems.append(problem)
            elif is_open:
                open_steps.append(step)
    if not open_steps and not problems:
        problems.append("Nothing is left to take back: things stand as they did before this change.")
    effects = section.effect(open_steps) if section.effect and open_steps and not problems else []
    return Restoration(save, _lines(save, open_steps or save.steps), effects, problems, open_steps)


@transaction.atomic
def restore(*, save: Save, by: User) -> Restoration:
    """Take a save back, as a new save by the person who does it.

    Rows are locked in the order of their keys; what speaks against it by then raises CannotRestoreError.
    """
    for tracked in save.section.tracks:
        keys = sorted({step.object_id for step in save.steps if step.tracked is tracked})
        list(tracked.rows.filter(pk__in=keys).order_by("pk").select_for_update())
    plan = plan_restoration(save)
    if not plan.can_restore:
        raise CannotRestoreError(plan.problems)
    assert save.section.undo is not None
    try:
        with transaction.atomic(), pghistory.context(user=by.pk):
            save.section.undo(plan.steps, by)
    except ValidationError as error:
        raise CannotRestoreError(error.messages) from error
    except ConfigError as error:
        raise CannotRestoreError([str(problem) for problem in error.problems]) from error
    except (ProtectedError, RestrictedError) as error:
        raise CannotRestoreError([_in_use(error)]) from error
    except IntegrityError as error:
        said = "Something that was changed since stands in the way. Take that back first."
        raise CannotRestoreError([said]) from error
    return plan


def undo_rows(steps: Sequence[Step], by: User) -> None:
    """Take steps back row by row, the last one first: for sections whose rows need no care beyond their own.

    Raises ValidationError where a row wouldn't be valid.
    """
    for step in reversed(steps):
        model = step.tracked.model
        if step.kind == INSERTED:
            step.tracked.rows.get(pk=step.object_id).delete()
        elif step.kind == DELETED:
            row = model(pk=step.object_id, **_columns(step.tracked, step.before))
            row.full_clean()
            row.save(force_insert=True)
        else:
            row = step.tracked.rows.get(pk=step.object_id)
            for name in step.changed:
                setattr(row, _column(step.tracked, name), getattr(step.before, _column(step.tracked, name)))
            row.full_clean()
            row.save(update_fields=step.changed)


def _standing(step: Step) -> tuple[bool, str]:
    """Return whether a step still stands and can be taken back, and what speaks against it."""
    if step.kind == UPDATED and step.before is None:
        return False, f"{step.name}: what was there before this change isn't known."
    row = step.tracked.rows.filter(pk=step.object_id).first()
    if step.kind == DELETED:
        return row is None, ""
    if row is None:
        if step.kind == INSERTED:
            return False, ""
        return False, f"{step.name} was removed since. {_later(step)}"
    newer = [
        step.tracked.labels[name]
        for name in step.changed
        if getattr(row, _column(step.tracked, name)) != getattr(step.after, _column(step.tracked, name))
    ]
    if step.kind == UPDATED and newer and _is_back(step, row):
        return False, ""
    if newer:
        return False, f"{step.name}: {', '.join(newer)} was changed again since. {_later(step)}"
    return True, ""


def _is_back(step: Step, row: Any) -> bool:
    columns = [_column(step.tracked, name) for name in step.changed]
    return all(getattr(row, name) == getattr(step.before, name) for name in columns)


def _later(step: Step) -> str:
    """Say which later change is in the way."""
    events = step.tracked.events.filter(pgh_obj_id=step.object_id, pgh_id__gt=step.event.pgh_id)
    newer = events.select_related("pgh_context").order_by("-pgh_id").first()
    if newer is None:
        return "Look at how it stands now."
    who = User.objects.filter(pk=author_id(newer) or 0).first() or COMMAND_LINE
    return f"{who} did that on {format_datetime(newer.pgh_created_at)}; take that back first."


def _lines(save: Save, steps: Sequence[Step]) -> list[Line]:
    return [line.back for line in lines_of(save.section, steps)]


def _no_undo(save: Save) -> str:
    return f"Changes of {save.section.label.lower()} are taken back on their own page."


def _in_use(error: ProtectedError | RestrictedError) -> str:
    held = error.protected_objects if isinstance(error, ProtectedError) else error.restricted_objects
    found = list(held)
    noun = found[0]._meta.verbose_name if found else "something"
    return f"It is in use by now ({len(found)} × {noun}), so it can't be taken away."


def _column(tracked: Tracked, name: str) -> str:
    """Return the attribute that holds a field's own value: the key, for a reference."""
    return tracked.model._meta.get_field(name).attname  # type: ignore[union-attr]


def _columns(tracked: Tracked, event: Any) -> dict[str, Any]:
    names = {field.name for field in event._meta.concrete_fields}
    return {
        field.attname: getattr(event, field.attname)
        for field in tracked.model._meta.concrete_fields
        if field.name in names and not field.primary_key
    }
