"""By what rules a kind of survey is asked: RevOps' own, else what the kind says by itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import pghistory
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from people.functions import Function
from people.models import User
from pods.surveys.models import VALID_DAYS, SurveyRule
from pods.surveys.registry import SurveyKind, survey_kinds


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds for a kind: how long nobody is asked again, how long a link works, since when it asks by itself."""

    quiet_days: int
    valid_days: int
    automatic_since: datetime | None = None


def rules_of(kind: SurveyKind) -> Rules:
    """Return what holds for a kind; one query."""
    row = SurveyRule.objects.filter(kind=kind.key).first()
    return _of(row) if row else Rules(kind.quiet_days, VALID_DAYS)


def held_rules() -> dict[str, Rules]:
    """Return what holds for every kind, by key; one query."""
    held = {row.kind: _of(row) for row in SurveyRule.objects.all()}
    return {kind.key: held.get(kind.key, Rules(kind.quiet_days, VALID_DAYS)) for kind in survey_kinds}


@transaction.atomic
def set_rules(
    *, kind: SurveyKind, is_automatic: bool, quiet_days: int, valid_days: int, by: User | None
) -> SurveyRule | None:
    """Set what holds for a kind; None where that is what holds already. ``by`` None is the command line.

    What is asked by itself is what happens from now on. Raises PermissionDenied for anybody but RevOps,
    ValidationError by field.
    """
    if by is not None and by.function != Function.REVOPS:
        raise PermissionDenied("When customers are asked is for RevOps to say.")
    if is_automatic and not kind.when:
        raise ValidationError({"is_automatic": f"Nothing makes {kind.label} ask by itself: people send it."})
    held = SurveyRule.objects.select_for_update().filter(kind=kind.key).first()
    now_holds = _of(held) if held else Rules(kind.quiet_days, VALID_DAYS)
    since = (now_holds.automatic_since or timezone.now()) if is_automatic else None
    wanted = Rules(quiet_days, valid_days, since)
    if wanted == now_holds:
        return None
    rule = held or SurveyRule(kind=kind.key)
    rule.quiet_days, rule.valid_days, rule.automatic_since = quiet_days, valid_days, since
    rule.full_clean()
    with pghistory.context(user=None if by is None else by.pk):
        rule.save()
    return rule


def _of(row: SurveyRule) -> Rules:
    return Rules(row.quiet_days, row.valid_days, row.automatic_since)
