"""What the scoreboard says of revenue kept, of invoices, contracts and payments."""

from __future__ import annotations

from decimal import Decimal

from metrics.models import Goal
from metrics.scoreboard.registry import FINANCE_TEAM, REVENUE_TEAM, STRATEGIC, ScoreLine, score_lines

score_lines.register(
    ScoreLine(
        key="finance.nrr",
        label="NRR",
        owner=REVENUE_TEAM,
        figure="finance.nrr",
        goal=Goal.AT_LEAST,
        value=Decimal("1.2"),
        near=Decimal("0.05"),
        segment=STRATEGIC,
        order=10,
    )
)
score_lines.register(
    ScoreLine(
        key="finance.grr",
        label="GRR",
        owner=REVENUE_TEAM,
        figure="finance.grr",
        goal=Goal.ABOVE,
        value=Decimal("0.9"),
        near=Decimal("0.02"),
        segment=STRATEGIC,
        order=20,
    )
)
score_lines.register(
    ScoreLine(
        key="finance.expansion",
        label="Expansion rate",
        owner=REVENUE_TEAM,
        figure="finance.expansion_rate",
        goal=Goal.RISING,
        near=Decimal("0.005"),
        order=30,
    )
)
score_lines.register(
    ScoreLine(
        key="finance.accuracy",
        label="Invoice accuracy",
        owner=FINANCE_TEAM,
        figure="finance.invoice_accuracy",
        goal=Goal.AT_LEAST,
        value=Decimal(1),
        near=Decimal("0.02"),
        order=10,
    )
)
score_lines.register(
    ScoreLine(
        key="finance.compliance",
        label="Contract compliance",
        owner=FINANCE_TEAM,
        figure="finance.contract_compliance",
        goal=Goal.AT_LEAST,
        value=Decimal(1),
        near=Decimal("0.05"),
        order=20,
    )
)
score_lines.register(
    ScoreLine(
        key="finance.payments",
        label="Payment timing",
        owner=FINANCE_TEAM,
        figure="finance.payment_timing",
        goal=Goal.AT_MOST,
        value=Decimal(0),
        near=Decimal(3),
        order=30,
    )
)
