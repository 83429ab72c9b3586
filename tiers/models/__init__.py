"""The rules that give accounts their tiers, what tiers are entitled to, and what people decide beside them."""

from tiers.models.entitlements import EntitlementValue
from tiers.models.guide import GuideLink
from tiers.models.moves import NearBoundary, PendingMove, TierOverride
from tiers.models.previews import PreviewReplay, PreviewRow, PreviewRun, PreviewSum
from tiers.models.publications import Publication, PublicationVerdict
from tiers.models.rules import RuleSet, RuleSetRevision, ScorePoint, ScoreThreshold, TierRule

__all__ = [
    "EntitlementValue",
    "GuideLink",
    "NearBoundary",
    "PendingMove",
    "PreviewReplay",
    "PreviewRow",
    "PreviewRun",
    "PreviewSum",
    "Publication",
    "PublicationVerdict",
    "RuleSet",
    "RuleSetRevision",
    "ScorePoint",
    "ScoreThreshold",
    "TierOverride",
    "TierRule",
]
