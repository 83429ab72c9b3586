"""A kind of task for tests, and tasks of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from typing import Any

from accounts.models import Account
from metrics.engine.plan import today
from pods.models import Task
from pods.tasks.registry import TaskKind, task_kinds
from pods.tasks.services import RefusedError, open_task

_numbers = count(1)
KIND = "test.call"


class Calls:
    """What follows from a call; it refuses what is in ``refused``."""

    def __init__(self) -> None:
        self.closed: list[tuple[str, str]] = []
        self.refused = ""

    def follow(self, task: Task) -> None:
        self.closed.append((task.state, task.outcome))
        if self.refused:
            raise RefusedError(self.refused)


@contextmanager
def declared(**options: Any) -> Iterator[Calls]:
    """Declare the kind ``test.call``."""
    calls = Calls()
    given = {
        "key": KIND,
        "label": "Call",
        "outcomes": {"reached": "Reached", "refused": "Refused"},
        "needs_note": ("refused",),
        "on_closed": calls.follow,
        **options,
    }
    task_kinds.register(TaskKind(**given))
    try:
        yield calls
    finally:
        del task_kinds._items[KIND]


def to_do(account: Account, **fields: Any) -> Task:
    """Open a task of that kind."""
    given = {
        "kind": KIND,
        "about": f"call:{next(_numbers)}",
        "title": "Call them",
        "function": "finance",
        "due_on": today() + timedelta(days=3),
        **fields,
    }
    return open_task(account=account, **given)
