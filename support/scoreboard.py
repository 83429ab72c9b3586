"""What the scoreboard says of answers to customers."""

from __future__ import annotations

from decimal import Decimal

from metrics.models import Goal
from metrics.scoreboard.registry import FULL_POD, STRATEGIC, SUPPORT_TEAM, ScoreLine, score_lines

score_lines.register(
    ScoreLine(
        key="support.csat",
        label="CSAT",
        owner=SUPPORT_TEAM,
        figure="support.csat",
        goal=Goal.AT_LEAST,
        value=Decimal("0.95"),
        near=Decimal("0.03"),
        order=10,
    )
)
score_lines.register(
    ScoreLine(
        key="support.first_response",
        label="First response",
        owner=SUPPORT_TEAM,
        figure="support.first_response_mean",
        goal=Goal.BELOW,
        value=Decimal(30),
        near=Decimal(15),
        segment=STRATEGIC,
        order=20,
    )
)
score_lines.register(
    ScoreLine(
        key="support.first_response_kept",
        label="First responses in time",
        owner=SUPPORT_TEAM,
        figure="support.first_response_attainment",
        goal=Goal.RISING,
        near=Decimal("0.01"),
        order=25,
    )
)
score_lines.register(
    ScoreLine(
        key="support.resolution",
        label="Resolution",
        owner=SUPPORT_TEAM,
        figure="support.resolution_mean",
        goal=Goal.FALLING,
        near=Decimal(1),
        order=30,
    )
)
score_lines.register(
    ScoreLine(
        key="support.resolution_kept",
        label="Resolutions in time",
        owner=SUPPORT_TEAM,
        figure="support.resolution_attainment",
        goal=Goal.RISING,
        near=Decimal("0.01"),
        order=35,
    )
)
score_lines.register(
    ScoreLine(
        key="support.escalations",
        label="Escalations per 100 accounts",
        owner=SUPPORT_TEAM,
        figure="support.escalations_per_100",
        goal=Goal.FALLING,
        near=Decimal("0.5"),
        order=40,
    )
)
score_lines.register(
    ScoreLine(
        key="support.strategic_issues",
        label="Time to resolve strategic issues",
        owner=FULL_POD,
        figure="support.resolution_mean",
        goal=Goal.FALLING,
        near=Decimal(1),
        segment=STRATEGIC,
        is_of_segment_only=True,
        order=40,
    )
)
