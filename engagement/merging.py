"""What a merge of two accounts does with scores."""

from accounts.identity.relations import stays
from engagement.models import AccountScore

stays(
    AccountScore,
    "Each score is what was true of that account on its day; the next refresh makes the winner's.",
)
