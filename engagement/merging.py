"""What a merge of two accounts does with scores."""

from accounts.identity.relations import stays
from engagement.models import AccountScore, ScoreDifference, ScorePreviewRow

stays(
    AccountScore,
    "Each score is what was true of that account on its day; the next refresh makes the winner's.",
)
stays(ScorePreviewRow, "It tells what was previewed for that account.")
stays(ScoreDifference, "It tells what changed for that account since it was previewed.")
