"""What the scoreboard says of the use of the product."""

from __future__ import annotations

from decimal import Decimal

from metrics.models import Goal
from metrics.scoreboard.registry import PRODUCT_TEAM, ScoreLine, score_lines

score_lines.register(
    ScoreLine(
        key="product.adoption",
        label="Feature adoption",
        owner=PRODUCT_TEAM,
        figure="product.adoption_mean",
        goal=Goal.AT_LEAST,
        value=Decimal("0.7"),
        near=Decimal("0.05"),
        order=10,
    )
)
score_lines.register(
    ScoreLine(
        key="product.depth",
        label="Usage depth",
        owner=PRODUCT_TEAM,
        figure="product.depth",
        goal=Goal.RISING,
        near=Decimal("0.5"),
        order=20,
    )
)
