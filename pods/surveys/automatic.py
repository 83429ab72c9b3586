"""Ask by itself, where RevOps wants it: about what happened since, once, however often this runs."""

from __future__ import annotations

from datetime import timedelta

import structlog
from django.core.exceptions import ValidationError
from django.utils import timezone

from pods.surveys.registry import survey_kinds
from pods.surveys.rules import held_rules
from pods.surveys.services import NotAskedError, ask

logger = structlog.get_logger(__name__)

# What happened longer ago is not asked about any more, such as after a week in which no worker ran.
LATEST = timedelta(days=3)


def ask_due(*, limit: int = 500) -> int:
    """Ask about what happened in the last days; return how many were asked.

    Each question is a transaction of its own. ``ask`` refuses whoever was asked meanwhile, so workers may do this at
    once.
    """
    asked, now = 0, timezone.now()
    for key, rules in held_rules().items():
        if rules.automatic_since is None:
            continue
        kind = survey_kinds[key]
        since = max(rules.automatic_since, now - LATEST)
        due = kind.due(since, now - timedelta(days=rules.quiet_days))
        for subject_id, _ in zip(due, range(limit), strict=False):
            try:
                ask(kind=kind, subject_id=subject_id, by=None)
            except NotAskedError:
                continue
            except ValidationError:
                logger.exception("A survey could not be asked", kind=key, subject=subject_id)
            else:
                asked += 1
    return asked
