"""What a merge of two accounts does with what people decided about their tiers."""

from accounts.identity.relations import stays
from tiers.models import (
    NearBoundary,
    PendingMove,
    PreviewReplay,
    PreviewRow,
    PublicationVerdict,
    TierOverride,
)

stays(TierOverride, "It was decided of that account; the winner keeps its own tier.")
stays(PendingMove, "It waits for that account alone; the rules look at the winner anew.")
stays(NearBoundary, "It tells how the rules see that account; the next refresh looks at the winner.")
stays(PreviewRow, "It tells what was previewed for that account.")
stays(PreviewReplay, "It tells what was replayed for that account.")
stays(PublicationVerdict, "It tells what was compared for that account before a publication.")
