"""The rules that give accounts their tiers, and what people decide beside them."""

from tiers.models.moves import PendingMove, TierOverride
from tiers.models.rules import RuleSet, RuleSetRevision, ScorePoint, ScoreThreshold, TierRule

__all__ = [
    "PendingMove",
    "RuleSet",
    "RuleSetRevision",
    "ScorePoint",
    "ScoreThreshold",
    "TierOverride",
    "TierRule",
]
