"""Numbers by day, the nights that made them, and the health models behind one of them."""

from metrics.models.backtests import Backtest, BacktestLoss, BacktestPart
from metrics.models.health import HealthComponent, HealthGroup, HealthLimit, HealthModel, HealthScore
from metrics.models.health_runs import HealthDraftScore, HealthPast, HealthPreview, HealthPreviewRow
from metrics.models.nights import Backfill, NightAlert, NightFigure, NumberMute
from metrics.models.readiness import CriterionFinding
from metrics.models.refreshes import RefreshRun, RefreshStep
from metrics.models.scoreboard import WITHOUT_VALUE, Goal, ScoreTarget
from metrics.models.sentiment import AccountSentiment, Sentiment
from metrics.models.values import MetricValue, SegmentValue

__all__ = [
    "WITHOUT_VALUE",
    "AccountSentiment",
    "Backfill",
    "Backtest",
    "BacktestLoss",
    "BacktestPart",
    "CriterionFinding",
    "Goal",
    "HealthComponent",
    "HealthDraftScore",
    "HealthGroup",
    "HealthLimit",
    "HealthModel",
    "HealthPast",
    "HealthPreview",
    "HealthPreviewRow",
    "HealthScore",
    "MetricValue",
    "NightAlert",
    "NightFigure",
    "NumberMute",
    "RefreshRun",
    "RefreshStep",
    "ScoreTarget",
    "SegmentValue",
    "Sentiment",
]
