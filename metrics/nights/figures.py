"""Sums of a night: how many accounts have each number, what it adds up to, and its mean."""

from __future__ import annotations

from datetime import date

from django.db import transaction

from metrics.models import NightFigure
from metrics.registry import metrics
from metrics.statements import load


@transaction.atomic
def store_figures(as_of: date) -> int:
    """Replace the sums of a day by those of the values stored for it; return how many numbers there are.

    A number that no account has stands there with 0. One that failed is told from the values it left.
    """
    NightFigure.objects.filter(as_of=as_of).delete()
    keys = sorted(metric.key for metric in metrics)
    return load("metrics", "night_figures", as_of=as_of, keys=keys).execute()
