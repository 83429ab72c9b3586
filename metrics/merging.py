"""What a merge of two accounts does with their numbers."""

from accounts.identity.relations import stays
from metrics.models import (
    AccountSentiment,
    BacktestLoss,
    HealthDraftScore,
    HealthPreviewRow,
    HealthScore,
    MetricValue,
)

stays(
    MetricValue,
    "Each number is what was true of that account on its day; the next refresh counts the winner's.",
)
stays(
    HealthScore,
    "Each score is what was true of that account on its day; the next refresh makes the winner's.",
)
stays(HealthPreviewRow, "It tells what was previewed for that account.")
stays(HealthDraftScore, "It tells what a version would have given that account on its day.")
stays(
    BacktestLoss,
    "Each row is what a backtest found of that account; the next one finds the winner's.",
)
stays(
    AccountSentiment,
    "It was said of that account by somebody who knew it; what holds of the winner is said of the winner.",
)
