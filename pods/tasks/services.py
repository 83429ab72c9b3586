"""Writes of tasks: opened once for what they are about, assigned, completed or dropped once."""

from __future__ import annotations

from datetime import date

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts.models import Account
from common.formatting import format_date, format_datetime
from people.access import access_of
from people.functions import Function
from people.models import User
from people.notices.services import notify, withdraw_notices
from pods.tasks.models import Task
from pods.tasks.registry import DONE, TaskKind, task_kinds

TOPIC = "tasks"
NOTE_AT_MOST = 4000
State = Task.State


class RefusedError(Exception):
    """It can't be done; the text tells a person why and what to do."""


class ClosedError(RefusedError):
    """Somebody else has completed or dropped it meanwhile."""


class NotYoursError(RefusedError):
    """It is neither assigned to the person nor their function's."""


def person_for(account: Account, function: str) -> User | None:
    """Return who of a function looks after an account: its owner, else its sponsor, where they are of it; one query.

    None where nobody is named: the task then waits for the function.
    """
    emails = [email for email in (account.owner_email, account.sponsor_email) if email]
    found = {
        user.email: user for user in User.objects.filter(email__in=emails, function=function, is_active=True)
    }
    return next((found[email] for email in emails if email in found), None)


@transaction.atomic
def open_task(
    *,
    kind: str,
    about: str,
    account: Account,
    title: str,
    function: str,
    due_on: date,
    body: str = "",
    assignee: User | None = None,
    by: User | None = None,
) -> Task:
    """Open a task unless one of this kind about the same was ever opened; return that one then, as it is.

    Without an assignee it goes to whoever of the function looks after the account (``person_for``), else it waits for
    the function. They are told by e-mail. Raises KeyError for a kind that no app declared.
    """
    declared = task_kinds[kind]
    task, is_new = Task.objects.select_related("account", "assignee").get_or_create(
        kind=declared.key,
        about=about,
        defaults={
            "account": account,
            "title": title[:255],
            "body": body,
            "function": Function(function),
            "assignee": assignee or person_for(account, function),
            "due_on": due_on,
            "opened_by": by,
        },
    )
    if is_new:
        _tell(task, by)
    return task


@transaction.atomic
def assign_task(*, task: Task, assignee: User | None, by: User) -> Task:
    """Give a task to a person, or back to its function (None); whoever gets it is told.

    Raises RefusedError where it isn't open any more or the person can't sign in, NotYoursError where it isn't for
    ``by`` to say.
    """
    held = _held(task, by)
    if assignee is not None and not assignee.is_active:
        raise RefusedError(f"{assignee} can't sign in any more. Choose somebody else.")
    held.assignee = assignee
    held.save(update_fields=["assignee"])
    withdraw_notices(about=[_about(held)])
    _tell(held, by)
    return held


@transaction.atomic
def complete_task(*, task: Task, by: User | None, outcome: str = DONE, note: str = "") -> Task:
    """Complete a task with one of its kind's outcomes; ``by`` None is the product itself.

    What follows from it (``on_closed``) happens in the same transaction. Raises ClosedError where somebody was
    quicker, NotYoursError where it isn't theirs, RefusedError where the kind refuses, and ValidationError at
    ``outcome`` or ``note``.
    """
    held = _held(task, by)
    kind = _kind(held)
    if outcome not in kind.outcomes:
        raise ValidationError({"outcome": "Choose what came of it."})
    if outcome in kind.needs_note and not note.strip():
        raise ValidationError({"note": "Say why, so that colleagues know what to do."})
    return _close(held, kind, State.DONE, outcome, note, by)


@transaction.atomic
def drop_task(*, task: Task, by: User | None, reason: str) -> Task:
    """Close a task that needs no doing any more; raises as ``complete_task`` does, ValidationError at ``note``."""
    held = _held(task, by)
    if not reason.strip():
        raise ValidationError({"note": "Say why it needs no doing, so that colleagues know."})
    return _close(held, task_kinds.get(held.kind), State.DROPPED, "", reason, by)


def may_close(task: Task, user: User) -> bool:
    """Return whether a person may complete, drop or assign a task: theirs, their function's, or RevOps."""
    return user.pk == task.assignee_id or user.function in (task.function, Function.REVOPS)


def _close(
    held: Task, kind: TaskKind | None, state: Task.State, outcome: str, note: str, by: User | None
) -> Task:
    held.state, held.outcome, held.note = state, outcome, note.strip()[:NOTE_AT_MOST]
    held.done_by, held.done_at = by, timezone.now()
    held.save(update_fields=["state", "outcome", "note", "done_by", "done_at"])
    withdraw_notices(about=[_about(held)])
    if kind is not None:
        kind.on_closed(held)
    return held


def _held(task: Task, by: User | None) -> Task:
    """Return an open task, locked, that a person may close."""
    held = (
        Task.objects.select_for_update(of=("self",))
        .select_related("account", "assignee", "done_by")
        .get(pk=task.pk)
    )
    if by is not None and not may_close(held, by):
        label = Function(held.function).label
        who = f"{held.assignee} or anybody of {label}" if held.assignee else f"Anybody of {label}"
        raise NotYoursError(f"{who} can do this; RevOps can assign it to you.")
    if not held.is_open:
        assert held.done_at is not None
        did = "completed" if held.state == State.DONE else "dropped"
        raise ClosedError(f"{held.done_by or 'ABE itself'} {did} this on {format_datetime(held.done_at)}.")
    return held


def _kind(task: Task) -> TaskKind:
    kind = task_kinds.get(task.kind)
    if kind is None:
        raise RefusedError(f"Nothing in this installation knows what “{task.kind}” is about, so drop it.")
    return kind


def _about(task: Task) -> str:
    return f"pods.task:{task.pk}"


def _tell(task: Task, by: User | None) -> None:
    """Have whoever must act told once; who opened or assigned it to themselves knows."""
    person = task.assignee
    pool = [person] if person else list(User.objects.filter(function=task.function, is_active=True))
    kind = task_kinds[task.kind]
    reads = {
        function: access_of(function).allows(kind.category) for function in {user.function for user in pool}
    }
    for user in pool:
        if by is not None and user.pk == by.pk:
            continue
        title = task.title if reads[user.function] else kind.label
        notify(
            to=[user],
            topic=TOPIC,
            about=_about(task),
            event="opened" if person is None else "assigned",
            text=f"To do by {format_date(task.due_on)}: {title}, {task.account.name}",
            url=task.get_absolute_url(),
        )
