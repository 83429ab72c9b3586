"""Reads of signals."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Self

from django.db.models import Q, QuerySet

if TYPE_CHECKING:
    from pods.models import Signal


class SignalQuerySet(QuerySet["Signal"]):
    def open_on(self, day: date) -> Self:
        """Signals open at the end of ``day``."""
        return self.filter(Q(closed_on=None) | Q(closed_on__gt=day), opened_on__lte=day)
