"""What the pods give people to do: to look at how an account is."""

from __future__ import annotations

from django.urls import reverse

from people.models import Category
from pods.checks.opening import KIND
from pods.checks.outcomes import NEED_A_NOTE, OUTCOMES
from pods.checks.services import keep_facts
from pods.models import Task
from pods.tasks.registry import TaskKind, task_kinds


def _page(task: Task) -> str:
    return reverse("pods:health_check", args=[task.pk])


task_kinds.register(
    TaskKind(
        key=KIND,
        label="Health check",
        category=Category.ACCOUNT_PROFILE,
        outcomes=OUTCOMES,
        needs_note=NEED_A_NOTE,
        on_closed=keep_facts,
        url=_page,
    )
)
