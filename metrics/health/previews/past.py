"""What a version would have given on days past: scored anew by workers, in a table of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from common.formatting import format_date
from metrics.engine.plan import slice_accounts
from metrics.health.previews.work import SAVED_MEANWHILE
from metrics.health.score import members_of, models_on, scored_by, series_of
from metrics.health.services import cycle
from metrics.models import HealthDraftScore, HealthModel, HealthPast, RefreshRun
from metrics.runs.registry import RunKind
from metrics.runs.services import forget_old, wake_on_commit
from metrics.statements import load
from people.models import User

EACH = {"month": "Ends of months", "week": "Ends of weeks", "day": "Every day"}
MOST_DAYS = 120
OTHERS_AT_WORK = (
    "Other days are being scored by this version now. Wait until they are done, or cancel them first."
)


@transaction.atomic
def request_health_past(
    *, model: HealthModel, by: User, first: date, last: date, each: str = "month"
) -> HealthPast:
    """Ask what a version would have given on the days between two that have stored numbers; workers answer.

    Of each month or week the last such day. It takes the place of the run before for the version, which goes. Whoever
    asks the same while it is being answered joins that run. Locks the version. Raises ValidationError by field where
    there is nothing to score or too much, or where other days are being scored, and as ``check_content``.
    """
    held = cycle.locked(model)
    cycle.check(held)
    days = [day.isoformat() for day in days_between(first, last, each)]
    running = held.pasts.open().first()
    if running is not None and running.days == days:
        return running
    if running is not None:
        raise ValidationError({"first": [OTHERS_AT_WORK]})
    for run in held.pasts.all():
        forget_scores(run)
        run.delete()
    forget_old(held.pasts.all(), HealthPast.objects.all())
    slices = slice_accounts()
    run = HealthPast.objects.create(
        model=held,
        seen=cycle.mark(held),
        days=days,
        plan=[[day, *ends] for day in days for ends in slices] or [["", 0, 0]],
        requested_by=by,
    )
    wake_on_commit(run)
    return run


def days_between(first: date, last: date, each: str) -> list[date]:
    """Return the days with stored numbers, the last of each ``month`` or ``week``; raises ValidationError."""
    if each not in EACH:
        raise ValidationError({"each": ["Choose months, weeks or days."]})
    if first > last:
        raise ValidationError({"last": [f"Choose a day from {format_date(first)} on."]})
    finished = RefreshRun.objects.filter(state__in=("done", "failed"), as_of__range=(first, last))
    stored = sorted(set(finished.values_list("as_of", flat=True)))
    if not stored:
        raise ValidationError(
            {"first": ["No numbers are stored for these days. Choose others, or refresh these days first."]}
        )
    parts = {"month": "%Y-%m", "week": "%G-%V", "day": "%Y-%m-%d"}
    days = sorted({day.strftime(parts[each]): day for day in stored}.values())
    if len(days) > MOST_DAYS:
        told = f"These are {len(days)} days; at most {MOST_DAYS} go at once. Choose weeks or months, or fewer days."
        raise ValidationError({"each": [told]})
    return days


def do_step(run: HealthPast, step: Sequence[Any]) -> Mapping[str, Any]:
    """Score a slice of accounts on one day as the version would have, beside what was in force then."""
    day, first, last = step
    if not day:
        return {}
    as_of = date.fromisoformat(day)
    HealthDraftScore.objects.filter(
        model=run.model, as_of=as_of, account_id__gte=first, account_id__lte=last
    ).delete()
    beside = [one for one in models_on(as_of) if series_of(one) != series_of(run.model)]
    members = members_of(run.model, [*beside, run.model], as_of, first, last)
    scored = scored_by(run.model, as_of, first, last, members=members)
    load("metrics", "health_past", model=run.model_id, as_of=as_of, scored=scored).execute()
    return {}


def forget_scores(run: HealthPast) -> None:
    """Remove what was scored so far; call in a transaction."""
    HealthDraftScore.objects.filter(model=run.model_id).delete()


def is_past_current(run: HealthPast) -> bool:
    """Return whether the version still says what was scored."""
    return run.seen == cycle.mark(run.model)


def _doubt(run: HealthPast) -> str:
    return "" if is_past_current(run) else SAVED_MEANWHILE


PAST = RunKind(
    key="metrics.health_past",
    model=HealthPast,
    worker=lambda: do_step,
    forget=forget_scores,
    doubt=_doubt,
    related=("model",),
)
