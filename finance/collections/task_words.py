"""The keys of the tasks that collections open, and what they are about."""

from __future__ import annotations

from finance.models import DunningCycle

AGREEMENT = "finance.agree_to_dunning"
RELEASE = "finance.release_dunning"
NO_ADDRESS = "finance.no_billing_address"
EXHAUSTED = "finance.dunning_exhausted"
BROKEN_PROMISE = "finance.broken_promise"
UNCLEAR = "finance.unclear_message"
ABOUT_CLAIMS = (AGREEMENT, RELEASE, NO_ADDRESS, EXHAUSTED, BROKEN_PROMISE, UNCLEAR)

AGREE, ALONE, WAIT = "agree", "release", "wait"


def about_cycle(cycle: DunningCycle) -> str:
    """Return what a task about a whole cycle is about."""
    return f"cycle:{cycle.pk}"


def about_stage(cycle: DunningCycle, stage: int) -> str:
    """Return what a task about one stage of a cycle is about."""
    return f"cycle:{cycle.pk}:{stage}"


def stage_about(about: str) -> tuple[int, int]:
    """Return cycle and stage of what ``about_stage`` wrote."""
    _, cycle, stage = about.split(":")
    return int(cycle), int(stage)
