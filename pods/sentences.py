"""What a signal says, on the day it is looked at."""

from __future__ import annotations

from collections.abc import Mapping
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


def doubt_about(trigger: str, doubts: Mapping[str, str]) -> str:
    """Return why a signal is provisional: for what the numbers that its trigger reads are, each reason once."""
    declared = triggers.get(trigger)
    inputs = declared.inputs if declared else ()
    return " ".join(dict.fromkeys(doubts[key] for key in inputs if key in doubts))
