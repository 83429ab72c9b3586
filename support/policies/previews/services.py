"""Writes of previews: asked for, and forgotten."""

from __future__ import annotations

from datetime import timedelta

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from metrics.runs.services import forget_old, wake_on_commit
from people.models import User
from support.models import PolicyPreview, PolicySet, Ticket
from support.policies.content import check_content, content_of
from support.policies.services import EDITORS, REFUSED, cycle, in_force

DAYS = 90
SLICE = 500


@transaction.atomic
def request_policy_preview(*, version: PolicySet, by: User) -> PolicyPreview:
    """Ask how the tickets of the last 90 days would have stood under a version; workers answer.

    Whoever asks the same of the same content while it is being answered joins that run. Raises ValidationError by
    field where the version can't count, VersionChangedError where it is gone, PermissionDenied for others than support
    and RevOps.
    """
    if by.function not in EDITORS:
        raise PermissionDenied(REFUSED)
    held = cycle.locked(version)
    check_content(content_of(held))
    present = in_force()
    digest = cycle.mark(held)
    running = held.previews.open().filter(digest=digest, in_force=present).first()
    if running is not None:
        return running
    forget_old(held.previews.all(), PolicyPreview.objects.all())
    until = timezone.now()
    since = until - timedelta(days=DAYS)
    tickets = Ticket.objects.live().filter(opened_at__gte=since, opened_at__lte=until)
    keys = list(tickets.order_by("pk").values_list("pk", flat=True))
    slices = [keys[start : start + SLICE] for start in range(0, len(keys), SLICE)]
    run = PolicyPreview.objects.create(
        policy_set=held,
        in_force=present,
        digest=digest,
        since=since,
        until=until,
        plan=[*(["tickets", some[0], some[-1]] for some in slices), ["sum", 0, 0]],
        requested_by=by,
    )
    wake_on_commit(run)
    return run


def newest_preview(held: PolicySet) -> PolicyPreview | None:
    """Return the newest preview of the very content of a version that is done or at work, None where there is none."""
    wanted = held.previews.exclude(state__in=(PolicyPreview.State.FAILED, PolicyPreview.State.CANCELLED))
    return wanted.filter(digest=cycle.mark(held)).newest_first().first()


def is_saved_since(run: PolicyPreview) -> bool:
    """Return whether the version says something else by now than was previewed."""
    return run.digest != cycle.mark(run.policy_set)


def is_current(run: PolicyPreview) -> bool:
    """Return whether the version still says what was previewed, beside what is still in force."""
    present = in_force()
    return not is_saved_since(run) and run.in_force_id == (present.pk if present else None)


def forget_rows(run: PolicyPreview) -> None:
    """Remove what a preview has found so far, since half a result is none; call in a transaction."""
    run.rows.all().delete()
