"""The lists of pairs and merges as tables for files."""

from __future__ import annotations

from django.db.models import QuerySet

from accounts.identity.models import AccountMerge, DuplicatePair
from common.export import Table, table_of

# Rows read at a time: a file may be as long as the table.
CHUNK = 1000


def pairs_table(name: str, found: QuerySet[DuplicatePair]) -> Table:
    """Return pairs of accounts with what speaks for and against their being one company."""
    return table_of(
        name,
        found.select_related("low", "high", "dismissed_by").iterator(chunk_size=CHUNK),
        [
            ("low_id", "Account", lambda each: each.low_id),
            ("low", "Name", lambda each: each.low.name),
            ("high_id", "Other account", lambda each: each.high_id),
            ("high", "Its name", lambda each: each.high.name),
            ("score", "Score", lambda each: each.score),
            ("evidence", "Evidence", lambda each: [reason.get("text", "") for reason in each.evidence]),
            ("found_at", "Found", lambda each: each.found_at),
            ("dismissed_at", "Kept apart", lambda each: each.dismissed_at),
            ("dismissed_by", "By", lambda each: str(each.dismissed_by or "")),
            ("reason", "Why", lambda each: each.reason),
        ],
    )


def merges_table(found: QuerySet[AccountMerge]) -> Table:
    """Return merges as the list shows them."""
    return table_of(
        "merges",
        found.iterator(chunk_size=CHUNK),
        [
            ("id", "Merge", lambda each: each.pk),
            ("loser", "Became part", lambda each: each.loser.name),
            ("winner", "Of", lambda each: each.winner.name),
            ("merged_at", "When", lambda each: each.merged_at),
            ("by", "By", lambda each: str(each.merged_by or each.client or "")),
            ("unmerged_at", "Taken back", lambda each: each.unmerged_at),
        ],
    )
