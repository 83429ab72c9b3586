"""What pages show of tasks: those of an account, and what the reader has to do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar

from accounts.home import HomePanel, Reader, register_home_panel
from accounts.lenses import Panel, register_panel
from accounts.models import Account
from common.export import Table, table_of
from people.access import Access
from people.functions import Function
from people.models import Category
from pods.tasks.models import Task
from pods.tasks.querysets import TaskQuerySet
from pods.tasks.reading import Shown

MOST = 10


def _plain(shown: Shown) -> dict[str, Any]:
    return {
        "id": shown.task.pk,
        "url": shown.task.get_absolute_url(),
        "link_text": shown.link_text,
        "title": shown.title,
        "kind": shown.kind_label,
        "account_id": shown.task.account_id,
        "account": shown.task.account.name,
        "who": shown.who,
        "due_on": shown.task.due_on,
        "is_late": shown.task.due_on < shown.day,
    }


def _table(data: Mapping[str, Any]) -> Table | None:
    if not data["tasks"]:
        return None
    return table_of(
        "tasks",
        data["tasks"],
        [
            ("id", "Task", lambda row: row["id"]),
            ("account_id", "Account id", lambda row: row["account_id"]),
            ("account", "Account", lambda row: row["account"]),
            ("kind", "Kind", lambda row: row["kind"]),
            ("title", "Title", lambda row: str(row["title"])),
            ("who", "Who", lambda row: row["who"]),
            ("due_on", "Due", lambda row: row["due_on"]),
        ],
    )


@register_panel
class AccountTasks(Panel):
    """What is to be done for the account, the most urgent first."""

    key = "pods.tasks"
    title = "Tasks"
    template = "pods/panels/tasks.html"
    category = Category.ACCOUNT_PROFILE
    is_lazy = True

    def load_for(self, account: Account, as_of: date, access: Access) -> dict[str, Any]:
        found = Task.objects.open_on(as_of).filter(account=account).select_related("account", "assignee")
        rows = [Shown(task, access, as_of) for task in found.order_by("due_on", "pk")[: MOST + 1]]
        return {"tasks": [_plain(row) for row in rows[:MOST]], "has_more": len(rows) > MOST}

    def table(self, data: Mapping[str, Any]) -> Table | None:
        """Return the tasks shown."""
        return _table(data)


@register_home_panel
class TasksDue(HomePanel):
    """What the reader has to do, late ones and those of the next fortnight."""

    key = "pods.tasks_due"
    title = "Tasks due"
    template = "pods/home/tasks.html"
    category = Category.ACCOUNT_PROFILE
    is_today_only = True
    functions: ClassVar = dict.fromkeys(Function, 5)

    def is_for(self, reader: Reader) -> bool:
        """Return whether there is anything to do."""
        return self._mine(reader).exists()

    def load(self, reader: Reader) -> dict[str, Any]:
        found = self._mine(reader).select_related("account", "assignee").order_by("due_on", "pk")
        rows = [Shown(task, reader.access, reader.as_of) for task in found[: MOST + 1]]
        return {"tasks": [_plain(row) for row in rows[:MOST]], "has_more": len(rows) > MOST}

    def table(self, data: Mapping[str, Any]) -> Table | None:
        """Return the tasks shown."""
        return _table(data)

    def _mine(self, reader: Reader) -> TaskQuerySet:
        return Task.objects.open().waiting_for(reader.user).filter(due_on__lte=reader.in_days(14))
