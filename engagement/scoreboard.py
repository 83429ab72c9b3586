"""What the scoreboard says of relationships, and of how far sales and marketing agree."""

from __future__ import annotations

from decimal import Decimal

from metrics.models import Goal
from metrics.scoreboard.registry import (
    FULL_POD,
    REVOPS_TEAM,
    AwaitedLine,
    ScoreLine,
    awaited_lines,
    score_lines,
)

score_lines.register(
    ScoreLine(
        key="engagement.nps",
        label="NPS",
        owner=FULL_POD,
        figure="engagement.nps",
        goal=Goal.AT_LEAST,
        value=Decimal(50),
        near=Decimal(5),
        order=20,
    )
)
score_lines.register(
    ScoreLine(
        key="engagement.sponsor",
        label="Sponsor engagement each quarter",
        owner=FULL_POD,
        figure="engagement.sponsor_touched",
        goal=Goal.AT_LEAST,
        value=Decimal(1),
        near=Decimal("0.1"),
        order=30,
    )
)
score_lines.register(
    ScoreLine(
        key="engagement.alignment",
        label="Sales–marketing alignment",
        owner=REVOPS_TEAM,
        figure="engagement.alignment",
        goal=Goal.AT_LEAST,
        value=Decimal(1),
        near=Decimal("0.05"),
        order=10,
        elsewhere=(
            "accounts:target_lists",
            "Target lists, each with the accounts that only one side signed for",
        ),
    )
)
score_lines.register(
    ScoreLine(
        key="engagement.contacts",
        label="Contacts per opportunity",
        owner=REVOPS_TEAM,
        figure="engagement.contacts_per_opportunity",
        goal=Goal.AT_LEAST,
        value=Decimal(4),
        near=Decimal("0.5"),
        order=20,
    )
)
awaited_lines.register(
    AwaitedLine(
        key="engagement.expansion_plans",
        label="Strategic accounts with an active expansion plan",
        owner=FULL_POD,
        target="all",
        source="expansion plans of accounts",
    )
)
