"""What finance gives people to do: before and after customers are asked for money."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.urls import reverse

from finance.collections.recipients import recipient_of
from finance.collections.services import release_stage
from finance.collections.task_words import (
    AGREE,
    AGREEMENT,
    ALONE,
    BROKEN_PROMISE,
    EXHAUSTED,
    NO_ADDRESS,
    RELEASE,
    UNCLEAR,
    WAIT,
    stage_about,
)
from finance.models import DunningCycle, DunningMessage
from metrics.engine.plan import today
from people.models import Category
from pods.models import Task
from pods.tasks.registry import DONE, TaskKind, task_kinds
from pods.tasks.services import RefusedError

OTHER = {AGREEMENT: RELEASE, RELEASE: AGREEMENT}


def follow_agreement(task: Task) -> None:
    """Release the stage once both agreed, or finance alone with its reason."""
    if task.outcome not in (AGREE, ALONE):
        return
    cycle_pk, stage = stage_about(task.about)
    # Both may be completed at once: the second one waits here and then sees the first.
    cycle = DunningCycle.objects.select_for_update().filter(pk=cycle_pk).first()
    if cycle is None or cycle.closed_on is not None:
        raise RefusedError("Nothing is overdue any more. Drop this task.")
    has_other = Task.objects.filter(
        kind=OTHER[task.kind], about=task.about, outcome__in=(AGREE, ALONE)
    ).exists()
    if task.outcome == ALONE or has_other:
        reason = task.note if task.outcome == ALONE else ""
        try:
            release_stage(cycle=cycle, stage=stage, by=task.done_by, reason=reason)
        except ValidationError as error:
            raise RefusedError(error.messages[0]) from error


def refuse_without_address(task: Task) -> None:
    """Keep the task open while still nobody with an address is known."""
    if task.state == Task.State.DONE and recipient_of(task.account, today()) is None:
        raise RefusedError("Still nobody with an address is known. Name a contact first, or drop this task.")


def refuse_undecided(task: Task) -> None:
    """Keep the task open while nobody has decided about its message."""
    undecided = DunningMessage.objects.filter(pk=_message(task), state__in=("failed", "unknown"))
    if task.state == Task.State.DONE and undecided.exists():
        raise RefusedError("Decide on the message's page first; that completes this task.")


def _page(task: Task) -> str:
    return reverse("finance:collection", args=[task.account_id])


def _message_page(task: Task) -> str:
    return reverse("finance:dunning_message", args=[_message(task)])


def _message(task: Task) -> int:
    return int(task.about.split(":")[1])


FINANCIAL = Category.FINANCIAL_HEALTH
task_kinds.register(
    TaskKind(
        key=AGREEMENT,
        label="Agree before a customer is asked",
        category=FINANCIAL,
        outcomes={AGREE: "A mail may go", WAIT: "No mail, we take care of it"},
        needs_note=(WAIT,),
        on_closed=follow_agreement,
        url=_page,
    )
)
task_kinds.register(
    TaskKind(
        key=RELEASE,
        label="Agree before a customer is asked, or release it",
        category=FINANCIAL,
        outcomes={
            AGREE: "A mail may go once customer success agrees too",
            ALONE: "Release it without waiting",
            WAIT: "No mail, we take care of it",
        },
        needs_note=(ALONE, WAIT),
        on_closed=follow_agreement,
        url=_page,
    )
)
task_kinds.register(
    TaskKind(
        key=NO_ADDRESS,
        label="Nobody to ask",
        category=FINANCIAL,
        outcomes={DONE: "An address is known now"},
        on_closed=refuse_without_address,
        url=_page,
    )
)
for key, label, outcomes in (
    (EXHAUSTED, "Every attempt was made", {"agreed": "A plan is agreed", "lost": "It can't be collected"}),
    (BROKEN_PROMISE, "Broken promise to pay", {"again": "They promised again", "asked": "They were asked"}),
):
    task_kinds.register(TaskKind(key=key, label=label, category=FINANCIAL, outcomes=outcomes, url=_page))
task_kinds.register(
    TaskKind(
        key=UNCLEAR,
        label="Message in doubt",
        category=FINANCIAL,
        on_closed=refuse_undecided,
        url=_message_page,
    )
)
