"""Numbers by day, the nights that made them, and the health models behind one of them."""

from metrics.models.health import HealthComponent, HealthGroup, HealthLimit, HealthModel, HealthScore
from metrics.models.refreshes import RefreshRun, RefreshStep
from metrics.models.values import MetricValue, SegmentValue

__all__ = [
    "HealthComponent",
    "HealthGroup",
    "HealthLimit",
    "HealthModel",
    "HealthScore",
    "MetricValue",
    "RefreshRun",
    "RefreshStep",
    "SegmentValue",
]
