"""Hold every criterion against live data, and keep what was found."""

from __future__ import annotations

from datetime import date

import structlog
from django.db import DatabaseError, transaction

from metrics.models import CriterionFinding
from metrics.readiness.registry import Criterion, Figure, criteria

logger = structlog.get_logger(__name__)
State = CriterionFinding.State
NOT_COUNTED = "It could not be counted in this night; the log says why."


@transaction.atomic
def store_findings(*, as_of: date, is_newest: bool) -> int:
    """Replace the findings of a day; return how many.

    What has no history is asked on the newest day only: of an earlier one, what was found then stays.
    """
    asked = [one for one in criteria if one.measure is not None and (is_newest or not one.is_today_only)]
    found = [_finding(one, as_of, _measured(one, as_of)) for one in asked]
    CriterionFinding.objects.filter(as_of=as_of, key__in=[one.key for one in asked]).delete()
    CriterionFinding.objects.bulk_create(found)
    return len(found)


def _measured(criterion: Criterion, as_of: date) -> Figure:
    """Measure in a savepoint: one that fails must not take the others with it."""
    assert criterion.measure is not None
    try:
        with transaction.atomic():
            return criterion.measure(as_of)
    except DatabaseError:
        logger.exception("A criterion of the rollout could not be counted", key=criterion.key)
        return Figure(value=None, told=NOT_COUNTED)


def _finding(criterion: Criterion, as_of: date, figure: Figure) -> CriterionFinding:
    # Held against the target as it is stored: to the digits that people see.
    value = None if figure.value is None else round(figure.value, 6)
    state = State.UNMEASURED
    if value is not None:
        state = State.MET if criterion.is_met_by(value) else State.UNMET
    return CriterionFinding(
        key=criterion.key,
        as_of=as_of,
        state=state,
        value=value,
        part=figure.part,
        whole=figure.whole,
        target=criterion.target,
        told=figure.told,
    )
