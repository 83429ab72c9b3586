"""What a merge of two accounts does with their numbers."""

from accounts.identity.relations import stays
from metrics.models import HealthScore, MetricValue

stays(
    MetricValue,
    "Each number is what was true of that account on its day; the next refresh counts the winner's.",
)
stays(
    HealthScore,
    "Each score is what was true of that account on its day; the next refresh makes the winner's.",
)
