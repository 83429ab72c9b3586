"""What a reader may see of health checks: the list, one account's, and their file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db.models import F
from django.http import QueryDict

from common.export import Table, table_of
from common.periods import end_of
from people.functions import Function
from pods.checks.models import HealthCheck
from pods.checks.outcomes import OUTCOMES, TONES
from pods.checks.periods import CADENCES
from pods.checks.querysets import HealthCheckQuerySet
from pods.tasks.models import Task

CHUNK = 2000
SHOWS = {
    "open": "Open",
    "due": "Due",
    "overdue": "Overdue",
    "done": "Done",
    "dropped": "Dropped",
    "all": "All",
}
ORDERS: dict[str, tuple[str, ...]] = {
    "due": ("due_on", "pk"),
    "-due": ("-due_on", "-pk"),
    "account": ("account_name", "pk"),
    "-account": ("-account_name", "-pk"),
}


@dataclass(frozen=True, slots=True)
class Search:
    """What the list is asked for; anything unknown in the address falls back to the default."""

    show: str
    cadence: str
    outcome: str
    text: str
    sort: str

    @classmethod
    def from_params(cls, params: QueryDict) -> Search:
        """Read the address."""
        show, cadence, outcome, sort = (params.get(key, "") for key in ("show", "cadence", "outcome", "sort"))
        show = show if show in SHOWS else "open"
        return cls(
            show=show,
            cadence=cadence if cadence in CADENCES else "",
            outcome=outcome if outcome in OUTCOMES else "",
            text=params.get("q", "").replace("\x00", "").strip()[:200],
            sort=sort if sort in ORDERS else ("due" if show in ("open", "due", "overdue") else "-due"),
        )

    @property
    def order(self) -> tuple[str, ...]:
        """The fields for ``common.pagination.read_page``."""
        return ORDERS[self.sort]

    @property
    def is_narrowed(self) -> bool:
        """Whether something may be missing from the list because of what was asked."""
        return bool(self.cadence or self.outcome or self.text)

    def find(self, day: date) -> HealthCheckQuerySet:
        """Return the checks asked for with task, account and people, unordered."""
        found = HealthCheck.objects.filter(task__account__deleted_at=None)
        found = found.select_related("task__account", "task__assignee", "task__done_by")
        found = found.annotate(due_on=F("task__due_on"), account_name=F("task__account__name"))
        if self.show != "all":
            found = found.in_state(self.show, day)
        if self.cadence:
            found = found.filter(cadence=self.cadence)
        if self.outcome:
            found = found.filter(task__outcome=self.outcome)
        for word in self.text.split():
            found = found.filter(task__account__name__icontains=word)
        return found


@dataclass(frozen=True, slots=True)
class Shown:
    """A check as pages show it on a day: as it stood when that day ended."""

    check: HealthCheck
    day: date

    @property
    def task(self) -> Task:
        """Its task."""
        return self.check.task

    @property
    def is_open(self) -> bool:
        """Whether it was still to be done."""
        done_at = self.task.done_at
        return done_at is None or done_at >= end_of(self.day)

    @property
    def is_late(self) -> bool:
        """Whether it should have been done by then."""
        return self.is_open and self.task.due_on < self.day

    @property
    def state(self) -> str:
        """How it stands, in a word."""
        if self.is_open:
            return "Overdue" if self.is_late else "Due"
        return "Dropped" if self.task.state == Task.State.DROPPED else self.outcome

    @property
    def outcome(self) -> str:
        """What came of it, empty while it is open."""
        return "" if self.is_open else OUTCOMES.get(self.task.outcome, "")

    @property
    def tone(self) -> str:
        """The colour of its state."""
        if self.is_open:
            return "red" if self.is_late else "accent"
        return TONES.get(self.task.outcome, "neutral")

    @property
    def who(self) -> str:
        """Who must act, or did."""
        if not self.is_open and self.task.done_by:
            return str(self.task.done_by)
        return str(self.task.assignee or Function(self.task.function).label)

    @property
    def progress(self) -> str:
        """How much of the list was gone through."""
        whole = len(self.check.items)
        return f"{whole - self.check.left} of {whole}"


def checks_table(search: Search, day: date) -> Table:
    """Return the checks asked for as a table for a file, in the list's own order."""
    found = search.find(day).order_by(*search.order)
    return table_of("health-checks", (Shown(row, day) for row in found.iterator(chunk_size=CHUNK)), COLUMNS)


COLUMNS = [
    ("id", "Check", lambda each: each.check.pk),
    ("account_id", "Account id", lambda each: each.task.account_id),
    ("account", "Account", lambda each: each.task.account.name),
    ("cadence", "Cadence", lambda each: each.check.get_cadence_display()),
    ("starts_on", "Turn from", lambda each: each.check.starts_on),
    ("ends_on", "Turn until", lambda each: each.check.ends_on),
    ("due_on", "Due", lambda each: each.task.due_on),
    ("who", "Who", lambda each: each.who),
    ("state", "State", lambda each: each.state),
    ("progress", "Gone through", lambda each: each.progress),
    ("outcome", "Outcome", lambda each: each.outcome),
    ("note", "Note", lambda each: each.task.note),
    ("done_at", "Closed", lambda each: each.task.done_at),
]
