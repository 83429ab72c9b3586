"""Writes of health checks: ticked off, completed, and what was true then. Each locks the task, then the check."""

from __future__ import annotations

from collections.abc import Collection

from django.db import transaction

from common.formatting import format_count
from people.models import User
from pods.checks.facts import read_facts
from pods.checks.models import HealthCheck
from pods.tasks.models import Task
from pods.tasks.services import ClosedError, NotYoursError, RefusedError, complete_task, may_close


@transaction.atomic
def tick(*, check: HealthCheck, done: Collection[int], by: User) -> HealthCheck:
    """Keep which items have been gone through, by their place.

    Raises ClosedError where the check is closed, NotYoursError where it isn't theirs.
    """
    task = Task.objects.select_for_update().get(pk=check.pk)
    if not task.is_open:
        raise ClosedError("Somebody closed this check meanwhile.")
    if not may_close(task, by):
        raise NotYoursError(
            f"Whoever has it or anybody of {task.get_function_display()} goes through it; RevOps can assign it to you."
        )
    held = HealthCheck.objects.select_for_update().get(pk=check.pk)
    held.items = [item | {"is_done": place in done} for place, item in enumerate(held.items)]
    held.save(update_fields=["items"])
    return held


@transaction.atomic
def complete(*, check: HealthCheck, done: Collection[int], outcome: str, note: str, by: User) -> Task:
    """Tick and complete a check: all of it, or nothing. Raises as ``tick`` and ``complete_task`` do."""
    held = tick(check=check, done=done, by=by)
    return complete_task(task=held.task, by=by, outcome=outcome, note=note)


def keep_facts(task: Task) -> None:
    """Keep what the numbers were as the check is completed, in the transaction that completes it.

    Raises RefusedError while something is still to be gone through.
    """
    if task.state != Task.State.DONE:
        return
    check = HealthCheck.objects.select_for_update().filter(pk=task.pk).first()
    if check is None:
        return
    if check.left:
        raise RefusedError(
            f"{format_count(check.left, 'thing is', 'things are')} still to be gone through. Tick what you have gone "
            "through on the check’s page, or drop the task."
        )
    facts, day = read_facts(task.account_id, {item["number"] for item in check.items} - {""})
    check.facts, check.facts_on = {key: str(value) for key, value in facts.items()}, day
    check.save(update_fields=["facts", "facts_on"])
