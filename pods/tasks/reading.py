"""What a reader may see of tasks: the list, one task, a count."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from django.db.models import F, Q
from django.http import HttpRequest, QueryDict

from common.export import Table, table_of
from metrics.engine.plan import today
from people.access import Access
from people.functions import Function
from people.models import User
from pods.tasks.models import Task
from pods.tasks.querysets import TaskQuerySet
from pods.tasks.registry import TaskKind, task_kinds
from pods.tasks.services import may_close

CHUNK = 2000
SHOWS = {"mine": "Yours", "function": "Your function’s", "all": "Everybody’s"}
STATES = {"open": "Open", "closed": "Closed", "all": "Open and closed"}
ORDERS: dict[str, tuple[str, ...]] = {
    "due": ("due_on", "pk"),
    "-due": ("-due_on", "-pk"),
    "opened": ("opened_at", "pk"),
    "-opened": ("-opened_at", "-pk"),
    "account": ("account_name", "pk"),
    "-account": ("-account_name", "-pk"),
}


def count_waiting(request: HttpRequest) -> int:
    """Return how many open tasks wait for the reader, counted once a request; one query."""
    held: int | None = getattr(request, "_abe_tasks", None)
    if held is None:
        user = request.user
        held = Task.objects.open().waiting_for(user).count() if isinstance(user, User) else 0
        request._abe_tasks = held  # type: ignore[attr-defined]  # noqa: SLF001 - set by us alone
    return held


def readable_kinds(access: Access) -> list[str]:
    """Return the kinds whose titles a reader may see."""
    return [kind.key for kind in task_kinds if access.allows(kind.category)]


@dataclass(frozen=True, slots=True)
class Search:
    """What the list is asked for; anything unknown in the address falls back to the default."""

    show: str
    state: str
    kind: str
    text: str
    is_late: bool
    sort: str

    @classmethod
    def from_params(cls, params: QueryDict) -> Search:
        """Read the address."""
        show, state, kind, sort = (params.get(key, "") for key in ("show", "state", "kind", "sort"))
        state = state if state in STATES else "open"
        return cls(
            show=show if show in SHOWS else "mine",
            state=state,
            kind=kind if kind in task_kinds else "",
            text=params.get("q", "").replace("\x00", "").strip()[:200],
            is_late=params.get("late") == "1",
            sort=sort if sort in ORDERS else ("due" if state == "open" else "-opened"),
        )

    @property
    def order(self) -> tuple[str, ...]:
        """The fields for ``common.pagination.read_page``."""
        return ORDERS[self.sort]

    @property
    def is_narrowed(self) -> bool:
        """Whether something may be missing from the list because of what was asked."""
        return bool(self.kind or self.text or self.is_late or self.state != "open")

    def find(self, user: User, access: Access) -> TaskQuerySet:
        """Return the tasks asked for with account and people, unordered."""
        found = Task.objects.filter(account__deleted_at=None).select_related("account", "assignee", "done_by")
        found = found.annotate(account_name=F("account__name"))
        if self.show == "mine":
            found = found.waiting_for(user)
        elif self.show == "function":
            found = found.of_function(user.function)
        if self.state != "all":
            found = found.filter(state="open") if self.state == "open" else found.exclude(state="open")
        if self.kind:
            found = found.filter(kind=self.kind)
        if self.is_late:
            found = found.filter(due_on__lt=today())
        if self.text:
            # A search tells what it finds, so it looks into titles only where they may be read.
            titled = Q(kind__in=readable_kinds(access))
            for word in self.text.split():
                found = found.filter(Q(account__name__icontains=word) | titled & Q(title__icontains=word))
        return found


@dataclass
class Shown:
    """A task as one reader sees it on a day."""

    task: Task
    access: Access
    day: date

    @cached_property
    def kind(self) -> TaskKind | None:
        """What it is of, None where no app declares it any more."""
        return task_kinds.get(self.task.kind)

    @property
    def kind_label(self) -> str:
        """The kind in words."""
        return self.kind.label if self.kind else self.task.kind

    @cached_property
    def title(self) -> Any:
        """The title, or the mark that stands for it."""
        return self._guarded(self.task.title)

    @cached_property
    def body(self) -> Any:
        """What is to be done, or the mark that stands for it."""
        return self._guarded(self.task.body)

    @cached_property
    def note(self) -> Any:
        """What was said when it was closed, or the mark that stands for it."""
        return self._guarded(self.task.note)

    @property
    def link_text(self) -> str:
        """What the link to the task says."""
        return self.kind_label if getattr(self.title, "is_redacted", False) else self.task.title

    @property
    def who(self) -> str:
        """Who must act."""
        return str(self.task.assignee) if self.task.assignee else str(Function(self.task.function).label)

    @property
    def outcome(self) -> Any:
        """What came of it in words, empty while it is open."""
        if self.task.state != Task.State.DONE:
            return "" if self.task.is_open else self.task.get_state_display()
        label = (
            self.kind.outcomes.get(self.task.outcome, self.task.outcome) if self.kind else self.task.outcome
        )
        return self._guarded(label)

    @property
    def is_late(self) -> bool:
        """Whether it should have been done by now."""
        return self.task.is_open and self.task.due_on < self.day

    @property
    def tone(self) -> str:
        """The colour of its state."""
        return {"open": "accent", "done": "green"}.get(self.task.state, "neutral")

    @property
    def work_url(self) -> str:
        """The page where it is done."""
        return self.kind.url(self.task) if self.kind else self.task.account.get_absolute_url()

    def may_close(self, user: User) -> bool:
        """Return whether the reader may complete, drop or assign it now."""
        return self.task.is_open and may_close(self.task, user)

    def _guarded(self, text: str) -> Any:
        return self.access.redact(text, self.kind.category) if self.kind else text


def tasks_table(search: Search, user: User, access: Access, day: date) -> Table:
    """Return the tasks asked for as a table for a file, in the list's own order and redacted alike."""
    found = search.find(user, access).order_by(*search.order)
    return table_of("tasks", (Shown(task, access, day) for task in found.iterator(chunk_size=CHUNK)), COLUMNS)


COLUMNS = [
    ("id", "Task", lambda each: each.task.pk),
    ("account_id", "Account id", lambda each: each.task.account_id),
    ("account", "Account", lambda each: each.task.account.name),
    ("kind", "Kind", lambda each: each.kind_label),
    ("title", "Title", lambda each: str(each.title)),
    ("function", "Function", lambda each: str(Function(each.task.function).label)),
    ("assignee", "Assigned to", lambda each: str(each.task.assignee or "")),
    ("due_on", "Due", lambda each: each.task.due_on),
    ("state", "State", lambda each: each.task.get_state_display()),
    ("outcome", "Outcome", lambda each: str(each.outcome)),
    ("note", "Note", lambda each: str(each.note)),
    ("opened_at", "Opened", lambda each: each.task.opened_at),
    ("done_at", "Closed", lambda each: each.task.done_at),
    ("done_by", "Closed by", lambda each: str(each.task.done_by or "")),
]
