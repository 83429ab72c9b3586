"""Writes of targets."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pghistory
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from metrics.models import WITHOUT_VALUE, Goal, ScoreTarget
from metrics.scoreboard.registry import Segment, score_lines
from people.functions import Function
from people.models import User

DIMENSIONS = {"all": "All accounts", "tier": "Tier", "industry": "Industry", "country": "Country"}
LARGEST = Decimal(10) ** 15
LONGEST_MEMBER = 128


@transaction.atomic
def set_target(
    *,
    line: str,
    segment: Segment,
    goal: str,
    value: Decimal | None,
    starts_on: date,
    reason: str,
    by: User | None,
    person: User | None = None,
) -> ScoreTarget:
    """Hold a line to something from a day on, for one segment or the whole; return the row.

    A target of the same day is replaced; its history keeps both. Raises PermissionDenied for anybody but RevOps,
    ValidationError by field. ``value`` is in the unit of the figure, a ratio as 1 for 100 %. ``by`` is None for a
    command.
    """
    _require_editor(by)
    dimension, member = segment
    wanted = ScoreTarget(
        line=line,
        dimension=dimension,
        member=member,
        goal=goal,
        value=value,
        starts_on=starts_on,
        reason=reason.strip(),
        person=person,
        author=by,
    )
    _check(wanted)
    told = {name: getattr(wanted, name) for name in ("goal", "value", "reason", "person", "author")}
    with pghistory.context(user=by.pk if by else None):
        # Two who set the same at once meet in the unique constraint, and the later one replaces.
        return ScoreTarget.objects.update_or_create(
            line=line, dimension=dimension, member=member, starts_on=starts_on, defaults=told
        )[0]


@transaction.atomic
def remove_target(*, target: ScoreTarget, by: User | None) -> None:
    """Take a target away, as if it had never been set: the one before it holds on. Raises PermissionDenied."""
    _require_editor(by)
    with pghistory.context(user=by.pk if by else None):
        ScoreTarget.objects.filter(pk=target.pk).delete()


def _require_editor(by: User | None) -> None:
    if by is not None and by.function != Function.REVOPS:
        raise PermissionDenied("Targets are for RevOps to set.")


def _check(wanted: ScoreTarget) -> None:
    errors: dict[str, str] = {}
    if wanted.line not in score_lines:
        errors["line"] = "The scoreboard has no such line."
    if wanted.dimension not in DIMENSIONS or (wanted.dimension == "all") != (wanted.member == ""):
        errors["segment"] = "There is no such segment: choose one that is listed."
    elif len(wanted.member) > LONGEST_MEMBER or "\x00" in wanted.member:
        errors["segment"] = f"A segment has a name of up to {LONGEST_MEMBER} characters."
    if wanted.goal not in Goal.values:
        errors["goal"] = "Choose what the figure is held to."
    elif (wanted.goal in WITHOUT_VALUE) != (wanted.value is None):
        errors["value"] = (
            f"Leave the value empty: “{Goal(wanted.goal).label}” takes none."
            if wanted.goal in WITHOUT_VALUE
            else "Enter the value that the figure is held to."
        )
    elif wanted.value is not None and (not wanted.value.is_finite() or abs(wanted.value) > LARGEST):
        errors["value"] = "Enter a smaller number."
    if not wanted.reason or "\x00" in wanted.reason:
        errors["reason"] = "Say why, so that others can follow it."
    elif len(wanted.reason) > 500:
        errors["reason"] = "Shorten the reason to 500 characters."
    if errors:
        raise ValidationError(errors)
