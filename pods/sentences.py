"""What a signal says, on the day it is looked at."""

from __future__ import annotations

from datetime import date

from django.utils import timezone

from pods.playbooks import triggers


def sentence_on(day: date, *, trigger: str, reason: str) -> str:
    """Return the signal's sentence, or for a past day its name alone.

    ``reason`` follows the newest number, which wasn't known on an earlier day.
    """
    if day >= timezone.now().date():
        return reason
    declared = triggers.get(trigger)
    return declared.label if declared else "A signal that is no longer raised"
