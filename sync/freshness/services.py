"""Writes of what RevOps expects of feeds."""

from __future__ import annotations

import pghistory
from django.db import transaction

from people.models import User
from sync.models import FreshnessRule, Source


@transaction.atomic
def expect_freshness(
    *,
    source: Source,
    category: str,
    warn_minutes: int,
    error_minutes: int,
    measure: str = FreshnessRule.Measure.ARRIVAL,
    by: User | None = None,
) -> FreshnessRule:
    """Set how old a source's data of a category may grow. Raises ValidationError naming the field."""
    rule = FreshnessRule.objects.select_for_update().filter(source=source, category=category).first()
    rule = rule or FreshnessRule(source=source, category=category)
    rule.warn_minutes, rule.error_minutes, rule.measure = warn_minutes, error_minutes, measure
    rule.full_clean()
    with pghistory.context(user=None if by is None else by.pk):
        rule.save()
    return rule


@transaction.atomic
def expect_nothing(*, source: Source, category: str, by: User | None = None) -> None:
    """Forget a rule; the feed's habit decides again."""
    with pghistory.context(user=None if by is None else by.pk):
        FreshnessRule.objects.filter(source=source, category=category).delete()
