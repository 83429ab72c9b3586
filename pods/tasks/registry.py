"""What can be a task. An app declares its kinds in ``<app>/task_kinds.py``."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from common.registry import Registry
from people.models import Category

if TYPE_CHECKING:
    from pods.tasks.models import Task

DONE = "done"


def _nothing(task: Task) -> None:
    pass


def _account_page(task: Task) -> str:
    return task.account.get_absolute_url()


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskKind:
    """A kind of task.

    ``category`` is what a reader must be allowed to read to see title, body and outcome. ``outcomes`` are the ways in
    which it can be completed, of which those in ``needs_note`` ask for a sentence. ``on_closed`` is called in the
    transaction that completes or drops a task: raise ``RefusedError`` with a sentence to undo it and tell the person.
    ``url`` is the page where the work is done.
    """

    key: str
    label: str
    category: str = Category.ACCOUNT_PROFILE
    outcomes: Mapping[str, str] = field(default_factory=lambda: {DONE: "Done"})
    needs_note: Collection[str] = ()
    on_closed: Callable[[Task], None] = _nothing
    url: Callable[[Task], str] = _account_page


task_kinds: Registry[TaskKind] = Registry("task kind", "task_kinds")
