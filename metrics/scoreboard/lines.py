"""The line of the engine's own app; other apps declare theirs in ``<app>/scoreboard.py``."""

from __future__ import annotations

from decimal import Decimal

from metrics.models import Goal
from metrics.scoreboard.registry import FULL_POD, ScoreLine, score_lines

score_lines.register(
    ScoreLine(
        key="metrics.health",
        label="Health score",
        owner=FULL_POD,
        figure="metrics.health_mean",
        goal=Goal.AT_LEAST,
        value=Decimal(80),
        near=Decimal(5),
        order=10,
    )
)
