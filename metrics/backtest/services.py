"""Writes of backtests: asked for, their results forgotten, and a draft begun with the weights that one suggests."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from common.formatting import format_date
from metrics.backtest.calendar import is_month_end, looks, stored_days
from metrics.backtest.judging import OUTCOMES
from metrics.engine.plan import slice_accounts
from metrics.health.content import content_of
from metrics.health.services import create_health_draft, cycle
from metrics.models import Backtest, HealthModel
from metrics.runs.services import forget_old, wake_on_commit
from people.models import User

WINDOWS = (90, 180)
MOST_MONTHS = 60
# Of the month-ends with a window that is over, so many may teach; the rest judges.
TEACHING = 0.6
LARGEST_SEED = 2**31 - 1


@transaction.atomic
def request_backtest(
    *,
    model: HealthModel,
    by: User,
    first: date,
    last: date,
    windows: Collection[int] = WINDOWS,
    known_until: date | None = None,
    seed: int | None = None,
) -> Backtest:
    """Ask how well a version would have told who is lost, over the month-ends of which numbers are kept.

    Nothing after ``known_until`` is read, by default the newest day with numbers. The same ``seed`` gives the same
    draws. Whoever asks the same while it is being answered joins that run. Locks the version. Raises ValidationError
    by field, and VersionChangedError where the version has gone.
    """
    held = cycle.locked(model)
    if not windows or set(windows) - set(WINDOWS):
        raise ValidationError({"windows": ["Choose 90 days, 180 days or both."]})
    if first > last:
        raise ValidationError({"last": ["Choose a month-end that isn't before the first."]})
    days = stored_days(first, known_until or timezone.now().date())
    chosen = sorted(windows)
    looked = looks(days, first, last, chosen)
    if not looked:
        raise ValidationError(
            {"first": ["No numbers are kept of a month-end in this range. Back-fill it first."]}
        )
    if len(looked) > MOST_MONTHS:
        raise ValidationError({"first": [f"Choose at most {MOST_MONTHS} month-ends."]})
    over = [look.as_of for look in looked if look.ends[0] is not None]
    if not over:
        raise ValidationError(
            {"last": [f"No window of {chosen[0]} days is over by {format_date(days[-1])}. Begin earlier."]}
        )
    asked: dict[str, Any] = {
        "seen": cycle.mark(held),
        "first": looked[0].as_of,
        "last": looked[-1].as_of,
        "known_until": days[-1],
        "cut_on": over[min(len(over) - 1, int(len(over) * TEACHING))],
        "windows": chosen,
    }
    running = held.backtests.open().filter(**asked).first()
    if running is not None:
        return running
    forget_old(held.backtests.all(), Backtest.objects.all())
    parts = [["part", look.as_of.isoformat(), *ends] for look in looked for ends in slice_accounts()]
    judged = [["judge", outcome, window] for outcome in OUTCOMES for window in chosen]
    run = Backtest.objects.create(
        model=held,
        plan=[*parts, ["losses"], *judged, ["weights", next(iter(OUTCOMES)), chosen[0]]],
        seed=secrets.randbelow(LARGEST_SEED) if seed is None else seed,
        requested_by=by,
        **asked,
    )
    wake_on_commit(run)
    return run


def forget_found(run: Backtest) -> None:
    """Remove what a backtest has found so far, since half a result is none; call in a transaction."""
    run.parts.all().delete()
    run.losses.all().delete()


def is_saved_since(run: Backtest) -> bool:
    """Return whether the version says something else by now than what was tested."""
    return run.seen != cycle.mark(run.model)


def month_ends() -> list[date]:
    """Return the month-ends of which numbers are kept, oldest first; one query."""
    today = timezone.now().date()
    oldest = today.replace(year=today.year - MOST_MONTHS // 12 - 1, day=1)
    return [day for day in stored_days(oldest, today) if is_month_end(day)]


@transaction.atomic
def begin_suggested_draft(*, run: Backtest, by: User) -> HealthModel:
    """Begin a draft of the tested version with the weights that its backtest suggests; nothing else changes.

    Components without a weight are left out. Raises ValidationError where the run suggests none, or where the tested
    draft was saved since: the weights are learned for the components and curves that it had.
    """
    weights = suggested_weights(run)
    if not weights:
        raise ValidationError("This backtest suggests no weights.")
    if is_saved_since(run):
        raise ValidationError(
            "The draft was saved since, and the weights are of what it said when it was tested. Test it again."
        )
    model = run.model
    content = content_of(model)
    kept = tuple(
        replace(part, weight=Decimal(weights[part.key]))
        for part in content.components
        if weights.get(part.key)
    )
    return create_health_draft(
        by=by,
        tier=model.tier,
        segment=model.segment,
        content=replace(content, components=kept),
        based_on=model,
        note=f"Weights suggested by backtest {run.pk} of version {model.version}.",
    )


def suggested_weights(run: Backtest) -> Mapping[str, int]:
    """Return the weights that a backtest suggests by key, none where it suggests nothing."""
    rows = ((run.summary or {}).get("suggestion") or {}).get("weights", ())
    return {row["key"]: row["weight"] for row in rows}
