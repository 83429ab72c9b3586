"""What time does to requests: people are told whose turn it is, reminded, and told what is late."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.db import transaction
from django.utils import timezone

from common.formatting import format_datetime
from people.approvals.models import ApprovalStep
from people.approvals.querysets import ApprovalStepQuerySet
from people.approvals.seats import VACANT, Approver, Roll
from people.approvals.services.shared import TOPIC, Titles, about_step, tell_requester
from people.models import Notice
from people.notices.services import notify

STEPS_AT_A_TIME = 500


def announce_turns() -> int:
    """Tell whoever may decide a step now and wasn't told yet; return how many notices were written.

    That goes for the first approvers and for those who take over from somebody who was deactivated, and for a
    delegate from the first day.
    """
    return sum(_announce(steps) for steps in _slices(ApprovalStep.objects.waiting()))


def remind() -> int:
    """Remind the approvers of steps most of whose time is over; return how many steps."""
    return _mark_due("remind_at", "reminded_at", "reminded", "Due {due}: {title}")


def mark_late() -> int:
    """Mark the steps whose time is over, and tell approvers and who asked; return how many steps."""
    return _mark_due("due_at", "late_at", "late", "Late since {due}: {title}")


@transaction.atomic
def _announce(steps: Sequence[int]) -> int:
    # Locked, so that a decision either comes first and leaves nothing to announce, or takes the notices back.
    held = _locked(steps)
    if not held:
        return 0
    abouts = [about_step(step) for step in held]
    told = set(Notice.objects.filter(about__in=abouts, event="asked").values_list("about", "user_id"))
    roll, titles = Roll.read(), Titles()
    written = 0
    for step in held:
        for approver in roll.approvers(step, step.request.kind):
            if (about_step(step), approver.user.pk) not in told:
                words = _asked(approver, titles.of(step.request, approver.user))
                written += _notify(step, approver, "asked", words)
    return written


@transaction.atomic
def _mark_due(clock: str, mark: str, event: str, words: str) -> int:
    now = timezone.now()
    due = ApprovalStep.objects.waiting().filter(**{f"{clock}__lte": now, mark: None})
    marked = 0
    for keys in _slices(due):
        roll, titles = Roll.read(), Titles()
        for step in _locked(keys):
            setattr(step, mark, now)
            # A step that is late by the time it is looked at needs no reminder any more.
            step.reminded_at = step.reminded_at or now
            step.save(update_fields=[mark, "reminded_at"])
            assert step.due_at is not None
            for approver in roll.approvers(step, step.request.kind):
                title = titles.of(step.request, approver.user)
                _notify(step, approver, event, words.format(due=format_datetime(step.due_at), title=title))
            if event == "late":
                tell_requester(step.request, event=f"late {step.position}", words="not decided in time")
            marked += 1
    return marked


def _notify(step: ApprovalStep, approver: Approver, event: str, text: str) -> int:
    return notify(
        to=[approver.user],
        topic=TOPIC,
        about=about_step(step),
        event=event,
        text=text,
        url=step.request.get_absolute_url(),
    )


def _asked(approver: Approver, title: str) -> str:
    if approver.stands_for is not None:
        return f"To decide for {approver.stands_for}: {title}"
    if approver.why == VACANT:
        return f"Nobody else can decide this, so RevOps must: {title}"
    return f"To decide: {title}"


def _slices(steps: ApprovalStepQuerySet) -> Iterator[list[int]]:
    keys = list(steps.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(keys), STEPS_AT_A_TIME):
        yield keys[start : start + STEPS_AT_A_TIME]


def _locked(steps: Sequence[int]) -> list[ApprovalStep]:
    """Lock those of ``steps`` that still wait; one that somebody is deciding right now is passed over."""
    waiting = ApprovalStep.objects.waiting().filter(pk__in=steps).order_by("pk")
    found = waiting.select_related("request__requested_by", "user")
    return list(found.select_for_update(of=("self",), skip_locked=True))


def tick() -> None:
    """Do all that time asks for."""
    mark_late()
    remind()
    announce_turns()
